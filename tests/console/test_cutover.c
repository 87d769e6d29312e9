/*
 * test_cutover.c - the screen of the guided cutover, as it was looked at, and what its keys say to
 * the process that carries it out.
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

#include "poor_frame.h"
#include "support/golden.h"
#include "support/stills_cutover.h"

static void tick(struct scene *s, int64_t after_ms)
{
    scene_send(s, (struct message){.kind = MSG_TICK}, after_ms);
}

static void screens_are_as_they_were_looked_at(void **state)
{
    size_t count;
    const struct still *still = stills_cutover(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct scene *s = still_open(&still[i]);
        char *screen = scene_screen(s, true);

        golden_compare(still[i].name, screen);
        free(screen);
        scene_free(s);
    }
    setlocale(LC_ALL, "C.UTF-8");
}

/* --- what keys and jobs do --- */

static const struct job_request *started(const struct scene *s, enum job_kind kind)
{
    for (size_t i = 0; i < s->effects.count; i++)
        if (s->effects.items[i].kind == EFFECT_START && s->effects.items[i].request.kind == kind)
            return &s->effects.items[i].request;
    return NULL;
}

static const char *note(const struct scene *s)
{
    const struct note *newest = model_note(&s->model, 0);

    return newest == NULL ? "" : newest->text;
}

static bool shows(const struct scene *s, const char *text)
{
    char *screen = scene_screen(s, false);
    bool found = strstr(screen, text) != NULL;

    free(screen);
    return found;
}

static void type_words(struct scene *s, const char *words)
{
    scene_type(s, words);
    scene_key(s, KEYS_ENTER);
}

#define RUN "20260825-1350"

