/*
 * test_sessions.c - `headgate sessions`, as its users run it: on a server where one session blocks
 * another, and on a SQLite file that a process writes to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <headgate/headgate.h>

#include "support/callers.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

static char *folder, *memory; /* of these tests; the second one where pools publish themselves */
static char runtime[512];     /* HEADGATE_RUNTIME_DIR=... */

static int begin(void **state)
{
    (void)state;
    folder = temp_dir_make();
    setenv("TMPDIR", "/dev/shm", 1);
    memory = temp_dir_make();
    unsetenv("TMPDIR");
    snprintf(runtime, sizeof runtime, "HEADGATE_RUNTIME_DIR=%s", memory);
    postgres_start();
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_dir_remove(folder);
    temp_dir_remove(memory);
    return 0;
}

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

/* A pool of 3 that publishes itself where the command looks. */
static hg_pool *open_pool(hg_url *url)
{
    hg_pool_options options = pool_of(3, 2);
    hg_pool *pool = NULL;
    hg_error err = {HG_OK};

    options.runtime_dir = strchr(runtime, '=') + 1;
    options.may_create = true;
    if (!hg_pool_open(url, &options, &pool, &err))
        fail_msg("%s", err.message);
    hg_url_free(url);
    return pool;
}

static void run(hg_conn *conn, const char *sql)
{
    hg_error err = {HG_OK};

    if (!hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, &err))
        fail_msg("%s: %s", sql, err.message);
}

static struct process_result headgate(const char *url, const char *option)
{
    struct process_result result =
        headgate_run(folder, runtime, "sessions", "--url", url, option, NULL);

    if (result.status != 0)
        fail_msg("exit status %d: %s%s", result.status, result.out, result.err);
    return result;
}

static json_t *headgate_json(const char *url)
{
    struct process_result result = headgate(url, "--json");
    json_t *root = json_loads(result.out, 0, NULL);

    assert_non_null(root);
    process_release(&result);
    return root;
}

/* The line that has the text, with its end; NULL: none. */
static const char *line_with(const char *out, const char *text)
{
    const char *at = strstr(out, text);

    while (at != NULL && at > out && at[-1] != '\n')
        at--;
    return at;
}

static json_t *session_of(json_t *root, int64_t pid)
{
    json_t *list = json_object_get(root, "sessions"), *row;
    size_t i;

    json_array_foreach(list, i,
                       row) if (json_integer_value(json_object_get(row, "pid")) == pid) return row;
    fail_msg("session %lld is missing", (long long)pid);
    return NULL;
}

static void *wait_for_lock(void *conn)
{
    hg_conn_execute(conn, "UPDATE stock SET n = n + 1", NULL, 0, soon(), NULL, NULL);
    return NULL;
}

/* Returns once the server says that the backend waits. */
static void await_blocked(int64_t pid)
{
    char sql[100], *n;
    bool blocked = false;

    snprintf(sql, sizeof sql, "SELECT cardinality(pg_blocking_pids(%lld))", (long long)pid);
    for (hg_deadline by = soon(); !blocked && hg_deadline_left_ms(by) > 0;) {
        n = postgres_ask(NULL, sql);
        blocked = strcmp(n, "0") != 0;
        free(n);
    }
    assert_true(blocked);
}

static void look_at_the_blocked(const char *url, int64_t holder, int64_t waiter)
{
    struct process_result result = headgate(url, NULL);
    const char *below;
    char wanted[64];
    json_t *root = headgate_json(url), *blocked_by;

    below = strstr(result.out, "who blocks whom\n");
    assert_non_null(below);
    snprintf(wanted, sizeof wanted, "\n%lld ", (long long)holder);
    below = strstr(below, wanted);
    assert_non_null(below);
    snprintf(wanted, sizeof wanted, "\n`-%lld ", (long long)waiter);
    below = strstr(below, wanted);
    assert_non_null(below);
    assert_non_null(strstr(line_with(result.out, wanted + 1), "UPDATE stock SET n = n + 1"));
    blocked_by = json_object_get(session_of(root, waiter), "blocked_by");
    assert_int_equal(json_array_size(blocked_by), 1);
    assert_int_equal(json_integer_value(json_array_get(blocked_by, 0)), holder);
    json_decref(root);
    process_release(&result);
}

