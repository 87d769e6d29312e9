/*
 * test_update.c - what messages do to the model, and what is asked of the world.
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

static void pools_and_database_are_asked_at_once_and_then_every_second(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    assert_int_equal(scene_count(s, EFFECT_START), 2);
    scene_calm(s);
    scene_deliver(s);
    scene_tick(s, 500);
    assert_int_equal(scene_count(s, EFFECT_START), 0);
    scene_tick(s, 500);
    assert_int_equal(scene_count(s, EFFECT_START), 1);
    assert_int_equal(scene_started(s)->kind, JOB_PING);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->ping}, 5);
    for (int i = 0; i < 3; i++) {
        scene_tick(s, 1000);
        scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->ping}, 0);
    }
    scene_tick(s, 1000);
    assert_int_equal(scene_count(s, EFFECT_START), 1); /* the checks, every fifth time */
    assert_int_equal(scene_started(s)->kind, JOB_STATUS);
    scene_free(s);
}

/* They come with every answer; without one they are read all the same. */
static void pools_are_asked_for_only_when_no_answer_brings_them(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    scene_calm(s);
    scene_deliver(s);
    s->model.wizard.due_ms = INT64_MAX; /* whether there is a cutover is asked for by itself */
    for (int i = 0; i < 4; i++) {
        scene_tick(s, 1000);
        assert_int_equal(s->model.feeds[FEED_PING].asked_ms, s->now_ms);
        scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->ping}, 3);
        scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->pools}, 0);
        assert_int_equal(s->model.feeds[FEED_POOLS].asked_ms, 0);
    }
    scene_tick(s, 1000); /* there is no answer */
    assert_int_equal(s->model.feeds[FEED_POOLS].asked_ms, 0);
    scene_tick(s, 200);
    assert_int_equal(s->model.feeds[FEED_POOLS].asked_ms, s->now_ms);
    scene_free(s);
}

static bool starts(const struct scene *s, enum job_kind kind)
{
    for (size_t i = 0; i < s->effects.count; i++)
        if (s->effects.items[i].kind == EFFECT_START && s->effects.items[i].request.kind == kind)
            return true;
    return false;
}

static void r_asks_for_everything_at_once_also_when_nothing_is_read_by_itself(void **state)
{
    struct scene *s = scene_new(132, 43, true, false);

    (void)state;
    scene_busy(s);
    scene_deliver(s);
    scene_key(s, '4');
    scene_deliver_source(s);
    while (s->model.refresh_ms != 0)
        scene_key(s, '-');
    scene_deliver(s);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->ping}, 1);
    scene_tick(s, 600000);
    for (int i = 0; i < FEEDS; i++)
        assert_int_equal(s->model.feeds[i].asked_ms, 0);
    scene_key(s, 'R');
    assert_true(starts(s, JOB_POOLS));
    assert_true(starts(s, JOB_STATUS));
    assert_true(starts(s, JOB_SOURCE)); /* the file may have been edited */
    scene_key(s, 'R');
    assert_int_equal(scene_count(s, EFFECT_START), 0); /* it has been asked for */
    scene_free(s);
}

static void a_database_that_does_not_answer_is_not_asked_twice(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    int pings = 0, statuses = 0;

    for (int i = 0; i < 30; i++) {
        scene_tick(s, 1000);
        for (size_t n = 0; n < s->effects.count; n++) {
            pings += s->effects.items[n].request.kind == JOB_PING;
            statuses += s->effects.items[n].request.kind == JOB_STATUS;
        }
        scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->pools}, 1);
    }
    assert_int_equal(pings, 1);
    assert_int_equal(statuses, 1);
    assert_false(model_db_answers(&s->model));
    scene_free(s);
}

static void the_model_hands_back_what_it_no_longer_looks_at(void **state)
{
    struct scene *s = scene_open_busy(false);
    struct job_result newer = s->status;

    (void)state;
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &newer}, 1000);
    assert_int_equal(scene_count(s, EFFECT_DISCARD), 1);
    assert_ptr_equal(s->effects.items[0].result, &s->status);
    assert_ptr_equal(s->model.status, &newer);
    assert_ptr_equal(s->model.known, &newer);
    scene_free(s);
}

