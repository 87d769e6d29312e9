/*
 * test_checkout.c - size and overflow, what is handed out, what becomes of it when it comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "pool/pool_state.h"
#include "support/callers.h"
#include "support/fake_driver.h"

#define NS_PER_MS INT64_C(1000000)

static int begin(void **state)
{
    (void)state;
    fake_reset();
    fake_hide_descriptors();
    return 0;
}

static int end(void **state)
{
    (void)state;
    clock_set_fake(-1, -1);
    return 0;
}

static int64_t now_ms;

/* The clock stands; it moves when a test says so. */
static void pass_ms(int64_t ms)
{
    now_ms = (now_ms == 0 ? 1000000 : now_ms) + ms;
    clock_set_fake(now_ms * NS_PER_MS, now_ms);
}

static void a_new_pool_has_opened_nothing(void **state)
{
    hg_pool_options options = pool_of(3, 0);
    hg_pool *pool = fake_pool(&options);

    (void)state;
    assert_int_equal(fake_count(FAKE_OPEN), 0);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_OPEN), 1);
    close_fake_pool(pool);
}

/* The numbers of SQLAlchemy's test_queuepool_del. */
static void size_and_overflow_count_as_in_sqlalchemy(void **state)
{
    hg_pool_options options = pool_of(3, -1);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conns[6];

    (void)state;
    for (int i = 0; i < 6; i++) {
        conns[i] = take(pool);
        assert_status(pool, 0, i - 2, i + 1);
    }
    for (int i = 0; i < 3; i++)
        hg_pool_return(pool, conns[i]);
    assert_status(pool, 3, 3, 3);
    for (int i = 3; i < 6; i++)
        hg_pool_return(pool, conns[i]);
    assert_status(pool, 3, 0, 0);
    close_fake_pool(pool);
}

static void overflow_is_closed_when_it_comes_back(void **state)
{
    hg_pool_options options = pool_of(2, 2);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conns[4];

    (void)state;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 4; i++)
            conns[i] = take(pool);
        for (int i = 0; i < 4; i++)
            hg_pool_return(pool, conns[i]);
    }
    assert_int_equal(fake_count(FAKE_CLOSE), 10);
    assert_int_equal(fake_open_now(), 2);
    close_fake_pool(pool);
}

static void size_zero_means_no_limit_whatever_the_overflow(void **state)
{
    static const int overflows[] = {42, 0, -5};

    (void)state;
    for (size_t n = 0; n < 3; n++) {
        hg_pool_options options = pool_of(0, overflows[n]);
        hg_pool *pool = fake_pool(&options);
        hg_conn *conns[42];
        hg_pool_snapshot now;

        for (int i = 0; i < 42; i++)
            conns[i] = take(pool);
        for (int i = 0; i < 42; i++)
            hg_pool_return(pool, conns[i]);
        hg_pool_inspect(pool, &now);
        assert_int_equal(now.idle, 42);
        assert_int_equal(now.overflow, 0);
        close_fake_pool(pool);
    }
}

static void a_size_beyond_the_limit_is_refused(void **state)
{
    hg_pool_options options = pool_of(200, 57);
    hg_pool *pool = NULL;
    hg_error err = {HG_OK};

    (void)state;
    assert_false(pool_open_with(&fake_driver, NULL, &options, &pool, &err));
    assert_int_equal(err.code, HG_CONFIG);
}

/* Three connections, given back in the order 2, 3, 1. */
static hg_pool *pool_returned_in_order_231(bool use_fifo)
{
    hg_pool_options options = pool_of(3, 0);
    hg_pool *pool;
    hg_conn *conns[3];

    options.settings.use_fifo = use_fifo;
    pool = fake_pool(&options);
    for (int i = 0; i < 3; i++)
        conns[i] = take(pool);
    for (int i = 0; i < 3; i++) {
        pass_ms(1);
        hg_pool_return(pool, conns[(i + 1) % 3]);
    }
    return pool;
}

static void assert_taken_in_order(hg_pool *pool, const int64_t serials[3])
{
    int64_t first = 0;
    hg_conn *conns[3];

    for (int i = 0; i < 3; i++) {
        conns[i] = take(pool);
        if (first == 0)
            first = fake_serial(conns[i]) - serials[0];
        assert_int_equal(fake_serial(conns[i]) - first, serials[i]);
    }
    for (int i = 0; i < 3; i++)
        hg_pool_return(pool, conns[i]);
}

