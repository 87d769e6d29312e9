/*
 * test_pace.c - a copy that is to leave room for others, and one that may hurry after all.
 */
#include <stdatomic.h>

#include "base/clock.h"
#include "copying.h"

/* What somebody wants, who may think again. */
struct wish {
    atomic_llong rate;
    atomic_int asked;
    int hurry_after; /* so many questions: from then on as fast as it goes; 0: never */
};

static int64_t rate_of(void *context)
{
    struct wish *wish = context;
    int asked = atomic_fetch_add(&wish->asked, 1) + 1;

    return wish->hurry_after > 0 && asked > wish->hurry_after ? 0 : atomic_load(&wish->rate);
}

static void open_rows(struct sides *sides, struct wish *wish)
{
    open_sides(sides);
    IN_SOURCE(
        sides, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) INSERT "
        "INTO t SELECT i, 'x' FROM n");
    sides->options.rate = rate_of;
    sides->options.rate_context = wish;
}

/* Four hundred rows are checked, sent and read back: twelve hundred, of which the last twentieth of
 * a second is owed to nobody. */
static void a_rate_is_not_exceeded(void **state)
{
    struct wish wish = {.rate = 2000};
    struct sides sides;
    int64_t begun;

    (void)state;
    open_rows(&sides, &wish);
    begun = clock_now_ns();
    must_copy(&sides);
    assert_true(clock_since_ms(begun) >= (3 * 400 - 2 * 100) / 2000.0 * 1000);
    assert_true(sides.result->check_ms >= 100);
    assert_true(sides.result->data_ms >= 100);
    assert_true(sides.result->verify_ms >= 100);
    close_sides(&sides);
}

/* At the rate it began with it would take hours. */
static void a_rate_may_change_while_rows_are_waiting(void **state)
{
    struct wish wish = {.rate = 1, .hurry_after = 5};
    struct sides sides;

    (void)state;
    open_rows(&sides, &wish);
    must_copy(&sides);
    assert_true(atomic_load(&wish.asked) > 5);
    assert_target(&sides, "SELECT count(*) FROM t", "400");
    close_sides(&sides);
}

static bool cancelled(void *context)
{
    return atomic_load(&((struct wish *)context)->asked) > 3;
}

static void who_waits_for_the_rate_hears_that_it_is_over(void **state)
{
    struct wish wish = {.rate = 1};
    const hg_observer observer = {NULL, cancelled, &wish};
    struct sides sides;

    (void)state;
    open_rows(&sides, &wish);
    assert_false(
        hg_copy(sides.source, sides.target, &sides.options, &observer, &sides.result, &sides.err));
    assert_int_equal(sides.err.code, HG_CANCELLED);
    close_sides(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_is_not_exceeded),
        cmocka_unit_test(a_rate_may_change_while_rows_are_waiting),
        cmocka_unit_test(who_waits_for_the_rate_hears_that_it_is_over),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
