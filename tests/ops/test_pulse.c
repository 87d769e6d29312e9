/*
 * test_pulse.c - a question that goes on tells nothing while nothing changes, and what has changed
 * when something does; what a refresh costs a server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ops/job.h"
#include "ops/ops.h"
#include "support/postgres.h"
#include "support/temp.h"

enum { PATIENCE_MS = 60000, PERIOD_MS = 20, LONG_MS = 600000 };

struct fixture {
    char *dir, *database;
    char setting[1024], runtime[512], migrations[512];
    struct ops ops;
    struct jobs *jobs;
};

static void open_ops(const struct fixture *f, struct ops *out)
{
    const char *const environment[] = {f->setting, f->runtime, f->migrations, NULL};
    const hg_settings_options settings = {.environ = environment};
    const struct ops_options options = {.role = "console", .may_create = true};

    assert_true(ops_open(&settings, &options, out, NULL));
}

static void open_jobs(struct fixture *f, const char *url)
{
    snprintf(f->setting, sizeof f->setting, "DATABASE_URL=%s", url);
    snprintf(f->runtime, sizeof f->runtime, "HEADGATE_RUNTIME_DIR=%s/run", f->dir);
    snprintf(f->migrations, sizeof f->migrations, "DB_MIGRATIONS_DIR=%s/migrations", f->dir);
    open_ops(f, &f->ops);
    f->jobs = jobs_new(&f->ops);
    assert_non_null(f->jobs);
}

static int set_up_sqlite(void **state)
{
    static struct fixture f;
    char url[512];

    f = (struct fixture){.dir = temp_dir_make()};
    snprintf(url, sizeof url, "sqlite:///%s/app.db", f.dir);
    open_jobs(&f, url);
    *state = &f;
    return 0;
}

static int set_up_postgres(void **state)
{
    static struct fixture f;
    char *url;

    f = (struct fixture){.dir = temp_dir_make(), .database = postgres_database()};
    url = postgres_url_text(f.database);
    open_jobs(&f, url);
    free(url);
    *state = &f;
    return 0;
}

static void close_jobs(struct fixture *f)
{
    jobs_free(f->jobs);
    f->jobs = NULL;
    ops_close(&f->ops);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    close_jobs(f);
    free(f->database);
    temp_dir_remove(f->dir);
    return 0;
}

/* The next result, and the pools behind it, which are dropped. */
static struct job_result *take(struct jobs *jobs)
{
    struct pollfd fd = {.fd = jobs_fd(jobs), .events = POLLIN};
    struct job_message message;

    for (;;) {
        while (!jobs_take(jobs, &message))
            if (poll(&fd, 1, PATIENCE_MS) == 0)
                fail_msg("no message came");
        if (message.result->request.kind != JOB_POOLS)
            return message.result;
        job_result_free(message.result);
    }
}

static uint64_t ask_once(struct jobs *jobs, enum job_kind kind)
{
    struct job_result *result;
    uint64_t mark;

    assert_int_not_equal(jobs_start(jobs, &(struct job_request){.kind = kind}), 0);
    result = take(jobs);
    assert_true(result->ok);
    mark = result->mark;
    job_result_free(result);
    return mark;
}

/* Starts one and takes its first news: what it has not told before. */
static uint64_t follow(struct jobs *jobs)
{
    const struct job_request request = {.kind = JOB_PING, .period_ms = PERIOD_MS};
    struct job_result *result;

    assert_int_not_equal(jobs_start(jobs, &request), 0);
    result = take(jobs);
    assert_true(result->ok);
    assert_int_not_equal(result->mark, 0);
    job_result_free(result);
    return jobs_start(jobs, &request);
}

/* It goes on by itself: it has been answered again, and again. */
static void await_beats(struct jobs *jobs, int beats)
{
    int64_t seen = jobs_beat_ms(jobs), end = clock_now_ns() + PATIENCE_MS * INT64_C(1000000);

    while (beats > 0 && clock_now_ns() < end) {
        poll(NULL, 0, PERIOD_MS / 4);
        beats -= jobs_beat_ms(jobs) != seen;
        seen = jobs_beat_ms(jobs);
    }
    assert_int_equal(beats, 0);
}

/* But for the pools behind what was told before. */
static void expect_silence(struct jobs *jobs)
{
    struct job_message message;

    while (jobs_take(jobs, &message)) {
        assert_int_equal(message.result->request.kind, JOB_POOLS);
        job_result_free(message.result);
    }
}

/* On a connection of its own: one of SQLite does not take its own writing for news. */
static void run(const struct fixture *f, const char *sql)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);
    struct ops ops;
    hg_conn *conn = NULL;

    open_ops(f, &ops);
    assert_true(hg_pool_checkout(ops.pool, "test", by, &conn, NULL));
    assert_true(hg_conn_execute(conn, sql, NULL, 0, by, NULL, NULL));
    hg_pool_return(ops.pool, conn);
    ops_close(&ops);
}

