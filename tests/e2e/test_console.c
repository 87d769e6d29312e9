/*
 * test_console.c - the console as its users open it: the real program on a terminal emulator, over
 * a real SQLite and a real PostgreSQL database.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"
#include "support/tty.h"

/* A project in a folder of its own on an empty database, and a console over it. */
struct project {
    char *dir, *database; /* database: PostgreSQL only */
    char *runtime_dir;    /* pools publish themselves in memory only */
    char url[512], runtime[512];
    struct tty *tty;
};

static const char accounts[] = "-- migrate:up\n"
                               "CREATE TABLE accounts (id integer PRIMARY KEY);\n"
                               "CREATE TABLE invoices (id integer PRIMARY KEY);\n"
                               "-- migrate:down\n"
                               "DROP TABLE invoices;\n"
                               "DROP TABLE accounts;\n";
static const char audit[] = "-- migrate:up\n"
                            "CREATE TABLE audit (id integer PRIMARY KEY);\n"
                            "-- migrate:down\n"
                            "DROP TABLE audit;\n";

static struct project project_make(bool postgres)
{
    struct project p = {.dir = temp_dir_make()};
    char *url;

    p.runtime_dir = strdup("/dev/shm/headgate-test-XXXXXX");
    assert_non_null(mkdtemp(p.runtime_dir));
    snprintf(p.runtime, sizeof p.runtime, "HEADGATE_RUNTIME_DIR=%s", p.runtime_dir);
    temp_write(p.dir, "migrations/0001_accounts.sql", accounts);
    temp_write(p.dir, "migrations/0002_audit.sql", audit);
    if (postgres) {
        p.database = postgres_database();
        url = postgres_url_text(p.database);
        snprintf(p.url, sizeof p.url, "DATABASE_URL=%s", url);
        free(url);
    } else {
        snprintf(p.url, sizeof p.url, "DATABASE_URL=sqlite:///app.db");
    }
    return p;
}

static void run_command(const struct project *p, const char *command)
{
    struct process_result result = headgate_run(p->dir, p->url, command, NULL);

    if (result.status != 0)
        fail_msg("%s: %s", command, result.err);
    process_release(&result);
}

static void open_console(struct project *p)
{
    const char *const environment[] = {p->url, p->runtime, NULL};
    const char *const argv[] = {TEST_HEADGATE, NULL};

    p->tty =
        tty_start(&(struct tty_options){.directory = p->dir, .environment = environment}, argv);
    assert_true(tty_wait(p->tty, "READINESS"));
}

static void quit_console(struct project *p)
{
    tty_type(p->tty, "q");
    assert_int_equal(tty_wait_end(p->tty), 0);
    assert_true(tty_modes_restored(p->tty));
    tty_free(p->tty);
    p->tty = NULL;
}

static void project_remove(struct project *p)
{
    tty_free(p->tty);
    temp_dir_remove(p->dir);
    temp_dir_remove(p->runtime_dir);
    free(p->database);
}

/* What another process finds the database to be at. */
static void assert_current(const struct project *p, const char *revision)
{
    struct process_result result = headgate_run(p->dir, p->url, "current", NULL);

    assert_int_equal(result.status, 0);
    if (strstr(result.out, revision) == NULL)
        fail_msg("not at %s: %s", revision, result.out);
    process_release(&result);
}

/* A key that asks for a change, the question, and the answer when its dead time is over. */
static void change(const struct project *p, const char *key, const char *prompt, const char *answer)
{
    tty_type(p->tty, key);
    assert_true(tty_wait(p->tty, "QUESTION"));
    assert_true(tty_wait(p->tty, prompt));
    tty_listen(p->tty, 350);
    tty_type(p->tty, answer);
}

