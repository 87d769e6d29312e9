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

static void tick(struct scene *s, int64_t after_ms)
{
    scene_send(s, (struct message){.kind = MSG_TICK}, after_ms);
}

/* A console that has been looking at a database with two pending migrations. */
static struct scene *open_busy(bool production)
{
    struct scene *s = scene_new(80, 24, true, production);

    scene_busy(s);
    scene_deliver(s);
    if (production) { /* changes are allowed */
        scene_key(s, 'W');
        tick(s, 400);
        scene_key(s, 'y');
    }
    return s;
}

static const struct job_request *started(const struct scene *s)
{
    for (size_t i = 0; i < s->effects.count; i++)
        if (s->effects.items[i].kind == EFFECT_START)
            return &s->effects.items[i].request;
    return NULL;
}

static size_t count(const struct scene *s, enum effect_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < s->effects.count; i++)
        n += s->effects.items[i].kind == kind;
    return n;
}

static const char *note(const struct scene *s)
{
    const struct note *newest = model_note(&s->model, 0);

    return newest == NULL ? "" : newest->text;
}

/* To the question below a plan, its dead time over. */
static void ask(struct scene *s, uint32_t key)
{
    scene_key(s, key);
    scene_plan(s);
    tick(s, 400);
}

static void start_run(struct scene *s)
{
    ask(s, 'A');
    scene_key(s, 'y');
}

static void pools_and_database_are_asked_at_once_and_then_every_second(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    assert_int_equal(count(s, EFFECT_START), 2);
    scene_calm(s);
    scene_deliver(s);
    tick(s, 500);
    assert_int_equal(count(s, EFFECT_START), 0);
    tick(s, 500);
    assert_int_equal(count(s, EFFECT_START), 1);
    assert_int_equal(started(s)->kind, JOB_PING);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->ping}, 5);
    for (int i = 0; i < 3; i++) {
        tick(s, 1000);
        scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->ping}, 0);
    }
    tick(s, 1000);
    assert_int_equal(count(s, EFFECT_START), 1); /* the checks, every fifth time */
    assert_int_equal(started(s)->kind, JOB_STATUS);
    scene_free(s);
}

static void pools_are_read_right_after_the_database_has_answered(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);

    (void)state;
    scene_calm(s);
    scene_deliver(s);
    tick(s, 1000);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->ping}, 3);
    assert_int_equal(started(s)->kind, JOB_POOLS);
    scene_free(s);
}

static void a_database_that_does_not_answer_is_not_asked_twice(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    int pings = 0, statuses = 0;

    for (int i = 0; i < 30; i++) {
        tick(s, 1000);
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
    struct scene *s = open_busy(false);
    struct job_result newer = s->status;

    (void)state;
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &newer}, 1000);
    assert_int_equal(count(s, EFFECT_DISCARD), 1);
    assert_ptr_equal(s->effects.items[0].result, &s->status);
    assert_ptr_equal(s->model.status, &newer);
    assert_ptr_equal(s->model.known, &newer);
    scene_free(s);
}

static void the_last_history_stays_while_the_database_is_away(void **state)
{
    struct scene *s = open_busy(false);
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
    assert_int_equal(count(s, EFFECT_DISCARD), 1);
    assert_ptr_equal(s->effects.items[0].result, &away[0]);
    assert_string_equal(note(s), "the database does not answer");
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->status}, 1000);
    assert_string_equal(note(s), "the database answers again");
    scene_free(s);
}