static void the_last_history_stays_while_the_database_is_away(void **state)
{
    struct scene *s = scene_open_busy(false);
    struct job_result away[2];
    hg_readiness empty = {.status = HG_FAIL};

    (void)state;
    for (int i = 0; i < 2; i++) {
        away[i] = (struct job_result){.ok = true, .readiness = &empty};
        away[i].request.kind = JOB_STATUS;
        scene_send(s, (struct message){.kind = MSG_RESULT, .result = &away[i]}, 1000);
    }
    assert_ptr_equal(s->model.known, &s->status);
    assert_int_equal(model_rows(&s->model, PANE_MIGRATIONS), 43);
    assert_int_equal(scene_count(s, EFFECT_DISCARD), 1);
    assert_ptr_equal(s->effects.items[0].result, &away[0]);
    assert_string_equal(scene_said(s), "the database does not answer");
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->status}, 1000);
    assert_string_equal(scene_said(s), "the database answers again");
    scene_free(s);
}

static void the_first_pending_migration_is_selected(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    assert_string_equal(s->model.lists[PANE_MIGRATIONS].key, "0042");
    scene_free(s);
}

static void moving_where_there_is_nothing_yet_chooses_nothing(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    scene_type(s, "jGk");
    scene_busy(s);
    scene_deliver(s);
    assert_string_equal(s->model.lists[PANE_MIGRATIONS].key, "0042");
    scene_free(s);
}

static void the_selection_follows_its_row(void **state)
{
    struct scene *s = scene_open_busy(false);
    hg_pool_snapshot *pool = &s->snapshots[0];
    char key[sizeof s->model.lists[0].key];

    (void)state;
    scene_key(s, KEYS_BACK_TAB);
    scene_key(s, 'j');
    scene_key(s, 'j');
    assert_int_equal(model_focus(&s->model), PANE_CONNECTIONS);
    assert_int_equal(s->model.lists[PANE_CONNECTIONS].index, 2);
    memcpy(key, s->model.lists[PANE_CONNECTIONS].key, sizeof key);
    assert_string_equal(key, "2");
    pool->connections[15].held_ms = 60000; /* now the longest held: it comes first */
    scene_deliver(s);
    assert_string_equal(s->model.lists[PANE_CONNECTIONS].key, "2");
    assert_int_equal(s->model.lists[PANE_CONNECTIONS].index, 3);
    scene_free(s);
}

static void when_its_row_is_gone_the_selection_keeps_its_place(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, KEYS_BACK_TAB);
    scene_key(s, 'G');
    assert_int_equal(s->model.lists[PANE_CONNECTIONS].index, 15);
    s->snapshots[0].connection_count = 4;
    scene_deliver(s);
    assert_int_equal(s->model.lists[PANE_CONNECTIONS].index, 3);
    scene_free(s);
}

static void pools_of_processes_that_are_gone_stand_last(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    s->snapshots[0].alive = false;
    scene_deliver(s);
    assert_int_equal(model_row(&s->model, PANE_POOLS, 0), 1);
    assert_int_equal(model_row(&s->model, PANE_POOLS, 1), 0);
    scene_free(s);
}

static void the_busiest_pool_that_is_no_consoles_is_looked_at_first(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    scene_busy(s);
    s->snapshots[2] = s->snapshots[0];
    s->snapshots[2].pid = 4100;
    strcpy(s->snapshots[2].role, "console"); /* busy, but with looking only */
    s->snapshots[2].in_use = 20;
    s->pools.pools.count = 3;
    scene_deliver(s);
    assert_int_equal(model_pool(&s->model)->pid, 4211);
    scene_free(s);
}

