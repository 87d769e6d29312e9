/*
 * test_postgres.c - the pool on a PostgreSQL server that restarts, kills, refuses and falls silent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <headgate/session.h>

#include "base/clock.h"
#include "driver/bulk.h"
#include "support/callers.h"
#include "support/postgres.h"

enum { SIZE = 5 };

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static hg_pool *open_pool(hg_url *url, const hg_pool_options *options)
{
    hg_pool *pool = NULL;
    hg_error err = {HG_OK};

    if (!hg_pool_open(url, options, &pool, &err))
        fail_msg("%s", err.message);
    hg_url_free(url);
    return pool;
}

/* A pool whose connections have all been used, and are idle. Takes the URL. */
static hg_pool *warm_pool_of(hg_url *url, const hg_pool_options *options)
{
    hg_pool *pool = open_pool(url, options);
    hg_conn *conns[SIZE];

    for (int i = 0; i < SIZE; i++)
        conns[i] = take(pool);
    for (int i = 0; i < SIZE; i++)
        hg_pool_return(pool, conns[i]);
    return pool;
}

static hg_pool *warm_pool(const hg_pool_options *options)
{
    return warm_pool_of(postgres_url("postgres"), options);
}

/* Whether a query on a connection of the pool succeeds. */
static bool works(hg_pool *pool, hg_deadline by, hg_error *err)
{
    hg_conn *conn = NULL;
    bool ok;

    if (!hg_pool_checkout(pool, "works", by, &conn, err))
        return false;
    ok = hg_conn_execute(conn, "SELECT 1", NULL, 0, by, NULL, err);
    hg_pool_return(pool, conn);
    return ok;
}

static void assert_works(hg_pool *pool)
{
    hg_error err = {HG_OK};

    if (!works(pool, soon(), &err))
        fail_msg("%s: %s", hg_code_name(err.code), err.message);
}

/* From then on a connection that is idle now is looked at before it is used. */
static void pass_20_ms(void)
{
    hg_deadline by = hg_deadline_in_ms(20);

    while (hg_deadline_left_ms(by) > 0)
        continue;
}

static void assert_address(hg_url *url, const char *expected)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = open_pool(url, &options);
    hg_pool_snapshot now;

    assert_works(pool);
    hg_pool_inspect(pool, &now);
    assert_string_equal(now.connections[0].address, expected);
    hg_pool_close(pool, soon());
}

static void the_address_that_a_name_was_resolved_to_is_told(void **state)
{
    char expected[64];

    (void)state;
    assert_address(postgres_url("postgres"), "local");
    snprintf(expected, sizeof expected, "127.0.0.1:%d", postgres_port());
    assert_address(postgres_url_as("127.0.0.1", NULL, NULL, "postgres"), expected);
}

static void a_restart_while_connections_are_idle_costs_no_caller_an_error(void **state)
{
    hg_pool_options options = pool_of(SIZE, 0);
    hg_pool *pool = warm_pool(&options);
    hg_pool_snapshot now;

    (void)state;
    postgres_restart(POSTGRES_FAST);
    await_state(pool, HG_SLOT_IDLE, 0); /* found out before anybody asks */
    for (int i = 0; i < 3 * SIZE; i++)
        assert_works(pool);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.closed_stale, SIZE);
    hg_pool_close(pool, soon());
}

static void a_connection_that_the_server_ended_is_replaced_and_the_others_stay(void **state)
{
    hg_pool_options options = pool_of(SIZE, 0);
    hg_pool *pool = warm_pool(&options);
    hg_pool_snapshot now;
    char sql[128];
    hg_conn *conns[SIZE];

    (void)state;
    hg_pool_inspect(pool, &now);
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%lld, 10000)",
             (long long)now.connections[0].backend_pid);
    postgres_run(NULL, sql);
    pass_20_ms();
    for (int i = 0; i < SIZE; i++)
        conns[i] = take(pool);
    for (int i = 0; i < SIZE; i++) {
        assert_true(hg_conn_execute(conns[i], "SELECT 1", NULL, 0, soon(), NULL, NULL));
        hg_pool_return(pool, conns[i]);
    }
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.closed_stale, 1);
    assert_int_equal(now.connects, SIZE + 1);
    hg_pool_close(pool, soon());
}

static void the_end_of_a_connection_in_use_is_one_users_error(void **state)
{
    hg_pool_options options = pool_of(SIZE, 0);
    hg_pool *pool = warm_pool(&options);
    hg_conn *conn = take(pool);
    hg_error err = {HG_OK};

    (void)state;
    postgres_restart(POSTGRES_IMMEDIATE);
    assert_false(hg_conn_execute(conn, "SELECT 1", NULL, 0, soon(), NULL, &err));
    assert_int_equal(err.code, HG_LOST);
    hg_pool_return(pool, conn);
    for (int i = 0; i < 3 * SIZE; i++)
        assert_works(pool);
    hg_pool_close(pool, soon());
}

