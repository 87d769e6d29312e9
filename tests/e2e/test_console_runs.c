/*
 * test_console_runs.c - what takes its time, started and watched from the console: runs that are
 * stopped, left and attached to, the copy of all data, the comparison with the schema file.
 */
#include "console_project.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

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

static void await(const char *database, const char *count)
{
    char *found = postgres_ask(database, count);

    while (strcmp(found, "0") == 0) {
        free(found);
        (void)poll(NULL, 0, 10);
        found = postgres_ask(database, count);
    }
    free(found);
}

static pid_t hold_table(const char *database, const char *url, const char *dir)
{
    const char *const argv[] = {
        "psql", "-Xq", "-d", url, "-c", "BEGIN; LOCK TABLE accounts; SELECT pg_sleep(600)", NULL};
    const char *const settings[] = {NULL};
    pid_t holder = process_start(dir, settings, argv);

    await(database, "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                    " WHERE mode = 'AccessExclusiveLock' AND wait_event = 'PgSleep'");
    return holder;
}

static pid_t hold(const struct project *p)
{
    return hold_table(p->database, p->url + strlen("DATABASE_URL="), p->dir);
}

static void a_run_goes_on_without_its_console_and_is_watched_from_another(void **state)
{
    struct project p = project_make(true);
    pid_t holder;

    (void)state;
    hold_up(&p);
    holder = hold(&p);
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
    holder = hold(&p);
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

/* A file with rows in it, a PostgreSQL with the tables for them, and a console over the file. */
struct copying {
    struct project p;
    char prod[640];
};

static void open_copying(struct copying *c)
{
    const char *const environment[] = {c->p.url, c->prod, c->p.runtime, NULL};
    const char *const argv[] = {TEST_HEADGATE, NULL};

    c->p.tty =
        tty_start(&(struct tty_options){.directory = c->p.dir, .environment = environment}, argv);
    assert_true(tty_wait(c->p.tty, "READINESS"));
}

static struct copying copying_make(bool tables)
{
    struct copying c = {.p = project_make(true)};

    if (tables)
        run_command(&c.p, "up");
    snprintf(c.prod, sizeof c.prod, "DATABASE_URL_PROD=%.511s", c.p.url + strlen("DATABASE_URL="));
    snprintf(c.p.url, sizeof c.p.url, "DATABASE_URL=sqlite:///app.db");
    temp_write(c.p.dir, "migrations/0003_fill.sql",
               "-- migrate:up\n"
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
               " INSERT INTO accounts SELECT i FROM n;\n"
               "-- migrate:down\nDELETE FROM accounts;\n");
    run_command(&c.p, "up");
    open_copying(&c);
    return c;
}

static void look_first(const struct copying *c)
{
    tty_type(c->p.tty, "c");
    assert_true(tty_wait(c->p.tty, "SQLite into PostgreSQL"));
    tty_type(c->p.tty, "p");
    assert_true(tty_wait(c->p.tty, "EVERY VALUE FITS"));
}

static void copy(const struct copying *c)
{
    tty_type(c->p.tty, "A");
    assert_true(tty_wait(c->p.tty, "\n  >"));
    tty_listen(c->p.tty, 350);
    tty_type(c->p.tty, c->p.database);
    tty_type(c->p.tty, "\r");
}

static void assert_rows(const struct copying *c, const char *rows)
{
    char *count = postgres_ask(c->p.database, "SELECT count(*) FROM accounts");

    assert_string_equal(count, rows);
    free(count);
}

static void all_data_is_copied_from_sqlite_into_postgresql(void **state)
{
    struct copying c = copying_make(false);

    (void)state;
    look_first(&c);
    copy(&c);
    assert_true(tty_wait(c.p.tty, "COPIED, and both sides are equal"));
    assert_true(tty_shows(c.p.tty, "5000 rows"));
    assert_rows(&c, "5000");
    tty_type(c.p.tty, "v");
    assert_true(tty_wait(c.p.tty, "BOTH SIDES ARE EQUAL"));
    quit_console(&c.p);
    project_remove(&c.p);
}

/* A copy that waits for the lock which a client of the test holds. */
static pid_t copy_into_a_lock(struct copying *c)
{
    pid_t holder;

    look_first(c);
    holder = hold_table(c->p.database, c->prod + strlen("DATABASE_URL_PROD="), c->p.dir);
    copy(c);
    await(c->p.database, "SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation"
                         " WHERE relname = 'accounts' AND NOT granted");
    return holder;
}

static void let_go(const struct copying *c, pid_t holder)
{
    postgres_run(c->p.database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                " WHERE wait_event = 'PgSleep'");
    (void)process_wait(holder);
}

static void attach_and_see_it_end(struct copying *c, pid_t holder)
{
    open_copying(c);
    assert_true(tty_wait(c->p.tty, "runs: copy"));
    tty_type(c->p.tty, "c");
    assert_true(tty_wait(c->p.tty, "a attaches to it"));
    tty_type(c->p.tty, "A"); /* not a second one beside it */
    assert_true(tty_wait(c->p.tty, "a copy goes on by itself"));
    tty_type(c->p.tty, "a");
    assert_true(tty_wait(c->p.tty, "now"));
    let_go(c, holder);
    assert_true(tty_wait(c->p.tty, "COPIED, and both sides are equal"));
    assert_true(tty_shows(c->p.tty, "5000 rows"));
    assert_rows(c, "5000");
    quit_console(&c->p);
}

static void a_copy_goes_on_without_its_console_and_is_watched_from_another(void **state)
{
    struct copying c = copying_make(true);
    pid_t holder = copy_into_a_lock(&c);

    (void)state;
    tty_type(c.p.tty, "q");
    assert_true(tty_wait(c.p.tty, "Detached it goes on by itself"));
    tty_listen(c.p.tty, 350);
    tty_type(c.p.tty, "d");
    assert_int_equal(tty_wait_end(c.p.tty), 0);
    tty_free(c.p.tty);
    attach_and_see_it_end(&c, holder);
    project_remove(&c.p);
}

static void a_copy_outlives_a_console_that_is_killed(void **state)
{
    struct copying c = copying_make(true);
    pid_t holder = copy_into_a_lock(&c);

    (void)state;
    kill(tty_pid(c.p.tty), SIGKILL);
    (void)tty_wait_end(c.p.tty);
    tty_free(c.p.tty);
    attach_and_see_it_end(&c, holder);
    project_remove(&c.p);
}

static void a_copy_outlives_a_lost_terminal_and_shows_how_it_ended(void **state)
{
    struct copying c = copying_make(true);
    pid_t holder = copy_into_a_lock(&c);

    (void)state;
    tty_hang_up(c.p.tty);
    (void)tty_wait_end(c.p.tty);
    tty_free(c.p.tty);
    open_copying(&c);
    assert_true(tty_wait(c.p.tty, "runs: copy"));
    let_go(&c, holder);
    assert_true(tty_wait_gone(c.p.tty, "runs: copy"));
    tty_type(c.p.tty, "a");
    assert_true(tty_wait(c.p.tty, "COPIED, and both sides are equal"));
    assert_rows(&c, "5000");
    quit_console(&c.p);
    project_remove(&c.p);
}

static void a_copy_is_stopped_and_goes_on_when_it_is_asked_for_again(void **state)
{
    struct copying c = copying_make(true);
    pid_t holder = copy_into_a_lock(&c);

    (void)state;
    tty_type(c.p.tty, "\003");
    assert_true(tty_wait(c.p.tty, "What becomes of the run?"));
    tty_listen(c.p.tty, 350);
    tty_type(c.p.tty, "c");
    assert_true(tty_wait(c.p.tty, "STOPPED. The next copy goes on from here."));
    let_go(&c, holder);
    assert_rows(&c, "0");
    copy(&c);
    assert_true(tty_wait(c.p.tty, "COPIED, and both sides are equal"));
    assert_rows(&c, "5000");
    quit_console(&c.p);
    project_remove(&c.p);
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
        cmocka_unit_test(all_data_is_copied_from_sqlite_into_postgresql),
        cmocka_unit_test(a_copy_goes_on_without_its_console_and_is_watched_from_another),
        cmocka_unit_test(a_copy_outlives_a_console_that_is_killed),
        cmocka_unit_test(a_copy_outlives_a_lost_terminal_and_shows_how_it_ended),
        cmocka_unit_test(a_copy_is_stopped_and_goes_on_when_it_is_asked_for_again),
        cmocka_unit_test(drift_is_shown_by_object_on_sqlite),
        cmocka_unit_test(drift_is_shown_by_object_on_postgresql),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