static void an_applications_pool_is_looked_at_as_soon_as_it_comes(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    scene_busy(s);
    s->snapshots[2] = s->snapshots[0];
    s->snapshots[0].pid = 4100;
    strcpy(s->snapshots[0].role, "console"); /* at first there is only ours */
    s->pools.pools.count = 1;
    scene_deliver(s);
    assert_int_equal(model_pool(&s->model)->pid, 4100);
    s->pools.pools.count = 3;
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->pools}, 1000);
    assert_int_equal(model_pool(&s->model)->pid, 4211);
    s->snapshots[2].alive = false; /* what has been looked at is not left for a console's */
    s->snapshots[1].alive = false;
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->pools}, 1000);
    assert_int_equal(model_pool(&s->model)->pid, 4211);
    scene_free(s);
}

static void q_quits_and_escape_never_does(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    for (int i = 0; i < 5; i++)
        scene_key(s, KEYS_ESCAPE);
    assert_false(scene_has(s, EFFECT_QUIT));
    scene_key(s, 'q');
    assert_true(scene_has(s, EFFECT_QUIT));
    scene_free(s);
}

static void pages_open_over_each_other_and_close_in_order(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, KEYS_ENTER);
    assert_int_equal(model_page(&s->model), PAGE_DETAIL);
    scene_key(s, '?');
    scene_key(s, '?');
    assert_int_equal(model_page(&s->model), PAGE_HELP);
    scene_key(s, KEYS_ESCAPE);
    assert_int_equal(model_page(&s->model), PAGE_DETAIL);
    scene_key(s, KEYS_ESCAPE);
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    scene_free(s);
}

static void a_page_does_not_scroll_past_its_end(void **state)
{
    struct scene *s = scene_open_busy(false);
    size_t top;

    (void)state;
    scene_key(s, '?');
    scene_key(s, 'G');
    top = model_page_entry(&s->model)->top;
    assert_true(top > 0);
    for (int i = 0; i < 10; i++)
        scene_key(s, 'j');
    assert_int_equal(model_page_entry(&s->model)->top, top);
    scene_key(s, 'k');
    assert_int_equal(model_page_entry(&s->model)->top, top - 1);
    scene_key(s, 'g');
    assert_int_equal(model_page_entry(&s->model)->top, 0);
    scene_free(s);
}

static void the_log_keeps_the_newest(void **state)
{
    struct scene *s = scene_open_busy(false);
    char text[32];

    (void)state;
    for (int i = 0; i < NOTES + 10; i++) {
        snprintf(text, sizeof text, "note %d", i);
        scene_send(s, (struct message){.kind = MSG_NOTE, .text = text}, 1);
    }
    assert_string_equal(scene_said(s), "note 137");
    assert_non_null(model_note(&s->model, NOTES - 1));
    assert_null(model_note(&s->model, NOTES));
    scene_free(s);
}

static void the_past_of_a_pool_keeps_the_most_of_each_five_seconds(void **state)
{
    struct scene *s = scene_open_busy(false);
    const struct pool_past *past = model_past(&s->model, &s->snapshots[0]);
    int64_t first = past->newest;

    (void)state;
    s->snapshots[0].in_use = 5;
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->pools}, 1000);
    assert_int_equal(past->in_use[first % SAMPLES], 12);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->pools}, 15000);
    assert_int_equal(past->in_use[past->newest % SAMPLES], 5);
    assert_int_equal(past->in_use[(first + 1) % SAMPLES], -1); /* nobody looked then */
    scene_free(s);
}

static void every_key_can_be_pressed_anywhere(void **state)
{
    size_t rows;
    const struct key_row *row = keys_rows(&rows);

    (void)state;
    for (size_t first = 0; first < rows; first++)
        for (size_t second = 0; second < rows; second++) {
            struct scene *s = scene_open_busy(second % 2 == 0);
            char *screen;

            scene_key(s, row[first].keys[0]);
            if (s->model.change.plan_job != 0)
                scene_plan(s);
            scene_tick(s, 400);
            scene_key(s, row[second].keys[0]);
            scene_key(s, KEYS_PAGE_DOWN);
            screen = scene_screen(s, true);
            assert_non_null(screen);
            free(screen);
            scene_free(s);
        }
}