static void the_first_pending_migration_is_selected(void **state)
{
    struct scene *s = open_busy(false);

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
    struct scene *s = open_busy(false);
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
    struct scene *s = open_busy(false);

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
    struct scene *s = open_busy(false);

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

static void apply_makes_a_plan_first_and_changes_nothing(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    scene_key(s, 'A');
    assert_int_equal(count(s, EFFECT_START), 1);
    assert_int_equal(started(s)->kind, JOB_PLAN);
    assert_int_equal(started(s)->migrate, HG_MIGRATE_UP);
    assert_string_equal(started(s)->target, "");
    assert_int_equal(model_page(&s->model), PAGE_PLAN);
    scene_free(s);
}

static void apply_on_a_pending_migration_goes_up_to_it(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    scene_key(s, 'k'); /* touched: 0041 */
    scene_key(s, 'j'); /* 0042, and 0043 behind it */
    scene_key(s, 'A');
    assert_string_equal(started(s)->target, "0042");
    scene_free(s);
}

static void yes_runs_the_plan_that_was_shown(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    ask(s, 'A');
    scene_key(s, 'y');
    assert_int_equal(started(s)->kind, JOB_RUN);
    assert_int_equal(started(s)->migrate, HG_MIGRATE_UP);
    assert_string_equal(started(s)->plan_id, "5f2a9c01d37be846");
    assert_true(s->model.change.running);
    scene_free(s);
}

static void roll_back_and_reset_ask_too(void **state)
{
    static const struct {
        uint32_t key;
        hg_migrate_kind kind;
    } cases[] = {{'U', HG_MIGRATE_DOWN}, {'X', HG_MIGRATE_RESET}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene *s = open_busy(false);

        ask(s, cases[i].key);
        assert_false(s->model.change.running);
        scene_key(s, 'y');
        assert_int_equal(started(s)->migrate, cases[i].kind);
        scene_free(s);
    }
}

static void enter_confirms_nothing(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    ask(s, 'A');
    for (int i = 0; i < 5; i++)
        scene_key(s, KEYS_ENTER);
    assert_false(s->model.change.running);
    scene_free(s);

    s = open_busy(true);
    ask(s, 'A');
    for (int i = 0; i < 5; i++)
        scene_key(s, KEYS_ENTER);
    assert_false(s->model.change.running);
    scene_free(s);
}

static void keys_typed_before_the_question_opened_are_dropped(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    scene_key(s, 'A');
    scene_key(s, 'y');
    scene_plan(s);
    scene_key(s, 'y');
    assert_false(s->model.change.running);
    tick(s, 400);
    scene_key(s, 'y');
    assert_true(s->model.change.running);
    scene_free(s);
}

static void production_wants_the_name_of_the_database(void **state)
{
    struct scene *s = open_busy(true);

    (void)state;
    ask(s, 'A');
    scene_key(s, 'y');
    assert_false(s->model.change.running);
    scene_key(s, KEYS_BACKSPACE);
    scene_type(s, "shob");
    scene_key(s, KEYS_ENTER);
    assert_false(s->model.change.running);
    assert_true(s->model.change.wrong);
    scene_key(s, KEYS_BACKSPACE);
    scene_key(s, 'p');
    assert_false(s->model.change.wrong);
    assert_false(s->model.change.running);
    scene_key(s, KEYS_ENTER);
    assert_true(s->model.change.running);
    scene_free(s);
}

static void production_runs_when_the_name_is_typed(void **state)
{
    struct scene *s = open_busy(true);

    (void)state;
    ask(s, 'U');
    scene_type(s, "shop");
    assert_false(s->model.change.running);
    scene_key(s, KEYS_ENTER);
    assert_true(s->model.change.running);
    scene_free(s);
}

static void a_pasted_name_is_refused(void **state)
{
    struct scene *s = open_busy(true);

    (void)state;
    ask(s, 'A');
    scene_key(s, KEYS_PASTE);
    scene_key(s, KEYS_ENTER);
    assert_false(s->model.change.running);
    assert_non_null(strstr(note(s), "has to be typed"));
    scene_free(s);
}

static void escape_leaves_the_plan_and_nothing_happens(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    ask(s, 'A');
    scene_key(s, KEYS_ESCAPE);
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    assert_ptr_equal(s->effects.items[0].result, &s->plan);
    assert_non_null(strstr(note(s), "nothing was changed"));
    scene_key(s, 'y');
    assert_false(s->model.change.running);
    scene_free(s);
}

static void a_plan_that_comes_after_it_was_left_is_handed_back(void **state)
{
    struct scene *s = open_busy(false);
    uint64_t job;

    (void)state;
    scene_key(s, 'A');
    job = s->model.change.plan_job;
    scene_key(s, KEYS_ESCAPE);
    assert_true(scene_has(s, EFFECT_CANCEL));
    s->plan = (struct job_result){.ok = true, .plan = &s->planned};
    s->plan.request.kind = JOB_PLAN;
    scene_send(s, (struct message){.kind = MSG_RESULT, .job = job, .result = &s->plan}, 10);
    assert_ptr_equal(s->effects.items[0].result, &s->plan);
    assert_null(s->model.plan);
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    scene_free(s);
}

static void an_empty_plan_says_so(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    scene_key(s, 'A');
    s->planned = (hg_plan){.step_count = 0};
    s->plan = (struct job_result){.ok = true, .plan = &s->planned};
    s->plan.request.kind = JOB_PLAN;
    scene_send(
        s,
        (struct message){.kind = MSG_RESULT, .job = s->model.change.plan_job, .result = &s->plan},
        10);
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    assert_non_null(strstr(note(s), "nothing to apply"));
    assert_true(scene_has(s, EFFECT_DISCARD));
    scene_free(s);
}

static void nothing_can_be_changed_read_only(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    s->model.facts.read_only = true;
    scene_type(s, "AUX");
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    assert_false(scene_has(s, EFFECT_START));
    assert_non_null(strstr(note(s), "read-only"));
    scene_free(s);
}

static void progress_moves_through_the_plan(void **state)
{
    struct scene *s = open_busy(false);
    struct change *c = &s->model.change;

    (void)state;
    start_run(s);
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
    struct scene *s = open_busy(false);

    (void)state;
    start_run(s);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->status}, 10);
    scene_end(s, true);
    assert_int_equal(started(s)->kind, JOB_STATUS);
    assert_int_equal(model_context(&s->model), IN_RESULT);
    assert_non_null(strstr(note(s), "done, 2 migrations"));
    scene_free(s);
}

