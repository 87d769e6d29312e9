/*
 * test_runbook.c - a team's runbook is read as it is meant, and every fault of it is named with its
 * place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <headgate/cutover.h>

#include "cutover/place.h"
#include "cutover/runbook.h"

static const struct action_form forms[] = {
    {"freeze", STEP_REVERSIBLE, "", NULL},
    {"unfence", STEP_NO_RETURN, "", NULL},
    {"command", STEP_HARMLESS, "run! undo environment", NULL},
};

/* The faults of the last runbook, a line each: "LINE:COLUMN message". */
static char faults[4096];

static void hear(void *context, const hg_error *fault)
{
    size_t n = strlen(faults);

    (void)context;
    snprintf(faults + n, sizeof faults - n, "%d:%d %s\n", fault->line, fault->column,
             fault->message);
}

static struct loaded_runbook *read(const char *text, hg_error *err)
{
    struct loaded_runbook *book = NULL;

    faults[0] = '\0';
    runbook_parse(text, strlen(text), "book.json", forms, 3, hear, NULL, &book, err);
    return book;
}

static void a_runbook_is_read_as_it_is_written(void **state)
{
    struct loaded_runbook *book = read(
        "{\"name\": \"shop\", \"freeze\": \"F\", \"commit\": \"U\", \"steps\": [\n"
        " {\"id\": \"F\", \"title\": \"Freeze\", \"action\": \"freeze\", \"cost\": \"seconds\"},\n"
        " {\"id\": \"M\", \"title\": \"Mail\", \"action\": \"command\", \"class\": \"by "
        "operator\",\n"
        "  \"confirm\": \"attest\", \"arguments\": {\"run\": [\"mail\", \"ops\"]}},\n"
        " {\"id\": \"U\", \"title\": \"Unfence\", \"action\": \"unfence\", \"confirm\": \"no "
        "return\"}]}",
        NULL);
    const struct runbook *b;

    (void)state;
    assert_string_equal(faults, "");
    assert_non_null(book);
    b = runbook_of(book);
    assert_int_equal(b->count, 3);
    assert_string_equal(b->freeze, "F");
    assert_int_equal(b->steps[0].class, STEP_REVERSIBLE); /* the action's own */
    assert_string_equal(b->steps[0].cost, "seconds");
    assert_int_equal(b->steps[1].class, STEP_BY_OPERATOR);
    assert_int_equal(b->steps[1].confirmation, CONFIRM_ATTEST);
    assert_int_equal(json_array_size(json_object_get(b->steps[1].arguments, "run")), 2);
    assert_int_equal(b->steps[2].class, STEP_NO_RETURN);
    runbook_free(book);
}

static void every_fault_is_named_with_its_place(void **state)
{
    hg_error err = {0};
    struct loaded_runbook *book =
        read("{\"nam\": \"shop\", \"freeze\": \"X\",\n"
             " \"steps\": [\n"
             "  {\"id\": \"F\", \"title\": \"Freeze\", \"action\": \"freze\"},\n"
             "  {\"id\": \"F\", \"action\": \"command\", \"confirm\": \"maybe\"},\n"
             "  {\"id\": \"U\", \"title\": \"U\", \"action\": \"unfence\",\n"
             "   \"class\": \"harmless\", \"colour\": 1},\n"
             "  7]}",
             &err);

    (void)state;
    assert_null(book);
    assert_string_equal(
        faults, "1:9 \"nam\" means nothing here: did you mean \"name\"?\n"
                "1:1 a runbook has to have a \"name\"\n"
                "3:44 no action is called \"freze\": did you mean \"freeze\"?\n"
                "4:3 step 2 has no \"title\"\n"
                "4:47 \"confirm\" cannot be \"maybe\": it is one of \"nothing\", \"run\", "
                "\"cutover\", \"no return\", "
                "\"attest\"\n"
                "4:3 the action \"command\" needs the argument \"run\"\n"
                "6:35 \"colour\" means nothing here\n"
                "6:13 the action \"unfence\" is \"no return\": the step cannot be \"harmless\"\n"
                "7:3 a step has to be an object\n"
                "4:10 step 1 is called \"F\" already\n"
                "1:27 \"freeze\" names no step: \"X\"\n");
    assert_int_equal(err.code, HG_FILE);
    assert_int_equal(err.line, 1);
    assert_string_equal(err.file, "book.json");
}

static void text_that_is_not_json_is_named_with_its_place(void **state)
{
    hg_error err = {0};

    (void)state;
    assert_null(read("{\"name\": \"shop\",\n \"steps\": [}", &err));
    assert_int_equal(err.code, HG_FILE);
    assert_int_equal(err.line, 2);
    assert_null(read("[]", &err));
    assert_null(read("{\"name\": \"x\", \"steps\": []}", &err));
    assert_string_equal(faults, "1:24 \"steps\" has to be an array of 1 to 200 steps\n");
}

static void a_commit_before_the_freeze_is_refused(void **state)
{
    (void)state;
    assert_null(read("{\"name\": \"x\", \"freeze\": \"B\", \"commit\": \"A\", \"steps\": ["
                     "{\"id\": \"A\", \"title\": \"A\", \"action\": \"freeze\"},"
                     "{\"id\": \"B\", \"title\": \"B\", \"action\": \"freeze\"}]}",
                     NULL));
    assert_non_null(strstr(faults, "has to come after"));
}

static void a_way_into_a_text_finds_its_value(void **state)
{
    const char *text = " {\"a\": [1, \"x,]}\\\"\", {\"b\" : {\"c\": true}}, -2.5e3], \"d\": null}";
    const struct place_step b[] = {{"a", 0}, {NULL, 2}, {"b", 0}, {"c", 0}};
    const struct place_step last[] = {{"a", 0}, {NULL, 3}};
    const struct place_step d[] = {{"d", 0}};
    const struct place_step none[] = {{"a", 0}, {NULL, 9}};

    (void)state;
    assert_memory_equal(text + place_of(text, strlen(text), b, 4), "true", 4);
    assert_memory_equal(text + place_of(text, strlen(text), last, 2), "-2.5e3", 6);
    assert_memory_equal(text + place_of(text, strlen(text), d, 1), "null", 4);
    assert_memory_equal(text + place_of(text, strlen(text), none, 2), "[1, ", 4);
    assert_int_equal(place_of(text, strlen(text), NULL, 0), 1);
}

static void every_built_in_runbook_has_a_name_and_no_fault(void **state)
{
    size_t i = 0;

    (void)state;
    faults[0] = '\0';
    for (; hg_cutover_runbook_name(i) != NULL; i++)
        assert_true(hg_cutover_check(hg_cutover_runbook_name(i), hear, NULL, NULL));
    assert_string_equal(faults, "");
    assert_true(i >= 3);
    assert_string_equal(hg_cutover_runbook_name(0), "env-file"); /* what NULL stands for */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_runbook_is_read_as_it_is_written),
        cmocka_unit_test(every_fault_is_named_with_its_place),
        cmocka_unit_test(text_that_is_not_json_is_named_with_its_place),
        cmocka_unit_test(a_commit_before_the_freeze_is_refused),
        cmocka_unit_test(a_way_into_a_text_finds_its_value),
        cmocka_unit_test(every_built_in_runbook_has_a_name_and_no_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