static void a_server_that_is_down_is_said_so_at_once(void **state)
{
    hg_pool_options options = pool_of(SIZE, 0);
    hg_pool *pool = open_pool(postgres_url("postgres"), &options);
    int64_t began_ns = clock_now_ns();
    hg_error err = {HG_OK};

    (void)state;
    postgres_stop(POSTGRES_FAST);
    assert_false(works(pool, soon(), &err));
    assert_int_equal(err.code, HG_UNAVAILABLE);
    assert_true(clock_since_ms(began_ns) < 30000);
    postgres_start();
    assert_works(pool);
    hg_pool_close(pool, soon());
}

static void callers_who_want_to_wait_are_served_when_the_server_is_back(void **state)
{
    hg_pool_options options = pool_of(SIZE, 0);
    struct caller *callers[2 * SIZE];
    hg_pool *pool;

    (void)state;
    options.settings.wait_for_server = true;
    pool = warm_pool(&options);
    postgres_stop(POSTGRES_IMMEDIATE);
    pass_20_ms();
    for (int i = 0; i < 2 * SIZE; i++) {
        callers[i] = caller_start(pool, NULL, 30000);
        await_waiting(pool, i + 1);
    }
    postgres_start();
    for (int i = 0; i < 2 * SIZE; i++) {
        struct call call = caller_end(callers[i]);

        if (!call.ok)
            fail_msg("%s", call.err.message);
        assert_true(hg_conn_execute(call.conn, "SELECT 1", NULL, 0, soon(), NULL, NULL));
        hg_pool_return(pool, call.conn);
    }
    hg_pool_close(pool, soon());
}

static void
callers_of_a_frozen_server_fail_at_their_deadline_and_are_served_when_it_thaws(void **state)
{
    hg_pool_options options = pool_of(SIZE, 0);
    hg_pool *pool;
    hg_error err = {HG_OK};

    (void)state;
    options.settings.connect_timeout_ms = 500;
    pool = warm_pool(&options);
    postgres_freeze();
    for (int i = 0; i < SIZE + 2; i++) { /* each loses one; then new ones are opened in vain */
        int64_t began_ns = clock_now_ns();

        assert_false(works(pool, hg_deadline_in_ms(200), &err));
        assert_true(clock_since_ms(began_ns) < 30000);
        assert_int_equal(hg_code_exit_status(err.code), 3);
    }
    postgres_thaw();
    assert_works(pool);
    hg_pool_close(pool, soon());
}

static void a_wrong_password_is_an_error_at_once(void **state)
{
    hg_pool_options options = pool_of(SIZE, 0);
    hg_pool *pool;
    hg_pool_snapshot now;
    hg_error err = {HG_OK};

    (void)state;
    options.settings.wait_for_server = true;
    postgres_run(NULL, "CREATE ROLE keeper LOGIN PASSWORD 'right' IN ROLE guards");
    pool = open_pool(postgres_url_as("127.0.0.1", "keeper", "wrong", "postgres"), &options);
    assert_false(works(pool, soon(), &err));
    assert_int_equal(err.code, HG_AUTH);
    assert_string_equal(err.sqlstate, "28P01");
    assert_null(strstr(err.message, "wrong"));
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.connect_failures, 1);
    hg_pool_close(pool, soon());
}

static void a_full_server_lets_callers_wait_for_what_the_pool_has(void **state)
{
    hg_pool_options options = pool_of(3, 0);
    struct caller *waiter;
    struct call call;
    hg_conn *conns[2];
    hg_pool *pool;
    hg_deadline by = soon();
    hg_pool_snapshot now;

    (void)state;
    postgres_run(NULL, "CREATE ROLE few LOGIN CONNECTION LIMIT 2");
    pool = open_pool(postgres_url_as("127.0.0.1", "few", NULL, "postgres"), &options);
    conns[0] = take(pool);
    conns[1] = take(pool);
    waiter = caller_start(pool, NULL, 30000);
    do
        hg_pool_inspect(pool, &now);
    while (now.connect_failures == 0 && hg_deadline_left_ms(by) > 0);
    assert_false(caller_done(waiter));
    hg_pool_return(pool, conns[0]);
    call = caller_end(waiter);
    assert_true(call.ok);
    hg_pool_return(pool, call.conn);
    hg_pool_return(pool, conns[1]);
    hg_pool_inspect(pool, &now);
    assert_true(now.connect_failures < 100);
    hg_pool_close(pool, soon());
}