static void checks_are_run_all_one_or_those_that_did_not_pass(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, 'o'); /* elsewhere than on their screen */
    assert_null(scene_started(s));
    scene_type(s, "5r");
    assert_int_equal(scene_started(s)->kind, JOB_SMOKE);
    assert_string_equal(scene_started(s)->only, "");
    scene_deliver_smoke(s);
    assert_string_equal(s->model.lists[PANE_CHECKS].key, "schema.fk_index"); /* the worst */
    scene_key(s, 'o');
    assert_string_equal(scene_started(s)->only, "schema.fk_index ");
    scene_key(s, 'r'); /* again while it runs: stop it */
    assert_true(scene_has(s, EFFECT_CANCEL));
    scene_deliver_smoke(s);
    scene_key(s, 'f');
    assert_string_equal(scene_started(s)->only, "db.reserve schema.fk_index ");
    scene_free(s);
}

static void a_filter_shows_what_has_all_its_words(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_type(s, "4/USERS !00060");
    scene_key(s, KEYS_BACKSPACE);
    scene_type(s, "6");
    assert_int_equal(model_rows(&s->model, PANE_MIGRATIONS), 5);
    assert_int_equal(model_context(&s->model), IN_LINE);
    scene_key(s, KEYS_ENTER);
    assert_int_equal(model_context(&s->model), IN_SCREEN);
    assert_int_equal(model_rows(&s->model, PANE_MIGRATIONS), 5);
    scene_key(s, KEYS_ESCAPE);
    assert_int_equal(model_rows(&s->model, PANE_MIGRATIONS), 43);
    scene_free(s);
}

static void screens_keep_their_place(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, '4');
    scene_type(s, "kkk");
    assert_string_equal(s->model.lists[PANE_MIGRATIONS].key, "0039");
    scene_key(s, KEYS_ENTER);
    scene_key(s, '2');
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    scene_key(s, KEYS_TAB);
    scene_key(s, '4');
    assert_int_equal(model_page(&s->model), PAGE_DETAIL);
    assert_string_equal(s->model.lists[PANE_MIGRATIONS].key, "0039");
    scene_key(s, '2');
    assert_int_equal(model_focus(&s->model), PANE_CONNECTIONS);
    scene_free(s);
}

static void commands_have_the_names_of_the_command_line(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_type(s, ":sess");
    scene_key(s, KEYS_TAB);
    scene_key(s, KEYS_ENTER);
    assert_int_equal(s->model.screen, SCREEN_SESSIONS);
    scene_type(s, ":up 0042");
    scene_key(s, KEYS_ENTER);
    assert_int_equal(scene_started(s)->kind, JOB_PLAN);
    assert_string_equal(scene_started(s)->target, "0042");
    scene_key(s, KEYS_ESCAPE);
    scene_type(s, ":upp");
    scene_key(s, KEYS_ENTER);
    assert_non_null(strstr(scene_said(s), "did you mean up?"));
    scene_free(s);
}

/* A name of the command line either does its work here, or says that it needs a shell. */
static void every_action_is_answered(void **state)
{
    size_t n;
    const struct action *actions = actions_all(&n);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        struct scene *s = scene_open_busy(false);

        scene_key(s, ':');
        scene_type(s, actions[i].name);
        scene_key(s, KEYS_ENTER);
        assert_null(strstr(scene_said(s), "there is no"));
        scene_free(s);
    }
}

static void copying_hands_out_what_matters_of_the_row(void **state)
{
    struct scene *s = scene_open_busy(true);

    (void)state;
    scene_key(s, '3');
    scene_deliver_sessions(s);
    scene_key(s, 'y');
    assert_true(scene_has(s, EFFECT_COPY));
    assert_non_null(strstr(s->effects.items[0].text, "UPDATE users"));
    s->model.facts.clipboard = false;
    scene_key(s, 'y');
    assert_int_equal(model_page(&s->model), PAGE_COPY);
    scene_free(s);
}

