/*
 * test_migration_troubles.c - a run of many files meets trouble at any moment: killed, interrupted,
 * hung up on, its session terminated, its server restarted or frozen, its connection reset or
 * swallowed. Whatever happened, the next run finishes the work, and nothing was done twice.
 *
 * The moments are random; what is printed on failure repeats them. More rounds than the few of the
 * gate, and more files: test_e2e_migration_troubles ROUNDS [SEED [FILES]]
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
#include <time.h>

#include <headgate/session.h>

#include "base/rand.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/relay.h"
#include "support/temp.h"

static int rounds = 1, file_count = 15;
static uint64_t seed;

struct project {
    char *dir, *database; /* NULL: SQLite */
    char url[400], setting[512];
    int files;
};

/* Of three files one is a transaction, one is none, and one builds an index concurrently. */
static void write_file(const struct project *p, int i)
{
    char name[64], text[512];

    snprintf(name, sizeof name, "migrations/%04d_step.sql", i);
    if (i % 3 == 2)
        snprintf(text, sizeof text,
                 "-- migrate:up transaction:false\nINSERT INTO audit VALUES (%d);\n-- @postgresql\n"
                 "CREATE INDEX CONCURRENTLY i%d ON audit (n);\n-- @sqlite\n"
                 "CREATE INDEX i%d ON audit (n);\n-- @end\n",
                 i, i, i);
    else
        snprintf(text, sizeof text,
                 "-- migrate:up%s\nCREATE TABLE t%d (n integer);\nINSERT INTO audit VALUES (%d);\n"
                 "INSERT INTO t%d VALUES (1);\n",
                 i % 3 == 1 ? " transaction:false" : "", i, i, i);
    temp_write(p->dir, name, text);
}

static struct project project_make(bool postgres, int files)
{
    struct project p = {.dir = temp_dir_make(), .files = files};

    if (postgres) {
        char *url;

        p.database = postgres_database();
        url = postgres_url_text(p.database);
        snprintf(p.url, sizeof p.url, "%s", url);
        free(url);
    } else {
        snprintf(p.url, sizeof p.url, "sqlite:///%s/app.db", p.dir);
    }
    snprintf(p.setting, sizeof p.setting, "DATABASE_URL=%s", p.url);
    temp_write(p.dir, "migrations/0000_audit.sql",
               "-- migrate:up\nCREATE TABLE audit (n integer);\n");
    for (int i = 1; i <= files; i++)
        write_file(&p, i);
    return p;
}

static void project_remove(struct project *p)
{
    temp_dir_remove(p->dir);
    free(p->database);
}

/* A number out of the database. */
static long ask(const struct project *p, const char *sql)
{
    const hg_pool_options options = {
        .role = "test",
        .settings = {
            .size = 1, .timeout_ms = 30000, .recycle_ms = -1, .connect_timeout_ms = 20000}};
    hg_url *url = NULL;
    hg_pool *pool = NULL;
    hg_conn *conn = NULL;
    hg_rows *rows = NULL;
    hg_error err = {0};
    hg_deadline by = hg_deadline_in_ms(30000);
    long number = -1;

    if (!hg_url_parse(p->url, &url, &err) || !hg_pool_open(url, &options, &pool, &err)
        || !hg_pool_checkout(pool, "test", by, &conn, &err)
        || !hg_conn_query(conn, sql, NULL, 0, by, &rows, &err)
        || hg_rows_next(rows, by, &err) != HG_ROW)
        fail_msg("%s: %s", sql, err.message);
    number = (long)hg_rows_integer(rows, 0);
    hg_rows_close(rows);
    hg_pool_return(pool, conn);
    hg_pool_close(pool, by);
    hg_url_free(url);
    return number;
}

static pid_t start(const struct project *p)
{
    const char *const settings[] = {p->setting, NULL};
    const char *const argv[] = {TEST_HEADGATE, "up", NULL};

    return process_start(p->dir, settings, argv);
}

static void finish(const struct project *p, const char *trouble)
{
    const char *const settings[] = {p->setting, NULL};
    const char *const argv[] = {TEST_HEADGATE, "up", NULL};
    struct process_result r = process_run(p->dir, settings, argv);

    if (r.status != 0)
        fail_msg("after %s (seed %llu): exit %d\n%s%s", trouble, (unsigned long long)seed, r.status,
                 r.out, r.err);
    process_release(&r);
}