static void a_run_is_stopped_by_control_c_and_c(void **state)
{
    struct scene *s = open_busy(false);
    uint64_t job;

    (void)state;
    start_run(s);
    job = s->model.change.job;
    scene_key(s, KEYS_INTERRUPT);
    assert_int_equal(s->model.ask, ASK_STOP);
    assert_false(scene_has(s, EFFECT_CANCEL));
    scene_key(s, KEYS_ESCAPE);
    assert_int_equal(s->model.ask, ASK_NOTHING);
    assert_true(s->model.change.running);
    scene_key(s, KEYS_ESCAPE);
    tick(s, 400);
    scene_key(s, 'c');
    assert_true(scene_has(s, EFFECT_CANCEL));
    assert_int_equal(s->effects.items[0].job, job);
    scene_free(s);
}

static void quitting_during_a_run_asks_and_waits_for_the_roll_back(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    start_run(s);
    scene_key(s, 'q');
    assert_false(scene_has(s, EFFECT_QUIT));
    tick(s, 400);
    scene_key(s, 'c');
    assert_true(scene_has(s, EFFECT_CANCEL));
    assert_false(scene_has(s, EFFECT_QUIT));
    scene_end(s, false);
    assert_true(scene_has(s, EFFECT_QUIT));
    scene_free(s);
}

static void a_run_that_does_not_stop_can_be_left(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    start_run(s);
    for (int i = 0; i < 2; i++) {
        scene_key(s, 'q');
        tick(s, 400);
        scene_key(s, 'c');
    }
    assert_true(scene_has(s, EFFECT_QUIT));
    scene_free(s);
}

static void a_run_is_left_to_itself(void **state)
{
    struct scene *s = open_busy(false);
    uint64_t job;

    (void)state;
    start_run(s);
    job = s->model.change.job;
    scene_key(s, KEYS_INTERRUPT);
    tick(s, 400);
    scene_key(s, 'd');
    assert_true(scene_has(s, EFFECT_LEAVE));
    assert_int_equal(s->effects.items[0].job, job);
    assert_false(scene_has(s, EFFECT_QUIT));
    assert_false(s->model.change.running);
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    assert_non_null(strstr(note(s), "goes on by itself"));

    start_run(s);
    scene_key(s, 'q');
    tick(s, 400);
    scene_key(s, 'd');
    assert_true(scene_has(s, EFFECT_LEAVE));
    assert_true(scene_has(s, EFFECT_QUIT));
    scene_free(s);
}

static void a_run_within_the_console_cannot_be_left_to_itself(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    s->model.facts.detaches = false;
    start_run(s);
    scene_key(s, 'q');
    tick(s, 400);
    scene_key(s, 'd');
    assert_false(scene_has(s, EFFECT_LEAVE));
    assert_true(s->model.change.running);
    assert_non_null(strstr(note(s), "ends with it"));
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
    struct scene *s = open_busy(false);

    (void)state;
    others_work(s, 4711, "headgate/down@web2:4711 (process 99)");
    assert_non_null(strstr(note(s), "a shows who"));
    scene_key(s, 'a');
    assert_int_equal(started(s)->kind, JOB_WATCH);
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
    tick(s, 400);
    scene_key(s, 'd'); /* it never was a part of this console */
    assert_true(scene_has(s, EFFECT_LEAVE));
    scene_free(s);
}

