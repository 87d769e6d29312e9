/*
 * test_outage.c - what a pool tells of its connects: where their time goes, and since when, how
 * often and for how long there has been no server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pool/pool_state.h"
#include "support/callers.h"
#include "support/fake_driver.h"

#define NS_PER_MS INT64_C(1000000)
#define NOON      INT64_C(1700049600000)

static void pass_to(int64_t ms)
{
    clock_set_fake((1000 + ms) * NS_PER_MS, NOON + ms);
}

static int begin(void **state)
{
    (void)state;
    fake_reset();
    pass_to(0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    clock_set_fake(-1, -1);
    return 0;
}

static hg_pool_snapshot seen;

static const hg_pool_snapshot *look(hg_pool *pool)
{
    hg_pool_inspect(pool, &seen);
    return &seen;
}

static hg_code ask(hg_pool *pool)
{
    hg_error err = {HG_OK};
    hg_conn *conn;

    if (hg_pool_checkout(pool, NULL, hg_deadline_in_ms(60000), &conn, &err))
        hg_pool_return(pool, conn);
    return err.code;
}

static const char *detail_of(hg_pool *pool, hg_pool_event_kind kind)
{
    look(pool);
    for (size_t i = seen.event_count; i-- > 0;)
        if (seen.events[i].kind == kind)
            return seen.events[i].detail;
    return NULL;
}

static void an_outage_has_a_clock(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = fake_pool(&options);

    (void)state;
    assert_int_equal(look(pool)->down_since_ms, 0);
    fake_fail_always(FAKE_OPEN, HG_UNAVAILABLE);
    assert_int_equal(ask(pool), HG_UNAVAILABLE);
    pass_to(1500);
    assert_int_equal(look(pool)->down_since_ms, NOON);
    assert_int_equal(seen.down_ms, 1500);
    assert_int_equal(ask(pool), HG_UNAVAILABLE);
    assert_int_equal(look(pool)->down_since_ms, NOON);
    assert_int_equal(seen.outages, 1);
    assert_string_equal(detail_of(pool, HG_POOL_EVENT_DOWN), "");
    assert_null(detail_of(pool, HG_POOL_EVENT_UP));
    close_fake_pool(pool);
}

static void an_outage_ends_with_the_next_connection_and_is_added_to_those_before(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = fake_pool(&options);

    (void)state;
    for (int outage = 0; outage < 2; outage++) {
        pass_to(outage * 10000);
        fake_fail_always(FAKE_OPEN, HG_UNAVAILABLE);
        assert_int_equal(ask(pool), HG_UNAVAILABLE);
        pass_to(outage * 10000 + 2500);
        fake_fail_always(FAKE_OPEN, HG_OK);
        hg_pool_discard(pool, take(pool));
        assert_int_equal(look(pool)->down_since_ms, 0);
    }
    pass_to(60000);
    assert_int_equal(look(pool)->outages, 2);
    assert_int_equal(seen.down_ms, 5000);
    assert_string_equal(detail_of(pool, HG_POOL_EVENT_UP), "after 2.5 s");
    close_fake_pool(pool);
}

static void a_failed_connect_beside_an_open_connection_is_no_outage(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = fake_pool(&options);
    struct caller *waiter;
    hg_conn *conn = take(pool);

    (void)state;
    fake_fail_always(FAKE_OPEN, HG_SATURATED);
    waiter = caller_start(pool, NULL, INT64_MAX);
    assert_true(fake_wait_count(FAKE_OPEN, 2, hg_deadline_never()));
    while (look(pool)->connect_failures == 0)
        ;
    assert_int_equal(seen.outages, 0);
    hg_pool_return(pool, conn);
    hg_pool_return(pool, caller_end(waiter).conn);
    close_fake_pool(pool);
}

/* Two addresses, the first of which is reached and then fails. */
static bool open_in_phases(const hg_url *url, const struct driver_options *options, hg_deadline by,
                           hg_conn **out_conn, hg_error *err)
{
    static const struct {
        hg_connect_phase phase;
        int64_t ms;
    } steps[] = {
        {HG_CONNECT_RESOLVE, 5}, {HG_CONNECT_TCP, 7},   {HG_CONNECT_TCP, 11},
        {HG_CONNECT_TLS, 13},    {HG_CONNECT_AUTH, 17}, {HG_CONNECT_SETUP, 19},
    };
    int64_t now_ms = 0;

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        options->on_phase(options->on_phase_context, steps[i].phase);
        pass_to(now_ms += steps[i].ms);
    }
    return fake_driver.open(url, options, by, out_conn, err);
}

static void the_time_of_opening_is_told_by_phase(void **state)
{
    static const double expected[HG_CONNECT_PHASES] = {5, 18, 13, 17, 19};
    struct driver driver = fake_driver;
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool;

    (void)state;
    driver.open = open_in_phases;
    assert_true(pool_open_with(&driver, NULL, &options, &pool, NULL));
    hg_pool_return(pool, take(pool));
    assert_int_equal(look(pool)->connection_count, 1);
    assert_memory_equal(seen.connections[0].phase_ms, expected, sizeof expected);
    hg_pool_close(pool, hg_deadline_in_ms(60000));
}

static bool hang_in_login(const hg_url *url, const struct driver_options *options, hg_deadline by,
                          hg_conn **out_conn, hg_error *err)
{
    options->on_phase(options->on_phase_context, HG_CONNECT_TCP);
    pass_to(2);
    options->on_phase(options->on_phase_context, HG_CONNECT_AUTH);
    return fake_driver.open(url, options, by, out_conn, err);
}

static void a_connect_that_hangs_shows_where(void **state)
{
    struct driver driver = fake_driver;
    hg_pool_options options = pool_of(1, 0);
    struct caller *caller;
    hg_pool *pool;

    (void)state;
    driver.open = hang_in_login;
    fake_hold(FAKE_OPEN);
    assert_true(pool_open_with(&driver, NULL, &options, &pool, NULL));
    caller = caller_start(pool, NULL, INT64_MAX);
    assert_true(fake_wait_held(FAKE_OPEN, 1, hg_deadline_never()));
    pass_to(4002);
    assert_int_equal(look(pool)->opening, 1);
    assert_int_equal(seen.connections[0].state, HG_SLOT_OPENING);
    assert_string_equal(hg_connect_phase_name(seen.connections[0].phase), "auth");
    assert_float_equal(seen.connections[0].phase_ms[HG_CONNECT_TCP], 2, 0);
    assert_float_equal(seen.connections[0].phase_ms[HG_CONNECT_AUTH], 4000, 0);
    fake_release_all(FAKE_OPEN);
    hg_pool_return(pool, caller_end(caller).conn);
    hg_pool_close(pool, hg_deadline_in_ms(60000));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_outage_has_a_clock),
        TEST(an_outage_ends_with_the_next_connection_and_is_added_to_those_before),
        TEST(a_failed_connect_beside_an_open_connection_is_no_outage),
        TEST(the_time_of_opening_is_told_by_phase),
        TEST(a_connect_that_hangs_shows_where),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
