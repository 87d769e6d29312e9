/*
 * test_migration_crowd.c - deployers who come at once over a folder in which indexes are built
 * concurrently, and those who were killed in the middle of a build or of a long statement: nobody
 * fails, nothing runs twice, no index stays invalid, and the lock does not outlive its holder.
 *
 * More rounds than the one of the gate: test_e2e_migration_crowd ROUNDS; of builds that are ended
 * four each
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

#include <headgate/pool.h>

#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

enum { DEPLOYERS = 8, FILES = 8 };

static int rounds = 1;

struct project {
    char *dir, *database;
    char setting[512];
};

static struct project project_make(void)
{
    struct project p = {.dir = temp_dir_make(), .database = postgres_database()};
    char *url = postgres_url_text(p.database);

    snprintf(p.setting, sizeof p.setting, "DATABASE_URL=%s", url);
    free(url);
    return p;
}

static void project_remove(struct project *p)
{
    temp_dir_remove(p->dir);
    free(p->database);
}

static void assert_answer(const struct project *p, const char *sql, const char *expected)
{
    char *answer = postgres_ask(p->database, sql);

    assert_string_equal(answer, expected);
    free(answer);
}

static pid_t start_up(const struct project *p)
{
    const char *const settings[] = {p->setting, NULL};
    const char *const argv[] = {TEST_HEADGATE, "up", "-q", NULL};

    return process_start(p->dir, settings, argv);
}

/* Every other file builds an index outside of a transaction. */
static void write_files(const struct project *p)
{
    for (int i = 0; i < FILES; i++) {
        char name[64], text[256];

        snprintf(name, sizeof name, "migrations/%04d_step.sql", i);
        if (i % 2 == 1)
            snprintf(text, sizeof text,
                     "-- migrate:up transaction:false\n"
                     "CREATE INDEX CONCURRENTLY i%d ON t%d (n);\n",
                     i, i - 1);
        else
            snprintf(text, sizeof text,
                     "-- migrate:up\nCREATE TABLE t%d (n integer);\nINSERT INTO t%d VALUES (1);\n",
                     i, i);
        temp_write(p->dir, name, text);
    }
}

static void come_at_once(void)
{
    struct project p = project_make();
    pid_t pids[DEPLOYERS];

    write_files(&p);
    for (int i = 0; i < DEPLOYERS; i++)
        pids[i] = start_up(&p);
    for (int i = 0; i < DEPLOYERS; i++)
        assert_int_equal(process_wait(pids[i]), 0);
    assert_answer(&p, "SELECT count(*) || ' ' || count(DISTINCT revision) FROM headgate_history",
                  "8 8");
    assert_answer(&p,
                  "SELECT count(*) FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid WHERE "
                  "x.indisvalid AND c.relname ~ '^i[0-9]$'",
                  "4");
    assert_answer(&p, "SELECT count(*) FROM pg_index WHERE NOT indisvalid", "0");
    project_remove(&p);
}

static void eight_over_concurrent_indexes_all_succeed(void **state)
{
    (void)state;
    for (int i = 0; i < rounds; i++)
        come_at_once();
}

/* Without the server's look at its client the lock would be held for ten minutes. */
static void the_lock_of_a_deployer_killed_in_a_long_statement_comes_free(void **state)
{
    struct project p = project_make();
    struct process_result r;
    bool asleep = false;
    pid_t pid;

    (void)state;
    temp_write(p.dir, "migrations/0001_a.sql",
               "-- migrate:up\nSELECT pg_sleep(600);\nCREATE TABLE a (n integer);\n");
    pid = start_up(&p);
    while (!asleep) {
        char *count = postgres_ask(p.database, "SELECT count(*) FROM pg_stat_activity "
                                               "WHERE wait_event = 'PgSleep'");

        asleep = strcmp(count, "0") != 0;
        free(count);
        (void)poll(NULL, 0, 5);
    }
    kill(pid, SIGKILL);
    assert_int_equal(process_wait(pid), 128 + SIGKILL);
    temp_write(p.dir, "migrations/0001_a.sql", "-- migrate:up\nCREATE TABLE a (n integer);\n");
    r = headgate_run(p.dir, p.setting, "up", NULL);
    if (r.status != 0)
        fail_msg("exit %d\n%s%s", r.status, r.out, r.err);
    print_message("[          ] free after %.0f ms\n", r.ms);
    process_release(&r);
    assert_answer(&p, "SELECT count(*) FROM a", "0");
    project_remove(&p);
}

