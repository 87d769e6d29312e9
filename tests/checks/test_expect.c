/*
 * test_expect.c - the grammar of expectations, and when they hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checks/expect.h"

static enum expect_answer holds(const char *text, size_t rows, const char *value)
{
    struct expectation e;

    if (!expect_parse(text, &e))
        fail_msg("<%s> was not understood", text);
    return expect_holds(&e, rows, value);
}

static void rows_are_compared_with_a_number(void **state)
{
    (void)state;
    assert_int_equal(holds("rows > 0", 0, ""), EXPECT_NO);
    assert_int_equal(holds("rows > 0", 1, ""), EXPECT_YES);
    assert_int_equal(holds("rows >= 2", 2, ""), EXPECT_YES);
    assert_int_equal(holds("rows = 3", 2, ""), EXPECT_NO);
    assert_int_equal(holds("rows != 3", 2, ""), EXPECT_YES);
    assert_int_equal(holds("rows <> 3", 3, ""), EXPECT_NO);
}

static void a_value_is_compared_as_a_number(void **state)
{
    (void)state;
    assert_int_equal(holds("value < 10", 1, "9.5"), EXPECT_YES);
    assert_int_equal(holds("value < 10", 1, "10"), EXPECT_NO);
    assert_int_equal(holds("value <= 10", 1, "10"), EXPECT_YES);
    assert_int_equal(holds("value < 10", 1, "ten"), EXPECT_NOT_A_NUMBER);
    assert_int_equal(holds("value < 10", 1, "9 lives"), EXPECT_NOT_A_NUMBER);
    assert_int_equal(holds("value < 10", 1, ""), EXPECT_NOT_A_NUMBER);
}

static void a_range_may_be_wanted_or_not(void **state)
{
    (void)state;
    assert_int_equal(holds("value not between 1 and 5", 1, "6"), EXPECT_YES);
    assert_int_equal(holds("value not between 1 and 5", 1, "5"), EXPECT_NO);
    assert_int_equal(holds("value between -2 and 5", 1, "-1"), EXPECT_YES);
    assert_int_equal(holds("rows not between 2 and 2", 2, ""), EXPECT_NO);
}

static void a_value_is_matched_with_an_expression(void **state)
{
    (void)state;
    assert_int_equal(holds("value !~ ^3\\.", 1, "3.40"), EXPECT_NO);
    assert_int_equal(holds("value !~ ^3\\.", 1, "4.0"), EXPECT_YES);
    assert_int_equal(holds("value ~ (bad|worse) things", 1, "worse things"), EXPECT_YES);
}

static void what_cannot_be_understood_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "rows",
        "rows > x",
        "rows > 1 and more",
        "value ~ (",
        "count > 1",
        "value between 1",
        "value between 5 and 1",
        "rows ~ x",
        "value !~",
        "rowsx > 1",
        "value > ",
        "value not 5",
        "value => 5",
    };
    struct expectation e = {.low = 42};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (expect_parse(wrong[i], &e))
            fail_msg("<%s> was understood", wrong[i]);
    assert_true(e.low == 42); /* untouched */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_compared_with_a_number),
        cmocka_unit_test(a_value_is_compared_as_a_number),
        cmocka_unit_test(a_range_may_be_wanted_or_not),
        cmocka_unit_test(a_value_is_matched_with_an_expression),
        cmocka_unit_test(what_cannot_be_understood_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
