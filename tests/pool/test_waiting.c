/*
 * test_waiting.c - who waits, for how long, who is served first, and what a caller hears.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "support/callers.h"
#include "support/fake_driver.h"

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

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static void a_caller_who_finds_all_busy_is_turned_away_at_its_deadline(void **state)
{
    hg_pool_options options = pool_of(3, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conns[3];
    struct call late;
    hg_pool_snapshot now;

    (void)state;
    for (int i = 0; i < 3; i++)
        conns[i] = take(pool);
    late = caller_end(caller_start(pool, "late", 50));
    assert_false(late.ok);
    assert_int_equal(late.err.code, HG_POOL_TIMEOUT);
    assert_true(late.waited_ms >= 50);
    assert_true(late.waited_ms < 30000);
    assert_non_null(strstr(late.err.message, "3 of 3 open, 1 waiting"));
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.timeouts, 1);
    assert_int_equal(now.waiting, 0);
    for (int i = 0; i < 3; i++)
        hg_pool_return(pool, conns[i]);
    close_fake_pool(pool);
}

static void a_timeout_of_zero_tries_once(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool), *other = NULL;
    hg_error err = {HG_OK};

    (void)state;
    assert_false(hg_pool_checkout(pool, NULL, hg_deadline_in_ms(0), &other, &err));
    assert_int_equal(err.code, HG_POOL_TIMEOUT);
    assert_null(other);
    hg_pool_return(pool, conn);
    assert_true(hg_pool_checkout(pool, NULL, hg_deadline_in_ms(0), &other, &err));
    hg_pool_return(pool, other);
    close_fake_pool(pool);
}

static void nobody_is_turned_away_early_when_many_arrive_at_once(void **state)
{
    hg_pool_options options = pool_of(3, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conns[3];
    struct caller *callers[10];

    (void)state;
    for (int i = 0; i < 3; i++)
        conns[i] = take(pool);
    for (int i = 0; i < 10; i++)
        callers[i] = caller_start(pool, "crowd", 60);
    for (int i = 0; i < 10; i++) {
        struct call call = caller_end(callers[i]);

        assert_false(call.ok);
        assert_true(call.waited_ms >= 60);
    }
    for (int i = 0; i < 3; i++)
        hg_pool_return(pool, conns[i]);
    close_fake_pool(pool);
}

static void waiters_are_served_in_order_of_arrival(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    struct caller *callers[3];
    hg_conn *conn = take(pool);

    (void)state;
    for (int i = 0; i < 3; i++) {
        callers[i] = caller_start(pool, "in line", 60000);
        await_waiting(pool, i + 1);
    }
    for (int i = 0; i < 3; i++) {
        struct call call;

        hg_pool_return(pool, conn);
        call = caller_end(callers[i]);
        assert_true(call.ok);
        await_waiting(pool, 2 - i);
        conn = call.conn;
    }
    hg_pool_return(pool, conn);
    close_fake_pool(pool);
}

/* A caller stands in line; another one comes after so many milliseconds, before the return. */
static bool newcomer_overtakes_after(int64_t ms)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool), *mine = NULL;
    struct caller *first;
    struct call served;
    bool overtook;

    clock_set_fake(INT64_C(1000000000), 0);
    first = caller_start(pool, "first", INT64_MAX);
    await_waiting(pool, 1);
    clock_set_fake(INT64_C(1000000000) + ms * 1000000, 0);
    hg_pool_return(pool, conn);
    overtook = hg_pool_checkout(pool, "newcomer", hg_deadline_in_ms(0), &mine, NULL);
    if (overtook)
        hg_pool_return(pool, mine);
    served = caller_end(first);
    assert_true(served.ok);
    hg_pool_return(pool, served.conn);
    close_fake_pool(pool);
    return overtook;
}

static void nobody_overtakes_a_caller_who_has_waited_for_a_millisecond(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        assert_false(newcomer_overtakes_after(1));
}

static void
a_failed_connect_is_the_error_of_the_caller_it_was_begun_for_and_wakes_the_next(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    struct caller *first, *second;
    struct call call;

    (void)state;
    fake_hold(FAKE_OPEN);
    fake_fail(FAKE_OPEN, 1, HG_UNAVAILABLE);
    first = caller_start(pool, "first", 60000);
    assert_true(fake_wait_held(FAKE_OPEN, 1, soon()));
    second = caller_start(pool, "second", 60000);
    await_waiting(pool, 2);
    fake_release_all(FAKE_OPEN);
    call = caller_end(first);
    assert_false(call.ok);
    assert_int_equal(call.err.code, HG_UNAVAILABLE);
    call = caller_end(second);
    assert_true(call.ok);
    hg_pool_return(pool, call.conn);
    close_fake_pool(pool);
}

