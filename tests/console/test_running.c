/*
 * test_running.c - runs, copies, comparisons and sessions that are ended: on their way, and
 * at their end.
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

#include "console/view.h"
#include "support/scene.h"

static void progress_moves_through_the_plan(void **state)
{
    struct scene *s = scene_open_busy(false);
    struct change *c = &s->model.change;

    (void)state;
    scene_start_run(s);
    scene_progress(s, (struct job_event){.kind = HG_EVENT_STEP_STARTED, .subject = "0042"});
    assert_int_equal(c->step, 0);
    scene_progress(s, (struct job_event){.kind = HG_EVENT_STEP_PROGRESS,
                                         .subject = "0042",
                                         .unit = "statement",
                                         .done = 2,
                                         .total = 3});
    assert_int_equal(c->done, 2);
    scene_progress(s, (struct job_event){.kind = HG_EVENT_WAITING, .message = "pid 4211"});
    assert_true(c->waiting);
    assert_int_equal(c->done, 2);
    scene_progress(s, (struct job_event){.kind = HG_EVENT_STEP_DONE, .subject = "0042"});
    assert_int_equal(c->step, 1);
    assert_false(c->waiting);
    scene_progress(s, (struct job_event){.kind = HG_EVENT_STEP_STARTED, .subject = "0043"});
    assert_int_equal(c->step, 1);
    scene_free(s);
}

static void a_finished_run_asks_for_the_state_at_once(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_start_run(s);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->status}, 10);
    scene_end(s, true);
    assert_int_equal(s->model.feeds[FEED_STATUS].asked_ms, s->now_ms);
    assert_int_equal(model_context(&s->model), IN_RESULT);
    assert_non_null(strstr(scene_said(s), "done, 2 migrations"));
    scene_free(s);
}

static void a_run_is_stopped_by_control_c_and_c(void **state)
{
    struct scene *s = scene_open_busy(false);
    uint64_t job;

    (void)state;
    scene_start_run(s);
    job = s->model.change.job;
    scene_key(s, KEYS_INTERRUPT);
    assert_int_equal(s->model.ask, ASK_STOP);
    assert_false(scene_has(s, EFFECT_CANCEL));
    scene_key(s, KEYS_ESCAPE);
    assert_int_equal(s->model.ask, ASK_NOTHING);
    assert_true(s->model.change.running);
    scene_key(s, KEYS_ESCAPE);
    scene_tick(s, 400);
    scene_key(s, 'c');
    assert_true(scene_has(s, EFFECT_CANCEL));
    assert_int_equal(s->effects.items[0].job, job);
    scene_free(s);
}

static void quitting_during_a_run_asks_and_waits_for_the_roll_back(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_start_run(s);
    scene_key(s, 'q');
    assert_false(scene_has(s, EFFECT_QUIT));
    scene_tick(s, 400);
    scene_key(s, 'c');
    assert_true(scene_has(s, EFFECT_CANCEL));
    assert_false(scene_has(s, EFFECT_QUIT));
    scene_end(s, false);
    assert_true(scene_has(s, EFFECT_QUIT));
    scene_free(s);
}

static void a_run_that_does_not_stop_can_be_left(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_start_run(s);
    for (int i = 0; i < 2; i++) {
        scene_key(s, 'q');
        scene_tick(s, 400);
        scene_key(s, 'c');
    }
    assert_true(scene_has(s, EFFECT_QUIT));
    scene_free(s);
}

static void a_run_is_left_to_itself(void **state)
{
    struct scene *s = scene_open_busy(false);
    uint64_t job;

    (void)state;
    scene_start_run(s);
    job = s->model.change.job;
    scene_key(s, KEYS_INTERRUPT);
    scene_tick(s, 400);
    scene_key(s, 'd');
    assert_true(scene_has(s, EFFECT_LEAVE));
    assert_int_equal(s->effects.items[0].job, job);
    assert_false(scene_has(s, EFFECT_QUIT));
    assert_false(s->model.change.running);
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    assert_non_null(strstr(scene_said(s), "goes on by itself"));

    scene_start_run(s);
    scene_key(s, 'q');
    scene_tick(s, 400);
    scene_key(s, 'd');
    assert_true(scene_has(s, EFFECT_LEAVE));
    assert_true(scene_has(s, EFFECT_QUIT));
    scene_free(s);
}

static void a_run_within_the_console_cannot_be_left_to_itself(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    s->model.facts.detaches = false;
    scene_start_run(s);
    scene_key(s, 'q');
    scene_tick(s, 400);
    scene_key(s, 'd');
    assert_false(scene_has(s, EFFECT_LEAVE));
    assert_true(s->model.change.running);
    assert_non_null(strstr(scene_said(s), "ends with it"));
    scene_free(s);
}

/* The answer of the checks, with somebody at work. */
static void others_work(struct scene *s, int64_t pid, const char *holder)
{
    s->status.worker =
        (struct worker_info){.pid = pid, .command = "down", .started_ms = s->wall_ms - 60000};
    snprintf(s->status.holder, sizeof s->status.holder, "%s", holder);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->status}, 5);
}