static void who_else_is_at_work_is_asked_until_nobody_is(void **state)
{
    struct scene *s = open_busy(false);
    struct job_result holder = {.request = {.kind = JOB_HOLDER}, .ok = true};

    (void)state;
    scene_key(s, 'a');
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    others_work(s, 0, "headgate/up@db7:12 (process 99), 2 of 3");
    scene_key(s, 'a');
    assert_int_equal(model_page(&s->model), PAGE_HOLDER);
    tick(s, 1000);
    assert_int_not_equal(s->model.feeds[FEED_HOLDER].asked_ms, 0);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &holder}, 5);
    assert_string_equal(s->model.holder, "");
    assert_non_null(strstr(note(s), "nobody changes the schema any more"));
    scene_send(s, (struct message){.kind = MSG_TICK}, 1000);
    assert_int_equal(s->model.feeds[FEED_HOLDER].asked_ms, 0);
    scene_free(s);
}

static void a_copy_wants_a_look_and_the_name_of_its_target(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    scene_key(s, 'c');
    scene_key(s, 'A');
    assert_int_equal(s->model.ask, ASK_NOTHING);
    assert_non_null(strstr(note(s), "look first"));
    scene_key(s, 'p');
    assert_int_equal(started(s)->kind, JOB_COPY);
    assert_int_equal(started(s)->copy, HG_COPY_DRY_RUN);
    scene_copy(s, false);
    scene_key(s, 'A'); /* not every value fits */
    assert_int_equal(s->model.ask, ASK_NOTHING);
    scene_key(s, 'p');
    scene_copy(s, true);
    scene_key(s, 'A');
    assert_int_equal(s->model.ask, ASK_TRANSFER);
    tick(s, 400);
    scene_type(s, "sho");
    scene_key(s, KEYS_ENTER);
    assert_true(s->model.victim.wrong);
    scene_type(s, "p");
    scene_key(s, KEYS_ENTER);
    assert_int_equal(started(s)->copy, HG_COPY_RUN);
    assert_true(s->model.transfer.running);

    scene_key(s, 'q'); /* it is not left by mistake, and cannot be left behind */
    assert_false(scene_has(s, EFFECT_QUIT));
    tick(s, 400);
    scene_key(s, 'd');
    assert_false(scene_has(s, EFFECT_LEAVE));
    scene_key(s, 'c');
    assert_true(scene_has(s, EFFECT_CANCEL));
    assert_int_equal(s->effects.items[0].job, s->model.transfer.job);
    scene_copy(s, false);
    assert_true(scene_has(s, EFFECT_QUIT));
    scene_free(s);
}

static void drift_is_looked_for_once_and_again_when_asked(void **state)
{
    struct scene *s = open_busy(false);
    struct job_result found = {.request = {.kind = JOB_DRIFT}, .ok = true};

    (void)state;
    scene_key(s, 'd');
    assert_int_equal(started(s)->kind, JOB_DRIFT);
    scene_key(s, KEYS_ESCAPE);
    scene_key(s, 'd'); /* it is still under way */
    assert_null(started(s));
    scene_key(s, '1');
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &found, .job = s->model.drift_job},
               500);
    assert_non_null(strstr(note(s), "no schema file"));
    scene_key(s, '4');
    scene_key(s, KEYS_ESCAPE);
    scene_key(s, 'd'); /* what was found is shown again */
    assert_null(started(s));
    scene_key(s, 'd');
    assert_int_equal(started(s)->kind, JOB_DRIFT);
    scene_free(s);
}

static void the_wait_for_another_attempt_is_counted_down(void **state)
{
    struct scene *s = open_busy(false);
    char *screen;

    (void)state;
    start_run(s);
    scene_progress(s, (struct job_event){.kind = HG_EVENT_WAITING,
                                         .subject = "0042",
                                         .message = "lock timeout; attempt 2 of 6 in 3000 ms",
                                         .unit = "attempt",
                                         .done = 2,
                                         .total = 6,
                                         .duration_ms = 3000});
    tick(s, 1000);
    screen = scene_screen(s, false);
    assert_non_null(strstr(screen, "lock timeout; attempt 2 of 6 in 2.0s"));
    free(screen);
    scene_free(s);
}