static void a_failed_connect_gives_its_place_back(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = NULL;
    hg_error err = {HG_OK};
    hg_pool_snapshot now;

    (void)state;
    fake_fail(FAKE_OPEN, 1, HG_UNAVAILABLE);
    assert_false(hg_pool_checkout(pool, NULL, soon(), &conn, &err));
    assert_int_equal(err.code, HG_UNAVAILABLE);
    conn = take(pool);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.connect_failures, 1);
    assert_int_equal(now.connects, 1);
    assert_non_null(strstr(now.last_error, "unavailable"));
    hg_pool_return(pool, conn);
    close_fake_pool(pool);
}

static void a_refused_password_is_everybodys_error_at_once_and_is_not_tried_again(void **state)
{
    hg_pool_options options = pool_of(5, 0);
    hg_pool *pool;
    struct caller *callers[4];

    (void)state;
    options.settings.wait_for_server = true;
    pool = fake_pool(&options);
    fake_hold(FAKE_OPEN);
    fake_fail_always(FAKE_OPEN, HG_AUTH);
    for (int i = 0; i < 4; i++)
        callers[i] = caller_start(pool, NULL, 60000);
    await_waiting(pool, 4);
    assert_true(fake_wait_held(FAKE_OPEN, 2, soon()));
    fake_release_all(FAKE_OPEN);
    for (int i = 0; i < 4; i++)
        assert_int_equal(caller_end(callers[i]).err.code, HG_AUTH);
    assert_int_equal(fake_count(FAKE_OPEN), 2);
    close_fake_pool(pool);
}

static void on_request_a_caller_waits_until_the_server_is_back(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool;
    struct caller *caller;
    struct call call;

    (void)state;
    options.settings.wait_for_server = true;
    pool = fake_pool(&options);
    fake_fail_always(FAKE_OPEN, HG_UNAVAILABLE);
    caller = caller_start(pool, NULL, 60000);
    assert_true(fake_wait_count(FAKE_OPEN, 3, soon()));
    assert_false(caller_done(caller));
    fake_fail_always(FAKE_OPEN, HG_OK);
    call = caller_end(caller);
    assert_true(call.ok);
    hg_pool_return(pool, call.conn);
    close_fake_pool(pool);
}

static void a_caller_who_waited_in_vain_for_the_server_hears_why(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool;
    struct call call;

    (void)state;
    options.settings.wait_for_server = true;
    pool = fake_pool(&options);
    fake_fail_always(FAKE_OPEN, HG_UNAVAILABLE);
    call = caller_end(caller_start(pool, NULL, 60));
    assert_false(call.ok);
    assert_int_equal(call.err.code, HG_UNAVAILABLE);
    assert_non_null(strstr(call.err.message, "no connection could be opened within"));
    close_fake_pool(pool);
}

static void while_others_hold_connections_a_failed_connect_is_no_reason_to_give_up(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);
    struct caller *caller;
    struct call call;

    (void)state;
    fake_fail_always(FAKE_OPEN, HG_UNAVAILABLE);
    caller = caller_start(pool, NULL, 60000);
    assert_true(fake_wait_count(FAKE_OPEN, 3, soon()));
    assert_false(caller_done(caller));
    hg_pool_return(pool, conn);
    call = caller_end(caller);
    assert_true(call.ok);
    hg_pool_return(pool, call.conn);
    close_fake_pool(pool);
}

static void a_timeout_tells_of_the_connect_that_failed_last(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);
    struct call call;

    (void)state;
    fake_fail_always(FAKE_OPEN, HG_SATURATED);
    call = caller_end(caller_start(pool, NULL, 60));
    assert_int_equal(call.err.code, HG_POOL_TIMEOUT);
    assert_non_null(strstr(call.err.message, "1 of 2 open"));
    assert_non_null(strstr(call.err.message, "the last connect failed: "));
    hg_pool_return(pool, conn);
    close_fake_pool(pool);
}

static void a_connect_goes_on_when_its_caller_has_left(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);

    (void)state;
    fake_hold(FAKE_OPEN);
    for (int i = 0; i < 2; i++) {
        struct call call = caller_end(caller_start(pool, NULL, 30));

        assert_int_equal(call.err.code, HG_TIMEOUT);
    }
    assert_int_equal(fake_count(FAKE_OPEN), 1);
    fake_release_all(FAKE_OPEN);
    await_state(pool, HG_SLOT_IDLE, 1);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_OPEN), 1);
    close_fake_pool(pool);
}

static void a_slow_connect_holds_nobody_up(void **state)
{
    hg_pool_options options = pool_of(1, 1);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);
    struct caller *slow;
    struct call call;

    (void)state;
    fake_hold(FAKE_OPEN);
    slow = caller_start(pool, "slow", 60000);
    assert_true(fake_wait_held(FAKE_OPEN, 1, soon()));
    hg_pool_return(pool, conn); /* what comes back first is the waiter's, not the connect's */
    call = caller_end(slow);
    assert_true(call.ok);
    assert_int_equal(fake_open_now(), 1);
    hg_pool_return(pool, call.conn);
    hg_pool_return(pool, take(pool));
    fake_release_all(FAKE_OPEN);
    close_fake_pool(pool);
}

