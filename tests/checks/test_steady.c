/*
 * test_steady.c - readiness does not flap, and does not hide what is configuration.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checks/steady.h"

/* Samples as letters: p, w, f, F (a failure that counts at once); what is shown after each. */
static void assert_shown(const char *samples, const char *shown)
{
    struct steady s = {0};

    for (size_t i = 0; samples[i] != '\0'; i++) {
        hg_status status = samples[i] == 'p' ? HG_PASS : samples[i] == 'w' ? HG_WARN : HG_FAIL;
        hg_status got = steady_take(&s, status, samples[i] == 'F');
        char letter = got == HG_PASS ? 'p' : got == HG_WARN ? 'w' : 'f';

        if (letter != shown[i])
            fail_msg("%s: sample %zu is shown as %c, not %c", samples, i + 1, letter, shown[i]);
    }
}

static void three_bad_samples_are_a_failure_and_two_good_ones_end_it(void **state)
{
    (void)state;
    assert_shown("pfffffpp", "pwwffffp");
}

static void a_single_bad_sample_is_a_warning(void **state)
{
    (void)state;
    assert_shown("pfpffpfw", "pwpwwpww");
}

static void a_single_good_sample_does_not_end_a_failure(void **state)
{
    (void)state;
    assert_shown("pfffpfpp", "pwwffffp");
}

static void the_first_sample_counts_as_it_is(void **state)
{
    (void)state;
    assert_shown("fpp", "ffp");
    assert_shown("pp", "pp");
}

static void configuration_fails_at_once(void **state)
{
    (void)state;
    assert_shown("pFp", "pff");
}

static void the_databases_state_is_degraded_until_it_is_sure(void **state)
{
    (void)state;
    assert_int_equal(steady_db_state(HG_DB_TIMEOUT, HG_FAIL, HG_WARN), HG_DB_DEGRADED);
    assert_int_equal(steady_db_state(HG_DB_TIMEOUT, HG_FAIL, HG_FAIL), HG_DB_TIMEOUT);
    assert_int_equal(steady_db_state(HG_DB_OK, HG_PASS, HG_FAIL), HG_DB_DEGRADED);
    assert_int_equal(steady_db_state(HG_DB_OK, HG_PASS, HG_PASS), HG_DB_OK);
    assert_int_equal(steady_db_state(HG_DB_OK, HG_FAIL, HG_FAIL), HG_DB_OK); /* migrations */
    assert_int_equal(steady_db_state(HG_DB_READONLY, HG_WARN, HG_WARN), HG_DB_READONLY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_bad_samples_are_a_failure_and_two_good_ones_end_it),
        cmocka_unit_test(a_single_bad_sample_is_a_warning),
        cmocka_unit_test(a_single_good_sample_does_not_end_a_failure),
        cmocka_unit_test(the_first_sample_counts_as_it_is),
        cmocka_unit_test(configuration_fails_at_once),
        cmocka_unit_test(the_databases_state_is_degraded_until_it_is_sure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
