/*
 * test_console_copies.c - the copy of all data, started and watched from the console: left,
 * attached to, stopped, killed; and how one has ended that nobody looked at.
 */
#include "console_project.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/file.h"
#include "held_up.h"

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
    return c;
}

static struct copying copying_open(bool tables)
{
    struct copying c = copying_make(tables);

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
    struct copying c = copying_open(false);

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

static pid_t hold_accounts(const struct copying *c)
{
    return hold(c->p.dir, c->prod + strlen("DATABASE_URL_PROD="), c->p.database,
                "LOCK TABLE accounts");
}

/* A copy that waits for the lock which a client of the test holds. */
static pid_t copy_into_a_lock(struct copying *c)
{
    pid_t holder;

    look_first(c);
    holder = hold_accounts(c);
    copy(c);
    await_waiter(c->p.database);
    return holder;
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
    let_go(c->p.database, holder);
    assert_true(tty_wait(c->p.tty, "COPIED, and both sides are equal"));
    assert_true(tty_shows(c->p.tty, "5000 rows"));
    assert_rows(c, "5000");
    quit_console(&c->p);
}

static void a_copy_goes_on_without_its_console_and_is_watched_from_another(void **state)
{
    struct copying c = copying_open(true);
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
    struct copying c = copying_open(true);
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
    struct copying c = copying_open(true);
    pid_t holder = copy_into_a_lock(&c);

    (void)state;
    tty_hang_up(c.p.tty);
    (void)tty_wait_end(c.p.tty);
    tty_free(c.p.tty);
    open_copying(&c);
    assert_true(tty_wait(c.p.tty, "runs: copy"));
    let_go(c.p.database, holder);
    assert_true(tty_wait_gone(c.p.tty, "runs: copy"));
    tty_type(c.p.tty, "a");
    assert_true(tty_wait(c.p.tty, "COPIED, and both sides are equal"));
    assert_rows(&c, "5000");
    quit_console(&c.p);
    project_remove(&c.p);
}

static void a_copy_is_stopped_and_goes_on_when_it_is_asked_for_again(void **state)
{
    struct copying c = copying_open(true);
    pid_t holder = copy_into_a_lock(&c);

    (void)state;
    tty_type(c.p.tty, "\003");
    assert_true(tty_wait(c.p.tty, "What becomes of the run?"));
    tty_listen(c.p.tty, 350);
    tty_type(c.p.tty, "c");
    assert_true(tty_wait(c.p.tty, "STOPPED. The next copy goes on from here."));
    let_go(c.p.database, holder);
    assert_rows(&c, "0");
    copy(&c);
    assert_true(tty_wait(c.p.tty, "COPIED, and both sides are equal"));
    assert_rows(&c, "5000");
    quit_console(&c.p);
    project_remove(&c.p);
}

/* --- begun by the command line --- */

static struct process_result run_copy(const struct copying *c, int status, const char *how)
{
    const char *const environment[] = {c->p.url, c->prod, c->p.runtime, NULL};
    const char *const argv[] = {TEST_HEADGATE, "copy",       "--sqlite",
                                "app.db",      "--postgres", c->prod + strlen("DATABASE_URL_PROD="),
                                how,           NULL};
    struct process_result r = process_run(c->p.dir, environment, argv);