/* Otherwise callers would go on queueing for one connection that comes back quickly. */
static void a_pool_grows_although_a_return_served_the_caller_who_found_nothing(void **state)
{
    hg_pool_options options = pool_of(3, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *first = take(pool);
    struct caller *caller;
    struct call call;

    (void)state;
    fake_hold(FAKE_OPEN);
    caller = caller_start(pool, "second", 60000);
    assert_true(fake_wait_held(FAKE_OPEN, 1, soon()));
    hg_pool_return(pool, first);
    call = caller_end(caller);
    assert_true(call.ok);
    fake_release_all(FAKE_OPEN);
    await_state(pool, HG_SLOT_IDLE, 1);
    assert_int_equal(fake_open_now(), 2);
    hg_pool_return(pool, call.conn);
    close_fake_pool(pool);
}

static void at_most_two_connects_are_under_way(void **state)
{
    hg_pool_options options = pool_of(10, 0);
    hg_pool *pool = fake_pool(&options);
    struct caller *callers[10];

    (void)state;
    fake_hold(FAKE_OPEN);
    for (int i = 0; i < 10; i++)
        callers[i] = caller_start(pool, NULL, 60000);
    await_waiting(pool, 10);
    assert_true(fake_wait_held(FAKE_OPEN, 2, soon()));
    assert_int_equal(fake_count(FAKE_OPEN), 2);
    fake_release(FAKE_OPEN, 1);
    assert_true(fake_wait_count(FAKE_OPEN, 3, soon()));
    assert_int_equal(fake_count(FAKE_OPEN), 3);
    fake_release_all(FAKE_OPEN);
    for (int i = 0; i < 10; i++) {
        struct call call = caller_end(callers[i]);

        assert_true(call.ok);
        hg_pool_return(pool, call.conn);
    }
    close_fake_pool(pool);
}

static void an_invalidation_serves_those_who_wait_with_one_new_connection(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);
    struct caller *callers[5];

    (void)state;
    for (int i = 0; i < 5; i++) {
        callers[i] = caller_start(pool, NULL, 60000);
        await_waiting(pool, i + 1);
    }
    hg_pool_invalidate(pool);
    hg_pool_return(pool, conn);
    for (int i = 0; i < 5; i++) {
        struct call call = caller_end(callers[i]);

        assert_true(call.ok);
        hg_pool_return(pool, call.conn);
    }
    assert_int_equal(fake_count(FAKE_OPEN), 2);
    close_fake_pool(pool);
}

static void a_discard_lets_a_waiter_open_another_one(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);
    struct caller *caller = caller_start(pool, NULL, 60000);
    struct call call;

    (void)state;
    await_waiting(pool, 1);
    hg_pool_discard(pool, conn);
    call = caller_end(caller);
    assert_true(call.ok);
    hg_pool_return(pool, call.conn);
    close_fake_pool(pool);
}

static void more_callers_than_may_wait_are_turned_away_at_once(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool;
    hg_conn *conn, *other = NULL;
    struct caller *callers[2];
    hg_error err = {HG_OK};

    (void)state;
    options.settings.max_waiting = 2;
    pool = fake_pool(&options);
    conn = take(pool);
    for (int i = 0; i < 2; i++) {
        callers[i] = caller_start(pool, NULL, 60000);
        await_waiting(pool, i + 1);
    }
    assert_false(hg_pool_checkout(pool, NULL, soon(), &other, &err));
    assert_int_equal(err.code, HG_POOL_FULL);
    hg_pool_return(pool, conn);
    for (int i = 0; i < 2; i++) {
        struct call call = caller_end(callers[i]);

        assert_true(call.ok);
        hg_pool_return(pool, call.conn);
    }
    close_fake_pool(pool);
}

static void the_deadline_covers_pings_that_hang(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool;
    hg_conn *a, *b;
    struct call call;

    (void)state;
    options.settings.pre_ping = true;
    pool = fake_pool(&options);
    clock_set_fake(INT64_C(1000000000), 0);
    a = take(pool);
    b = take(pool);
    hg_pool_return(pool, a);
    hg_pool_return(pool, b);
    clock_set_fake(-1, -1); /* by the real clock, both have been idle for as long as we are up */
    fake_hold(FAKE_PING);
    fake_hold(FAKE_OPEN);
    call = caller_end(caller_start(pool, NULL, 60));
    assert_false(call.ok);
    assert_true(call.waited_ms >= 60);
    assert_true(call.waited_ms < 30000);
    fake_release_all(FAKE_PING);
    fake_release_all(FAKE_OPEN);
    close_fake_pool(pool);
}

