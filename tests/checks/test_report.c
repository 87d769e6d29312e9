/*
 * test_report.c - the worst result wins, and no evidence is no pass.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checks/report.h"

static hg_status worst(hg_status a, hg_status b)
{
    const hg_check_result results[] = {{.status = a}, {.status = b}};

    return report_worst(results, 2);
}

static void the_worst_wins(void **state)
{
    (void)state;
    assert_int_equal(worst(HG_PASS, HG_PASS), HG_PASS);
    assert_int_equal(worst(HG_PASS, HG_WARN), HG_WARN);
    assert_int_equal(worst(HG_UNKNOWN, HG_WARN), HG_UNKNOWN);
    assert_int_equal(worst(HG_UNKNOWN, HG_FAIL), HG_FAIL);
}

static void a_skip_does_not_count(void **state)
{
    (void)state;
    assert_int_equal(worst(HG_SKIP, HG_PASS), HG_PASS);
}

static void nothing_looked_at_is_not_a_pass(void **state)
{
    (void)state;
    assert_int_equal(report_worst(NULL, 0), HG_UNKNOWN);
}

static void readiness_is_pass_warn_or_fail(void **state)
{
    const hg_check_result unknown[] = {{.status = HG_PASS}, {.status = HG_UNKNOWN}};
    const hg_check_result failed[] = {{.status = HG_UNKNOWN}, {.status = HG_FAIL}};

    (void)state;
    assert_int_equal(report_readiness(unknown, 2), HG_WARN);
    assert_int_equal(report_readiness(failed, 2), HG_FAIL);
    assert_int_equal(report_readiness(unknown, 1), HG_PASS);
    assert_int_equal(report_readiness(NULL, 0), HG_WARN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_wins),
        cmocka_unit_test(a_skip_does_not_count),
        cmocka_unit_test(nothing_looked_at_is_not_a_pass),
        cmocka_unit_test(readiness_is_pass_warn_or_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