static void what_is_pasted_is_no_command(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, KEYS_PASTE);
    scene_type(s, "qX");
    assert_false(scene_has(s, EFFECT_QUIT));
    scene_key(s, KEYS_PASTE_END);
    scene_type(s, "4/");
    scene_key(s, KEYS_PASTE);
    scene_type(s, "users");
    scene_key(s, KEYS_ENTER);
    scene_key(s, KEYS_PASTE_END);
    assert_int_equal(model_context(&s->model), IN_LINE);
    assert_string_equal(s->model.lists[PANE_MIGRATIONS].filter, "users");
    scene_free(s);
}

static void settings_of_this_console_are_set_and_completed(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    s->model.facts.mouse = true;
    scene_type(s, ":set mo");
    scene_key(s, KEYS_TAB);
    assert_string_equal(s->model.entry.text, "set mouse ");
    scene_type(s, "on");
    scene_key(s, KEYS_ENTER);
    assert_true(s->model.mouse_taken);
    scene_type(s, ":set mouse on"); /* it stays so */
    scene_key(s, KEYS_ENTER);
    assert_true(s->model.mouse_taken);
    scene_type(s, ":set refresh 0");
    scene_key(s, KEYS_TAB);
    assert_string_equal(s->model.entry.text, "set refresh 0.5");
    scene_key(s, KEYS_ENTER);
    assert_int_equal(s->model.refresh_ms, 500);
    scene_type(s, ":set refresh off");
    scene_key(s, KEYS_ENTER);
    assert_int_equal(s->model.refresh_ms, 0);
    scene_type(s, ":set refresh 7");
    scene_key(s, KEYS_ENTER);
    assert_int_equal(s->model.refresh_ms, 0);
    assert_non_null(strstr(scene_said(s), "refresh cannot be \"7\""));
    scene_type(s, ":set theme light");
    scene_key(s, KEYS_ENTER);
    assert_true(scene_has(s, EFFECT_THEME));
    scene_type(s, ":set password x");
    scene_key(s, KEYS_ENTER);
    assert_non_null(strstr(scene_said(s), "mouse, refresh and theme"));
    scene_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pools_and_database_are_asked_at_once_and_then_every_second),
        cmocka_unit_test(pools_are_asked_for_only_when_no_answer_brings_them),
        cmocka_unit_test(r_asks_for_everything_at_once_also_when_nothing_is_read_by_itself),
        cmocka_unit_test(a_database_that_does_not_answer_is_not_asked_twice),
        cmocka_unit_test(the_model_hands_back_what_it_no_longer_looks_at),
        cmocka_unit_test(the_last_history_stays_while_the_database_is_away),
        cmocka_unit_test(the_first_pending_migration_is_selected),
        cmocka_unit_test(moving_where_there_is_nothing_yet_chooses_nothing),
        cmocka_unit_test(the_selection_follows_its_row),
        cmocka_unit_test(when_its_row_is_gone_the_selection_keeps_its_place),
        cmocka_unit_test(pools_of_processes_that_are_gone_stand_last),
        cmocka_unit_test(the_busiest_pool_that_is_no_consoles_is_looked_at_first),
        cmocka_unit_test(an_applications_pool_is_looked_at_as_soon_as_it_comes),
        cmocka_unit_test(q_quits_and_escape_never_does),
        cmocka_unit_test(pages_open_over_each_other_and_close_in_order),
        cmocka_unit_test(a_page_does_not_scroll_past_its_end),
        cmocka_unit_test(the_log_keeps_the_newest),
        cmocka_unit_test(the_past_of_a_pool_keeps_the_most_of_each_five_seconds),
        cmocka_unit_test(every_key_can_be_pressed_anywhere),
        cmocka_unit_test(checks_are_run_all_one_or_those_that_did_not_pass),
        cmocka_unit_test(a_filter_shows_what_has_all_its_words),
        cmocka_unit_test(screens_keep_their_place),
        cmocka_unit_test(commands_have_the_names_of_the_command_line),
        cmocka_unit_test(every_action_is_answered),
        cmocka_unit_test(copying_hands_out_what_matters_of_the_row),
        cmocka_unit_test(what_is_pasted_is_no_command),
        cmocka_unit_test(settings_of_this_console_are_set_and_completed),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