static void a_run_of_another_terminal_is_watched_as_ones_own(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    others_work(s, 4711, "headgate/down@web2:4711 (process 99)");
    assert_non_null(strstr(scene_said(s), "a shows who"));
    scene_key(s, 'a');
    assert_int_equal(scene_started(s)->kind, JOB_WATCH);
    assert_int_equal(model_page(&s->model), PAGE_RUN);
    assert_int_equal(s->model.change.kind, HG_MIGRATE_DOWN);
    scene_progress(s, (struct job_event){.kind = HG_EVENT_STEP_STARTED,
                                         .subject = "0041",
                                         .unit = "step",
                                         .done = 2,
                                         .total = 5});
    assert_int_equal(s->model.change.step, 2);
    assert_int_equal(s->model.change.steps, 5);
    assert_string_equal(s->model.change.revision, "0041");
    scene_progress(
        s,
        (struct job_event){
            .kind = HG_EVENT_STEP_DONE, .subject = "0041", .unit = "step", .done = 3, .total = 5});
    assert_int_equal(s->model.change.step, 3);
    scene_key(s, 'q');
    scene_tick(s, 400);
    scene_key(s, 'd'); /* it never was a part of this console */
    assert_true(scene_has(s, EFFECT_LEAVE));
    scene_free(s);
}

static void who_else_is_at_work_is_asked_until_nobody_is(void **state)
{
    struct scene *s = scene_open_busy(false);
    struct job_result holder = {.request = {.kind = JOB_HOLDER}, .ok = true};

    (void)state;
    scene_key(s, 'a');
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    others_work(s, 0, "headgate/up@db7:12 (process 99), 2 of 3");
    scene_key(s, 'a');
    assert_int_equal(model_page(&s->model), PAGE_HOLDER);
    scene_tick(s, 1000);
    assert_int_not_equal(s->model.feeds[FEED_HOLDER].asked_ms, 0);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &holder}, 5);
    assert_string_equal(s->model.holder, "");
    assert_non_null(strstr(scene_said(s), "nobody changes the schema any more"));
    scene_send(s, (struct message){.kind = MSG_TICK}, 1000);
    assert_int_equal(s->model.feeds[FEED_HOLDER].asked_ms, 0);
    scene_free(s);
}

static void what_was_asked_before_a_run_ended_is_asked_again(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_tick(s, 6000);
    assert_int_not_equal(s->model.feeds[FEED_STATUS].asked_ms, 0);
    scene_start_run(s);
    scene_end(s, true);
    others_work(s, 4711, "headgate/up@web2:4711 (process 99)"); /* it was our own */
    assert_string_equal(s->model.holder, "");
    assert_int_equal(s->model.feeds[FEED_STATUS].asked_ms, s->now_ms);
    others_work(s, 4712, "headgate/up@web3:4712 (process 99)");
    assert_int_equal(s->model.worker.pid, 4712);
    scene_free(s);
}