static void the_connection_used_last_is_handed_out_first(void **state)
{
    hg_pool *pool = pool_returned_in_order_231(false);

    (void)state;
    assert_taken_in_order(pool, (int64_t[]){1, 3, 2});
    close_fake_pool(pool);
}

static void on_request_the_connection_idle_longest_is_handed_out_first(void **state)
{
    hg_pool *pool = pool_returned_in_order_231(true);

    (void)state;
    assert_taken_in_order(pool, (int64_t[]){2, 3, 1});
    close_fake_pool(pool);
}

static void a_connection_is_replaced_when_it_is_old(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool;
    hg_pool_snapshot now;

    (void)state;
    options.settings.recycle_ms = 30000;
    pass_ms(0);
    pool = fake_pool(&options);
    hg_pool_return(pool, take(pool));
    pass_ms(1000);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_OPEN), 1);
    pass_ms(34000);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_OPEN), 2);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.closed[HG_CLOSE_RECYCLE], 1);
    close_fake_pool(pool);
}

static void a_connection_in_use_grows_old_in_peace(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool;
    hg_conn *conn;

    (void)state;
    options.settings.recycle_ms = 30000;
    pass_ms(0);
    pool = fake_pool(&options);
    conn = take(pool);
    pass_ms(35000);
    assert_int_equal(fake_open_now(), 1);
    hg_pool_return(pool, conn);
    assert_int_equal(fake_open_now(), 0);
    close_fake_pool(pool);
}

static void what_was_used_just_now_is_not_looked_at(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool;

    (void)state;
    options.settings.pre_ping = true;
    pass_ms(0);
    pool = fake_pool(&options);
    hg_pool_return(pool, take(pool));
    pass_ms(10);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_ALIVE), 0);
    assert_int_equal(fake_count(FAKE_PING), 0);
    close_fake_pool(pool);
}

static void what_was_idle_a_while_is_looked_at_without_a_round_trip(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool;

    (void)state;
    options.settings.pre_ping = true;
    pass_ms(0);
    pool = fake_pool(&options);
    hg_pool_return(pool, take(pool));
    pass_ms(100);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_ALIVE), 1);
    assert_int_equal(fake_count(FAKE_PING), 0);
    close_fake_pool(pool);
}

static void what_was_idle_long_is_pinged_when_asked_for(void **state)
{
    hg_pool_options options = pool_of(1, 0);

    (void)state;
    for (int pre_ping = 0; pre_ping <= 1; pre_ping++) {
        hg_pool *pool;
        int before = fake_count(FAKE_PING);

        options.settings.pre_ping = pre_ping;
        pass_ms(0);
        pool = fake_pool(&options);
        hg_pool_return(pool, take(pool));
        pass_ms(31000);
        hg_pool_return(pool, take(pool));
        assert_int_equal(fake_count(FAKE_PING) - before, pre_ping);
        close_fake_pool(pool);
    }
}

/* Ten idle connections, unused for so long. */
static hg_pool *pool_idle_for(int64_t ms, bool pre_ping)
{
    hg_pool_options options = pool_of(10, 0);
    hg_pool *pool;
    hg_conn *conns[10];

    options.settings.pre_ping = pre_ping;
    pass_ms(0);
    pool = fake_pool(&options);
    for (int i = 0; i < 10; i++)
        conns[i] = take(pool);
    for (int i = 0; i < 10; i++)
        hg_pool_return(pool, conns[i]);
    pass_ms(ms);
    return pool;
}

static void when_the_server_restarts_idle_connections_are_replaced_unseen(void **state)
{
    hg_pool *pool = pool_idle_for(100, false);
    hg_conn *conn;
    hg_pool_snapshot now;

    (void)state;
    fake_kill_all();
    conn = take(pool);
    assert_true(hg_conn_execute(conn, "SELECT 1", NULL, 0, hg_deadline_never(), NULL, NULL));
    assert_int_equal(fake_count(FAKE_OPEN), 11);
    assert_int_equal(fake_count(FAKE_PING), 0);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.closed_stale, 10);
    hg_pool_return(pool, conn);
    close_fake_pool(pool);
}