static void a_step_of_the_wall_clock_neither_ends_a_wait_nor_prolongs_it(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);
    struct caller *caller = caller_start(pool, NULL, 80);
    struct call call;

    (void)state;
    await_waiting(pool, 1);
    clock_set_fake(-1, INT64_C(3600000));
    clock_set_fake(-1, INT64_C(99999999999999));
    call = caller_end(caller);
    assert_false(call.ok);
    assert_true(call.waited_ms >= 80);
    assert_true(call.waited_ms < 30000);
    hg_pool_return(pool, conn);
    close_fake_pool(pool);
}

struct race {
    hg_pool *pool;
    atomic_int inside, most;
    atomic_long served, late;
    atomic_bool stop;
    int limit;
};

/* Asks with deadlines so short that hand-over and timeout meet. */
static void *race_for_it(void *context)
{
    struct race *race = context;

    while (!atomic_load(&race->stop)) {
        hg_deadline by = {clock_now_ns() + 20000};
        hg_conn *conn = NULL;
        int inside;

        if (!hg_pool_checkout(race->pool, "race", by, &conn, NULL)) {
            atomic_fetch_add(&race->late, 1);
            continue;
        }
        inside = atomic_fetch_add(&race->inside, 1) + 1;
        if (inside > atomic_load(&race->most))
            atomic_store(&race->most, inside);
        sched_yield();
        atomic_fetch_sub(&race->inside, 1);
        hg_pool_return(race->pool, conn);
        atomic_fetch_add(&race->served, 1);
    }
    return NULL;
}

static void a_hand_over_that_meets_a_timeout_loses_no_connection_and_gives_none_twice(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    struct race race = {.pool = fake_pool(&options)};
    pthread_t threads[8];

    (void)state;
    hg_pool_return(race.pool, take(race.pool));
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race_for_it, &race), 0);
    while (atomic_load(&race.late) < 2000 || atomic_load(&race.served) < 20000)
        sched_yield();
    atomic_store(&race.stop, true);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    assert_in_range(atomic_load(&race.most), 1, 2);
    assert_int_equal(fake_open_peak(), 2);
    assert_status(race.pool, 2, 0, 0);
    close_fake_pool(race.pool);
}

static int64_t process_cpu_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

static void waiting_costs_no_computing(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);
    enum { WAITERS = 64 };
    struct caller *callers[WAITERS];
    int64_t before_ns, began_ns;

    (void)state;
    for (int i = 0; i < WAITERS; i++)
        callers[i] = caller_start(pool, NULL, 1000);
    await_waiting(pool, WAITERS);
    before_ns = process_cpu_ns();
    began_ns = clock_now_ns();
    for (int i = 0; i < WAITERS; i++)
        assert_false(caller_end(callers[i]).ok);
    assert_true(process_cpu_ns() - before_ns < (clock_now_ns() - began_ns) / 10);
    hg_pool_return(pool, conn);
    close_fake_pool(pool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_caller_who_finds_all_busy_is_turned_away_at_its_deadline),
        TEST(a_timeout_of_zero_tries_once),
        TEST(nobody_is_turned_away_early_when_many_arrive_at_once),
        TEST(waiters_are_served_in_order_of_arrival),
        TEST(nobody_overtakes_a_caller_who_has_waited_for_a_millisecond),
        TEST(a_failed_connect_is_the_error_of_the_caller_it_was_begun_for_and_wakes_the_next),
        TEST(a_failed_connect_gives_its_place_back),
        TEST(a_refused_password_is_everybodys_error_at_once_and_is_not_tried_again),
        TEST(on_request_a_caller_waits_until_the_server_is_back),
        TEST(a_caller_who_waited_in_vain_for_the_server_hears_why),
        TEST(while_others_hold_connections_a_failed_connect_is_no_reason_to_give_up),
        TEST(a_timeout_tells_of_the_connect_that_failed_last),
        TEST(a_connect_goes_on_when_its_caller_has_left),
        TEST(a_slow_connect_holds_nobody_up),
        TEST(a_pool_grows_although_a_return_served_the_caller_who_found_nothing),
        TEST(at_most_two_connects_are_under_way),
        TEST(an_invalidation_serves_those_who_wait_with_one_new_connection),
        TEST(a_discard_lets_a_waiter_open_another_one),
        TEST(more_callers_than_may_wait_are_turned_away_at_once),
        TEST(the_deadline_covers_pings_that_hang),
        TEST(a_step_of_the_wall_clock_neither_ends_a_wait_nor_prolongs_it),
        TEST(a_hand_over_that_meets_a_timeout_loses_no_connection_and_gives_none_twice),
        TEST(waiting_costs_no_computing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
