/*
 * test_reading.c - what makes a screen easier to read: a pause, a pane that has all of it, a
 * search, and what the header says of the pace.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "support/scene.h"

static void assert_shows(const struct scene *s, const char *text, bool shown)
{
    char *screen = scene_screen(s, false);

    if ((strstr(screen, text) != NULL) != shown)
        fail_msg("\"%s\" is %s\n%s", text, shown ? "not in" : "in", screen);
    free(screen);
}

/* --- pause --- */

static void space_stops_the_reading_and_starts_it_again(void **state)
{
    struct scene *s = scene_open_busy(true);

    (void)state;
    scene_key(s, ' ');
    assert_shows(s, "PAUSED since 14:03:", true);
    for (int i = 0; i < 60; i++) {
        scene_tick(s, 1000);
        assert_null(scene_started(s));
    }
    assert_shows(s, "PAUSED since 14:03:", true); /* that is when it began */
    scene_key(s, ' ');
    assert_int_equal(s->model.refresh_ms, 1000);
    assert_non_null(scene_started(s));
    assert_shows(s, "PAUSED", false);
    scene_free(s);
}

static void while_it_is_paused_a_key_reads_once(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_type(s, " R");
    assert_non_null(scene_started(s));
    scene_deliver(s);
    scene_tick(s, 5000);
    assert_null(scene_started(s));
    assert_shows(s, "PAUSED since", true);
    scene_free(s);
}

static void the_pace_before_a_pause_is_that_after_it(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_type(s, "--  ");
    assert_int_equal(s->model.refresh_ms, 5000);
    scene_type(s, "---"); /* as slow as can be is a pause too */
    assert_shows(s, "PAUSED since", true);
    scene_key(s, ' ');
    assert_int_equal(s->model.refresh_ms, 10000);
    scene_free(s);
}

static void a_pause_is_seen_on_a_small_screen(void **state)
{
    struct scene *s = scene_open_busy(true);

    (void)state;
    scene_send(s, (struct message){.kind = MSG_RESIZE, .width = 40, .height = 10}, 0);
    scene_key(s, ' ');
    assert_shows(s, "PAUSED", true);
    scene_send(s, (struct message){.kind = MSG_RESIZE, .width = 30, .height = 5}, 0);
    assert_shows(s, "PAUSED", true);
    scene_free(s);
}

/* --- link and pace --- */

static void a_slow_link_is_told_and_a_quick_one_is_not(void **state)
{
    struct scene *s = scene_open_busy(true);

    (void)state;
    s->model.link_ms = 299;
    assert_shows(s, "link", false);
    s->model.link_ms = 740;
    assert_shows(s, "link 0.5s", true);
    s->model.link_ms = 12345;
    assert_shows(s, "link 10s", true);
    scene_free(s);
}

static void a_pace_that_is_not_the_usual_one_is_told(void **state)
{
    struct scene *s = scene_open_busy(true);

    (void)state;
    scene_send(s, (struct message){.kind = MSG_RESIZE, .width = 132, .height = 43}, 0);
    assert_shows(s, "every", false);
    scene_key(s, '-');
    assert_shows(s, "every 2s", true);
    scene_key(s, ' ');
    assert_shows(s, "every 2s", false);
    scene_free(s);
}

/* --- zoom --- */

static void the_pane_with_the_keys_gets_the_whole_screen(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, 'z');
    assert_shows(s, "MIGRATIONS zoomed", true);
    assert_shows(s, "CONNECTIONS", false);
    scene_key(s, KEYS_TAB); /* the next one, and it has it too */
    assert_shows(s, "READINESS zoomed", true);
    assert_shows(s, "MIGRATIONS zoomed", false);
    scene_key(s, KEYS_ESCAPE);
    assert_shows(s, "zoomed", false);
    assert_shows(s, "CONNECTIONS", true);
    scene_free(s);
}

static void a_zoomed_list_shows_more_rows_and_keeps_its_selection(void **state)
{
    struct scene *s = scene_open_busy(false);
    char key[sizeof s->model.lists[0].key];

    (void)state;
    scene_type(s, "4kkkkkkkkk");
    memcpy(key, s->model.lists[PANE_MIGRATIONS].key, sizeof key);
    assert_shows(s, "0027", false);
    scene_key(s, 'z');
    assert_shows(s, "0027", true);
    assert_string_equal(s->model.lists[PANE_MIGRATIONS].key, key);
    scene_key(s, 'z');
    assert_string_equal(s->model.lists[PANE_MIGRATIONS].key, key);
    scene_free(s);
}

static void each_screen_has_a_zoom_of_its_own(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_type(s, "z5");
    assert_shows(s, "zoomed", false);
    scene_key(s, '1');
    assert_shows(s, "MIGRATIONS zoomed", true);
    scene_type(s, "7z");
    assert_string_equal(scene_said(s), "zoom: the log has the whole screen already");
    scene_free(s);
}

static void what_is_known_about_a_row_can_be_zoomed_too(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, '4');
    scene_key(s, KEYS_TAB);
    scene_key(s, 'z');
    assert_shows(s, "MIGRATION zoomed", true);
    scene_key(s, KEYS_TAB); /* and back to its list */
    assert_shows(s, "MIGRATIONS zoomed", true);
    scene_send(s, (struct message){.kind = MSG_RESIZE, .width = 40, .height = 10}, 0);
    assert_shows(s, "MIGRATIONS zoomed", true);
    scene_free(s);
}

