/*
 * test_theme.c - themes: what a role looks like at every depth, and faults with their line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
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
        {"{\"name\": \"a\",\n \"background\": \"black\", \"roles\": {}}", 2,
         "\"background\" has to be a text like", ""},
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
            || strstr(err.hint, faults[i].hint) == NULL || err.line != faults[i].line
            || (err.line > 0 && err.column < 1))
            fail_msg("fault %zu: line %d: %s (%s)", i, err.line, err.message, err.hint);
        assert_string_equal(theme.name, "untouched");
    }
}

/* Calls `check` with every theme of themes/, and with its name. */
static void every_shipped_theme(void (*check)(const char *name, const struct theme *theme))
{
    char names[THEMES_MAX][THEME_NAME_SIZE];
    size_t count = theme_names(shipped, names, THEMES_MAX);

    assert_true(count >= 6);
    for (size_t i = 0; i < count; i++) {
        struct theme theme;
        hg_error err = {.code = HG_OK};

        if (!theme_load(names[i], shipped, &theme, &err))
            fail_msg("%s", err.message);
        check(names[i], &theme);
    }
}

static void is_whole(const char *name, const struct theme *theme)
{
    assert_string_equal(theme->name, name);
    for (int role = 0; role < ROLE_COUNT; role++)
        if (!theme->roles[role].named)
            fail_msg("%s does not speak of \"%s\"", name, theme_role_name((enum role)role));
}

static void every_shipped_theme_speaks_of_every_role(void **state)
{
    (void)state;
    every_shipped_theme(is_whole);
}

/* The one without colours has none at any depth. */
static void has_colours_or_none(const char *name, const struct theme *theme)
{
    bool mono = strcmp(name, "mono") == 0, colour = false;

    for (int depth = DEPTH_8; depth <= DEPTH_RGB; depth++)
        for (int role = 0; role < ROLE_COUNT; role++) {
            struct style s = theme_style(theme, (enum depth)depth, (enum role)role, ROLE_SELECT);

            colour = colour || s.fg >= 0 || s.bg >= 0;
        }
    assert_int_equal(colour, !mono);
    assert_int_equal(theme->background < 0, mono);
}

static void every_shipped_theme_but_mono_has_colours(void **state)
{
    (void)state;
    every_shipped_theme(has_colours_or_none);
}

/* At both depths whose colours are known, on its own background and on that of a selected row. */
static void can_be_read(const char *name, const struct theme *theme)
{
    double least = strcmp(name, "high-contrast") == 0 ? 7 : CONTRAST_LEAST;
    int known = 0;

    for (int role = 0; role < ROLE_COUNT; role++) {
        double seen = theme_contrast(theme, (enum role)role);

        known += seen > 0;
        if (seen > 0 && theme_is_read((enum role)role) && seen < least)
            fail_msg("%s: \"%s\" has a contrast of %.2f", name, theme_role_name((enum role)role),
                     seen);
    }
    assert_int_equal(known > 30, strcmp(name, "mono") != 0);
}

static void text_can_be_read_on_its_background(void **state)
{
    (void)state;
    every_shipped_theme(can_be_read);
}

/* --- colours as the eye without green-sensitive cones has them --- */

static double linear(int rgb, int shift)
{
    double c = (rgb >> shift & 255) / 255.0;

    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double curve(double t)
{
    return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116;
}

/* Machado, Oliveira and Fernandes 2009, deuteranopia of full severity, to CIE L*a*b* under D65. */
static void seen_without_green(int rgb, double out_lab[3])
{
    static const double sees[3][3] = {{0.367322, 0.860646, -0.227968},
                                      {0.280085, 0.672501, 0.047413},
                                      {-0.011820, 0.042940, 0.968881}};
    static const double xyz[3][3] = {{0.4124564, 0.3575761, 0.1804375},
                                     {0.2126729, 0.7151522, 0.0721750},
                                     {0.0193339, 0.1191920, 0.9503041}};
    static const double white[3] = {0.95047, 1, 1.08883};
    const double given[3] = {linear(rgb, 16), linear(rgb, 8), linear(rgb, 0)};
    double seen[3], f[3];

    for (int i = 0; i < 3; i++) {
        double c = sees[i][0] * given[0] + sees[i][1] * given[1] + sees[i][2] * given[2];

        seen[i] = c < 0 ? 0 : c > 1 ? 1 : c;
    }
    for (int i = 0; i < 3; i++)
        f[i] = curve((xyz[i][0] * seen[0] + xyz[i][1] * seen[1] + xyz[i][2] * seen[2]) / white[i]);
    out_lab[0] = 116 * f[1] - 16;
    out_lab[1] = 500 * (f[0] - f[1]);
    out_lab[2] = 200 * (f[1] - f[2]);
}

/* CIE76 */
static double distance(int a, int b)
{
    double x[3], y[3];

    seen_without_green(a, x);
    seen_without_green(b, y);
    return sqrt((x[0] - y[0]) * (x[0] - y[0]) + (x[1] - y[1]) * (x[1] - y[1])
                + (x[2] - y[2]) * (x[2] - y[2]));
}

static void what_is_good_and_bad_differs_for_the_colour_blind_too(void **state)
{
    static const enum role roles[] = {ROLE_OK, ROLE_WARN, ROLE_FAIL};
    struct theme theme;

    (void)state;
    assert_true(theme_load("colour-blind", shipped, &theme, NULL));
    for (int depth = DEPTH_256; depth <= DEPTH_RGB; depth++)
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < i; j++) {
                int a = theme_style(&theme, (enum depth)depth, roles[i], ROLE_TEXT).fg;
                int b = theme_style(&theme, (enum depth)depth, roles[j], ROLE_TEXT).fg;

                if (depth == DEPTH_256) {
                    a = theme_rgb_of(a);
                    b = theme_rgb_of(b);
                }
                if (distance(a, b) < 20)
                    fail_msg("%s and %s are %.1f apart", theme_role_name(roles[i]),
                             theme_role_name(roles[j]), distance(a, b));
            }
    assert_true(distance(0x00a000, 0xb08000) < 20); /* a green and a brown are not */
}

static void contrast_is_as_wcag_defines_it(void **state)
{
    (void)state;
    assert_float_equal((float)theme_contrast_of(0x000000, 0xffffff), 21.0F, 0.001F);
    assert_float_equal((float)theme_contrast_of(0x767676, 0xffffff), 4.54F, 0.01F);
    assert_float_equal((float)theme_contrast_of(0xff0000, 0x0000ff), 2.15F, 0.01F);
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
    char name[THEME_NAME_SIZE];

    (void)state;
    assert_true(theme_next("dark", shipped, name));
    assert_string_equal(name, "high-contrast");
    assert_true(theme_next("solarized", shipped, name));
    assert_string_equal(name, "colour-blind");
    assert_false(theme_next("dark", (const char *const[]){"/nonexistent", NULL}, name));
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
        cmocka_unit_test(every_shipped_theme_speaks_of_every_role),
        cmocka_unit_test(every_shipped_theme_but_mono_has_colours),
        cmocka_unit_test(what_is_good_and_bad_differs_for_the_colour_blind_too),
        cmocka_unit_test(contrast_is_as_wcag_defines_it),
        cmocka_unit_test(text_can_be_read_on_its_background),
        cmocka_unit_test(a_theme_is_found_by_name_or_by_path),
        cmocka_unit_test(the_next_theme_wraps_around),
        cmocka_unit_test(a_damaged_theme_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
