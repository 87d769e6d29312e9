/*
 * test_copy_detach.c - a copy in a process of its own: detached, watched from elsewhere, asked to
 * stop, killed, refused a second time; and without room for its journal.
 */
#include "copy_sides.h"

#include <signal.h>
#include <stdio.h>

#include "held_up.h"

/* Of the first more than goes into one transaction with the second. */
static const char source_sql[] =
    "CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT);"
    "CREATE TABLE invoices (id INTEGER PRIMARY KEY, total INTEGER);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
    " INSERT INTO accounts SELECT i, hex(zeroblob(900)) || i FROM n;"
    "INSERT INTO invoices SELECT id, id * 7 FROM accounts;";

static const char target_sql[] = "CREATE TABLE accounts (id bigint PRIMARY KEY, name text);"
                                 "CREATE TABLE invoices (id bigint PRIMARY KEY, total bigint);";

static int open_all(void **state)
{
    struct sides *sides = calloc(1, sizeof *sides);

    open_sides(sides, source_sql, target_sql);
    *state = sides;
    return 0;
}

static int close_all(void **state)
{
    close_sides(*state);
    free(*state);
    return 0;
}

/* headgate copy with up to ten more arguments, ended by NULL. */
static struct process_result run(const struct sides *sides, int status, const char *const *more)
{
    const char *argv[16] = {TEST_HEADGATE, "copy", "--postgres", sides->url};
    struct process_result r;
    int n = 4;

    while (*more != NULL && n < 15)
        argv[n++] = *more++;
    r = process_run(sides->dir, NULL, argv);
    if (r.status != status)
        fail_msg("exit %d, not %d\n%s%s", r.status, status, r.out, r.err);
    return r;
}
#define RUN(sides, status, ...) run((sides), (status), (const char *const[]){__VA_ARGS__, NULL})

static pid_t process_of(const struct process_result *r)
{
    int pid = 0;

    assert_int_equal(sscanf(r->out, "running as process %d", &pid), 1);
    return (pid_t)pid;
}

/* A detached copy that waits in its middle: one table is there, of the other one nothing can be
 * written. */
static pid_t copy_half(const struct sides *sides, pid_t *out_holder)
{
    struct process_result r;
    pid_t worker;

    *out_holder =
        hold(sides->dir, sides->url, sides->database, "LOCK TABLE invoices IN SHARE MODE");
    r = RUN(sides, 0, "--sqlite", "app.db", "--jobs", "2", "--detach");
    worker = process_of(&r);
    process_release(&r);
    await_waiter(sides->database);
    await(sides->database, "SELECT count(*) FROM accounts");
    return worker;
}

static void assert_whole(const struct sides *sides)
{
    struct run run;

    COPY_WITH(sides, &run, "--verify-only", NULL);
    assert_equal_sides(&run, 2);
    end_run(&run);
}

static void a_detached_copy_goes_on_without_its_terminal_and_is_watched(void **state)
{
    const struct sides *sides = *state;
    pid_t holder, worker = copy_half(sides, &holder);
    struct process_result r;

    assert_int_equal(kill(worker, SIGHUP), 0); /* what a dropped session sends */
    let_go(sides->database, holder);
    r = RUN(sides, 0, "--attach");
    assert_non_null(strstr(r.out, "accounts  3000    3000"));
    assert_non_null(strstr(r.out, "equal"));
    assert_non_null(strstr(r.out, "6000 rows"));
    process_release(&r);
    r = RUN(sides, 0, "--attach", "--json"); /* also when it has ended, and as a document */
    assert_non_null(strstr(r.out, "\"ok\":true"));
    process_release(&r);
    assert_whole(sides);
}

/* Whoever watches hears at once that it was killed, and so does whoever comes later. */
static void one_that_was_killed_is_said_to_be_and_is_finished_by_resume(void **state)
{
    const struct sides *sides = *state;
    pid_t holder, worker = copy_half(sides, &holder);
    const char *const argv[] = {TEST_HEADGATE, "copy", "--postgres", sides->url, "--attach", NULL};
    pid_t watcher = process_start(sides->dir, NULL, argv);
    struct process_result r;

    assert_int_equal(kill(worker, SIGKILL), 0);
    assert_int_equal(process_wait(watcher), 1);
    r = RUN(sides, 1, "--attach");
    assert_non_null(strstr(r.err, "the process of the copy was killed before it ended"));
    assert_non_null(strstr(r.err, "--resume"));
    process_release(&r);
    let_go(sides->database, holder);

    r = RUN(sides, 0, "--sqlite", "app.db", "--resume", "--detach");
    process_release(&r);
    r = RUN(sides, 0, "--attach", "--json");
    assert_non_null(strstr(r.out, "\"resumed\":true"));
    process_release(&r);
    assert_whole(sides);
}

static void asked_to_stop_it_stops_and_can_be_resumed(void **state)
{
    const struct sides *sides = *state;
    pid_t holder, worker = copy_half(sides, &holder);
    struct process_result r;

    assert_int_equal(kill(worker, SIGTERM), 0);
    r = RUN(sides, 130, "--attach");
    process_release(&r);
    let_go(sides->database, holder);
    r = RUN(sides, 0, "--sqlite", "app.db", "--resume");
    process_release(&r);
    assert_whole(sides);
}