static void check(const struct project *p, const char *trouble)
{
    long once = ask(p, "SELECT count(DISTINCT n) FROM audit"),
         all = ask(p, "SELECT count(*) FROM audit");
    long noted =
        ask(p, "SELECT count(DISTINCT revision) FROM headgate_history WHERE outcome = 'ok'");
    long rows = ask(p, "SELECT count(*) FROM headgate_history WHERE outcome = 'ok'");
    long invalid =
        p->database == NULL ? 0 : ask(p, "SELECT count(*) FROM pg_index WHERE NOT indisvalid");

    if (once != p->files || all != p->files || noted != p->files + 1 || rows != p->files + 1
        || invalid != 0)
        fail_msg("after %s (seed %llu): %ld of %d files, %ld rows, %ld noted, %ld events, %ld "
                 "invalid indexes",
                 trouble, (unsigned long long)seed, once, p->files, all, noted, rows, invalid);
}

/* --- troubles --- */

static void kill_it(const struct project *p, pid_t pid)
{
    (void)p;
    kill(pid, SIGKILL);
}

static void interrupt_it(const struct project *p, pid_t pid)
{
    (void)p;
    kill(pid, SIGINT);
}

static void hang_up(const struct project *p, pid_t pid)
{
    (void)p;
    kill(pid, SIGHUP);
}

static void terminate_sessions(const struct project *p, pid_t pid)
{
    (void)pid;
    postgres_run(p->database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                              "datname = current_database() AND pid <> pg_backend_pid()");
}

static void crash_server(const struct project *p, pid_t pid)
{
    (void)p;
    (void)pid;
    postgres_restart(POSTGRES_KILLED);
}

static void restart_server(const struct project *p, pid_t pid)
{
    (void)p;
    (void)pid;
    postgres_restart(POSTGRES_FAST);
}

/* The server stands still, and whoever waits for it is killed there. */
static void freeze_server(const struct project *p, pid_t pid)
{
    (void)p;
    postgres_freeze();
    (void)poll(NULL, 0, 20);
    kill(pid, SIGKILL);
    postgres_thaw();
}

static void reset_connection(const struct project *p, pid_t pid)
{
    (void)p;
    (void)pid;
    relay_set(RELAY_RESET);
}

/* Nothing arrives any more, in either direction, and whoever waits for it is killed. */
static void swallow_bytes(const struct project *p, pid_t pid)
{
    (void)p;
    relay_set(RELAY_HOLE);
    (void)poll(NULL, 0, 20);
    kill(pid, SIGKILL);
}

static const struct trouble {
    const char *name;
    bool needs_server;
    void (*make)(const struct project *p, pid_t pid);
    bool relayed; /* the way to the server goes through a relay */
} troubles[] = {
    {"a kill", false, kill_it},
    {"an interruption", false, interrupt_it},
    {"a hang-up", false, hang_up},
    {"terminated sessions", true, terminate_sessions},
    {"a crash of the server", true, crash_server},
    {"a restart of the server", true, restart_server},
    {"a frozen server", true, freeze_server},
    {"a reset connection", true, reset_connection, .relayed = true},
    {"a hole in the network", true, swallow_bytes, .relayed = true},
};

static void meet(const struct trouble *trouble, bool postgres)
{
    enum { MS_A_FILE = 8 }; /* so that most moments lie within the run */
    struct project p = project_make(postgres, file_count), seen = p;
    pid_t pid;

    if (trouble->relayed)
        snprintf(seen.setting, sizeof seen.setting,
                 "DATABASE_URL=postgresql://postgres@127.0.0.1:%d/%s?sslmode=disable",
                 relay_start(), p.database);
    pid = start(&seen);
    (void)poll(NULL, 0,
               (int)rand_below((int64_t)file_count * MS_A_FILE)); /* the moment is what is tried */
    trouble->make(&p, pid);
    process_wait(pid);
    if (trouble->relayed)
        relay_stop();
    finish(&p, trouble->name);
    check(&p, trouble->name);
    project_remove(&p);
}

static void meet_all(bool postgres)
{
    rand_seed(seed);
    for (int i = 0; i < rounds; i++)
        for (size_t k = 0; k < sizeof troubles / sizeof *troubles; k++)
            if (postgres || !troubles[k].needs_server)
                meet(&troubles[k], postgres);
}

static void after_any_trouble_the_next_run_finishes_on_postgres(void **state)
{
    (void)state;
    meet_all(true);
}

static void after_any_trouble_the_next_run_finishes_on_sqlite(void **state)
{
    (void)state;
    meet_all(false);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_any_trouble_the_next_run_finishes_on_postgres),
        cmocka_unit_test(after_any_trouble_the_next_run_finishes_on_sqlite),
    };

    rounds = argc > 1 ? atoi(argv[1]) : rounds;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    file_count = argc > 3 ? atoi(argv[3]) : file_count;
    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