static void every_state_has_its_next_step(void **state)
{
    static const struct {
        void (*set)(struct scene *s);
        const char *typed; /* NULL: y */
        enum job_kind kind;
        hg_cutover_order order;
        const char *text;
        bool back;
    } rows[] = {
        {still_cutover_planned, NULL, JOB_CUTOVER_BEGIN, 0, "", false},
        {still_cutover_asking, "NO RETURN " RUN, JOB_CUTOVER_ORDER, HG_CUTOVER_ANSWER,
         "NO RETURN " RUN, false},
        {still_cutover_stalled, NULL, JOB_CUTOVER_ORDER, HG_CUTOVER_CONTINUE, "", false},
        {still_cutover_paused, NULL, JOB_CUTOVER_ORDER, HG_CUTOVER_CONTINUE, "", false},
        {still_cutover_ended, NULL, JOB_CUTOVER_WORK, 0, RUN, false},
        {still_cutover_died, NULL, JOB_CUTOVER_WORK, 0, RUN, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scene *s = scene_new(80, 24, true, false);
        const struct job_request *said;

        rows[i].set(s);
        still_cutover_ask(s, 'n');
        if (rows[i].typed == NULL)
            scene_key(s, 'y');
        else
            type_words(s, rows[i].typed);
        said = started(s, rows[i].kind);
        assert_non_null(said);
        assert_int_equal(said->order, rows[i].order);
        assert_string_equal(said->text, rows[i].text);
        assert_int_equal(said->back, rows[i].back);
        scene_free(s);
    }
}

/* The process that is at work is told; where there is none, one goes back. */
static void backing_out_takes_the_name_of_the_run(void **state)
{
    (void)state;
    for (int left = 0; left < 2; left++) {
        struct scene *s = scene_new(80, 24, true, false);
        const struct job_request *said;

        (left == 1 ? still_cutover_died : still_cutover_frozen)(s);
        still_cutover_ask(s, 'B');
        type_words(s, "yes");
        assert_null(started(s, JOB_CUTOVER_ORDER));
        assert_null(started(s, JOB_CUTOVER_WORK));
        assert_true(shows(s, "that is not it"));
        for (int i = 0; i < 3; i++)
            scene_key(s, KEYS_BACKSPACE);
        type_words(s, RUN);
        said = started(s, left == 1 ? JOB_CUTOVER_WORK : JOB_CUTOVER_ORDER);
        assert_non_null(said);
        assert_string_equal(said->text, RUN);
        if (left == 1)
            assert_true(said->back);
        else
            assert_int_equal(said->order, HG_CUTOVER_ABORT);
        scene_free(s);
    }
}

static void what_was_typed_for_one_question_answers_no_other(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    still_cutover_run_at(s, (struct scene_run){.at = 12, .asks = true, .frozen_ms = 100000});
    still_cutover_ask(s, 'n');
    scene_type(s, "CUTOVER shop");
    scene_cutover(s, &(struct scene_run){.at = 16, .asks = true, .frozen_ms = 101000});
    assert_int_equal(s->model.ask, ASK_NOTHING);
    assert_string_equal(note(s), "cutover: it has gone on meanwhile; nothing was said to it");
    scene_type(s, " " RUN);
    scene_key(s, KEYS_ENTER);
    assert_null(started(s, JOB_CUTOVER_ORDER));
    scene_free(s);
}

/* Another reading of the same changes nothing. */
static void a_question_stays_while_its_step_waits(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    still_cutover_no_return(s);
    scene_cutover(s, &(struct scene_run){.at = 16, .asks = true, .frozen_ms = 173000});
    assert_int_equal(s->model.ask, ASK_WIZARD);
    assert_string_equal(s->model.wizard.typed, "NO RET");
    scene_free(s);
}

static void exact_words_are_not_pasted(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    still_cutover_asking(s);
    still_cutover_ask(s, 'n');
    scene_key(s, KEYS_PASTE);
    scene_type(s, "NO RETURN " RUN);
    scene_key(s, KEYS_PASTE_END);
    assert_string_equal(s->model.wizard.typed, "");
    scene_free(s);
}

static void keys_that_come_too_early_are_not_meant_for_it(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    still_cutover_planned(s);
    scene_key(s, 'n');
    scene_key(s, 'y');
    assert_null(started(s, JOB_CUTOVER_BEGIN));
    tick(s, 400);
    scene_key(s, KEYS_ENTER);
    assert_null(started(s, JOB_CUTOVER_BEGIN));
    scene_key(s, 'y');
    assert_non_null(started(s, JOB_CUTOVER_BEGIN));
    scene_free(s);
}

static void a_production_is_begun_with_its_name(void **state)
{
    struct scene *s = scene_new(80, 24, true, true);

    (void)state;
    still_cutover_planned(s);
    scene_key(s, 'n');
    assert_string_equal(note(s), "next: production is guarded: W allows changes for ten minutes");
    still_cutover_ask(s, 'n');
    type_words(s, "y");
    assert_null(started(s, JOB_CUTOVER_BEGIN));
    scene_key(s, KEYS_BACKSPACE);
    type_words(s, "shop");
    assert_non_null(started(s, JOB_CUTOVER_BEGIN));
    scene_free(s);
}

/* Whoever has to answer or to go back while nobody can write does not look for another key. */
static void a_run_is_answered_and_aborted_without_arming(void **state)
{
    struct scene *s = scene_new(80, 24, true, true);

    (void)state;
    still_cutover_asking(s);
    scene_key(s, 'n');
    assert_int_equal(s->model.ask, ASK_WIZARD);
    scene_key(s, KEYS_ESCAPE);
    scene_key(s, 'B');
    assert_int_equal(s->model.ask, ASK_WIZARD);
    scene_free(s);
}

static void read_only_nothing_is_said(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    s->model.facts.read_only = true;
    still_cutover_asking(s);
    for (const char *key = "nPBN"; *key != '\0'; key++) {
        scene_key(s, (uint32_t)*key);
        assert_int_equal(s->model.ask, ASK_NOTHING);
        assert_null(started(s, JOB_CUTOVER_ORDER));
        assert_non_null(strstr(note(s), "this console is read-only"));
    }
    scene_free(s);
}

static void what_has_passed_the_point_of_no_return_is_not_taken_back(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    still_cutover_watched(s);
    scene_key(s, 'B');
    assert_int_equal(s->model.ask, ASK_NOTHING);
    assert_string_equal(note(s), "back out: the point of no return has been passed");
    scene_free(s);
}

static void an_order_at_a_time(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);
    struct job_result said = {.request = {.kind = JOB_CUTOVER_ORDER}, .ok = true};

    (void)state;
    still_cutover_frozen(s);
    scene_key(s, 'P');
    assert_int_equal(started(s, JOB_CUTOVER_ORDER)->order, HG_CUTOVER_PAUSE);
    scene_key(s, 'P');
    assert_null(started(s, JOB_CUTOVER_ORDER));
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &said}, 5);
    scene_key(s, 'P');
    assert_non_null(started(s, JOB_CUTOVER_ORDER));
    scene_free(s);
}