static void walk(bool postgres)
{
    struct project p = project_make(postgres);

    run_command(&p, "init");
    open_console(&p);
    assert_true(tty_wait(p.tty, "[development]"));
    assert_true(tty_wait(p.tty, postgres ? "PostgreSQL 1" : "SQLite 3"));
    assert_true(tty_wait(p.tty, "0 applied, 2 pending"));
    assert_true(tty_wait(p.tty, "NOT READY"));
    assert_true(tty_wait(p.tty, "in use"));

    change(&p, "A", "y apply", "y");
    assert_true(tty_wait(p.tty, "DONE"));
    assert_current(&p, "0002");
    tty_type(p.tty, "\033");
    assert_true(tty_wait(p.tty, "2 applied, 0 pending"));

    change(&p, "U", "y roll back", "y");
    assert_true(tty_wait(p.tty, "DONE"));
    assert_current(&p, "0001");
    tty_type(p.tty, "\033");
    assert_true(tty_wait(p.tty, "1 applied, 1 pending"));

    change(&p, "X", "y reset", "y");
    assert_true(tty_wait(p.tty, "DONE"));
    assert_true(tty_shows(p.tty, "down  0001"));
    assert_current(&p, "0002");
    tty_type(p.tty, "\033");
    assert_true(tty_wait(p.tty, "2 applied, 0 pending"));
    quit_console(&p);
    project_remove(&p);
}

static void keys_apply_roll_back_and_reset_on_sqlite(void **state)
{
    (void)state;
    walk(false);
}

static void keys_apply_roll_back_and_reset_on_postgresql(void **state)
{
    (void)state;
    walk(true);
}

static void production_changes_only_when_its_name_is_typed(void **state)
{
    struct project p = project_make(true);
    char answer[128], prod[1100];

    (void)state;
    snprintf(prod, sizeof prod, "DATABASE_URL_PROD=%s", p.url + strlen("DATABASE_URL="));
    {
        const char *const environment[] = {"ENV=production", prod, p.runtime, NULL};
        const char *const argv[] = {TEST_HEADGATE, NULL};

        p.tty =
            tty_start(&(struct tty_options){.directory = p.dir, .environment = environment}, argv);
    }
    assert_true(tty_wait(p.tty, "[PRODUCTION]"));
    assert_true(tty_wait(p.tty, "0 applied, 2 pending"));
    tty_type(p.tty, "A");
    assert_true(tty_wait(p.tty, "production is guarded"));
    tty_type(p.tty, "W");
    assert_true(tty_wait(p.tty, "for ten minutes?"));
    tty_listen(p.tty, 350);
    tty_type(p.tty, "y");
    assert_true(tty_wait(p.tty, "ARMED 10m"));
    change(&p, "A", "\n  >", "y\r");
    assert_true(tty_wait(p.tty, "that is not its name"));
    snprintf(answer, sizeof answer, "\177%s\r", p.database);
    tty_type(p.tty, answer);
    assert_true(tty_wait(p.tty, "DONE"));
    assert_current(&p, "0002");
    quit_console(&p);
    project_remove(&p);
}

static void a_migration_that_fails_is_shown_with_its_place(bool postgres)
{
    struct project p = project_make(postgres);

    temp_write(p.dir, "migrations/0003_broken.sql",
               "-- migrate:up\nCREATE TABLE fine (id integer);\n"
               "INSERT INTO nowhere VALUES (1);\n-- migrate:down\nDROP TABLE fine;\n");
    run_command(&p, "init");
    open_console(&p);
    assert_true(tty_wait(p.tty, "0 applied, 3 pending"));
    change(&p, "A", "y apply", "y");
    assert_true(tty_wait(p.tty, "FAILED"));
    assert_true(tty_wait(p.tty, "0003_broken.sql, line 3"));
    assert_true(tty_shows(p.tty, "nowhere"));
    assert_current(&p, "0002");
    tty_type(p.tty, "\033");
    assert_true(tty_wait(p.tty, "2 applied, 1 pending"));
    quit_console(&p);
    project_remove(&p);
}

static void a_failure_on_sqlite_has_its_place(void **state)
{
    (void)state;
    a_migration_that_fails_is_shown_with_its_place(false);
}

static void a_failure_on_postgresql_has_its_place(void **state)
{
    (void)state;
    a_migration_that_fails_is_shown_with_its_place(true);
}

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

