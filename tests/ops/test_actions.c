/*
 * test_actions.c - the safety rule: what an action needs, where.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "ops/actions.h"

static enum consent consent(const char *name, bool production, bool read_only)
{
    return action_consent(action_find(name), production, read_only);
}

static void looking_needs_no_consent_anywhere(void **state)
{
    (void)state;
    assert_int_equal(consent("status", true, true), CONSENT_NONE);
    assert_int_equal(consent("history", true, false), CONSENT_NONE);
}

static void a_change_in_production_needs_the_name_typed(void **state)
{
    (void)state;
    assert_int_equal(consent("up", true, false), CONSENT_TYPED);
    assert_int_equal(consent("down", true, false), CONSENT_TYPED);
    assert_int_equal(consent("reset", true, false), CONSENT_TYPED);
    assert_int_equal(consent("stamp", true, false), CONSENT_TYPED);
    assert_int_equal(consent("init", true, false), CONSENT_TYPED);
}

static void in_development_only_what_destroys_asks(void **state)
{
    (void)state;
    assert_int_equal(consent("up", false, false), CONSENT_NONE);
    assert_int_equal(consent("down", false, false), CONSENT_NONE);
    assert_int_equal(consent("reset", false, false), CONSENT_YES);
}

static void the_parts_of_a_command_have_dangers_of_their_own(void **state)
{
    const struct action *pools = action_find("pools");
    size_t count;

    (void)state;
    assert_int_equal(action_parts(pools, &count)->danger, DANGER_CHANGES);
    assert_int_equal(count, 5);
    assert_int_equal(action_consent(pools, true, true), CONSENT_NONE);
    assert_int_equal(action_consent(action_part(pools, "pause"), true, false), CONSENT_TYPED);
    assert_int_equal(action_consent(action_part(pools, "pause"), false, false), CONSENT_NONE);
    assert_int_equal(action_consent(action_part(pools, "drain"), false, false), CONSENT_YES);
    assert_int_equal(action_consent(action_part(pools, "pause"), false, true), CONSENT_NEVER);
    assert_null(action_part(pools, "stop"));
    assert_null(action_part(action_find("up"), "pause"));
    action_parts(action_find("up"), &count);
    assert_int_equal(count, 0);
}

static void read_only_refuses_every_change(void **state)
{
    hg_error err = {0};

    (void)state;
    assert_int_equal(consent("up", false, true), CONSENT_NEVER);
    assert_false(action_refuse(action_find("up"), CONSENT_NEVER, "app", &err));
    assert_int_equal(hg_code_exit_status(err.code), 4);
}

static void a_refusal_says_how_to_consent(void **state)
{
    hg_error err = {0};

    (void)state;
    action_refuse(action_find("up"), CONSENT_TYPED, "shop", &err);
    assert_int_equal(hg_code_exit_status(err.code), 4);
    assert_non_null(strstr(err.hint, "--confirm shop"));
    action_refuse(action_find("reset"), CONSENT_YES, "shop", &err);
    assert_non_null(strstr(err.hint, "--yes"));
}

static void only_the_exact_name_confirms(void **state)
{
    (void)state;
    assert_true(action_typed_matches("shop", "shop"));
    assert_false(action_typed_matches("Shop", "shop"));
    assert_false(action_typed_matches("", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looking_needs_no_consent_anywhere),
        cmocka_unit_test(a_change_in_production_needs_the_name_typed),
        cmocka_unit_test(in_development_only_what_destroys_asks),
        cmocka_unit_test(the_parts_of_a_command_have_dangers_of_their_own),
        cmocka_unit_test(read_only_refuses_every_change),
        cmocka_unit_test(a_refusal_says_how_to_consent),
        cmocka_unit_test(only_the_exact_name_confirms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
