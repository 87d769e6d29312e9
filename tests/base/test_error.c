/*
 * test_error.c - the error value: codes, message, place, and the excerpt under which a caret
 * stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <headgate/error.h>

#include "base/secret.h"
#include "base/text.h"

static void every_code_has_a_name_of_its_own_and_a_meaning(void **state)
{
    (void)state;
    for (int i = 0; i < HG_CODE_COUNT; i++) {
        const char *name = hg_code_name((hg_code)i);

        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
        assert_string_not_equal(hg_code_meaning((hg_code)i), "");
        for (int j = 0; j < i; j++)
            assert_string_not_equal(name, hg_code_name((hg_code)j));
    }
}

static void a_name_is_its_constant_in_lower_case(void **state)
{
#define CODE_NAME(name, exit_status, retryable, meaning) #name,
    static const char *const constants[] = {HG_CODE_TABLE(CODE_NAME)};
#undef CODE_NAME

    (void)state;
    for (int i = 0; i < HG_CODE_COUNT; i++) {
        char upper[40];
        size_t n;

        snprintf(upper, sizeof upper, "HG_%s", hg_code_name((hg_code)i));
        n = strlen(upper);
        for (size_t j = 3; j < n; j++)
            upper[j] = (char)(upper[j] >= 'a' && upper[j] <= 'z' ? upper[j] - 32 : upper[j]);
        assert_string_equal(upper, constants[i]);
    }
}

static void exit_statuses_are_those_of_the_contract(void **state)
{
    (void)state;
    assert_int_equal(hg_code_exit_status(HG_OK), 0);
    assert_int_equal(hg_code_exit_status(HG_SQL), 1);
    assert_int_equal(hg_code_exit_status(HG_CONFIG), 2);
    assert_int_equal(hg_code_exit_status(HG_UNAVAILABLE), 3);
    assert_int_equal(hg_code_exit_status(HG_REFUSED), 4);
    assert_int_equal(hg_code_exit_status(HG_LOCKED), 5);
    assert_int_equal(hg_code_exit_status(HG_CANCELLED), 130);
    assert_int_equal(hg_code_exit_status((hg_code)999), 1);
    assert_true(hg_code_retryable(HG_SERIALIZATION));
    assert_false(hg_code_retryable(HG_AUTH));
}

static void failing_fills_the_error_and_says_false(void **state)
{
    hg_error err;

    (void)state;
    memset(&err, 0x5A, sizeof err);
    assert_false(hg_fail(&err, HG_IO, "could not read \"%s\"", "x"));
    assert_int_equal(err.code, HG_IO);
    assert_string_equal(err.message, "could not read \"x\"");
    assert_string_equal(err.hint, "");
    assert_string_equal(err.file, "");
    assert_int_equal(err.line, 0);
}

static void nobody_needs_to_want_the_error(void **state)
{
    (void)state;
    assert_false(hg_fail(NULL, HG_IO, "x"));
    hg_error_context(NULL, "x");
    hg_error_hint(NULL, "x");
    hg_error_sqlstate(NULL, "40001");
    hg_error_place(NULL, "x", 1, 1);
    hg_error_excerpt(NULL, "x", 1, 0);
}

static void context_goes_in_front_and_the_first_hint_stays(void **state)
{
    hg_error err;

    (void)state;
    hg_fail(&err, HG_SQL, "no such table");
    hg_error_hint(&err, "Run headgate %s.", "up");
    hg_error_hint(&err, "Something else.");
    hg_error_context(&err, "statement %d", 2);
    hg_error_context(&err, "revision \"%s\"", "3f");
    assert_string_equal(err.message, "revision \"3f\": statement 2: no such table");
    assert_string_equal(err.hint, "Run headgate up.");
    assert_int_equal(err.code, HG_SQL);
}

static void only_five_characters_are_a_sqlstate(void **state)
{
    hg_error err;

    (void)state;
    hg_fail(&err, HG_SQL, "x");
    hg_error_sqlstate(&err, "40001");
    assert_string_equal(err.sqlstate, "40001");
    hg_error_sqlstate(&err, "4000");
    assert_string_equal(err.sqlstate, "");
    hg_error_sqlstate(&err, NULL);
    assert_string_equal(err.sqlstate, "");
}

static void a_message_too_long_is_cut_between_characters(void **state)
{
    char text[3000];
    hg_error err;

    (void)state;
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xC3\xA9", 3);
    hg_fail(&err, HG_SQL, "%s", text);
    assert_true(text_valid(err.message, strlen(err.message)));
    assert_in_range(strlen(err.message), 600, sizeof err.message - 1);
    hg_error_context(&err, "%s", text);
    assert_true(text_valid(err.message, strlen(err.message)));
}

static void known_secrets_become_stars_in_every_text(void **state)
{
    struct secret *s = secret_new("hush-hush", 9);
    static const char line[] = "ALTER ROLE app PASSWORD 'hush-hush';";
    hg_error err;

    (void)state;
    hg_fail(&err, HG_SQL, "near hush-hush");
    hg_error_hint(&err, "Not hush-hush.");
    hg_error_context(&err, "hush-hush");
    hg_error_excerpt(&err, line, sizeof line - 1, 6);
    assert_string_equal(err.message, "***: near ***");
    assert_string_equal(err.hint, "Not ***.");
    assert_null(strstr(err.excerpt, "hush"));
    secret_free(s);
}

static void an_excerpt_does_not_show_half_a_secret(void **state)
{
    struct secret *s = secret_new("hush-hush-hush", 14);
    char line[400];
    hg_error err;

    (void)state;
    for (size_t at = 60; at < 200; at++) {
        memset(line, 'x', sizeof line);
        memcpy(line + at, "hush-hush-hush", 14);
        hg_fail(&err, HG_SQL, "x");
        hg_error_excerpt(&err, line, sizeof line, 130);
        assert_null(strstr(err.excerpt, "hu"));
    }
    secret_free(s);
}

static void the_excerpt_is_the_line_with_the_fault_in_it(void **state)
{
    static const char text[] = "first\n\tSELEC 1;\r\nlast";
    hg_error err;

    (void)state;
    hg_fail(&err, HG_SQL, "syntax error");
    hg_error_excerpt(&err, text, sizeof text - 1, 7);
    assert_string_equal(err.excerpt, " SELEC 1;");
    assert_int_equal(err.excerpt_column, 2);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 2);
}

static void a_place_that_is_known_is_kept(void **state)
{
    hg_error err;

    (void)state;
    hg_fail(&err, HG_SQL, "x");
    hg_error_place(&err, "a.sql", 12, 3);
    hg_error_excerpt(&err, "SELECT", 6, 2);
    assert_string_equal(err.file, "a.sql");
    assert_int_equal(err.line, 12);
    assert_int_equal(err.column, 3);
    assert_int_equal(err.excerpt_column, 3);
    hg_error_place(&err, NULL, 0, 0);
    assert_string_equal(err.file, "");
}

static void a_long_line_is_cut_around_the_fault(void **state)
{
    char line[1000];
    hg_error err;

    (void)state;
    for (size_t i = 0; i < sizeof line; i += 2)
        memcpy(line + i, "\xC3\xA9", 2);
    memcpy(line + 500, "!!", 2);
    for (size_t offset = 0; offset <= sizeof line; offset += 2) {
        hg_fail(&err, HG_SQL, "x");
        hg_error_excerpt(&err, line, sizeof line, offset);
        assert_true(text_valid(err.excerpt, strlen(err.excerpt)));
        assert_in_range(err.excerpt_column, 1, 80);
        if (offset == 500)
            assert_int_equal(err.column, 251);
    }
}

static void an_offset_behind_the_text_has_no_excerpt(void **state)
{
    hg_error err;

    (void)state;
    hg_fail(&err, HG_SQL, "x");
    hg_error_excerpt(&err, "abc", 3, 4);
    assert_string_equal(err.excerpt, "");
    hg_error_excerpt(&err, "abc", 3, 3);
    assert_int_equal(err.excerpt_column, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_name_of_its_own_and_a_meaning),
        cmocka_unit_test(a_name_is_its_constant_in_lower_case),
        cmocka_unit_test(exit_statuses_are_those_of_the_contract),
        cmocka_unit_test(failing_fills_the_error_and_says_false),
        cmocka_unit_test(nobody_needs_to_want_the_error),
        cmocka_unit_test(context_goes_in_front_and_the_first_hint_stays),
        cmocka_unit_test(only_five_characters_are_a_sqlstate),
        cmocka_unit_test(a_message_too_long_is_cut_between_characters),
        cmocka_unit_test(known_secrets_become_stars_in_every_text),
        cmocka_unit_test(an_excerpt_does_not_show_half_a_secret),
        cmocka_unit_test(the_excerpt_is_the_line_with_the_fault_in_it),
        cmocka_unit_test(a_place_that_is_known_is_kept),
        cmocka_unit_test(a_long_line_is_cut_around_the_fault),
        cmocka_unit_test(an_offset_behind_the_text_has_no_excerpt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