/* --- search --- */

static size_t hit(const struct scene *s)
{
    return model_seeking(&s->model)->line;
}

static void a_search_goes_from_match_to_match_and_round(void **state)
{
    struct scene *s = scene_open_busy(false);
    size_t first, second;

    (void)state;
    scene_type(s, "?/RUNBOOK");
    assert_shows(s, "/RUNBOOK: nothing", true);
    for (int i = 0; i < 7; i++)
        scene_key(s, KEYS_BACKSPACE);
    scene_type(s, "THEME"); /* it is gone to while it is typed */
    assert_shows(s, "the next theme", true);
    assert_shows(s, "/THEME: 1 of 1", true);
    scene_key(s, KEYS_ENTER);
    scene_type(s, "/pane");
    scene_key(s, KEYS_ENTER);
    first = hit(s);
    scene_key(s, 'n');
    second = hit(s);
    assert_true(second != first && second != SIZE_MAX);
    scene_key(s, 'N');
    assert_int_equal(hit(s), first);
    scene_type(s, "nn"); /* there are two */
    assert_int_equal(hit(s), first);
    scene_type(s, "NN");
    assert_int_equal(hit(s), first);
    scene_free(s);
}

static void escape_ends_the_search_and_then_leaves_the_page(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_type(s, "?/pane");
    scene_key(s, KEYS_ENTER);
    scene_key(s, KEYS_ESCAPE);
    assert_shows(s, "/pane", false);
    assert_int_equal(model_page(&s->model), PAGE_HELP);
    scene_key(s, 'n'); /* the words are not forgotten */
    assert_shows(s, "/pane: ", true);
    scene_key(s, KEYS_ESCAPE);
    scene_key(s, KEYS_ESCAPE);
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    scene_free(s);
}

static void the_sql_of_a_migration_is_searched_in_its_pane(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, '4');
    scene_deliver_source(s);
    scene_key(s, KEYS_TAB);
    scene_type(s, "/constraint");
    scene_key(s, KEYS_ENTER);
    assert_shows(s, "/constraint: 1 of 2", true);
    scene_key(s, 'n');
    assert_shows(s, "/constraint: 2 of 2", true);
    scene_key(s, KEYS_TAB);
    scene_key(s, KEYS_UP); /* another row: its text is searched from its start */
    assert_true(s->model.detail_seeking[SCREEN_MIGRATIONS].line == SIZE_MAX);
    scene_free(s);
}

static void among_rows_the_next_one_with_the_words_of_the_filter_is_gone_to(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_type(s, "4n");
    assert_string_equal(scene_said(s), "this list was not filtered yet: / asks for words");
    scene_type(s, "/users !0006");
    scene_key(s, KEYS_ENTER);
    scene_key(s, KEYS_ESCAPE);
    assert_int_equal(model_rows(&s->model, PANE_MIGRATIONS), 43);
    scene_key(s, KEYS_HOME);
    scene_key(s, 'n');
    assert_string_equal(s->model.lists[PANE_MIGRATIONS].key, "0014");
    scene_key(s, 'n');
    assert_string_equal(s->model.lists[PANE_MIGRATIONS].key, "0022");
    scene_type(s, "NN");
    assert_string_equal(s->model.lists[PANE_MIGRATIONS].key, "0038"); /* round the end */
    scene_free(s);
}

static void n_is_the_next_step_of_a_cutover_and_no_search(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    assert_int_equal(keys_find(IN_CUTOVER, 'n'), COMMAND_NEXT);
    assert_int_equal(keys_find(IN_SCREEN, 'n'), COMMAND_MATCH);
    assert_int_equal(keys_find(IN_PAGE, 'N'), COMMAND_MATCH_BACK);
    scene_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(space_stops_the_reading_and_starts_it_again),
        cmocka_unit_test(while_it_is_paused_a_key_reads_once),
        cmocka_unit_test(the_pace_before_a_pause_is_that_after_it),
        cmocka_unit_test(a_pause_is_seen_on_a_small_screen),
        cmocka_unit_test(a_slow_link_is_told_and_a_quick_one_is_not),
        cmocka_unit_test(a_pace_that_is_not_the_usual_one_is_told),
        cmocka_unit_test(the_pane_with_the_keys_gets_the_whole_screen),
        cmocka_unit_test(a_zoomed_list_shows_more_rows_and_keeps_its_selection),
        cmocka_unit_test(each_screen_has_a_zoom_of_its_own),
        cmocka_unit_test(what_is_known_about_a_row_can_be_zoomed_too),
        cmocka_unit_test(a_search_goes_from_match_to_match_and_round),
        cmocka_unit_test(escape_ends_the_search_and_then_leaves_the_page),
        cmocka_unit_test(the_sql_of_a_migration_is_searched_in_its_pane),
        cmocka_unit_test(among_rows_the_next_one_with_the_words_of_the_filter_is_gone_to),
        cmocka_unit_test(n_is_the_next_step_of_a_cutover_and_no_search),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
