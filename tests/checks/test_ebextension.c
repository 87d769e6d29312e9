/*
 * test_ebextension.c - configuration files of Elastic Beanstalk, read as it reads them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "checks/ebextension.h"

#define PROPERTY "option_settings/aws:elasticbeanstalk:application:environment/"

struct row {
    const char *text, *path, *value; /* value NULL: the text is refused, path says why */
};

static const struct row rows[] = {
    {"a: b\n", "a", "b"},
    {"a: b", "a", "b"},
    {"---\n# note\na:   b   # note\n", "a", "b"},
    {"a: \"b # c\"\n", "a", "b # c"},
    {"a: 'it: is'\n", "a", "it: is"},
    {"a: b#c\n", "a", "b#c"},
    {"a:\n  b:\n    c: d\n  e: f\n", "a/e", "f"},
    {"a:\n  b:\n    c: d\ne: f\n", "e", "f"},
    {"a: { b: c, \"d\": \"e\" }\n", "a/d", "e"},
    {"a:\n  - b\n  - c\n", "a/1", "c"},
    {"a:\n- b: c\n  d: e\n- b: f\n", "a/1/b", "f"},
    {"a:\n- b: c\n  d: e\n- b: f\n", "a/0/d", "e"},
    {"a: |\n  text: with\n  \tanything {\nb: c\n", "b", "c"},
    {"option_settings:\n  aws:x:\n    B: \"1\"\n", "option_settings/aws:x/B", "1"},
    {"option_settings:\n  - namespace: aws:x\n    option_name: B\n    value: 1\n",
     "option_settings/aws:x/B", "1"},
    {"option_settings:\n  - option_name: ENV\n    value: production\n", PROPERTY "ENV",
     "production"},
    {"a: arn:aws:secretsmanager:R:1:secret:N\n", "a", "arn:aws:secretsmanager:R:1:secret:N"},
    {"\ta: b\n", "tab", NULL},
    {"a:\n\tb: c\n", "tab", NULL},
    {"a: b\na: c\n", "twice", NULL},
    {"a:\n  b: 1\na:\n  c: 1\n", "twice", NULL},
    {"a: \"b\n", "not closed", NULL},
    {"a: { b: c\n", "not closed", NULL},
    {"a: { b }\n", "behind a key", NULL},
    {"just words\n", "behind a key", NULL},
    {"a: b: c\n", "quoted", NULL},
    {"a: @b\n", "quoted", NULL},
    {"a:\n    b: 1\n  c: 2\n", "indented", NULL},
    {"option_settings:\n  - option_name: ENV\n", "without a value", NULL},
};

static void files_are_understood_or_refused_with_the_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = ARENA_INIT;
        struct eb_file file = {0};
        hg_error err = {0};
        bool ok = ebextension_read(rows[i].text, strlen(rows[i].text), &arena, &file, &err);
        const struct eb_value *value = ok ? ebextension_find(&file, rows[i].path) : NULL;

        if (rows[i].value == NULL
                ? ok || strstr(err.message, rows[i].path) == NULL || err.line == 0
                : !ok || value == NULL || strcmp(value->value, rows[i].value) != 0)
            fail_msg("<%s>: %s", rows[i].text, ok ? "read" : err.message);
        ebextension_release(&file);
        arena_release(&arena);
    }
}

static void a_fault_names_its_line(void **state)
{
    static const char text[] = "a: b\n\n# c\nd:\n  e: \"f\n";
    struct arena arena = ARENA_INIT;
    struct eb_file file = {0};
    hg_error err = {0};

    (void)state;
    assert_false(ebextension_read(text, sizeof text - 1, &arena, &file, &err));
    assert_int_equal(err.line, 5);
    ebextension_release(&file);
    arena_release(&arena);
}

/* Cut anywhere, and with any byte changed: reading ends. */
static void noise_is_read_to_its_end(void **state)
{
    static const char text[] = "option_settings:\n  - namespace: aws:x\n    option_name: B\n"
                               "    value: \"1\"\nc: { d: 'e', f: g }\nh: |\n  i\n";
    unsigned seed = 7;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        struct arena arena = ARENA_INIT;
        struct eb_file file = {0};
        char copy[sizeof text];
        size_t n = (size_t)rand_r(&seed) % sizeof text;

        memcpy(copy, text, sizeof text);
        copy[(size_t)rand_r(&seed) % sizeof text] = "\n\t -:{}'\"|#,x"[rand_r(&seed) % 13];
        copy[n] = '\0';
        if (ebextension_read(copy, n, &arena, &file, NULL))
            for (size_t j = 0; j < file.count; j++)
                assert_true(file.items[j].path[0] != '\0' && file.items[j].line <= 12);
        ebextension_release(&file);
        arena_release(&arena);
    }
}

static void the_file_that_headgate_comes_with_is_one(void **state)
{
    struct buf text = BUF_INIT(1 << 20);
    struct arena arena = ARENA_INIT;
    struct eb_file file = {0};
    const struct eb_value *path;
    hg_error err = {0};

    (void)state;
    assert_true(file_read(TEST_SOURCE_DIR "/.ebextensions/01-options.config", &text, NULL));
    if (!ebextension_read(text.bytes, text.size, &arena, &file, &err))
        fail_msg("line %d: %s", err.line, err.message);
    path = ebextension_option(&file, "aws:elasticbeanstalk:environment:process:default",
                              "HealthCheckPath");
    assert_non_null(path);
    assert_string_equal(path->value, "/readiness");
    for (size_t i = 0; i < file.count; i++) {
        assert_null(strstr(file.items[i].value, "://"));
        assert_true(strstr(file.items[i].path, "DATABASE_URL") == NULL
                    || strncmp(file.items[i].value, "arn:", 4) == 0);
    }
    ebextension_release(&file);
    arena_release(&arena);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_understood_or_refused_with_the_reason),
        cmocka_unit_test(a_fault_names_its_line),
        cmocka_unit_test(noise_is_read_to_its_end),
        cmocka_unit_test(the_file_that_headgate_comes_with_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