    if (r.status != status)
        fail_msg("%s: exit %d, not %d\n%s%s", how, r.status, status, r.out, r.err);
    return r;
}

static pid_t detach_copy(const struct copying *c)
{
    struct process_result r = run_copy(c, 0, "--detach");
    int pid = 0;

    assert_int_equal(sscanf(r.out, "running as process %d", &pid), 1);
    process_release(&r);
    return (pid_t)pid;
}

/* A worker that has ended answers nobody any more. */
static void await_end(const struct copying *c)
{
    struct file_list sockets = {0};

    do {
        file_list_release(&sockets);
        (void)poll(NULL, 0, 10);
        assert_true(file_list(c->p.runtime_dir, ".sock", &sockets, NULL));
    } while (sockets.count > 0);
    file_list_release(&sockets);
}

/* The one before has told it: there is nothing more to be said. */
static void assert_nothing_is_told(struct copying *c)
{
    open_copying(c);
    tty_type(c->p.tty, "c");
    assert_true(tty_wait(c->p.tty, "p checks every value"));
    quit_console(&c->p);
}

static void how_a_copy_ended_is_told_until_somebody_has_seen_it(void **state)
{
    struct copying c = copying_make(true);

    (void)state;
    detach_copy(&c);
    await_end(&c);
    for (int i = 0; i < 2; i++) { /* whoever does not look has not seen it */
        open_copying(&c);
        assert_true(tty_wait(c.p.tty, "copy ended: c"));
        if (i == 0)
            quit_console(&c.p);
    }
    assert_true(tty_wait(c.p.tty, "copy: done, 5000 rows"));
    tty_type(c.p.tty, "c");
    assert_true(tty_wait(c.p.tty, "COPIED, and both sides are equal"));
    assert_true(tty_shows(c.p.tty, "5000 rows"));
    assert_true(tty_wait_gone(c.p.tty, "copy ended: c"));
    quit_console(&c.p);
    assert_nothing_is_told(&c);
    project_remove(&c.p);
}

/* Nobody looked when it was killed: it is told as well, and goes on from there. */
static void a_copy_that_was_killed_is_told_and_finished(void **state)
{
    struct copying c = copying_make(true);
    pid_t holder = hold_accounts(&c), worker = detach_copy(&c);

    (void)state;
    await_waiter(c.p.database);
    assert_int_equal(kill(worker, SIGKILL), 0);
    open_copying(&c);
    assert_true(tty_wait(c.p.tty, "copy FAILED: c"));
    tty_type(c.p.tty, "c");
    assert_true(tty_wait(c.p.tty, "headgate copy --resume"));
    assert_true(tty_shows(c.p.tty, "was killed before it ended"));
    let_go(c.p.database, holder);
    copy(&c);
    assert_true(tty_wait(c.p.tty, "COPIED, and both sides are equal"));
    assert_rows(&c, "5000");
    quit_console(&c.p);
    assert_nothing_is_told(&c);
    project_remove(&c.p);
}

/* Whoever looks on hears of it at once, whichever of them has begun it. */
static void whoever_watches_a_copy_that_is_killed_hears_it_at_once(void **state)
{
    struct copying c = copying_make(true);
    pid_t holder = hold_accounts(&c), worker = detach_copy(&c);
    struct process_result r;

    (void)state;
    await_waiter(c.p.database);
    open_copying(&c);
    assert_true(tty_wait(c.p.tty, "runs: copy"));
    tty_type(c.p.tty, "a");
    assert_true(tty_wait(c.p.tty, "now"));
    assert_int_equal(kill(worker, SIGKILL), 0);
    assert_true(tty_wait(c.p.tty, "was killed before it ended"));
    quit_console(&c.p);
    let_go(c.p.database, holder);
    r = run_copy(&c, 0, "--resume");
    assert_non_null(strstr(r.out, "equal"));
    assert_null(strstr(r.out, "DIFFERENT"));
    process_release(&r);
    assert_rows(&c, "5000");
    project_remove(&c.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_data_is_copied_from_sqlite_into_postgresql),
        cmocka_unit_test(a_copy_goes_on_without_its_console_and_is_watched_from_another),
        cmocka_unit_test(a_copy_outlives_a_console_that_is_killed),
        cmocka_unit_test(a_copy_outlives_a_lost_terminal_and_shows_how_it_ended),
        cmocka_unit_test(a_copy_is_stopped_and_goes_on_when_it_is_asked_for_again),
        cmocka_unit_test(how_a_copy_ended_is_told_until_somebody_has_seen_it),
        cmocka_unit_test(a_copy_that_was_killed_is_told_and_finished),
        cmocka_unit_test(whoever_watches_a_copy_that_is_killed_hears_it_at_once),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
