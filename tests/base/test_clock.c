/*
 * test_clock.c - deadlines, times as text, and what randomness promises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <headgate/types.h>

#include "base/clock.h"
#include "base/rand.h"

#define SECOND_NS INT64_C(1000000000)

static int real_clocks(void **state)
{
    (void)state;
    clock_set_fake(-1, -1);
    return 0;
}

static void a_deadline_counts_down_and_stops_at_zero(void **state)
{
    hg_deadline by;

    (void)state;
    clock_set_fake(5 * SECOND_NS, -1);
    by = hg_deadline_in_ms(1500);
    assert_int_equal(hg_deadline_left_ms(by), 1500);
    clock_set_fake(6 * SECOND_NS, -1);
    assert_int_equal(hg_deadline_left_ms(by), 500);
    clock_set_fake(6 * SECOND_NS + SECOND_NS / 2 - 1, -1);
    assert_int_equal(hg_deadline_left_ms(by), 1); /* rounded up: 0 would be "it has passed" */
    clock_set_fake(60 * SECOND_NS, -1);
    assert_int_equal(hg_deadline_left_ms(by), 0);
}

static void a_negative_time_is_now_and_an_endless_one_never(void **state)
{
    (void)state;
    clock_set_fake(5 * SECOND_NS, -1);
    assert_int_equal(hg_deadline_left_ms(hg_deadline_in_ms(-7)), 0);
    assert_true(hg_deadline_left_ms(hg_deadline_never()) == INT64_MAX);
    assert_true(hg_deadline_left_ms(hg_deadline_in_ms(INT64_MAX)) == INT64_MAX);
    assert_true(hg_deadline_left_ms(hg_deadline_in_ms(INT64_MAX / 1000000)) == INT64_MAX);
}

static void the_first_of_two_deadlines_counts(void **state)
{
    hg_deadline soon = {1}, late = {2};

    (void)state;
    assert_int_equal(hg_deadline_first(soon, late).at_ns, 1);
    assert_int_equal(hg_deadline_first(late, soon).at_ns, 1);
    assert_int_equal(hg_deadline_first(hg_deadline_never(), late).at_ns, 2);
}

static void the_monotonic_clock_goes_forward(void **state)
{
    int64_t before = clock_now_ns();

    (void)state;
    assert_true(clock_now_ns() >= before);
    assert_true(clock_since_ms(before) >= 0);
    assert_true(clock_wall_ms() > INT64_C(1600000000000));
}

static void a_faked_clock_stands_still(void **state)
{
    (void)state;
    clock_set_fake(7, 9);
    assert_int_equal(clock_now_ns(), 7);
    assert_int_equal(clock_now_ns(), 7);
    assert_int_equal(clock_wall_ms(), 9);
}

static void times_are_written_in_utc(void **state)
{
    char text[32];

    (void)state;
    assert_string_equal(clock_format_utc(INT64_C(1795413480999), text, sizeof text),
                        "2026-11-23T05:58:00Z");
    assert_string_equal(clock_format_utc(INT64_C(951782400000), text, sizeof text),
                        "2000-02-29T00:00:00Z");
    assert_string_equal(clock_format_utc(0, text, sizeof text), "");
}

static void every_day_of_the_calendar_is_written_as_the_library_of_c_does(void **state)
{
    enum { DAY_S = 24 * 60 * 60, YEARS = 700 };
    char text[32], expected[32];
    struct tm tm;

    (void)state;
    for (time_t day = -300 * 366; day < (YEARS - 300) * 366; day++) {
        time_t at = day * DAY_S + (day * 7919 % DAY_S + DAY_S) % DAY_S;

        if (at == 0)
            continue;
        assert_non_null(gmtime_r(&at, &tm));
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &tm);
        assert_string_equal(clock_format_utc((int64_t)at * 1000, text, sizeof text), expected);
    }
    assert_string_equal(clock_format_utc(-1, text, sizeof text), "1969-12-31T23:59:59Z");
}

static void random_numbers_stay_below_their_limit(void **state)
{
    bool seen[7] = {false};

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t n = rand_below(7);

        assert_in_range(n, 0, 6);
        seen[n] = true;
    }
    for (size_t i = 0; i < 7; i++)
        assert_true(seen[i]);
    assert_int_equal(rand_below(1), 0);
    assert_int_equal(rand_below(0), 0);
    assert_int_equal(rand_below(-3), 0);
}

static void a_seed_fixes_the_sequence(void **state)
{
    char first[41], second[41];

    (void)state;
    rand_seed(42);
    rand_hex(first, 40);
    rand_hex(second, 40);
    assert_string_not_equal(first, second);
    rand_seed(42);
    rand_hex(second, 40);
    assert_string_equal(first, second);
    assert_int_equal(strspn(first, "0123456789abcdef"), 40);
}

#define test(name) cmocka_unit_test_teardown(name, real_clocks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_deadline_counts_down_and_stops_at_zero),
        test(a_negative_time_is_now_and_an_endless_one_never),
        test(the_first_of_two_deadlines_counts),
        test(the_monotonic_clock_goes_forward),
        test(a_faked_clock_stands_still),
        test(times_are_written_in_utc),
        test(every_day_of_the_calendar_is_written_as_the_library_of_c_does),
        test(random_numbers_stay_below_their_limit),
        test(a_seed_fixes_the_sequence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
