/*
 * test_copy_tell.c - of a copy's progress a round a second is told, by the clock that the test
 * owns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "ops/copy_tell.h"

enum { TABLES = 50, ROUNDS_A_SECOND = 100, SECONDS = 30 };

static const int64_t round_ns = 1000000000 / ROUNDS_A_SECOND;

static int real_clock(void **state)
{
    (void)state;
    clock_set_fake(-1, -1);
    return 0;
}

static bool tells(struct copy_teller *t, hg_event_kind kind, const char *table, int64_t done)
{
    return copy_tells(t, &(hg_event){.kind = kind, .subject = table, .message = "", .done = done});
}

/* One round: the first tables have moved. Returns how many lines of it are told. */
static int tell_round(struct copy_teller *t, int moved, int64_t done)
{
    int lines = 0;

    for (int i = 0; i < TABLES; i++) {
        char table[16];

        snprintf(table, sizeof table, "table_%d", i);
        lines += tells(t, HG_EVENT_STEP_PROGRESS, table, i < moved ? done : 7);
    }
    return lines + tells(t, HG_EVENT_STEP_PROGRESS, "", done);
}

static void of_a_hundred_rounds_a_second_one_is_told(void **state)
{
    struct copy_teller t = COPY_TELLER_INIT;
    int rounds = 0;

    (void)state;
    for (int i = 0; i < SECONDS * ROUNDS_A_SECOND; i++) {
        clock_set_fake(1000 + i * round_ns, 0);
        rounds += tell_round(&t, TABLES, 1000 + i) > 0;
    }
    assert_int_equal(rounds, SECONDS);
    copy_teller_release(&t);
}

static void a_round_is_told_as_a_whole_however_long_it_takes(void **state)
{
    struct copy_teller t = COPY_TELLER_INIT;

    (void)state;
    clock_set_fake(1000, 0);
    assert_int_equal(tell_round(&t, TABLES, 1), TABLES + 1);
    assert_false(tells(&t, HG_EVENT_STEP_PROGRESS, "table_0", 2));
    clock_set_fake(2000000000, 0); /* the second passes in the middle of a round */
    assert_false(tells(&t, HG_EVENT_STEP_PROGRESS, "table_1", 2));
    assert_false(tells(&t, HG_EVENT_STEP_PROGRESS, "", 2));
    assert_true(tells(&t, HG_EVENT_STEP_PROGRESS, "table_0", 3));
    assert_true(tells(&t, HG_EVENT_STEP_PROGRESS, "", 3));
    copy_teller_release(&t);
}

static void tables_that_stand_still_are_told_once(void **state)
{
    struct copy_teller t = COPY_TELLER_INIT;
    int lines = 0;

    (void)state;
    for (int second = 0; second < SECONDS; second++) {
        clock_set_fake(1000 + second * INT64_C(1000000000), 0);
        lines += tell_round(&t, 2, 100 + second);
    }
    assert_int_equal(lines, TABLES + 1 + (SECONDS - 1) * 3);
    copy_teller_release(&t);
}

static void what_is_no_progress_is_told_at_once(void **state)
{
    struct copy_teller t = COPY_TELLER_INIT;

    (void)state;
    clock_set_fake(1000, 0);
    (void)tell_round(&t, TABLES, 1);
    assert_true(tells(&t, HG_EVENT_NOTE, "", 0));
    assert_true(tells(&t, HG_EVENT_STEP_DONE, "table_0", 5));
    assert_true(tells(&t, HG_EVENT_WAITING, "", 0));
    copy_teller_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(of_a_hundred_rounds_a_second_one_is_told, real_clock),
        cmocka_unit_test_teardown(a_round_is_told_as_a_whole_however_long_it_takes, real_clock),
        cmocka_unit_test_teardown(tables_that_stand_still_are_told_once, real_clock),
        cmocka_unit_test_teardown(what_is_no_progress_is_told_at_once, real_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
