/*
 * test_dotenv.c - .env text as python-dotenv reads it, and where a fault in it stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "settings/dotenv.h"

static const char *environment(void *context, const char *name)
{
    (void)context;
    if (strcmp(name, "HOME") == 0)
        return "/home/app";
    return strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

static bool parse(const char *text, struct dotenv *out, hg_error *err)
{
    return dotenv_parse(text, strlen(text), ".env", environment, NULL, out, err);
}

struct good {
    const char *text, *value; /* of A; NULL: A has no value */
};

static void assert_values(const struct good *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct dotenv entries = DOTENV_INIT;
        const struct dotenv_entry *a;
        hg_error err = {HG_OK};

        if (!parse(cases[i].text, &entries, &err))
            fail_msg("<%s>: %s", cases[i].text, err.message);
        a = dotenv_find(&entries, "A");
        assert_non_null(a);
        if (cases[i].value == NULL)
            assert_null(a->value);
        else
            assert_string_equal(a->value, cases[i].value);
        dotenv_release(&entries);
    }
}

static void unquoted_values_end_at_the_line_or_a_comment(void **state)
{
    static const struct good cases[] = {
        {"A=b", "b"},
        {"A = b c ", "b c"},
        {"  export\tA=b\n", "b"},
        {"A=", ""},
        {"A=\nB=1", ""},
        {"A", NULL},
        {"A # comment", NULL},
        {"A=b#c", "b#c"},
        {"A=b #c", "b"},
        {"A=b\t# c # d", "b"},
        {"A=#b", "#b"},
        {"A= # b", "# b"},
        {"A=b=c", "b=c"},
        {"A=b\\n\"c'", "b\\n\"c'"},
        {"A=b\r\nB=c\r\n", "b"},
        {"A=b\rB=c", "b"},
        {"\xEF\xBB\xBF"
         "A=b",
         "b"},
        {"A=b\xC2\xA0", "b"},
        {"# A=c\n\n   # x\nA=b", "b"},
        {"A=b\nA=c", "c"},
        {"'A'=b", "b"},
        {"A=\xC3\xA9", "\xC3\xA9"},
    };

    (void)state;
    assert_values(cases, sizeof cases / sizeof *cases);
}

static void quotes_keep_spaces_and_know_their_escapes(void **state)
{
    static const struct good cases[] = {
        {"A=\" b # c \" # d", " b # c "},
        {"A=' b # c '", " b # c "},
        {"A=''", ""},
        {"A=\"b\\n\\t\\\"\\\\\\'\\x\"", "b\n\t\"\\'\\x"},
        {"A='b\\n\\'\\\\'", "b\\n'\\"},
        {"A='say \"b\"'", "say \"b\""},
        {"A=\"b\nc\r\nd\re\"\nB=1", "b\nc\nd\ne"},
        {"A=\"\\a\\b\\f\\r\\v\"", "\a\b\f\r\v"},
    };

    (void)state;
    assert_values(cases, sizeof cases / sizeof *cases);
}

static void a_name_in_braces_stands_for_the_environment_or_a_line_above(void **state)
{
    static const struct good cases[] = {
        {"A=${HOME}/x", "/home/app/x"}, {"HOME=other\nA=${HOME}", "/home/app"},
        {"B=1\nA=${B}${B}", "11"},      {"A=${B}\nB=1", ""},
        {"A=1\nA=${A}2", "12"},         {"A=${A:-1}", "1"},
        {"A=${NONE:-a b}", "a b"},      {"A=${NONE:-}", ""},
        {"A=${EMPTY:-b}", ""},          {"A=\"${HOME}\\n\"", "/home/app\n"},
        {"A='${HOME}'", "/home/app"},   {"A=$HOME ${HOME", "$HOME ${HOME"},
        {"A=${HOME:+x}", "${HOME:+x}"}, {"A=${}", ""},
        {"B\nA=${B:-x}", ""},
    };

    (void)state;
    assert_values(cases, sizeof cases / sizeof *cases);
}

struct bad {
    const char *text;
    int line, column;
    const char *says, *excerpt;
};