static void a_failed_transaction_is_rolled_back_on_return(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = open_pool(postgres_url("postgres"), &options);
    hg_conn *conn = take(pool);

    (void)state;
    assert_true(hg_conn_execute(conn, "BEGIN", NULL, 0, soon(), NULL, NULL));
    assert_false(hg_conn_execute(conn, "SELECT 1/0", NULL, 0, soon(), NULL, NULL));
    hg_pool_return(pool, conn);
    conn = take(pool);
    assert_false(hg_conn_in_transaction(conn));
    assert_true(hg_conn_execute(conn, "SELECT 1", NULL, 0, soon(), NULL, NULL));
    hg_pool_return(pool, conn);
    hg_pool_close(pool, soon());
}

static void rows_that_nobody_read_to_the_end_do_not_reach_the_next_user(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = open_pool(postgres_url("postgres"), &options);
    hg_conn *conn = take(pool);
    hg_rows *rows = NULL;

    (void)state;
    assert_true(
        hg_conn_query(conn, "SELECT generate_series(1, 1000000)", NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    hg_pool_return(pool, conn);
    for (int i = 0; i < 3; i++)
        assert_works(pool);
    hg_pool_close(pool, soon());
}

static void a_copy_that_nobody_ended_does_not_reach_the_next_user(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    char *database = postgres_database();
    hg_pool *pool = open_pool(postgres_url(database), &options);

    (void)state;
    postgres_run(database, "CREATE TABLE t (n int)");
    for (int out = 0; out <= 1; out++) {
        hg_conn *conn = take(pool);

        if (out)
            assert_true(bulk_copy_out(conn, "COPY t TO STDOUT", soon(), NULL));
        else
            assert_true(bulk_copy_in(conn, "COPY t FROM STDIN", soon(), NULL));
        hg_pool_return(pool, conn);
        assert_works(pool);
    }
    free(database);
    hg_pool_close(pool, soon());
}

static char *ask(hg_conn *conn, const char *sql)
{
    hg_rows *rows = NULL;
    char *answer;

    assert_true(hg_conn_query(conn, sql, NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    answer = strdup(hg_rows_text(rows, 0));
    hg_rows_close(rows);
    return answer;
}

static void a_full_reset_leaves_the_next_user_nothing_of_the_last(void **state)
{
    static const char *const traces[] = {"SET search_path = pg_catalog",
                                         "CREATE TEMP TABLE mine (n int)", "LISTEN news",
                                         "SELECT pg_advisory_lock(42)", "PREPARE one AS SELECT 1"};
    static const char *const left =
        "SELECT concat_ws(' ', current_setting('search_path') = 'pg_catalog',"
        " to_regclass('pg_temp.mine') IS NOT NULL,"
        " (SELECT count(*) FROM pg_listening_channels()),"
        " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),"
        " (SELECT count(*) FROM pg_prepared_statements WHERE name = 'one'))";
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool;

    (void)state;
    options.settings.reset_on_return = HG_RESET_FULL;
    pool = open_pool(postgres_url("postgres"), &options);
    for (int turn = 0; turn <= 1; turn++) {
        hg_conn *conn = take(pool);
        char *found = ask(conn, left);

        assert_string_equal(found, "f f 0 0 0");
        free(found);
        for (size_t i = 0; i < sizeof traces / sizeof *traces; i++)
            assert_true(hg_conn_execute(conn, traces[i], NULL, 0, soon(), NULL, NULL));
        hg_pool_return(pool, conn);
    }
    hg_pool_close(pool, soon());
}

/* As when the primary has become a standby without closing its connections. */
static void
a_server_that_takes_no_writes_any_more_is_left_when_the_url_wants_one_that_does(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    char *text = postgres_url_text("postgres"), wanted[1024];
    hg_url *url = NULL;
    hg_pool *pool;
    hg_conn *one, *other;
    hg_error err = {HG_OK};
    hg_pool_snapshot now;

    (void)state;
    snprintf(wanted, sizeof wanted, "%s%ctarget_session_attrs=read-write", text,
             strchr(text, '?') == NULL ? '?' : '&');
    assert_true(hg_url_parse(wanted, &url, NULL));
    pool = open_pool(url, &options);
    one = take(pool);
    other = take(pool);
    hg_pool_return(pool, other);
    assert_true(hg_conn_execute(one, "SET default_transaction_read_only = on", NULL, 0, soon(),
                                NULL, NULL));
    assert_false(hg_conn_execute(one, "CREATE TABLE t ()", NULL, 0, soon(), NULL, &err));
    assert_string_equal(err.sqlstate, "25006");
    hg_pool_return(pool, one);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.closed[HG_CLOSE_INVALIDATED], 2);
    one = take(pool);
    assert_true(hg_conn_execute(one, "CREATE TEMP TABLE t ()", NULL, 0, soon(), NULL, NULL));
    hg_pool_return(pool, one);
    hg_pool_close(pool, soon());
    free(text);
}

/* Takes the URL. */
static void fork_beside_a_pool_of(hg_url *url)
{
    hg_pool_options options = pool_of(SIZE, 0);
    hg_pool *pool = warm_pool_of(url, &options);
    hg_conn *held = take(pool);
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        hg_pool_return(pool, held); /* the parent's: given up without a word */
        _exit(works(pool, soon(), NULL) ? 0 : 1);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(hg_conn_execute(held, "SELECT 1", NULL, 0, soon(), NULL, NULL));
    hg_pool_return(pool, held);
    for (int i = 0; i < 3; i++)
        assert_works(pool);
    hg_pool_close(pool, soon());
}

static void a_forked_child_and_its_parent_each_talk_to_the_server(void **state)
{
    (void)state;
    fork_beside_a_pool_of(postgres_url("postgres"));
}

/* There a child's farewell would also spoil the keys that it shares with its parent. */
static void so_they_do_when_what_they_say_is_encrypted(void **state)
{
    (void)state;
    fork_beside_a_pool_of(postgres_url_as("127.0.0.1", NULL, NULL, "postgres"));
}

static void the_server_is_told_who_we_are(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool;
    char *count;

    (void)state;
    options.role = "billing";
    pool = open_pool(postgres_url("postgres"), &options);
    assert_works(pool);
    count = postgres_ask(NULL, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE "
                               "'headgate/billing@%:%'");
    assert_string_equal(count, "1");
    free(count);
    hg_pool_close(pool, soon());
}

static bool swap(hg_session *session, void *context, hg_error *err)
{
    hg_conn *conn = hg_session_conn(session);

    (void)context;
    return hg_conn_execute(conn, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", NULL, 0, soon(),
                           NULL, err)
           && hg_conn_execute(conn, "UPDATE counter SET n = n + 1", NULL, 0, soon(), NULL, err);
}

static void *swap_many(void *pool)
{
    hg_error err = {HG_OK};

    for (int i = 0; i < 25; i++)
        if (!hg_session_run(pool, "swap", 100, soon(), swap, NULL, &err))
            return (void *)hg_code_name(err.code);
    return NULL;
}

static void serialization_failures_are_repeated_until_all_work_is_done(void **state)
{
    hg_pool_options options = pool_of(4, 0);
    char *database = postgres_database(), *n;
    hg_pool *pool = open_pool(postgres_url(database), &options);
    pthread_t threads[4];

    (void)state;
    postgres_run(database, "CREATE TABLE counter AS SELECT 0 AS n");
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, swap_many, pool), 0);
    for (int i = 0; i < 4; i++) {
        void *failure = NULL;

        pthread_join(threads[i], &failure);
        assert_null(failure);
    }
    n = postgres_ask(database, "SELECT n FROM counter");
    assert_string_equal(n, "100");
    free(n);
    free(database);
    hg_pool_close(pool, soon());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_address_that_a_name_was_resolved_to_is_told),
        cmocka_unit_test(a_restart_while_connections_are_idle_costs_no_caller_an_error),
        cmocka_unit_test(a_connection_that_the_server_ended_is_replaced_and_the_others_stay),
        cmocka_unit_test(the_end_of_a_connection_in_use_is_one_users_error),
        cmocka_unit_test(a_server_that_is_down_is_said_so_at_once),
        cmocka_unit_test(callers_who_want_to_wait_are_served_when_the_server_is_back),
        cmocka_unit_test(
            callers_of_a_frozen_server_fail_at_their_deadline_and_are_served_when_it_thaws),
        cmocka_unit_test(a_wrong_password_is_an_error_at_once),
        cmocka_unit_test(a_full_server_lets_callers_wait_for_what_the_pool_has),
        cmocka_unit_test(a_failed_transaction_is_rolled_back_on_return),
        cmocka_unit_test(rows_that_nobody_read_to_the_end_do_not_reach_the_next_user),
        cmocka_unit_test(a_copy_that_nobody_ended_does_not_reach_the_next_user),
        cmocka_unit_test(a_full_reset_leaves_the_next_user_nothing_of_the_last),
        cmocka_unit_test(
            a_server_that_takes_no_writes_any_more_is_left_when_the_url_wants_one_that_does),
        cmocka_unit_test(a_forked_child_and_its_parent_each_talk_to_the_server),
        cmocka_unit_test(so_they_do_when_what_they_say_is_encrypted),
        cmocka_unit_test(the_server_is_told_who_we_are),
        cmocka_unit_test(serialization_failures_are_repeated_until_all_work_is_done),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