/* Ctrl-C of whoever watches is not the copy's. */
static void leaving_it_leaves_it_alone_and_a_second_one_is_refused(void **state)
{
    const struct sides *sides = *state;
    pid_t holder, worker = copy_half(sides, &holder);
    const char *const argv[] = {TEST_HEADGATE, "copy", "--postgres", sides->url, "--attach", NULL};
    pid_t watcher = process_start(sides->dir, NULL, argv);
    char process[40];
    struct process_result r;

    assert_int_equal(kill(watcher, SIGINT), 0);
    (void)process_wait(watcher); /* 130, or 128 + 2 before it listened */
    snprintf(process, sizeof process, "process %d copies", (int)worker);
    for (int detached = 0; detached < 2; detached++) {
        r = RUN(sides, 5, "--sqlite", "app.db", detached ? "--detach" : "--resume");
        assert_non_null(strstr(r.err, process));
        assert_non_null(strstr(r.err, "headgate copy --attach"));
        process_release(&r);
    }
    let_go(sides->database, holder);
    r = RUN(sides, 0, "--attach");
    process_release(&r);
    assert_whole(sides);
}

/* Whatever its URL was called by, the copy is found by where it goes. */
static void it_is_found_by_its_target_and_without_one_by_the_settings(void **state)
{
    const struct sides *sides = *state;
    const char *const settings[] = {"DATABASE_URL=sqlite:///app.db", NULL};
    const char *const nowhere[] = {TEST_HEADGATE, "copy", "--attach", NULL};
    const char *const by_settings[] = {TEST_HEADGATE, "copy", "--attach", "--json", NULL};
    struct process_result r = RUN(sides, 1, "--attach");
    struct buf other = BUF_INIT(1000);

    assert_non_null(strstr(r.err, "no copy of this user on this host"));
    process_release(&r);
    r = RUN(sides, 0, "--sqlite", "app.db", "--detach", "--json");
    assert_non_null(strstr(r.out, "\"detached\":true"));
    process_release(&r);
    r = process_run(sides->dir, settings, nowhere);
    assert_int_equal(r.status, 2); /* the settings name none to copy into */
    process_release(&r);
    buf_printf(&other, "DATABASE_URL_PROD=postgresql+psycopg2%s", strchr(sides->url, ':'));
    {
        const char *const production[] = {settings[0], other.bytes, NULL};

        r = process_run(sides->dir, production, by_settings);
    }
    if (r.status != 0)
        fail_msg("%d\n%s%s", r.status, r.out, r.err);
    assert_non_null(strstr(r.out, "\"ok\":true"));
    process_release(&r);
    buf_release(&other);
}

/* What cannot go well is said before the terminal is left. */
static void what_is_wrong_is_said_in_the_foreground(void **state)
{
    const struct sides *sides = *state;
    static const char *const wrong[] = {"--dry-run", "--verify-only", "--abandon",
                                        "--follow",  "--catch-up",    "--attach"};
    struct process_result r;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        r = RUN(sides, 2, "--sqlite", "app.db", "--detach", wrong[i]);
        assert_non_null(strstr(r.err, "--detach is for a copy and its --resume"));
        process_release(&r);
    }
    r = RUN(sides, 2, "--attach", "--resume");
    process_release(&r);
    r = RUN(sides, 4, "--sqlite", "app.db", "--detach", "--read-only");
    process_release(&r);
    r = RUN(sides, 3, "--sqlite", "nowhere.db", "--detach");
    assert_non_null(strstr(r.err, "nowhere.db"));
    process_release(&r);
    r = RUN(sides, 1, "--attach"); /* none of them has begun anything */
    process_release(&r);
    assert_target(sides, "SELECT count(*) FROM accounts", "0");
}

/* As on a full disk: what it would tell could not be written down. */
static void without_room_for_its_journal_nothing_is_begun(void **state)
{
    const struct sides *sides = *state;
    static const char script[] =
        "ulimit -f 200; exec \"$0\" copy --sqlite app.db --postgres \"$1\" --detach";
    const char *const argv[] = {"sh", "-c", script, TEST_HEADGATE, sides->url, NULL};
    struct process_result r = process_run(sides->dir, NULL, argv);

    assert_int_equal(r.status, 1);
    assert_non_null(strstr(r.err, "could not write a journal"));
    assert_non_null(strstr(r.err, "File too large"));
    process_release(&r);
    r = RUN(sides, 1, "--attach");
    process_release(&r);
    assert_target(sides, "SELECT count(*) FROM accounts", "0");
}

/* A value that does not fit: the account is the foreground's, to the letter. */
static void whoever_attaches_reads_what_the_foreground_would_have_said(void **state)
{
    const struct sides *sides = *state;
    struct process_result here, there;

    in_source(sides, "INSERT INTO invoices VALUES (9000, 'much')");
    there = RUN(sides, 0, "--sqlite", "app.db", "--detach");
    process_release(&there);
    there = RUN(sides, 1, "--attach");
    here = RUN(sides, 1, "--sqlite", "app.db");
    assert_non_null(strstr(here.out, "much"));
    *strstr(here.out, "checked in") = *strstr(there.out, "checked in") = '\0';
    assert_string_equal(there.out, here.out);
    assert_non_null(strstr(there.err, strstr(here.err, "headgate:")));
    process_release(&here);
    process_release(&there);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_detached_copy_goes_on_without_its_terminal_and_is_watched),
        TEST(one_that_was_killed_is_said_to_be_and_is_finished_by_resume),
        TEST(asked_to_stop_it_stops_and_can_be_resumed),
        TEST(leaving_it_leaves_it_alone_and_a_second_one_is_refused),
        TEST(it_is_found_by_its_target_and_without_one_by_the_settings),
        TEST(what_is_wrong_is_said_in_the_foreground),
        TEST(without_room_for_its_journal_nothing_is_begun),
        TEST(whoever_attaches_reads_what_the_foreground_would_have_said),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
