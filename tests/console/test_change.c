/*
 * test_change.c - what a change of the database is asked for, and what may not be one.
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

static void apply_makes_a_plan_first_and_changes_nothing(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, 'A');
    assert_int_equal(scene_count(s, EFFECT_START), 1);
    assert_int_equal(scene_started(s)->kind, JOB_PLAN);
    assert_int_equal(scene_started(s)->migrate, HG_MIGRATE_UP);
    assert_string_equal(scene_started(s)->target, "");
    assert_int_equal(model_page(&s->model), PAGE_PLAN);
    scene_free(s);
}

static void apply_on_a_pending_migration_goes_up_to_it(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, 'k'); /* touched: 0041 */
    scene_key(s, 'j'); /* 0042, and 0043 behind it */
    scene_key(s, 'A');
    assert_string_equal(scene_started(s)->target, "0042");
    scene_free(s);
}

static void yes_runs_the_plan_that_was_shown(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_ask(s, 'A');
    scene_key(s, 'y');
    assert_int_equal(scene_started(s)->kind, JOB_RUN);
    assert_int_equal(scene_started(s)->migrate, HG_MIGRATE_UP);
    assert_string_equal(scene_started(s)->plan_id, "5f2a9c01d37be846");
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
        struct scene *s = scene_open_busy(false);

        scene_ask(s, cases[i].key);
        assert_false(s->model.change.running);
        scene_key(s, 'y');
        assert_int_equal(scene_started(s)->migrate, cases[i].kind);
        scene_free(s);
    }
}

static void enter_confirms_nothing(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_ask(s, 'A');
    for (int i = 0; i < 5; i++)
        scene_key(s, KEYS_ENTER);
    assert_false(s->model.change.running);
    scene_free(s);

    s = scene_open_busy(true);
    scene_ask(s, 'A');
    for (int i = 0; i < 5; i++)
        scene_key(s, KEYS_ENTER);
    assert_false(s->model.change.running);
    scene_free(s);
}

static void keys_typed_before_the_question_opened_are_dropped(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, 'A');
    scene_key(s, 'y');
    scene_plan(s);
    scene_key(s, 'y');
    assert_false(s->model.change.running);
    scene_tick(s, 400);
    scene_key(s, 'y');
    assert_true(s->model.change.running);
    scene_free(s);
}

static void production_wants_the_name_of_the_database(void **state)
{
    struct scene *s = scene_open_busy(true);

    (void)state;
    scene_ask(s, 'A');
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
    struct scene *s = scene_open_busy(true);

    (void)state;
    scene_ask(s, 'U');
    scene_type(s, "shop");
    assert_false(s->model.change.running);
    scene_key(s, KEYS_ENTER);
    assert_true(s->model.change.running);
    scene_free(s);
}

static void a_pasted_name_is_refused(void **state)
{
    struct scene *s = scene_open_busy(true);

    (void)state;
    scene_ask(s, 'A');
    scene_key(s, KEYS_PASTE);
    scene_key(s, KEYS_ENTER);
    assert_false(s->model.change.running);
    assert_non_null(strstr(scene_said(s), "has to be typed"));
    scene_free(s);
}

static void escape_leaves_the_plan_and_nothing_happens(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_ask(s, 'A');
    scene_key(s, KEYS_ESCAPE);
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    assert_ptr_equal(s->effects.items[0].result, &s->plan);
    assert_non_null(strstr(scene_said(s), "nothing was changed"));
    scene_key(s, 'y');
    assert_false(s->model.change.running);
    scene_free(s);
}

static void a_plan_that_comes_after_it_was_left_is_handed_back(void **state)
{
    struct scene *s = scene_open_busy(false);
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
    struct scene *s = scene_open_busy(false);

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
    assert_non_null(strstr(scene_said(s), "nothing to apply"));
    assert_true(scene_has(s, EFFECT_DISCARD));
    scene_free(s);
}

static void nothing_can_be_changed_read_only(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    s->model.facts.read_only = true;
    scene_type(s, "AUX");
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    assert_false(scene_has(s, EFFECT_START));
    assert_non_null(strstr(scene_said(s), "read-only"));
    scene_free(s);
}

static void nothing_is_confirmed_that_cannot_be_seen(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_ask(s, 'A');
    scene_send(s, (struct message){.kind = MSG_RESIZE, .width = 30, .height = 5}, 10);
    scene_key(s, 'y');
    assert_false(s->model.change.running);
    scene_send(s, (struct message){.kind = MSG_RESIZE, .width = 80, .height = 24}, 10);
    scene_key(s, 'y');
    assert_true(s->model.change.running);
    scene_free(s);
}

static void help_over_a_plan_does_not_keep_it_from_arriving(void **state)
{
    struct scene *s = scene_open_busy(false);

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

static void a_plan_with_dangers_asks_nothing_in_production(void **state)
{
    struct scene *s = scene_open_busy(true);
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
    scene_tick(s, 400);
    assert_int_equal(model_page(&s->model), PAGE_PLAN);
    assert_int_equal(model_context(&s->model), IN_PAGE);
    assert_non_null(strstr(scene_said(s), "refused"));
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
    assert_non_null(strstr(scene_said(s), "guarded"));
    scene_key(s, 'W');
    scene_key(s, 'y'); /* too soon: it was typed for something else */
    assert_false(model_armed(&s->model));
    scene_tick(s, 400);
    scene_key(s, 'y');
    assert_true(model_armed(&s->model));
    scene_tick(s, 600001);
    assert_false(model_armed(&s->model));
    scene_key(s, 'A');
    assert_int_equal(model_page(&s->model), PAGE_NONE);
    scene_free(s);
}

static void a_question_that_nobody_answers_closes(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_ask(s, 'A');
    assert_int_equal(model_context(&s->model), IN_PLAN);
    scene_tick(s, 59000);
    scene_key(s, 'j'); /* somebody reads it */
    scene_tick(s, 59000);
    assert_int_equal(model_context(&s->model), IN_PLAN);
    scene_tick(s, 2000);
    assert_int_equal(model_context(&s->model), IN_PAGE);
    scene_key(s, 'y');
    assert_false(s->model.change.running);
    scene_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        cmocka_unit_test(nothing_is_confirmed_that_cannot_be_seen),
        cmocka_unit_test(help_over_a_plan_does_not_keep_it_from_arriving),
        cmocka_unit_test(a_plan_with_dangers_asks_nothing_in_production),
        cmocka_unit_test(a_guarded_production_changes_nothing_until_it_is_armed),
        cmocka_unit_test(a_question_that_nobody_answers_closes),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
