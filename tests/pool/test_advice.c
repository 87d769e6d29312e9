/*
 * test_advice.c - what a pool's record says about its size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <headgate/pool.h>

static hg_pool_snapshot pool;

static hg_pool_advice advise(void)
{
    hg_pool_advice advice;

    hg_pool_advise(&pool, &advice);
    return advice;
}

static int begin(void **state)
{
    (void)state;
    pool = (hg_pool_snapshot){.size = 10, .max_overflow = 10};
    return 0;
}

static void a_pool_that_was_never_used_has_no_advice(void **state)
{
    (void)state;
    pool.use.level_ms[0] = 3600000;
    assert_int_equal(advise().needed, 0);
    assert_string_equal(advise().message, "20 configured, none seen in use yet");
}

static void the_need_is_what_was_ever_in_use_and_fewer_is_told_with_its_price(void **state)
{
    hg_pool_advice advice;

    (void)state;
    pool.use = (hg_pool_use){.checkouts = 10000, .hold_mean_ms = 2.5};
    pool.use.level_ms[1] = 999700;
    pool.use.level_ms[5] = 200;
    pool.use.level_ms[7] = 100;
    advice = advise();
    assert_int_equal(advice.configured, 20);
    assert_int_equal(advice.needed, 7);
    assert_int_equal(advice.fewer, 2); /* more than one was in use 0.03 % of the time */
    assert_true(advice.would_wait > 2.9 && advice.would_wait < 3.1);
    assert_string_equal(advice.message,
                        "20 configured, 7 needed; with 2, 3 callers would have waited 5.8 ms");
}

static void steady_use_leaves_nothing_to_save(void **state)
{
    (void)state;
    pool.use = (hg_pool_use){.checkouts = 10000, .hold_mean_ms = 2.5};
    pool.use.level_ms[3] = 1000000;
    assert_int_equal(advise().fewer, 0);
    assert_string_equal(advise().message, "20 configured, 3 needed");
}

static void a_pool_that_was_full_says_so_and_how_many_waited(void **state)
{
    (void)state;
    pool.size = 4;
    pool.max_overflow = 1;
    pool.use = (hg_pool_use){.checkouts = 10000, .hold_mean_ms = 2.5, .waited = 42};
    pool.use.level_ms[1] = 900000;
    pool.use.level_ms[5] = 100000;
    assert_string_equal(
        advise().message,
        "5 configured, all of them in use 10.0 % of the time; 42 callers have waited");
}

static void a_pool_without_limit_is_measured_too(void **state)
{
    (void)state;
    pool.max_overflow = -1;
    pool.use = (hg_pool_use){.checkouts = 10, .hold_mean_ms = 2.5};
    pool.use.level_ms[2] = 1000;
    assert_int_equal(advise().configured, 0);
    assert_string_equal(advise().message, "no limit, 2 needed");
}

static void levels_beyond_the_exact_ones_stand_for_their_most(void **state)
{
    (void)state;
    assert_int_equal(hg_pool_level_most(0), 0);
    assert_int_equal(hg_pool_level_most(31), 31);
    assert_int_equal(hg_pool_level_most(32), 39);
    assert_int_equal(hg_pool_level_most(HG_POOL_LEVELS - 1), HG_POOL_SLOTS_MAX);
    pool.size = 100;
    pool.use.level_ms[33] = 1000;
    assert_int_equal(advise().needed, 47);
}

static void numbers_that_a_hostile_page_may_hold_do_no_harm(void **state)
{
    (void)state;
    memset(pool.use.level_ms, 0xff, sizeof pool.use.level_ms);
    pool.use.checkouts = UINT64_MAX;
    pool.use.hold_mean_ms = 1e300;
    pool.size = HG_POOL_SLOTS_MAX;
    pool.max_overflow = HG_POOL_SLOTS_MAX;
    assert_true(memchr(advise().message, 0, sizeof advise().message) != NULL);
    assert_true(advise().needed <= HG_POOL_SLOTS_MAX);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pool_that_was_never_used_has_no_advice),
        TEST(the_need_is_what_was_ever_in_use_and_fewer_is_told_with_its_price),
        TEST(steady_use_leaves_nothing_to_save),
        TEST(a_pool_that_was_full_says_so_and_how_many_waited),
        TEST(a_pool_without_limit_is_measured_too),
        TEST(levels_beyond_the_exact_ones_stand_for_their_most),
        TEST(numbers_that_a_hostile_page_may_hold_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