static void a_blocked_session_stands_below_its_blocker(void **state)
{
    char *url = postgres_url_text("postgres");
    hg_pool *pool = open_pool(postgres_url("postgres"));
    hg_conn *holder = take(pool), *waiter = take(pool);
    pthread_t thread;

    (void)state;
    run(holder, "CREATE TABLE stock AS SELECT 1 AS n");
    run(holder, "BEGIN");
    run(holder, "UPDATE stock SET n = 2");
    assert_int_equal(pthread_create(&thread, NULL, wait_for_lock, waiter), 0);
    await_blocked(hg_conn_backend_pid(waiter));
    look_at_the_blocked(url, hg_conn_backend_pid(holder), hg_conn_backend_pid(waiter));
    run(holder, "ROLLBACK");
    assert_int_equal(pthread_join(thread, NULL), 0);
    hg_pool_return(pool, holder);
    hg_pool_return(pool, waiter);
    hg_pool_close(pool, soon());
    free(url);
}

static void *lock_table(void *conn)
{
    hg_conn_execute(conn, "LOCK TABLE queue_here", NULL, 0, soon(), NULL, NULL);
    return NULL;
}

static void who_waits_for_several_names_all_of_them(void **state)
{
    char *url = postgres_url_text("postgres"), wanted[200];
    hg_pool *pool = open_pool(postgres_url("postgres"));
    hg_conn *conns[3] = {take(pool), take(pool), take(pool)};
    struct process_result result;
    long long pids[3];
    pthread_t threads[2];

    (void)state;
    for (int i = 0; i < 3; i++)
        pids[i] = hg_conn_backend_pid(conns[i]);
    run(conns[0], "CREATE TABLE queue_here (n int)");
    for (int i = 0; i < 3; i++)
        run(conns[i], "BEGIN");
    run(conns[0], "LOCK TABLE queue_here");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, lock_table, conns[i + 1]), 0);
        await_blocked(pids[i + 1]);
    }
    result = headgate(url, NULL);
    snprintf(wanted, sizeof wanted, "\n  `-%lld ", pids[2]);
    assert_non_null(strstr(result.out, wanted));
    snprintf(wanted, sizeof wanted, "Lock:relation by %lld, %lld ",
             pids[0] < pids[1] ? pids[0] : pids[1], pids[0] < pids[1] ? pids[1] : pids[0]);
    assert_non_null(strstr(result.out, wanted));
    process_release(&result);
    for (int i = 0; i < 3; i++) { /* each lets the next one have it */
        if (i > 0)
            assert_int_equal(pthread_join(threads[i - 1], NULL), 0);
        run(conns[i], "ROLLBACK");
        hg_pool_return(pool, conns[i]);
    }
    hg_pool_close(pool, soon());
    free(url);
}

static void the_pools_of_this_host_are_held_against_the_server(void **state)
{
    char *url = postgres_url_text("postgres"), *most = postgres_ask(NULL, "SHOW max_connections");
    hg_pool *pool = open_pool(postgres_url("postgres"));
    struct process_result result;
    json_t *root, *server, *headroom;

    (void)state;
    hg_pool_return(pool, take(pool));
    result = headgate(url, NULL);
    assert_non_null(strstr(result.out, "headroom  this host's pools may open 5; the server has"));
    assert_non_null(strstr(result.out, " (own)"));
    root = headgate_json(url);
    server = json_object_get(root, "server");
    headroom = json_object_get(root, "headroom");
    assert_int_equal(json_integer_value(json_object_get(server, "max_connections")), atoi(most));
    assert_int_equal(json_integer_value(json_object_get(headroom, "pools_max")), 5);
    assert_int_equal(json_integer_value(json_object_get(headroom, "pools_now")), 1);
    json_decref(root);
    process_release(&result);
    hg_pool_close(pool, soon());
    free(most);
    free(url);
}

static void a_query_is_harmless_and_short_in_the_table_and_whole_in_json(void **state)
{
    char *url = postgres_url_text("postgres"), sql[600];
    hg_pool *pool = open_pool(postgres_url("postgres"));
    hg_conn *conn = take(pool);
    struct process_result result;
    json_t *root;

    (void)state;
    snprintf(sql, sizeof sql, "SELECT\n    '\x1b]0;owned\x07',  '%0400d' /* the end */", 0);
    run(conn, sql);
    result = headgate(url, NULL);
    assert_null(strchr(result.out, '\x1b'));
    assert_non_null(strstr(result.out, "SELECT '\\x1b]0;owned\\x07', '000"));
    assert_null(strstr(result.out, "the end"));
    root = headgate_json(url);
    assert_string_equal(
        json_string_value(json_object_get(session_of(root, hg_conn_backend_pid(conn)), "query")),
        sql);
    json_decref(root);
    process_release(&result);
    hg_pool_return(pool, conn);
    hg_pool_close(pool, soon());
    free(url);
}

