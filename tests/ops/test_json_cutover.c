/*
 * test_json_cutover.c - the document of a cutover has the members that scripts rely on, whatever is
 * known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "ops/json_cutover.h"
#include "ops/said_cutover.h"

static json_t *document(const hg_cutover *cutover)
{
    struct buf out = BUF_INIT(1 << 20);
    json_t *root;

    assert_true(json_cutover(&out, cutover, NULL));
    root = json_loadb(out.bytes, out.size, 0, NULL);
    assert_non_null(root);
    buf_release(&out);
    return root;
}

static void assert_members(const json_t *object, const char *const *names)
{
    for (; *names != NULL; names++)
        if (json_object_get(object, *names) == NULL)
            fail_msg("no \"%s\"", *names);
}

static hg_cutover some(hg_cutover_step *step)
{
    *step = (hg_cutover_step){.id = "C11",
                              .title = "Copy",
                              .what = "",
                              .cost = "",
                              .class_name = "reversible",
                              .state = "failed",
                              .expected_ms = -1,
                              .error = "no space left",
                              .note = ""};
    return (hg_cutover){.run = "20261123-1405",
                        .dir = "runs/20261123-1405",
                        .runbook = "env-file",
                        .source = "app.db",
                        .target = "postgresql://app:***@db/app",
                        .freeze = "C08",
                        .commit = "C13",
                        .steps = step,
                        .step_count = 1,
                        .question = "",
                        .expected = "",
                        .cost = "",
                        .frozen_ms = 1500,
                        .working = true,
                        .stalled = true,
                        .postponed = true,
                        .rate = 800,
                        .outcome = "",
                        .head = ""};
}

static void every_member_is_there_also_when_nothing_is_known(void **state)
{
    static const char *const of_run[] = {
        "run",       "dir",      "runbook",     "source",   "target",    "opened_at",   "frozen_ms",
        "at",        "question", "expected",    "cost",     "working",   "stalled",     "paused",
        "postponed", "rate",     "rehearsal",   "aborting", "closed",    "outcome",     "steps",
        "records",   "head",     "past_return", "error",    "budget_ms", "over_budget", NULL};
    static const char *const of_step[] = {"id",    "title", "what",     "cost",     "class",
                                          "state", "asks",  "began_at", "ended_at", "expected_ms",
                                          "error", "note",  NULL};
    hg_cutover_step step;
    hg_cutover cutover = some(&step);
    json_t *root = document(&cutover);

    (void)state;
    assert_members(root, of_run);
    assert_members(json_array_get(json_object_get(root, "steps"), 0), of_step);
    json_decref(root);
}

static void what_it_waits_for_is_said_as_it_is(void **state)
{
    hg_cutover_step step;
    hg_cutover cutover = some(&step);
    json_t *root = document(&cutover), *first;

    (void)state;
    first = json_array_get(json_object_get(root, "steps"), 0);
    assert_true(json_is_true(json_object_get(root, "stalled")));
    assert_true(json_is_false(json_object_get(root, "paused")));
    assert_true(json_is_true(json_object_get(root, "postponed")));
    assert_int_equal(json_integer_value(json_object_get(root, "rate")), 800);
    assert_true(json_is_null(json_object_get(root, "question")));
    assert_true(json_is_null(json_object_get(root, "budget_ms")));
    assert_true(json_is_null(json_object_get(first, "expected_ms")));
    assert_true(json_is_null(json_object_get(first, "note")));
    assert_string_equal(json_string_value(json_object_get(first, "error")), "no space left");
    json_decref(root);
}

static void a_budget_that_is_used_up_is_said_while_there_is_time(void **state)
{
    hg_cutover_step step;
    hg_cutover cutover = some(&step);
    struct buf words = BUF_INIT(1 << 12);
    json_t *root = document(&cutover);

    (void)state;
    assert_true(json_is_false(json_object_get(root, "over_budget")));
    said_cutover_now(&words, &cutover);
    assert_null(strstr(words.bytes, "WARNING"));
    json_decref(root);
    cutover.budget_ms = 1000;
    cutover.gives_up_ms = 2000;
    cutover.over_budget = true;
    root = document(&cutover);
    assert_true(json_is_true(json_object_get(root, "over_budget")));
    said_cutover_now(&words, &cutover);
    assert_non_null(strstr(words.bytes, "WARNING: the budget is used up; after 2"));
    json_decref(root);
    buf_release(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_budget_that_is_used_up_is_said_while_there_is_time),
        cmocka_unit_test(every_member_is_there_also_when_nothing_is_known),
        cmocka_unit_test(what_it_waits_for_is_said_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