static void a_plan_is_made_unasked_but_for_a_production(void **state)
{
    (void)state;
    for (int production = 0; production < 2; production++) {
        struct scene *s = scene_new(80, 24, true, production == 1);

        scene_key(s, '6');
        scene_no_cutover(s);
        assert_int_equal(s->model.wizard.planning, production == 0);
        if (production == 1)
            scene_key(s, 'p');
        assert_true(s->model.wizard.planning);
        scene_free(s);
    }
}

static void a_runbook_is_chosen_by_its_name(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    scene_type(s, ":cutover systemd");
    scene_key(s, KEYS_ENTER);
    assert_string_equal(started(s, JOB_CUTOVER_PLAN)->file, "systemd");
    scene_cutover_plan(s, false);
    still_cutover_ask(s, 'n');
    scene_key(s, 'y');
    assert_string_equal(started(s, JOB_CUTOVER_BEGIN)->file, "systemd");
    scene_free(s);
}

static void it_is_read_every_second_where_it_is_seen_and_seldom_elsewhere(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);
    int read = 0;

    (void)state;
    scene_calm(s);
    scene_deliver(s);
    for (int i = 0; i < 12; i++) {
        tick(s, 1000);
        if (started(s, JOB_CUTOVER) == NULL)
            continue;
        read++;
        scene_no_cutover(s);
    }
    assert_int_equal(read, 3);
    scene_key(s, '6');
    if (started(s, JOB_CUTOVER) != NULL)
        scene_no_cutover(s);
    for (int i = read = 0; i < 12; i++) {
        tick(s, 1000);
        if (started(s, JOB_CUTOVER) == NULL)
            continue;
        read++;
        scene_no_cutover(s);
    }
    assert_in_range(read, 11, 12);
    scene_free(s);
}

/* The still_cutover_frozen file is let go of: whoever has it open stands in the way of the move. */
static void a_frozen_source_is_not_asked(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    still_cutover_frozen(s);
    for (int i = 0; i < 10; i++) {
        tick(s, 1000);
        assert_null(started(s, JOB_PING));
        assert_null(started(s, JOB_STATUS));
        if (started(s, JOB_CUTOVER) != NULL)
            scene_cutover(s, &(struct scene_run){.at = 10, .state = "begun", .frozen_ms = 99000});
    }
    assert_true(shows(s, "SQLite FROZEN"));
    scene_cutover(s, &(struct scene_run){.at = 18, .aborting = true, .outcome = "aborted"});
    tick(s, 1000);
    tick(s, 1000);
    assert_int_not_equal(s->model.feeds[FEED_STATUS].asked_ms, 0);
    scene_free(s);
}

static void nothing_else_changes_what_is_being_moved(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    still_cutover_frozen(s);
    scene_type(s, "4A");
    assert_string_equal(note(s), "apply: a cutover of this database is open: 6 shows it");
    scene_free(s);
}

static void its_process_is_heard_while_somebody_looks(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);
    struct job_result still_cutover_ended = {.request = {.kind = JOB_CUTOVER_WATCH}, .ok = true};

    (void)state;
    still_cutover_run_at(s, (struct scene_run){.at = 10, .state = "begun"});
    assert_true(s->model.wizard.watching);
    scene_cutover_event(s, "orders", 50, 100, "");
    assert_true(shows(s, "50%  orders"));
    scene_send(s,
               (struct message){.kind = MSG_RESULT,
                                .job = s->model.wizard.watch_job,
                                .result = &still_cutover_ended},
               5);
    assert_non_null(started(s, JOB_CUTOVER)); /* how has it ended? */
    scene_cutover(s, &(struct scene_run){.at = 11, .state = "begun"});
    assert_false(shows(s, "orders"));
    scene_free(s);
}

/* What it says of a step is in the journal already. */
static void a_step_that_is_told_of_is_read_at_once(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);
    struct job_event event = {.kind = HG_EVENT_WAITING, .subject = "C13", .unit = "step"};

    (void)state;
    still_cutover_run_at(s, (struct scene_run){.at = 11, .state = "begun"});
    assert_null(started(s, JOB_CUTOVER));
    scene_send(
        s, (struct message){.kind = MSG_PROGRESS, .job = s->model.wizard.watch_job, .event = event},
        5);
    assert_non_null(started(s, JOB_CUTOVER));
    scene_free(s);
}