/* From a session to whoever holds its connection, and from there to its end. */
static void a_session_shows_its_holder_and_is_ended_with_consent(void **state)
{
    char *url = postgres_url_text("postgres"), pid[32];
    hg_pool *pool = open_pool(postgres_url("postgres"));
    hg_conn *conn = take(pool);
    struct process_result result;
    json_t *root, *holder;

    (void)state;
    snprintf(pid, sizeof pid, "%lld", (long long)hg_conn_backend_pid(conn));
    result = headgate(url, NULL);
    assert_non_null(strstr(line_with(result.out, pid), "test (test_e2e_sessio"));
    process_release(&result);
    root = headgate_json(url);
    holder = json_object_get(session_of(root, hg_conn_backend_pid(conn)), "pool");
    assert_int_equal(json_integer_value(json_object_get(holder, "pid")), getpid());
    assert_string_equal(json_string_value(json_object_get(holder, "holder")), "test");
    json_decref(root);

    result = headgate_run(folder, runtime, "sessions", "terminate", pid, "--url", url, NULL);
    assert_int_equal(result.status, 4);
    assert_non_null(strstr(result.err, "cannot be taken back"));
    process_release(&result);
    result =
        headgate_run(folder, runtime, "sessions", "terminate", pid, "--url", url, "--yes", NULL);
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.out, "was asked to end"));
    process_release(&result);
    assert_false(hg_conn_execute(conn, "SELECT 1", NULL, 0, soon(), NULL, NULL));
    result = headgate_run(folder, runtime, "sessions", "cancel", "1", "--url", url, "--yes", NULL);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "the server has no session 1"));
    process_release(&result);
    result = headgate_run(folder, runtime, "sessions", "stop", "1", "--url", url, "--yes", NULL);
    assert_int_equal(result.status, 2);
    process_release(&result);
    hg_pool_return(pool, conn);
    hg_pool_close(pool, soon());
    free(url);
}

static void the_process_that_writes_to_a_file_is_named(void **state)
{
    char *path = temp_path(folder, "app.db"), url_text[600], wanted[100];
    hg_url *url = NULL;
    struct process_result result;
    hg_pool *pool;
    hg_conn *conn;
    json_t *root, *files;

    (void)state;
    snprintf(url_text, sizeof url_text, "sqlite:///%s", path);
    assert_true(hg_url_parse(url_text, &url, NULL));
    pool = open_pool(url);
    conn = take(pool);
    run(conn, "CREATE TABLE stock (n)");
    result = headgate(url_text, NULL);
    assert_non_null(strstr(result.out, "nobody holds the write lock"));
    process_release(&result);
    run(conn, "BEGIN IMMEDIATE");
    result = headgate(url_text, NULL);
    snprintf(wanted, sizeof wanted, "process %d (test_e2e_sessio) holds the write lock", getpid());
    assert_non_null(strstr(result.out, wanted));
    root = headgate_json(url_text);
    files = json_object_get(root, "files");
    assert_string_equal(json_string_value(json_object_get(files, "path")), path);
    assert_int_equal(json_array_size(json_object_get(files, "processes")), 1);
    json_decref(root);
    process_release(&result);
    hg_pool_return(pool, conn);
    hg_pool_close(pool, soon());
    free(path);
}

static void a_database_that_is_not_there_ends_with_status_3(void **state)
{
    struct process_result result =
        headgate_run(folder, runtime, "sessions", "--json", "--url", "sqlite:///none.db", NULL);
    json_t *root = json_loads(result.out, 0, NULL);

    (void)state;
    assert_int_equal(result.status, 3);
    assert_non_null(json_object_get(root, "error"));
    json_decref(root);
    process_release(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blocked_session_stands_below_its_blocker),
        cmocka_unit_test(who_waits_for_several_names_all_of_them),
        cmocka_unit_test(the_pools_of_this_host_are_held_against_the_server),
        cmocka_unit_test(a_query_is_harmless_and_short_in_the_table_and_whole_in_json),
        cmocka_unit_test(a_session_shows_its_holder_and_is_ended_with_consent),
        cmocka_unit_test(the_process_that_writes_to_a_file_is_named),
        cmocka_unit_test(a_database_that_is_not_there_ends_with_status_3),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