/* The sessions screen on a server, its first row selected: the one that blocks the others. */
static struct scene *open_sessions(void)
{
    struct scene *s = open_busy(true);

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
    tick(s, 400);
    scene_type(s, "4211");
    scene_key(s, KEYS_ENTER);
    assert_true(s->model.victim.wrong);
    for (int i = 0; i < 4; i++)
        scene_key(s, KEYS_BACKSPACE);
    scene_type(s, "shop");
    scene_key(s, KEYS_ENTER);
    assert_int_equal(started(s)->kind, JOB_END);
    assert_int_equal(started(s)->pid, 4211);
    assert_true(started(s)->backend_start_ms == s->sessions[0].backend_start_ms);
    assert_true(started(s)->terminate);
    assert_int_equal(s->model.ask, ASK_NOTHING);
    scene_free(s);
}

static void during_a_run_what_is_in_its_way_can_be_ended(void **state)
{
    struct scene *s = open_sessions();

    (void)state;
    scene_key(s, 'A');
    scene_plan(s);
    tick(s, 400);
    scene_type(s, "shop");
    scene_key(s, KEYS_ENTER);
    assert_true(s->model.change.running);
    assert_int_equal(model_in_the_way(&s->model)->pid, 4211);
    scene_key(s, 'C'); /* it waits for its client: there is no statement to cancel */
    assert_int_equal(s->model.ask, ASK_NOTHING);
    assert_non_null(strstr(note(s), "K ends it"));
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
    assert_non_null(strstr(note(s), "guarded"));
    s->model.facts.read_only = true;
    scene_key(s, 'K');
    assert_non_null(strstr(note(s), "read-only"));
    scene_free(s);
}

static void a_run_that_could_not_be_started_is_not_shown(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    start_run(s);
    scene_send(s, (struct message){.kind = MSG_STARTED, .job = 0, .request = {.kind = JOB_RUN}}, 1);
    assert_false(s->model.change.running);
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    scene_free(s);
}

static void nothing_is_confirmed_that_cannot_be_seen(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    ask(s, 'A');
    scene_send(s, (struct message){.kind = MSG_RESIZE, .width = 30, .height = 5}, 10);
    scene_key(s, 'y');
    assert_false(s->model.change.running);
    scene_send(s, (struct message){.kind = MSG_RESIZE, .width = 80, .height = 24}, 10);
    scene_key(s, 'y');
    assert_true(s->model.change.running);
    scene_free(s);
}