static void a_copy_wants_a_look_and_the_name_of_its_target(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, 'c');
    scene_key(s, 'A');
    assert_int_equal(s->model.ask, ASK_NOTHING);
    assert_non_null(strstr(scene_said(s), "look first"));
    scene_key(s, 'p');
    assert_int_equal(scene_started(s)->kind, JOB_COPY);
    assert_int_equal(scene_started(s)->copy, HG_COPY_DRY_RUN);
    scene_copy(s, false);
    scene_key(s, 'A'); /* not every value fits */
    assert_int_equal(s->model.ask, ASK_NOTHING);
    scene_key(s, 'p');
    scene_copy(s, true);
    scene_key(s, 'A');
    assert_int_equal(s->model.ask, ASK_TRANSFER);
    scene_tick(s, 400);
    scene_type(s, "sho");
    scene_key(s, KEYS_ENTER);
    assert_true(s->model.victim.wrong);
    scene_type(s, "p");
    scene_key(s, KEYS_ENTER);
    assert_int_equal(scene_started(s)->copy, HG_COPY_RUN);
    assert_true(s->model.transfer.running);

    s->model.facts.detaches = false;
    scene_key(s, 'q'); /* it is not left by mistake, and cannot be left behind */
    assert_false(scene_has(s, EFFECT_QUIT));
    scene_tick(s, 400);
    scene_key(s, 'd');
    assert_false(scene_has(s, EFFECT_LEAVE));
    assert_non_null(strstr(scene_said(s), "this copy is a part of the console"));
    scene_key(s, 'c');
    assert_true(scene_has(s, EFFECT_CANCEL));
    assert_int_equal(s->effects.items[0].job, s->model.transfer.job);
    scene_copy(s, false);
    assert_true(scene_has(s, EFFECT_QUIT));
    scene_free(s);
}

/* What the pools' job has found in the runtime directory. */
static void copy_works(struct scene *s, int64_t pid)
{
    static struct job_result pools;

    pools = (struct job_result){.request = {.kind = JOB_POOLS}, .ok = true};
    pools.copying = (struct worker_info){.id = "0123456789abcdef", .pid = pid};
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &pools}, 100);
}

static void a_look_does_not_hide_the_copy_that_goes_on(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, 'c');
    copy_works(s, 4711);
    scene_key(s, 'v');
    assert_int_equal(scene_started(s)->copy, HG_COPY_VERIFY);
    scene_copy(s, true);
    assert_true(s->model.copying_on);
    scene_key(s, 'a');
    assert_int_equal(scene_started(s)->kind, JOB_COPY_WATCH);
    scene_free(s);
}

static void a_copy_that_is_left_is_attached_to_again(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, 'c');
    scene_key(s, 'p');
    scene_copy(s, true);
    scene_key(s, 'A');
    scene_tick(s, 400);
    scene_type(s, "shop");
    scene_key(s, KEYS_ENTER);
    copy_works(s, 4711);
    scene_key(s, KEYS_INTERRUPT);
    scene_tick(s, 400);
    scene_key(s, 'd');
    assert_true(scene_has(s, EFFECT_LEAVE));
    assert_false(s->model.transfer.running);
    scene_key(s, 'A'); /* not a second one beside it */
    assert_int_equal(s->model.ask, ASK_NOTHING);
    assert_non_null(strstr(scene_said(s), "a attaches to it"));

    scene_key(s, 'a');
    assert_int_equal(scene_started(s)->kind, JOB_COPY_WATCH);
    assert_int_equal(scene_started(s)->pid, 4711);
    assert_string_equal(scene_started(s)->text, "0123456789abcdef");
    assert_true(s->model.transfer.running);
    scene_copy(s, true);
    assert_false(s->model.transfer.running);
    copy_works(s, 4711); /* it was seen before it was heard how it ended */
    assert_false(s->model.copying_on);
    scene_free(s);
}

/* What the runtime directory has of a copy that ended before this console was opened. */
static void copy_past(struct scene *s, bool ok, int64_t pid)
{
    static struct job_result past;
    static hg_copy_result copied;

    copied = (hg_copy_result){.mode = HG_COPY_RUN, .ok = ok, .rows = 6000};
    past = (struct job_result){.request = {.kind = JOB_COPY_PAST, .text = "0123456789abcdef"},
                               .ok = ok,
                               .finished_ms = s->model.wall_ms - 3600000,
                               .copy = ok ? &copied : NULL};
    past.copying = (struct worker_info){.id = "0123456789abcdef", .pid = pid};
    if (!ok)
        hg_fail(&past.error, HG_FAILED, "process 4711 of the copy was killed before it ended");
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &past}, 100);
}

static bool tabs_say(struct scene *s, const char *text)
{
    char running[96];

    view_running(&s->model, running, sizeof running);
    return strstr(running, text) != NULL;
}