/* --- what no screen may hold, and every size --- */

static void assert_harmless(const struct scene *s)
{
    char *screen = scene_screen(s, false);

    for (const char *c = screen; *c != '\0'; c++)
        if (((unsigned char)*c < ' ' && *c != '\n') || *c == 0x7F)
            fail_msg("a control character: %s", screen);
    assert_null(strstr(screen, "\xE2\x80\xAE"));
    assert_null(strstr(screen, "\xC2\x9B"));
    free(screen);
}

static void no_text_of_a_run_leaves_its_place(void **state)
{
    static void (*const pages[])(struct scene *) = {
        still_cutover_frozen,  still_cutover_asking,  still_cutover_no_return,
        still_cutover_stalled, still_cutover_journal, still_cutover_record,
        still_cutover_step,    still_cutover_done,    still_cutover_doubted};

    size_t count;
    const char *const *hostile = hostile_texts(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t page = 0; page < sizeof pages / sizeof *pages; page++) {
            struct scene *s = scene_new(80, 24, true, false);

            pages[page](s);
            scene_cutover_hostile(s, hostile[i]);
            assert_harmless(s);
            scene_key(s, KEYS_ESCAPE);
            assert_harmless(s);
            scene_free(s);
        }
}

static void (*const all_pages[])(struct scene *) = {
    still_cutover_missing, still_cutover_doubted, still_cutover_frozen, still_cutover_no_return,
    still_cutover_journal, still_cutover_step,    still_cutover_done};

static void every_size_can_be_drawn(void **state)
{
    (void)state;
    for (size_t page = 0; page < sizeof all_pages / sizeof *all_pages; page++)
        for (int width = 1; width < 140; width += width < 50 ? 3 : 11)
            for (int height = 1; height < 50; height += height < 30 ? 2 : 7) {
                struct scene *s = scene_new(width, height, true, page % 2 == 0);
                char *screen;

                all_pages[page](s);
                screen = scene_screen(s, true);
                assert_non_null(screen);
                free(screen);
                scene_free(s);
            }
}

static void a_frame_without_memory_does_no_harm(void **state)
{
    (void)state;
    for (size_t page = 0; page < sizeof all_pages / sizeof *all_pages; page++) {
        struct scene *s = scene_new(80, 24, true, false);

        all_pages[page](s);
        assert_poor_frames_do_no_harm(s);
        scene_free(s);
    }
}

static void a_database_that_is_not_moved_is_no_news(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, '6');
    scene_cutover_trouble(s, HG_UNSUPPORTED, "there are no settings to move this database by", "");
    assert_string_equal(scene_said(s), "");
    scene_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens_are_as_they_were_looked_at),
        cmocka_unit_test(every_state_has_its_next_step),
        cmocka_unit_test(backing_out_takes_the_name_of_the_run),
        cmocka_unit_test(what_was_typed_for_one_question_answers_no_other),
        cmocka_unit_test(a_question_stays_while_its_step_waits),
        cmocka_unit_test(exact_words_are_not_pasted),
        cmocka_unit_test(keys_that_come_too_early_are_not_meant_for_it),
        cmocka_unit_test(a_production_is_begun_with_its_name),
        cmocka_unit_test(a_run_is_answered_and_aborted_without_arming),
        cmocka_unit_test(read_only_nothing_is_said),
        cmocka_unit_test(what_has_passed_the_point_of_no_return_is_not_taken_back),
        cmocka_unit_test(an_order_at_a_time),
        cmocka_unit_test(a_plan_is_made_unasked_but_for_a_production),
        cmocka_unit_test(a_runbook_is_chosen_by_its_name),
        cmocka_unit_test(it_is_read_every_second_where_it_is_seen_and_seldom_elsewhere),
        cmocka_unit_test(a_frozen_source_is_not_asked),
        cmocka_unit_test(nothing_else_changes_what_is_being_moved),
        cmocka_unit_test(its_process_is_heard_while_somebody_looks),
        cmocka_unit_test(a_step_that_is_told_of_is_read_at_once),
        cmocka_unit_test(no_text_of_a_run_leaves_its_place),
        cmocka_unit_test(a_database_that_is_not_moved_is_no_news),
        cmocka_unit_test(every_size_can_be_drawn),
        cmocka_unit_test(a_frame_without_memory_does_no_harm),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