static void q_quits_and_escape_never_does(void **state)
{
    struct scene *s = open_busy(false);

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
    struct scene *s = open_busy(false);

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

static void help_over_a_plan_does_not_keep_it_from_arriving(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    scene_key(s, 'A');
    scene_key(s, '?');
    s->plan = (struct job_result){.error = {.code = HG_LOST, .message = "connection lost"}};
    s->plan.request.kind = JOB_PLAN;
    scene_send(
        s,
        (struct message){.kind = MSG_RESULT, .job = s->model.change.plan_job, .result = &s->plan},
        10);
    assert_int_equal(model_page(&s->model), PAGE_RUN);
    assert_int_equal(model_context(&s->model), IN_RESULT);
    scene_key(s, KEYS_ESCAPE);
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    scene_free(s);
}

static void a_page_does_not_scroll_past_its_end(void **state)
{
    struct scene *s = open_busy(false);
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
    struct scene *s = open_busy(false);
    char text[32];

    (void)state;
    for (int i = 0; i < NOTES + 10; i++) {
        snprintf(text, sizeof text, "note %d", i);
        scene_send(s, (struct message){.kind = MSG_NOTE, .text = text}, 1);
    }
    assert_string_equal(note(s), "note 137");
    assert_non_null(model_note(&s->model, NOTES - 1));
    assert_null(model_note(&s->model, NOTES));
    scene_free(s);
}

static void the_past_of_a_pool_keeps_the_most_of_each_five_seconds(void **state)
{
    struct scene *s = open_busy(false);
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
            struct scene *s = open_busy(second % 2 == 0);
            char *screen;

            scene_key(s, row[first].keys[0]);
            if (s->model.change.plan_job != 0)
                scene_plan(s);
            tick(s, 400);
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
    struct scene *s = open_busy(false);

    (void)state;
    scene_key(s, 'o'); /* elsewhere than on their screen */
    assert_null(started(s));
    scene_type(s, "5r");
    assert_int_equal(started(s)->kind, JOB_SMOKE);
    assert_string_equal(started(s)->only, "");
    scene_deliver_smoke(s);
    assert_string_equal(s->model.lists[PANE_CHECKS].key, "schema.fk_index"); /* the worst */
    scene_key(s, 'o');
    assert_string_equal(started(s)->only, "schema.fk_index ");
    scene_key(s, 'r'); /* again while it runs: stop it */
    assert_true(scene_has(s, EFFECT_CANCEL));
    scene_deliver_smoke(s);
    scene_key(s, 'f');
    assert_string_equal(started(s)->only, "db.reserve schema.fk_index ");
    scene_free(s);
}

static void a_plan_with_dangers_asks_nothing_in_production(void **state)
{
    struct scene *s = open_busy(true);
    hg_hazard danger = {.id = "drop-column",
                        .severity = HG_SEVERITY_DANGER,
                        .message = "rows are lost",
                        .safer = ""};
    hg_plan_statement statement = {.sql = "ALTER TABLE users DROP email",
                                   .unmeasured = "",
                                   .hazards = &danger,
                                   .hazard_count = 1};
    hg_plan_step step = {.revision = "0042",
                         .message = "drop",
                         .file = "0042.sql",
                         .statements = &statement,
                         .statement_count = 1};
    hg_plan plan = {.id = "5f2a9c01d37be846",
                    .steps = &step,
                    .step_count = 1,
                    .danger_count = 1,
                    .measured_ms = -1,
                    .unmeasured = ""};
    struct job_result result = {.ok = true, .plan = &plan};

    (void)state;
    scene_key(s, 'A');
    result.request.kind = JOB_PLAN;
    scene_send(
        s, (struct message){.kind = MSG_RESULT, .result = &result, .job = s->model.change.plan_job},
        20);
    tick(s, 400);
    assert_int_equal(model_page(&s->model), PAGE_PLAN);
    assert_int_equal(model_context(&s->model), IN_PAGE);
    assert_non_null(strstr(note(s), "refused"));
    scene_type(s, "shop\r");
    assert_false(s->model.change.running);
    scene_free(s);
}

static void a_guarded_production_changes_nothing_until_it_is_armed(void **state)
{
    struct scene *s = scene_new(80, 24, true, true);

    (void)state;
    scene_busy(s);
    scene_deliver(s);
    scene_key(s, 'A');
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    assert_non_null(strstr(note(s), "guarded"));
    scene_key(s, 'W');
    scene_key(s, 'y'); /* too soon: it was typed for something else */
    assert_false(model_armed(&s->model));
    tick(s, 400);
    scene_key(s, 'y');
    assert_true(model_armed(&s->model));
    tick(s, 600001);
    assert_false(model_armed(&s->model));
    scene_key(s, 'A');
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    scene_free(s);
}

static void a_question_that_nobody_answers_closes(void **state)
{
    struct scene *s = open_busy(false);

    (void)state;
    ask(s, 'A');
    assert_int_equal(model_context(&s->model), IN_PLAN);
    tick(s, 59000);
    scene_key(s, 'j'); /* somebody reads it */
    tick(s, 59000);
    assert_int_equal(model_context(&s->model), IN_PLAN);
    tick(s, 2000);
    assert_int_equal(model_context(&s->model), IN_PAGE);
    scene_key(s, 'y');
    assert_false(s->model.change.running);
    scene_free(s);
}

static void a_filter_shows_what_has_all_its_words(void **state)
{
    struct scene *s = open_busy(false);

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
    struct scene *s = open_busy(false);

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
    struct scene *s = open_busy(false);

    (void)state;
    scene_type(s, ":sess");
    scene_key(s, KEYS_TAB);
    scene_key(s, KEYS_ENTER);
    assert_int_equal(s->model.screen, SCREEN_SESSIONS);
    scene_type(s, ":up 0042");
    scene_key(s, KEYS_ENTER);
    assert_int_equal(started(s)->kind, JOB_PLAN);
    assert_string_equal(started(s)->target, "0042");
    scene_key(s, KEYS_ESCAPE);
    scene_type(s, ":upp");
    scene_key(s, KEYS_ENTER);
    assert_non_null(strstr(note(s), "did you mean up?"));
    scene_free(s);
}

/* A name of the command line either does its work here, or says that it needs a shell. */
static void every_action_is_answered(void **state)
{
    size_t n;
    const struct action *actions = actions_all(&n);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        struct scene *s = open_busy(false);

        scene_key(s, ':');
        scene_type(s, actions[i].name);
        scene_key(s, KEYS_ENTER);
        assert_null(strstr(note(s), "there is no"));
        scene_free(s);
    }
}