static void a_copy_that_ended_unseen_is_told_until_its_page_is_open(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    assert_true(s->model.copy_past_asked); /* since the first look at the folder */
    copy_past(s, true, 4711);
    assert_string_equal(scene_said(s), "copy: done, 6000 rows");
    assert_true(tabs_say(s, "copy ended: c"));
    scene_tick(s, 60000);
    assert_true(tabs_say(s, "copy ended: c"));
    scene_key(s, 'c');
    assert_int_equal(scene_started(s)->kind, JOB_COPY_SEEN);
    assert_string_equal(scene_started(s)->text, "0123456789abcdef");
    assert_false(tabs_say(s, "copy"));
    scene_free(s);
}

static void without_one_nothing_is_told(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    copy_works(s, 0);
    copy_past(s, true, 0);
    assert_false(tabs_say(s, "copy"));
    assert_null(s->model.copy);
    scene_free(s);
}

static void one_that_was_killed_is_told_as_a_failure(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    copy_works(s, 0);
    copy_past(s, false, 4711);
    assert_true(tabs_say(s, "copy FAILED: c"));
    assert_non_null(strstr(scene_said(s), "was killed"));
    scene_free(s);
}

/* It was there, nobody was attached, and it is gone. */
static void how_one_ended_that_nobody_watched_is_asked_for(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    copy_works(s, 4711);
    assert_true(tabs_say(s, "runs: copy"));
    copy_works(s, 0);
    assert_int_equal(scene_started(s)->kind, JOB_COPY_PAST);
    copy_works(s, 4712); /* a newer one: what was before is no news */
    copy_past(s, true, 4711);
    assert_true(tabs_say(s, "runs: copy"));
    assert_null(s->model.copy);
    scene_free(s);
}

/* Only a copy goes on from where it was stopped; a look has kept nothing. */
static void the_question_promises_no_more_than_what_runs_can_do(void **state)
{
    struct scene *s = scene_open_busy(false);
    char *screen;

    (void)state;
    scene_key(s, 'c');
    scene_key(s, 'p');
    scene_key(s, KEYS_INTERRUPT);
    screen = scene_screen(s, false);
    assert_non_null(strstr(screen, "It cannot be detached."));
    assert_non_null(strstr(screen, "it would begin anew."));
    assert_null(strstr(screen, "goes on from there"));
    free(screen);
    scene_free(s);
}

static void drift_is_looked_for_once_and_again_when_asked(void **state)
{
    struct scene *s = scene_open_busy(false);
    struct job_result found = {.request = {.kind = JOB_DRIFT}, .ok = true};

    (void)state;
    scene_key(s, 'd');
    assert_int_equal(scene_started(s)->kind, JOB_DRIFT);
    scene_key(s, KEYS_ESCAPE);
    scene_key(s, 'd'); /* it is still under way */
    assert_null(scene_started(s));
    scene_key(s, '1');
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &found, .job = s->model.drift_job},
               500);
    assert_non_null(strstr(scene_said(s), "no schema file"));
    scene_key(s, '4');
    scene_key(s, KEYS_ESCAPE);
    scene_key(s, 'd'); /* what was found is shown again */
    assert_null(scene_started(s));
    scene_key(s, 'd');
    assert_int_equal(scene_started(s)->kind, JOB_DRIFT);
    scene_free(s);
}

static void the_wait_for_another_attempt_is_counted_down(void **state)
{
    struct scene *s = scene_open_busy(false);
    char *screen;

    (void)state;
    scene_start_run(s);
    scene_progress(s, (struct job_event){.kind = HG_EVENT_WAITING,
                                         .subject = "0042",
                                         .message = "lock timeout; attempt 2 of 6 in 3000 ms",
                                         .unit = "attempt",
                                         .done = 2,
                                         .total = 6,
                                         .duration_ms = 3000});
    scene_tick(s, 1000);
    screen = scene_screen(s, false);
    assert_non_null(strstr(screen, "lock timeout; attempt 2 of 6 in 2.0s"));
    free(screen);
    scene_free(s);
}

/* The sessions screen on a server, its first row selected: the one that blocks the others. */
static struct scene *open_sessions(void)
{
    struct scene *s = scene_open_busy(true);

    scene_key(s, '3');
    scene_deliver_sessions(s);
    return s;
}