static void one_ping_that_fails_condemns_all_older_connections(void **state)
{
    hg_pool *pool = pool_idle_for(31000, true);
    hg_conn *conn;

    (void)state;
    fake_fail(FAKE_PING, 1, HG_LOST);
    conn = take(pool);
    assert_int_equal(fake_count(FAKE_PING), 1);
    assert_int_equal(fake_open_now(), 1);
    hg_pool_return(pool, conn);
    close_fake_pool(pool);
}

static void one_user_hears_of_a_disconnect_and_the_others_get_new_connections(void **state)
{
    hg_pool_options options = pool_of(10, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conns[10];
    hg_error err = {HG_OK};

    (void)state;
    for (int i = 0; i < 10; i++)
        conns[i] = take(pool);
    for (int i = 1; i < 10; i++)
        hg_pool_return(pool, conns[i]);
    fake_kill_all();
    assert_false(hg_conn_execute(conns[0], "SELECT 1", NULL, 0, hg_deadline_never(), NULL, &err));
    assert_int_equal(err.code, HG_LOST);
    hg_pool_return(pool, conns[0]);
    assert_int_equal(fake_open_now(), 0);
    conns[0] = take(pool);
    assert_true(hg_conn_execute(conns[0], "SELECT 1", NULL, 0, hg_deadline_never(), NULL, NULL));
    hg_pool_return(pool, conns[0]);
    close_fake_pool(pool);
}

static void many_reports_of_one_disconnect_count_once(void **state)
{
    hg_pool_options options = pool_of(15, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conns[15];

    (void)state;
    for (int i = 0; i < 15; i++)
        conns[i] = take(pool);
    fake_kill_all();
    for (int i = 0; i < 15; i++) {
        (void)hg_conn_execute(conns[i], "SELECT 1", NULL, 0, hg_deadline_never(), NULL, NULL);
        hg_pool_return(pool, conns[i]);
        if (i == 7) /* opened after the first reports: not to be condemned by the later ones */
            hg_pool_return(pool, take(pool));
    }
    assert_int_equal(fake_count(FAKE_CLOSE), 15);
    assert_int_equal(fake_open_now(), 1);
    close_fake_pool(pool);
}

static void
an_invalidated_pool_replaces_what_is_idle_now_and_what_is_used_when_it_returns(void **state)
{
    hg_pool_options options = pool_of(3, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *used = take(pool), *idle = take(pool);

    (void)state;
    hg_pool_return(pool, idle);
    hg_pool_invalidate(pool);
    assert_int_equal(fake_open_now(), 1);
    assert_true(hg_conn_execute(used, "SELECT 1", NULL, 0, hg_deadline_never(), NULL, NULL));
    hg_pool_return(pool, used);
    assert_int_equal(fake_open_now(), 0);
    close_fake_pool(pool);
}

static void a_discarded_connection_is_closed_and_the_others_stay(void **state)
{
    hg_pool_options options = pool_of(3, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *bad = take(pool), *good = take(pool);

    (void)state;
    hg_pool_return(pool, good);
    hg_pool_discard(pool, bad);
    assert_status(pool, 1, -2, 0);
    hg_pool_discard(pool, bad);
    assert_int_equal(fake_count(FAKE_CLOSE), 1);
    close_fake_pool(pool);
}

static void a_transaction_left_open_is_rolled_back_and_counted(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);
    hg_pool_snapshot now;

    (void)state;
    assert_true(hg_conn_execute(conn, "BEGIN", NULL, 0, hg_deadline_never(), NULL, NULL));
    hg_pool_return(pool, conn);
    conn = take(pool);
    assert_false(hg_conn_in_transaction(conn));
    hg_pool_return(pool, conn);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.resets_open, 1);
    assert_string_equal(fake_statements(), "BEGIN; ROLLBACK");
    close_fake_pool(pool);
}

static void who_leaves_a_transaction_open_stands_in_the_events(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_pool_snapshot now;
    hg_conn *conn;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(hg_pool_checkout(pool, i == 1 ? "import" : "checkout", hg_deadline_never(),
                                     &conn, NULL));
        assert_true(hg_conn_execute(conn, "BEGIN", NULL, 0, hg_deadline_never(), NULL, NULL));
        hg_pool_return(pool, conn);
    }
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.event_count, 3); /* connected, and these, by the time of the last */
    for (size_t i = 1; i < 3; i++) {
        assert_string_equal(hg_pool_event_name(now.events[i].kind), "returned in transaction");
        assert_int_equal(now.events[i].slot, 0);
        assert_int_equal(now.events[i].times,
                         strcmp(now.events[i].detail, "checkout") == 0 ? 2 : 1);
    }
    assert_string_not_equal(now.events[1].detail, now.events[2].detail);
    close_fake_pool(pool);
}

