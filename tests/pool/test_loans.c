/*
 * test_loans.c - who uses or returns a connection that is no longer theirs, and connections that
 * leave the pool with their user.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "pool/pool_state.h"
#include "support/callers.h"
#include "support/fake_driver.h"

static char last_line[1024];

static void keep_line(void *context, enum log_level level, const char *line)
{
    (void)context;
    if (level == LOG_ERROR)
        snprintf(last_line, sizeof last_line, "%s", line);
}

static int begin(void **state)
{
    (void)state;
    fake_reset();
    last_line[0] = '\0';
    log_to(keep_line, NULL, LOG_ERROR);
    return 0;
}

static int end(void **state)
{
    (void)state;
    log_to(NULL, NULL, LOG_ERROR);
    return 0;
}

static bool runs(hg_conn *conn, hg_error *err)
{
    return hg_conn_execute(conn, "SELECT 1", NULL, 0, hg_deadline_never(), NULL, err);
}

static void a_second_return_is_refused_with_the_place_of_the_first(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);

    (void)state;
    hg_pool_return(pool, conn);
    assert_string_equal(last_line, "");
    hg_pool_return(pool, conn);
    assert_non_null(strstr(last_line, "could not take a connection back"));
    assert_non_null(strstr(last_line, "given back before, by thread "));
    assert_non_null(strstr(last_line, "test_pool_loans"));
    assert_non_null(strstr(last_line, ", as test"));
    assert_int_equal(pool->misuses, 1);
    assert_status(pool, 1, 0, 0);
    close_fake_pool(pool);
}

static void a_second_return_does_no_harm_to_who_has_the_connection_by_then(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *mine = take(pool), *yours;
    int64_t serial = fake_serial(mine);

    (void)state;
    hg_pool_return(pool, mine);
    yours = take(pool);
    assert_int_equal(fake_serial(yours), serial);
    hg_pool_return(pool, mine);
    hg_pool_discard(pool, mine);
    assert_null(hg_pool_detach(pool, mine));
    hg_pool_invalidate_one(pool, mine);
    assert_status(pool, 0, 0, 1);
    assert_true(runs(yours, NULL));
    hg_pool_return(pool, yours);
    assert_status(pool, 1, 0, 0);
    assert_int_equal(fake_count(FAKE_CLOSE), 0);
    close_fake_pool(pool);
}

static void use_after_the_return_is_an_error_that_names_the_place(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *mine = take(pool), *yours;
    hg_statement *statement = NULL;
    hg_error err = {HG_OK};

    (void)state;
    hg_pool_return(pool, mine);
    yours = take(pool);
    assert_false(runs(mine, &err));
    assert_int_equal(err.code, HG_MISUSE);
    assert_non_null(
        strstr(err.message, "could not run a statement: the connection had been given"));
    assert_non_null(strstr(err.message, "test_pool_loans"));
    assert_false(hg_conn_begin(mine, hg_deadline_never(), NULL));
    assert_false(hg_conn_commit(mine, hg_deadline_never(), NULL));
    assert_false(hg_conn_rollback(mine, hg_deadline_never(), NULL));
    assert_false(hg_conn_prepare(mine, "SELECT 1", hg_deadline_never(), &statement, NULL));
    assert_true(hg_conn_lost(mine));
    assert_false(hg_conn_in_transaction(mine));
    assert_int_equal(hg_conn_backend_pid(mine), 0);
    assert_int_equal(hg_conn_driver(mine), hg_conn_driver(yours));
    hg_conn_cancel(mine);
    assert_int_equal(fake_count(FAKE_CANCEL), 0);
    assert_int_equal(fake_count(FAKE_QUERY), 0);
    hg_pool_return(pool, yours);
    close_fake_pool(pool);
}

static void a_connection_of_another_pool_is_left_alone(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *one = fake_pool(&options), *other = fake_pool(&options);
    hg_conn *conn = take(one);

    (void)state;
    hg_pool_return(other, conn);
    assert_non_null(strstr(last_line, "it is not of this pool"));
    assert_true(runs(conn, NULL));
    hg_pool_return(one, conn);
    assert_status(one, 1, 0, 0);
    hg_pool_close(one, hg_deadline_in_ms(60000));
    close_fake_pool(other);
}

static void a_handle_outlives_its_pool(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);
    hg_error err = {HG_OK};

    (void)state;
    hg_pool_return(pool, conn);
    close_fake_pool(pool);
    assert_false(runs(conn, &err));
    assert_int_equal(err.code, HG_MISUSE);
}

struct returner {
    hg_pool *pool;
    hg_conn *conn;
};

static void *give_back(void *context)
{
    struct returner *returner = context;

    hg_pool_return(returner->pool, returner->conn);
    return NULL;
}

static void another_thread_may_return_a_connection(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    struct returner returner = {fake_pool(&options), NULL};
    pthread_t thread;

    (void)state;
    returner.conn = take(returner.pool);
    assert_int_equal(pthread_create(&thread, NULL, give_back, &returner), 0);
    pthread_join(thread, NULL);
    assert_status(returner.pool, 1, 0, 0);
    hg_pool_return(returner.pool, take(returner.pool));
    assert_int_equal(fake_count(FAKE_OPEN), 1);
    close_fake_pool(returner.pool);
}

/* Again and again two threads return the same connection: one of them does. */
static void of_many_returns_at_once_one_counts(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    struct returner returner = {fake_pool(&options), NULL};
    enum { ROUNDS = 1000 };

    (void)state;
    log_to(NULL, NULL, LOG_ERROR);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;

        returner.conn = take(returner.pool);
        assert_int_equal(pthread_create(&thread, NULL, give_back, &returner), 0);
        hg_pool_return(returner.pool, returner.conn);
        pthread_join(thread, NULL);
        assert_status(returner.pool, 1, 0, 0);
    }
    assert_int_equal(returner.pool->misuses, ROUNDS);
    assert_int_equal(fake_count(FAKE_RESET), ROUNDS);
    close_fake_pool(returner.pool);
}

