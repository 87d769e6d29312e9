/*
 * test_detach.c - a run that outlives its terminal: detached, watched from elsewhere, killed.
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
#include <sys/stat.h>

#include "base/file.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

struct project {
    char *dir, *database;
    char setting[512];
};

static int open_project(void **state)
{
    struct project *p = calloc(1, sizeof *p);
    char *url;

    p->dir = temp_dir_make();
    p->database = postgres_database();
    url = postgres_url_text(p->database);
    snprintf(p->setting, sizeof p->setting, "DATABASE_URL=%s", url);
    free(url);
    temp_write(p->dir, "migrations/0001_a.sql",
               "-- migrate:up\nCREATE TABLE a (n integer);\n-- migrate:down\nDROP TABLE a;\n");
    /* waits until the test lets it go on */
    temp_write(p->dir, "migrations/0002_b.sql",
               "-- migrate:up transaction:false\nSELECT pg_advisory_lock(1);\n"
               "CREATE TABLE b (n integer);\n-- migrate:down\nDROP TABLE b;\n");
    *state = p;
    return 0;
}

static int close_project(void **state)
{
    struct project *p = *state;

    temp_dir_remove(p->dir);
    free(p->database);
    free(p);
    return 0;
}

static struct process_result run(const struct project *p, int status, const char *const *argv)
{
    const char *const settings[] = {p->setting, NULL};
    struct process_result r = process_run(p->dir, settings, argv);

    if (r.status != status)
        fail_msg("exit %d, not %d\n%s%s", r.status, status, r.out, r.err);
    return r;
}
#define RUN(p, status, ...) \
    run((p), (status), (const char *const[]){TEST_HEADGATE, __VA_ARGS__, NULL})

/* Somebody else has what the second migration waits for, until let_go(). */
static pid_t hold(const struct project *p)
{
    char *url = strdup(strchr(p->setting, '=') + 1);
    const char *const argv[] = {
        "psql", url, "-c", "SELECT pg_advisory_lock(1)", "-c", "SELECT pg_sleep(60)", NULL};
    const char *const settings[] = {NULL};
    pid_t pid = process_start(p->dir, settings, argv);
    char *answer = NULL;

    do {
        free(answer);
        (void)poll(NULL, 0, 10);
        answer = postgres_ask(p->database, "SELECT count(*) FROM pg_locks WHERE locktype = "
                                           "'advisory' AND objid = 1 AND granted");
    } while (strcmp(answer, "0") == 0);
    free(answer);
    free(url);
    return pid;
}

static void let_go(const struct project *p, pid_t pid)
{
    postgres_run(p->database, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE "
                              "locktype = 'advisory' AND objid = 1 AND granted");
    process_wait(pid);
}

static void wait_until_it_waits(const struct project *p)
{
    char *answer = NULL;

    do {
        free(answer);
        (void)poll(NULL, 0, 10);
        answer = postgres_ask(p->database, "SELECT count(*) FROM pg_locks WHERE locktype = "
                                           "'advisory' AND objid = 1 AND NOT granted");
    } while (strcmp(answer, "0") == 0);
    free(answer);
}

/* Starts one and returns the worker's process. */
static pid_t detach(const struct project *p)
{
    struct process_result r = RUN(p, 0, "up", "--detach");
    int pid = 0;

    assert_int_equal(sscanf(r.out, "running as process %d", &pid), 1);
    process_release(&r);
    return (pid_t)pid;
}

static void a_detached_run_goes_on_without_its_terminal_and_is_watched(void **state)
{
    const struct project *p = *state;
    pid_t holder = hold(p), worker = detach(p);
    struct process_result r;

    wait_until_it_waits(p);
    assert_int_equal(kill(worker, SIGHUP), 0); /* what a dropped session sends */
    let_go(p, holder);
    r = RUN(p, 0, "up", "--attach");
    assert_string_equal(r.out, "2 migrations done, now at 0002\n");
    assert_non_null(strstr(r.err, "applied 0001"));
    assert_non_null(strstr(r.err, "applied 0002"));
    process_release(&r);
    r = RUN(p, 0, "up", "--attach", "--json"); /* also when it has ended, and as a document */
    assert_non_null(strstr(r.out, "\"applied\":[{\"revision\":\"0001\""));
    process_release(&r);
}