static void a_connection_that_cannot_be_reset_is_closed_and_its_user_hears_nothing(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);

    (void)state;
    fake_fail(FAKE_RESET, 1, HG_SQL);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_open_now(), 0);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_open_now(), 1);
    close_fake_pool(pool);
}

static void a_second_return_is_ignored(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool), *other = take(pool);

    (void)state;
    hg_pool_return(pool, conn);
    hg_pool_return(pool, conn);
    assert_status(pool, 1, 0, 1);
    hg_pool_return(pool, other);
    assert_status(pool, 2, 0, 0);
    assert_int_equal(fake_count(FAKE_RESET), 2);
    close_fake_pool(pool);
}

static void a_connection_that_was_closed_can_be_returned_without_harm(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);

    (void)state;
    hg_pool_discard(pool, conn);
    hg_pool_return(pool, conn);
    assert_status(pool, 0, -1, 0);
    close_fake_pool(pool);
}

static void the_holder_is_shown_while_it_holds(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool;
    hg_conn *conn = NULL;
    hg_pool_snapshot now;

    (void)state;
    pass_ms(0);
    pool = fake_pool(&options);
    assert_true(hg_pool_checkout(pool, "orders: a tag that is longer than fits",
                                 hg_deadline_never(), &conn, NULL));
    pass_ms(1234);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.connection_count, 1);
    assert_string_equal(now.connections[0].holder, "orders: a tag that is longer th");
    assert_int_equal(now.connections[0].held_ms, 1234);
    assert_int_equal(now.connections[0].idle_ms, -1);
    assert_int_equal(now.connections[0].backend_pid, fake_serial(conn));
    assert_true(now.connections[0].holder_tid > 0);
    hg_pool_return(pool, conn);
    pass_ms(10);
    hg_pool_inspect(pool, &now);
    assert_string_equal(now.connections[0].holder, "");
    assert_int_equal(now.connections[0].held_ms, -1);
    assert_int_equal(now.connections[0].idle_ms, 10);
    assert_int_equal(now.connections[0].age_ms, 1244);
    assert_int_equal(now.connections[0].checkouts, 1);
    close_fake_pool(pool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_pool_has_opened_nothing),
        TEST(size_and_overflow_count_as_in_sqlalchemy),
        TEST(overflow_is_closed_when_it_comes_back),
        TEST(size_zero_means_no_limit_whatever_the_overflow),
        TEST(a_size_beyond_the_limit_is_refused),
        TEST(the_connection_used_last_is_handed_out_first),
        TEST(on_request_the_connection_idle_longest_is_handed_out_first),
        TEST(a_connection_is_replaced_when_it_is_old),
        TEST(a_connection_in_use_grows_old_in_peace),
        TEST(what_was_used_just_now_is_not_looked_at),
        TEST(what_was_idle_a_while_is_looked_at_without_a_round_trip),
        TEST(what_was_idle_long_is_pinged_when_asked_for),
        TEST(when_the_server_restarts_idle_connections_are_replaced_unseen),
        TEST(one_ping_that_fails_condemns_all_older_connections),
        TEST(one_user_hears_of_a_disconnect_and_the_others_get_new_connections),
        TEST(many_reports_of_one_disconnect_count_once),
        TEST(an_invalidated_pool_replaces_what_is_idle_now_and_what_is_used_when_it_returns),
        TEST(a_discarded_connection_is_closed_and_the_others_stay),
        TEST(a_transaction_left_open_is_rolled_back_and_counted),
        TEST(who_leaves_a_transaction_open_stands_in_the_events),
        TEST(a_connection_that_cannot_be_reset_is_closed_and_its_user_hears_nothing),
        TEST(a_second_return_is_ignored),
        TEST(a_connection_that_was_closed_can_be_returned_without_harm),
        TEST(the_holder_is_shown_while_it_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