static void copying_hands_out_what_matters_of_the_row(void **state)
{
    struct scene *s = open_busy(true);

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
    struct scene *s = open_busy(false);

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pools_and_database_are_asked_at_once_and_then_every_second),
        cmocka_unit_test(pools_are_read_right_after_the_database_has_answered),
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
        cmocka_unit_test(apply_makes_a_plan_first_and_changes_nothing),
        cmocka_unit_test(apply_on_a_pending_migration_goes_up_to_it),
        cmocka_unit_test(yes_runs_the_plan_that_was_shown),
        cmocka_unit_test(roll_back_and_reset_ask_too),
        cmocka_unit_test(enter_confirms_nothing),
        cmocka_unit_test(keys_typed_before_the_question_opened_are_dropped),
        cmocka_unit_test(production_wants_the_name_of_the_database),
        cmocka_unit_test(production_runs_when_the_name_is_typed),
        cmocka_unit_test(a_pasted_name_is_refused),
        cmocka_unit_test(escape_leaves_the_plan_and_nothing_happens),
        cmocka_unit_test(a_plan_that_comes_after_it_was_left_is_handed_back),
        cmocka_unit_test(an_empty_plan_says_so),
        cmocka_unit_test(nothing_can_be_changed_read_only),
        cmocka_unit_test(progress_moves_through_the_plan),
        cmocka_unit_test(a_finished_run_asks_for_the_state_at_once),
        cmocka_unit_test(a_run_is_stopped_by_control_c_and_c),
        cmocka_unit_test(quitting_during_a_run_asks_and_waits_for_the_roll_back),
        cmocka_unit_test(a_run_that_does_not_stop_can_be_left),
        cmocka_unit_test(a_run_is_left_to_itself),
        cmocka_unit_test(a_run_within_the_console_cannot_be_left_to_itself),
        cmocka_unit_test(a_run_of_another_terminal_is_watched_as_ones_own),
        cmocka_unit_test(who_else_is_at_work_is_asked_until_nobody_is),
        cmocka_unit_test(a_copy_wants_a_look_and_the_name_of_its_target),
        cmocka_unit_test(drift_is_looked_for_once_and_again_when_asked),
        cmocka_unit_test(the_wait_for_another_attempt_is_counted_down),
        cmocka_unit_test(a_session_is_ended_when_the_answer_is_typed),
        cmocka_unit_test(during_a_run_what_is_in_its_way_can_be_ended),
        cmocka_unit_test(a_guarded_or_read_only_console_ends_no_session),
        cmocka_unit_test(a_run_that_could_not_be_started_is_not_shown),
        cmocka_unit_test(nothing_is_confirmed_that_cannot_be_seen),
        cmocka_unit_test(q_quits_and_escape_never_does),
        cmocka_unit_test(pages_open_over_each_other_and_close_in_order),
        cmocka_unit_test(help_over_a_plan_does_not_keep_it_from_arriving),
        cmocka_unit_test(a_page_does_not_scroll_past_its_end),
        cmocka_unit_test(the_log_keeps_the_newest),
        cmocka_unit_test(the_past_of_a_pool_keeps_the_most_of_each_five_seconds),
        cmocka_unit_test(every_key_can_be_pressed_anywhere),
        cmocka_unit_test(checks_are_run_all_one_or_those_that_did_not_pass),
        cmocka_unit_test(a_plan_with_dangers_asks_nothing_in_production),
        cmocka_unit_test(a_guarded_production_changes_nothing_until_it_is_armed),
        cmocka_unit_test(a_question_that_nobody_answers_closes),
        cmocka_unit_test(a_filter_shows_what_has_all_its_words),
        cmocka_unit_test(screens_keep_their_place),
        cmocka_unit_test(commands_have_the_names_of_the_command_line),
        cmocka_unit_test(every_action_is_answered),
        cmocka_unit_test(copying_hands_out_what_matters_of_the_row),
        cmocka_unit_test(what_is_pasted_is_no_command),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