static void a_fault_has_a_place_and_shows_no_secret(void **state)
{
    // clang-format off
    static const struct bad cases[] = {
        {"A=1\nB=\"x\n", 2, 3, "quote of B", "B=\"x"},
        {"A='x' y", 1, 7, "closing quote of A", "A='x' y"},
        {"A=1\n\xC3\xA9=\"x\" y", 2, 7, "closing quote of this name", ""},
        {"DB_PASSWORD=\"hush\"hush", 1, 19, "closing quote of DB_PASSWORD", ""},
        {"DATABASE_URL='hu'sh", 1, 18, "closing quote of DATABASE_URL", ""},
        {"B='http://a:hush@b' hush", 1, 21, "closing quote of B", ""},
        {"TOKEN='hush", 1, 7, "quote of TOKEN", ""},
        {"B C=hush", 1, 3, "\"=\" is missing behind B", ""},
        {"hu+sh word", 1, 7, "\"=\" is missing behind this name", ""},
        {"A=1\n=hush", 2, 1, "name is missing", ""},
        {"A=1\nexport ", 2, 8, "name is missing", ""},
        {"'B=hush", 1, 1, "quoted name", ""},
        {"''=hush", 1, 1, "quoted name", ""},
        {"A=1\nB=\xFFhush", 2, 3, "not UTF-8", ""},
    };
    // clang-format on

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dotenv entries = DOTENV_INIT;
        hg_error err = {HG_OK};

        if (parse(cases[i].text, &entries, &err))
            fail_msg("<%s> was understood", cases[i].text);
        assert_int_equal(err.code, HG_CONFIG);
        assert_string_equal(err.file, ".env");
        if (err.line != cases[i].line || err.column != cases[i].column
            || strstr(err.message, cases[i].says) == NULL)
            fail_msg("<%s>: %d:%d %s", cases[i].text, err.line, err.column, err.message);
        assert_string_equal(err.excerpt, cases[i].excerpt);
        assert_null(strstr(err.message, "hu"));
        assert_int_equal(entries.count, 0);
    }
}

static void a_binary_file_is_refused_at_its_first_zero_byte(void **state)
{
    static const char text[] = "A=1\nB=\0x";
    struct dotenv entries = DOTENV_INIT;
    hg_error err;

    (void)state;
    assert_false(dotenv_parse(text, sizeof text - 1, ".env", NULL, NULL, &entries, &err));
    assert_int_equal(err.code, HG_CONFIG);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 3);
}

static void an_entry_knows_where_it_and_its_value_stand(void **state)
{
    struct dotenv entries = DOTENV_INIT;
    const struct dotenv_entry *e;

    (void)state;
    assert_true(parse("A=\"1\n2\"\n\n export  B = 'x'\nC=${A}\nD=\"\\n\"", &entries, NULL));
    e = dotenv_find(&entries, "A");
    assert_int_equal(e->line, 1);
    assert_false(e->verbatim);
    e = dotenv_find(&entries, "B");
    assert_int_equal(e->line, 4);
    assert_int_equal(e->value_line, 4);
    assert_int_equal(e->value_column, 15);
    assert_true(e->verbatim);
    assert_false(dotenv_find(&entries, "C")->verbatim);
    assert_false(dotenv_find(&entries, "D")->verbatim);
    assert_null(dotenv_find(&entries, "E"));
    dotenv_release(&entries);
}

static void values_that_double_with_every_line_are_stopped(void **state)
{
    char text[64 * 40], *to = text;
    struct dotenv entries = DOTENV_INIT;
    hg_error err;

    (void)state;
    to += sprintf(to, "A0=0123456789\n");
    for (int i = 1; i < 60; i++)
        to += sprintf(to, "A%d=${A%d}${A%d}\n", i, i - 1, i - 1);
    assert_false(parse(text, &entries, &err));
    assert_int_equal(err.code, HG_CONFIG);
    assert_in_range(err.line, 10, 30);
}

static void names_of_secrets_are_known(void **state)
{
    (void)state;
    assert_true(dotenv_name_is_secret("DB_PASSWORD"));
    assert_true(dotenv_name_is_secret("DATABASE_URL"));
    assert_true(dotenv_name_is_secret("aws_secret_access_key"));
    assert_true(dotenv_name_is_secret("SENTRY_DSN"));
    assert_false(dotenv_name_is_secret("DB_POOL_SIZE"));
    assert_false(dotenv_name_is_secret("ENV"));
}

static void no_allocation_that_fails_leaks_or_crashes(void **state)
{
    static const char text[] = "A=1\nB=\"${A:-x}\n\"\n'C'\nexport D='${HOME}${A}' # x\n";
    bool ok = false;
    long n;

    (void)state;
    for (n = 1; !ok; n++) {
        struct dotenv entries = DOTENV_INIT;
        hg_error err = {HG_OK};

        alloc_fail_at(n);
        ok = parse(text, &entries, &err);
        alloc_fail_at(0);
        assert_int_equal(err.code, ok ? HG_OK : HG_NOMEM);
        dotenv_release(&entries);
    }
    assert_in_range(n, 10, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unquoted_values_end_at_the_line_or_a_comment),
        cmocka_unit_test(quotes_keep_spaces_and_know_their_escapes),
        cmocka_unit_test(a_name_in_braces_stands_for_the_environment_or_a_line_above),
        cmocka_unit_test(a_fault_has_a_place_and_shows_no_secret),
        cmocka_unit_test(a_binary_file_is_refused_at_its_first_zero_byte),
        cmocka_unit_test(an_entry_knows_where_it_and_its_value_stand),
        cmocka_unit_test(values_that_double_with_every_line_are_stopped),
        cmocka_unit_test(names_of_secrets_are_known),
        cmocka_unit_test(no_allocation_that_fails_leaks_or_crashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
