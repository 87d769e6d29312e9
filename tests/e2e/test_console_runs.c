/*
 * test_console_runs.c - what takes its time, started and watched from the console: runs that are
 * stopped, left and attached to, and the comparison with the schema file.
 */
#include "console_project.h"

#include <poll.h>
#include <sys/wait.h>

#include "held_up.h"

static void a_long_migration_is_stopped_and_rolled_back(void **state)
{
    struct project p = project_make(true);
    char *left;

    (void)state;
    temp_write(p.dir, "migrations/0003_long.sql",
               "-- migrate:up\nCREATE TABLE half (id integer);\nSELECT pg_sleep(600);\n"
               "-- migrate:down\nDROP TABLE half;\n");
    open_console(&p);
    assert_true(tty_wait(p.tty, "0 applied, 3 pending"));
    change(&p, "A", "y apply", "y");
    assert_true(tty_wait(p.tty, "pg_sleep"));
    assert_true(tty_wait(p.tty, "statement 2 of 2"));
    tty_type(p.tty, "\003");
    assert_true(tty_wait(p.tty, "What becomes of the run?"));
    tty_listen(p.tty, 350);
    tty_type(p.tty, "c");
    assert_true(tty_wait(p.tty, "STOPPED"));
    assert_current(&p, "0002");
    left = postgres_ask(p.database, "SELECT count(*) FROM pg_tables WHERE tablename = 'half'");
    assert_string_equal(left, "0");
    free(left);
    quit_console(&p);
    project_remove(&p);
}

/* A migration that waits for a lock which a client of the test holds. */
static void hold_up(struct project *p)
{
    run_command(p, "up");
    temp_write(p->dir, "migrations/0003_note.sql",
               "-- migrate:up lock_timeout:60s\nALTER TABLE accounts ADD COLUMN note text;\n"
               "-- migrate:down\nALTER TABLE accounts DROP COLUMN note;\n");
}

static pid_t hold_accounts(const struct project *p)
{
    return hold(p->dir, p->url + strlen("DATABASE_URL="), p->database, "LOCK TABLE accounts");
}

static void a_run_goes_on_without_its_console_and_is_watched_from_another(void **state)
{
    struct project p = project_make(true);
    pid_t holder;

    (void)state;
    hold_up(&p);
    holder = hold_accounts(&p);
    open_console(&p);
    assert_true(tty_wait(p.tty, "2 applied, 1 pending"));
    change(&p, "A", "y apply", "y");
    assert_true(tty_wait(p.tty, "in the way"));
    assert_true(tty_wait(p.tty, "K ends it"));
    tty_type(p.tty, "q");
    assert_true(tty_wait(p.tty, "Quit: what becomes of the run?"));
    tty_listen(p.tty, 350);
    tty_type(p.tty, "d");
    assert_int_equal(tty_wait_end(p.tty), 0);
    tty_free(p.tty);

    open_console(&p);
    assert_true(tty_wait(p.tty, "runs: migrate 1/1 0003"));
    tty_type(p.tty, "a");
    assert_true(tty_wait(p.tty, "step 1 of 1"));
    assert_true(tty_wait(p.tty, "K ends it"));
    tty_type(p.tty, "K");
    assert_true(tty_wait(p.tty, "and Enter:"));
    assert_true(tty_wait(p.tty, "\n  >"));
    tty_listen(p.tty, 350);
    {
        char *pid = postgres_ask(p.database, "SELECT pid FROM pg_stat_activity"
                                             " WHERE wait_event = 'PgSleep'");

        tty_type(p.tty, pid);
        free(pid);
    }
    tty_type(p.tty, "\r");
    assert_true(tty_wait(p.tty, "DONE"));
    assert_current(&p, "0003");
    assert_int_not_equal(process_wait(holder), 0);
    quit_console(&p);
    project_remove(&p);
}

static void a_lost_terminal_leaves_the_run_alone(void **state)
{
    struct project p = project_make(true);
    pid_t holder;
    char *left = NULL;

    (void)state;
    hold_up(&p);
    holder = hold_accounts(&p);
    open_console(&p);
    assert_true(tty_wait(p.tty, "2 applied, 1 pending"));
    change(&p, "A", "y apply", "y");
    assert_true(tty_wait(p.tty, "in the way"));
    tty_free(p.tty); /* hangs up */
    p.tty = NULL;
    postgres_run(p.database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                             " WHERE wait_event = 'PgSleep'");
    (void)process_wait(holder);
    {
        const char *const settings[] = {p.url, p.runtime, NULL};
        const char *const argv[] = {TEST_HEADGATE, "up", "--attach", NULL};
        struct process_result result = process_run(p.dir, settings, argv);

        assert_int_equal(result.status, 0);
        process_release(&result);
    }
    left = postgres_ask(p.database, "SELECT count(*) FROM information_schema.columns"
                                    " WHERE table_name = 'accounts' AND column_name = 'note'");
    assert_string_equal(left, "1");
    free(left);
    project_remove(&p);
}

static void drift(bool postgres)
{
    struct project p = project_make(postgres);

    if (postgres) /* the schema file is read in a database of its own */
        postgres_run(NULL, "ALTER ROLE owner CREATEDB");
    temp_write(p.dir, "schema.sql",
               "CREATE TABLE accounts (id integer PRIMARY KEY, note text);\n"
               "CREATE TABLE invoices (id integer PRIMARY KEY);\n"
               "CREATE TABLE wanted (id integer PRIMARY KEY);\n");
    run_command(&p, "up");
    open_console(&p);
    tty_type(p.tty, "d");
    assert_true(tty_wait(p.tty, "missing   column accounts.note"));
    assert_true(tty_wait(p.tty, "missing   table wanted"));
    assert_true(tty_wait(p.tty, "extra     table audit"));
    assert_true(tty_wait(p.tty, "3 objects differ"));
    quit_console(&p);
    project_remove(&p);
}

static void drift_is_shown_by_object_on_sqlite(void **state)
{
    (void)state;
    drift(false);
}

static void drift_is_shown_by_object_on_postgresql(void **state)
{
    (void)state;
    drift(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_migration_is_stopped_and_rolled_back),
        cmocka_unit_test(a_run_goes_on_without_its_console_and_is_watched_from_another),
        cmocka_unit_test(a_lost_terminal_leaves_the_run_alone),
        cmocka_unit_test(drift_is_shown_by_object_on_sqlite),
        cmocka_unit_test(drift_is_shown_by_object_on_postgresql),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