static void it_tells_when_the_ledger_is_written(void **state)
{
    struct fixture *f = *state;
    struct job_result *result;
    uint64_t id;

    run(f, "CREATE TABLE headgate_history (n integer)");
    id = follow(f->jobs);
    await_beats(f->jobs, 3);
    expect_silence(f->jobs);
    run(f, "INSERT INTO headgate_history VALUES (1)");
    result = take(f->jobs);
    assert_true(result->ok);
    assert_int_not_equal(id, 0);
    job_result_free(result);
}

static void it_tells_of_a_new_file(void **state)
{
    struct fixture *f = *state;
    struct job_result *result;

    follow(f->jobs);
    await_beats(f->jobs, 1);
    temp_write(f->dir, "migrations/1_one.sql", "-- migrate:up\nSELECT 1;\n");
    result = take(f->jobs);
    assert_true(result->ok);
    job_result_free(result);
}

static void it_tells_when_somebody_takes_the_deployers_lock(void **state)
{
    struct fixture *f = *state;
    struct job_result *result;
    hg_conn *conn = NULL;
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);

    follow(f->jobs);
    await_beats(f->jobs, 2);
    expect_silence(f->jobs);
    assert_true(hg_pool_checkout(f->ops.pool, "test", by, &conn, NULL));
    assert_true(
        hg_conn_execute(conn, "SELECT pg_advisory_lock(1751410548, 7)", NULL, 0, by, NULL, NULL));
    result = take(f->jobs);
    assert_true(result->ok);
    job_result_free(result);
    hg_pool_discard(f->ops.pool, conn);
}

static void it_says_that_nobody_answers_any_more(void **state)
{
    struct fixture *f = *state;
    struct job_result *result;

    follow(f->jobs);
    await_beats(f->jobs, 1);
    postgres_stop(POSTGRES_IMMEDIATE);
    result = take(f->jobs);
    assert_false(result->ok);
    job_result_free(result);
    postgres_start();
}

static void a_late_answer_wakes_whoever_waits(void **state)
{
    struct fixture *f = *state;
    struct pollfd fd = {.fd = jobs_fd(f->jobs), .events = POLLIN};

    follow(f->jobs);
    await_beats(f->jobs, 1);
    postgres_freeze();
    assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
    expect_silence(f->jobs);
    assert_int_equal(poll(&fd, 1, 0), 0); /* it has been heard */
    postgres_thaw();
    await_beats(f->jobs, 1);
}

static void one_that_rests_is_taken_back_at_once(void **state)
{
    struct fixture *f = *state;
    const struct job_request request = {.kind = JOB_PING, .period_ms = LONG_MS, .rest_ms = LONG_MS};
    uint64_t id = jobs_start(f->jobs, &request);
    struct job_result *result;

    jobs_cancel(f->jobs, id);
    result = take(f->jobs);
    assert_int_equal(result->error.code, HG_CANCELLED);
    job_result_free(result);
    assert_int_not_equal(jobs_start(f->jobs, &request), 0); /* leaving does not wait for it */
}

/* Transactions of the database, once all its sessions have told theirs. */
static int64_t transactions(struct fixture *f, enum job_kind kind, int times)
{
    char sql[256], *url = postgres_url_text(f->database), *text;
    int64_t count;

    close_jobs(f);
    postgres_run(f->database, "SELECT pg_stat_reset()");
    open_jobs(f, url);
    for (int i = 0; i < times; i++)
        ask_once(f->jobs, kind);
    close_jobs(f);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_stat_activity WHERE datname = '%s'",
             f->database);
    do
        text = postgres_ask(NULL, sql);
    while (strcmp(text, "0") != 0 && (free(text), true));
    free(text);
    snprintf(sql, sizeof sql, "SELECT xact_commit FROM pg_stat_database WHERE datname = '%s'",
             f->database);
    text = postgres_ask(NULL, sql);
    count = atoll(text);
    free(text);
    open_jobs(f, url);
    free(url);
    return count;
}

static void what_is_asked_every_refresh_is_one_statement(void **state)
{
    static const enum job_kind kinds[] = {JOB_PING, JOB_SESSIONS};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        assert_int_equal(transactions(f, kinds[i], 12) - transactions(f, kinds[i], 4), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_tells_when_the_ledger_is_written, set_up_sqlite,
                                        tear_down),
        cmocka_unit_test_setup_teardown(it_tells_when_the_ledger_is_written, set_up_postgres,
                                        tear_down),
        cmocka_unit_test_setup_teardown(it_tells_of_a_new_file, set_up_sqlite, tear_down),
        cmocka_unit_test_setup_teardown(it_tells_when_somebody_takes_the_deployers_lock,
                                        set_up_postgres, tear_down),
        cmocka_unit_test_setup_teardown(one_that_rests_is_taken_back_at_once, set_up_sqlite,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_asked_every_refresh_is_one_statement,
                                        set_up_postgres, tear_down),
        cmocka_unit_test_setup_teardown(a_late_answer_wakes_whoever_waits, set_up_postgres,
                                        tear_down),
        cmocka_unit_test_setup_teardown(it_says_that_nobody_answers_any_more, set_up_postgres,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