static void a_session_is_ended_when_the_answer_is_typed(void **state)
{
    struct scene *s = open_sessions();

    (void)state;
    scene_key(s, 'K');
    assert_int_equal(s->model.ask, ASK_END);
    scene_type(s, "shop");
    scene_key(s, KEYS_ENTER); /* all of it before the dead time was over */
    assert_false(scene_has(s, EFFECT_START));
    scene_tick(s, 400);
    scene_type(s, "4211");
    scene_key(s, KEYS_ENTER);
    assert_true(s->model.victim.wrong);
    for (int i = 0; i < 4; i++)
        scene_key(s, KEYS_BACKSPACE);
    scene_type(s, "shop");
    scene_key(s, KEYS_ENTER);
    assert_int_equal(scene_started(s)->kind, JOB_END);
    assert_int_equal(scene_started(s)->pid, 4211);
    assert_true(scene_started(s)->backend_start_ms == s->sessions[0].backend_start_ms);
    assert_true(scene_started(s)->terminate);
    assert_int_equal(s->model.ask, ASK_NOTHING);
    scene_free(s);
}

static void during_a_run_what_is_in_its_way_can_be_ended(void **state)
{
    struct scene *s = open_sessions();

    (void)state;
    scene_key(s, 'A');
    scene_plan(s);
    scene_tick(s, 400);
    scene_type(s, "shop");
    scene_key(s, KEYS_ENTER);
    assert_true(s->model.change.running);
    assert_int_equal(model_in_the_way(&s->model)->pid, 4211);
    scene_key(s, 'C'); /* it waits for its client: there is no statement to cancel */
    assert_int_equal(s->model.ask, ASK_NOTHING);
    assert_non_null(strstr(scene_said(s), "K ends it"));
    s->sessions[0].state = "active";
    scene_key(s, 'C');
    assert_int_equal(s->model.victim.pid, 4211);
    assert_false(s->model.victim.terminate);
    scene_key(s, KEYS_ESCAPE);
    assert_int_equal(s->model.ask, ASK_NOTHING);
    assert_true(s->model.change.running);
    scene_free(s);
}

static void a_guarded_or_read_only_console_ends_no_session(void **state)
{
    struct scene *s = open_sessions();

    (void)state;
    scene_key(s, 'W');
    scene_key(s, 'K');
    assert_int_equal(s->model.ask, ASK_NOTHING);
    assert_non_null(strstr(scene_said(s), "guarded"));
    s->model.facts.read_only = true;
    scene_key(s, 'K');
    assert_non_null(strstr(scene_said(s), "read-only"));
    scene_free(s);
}

static void a_run_that_could_not_be_started_is_not_shown(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_start_run(s);
    scene_send(s, (struct message){.kind = MSG_STARTED, .job = 0, .request = {.kind = JOB_RUN}}, 1);
    assert_false(s->model.change.running);
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    scene_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_moves_through_the_plan),
        cmocka_unit_test(a_finished_run_asks_for_the_state_at_once),
        cmocka_unit_test(a_run_is_stopped_by_control_c_and_c),
        cmocka_unit_test(quitting_during_a_run_asks_and_waits_for_the_roll_back),
        cmocka_unit_test(a_run_that_does_not_stop_can_be_left),
        cmocka_unit_test(a_run_is_left_to_itself),
        cmocka_unit_test(a_run_within_the_console_cannot_be_left_to_itself),
        cmocka_unit_test(a_run_of_another_terminal_is_watched_as_ones_own),
        cmocka_unit_test(who_else_is_at_work_is_asked_until_nobody_is),
        cmocka_unit_test(what_was_asked_before_a_run_ended_is_asked_again),
        cmocka_unit_test(a_copy_wants_a_look_and_the_name_of_its_target),
        cmocka_unit_test(a_copy_that_is_left_is_attached_to_again),
        cmocka_unit_test(a_look_does_not_hide_the_copy_that_goes_on),
        cmocka_unit_test(a_copy_that_ended_unseen_is_told_until_its_page_is_open),
        cmocka_unit_test(without_one_nothing_is_told),
        cmocka_unit_test(one_that_was_killed_is_told_as_a_failure),
        cmocka_unit_test(how_one_ended_that_nobody_watched_is_asked_for),
        cmocka_unit_test(the_question_promises_no_more_than_what_runs_can_do),
        cmocka_unit_test(drift_is_looked_for_once_and_again_when_asked),
        cmocka_unit_test(the_wait_for_another_attempt_is_counted_down),
        cmocka_unit_test(a_session_is_ended_when_the_answer_is_typed),
        cmocka_unit_test(during_a_run_what_is_in_its_way_can_be_ended),
        cmocka_unit_test(a_guarded_or_read_only_console_ends_no_session),
        cmocka_unit_test(a_run_that_could_not_be_started_is_not_shown),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