static void asked_to_stop_it_rolls_back_and_says_so(void **state)
{
    const struct project *p = *state;
    pid_t holder = hold(p), worker = detach(p);
    struct process_result r;

    wait_until_it_waits(p);
    assert_int_equal(kill(worker, SIGTERM), 0);
    r = RUN(p, 130, "up", "--attach");
    process_release(&r);
    let_go(p, holder);
    r = RUN(p, 2, "up", "--attach", "--plan");
    process_release(&r);
}

static void its_files_are_for_its_user_alone(void **state)
{
    const struct project *p = *state;
    pid_t holder = hold(p);
    struct file_list names;
    char *run_dir = temp_path(p->dir, "run");
    int seen = 0;

    detach(p);
    wait_until_it_waits(p);
    assert_true(file_list(run_dir, ".journal", &names, NULL));
    for (size_t i = 0; i < names.count; i++) {
        char *path = temp_path(run_dir, names.names[i]);
        struct stat about;

        assert_int_equal(stat(path, &about), 0);
        assert_int_equal(about.st_mode & 0777, 0600);
        memcpy(strrchr(path, '.'), ".sock\0", 6);
        assert_int_equal(stat(path, &about), 0);
        assert_true(S_ISSOCK(about.st_mode));
        assert_int_equal(about.st_mode & 0777, 0600);
        seen++;
        free(path);
    }
    assert_int_equal(seen, 1);
    file_list_release(&names);
    let_go(p, holder);
    {
        struct process_result r = RUN(p, 0, "up", "--attach");

        process_release(&r);
    }
    free(run_dir);
}

static void whoever_attaches_hears_the_failure_with_its_status(void **state)
{
    const struct project *p = *state;
    struct process_result r;

    temp_write(p->dir, "migrations/0002_b.sql", "-- migrate:up\nINSERT INTO nowhere VALUES (1);\n");
    detach(p);
    r = RUN(p, 1, "up", "--attach");
    assert_non_null(strstr(r.err, "0002_b.sql:2"));
    assert_non_null(strstr(r.err, "INSERT INTO nowhere"));
    process_release(&r);
}

static void a_worker_that_was_killed_is_told_from_one_that_failed(void **state)
{
    const struct project *p = *state;
    pid_t holder = hold(p), worker = detach(p);
    struct process_result r;

    wait_until_it_waits(p);
    assert_int_equal(kill(worker, SIGKILL), 0);
    r = RUN(p, 1, "up", "--attach");
    assert_non_null(strstr(r.err, "was killed before it ended"));
    process_release(&r);
    let_go(p, holder);
    r = RUN(p, 0, "up");
    process_release(&r);
}

static void without_a_worker_the_database_says_who_is_at_work(void **state)
{
    const struct project *p = *state;
    const char *const settings[] = {p->setting, NULL};
    const char *const argv[] = {TEST_HEADGATE, "up", NULL};
    pid_t holder = hold(p), deployer;
    struct process_result r = RUN(p, 1, "up", "--attach");

    assert_non_null(strstr(r.err, "nobody is at work"));
    process_release(&r);
    deployer = process_start(p->dir, settings, argv);
    wait_until_it_waits(p);
    r = RUN(p, 1, "up", "--attach");
    assert_non_null(strstr(r.err, "headgate/up@"));
    assert_non_null(strstr(r.err, "0002, statement 1 of 2"));
    process_release(&r);
    let_go(p, holder);
    assert_int_equal(process_wait(deployer), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_project, close_project)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_detached_run_goes_on_without_its_terminal_and_is_watched),
        TEST(asked_to_stop_it_rolls_back_and_says_so),
        TEST(its_files_are_for_its_user_alone),
        TEST(whoever_attaches_hears_the_failure_with_its_status),
        TEST(a_worker_that_was_killed_is_told_from_one_that_failed),
        TEST(without_a_worker_the_database_says_who_is_at_work),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
