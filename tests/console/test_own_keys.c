/*
 * test_own_keys.c - the user's own keys: lines of the palette on keys that mean nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/scene.h"

static const char some[] = "# mine\n"
                           "\n"
                           "F9  theme light\r\n"
                           "8   :filter users !0006\n"
                           "D   down 0040\n"
                           "#   sessions\n";

static struct own_keys parsed(const char *text)
{
    hg_error err = {0};
    struct own_keys own;

    if (!own_keys_parse(text, strlen(text), "keys", &own, &err))
        fail_msg("%d: %s", err.line, err.message);
    return own;
}

static struct scene *scene_with(const char *text)
{
    struct scene *s = scene_open_busy(false);

    s->model.facts.own_keys = parsed(text);
    return s;
}

static void a_line_is_a_key_and_what_is_typed(void **state)
{
    struct own_keys own = parsed(some);

    (void)state;
    assert_int_equal(own.count, 3);
    assert_int_equal(own.keys[0].key, KEYS_F1 + 8);
    assert_string_equal(own.keys[0].line, "theme light");
    assert_string_equal(own.keys[1].line, "filter users !0006");
    assert_string_equal(own.keys[2].name, "D");
    assert_int_equal(parsed("").count, 0);
}

static void a_key_of_ones_own_does_what_its_line_does(void **state)
{
    struct scene *s = scene_with(some);

    (void)state;
    scene_type(s, "48");
    assert_int_equal(model_rows(&s->model, PANE_MIGRATIONS), 4);
    scene_key(s, KEYS_F1 + 8);
    assert_true(scene_has(s, EFFECT_THEME));
    scene_free(s);
}

static void where_text_is_typed_it_is_a_letter(void **state)
{
    struct scene *s = scene_with(some);

    (void)state;
    scene_type(s, "4/8");
    assert_string_equal(s->model.entry.text, "8");
    scene_key(s, KEYS_ESCAPE);
    scene_key(s, KEYS_PASTE);
    scene_type(s, "8");
    scene_key(s, KEYS_PASTE_END);
    assert_string_equal(s->model.lists[PANE_MIGRATIONS].filter, "");
    scene_free(s);
}

static void a_change_is_guarded_as_it_is_elsewhere(void **state)
{
    struct scene *s = scene_open_busy(true);

    (void)state;
    s->model.armed_until_ms = 0;
    s->model.facts.own_keys = parsed("D down 0040\n");
    scene_key(s, 'D');
    assert_null(scene_started(s));
    assert_non_null(strstr(scene_said(s), "production is guarded"));
    scene_free(s);
}

static void help_and_hints_show_them(void **state)
{
    struct scene *s = scene_with("F9 theme light\n");
    char *screen;

    (void)state;
    scene_key(s, '?');
    scene_key(s, 'G');
    screen = scene_screen(s, false);
    assert_non_null(strstr(screen, "YOUR OWN\n  F9          theme light\n"));
    free(screen);
    scene_key(s, KEYS_ESCAPE);
    scene_send(s, (struct message){.kind = MSG_RESIZE, .width = 120, .height = 28}, 0);
    screen = scene_screen(s, false);
    assert_non_null(strstr(screen, "F9 theme light  Enter open"));
    free(screen);
    scene_free(s);
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"F9 theme\nHyper sessions\n", "no key is called \"Hyper\""},
        {"F9 theme\ne sessions\n", "the key e has its meaning already: write the list"},
        {"F9 theme\nEnter sessions\n", "the key Enter has its meaning already"},
        {"F9 theme\n^C quit\n", "has its meaning already"},
        {"F9 theme\nF9 sessions\n", "stands for another line"},
        {"F9 theme\nF8\n", "a line is missing"},
        {"F9 theme\nF8 :\n", "a line is missing"},
        {"F9 theme\nF8 rm -rf\n", "\"rm\" is nothing that can be typed"},
        {"F9 theme\n8 up\n", "takes a capital letter or a function key"},
        {"F9 theme\nb arm\n", "takes a capital letter or a function key"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct own_keys own;
        hg_error err = {0};

        assert_false(own_keys_parse(cases[i].text, strlen(cases[i].text), "keys", &own, &err));
        assert_int_equal(err.code, HG_FILE);
        assert_int_equal(err.line, 2);
        if (strstr(err.message, cases[i].says) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.message, cases[i].says);
        assert_int_equal(own.count, 0);
    }
}

static void there_is_room_for_no_more_than_there_is(void **state)
{
    char text[64 * 16] = "", long_line[400];
    struct own_keys own;
    hg_error err = {0};

    (void)state;
    for (int key = 0; key < OWN_KEYS_MAX; key++) /* Greek letters: nothing else means them */
        snprintf(text + strlen(text), sizeof text - strlen(text), "\xCE%c sessions\n", 0x91 + key);
    assert_false(own_keys_parse(text, strlen(text), "keys", &own, &err));
    assert_int_equal(err.line, OWN_KEYS_MAX);
    memset(long_line, 'x', sizeof long_line);
    memcpy(long_line, "b filter ", 9);
    assert_false(own_keys_parse(long_line, 200, "keys", &own, &err));
    assert_false(own_keys_parse(long_line, sizeof long_line, "keys", &own, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_a_key_and_what_is_typed),
        cmocka_unit_test(a_key_of_ones_own_does_what_its_line_does),
        cmocka_unit_test(where_text_is_typed_it_is_a_letter),
        cmocka_unit_test(a_change_is_guarded_as_it_is_elsewhere),
        cmocka_unit_test(help_and_hints_show_them),
        cmocka_unit_test(what_is_wrong_is_said_with_its_line),
        cmocka_unit_test(there_is_room_for_no_more_than_there_is),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
