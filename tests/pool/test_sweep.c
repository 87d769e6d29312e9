/*
 * test_sweep.c - the pool's rules about age, idleness, growth and trying again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool/retry.h"
#include "pool/sweep.h"

#define MS INT64_C(1000000)

static struct sweep_view idle_for(int64_t ms)
{
    return (struct sweep_view){
        .now_ns = 1000000 * MS, .idle_since_ns = (1000000 - ms) * MS, .expires_ns = INT64_MAX};
}

static void idleness_decides_how_closely_a_connection_is_looked_at(void **state)
{
    struct sweep_view view = idle_for(10);

    (void)state;
    assert_int_equal(sweep_checkout(&view), SWEEP_USE);
    view = idle_for(11);
    assert_int_equal(sweep_checkout(&view), SWEEP_POLL);
    view.pre_ping = true;
    assert_int_equal(sweep_checkout(&view), SWEEP_POLL);
    view = idle_for(30001);
    assert_int_equal(sweep_checkout(&view), SWEEP_POLL);
    view.pre_ping = true;
    assert_int_equal(sweep_checkout(&view), SWEEP_PING);
}

static void what_answered_while_idle_needs_no_other_ping(void **state)
{
    struct sweep_view view = idle_for(50000);

    (void)state;
    view.pre_ping = true;
    view.answered_ns = view.now_ns - 30000 * MS;
    assert_int_equal(sweep_checkout(&view), SWEEP_POLL);
    view.answered_ns -= 1;
    assert_int_equal(sweep_checkout(&view), SWEEP_PING);
    assert_true(sweep_ping_due(view.idle_since_ns, view.answered_ns) <= view.now_ns);
    assert_true(sweep_ping_due(view.now_ns, view.answered_ns) > view.now_ns);
}

static void the_replacement_begins_a_twentieth_of_a_life_before_the_end(void **state)
{
    (void)state;
    assert_int_equal(sweep_renewal_due(2000 * MS, 1000), 1950 * MS);
    assert_int_equal(sweep_renewal_due(INT64_MAX, -1), INT64_MAX);
}

static void after_one_was_found_dead_those_returned_before_are_looked_at(void **state)
{
    struct sweep_view view = idle_for(2);

    (void)state;
    view.suspect_ns = view.idle_since_ns + MS;
    assert_int_equal(sweep_checkout(&view), SWEEP_POLL);
    view.suspect_ns = view.idle_since_ns - MS;
    assert_int_equal(sweep_checkout(&view), SWEEP_USE);
}

static void what_is_old_or_outdated_is_replaced_wherever_it_is_met(void **state)
{
    struct sweep_view view = idle_for(0);

    (void)state;
    view.expires_ns = view.now_ns;
    assert_int_equal(sweep_checkout(&view), SWEEP_RECYCLE);
    assert_int_equal(sweep_return(&view), SWEEP_RECYCLE);
    view.outdated = true;
    assert_int_equal(sweep_checkout(&view), SWEEP_STALE);
    assert_int_equal(sweep_return(&view), SWEEP_STALE);
}

static void lifetimes_of_what_was_opened_together_are_spread_over_a_tenth(void **state)
{
    (void)state;
    assert_int_equal(sweep_expiry(5 * MS, 1000, 0.0), 1005 * MS);
    assert_int_equal(sweep_expiry(5 * MS, 1000, 0.5), 955 * MS);
    assert_true(sweep_expiry(5 * MS, 1000, 0.999) > 905 * MS);
    assert_int_equal(sweep_expiry(5 * MS, -1, 0.5), INT64_MAX);
    assert_int_equal(sweep_expiry(5 * MS, INT64_MAX, 0.5), INT64_MAX);
}

static void connects_follow_the_waiters_two_at_a_time_within_the_limit(void **state)
{
    (void)state;
    assert_int_equal(sweep_connects(&(struct sweep_demand){.waiting = 0, .limit = 5}), 0);
    assert_int_equal(sweep_connects(&(struct sweep_demand){.waiting = 1, .limit = 5}), 1);
    assert_int_equal(sweep_connects(&(struct sweep_demand){.waiting = 9, .limit = 5}), 2);
    assert_int_equal(sweep_connects(&(struct sweep_demand){.waiting = 9, .opening = 1, .limit = 5}),
                     1);
    assert_int_equal(sweep_connects(&(struct sweep_demand){.waiting = 1, .opening = 1, .limit = 5}),
                     0);
    assert_int_equal(sweep_connects(&(struct sweep_demand){.waiting = 9, .open = 5, .limit = 5}),
                     0);
    assert_int_equal(
        sweep_connects(&(struct sweep_demand){.waiting = 9, .open = 4, .opening = 1, .limit = 5}),
        0);
}

static void a_pool_that_is_to_grow_grows_whoever_waits_by_now(void **state)
{
    (void)state;
    assert_int_equal(sweep_connects(&(struct sweep_demand){.growth = 1, .limit = 5}), 1);
    assert_int_equal(
        sweep_connects(&(struct sweep_demand){.growth = 3, .open = 4, .opening = 0, .limit = 5}),
        1);
    assert_int_equal(
        sweep_connects(&(struct sweep_demand){.growth = 3, .open = 4, .opening = 1, .limit = 5}),
        0);
}

static void after_a_failure_one_connect_is_tried_at_a_time(void **state)
{
    struct sweep_demand demand = {.waiting = 9, .limit = 5, .failures = 1};

    (void)state;
    assert_int_equal(sweep_connects(&demand), 1);
    demand.opening = 1;
    assert_int_equal(sweep_connects(&demand), 0);
}

static void pauses_between_connects_double_up_to_what_the_connect_costs(void **state)
{
    (void)state;
    assert_int_equal(retry_connect_pause_ns(1, 0, 0.0), 8 * MS);
    assert_int_equal(retry_connect_pause_ns(1, 0, 0.5), 10 * MS);
    assert_int_equal(retry_connect_pause_ns(9, 0, 0.5), 10 * MS);
    assert_int_equal(retry_connect_pause_ns(2, 5 * MS, 0.5), 20 * MS);
    assert_int_equal(retry_connect_pause_ns(9, 5 * MS, 0.5), 25 * MS);
    assert_int_equal(retry_connect_pause_ns(9, 20 * MS, 0.5), 100 * MS);
    assert_int_equal(retry_connect_pause_ns(9, 60000 * MS, 0.5), 250 * MS);
    assert_true(retry_connect_pause_ns(1000000, 60000 * MS, 0.999) < 300 * MS);
}

static void only_work_that_others_were_in_the_way_of_is_repeated(void **state)
{
    (void)state;
    assert_true(retry_work(HG_SERIALIZATION, 1, 3));
    assert_true(retry_work(HG_SERIALIZATION, 2, 3));
    assert_false(retry_work(HG_SERIALIZATION, 3, 3));
    assert_false(retry_work(HG_CONSTRAINT, 1, 3));
    assert_false(retry_work(HG_LOST, 1, 3)); /* it may have been committed */
    assert_in_range(retry_work_pause_ns(1, 0.5), 2 * MS, 5 * MS);
    assert_in_range(retry_work_pause_ns(3, 0.5), 10 * MS, 20 * MS);
    assert_in_range(retry_work_pause_ns(100, 0.999), 250 * MS, 500 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idleness_decides_how_closely_a_connection_is_looked_at),
        cmocka_unit_test(what_answered_while_idle_needs_no_other_ping),
        cmocka_unit_test(the_replacement_begins_a_twentieth_of_a_life_before_the_end),
        cmocka_unit_test(after_one_was_found_dead_those_returned_before_are_looked_at),
        cmocka_unit_test(what_is_old_or_outdated_is_replaced_wherever_it_is_met),
        cmocka_unit_test(lifetimes_of_what_was_opened_together_are_spread_over_a_tenth),
        cmocka_unit_test(connects_follow_the_waiters_two_at_a_time_within_the_limit),
        cmocka_unit_test(a_pool_that_is_to_grow_grows_whoever_waits_by_now),
        cmocka_unit_test(after_a_failure_one_connect_is_tried_at_a_time),
        cmocka_unit_test(pauses_between_connects_double_up_to_what_the_connect_costs),
        cmocka_unit_test(only_work_that_others_were_in_the_way_of_is_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
