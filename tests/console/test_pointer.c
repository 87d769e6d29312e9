/*
 * test_pointer.c - what comes from the terminal that is no key: the mouse, what is pasted, and
 * whether its window is looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/scene.h"

static void point(struct scene *s, uint32_t key, int x, int y)
{
    scene_send(s, (struct message){.kind = MSG_POINTER, .key = key, .x = x, .y = y}, 10);
}

static void the_mouse_answers_no_question(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    scene_busy(s);
    scene_deliver(s);
    scene_key(s, 'A');
    scene_plan(s);
    assert_int_equal(model_context(&s->model), IN_PLAN);
    for (int y = 0; y < 24; y++)
        for (int x = 0; x < 80; x += 3) {
            point(s, KEYS_CLICK, x, y);
            assert_int_equal(model_context(&s->model), IN_PLAN);
            assert_false(s->model.change.running);
        }
    point(s, KEYS_WHEEL_DOWN, 10, 10);
    assert_int_equal(model_context(&s->model), IN_PLAN);
    scene_free(s);
}

/* Every place of every screen, inside and outside of it, at every size. */
static void a_press_anywhere_does_no_harm(void **state)
{
    static const int sizes[][2] = {{80, 24}, {40, 10}, {132, 43}, {30, 5}};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int screen = 0; screen < SCREEN_COUNT; screen++) {
            struct scene *s = scene_new(sizes[i][0], sizes[i][1], true, false);

            scene_busy(s);
            scene_deliver(s);
            for (int y = -1; y <= sizes[i][1]; y += 2)
                for (int x = -1; x <= sizes[i][0]; x += 5) {
                    scene_key(s, (uint32_t)('1' + screen));
                    point(s, KEYS_CLICK, x, y);
                    point(s, KEYS_WHEEL_DOWN, x, y);
                    point(s, KEYS_WHEEL_UP, x, y);
                    assert_false(s->model.change.running);
                    scene_key(s, KEYS_ESCAPE);
                }
            scene_free(s);
        }
}

static void a_press_on_the_selected_row_opens_it(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    scene_busy(s);
    scene_deliver(s);
    scene_key(s, '4');
    point(s, KEYS_CLICK, 10, 6);
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    point(s, KEYS_CLICK, 10, 6);
    assert_int_equal(model_page(&s->model), PAGE_DETAIL);
    scene_free(s);
}

static void what_is_to_be_marked_with_the_mouse_is_left_to_the_terminal(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    s->model.facts.mouse = true;
    s->model.facts.clipboard = false;
    scene_busy(s);
    scene_deliver(s);
    assert_false(model_takes_mouse(&s->model));
    scene_key(s, 'm');
    assert_true(model_takes_mouse(&s->model));
    scene_key(s, 'y');
    assert_int_equal(model_page(&s->model), PAGE_COPY);
    assert_false(model_takes_mouse(&s->model));
    scene_key(s, KEYS_ESCAPE);
    assert_true(model_takes_mouse(&s->model));
    scene_key(s, 'm');
    assert_false(model_takes_mouse(&s->model));
    scene_free(s);
}

static bool screen_shows(const struct scene *s, const char *text)
{
    char *screen = scene_screen(s, false);
    bool shown = strstr(screen, text) != NULL;

    free(screen);
    return shown;
}

static void a_window_without_the_keyboard_is_paused_and_says_since_when(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_tick(s, 1000);
    scene_send(s, (struct message){.kind = MSG_KEY, .key = KEYS_UNWATCHED}, 10);
    scene_deliver(s); /* what was asked before */
    for (int i = 0; i < 100; i++) {
        scene_tick(s, 1000);
        assert_false(scene_has(s, EFFECT_START));
    }
    assert_true(screen_shows(s, "PAUSED since 14:0"));
    scene_send(s, (struct message){.kind = MSG_KEY, .key = KEYS_WATCHED}, 10);
    assert_true(scene_has(s, EFFECT_START));
    assert_false(screen_shows(s, "PAUSED"));
    assert_int_equal(model_refresh_ms(&s->model), 1000);
    scene_free(s);
}

static void what_is_under_way_is_heard_of_without_the_keyboard(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_start_run(s);
    scene_send(s, (struct message){.kind = MSG_KEY, .key = KEYS_UNWATCHED}, 10);
    assert_false(model_paused(&s->model));
    assert_int_equal(model_refresh_ms(&s->model), 10000);
    scene_end(s, true);
    assert_true(model_paused(&s->model));
    assert_true(screen_shows(s, "PAUSED since"));
    scene_free(s);
}

static void the_names_of_themes_are_completed(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    text_copy(s->model.facts.themes[0], sizeof s->model.facts.themes[0], "solarized-dark");
    text_copy(s->model.facts.themes[1], sizeof s->model.facts.themes[1], "solarized-light");
    s->model.facts.theme_count = 2;
    scene_type(s, ":theme so");
    scene_key(s, KEYS_TAB);
    assert_string_equal(s->model.entry.text, "theme solarized-");
    scene_type(s, "l");
    scene_key(s, KEYS_TAB);
    assert_string_equal(s->model.entry.text, "theme solarized-light");
    scene_free(s);
}

/* A name to be typed refuses what is pasted; a line takes it, and is not ended by a line's end in
 * it; elsewhere its letters are no commands. */
static void what_is_pasted_is_never_a_command(void **state)
{
    static const char pasted[] = "q\rreset\r";
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    scene_busy(s);
    scene_deliver(s);
    for (int line = 0; line < 3; line++) {
        if (line > 0)
            scene_key(s, line == 1 ? ':' : '/');
        scene_key(s, KEYS_PASTE);
        for (const char *c = pasted; *c != '\0'; c++)
            scene_key(s, *c == '\r' ? (uint32_t)KEYS_ENTER : (uint32_t)*c);
        scene_key(s, KEYS_PASTE_END);
        assert_false(scene_has(s, EFFECT_QUIT));
        assert_int_equal(model_page(&s->model), PAGE_NONE);
        assert_string_equal(s->model.entry.text, line == 0 ? "" : "qreset");
        scene_key(s, KEYS_ESCAPE);
    }
    scene_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mouse_answers_no_question),
        cmocka_unit_test(a_press_anywhere_does_no_harm),
        cmocka_unit_test(a_press_on_the_selected_row_opens_it),
        cmocka_unit_test(what_is_to_be_marked_with_the_mouse_is_left_to_the_terminal),
        cmocka_unit_test(a_window_without_the_keyboard_is_paused_and_says_since_when),
        cmocka_unit_test(what_is_under_way_is_heard_of_without_the_keyboard),
        cmocka_unit_test(the_names_of_themes_are_completed),
        cmocka_unit_test(what_is_pasted_is_never_a_command),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