/* --- killed in a concurrent build --- */

/* What a build waits for: a transaction that has written to the table, or one that may still look
 * at it as it was. */
static const struct blocker {
    const char *begin, *then;
} blockers[] = {
    {"BEGIN", "LOCK TABLE t IN ROW EXCLUSIVE MODE"},
    {"BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 1"},
};
enum { BLOCKERS = sizeof blockers / sizeof *blockers };

struct holder {
    hg_url *url;
    hg_pool *pool;
    hg_conn *conn;
};

static void on(struct holder *h, const char *sql)
{
    hg_error err = {0};

    if (!hg_conn_execute(h->conn, sql, NULL, 0, hg_deadline_in_ms(30000), NULL, &err))
        fail_msg("%s: %s", sql, err.message);
}

static struct holder hold(const struct project *p, const struct blocker *blocker)
{
    const hg_pool_options options = {
        .role = "holder",
        .settings = {
            .size = 1, .timeout_ms = 30000, .recycle_ms = -1, .connect_timeout_ms = 20000}};
    struct holder h = {.url = postgres_url(p->database)};
    hg_error err = {0};

    if (!hg_pool_open(h.url, &options, &h.pool, &err)
        || !hg_pool_checkout(h.pool, "holder", hg_deadline_in_ms(30000), &h.conn, &err))
        fail_msg("%s", err.message);
    on(&h, blocker->begin);
    on(&h, blocker->then);
    return h;
}

static void let_go(struct holder *h)
{
    on(h, "ROLLBACK");
    hg_pool_return(h->pool, h->conn);
    hg_pool_close(h->pool, hg_deadline_in_ms(60000));
    hg_url_free(h->url);
}

static void await(const struct project *p, const char *sql, const char *expected)
{
    char *answer = NULL;

    do {
        free(answer);
        (void)poll(NULL, 0, 2);
        answer = postgres_ask(p->database, sql);
    } while (strcmp(answer, expected) != 0);
    free(answer);
}

/* The build has come so far that it waits for the holder; there it ends, on either side. */
static void end_in_a_build(const struct blocker *blocker, bool client)
{
    struct project p = project_make();
    struct process_result r;
    struct holder h;
    pid_t pid;

    temp_write(p.dir, "migrations/0001_a.sql",
               "-- migrate:up\nCREATE TABLE t AS SELECT generate_series(1, 1000) AS n;\n");
    r = headgate_run(p.dir, p.setting, "up", NULL);
    assert_int_equal(r.status, 0);
    process_release(&r);
    temp_write(p.dir, "migrations/0002_i.sql",
               "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON t (n);\n");
    h = hold(&p, blocker);
    pid = start_up(&p);
    await(&p, "SELECT count(*) FROM pg_stat_progress_create_index WHERE phase ~ '^waiting'", "1");
    if (client)
        kill(pid, SIGKILL);
    else
        postgres_run(p.database, "SELECT pg_terminate_backend(pid) FROM "
                                 "pg_stat_progress_create_index");
    assert_int_not_equal(process_wait(pid), 0);
    let_go(&h);
    r = headgate_run(p.dir, p.setting, "up", NULL);
    if (r.status != 0)
        fail_msg("exit %d\n%s%s", r.status, r.out, r.err);
    process_release(&r);
    assert_answer(&p,
                  "SELECT count(*) || ' ' || bool_and(indisvalid) FROM pg_index WHERE indrelid "
                  "= 't'::regclass",
                  "1 true");
    assert_answer(&p,
                  "SELECT count(*) FROM headgate_history WHERE revision = '0002' AND outcome = "
                  "'ok'",
                  "1");
    project_remove(&p);
}

static void killed_in_a_concurrent_build_it_ends_valid_and_is_recorded_once(void **state)
{
    (void)state;
    for (int i = 0; i < rounds; i++)
        for (size_t k = 0; k < BLOCKERS; k++) {
            end_in_a_build(&blockers[k], true);
            end_in_a_build(&blockers[k], false);
        }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_over_concurrent_indexes_all_succeed),
        cmocka_unit_test(the_lock_of_a_deployer_killed_in_a_long_statement_comes_free),
        cmocka_unit_test(killed_in_a_concurrent_build_it_ends_valid_and_is_recorded_once),
    };

    rounds = argc > 1 ? atoi(argv[1]) : rounds;
    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
