/*
 * test_playscript.c - what a script of keys says, and where it is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "console/keys.h"
#include "console/playscript.h"

static struct playscript parsed(const char *text)
{
    struct playscript script = {0};
    hg_error err = {0};

    if (!playscript_parse(text, strlen(text), "walk", &script, &err))
        fail_msg("line %d: %s", err.line, err.message);
    return script;
}

static void each_line_is_a_step(void **state)
{
    struct playscript s = parsed("# a comment\n\n  until \"2 \\\"pending\\\"\" within 0.5\r\n"
                                 "keys A Esc Space\ntype yé\npaste shop x\nsize 132x43\n"
                                 "gone \"HELP\"\npause 1.5\nprint  After it\nprint");
    static const enum playscript_verb verbs[] = {
        SCRIPT_UNTIL, SCRIPT_KEY,  SCRIPT_KEY,  SCRIPT_KEY,   SCRIPT_KEY,   SCRIPT_KEY,
        SCRIPT_PASTE, SCRIPT_SIZE, SCRIPT_GONE, SCRIPT_PAUSE, SCRIPT_PRINT, SCRIPT_PRINT};

    (void)state;
    assert_int_equal(s.count, sizeof verbs / sizeof *verbs);
    for (size_t i = 0; i < s.count; i++)
        assert_int_equal(s.steps[i].verb, verbs[i]);
    assert_string_equal(s.steps[0].text, "2 \"pending\"");
    assert_true(s.steps[0].seconds > 0.49 && s.steps[0].seconds < 0.51);
    assert_int_equal(s.steps[0].line, 3);
    assert_int_equal(s.steps[2].key, KEYS_ESCAPE);
    assert_int_equal(s.steps[3].key, ' ');
    assert_int_equal(s.steps[5].key, 0xE9);
    assert_string_equal(s.steps[6].text, "shop x");
    assert_int_equal(s.steps[7].width, 132);
    assert_int_equal(s.steps[7].height, 43);
    assert_true(s.steps[8].seconds > 9);
    assert_string_equal(s.steps[10].text, "After it");
    playscript_release(&s);
}

static void every_key_of_the_table_has_a_name_that_is_read_back(void **state)
{
    size_t count;
    const struct key_row *rows = keys_rows(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < 3 && rows[i].keys[k] != 0; k++) {
            char line[64], name[8];
            struct playscript s;

            snprintf(line, sizeof line, "keys %s", playscript_key_name(rows[i].keys[k], name));
            s = parsed(line);
            assert_int_equal(s.count, 1);
            assert_int_equal(s.steps[0].key, rows[i].keys[k]);
            playscript_release(&s);
        }
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"keys 1\nkeys Entre\n", "did you mean Enter?"},
        {"keys 1\nkeys\n", "needs a key"},
        {"\npush A\n", "\"push\" is none of keys, type"},
        {"\nuntil pending\n", "between quotes"},
        {"\nuntil \"pending\n", "not closed"},
        {"\nuntil \"\"\n", "empty"},
        {"\nuntil \"a\" in 3\n", "is not \"within\""},
        {"\nuntil \"a\" within soon\n", "not a number of seconds"},
        {"\nuntil \"a\" within 3 s\n", "more behind it"},
        {"\nsize 80\n", "not a size"},
        {"\nsize 80x24x3\n", "not a size"},
        {"\nsize 0x24\n", "not a size"},
        {"\npause -1\n", "not a number of seconds"},
        {"\ntype \xff\n", "not UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct playscript script = {0};
        hg_error err = {0};

        assert_false(playscript_parse(cases[i].text, strlen(cases[i].text), "walk", &script, &err));
        assert_int_equal(err.code, HG_USAGE);
        assert_int_equal(err.line, 2);
        if (strstr(err.message, cases[i].says) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.message, cases[i].says);
        assert_null(script.steps);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_a_step),
        cmocka_unit_test(every_key_of_the_table_has_a_name_that_is_read_back),
        cmocka_unit_test(what_is_wrong_is_said_with_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