static void a_connection_that_its_user_does_not_want_any_more_serves_to_the_end(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);

    (void)state;
    hg_pool_invalidate_one(pool, conn);
    assert_true(runs(conn, NULL));
    assert_int_equal(fake_count(FAKE_CLOSE), 0);
    hg_pool_return(pool, conn);
    assert_int_equal(fake_count(FAKE_CLOSE), 1);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_OPEN), 2);
    close_fake_pool(pool);
}

static void a_connection_that_is_discarded_twice_is_closed_once(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);

    (void)state;
    hg_pool_discard(pool, conn);
    hg_pool_discard(pool, conn);
    assert_int_equal(fake_count(FAKE_CLOSE), 1);
    assert_int_equal(fake_open_now(), 0);
    close_fake_pool(pool);
}

static void a_detached_connection_is_its_owners_and_its_place_is_free(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *lent = take(pool), *own = hg_pool_detach(pool, lent);

    (void)state;
    assert_non_null(own);
    assert_false(runs(lent, NULL));
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_OPEN), 2);
    hg_pool_return(pool, own); /* no longer the pool's */
    assert_non_null(strstr(last_line, "it is not of this pool"));
    hg_pool_close(pool, hg_deadline_in_ms(60000));
    assert_int_equal(fake_open_now(), 1);
    assert_true(runs(own, NULL));
    hg_conn_close(own);
    assert_int_equal(fake_open_now(), 0);
}

static void a_detached_connection_lets_a_waiter_open_another(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *held = take(pool), *own;
    struct caller *caller = caller_start(pool, "b", 60000);
    struct call call;

    (void)state;
    await_waiting(pool, 1);
    own = hg_pool_detach(pool, held);
    call = caller_end(caller);
    assert_true(call.ok);
    hg_pool_return(pool, call.conn);
    hg_conn_close(own);
    close_fake_pool(pool);
}

static void a_connection_of_a_pool_cannot_be_closed_by_its_user(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);

    (void)state;
    hg_conn_close(conn);
    hg_conn_close(NULL);
    assert_non_null(strstr(last_line, "is to be returned, not closed"));
    assert_true(runs(conn, NULL));
    hg_pool_return(pool, conn);
    close_fake_pool(pool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_second_return_is_refused_with_the_place_of_the_first),
        TEST(a_second_return_does_no_harm_to_who_has_the_connection_by_then),
        TEST(use_after_the_return_is_an_error_that_names_the_place),
        TEST(a_connection_of_another_pool_is_left_alone),
        TEST(a_handle_outlives_its_pool),
        TEST(another_thread_may_return_a_connection),
        TEST(of_many_returns_at_once_one_counts),
        TEST(a_connection_that_its_user_does_not_want_any_more_serves_to_the_end),
        TEST(a_connection_that_is_discarded_twice_is_closed_once),
        TEST(a_detached_connection_is_its_owners_and_its_place_is_free),
        TEST(a_detached_connection_lets_a_waiter_open_another),
        TEST(a_connection_of_a_pool_cannot_be_closed_by_its_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
