/*
 * test_sqlite.c - the pool and sessions on SQLite.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <headgate/session.h>

#include "pool/pool_state.h"
#include "support/callers.h"
#include "support/temp.h"

static char *folder;

static int begin(void **state)
{
    (void)state;
    folder = temp_dir_make();
    return 0;
}

static int end(void **state)
{
    (void)state;
    temp_dir_remove(folder);
    return 0;
}

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static hg_pool *open_url(const char *text, const hg_pool_options *options)
{
    hg_url *url = NULL;
    hg_pool *pool = NULL;
    hg_error err = {HG_OK};

    if (!hg_url_parse(text, &url, &err) || !hg_pool_open(url, options, &pool, &err))
        fail_msg("%s", err.message);
    hg_url_free(url);
    return pool;
}

/* A pool on a file of the test's folder. */
static hg_pool *open_file(const char *name, int size, bool may_create)
{
    hg_pool_options options = pool_of(size, 0);
    char url[512];

    options.may_create = may_create;
    options.settings.lock_timeout_ms = 30000;
    snprintf(url, sizeof url, "sqlite:///%s/%s", folder, name);
    return open_url(url, &options);
}

static void run(hg_conn *conn, const char *sql)
{
    hg_error err = {HG_OK};

    if (!hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, &err))
        fail_msg("%s: %s", sql, err.message);
}

static int64_t ask(hg_pool *pool, const char *sql)
{
    hg_conn *conn = take(pool);
    hg_rows *rows = NULL;
    int64_t answer = -1;

    assert_true(hg_conn_query(conn, sql, NULL, 0, soon(), &rows, NULL));
    if (hg_rows_next(rows, soon(), NULL) == HG_ROW)
        answer = hg_rows_integer(rows, 0);
    hg_rows_close(rows);
    hg_pool_return(pool, conn);
    return answer;
}

static void run_once(hg_pool *pool, const char *sql)
{
    hg_conn *conn = take(pool);

    run(conn, sql);
    hg_pool_return(pool, conn);
}

static void a_database_in_memory_is_one_connection_that_all_threads_share(void **state)
{
    hg_pool_options options = pool_of(5, 5);
    hg_pool *pool;
    struct caller *other;
    struct call call;
    hg_conn *conn;

    (void)state;
    options.settings.recycle_ms = 0;
    pool = open_url("sqlite:///:memory:", &options);
    run_once(pool, "CREATE TABLE t (x)");
    conn = take(pool);
    run(conn, "INSERT INTO t VALUES (1)");
    other = caller_start(pool, NULL, 30000);
    await_waiting(pool, 1);
    hg_pool_return(pool, conn);
    call = caller_end(other);
    assert_true(call.ok);
    hg_pool_return(pool, call.conn);
    assert_int_equal(ask(pool, "SELECT count(*) FROM t"), 1);
    hg_pool_close(pool, soon());
}

static bool add_one(hg_session *session, void *context, hg_error *err)
{
    (void)context;
    return hg_conn_execute(hg_session_conn(session), "UPDATE t SET x = x + 1", NULL, 0, soon(),
                           NULL, err);
}

static void *add_many(void *pool)
{
    hg_error err = {HG_OK};

    for (int i = 0; i < 25; i++)
        if (!hg_session_run(pool, "adder", 20, soon(), add_one, NULL, &err))
            return (void *)hg_code_name(err.code);
    return NULL;
}

static void threads_that_write_to_one_file_lose_nothing(void **state)
{
    hg_pool *pool = open_file("app.db", 4, true);
    pthread_t threads[8];

    (void)state;
    run_once(pool, "CREATE TABLE t (x)");
    run_once(pool, "INSERT INTO t VALUES (0)");
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, pool), 0);
    for (int i = 0; i < 8; i++) {
        void *failure = NULL;

        pthread_join(threads[i], &failure);
        assert_null(failure);
    }
    assert_int_equal(ask(pool, "SELECT x FROM t"), 200);
    hg_pool_close(pool, soon());
}

static void a_transaction_that_its_user_forgot_is_gone_for_the_next_one(void **state)
{
    hg_pool *pool = open_file("app.db", 1, true);
    hg_pool_snapshot now;
    hg_conn *conn;

    (void)state;
    run_once(pool, "CREATE TABLE t (x)");
    conn = take(pool);
    run(conn, "BEGIN");
    run(conn, "INSERT INTO t VALUES (1)");
    hg_pool_return(pool, conn);
    assert_int_equal(ask(pool, "SELECT count(*) FROM t"), 0);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.resets_open, 1);
    assert_int_equal(now.connects, 1);
    hg_pool_close(pool, soon());
}

static void a_file_that_is_no_database_is_said_so_at_once(void **state)
{
    hg_pool *pool;
    hg_conn *conn = NULL;
    hg_error err = {HG_OK};

    (void)state;
    temp_write(folder, "letter.db", "Dear reader, this is certainly not a database at all.\n");
    pool = open_file("letter.db", 5, false);
    assert_false(hg_pool_checkout(pool, NULL, soon(), &conn, &err));
    assert_int_equal(err.code, HG_NO_DATABASE);
    hg_pool_close(pool, soon());
}

static void a_file_that_is_missing_is_made_only_by_those_who_may(void **state)
{
    hg_pool *looks = open_file("none.db", 5, false);
    char *path = temp_path(folder, "none.db");
    hg_conn *conn = NULL;
    hg_error err = {HG_OK};

    (void)state;
    assert_false(hg_pool_checkout(looks, NULL, soon(), &conn, &err));
    assert_int_equal(err.code, HG_NO_DATABASE);
    assert_int_equal(access(path, F_OK), -1);
    hg_pool_close(looks, soon());
    free(path);
}

static void a_savepoint_that_is_rolled_back_leaves_the_rest(void **state)
{
    hg_pool *pool = open_file("app.db", 1, true);
    hg_session *s = NULL;

    (void)state;
    run_once(pool, "CREATE TABLE t (x)");
    assert_true(hg_session_open(pool, "test", soon(), &s, NULL));
    assert_true(hg_session_begin(s, soon(), NULL));
    run(hg_session_conn(s), "INSERT INTO t VALUES (1)");
    assert_true(hg_session_begin(s, soon(), NULL));
    run(hg_session_conn(s), "INSERT INTO t VALUES (2)");
    assert_true(hg_session_rollback(s, soon(), NULL));
    assert_true(hg_session_begin(s, soon(), NULL));
    run(hg_session_conn(s), "INSERT INTO t VALUES (4)");
    assert_true(hg_session_commit(s, soon(), NULL));
    assert_true(hg_session_commit(s, soon(), NULL));
    hg_session_close(s);
    assert_int_equal(ask(pool, "SELECT sum(x) FROM t"), 5);
    hg_pool_close(pool, soon());
}

static void no_housekeeper_is_started_where_nobody_can_hang_up(void **state)
{
    hg_pool *pool = open_file("quiet.db", 2, true);

    (void)state;
    hg_pool_return(pool, take(pool));
    assert_false(pool->keeping);
    hg_pool_close(pool, soon());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_housekeeper_is_started_where_nobody_can_hang_up),
        TEST(a_database_in_memory_is_one_connection_that_all_threads_share),
        TEST(threads_that_write_to_one_file_lose_nothing),
        TEST(a_transaction_that_its_user_forgot_is_gone_for_the_next_one),
        TEST(a_file_that_is_no_database_is_said_so_at_once),
        TEST(a_file_that_is_missing_is_made_only_by_those_who_may),
        TEST(a_savepoint_that_is_rolled_back_leaves_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
