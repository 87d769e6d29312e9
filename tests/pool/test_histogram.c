/*
 * test_histogram.c - a pool's fine buckets as the few of a histogram.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pool/telemetry.h"

static void each_wait_counts_from_the_bound_above_it_on(void **state)
{
    static const uint64_t waits_us[] = {1, 900, 1100, 5000, 300000, 20000000, 4000000000};
    struct telemetry_counters all = {.checkouts = 9, .timeouts = 1};
    hg_pool_histogram h = {{0}};
    double sum_s = 0;

    (void)state;
    for (size_t i = 0; i < sizeof waits_us / sizeof *waits_us; i++) {
        all.waits[telemetry_bucket(waits_us[i], TELEMETRY_WAIT_BUCKETS)]++;
        sum_s += (double)waits_us[i] / 1e6;
    }
    telemetry_waits(&all, &h);
    assert_int_equal(h.count, 10); /* three did not wait */
    for (size_t b = 0; b < HG_POOL_BOUNDS; b++) {
        uint64_t within = 3;

        for (size_t i = 0; i < sizeof waits_us / sizeof *waits_us; i++)
            within += (double)waits_us[i] / 1e6 < hg_pool_wait_bound_s(b);
        assert_int_equal(h.within[b], within);
    }
    assert_true(h.sum_s > 0.87 * sum_s && h.sum_s < 1.13 * sum_s);
}

static void holds_have_an_exact_sum_and_a_bound_beyond_all_buckets(void **state)
{
    struct telemetry_counters all = {.checkouts = 4, .held_ns = 2500000000};
    hg_pool_histogram h = {{0}};

    (void)state;
    all.holds[telemetry_bucket(10, TELEMETRY_HOLD_BUCKETS)] = 2; /* ms */
    all.holds[TELEMETRY_HOLD_BUCKETS - 1] = 1;
    telemetry_holds(&all, &h);
    assert_int_equal(h.within[0], 1);
    assert_int_equal(h.within[1], 3);
    assert_int_equal(h.within[HG_POOL_BOUNDS - 1], 4);
    assert_int_equal(h.count, 4);
    assert_true(h.sum_s == 2.5);
}

/* More waits than callers: the page was read while it was written. */
static void a_histogram_never_goes_down(void **state)
{
    struct telemetry_counters all = {.checkouts = 1};
    hg_pool_histogram h = {{0}};

    (void)state;
    all.waits[0] = 3;
    telemetry_waits(&all, &h);
    assert_int_equal(h.count, 3);
    for (size_t b = 1; b < HG_POOL_BOUNDS; b++)
        assert_true(h.within[b] >= h.within[b - 1] && h.within[b] <= h.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wait_counts_from_the_bound_above_it_on),
        cmocka_unit_test(holds_have_an_exact_sum_and_a_bound_beyond_all_buckets),
        cmocka_unit_test(a_histogram_never_goes_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