static pid_t hold(const struct project *p)
{
    const char *const argv[] = {"psql", "-Xq",
                                "-d",   p->url + strlen("DATABASE_URL="),
                                "-c",   "BEGIN; LOCK TABLE accounts; SELECT pg_sleep(600)",
                                NULL};
    const char *const settings[] = {NULL};
    pid_t holder = process_start(p->dir, settings, argv);
    char *locked = NULL;

    do {
        free(locked);
        (void)poll(NULL, 0, 10);
        locked = postgres_ask(p->database,
                              "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                              " WHERE mode = 'AccessExclusiveLock' AND wait_event = 'PgSleep'");
    } while (strcmp(locked, "0") == 0);
    free(locked);
    return holder;
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
    assert_true(tty_wait(p.tty, "in the way"));
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

static void all_data_is_copied_from_sqlite_into_postgresql(void **state)
{
    struct project p = project_make(true);
    char prod[1100], *count;

    (void)state;
    snprintf(prod, sizeof prod, "DATABASE_URL_PROD=%s", p.url + strlen("DATABASE_URL="));
    snprintf(p.url, sizeof p.url, "DATABASE_URL=sqlite:///app.db");
    temp_write(p.dir, "migrations/0003_fill.sql",
               "-- migrate:up\n"
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
               " INSERT INTO accounts SELECT i FROM n;\n"
               "-- migrate:down\nDELETE FROM accounts;\n");
    run_command(&p, "up");
    {
        const char *const environment[] = {p.url, prod, p.runtime, NULL};
        const char *const argv[] = {TEST_HEADGATE, NULL};

        p.tty =
            tty_start(&(struct tty_options){.directory = p.dir, .environment = environment}, argv);
    }
    assert_true(tty_wait(p.tty, "READINESS"));
    tty_type(p.tty, "c");
    assert_true(tty_wait(p.tty, "SQLite into PostgreSQL"));
    tty_type(p.tty, "p");
    assert_true(tty_wait(p.tty, "EVERY VALUE FITS"));
    tty_type(p.tty, "A");
    assert_true(tty_wait(p.tty, "\n  >"));
    tty_listen(p.tty, 350);
    tty_type(p.tty, p.database);
    tty_type(p.tty, "\r");
    assert_true(tty_wait(p.tty, "COPIED, and both sides are equal"));
    assert_true(tty_shows(p.tty, "5000 rows"));
    count = postgres_ask(p.database, "SELECT count(*) FROM accounts");
    assert_string_equal(count, "5000");
    free(count);
    tty_type(p.tty, "v");
    assert_true(tty_wait(p.tty, "BOTH SIDES ARE EQUAL"));
    quit_console(&p);
    project_remove(&p);
}

static void drift(bool postgres)
{
    struct project p = project_make(postgres);

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

static void keys_answer_while_the_server_is_frozen(void **state)
{
    struct project p = project_make(true);

    (void)state;
    open_console(&p);
    assert_true(tty_wait(p.tty, "2 pending"));
    postgres_freeze();
    assert_true(tty_wait(p.tty, "NO ANSWER since"));
    assert_true(tty_wait(p.tty, "as of"));
    tty_type(p.tty, "?");
    assert_true(tty_wait(p.tty, "HELP"));
    tty_type(p.tty, "\033");
    assert_true(tty_wait_gone(p.tty, "HELP"));
    tty_type(p.tty, "A");
    assert_true(tty_wait(p.tty, "Making the plan"));
    tty_type(p.tty, "\033");
    assert_true(tty_wait(p.tty, "nothing was changed"));
    postgres_thaw();
    assert_true(tty_wait_gone(p.tty, "NO ANSWER"));
    quit_console(&p);
    project_remove(&p);
}

static void it_can_be_quit_while_the_server_is_frozen(void **state)
{
    struct project p = project_make(true);

    (void)state;
    open_console(&p);
    assert_true(tty_wait(p.tty, "2 pending"));
    postgres_freeze();
    assert_true(tty_wait(p.tty, "NO ANSWER since"));
    quit_console(&p);
    postgres_thaw();
    project_remove(&p);
}

static void it_opens_without_a_database_and_says_why(void **state)
{
    struct project p = project_make(false);
    char *screen;

    (void)state;
    snprintf(p.url, sizeof p.url, "DATABASE_URL=postgresql://app:hunter22@127.0.0.1:1/shop");
    open_console(&p);
    assert_true(tty_wait(p.tty, "NO ANSWER"));
    assert_true(tty_wait(p.tty, "does not answer"));
    screen = tty_dump(p.tty, false);
    assert_null(strstr(screen, "hunter22"));
    free(screen);
    tty_type(p.tty, "A");
    assert_true(tty_wait(p.tty, "could not plan"));
    quit_console(&p);
    project_remove(&p);
}

static void a_sqlite_file_that_is_not_there_is_not_made_by_looking(void **state)
{
    struct project p = project_make(false);
    char *path = temp_path(p.dir, "app.db");

    (void)state;
    open_console(&p);
    assert_true(tty_wait(p.tty, "NO ANSWER"));
    assert_true(tty_wait(p.tty, "does not answer: could not open"));
    quit_console(&p);
    assert_int_not_equal(access(path, F_OK), 0);
    free(path);
    project_remove(&p);
}

static void our_own_pool_is_shown_as_what_it_is(void **state)
{
    struct project p = project_make(false);

    (void)state;
    run_command(&p, "up");
    open_console(&p);
    assert_true(tty_wait(p.tty, "a console's own pool"));
    quit_console(&p);
    project_remove(&p);
}

/* Something may happen on a busy machine, a slow round trip or the screen's minute: three refreshes
 * in a row without a byte are what is asked for, some time soon. A screen that writes at every
 * refresh never has them. */
static void nothing_is_written_while_nothing_happens(bool postgres)
{
    struct project p = project_make(postgres);
    size_t heard = 1;

    run_command(&p, "up");
    open_console(&p);
    assert_true(tty_wait(p.tty, "2 applied, 0 pending"));
    for (int i = 0; i < 12 && heard > 0; i++)
        heard = tty_listen(p.tty, 3500);
    assert_int_equal(heard, 0);
    quit_console(&p);
    project_remove(&p);
}

static void an_idle_console_on_sqlite_is_silent(void **state)
{
    (void)state;
    nothing_is_written_while_nothing_happens(false);
}

static void an_idle_console_on_postgresql_is_silent(void **state)
{
    (void)state;
    nothing_is_written_while_nothing_happens(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_apply_roll_back_and_reset_on_sqlite),
        cmocka_unit_test(keys_apply_roll_back_and_reset_on_postgresql),
        cmocka_unit_test(production_changes_only_when_its_name_is_typed),
        cmocka_unit_test(a_failure_on_sqlite_has_its_place),
        cmocka_unit_test(a_failure_on_postgresql_has_its_place),
        cmocka_unit_test(a_long_migration_is_stopped_and_rolled_back),
        cmocka_unit_test(a_run_goes_on_without_its_console_and_is_watched_from_another),
        cmocka_unit_test(a_lost_terminal_leaves_the_run_alone),
        cmocka_unit_test(all_data_is_copied_from_sqlite_into_postgresql),
        cmocka_unit_test(drift_is_shown_by_object_on_sqlite),
        cmocka_unit_test(drift_is_shown_by_object_on_postgresql),
        cmocka_unit_test(keys_answer_while_the_server_is_frozen),
        cmocka_unit_test(it_can_be_quit_while_the_server_is_frozen),
        cmocka_unit_test(it_opens_without_a_database_and_says_why),
        cmocka_unit_test(a_sqlite_file_that_is_not_there_is_not_made_by_looking),
        cmocka_unit_test(our_own_pool_is_shown_as_what_it_is),
        cmocka_unit_test(an_idle_console_on_sqlite_is_silent),
        cmocka_unit_test(an_idle_console_on_postgresql_is_silent),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
