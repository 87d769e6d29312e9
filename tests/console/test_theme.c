/*
 * test_theme.c - themes: what a role looks like at every depth, and faults with their line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/rand.h"
#include "console/theme.h"
#include "support/temp.h"

static const char *const shipped[] = {TEST_SOURCE_DIR "/themes", NULL};

static const char small[] = "{\n"
                            "  \"name\": \"small\",\n"
                            "  \"palette\": {\n"
                            "    \"blue\": {\"16\": 12, \"256\": 75, \"rgb\": \"#5fafff\"},\n"
                            "    \"red\": {\"16\": 1}\n"
                            "  },\n"
                            "  \"roles\": {\n"
                            "    \"pool.used\": {\"fg\": \"red\"},\n"
                            "    \"pool.*\": {\"fg\": \"blue\", \"attr\": [\"bold\"]},\n"
                            "    \"select\": {\"bg\": \"blue\", \"mono\": [\"underline\"]}\n"
                            "  }\n"
                            "}\n";

static struct theme parse(const char *text)
{
    struct theme theme;
    hg_error err = {.code = HG_OK};

    if (!theme_parse(text, strlen(text), "small.json", &theme, &err))
        fail_msg("%s", err.message);
    return theme;
}

static void a_role_has_the_colour_of_the_depth(void **state)
{
    struct theme theme = parse(small);

    (void)state;
    assert_int_equal(theme_style(&theme, DEPTH_16, ROLE_POOL_IDLE, ROLE_TEXT).fg, 12);
    assert_int_equal(theme_style(&theme, DEPTH_256, ROLE_POOL_IDLE, ROLE_TEXT).fg, 75);
    assert_int_equal(theme_style(&theme, DEPTH_RGB, ROLE_POOL_IDLE, ROLE_TEXT).fg, 0x5fafff);
}

static void eight_colours_show_the_bright_ones_bold(void **state)
{
    struct theme theme = parse(small);
    struct style style = theme_style(&theme, DEPTH_8, ROLE_POOL_IDLE, ROLE_TEXT);

    (void)state;
    assert_int_equal(style.fg, 4);
    assert_int_equal(style.attributes & ATTR_BOLD, ATTR_BOLD);
}

static void a_colour_that_lacks_a_depth_uses_the_one_below(void **state)
{
    struct theme theme = parse(small);

    (void)state;
    assert_int_equal(theme_style(&theme, DEPTH_256, ROLE_POOL_USED, ROLE_TEXT).fg, 1);
    assert_int_equal(theme_style(&theme, DEPTH_RGB, ROLE_POOL_USED, ROLE_TEXT).fg, 0xcd0000);
}

static void a_name_says_more_than_its_family_wherever_it_stands(void **state)
{
    struct theme theme = parse(small);

    (void)state;
    assert_int_equal(theme_style(&theme, DEPTH_16, ROLE_POOL_USED, ROLE_TEXT).fg, 1);
    assert_int_equal(theme_style(&theme, DEPTH_16, ROLE_POOL_USED, ROLE_TEXT).attributes, 0);
    assert_int_equal(theme_style(&theme, DEPTH_16, ROLE_POOL_FREE, ROLE_TEXT).attributes,
                     ATTR_BOLD);
}

static void the_selection_lies_over_the_colour_of_a_row(void **state)
{
    struct theme theme = parse(small);
    struct style style = theme_style(&theme, DEPTH_256, ROLE_POOL_USED, ROLE_SELECT);

    (void)state;
    assert_int_equal(style.fg, 1);
    assert_int_equal(style.bg, 75);
}

static void without_colour_there_are_attributes_only(void **state)
{
    struct theme theme = parse(small);

    (void)state;
    for (int role = 0; role < ROLE_COUNT; role++) {
        struct style style = theme_style(&theme, DEPTH_MONO, (enum role)role, ROLE_SELECT);

        assert_int_equal(style.fg, -1);
        assert_int_equal(style.bg, -1);
        assert_int_equal(style.attributes & ATTR_UNDERLINE, ATTR_UNDERLINE);
    }
}

/* Each fault: the text that replaces another, the line it is found on, what is said. */
static void a_fault_is_named_with_its_line(void **state)
{
    static const struct {
        const char *text;
        int line;
        const char *message, *hint;
    } faults[] = {
        {"{\"name\": \"a\",\n \"rolls\": {}}", 2, "unknown key \"rolls\"", "\"roles\""},
        {"{\"name\": \"a\",\n \"roles\": {\n\n  \"pool.usde\": {}}}", 4,
         "unknown role \"pool.usde\"", "\"pool.used\""},
        {"{\"name\": \"a\",\n \"roles\": {\"ok\": {\n\"fgg\": \"x\"}}}", 3, "unknown key \"fgg\"",
         "\"fg\""},
        {"{\"name\": \"a\", \"palette\": {\"blue\": {\"16\": 4}},\n \"roles\": {\"ok\":\n{\"fg\": "
         "\"blu\"}}}",
         3, "unknown colour \"blu\"", "\"blue\""},
        {"{\"name\": \"a\", \"roles\": {\"ok\": {\"attr\":\n [\"blod\"]}}}", 2,
         "unknown attribute \"blod\"", "\"bold\""},
        {"{\"name\": \"a\", \"palette\": {\n\"blue\": {\"16\": 16}}, \"roles\": {}}", 2,
         "\"16\" has to be a colour number", ""},
        {"{\"name\": \"a\", \"palette\": {\n\n\"blue\": {\"rgb\": \"5fafff\"}}, \"roles\": {}}", 3,
         "\"rgb\" has to be a text like", ""},
        {"{\"name\": \"a\", \"roles\": {\n\"ok\": 3}}", 2, "\"ok\" has to be an object", ""},
        {"{\"name\": 7, \"roles\": {}}", 1, "\"name\" has to be a short text", ""},
        {"{\"name\": \"a\"}", 1, "\"roles\" has to be an object", ""},
        {"{\"name\": \"a\",\n\"name\": \"b\"}", 2, "duplicate object key", ""},
        {"{\"name\": \"a\",\n", 2, "expected", ""},
        {"", 1, "expected", ""},
        {"[]", 0, "not an object", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct theme theme = {.name = "untouched"};
        hg_error err = {.code = HG_OK};

        assert_false(theme_parse(faults[i].text, strlen(faults[i].text), "x.json", &theme, &err));
        assert_int_equal(err.code, HG_FILE);
        if (strstr(err.message, faults[i].message) == NULL
            || strstr(err.hint, faults[i].hint) == NULL || err.line != faults[i].line)
            fail_msg("fault %zu: line %d: %s (%s)", i, err.line, err.message, err.hint);
        assert_string_equal(theme.name, "untouched");
    }
}

static void the_shipped_themes_speak_of_every_role_or_none(void **state)
{
    static const char *const names[] = {"dark", "light", "mono"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct theme theme;
        hg_error err = {.code = HG_OK};

        if (!theme_load(names[i], shipped, &theme, &err))
            fail_msg("%s", err.message);
        assert_string_equal(theme.name, names[i]);
        assert_int_equal(theme_style(&theme, DEPTH_256, ROLE_ENV_PROD, ROLE_TEXT).bg,
                         strcmp(names[i], "mono") == 0 ? -1 : 124);
    }
}

/* Relative luminance and contrast as WCAG 2 defines them. */
static double channel(int value)
{
    double c = value / 255.0;

    if (c <= 0.04045)
        return c / 12.92;
    c = (c + 0.055) / 1.055;
    return c * c * (0.6 + 0.4 * c); /* close to the power of 2.4, without libm */
}

static double luminance(int rgb)
{
    return 0.2126 * channel(rgb >> 16 & 255) + 0.7152 * channel(rgb >> 8 & 255)
           + 0.0722 * channel(rgb & 255);
}

static double contrast(int a, int b)
{
    double x = luminance(a), y = luminance(b);

    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

/* Lines and what is not there may be faint; what is read may not. */
static bool is_read(int role)
{
    return role != ROLE_BORDER && role != ROLE_BORDER_FOCUS && role != ROLE_BORDER_PROD
           && role != ROLE_POOL_FREE && role != ROLE_POOL_IDLE && role != ROLE_GAUGE_TODO;
}

static void text_can_be_read_on_its_background(void **state)
{
    static const struct {
        const char *name;
        int background, text;
    } cases[] = {{"dark", 0x14171c, 0xd0d4da}, {"light", 0xffffff, 0x24292f}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct theme theme;

        assert_true(theme_load(cases[i].name, shipped, &theme, NULL));
        for (int role = 0; role < ROLE_COUNT; role++) {
            struct style s = theme_style(&theme, DEPTH_RGB, (enum role)role, ROLE_TEXT);
            double seen =
                contrast(s.fg < 0 ? cases[i].text : s.fg, s.bg < 0 ? cases[i].background : s.bg);

            if (is_read(role) && seen < 4.5)
                fail_msg("%s: role %d has a contrast of %.1f", cases[i].name, role, seen);
        }
    }
}

static void a_theme_is_found_by_name_or_by_path(void **state)
{
    char *dir = temp_dir_make(), *path = temp_path(dir, "mine.json");
    const char *const folders[] = {"/nonexistent", dir, NULL};
    struct theme theme;
    hg_error err = {.code = HG_OK};

    (void)state;
    temp_write(dir, "mine.json", small);
    assert_true(theme_load("mine", folders, &theme, &err));
    assert_true(theme_load(path, shipped, &theme, &err));
    assert_string_equal(theme.name, "small");
    assert_false(theme_load("other", folders, &theme, &err));
    assert_int_equal(err.code, HG_IO);
    free(path);
    temp_dir_remove(dir);
}

static void the_next_theme_wraps_around(void **state)
{
    char name[64];

    (void)state;
    assert_true(theme_next("dark", shipped, name, sizeof name));
    assert_string_equal(name, "light");
    assert_true(theme_next("mono", shipped, name, sizeof name));
    assert_string_equal(name, "dark");
    assert_false(
        theme_next("dark", (const char *const[]){"/nonexistent", NULL}, name, sizeof name));
}

/* A theme with some bytes changed is a theme, or an error with a message; never anything else. */
static void a_damaged_theme_does_no_harm(void **state)
{
    struct buf text = BUF_INIT(1 << 16);
    int understood = 0, refused = 0;

    (void)state;
    assert_true(file_read(TEST_SOURCE_DIR "/themes/dark.json", &text, NULL));
    rand_seed(7);
    for (int i = 0; i < 3000; i++) {
        char *damaged = malloc(text.size);
        struct theme theme;
        hg_error err = {.code = HG_OK};

        assert_non_null(damaged);
        memcpy(damaged, text.bytes, text.size);
        for (int64_t n = 1 + rand_below(4); n > 0; n--)
            damaged[rand_below((int64_t)text.size)] = (char)rand_below(256);
        if (theme_parse(damaged, text.size - (size_t)rand_below(3), "x", &theme, &err)) {
            understood++;
        } else {
            assert_int_equal(err.code, HG_FILE);
            assert_true(err.message[0] != '\0' && err.line >= 0);
            refused++;
        }
        free(damaged);
    }
    assert_true(understood > 0 && refused > 0);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_has_the_colour_of_the_depth),
        cmocka_unit_test(eight_colours_show_the_bright_ones_bold),
        cmocka_unit_test(a_colour_that_lacks_a_depth_uses_the_one_below),
        cmocka_unit_test(a_name_says_more_than_its_family_wherever_it_stands),
        cmocka_unit_test(the_selection_lies_over_the_colour_of_a_row),
        cmocka_unit_test(without_colour_there_are_attributes_only),
        cmocka_unit_test(a_fault_is_named_with_its_line),
        cmocka_unit_test(the_shipped_themes_speak_of_every_role_or_none),
        cmocka_unit_test(text_can_be_read_on_its_background),
        cmocka_unit_test(a_theme_is_found_by_name_or_by_path),
        cmocka_unit_test(the_next_theme_wraps_around),
        cmocka_unit_test(a_damaged_theme_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
