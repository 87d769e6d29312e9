/*
 * test_export.c - lists and pages as files: which, in what shape, and what never gets into one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "support/scene.h"
#include "support/stills.h"

/* What is written under that name, of what the scene shows; NULL: nothing is. */
static const char *written(struct scene *s, const char *file)
{
    scene_key(s, 'e');
    assert_int_equal(model_context(&s->model), IN_LINE);
    scene_key(s, 21); /* another name than the one that is proposed */
    scene_type(s, file);
    scene_key(s, KEYS_ENTER);
    if (scene_started(s) == NULL || scene_started(s)->kind != JOB_WRITE)
        return NULL;
    assert_string_equal(scene_started(s)->file, file);
    return s->written;
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in\n%s", part, text);
}

static size_t lines(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void a_name_is_proposed_that_says_what_and_when(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_type(s, "4e");
    assert_string_equal(s->model.entry.text, "headgate-migrations-20260825-140311.csv");
    scene_key(s, KEYS_ESCAPE);
    assert_null(scene_started(s));
    scene_type(s, "?e");
    assert_string_equal(s->model.entry.text, "headgate-help-20260825-140311.txt");
    scene_free(s);
}

static void the_rows_that_are_shown_are_written_in_their_order(void **state)
{
    struct scene *s = scene_open_busy(false);
    const char *text;

    (void)state;
    scene_type(s, "4/users");
    scene_key(s, KEYS_ENTER);
    scene_type(s, "sS"); /* by revision, the newest first */
    text = written(s, "users.csv");
    assert_non_null(text);
    assert_int_equal(lines(text), 1 + model_rows(&s->model, PANE_MIGRATIONS));
    assert_has(text, "\"REVISION\",\"MESSAGE\",\"STATE\",\"AGO\",\"TOOK\",\"BY\"\r\n\"0038\",");
    assert_has(text, "\"users email not null\"");
    scene_free(s);
}

static void nothing_is_cut_off_that_the_screen_cuts(void **state)
{
    struct scene *s = scene_new(40, 10, true, false);
    const char *text;

    (void)state;
    scene_busy(s);
    scene_deliver(s);
    scene_key(s, '4');
    text = written(s, "small.txt");
    assert_non_null(text);
    assert_has(text, "0042      add invoice idx");
    assert_has(text, "orders status enum");
    assert_has(text, "REVISION  MESSAGE");
    scene_free(s);
}

static void json_is_json_with_the_columns_as_names(void **state)
{
    struct scene *s = scene_open_busy(false);
    json_t *document, *first;

    (void)state;
    scene_key(s, '4');
    document = json_loads(written(s, "history.json"), 0, NULL);
    assert_non_null(document);
    assert_string_equal(json_string_value(json_object_get(document, "list")), "MIGRATIONS");
    assert_string_equal(json_string_value(json_object_get(document, "at")), "2026-08-25T14:03:11Z");
    assert_int_equal(json_array_size(json_object_get(document, "rows")), 43);
    first = json_array_get(json_object_get(document, "rows"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "revision")), "0001");
    json_decref(document);
    scene_free(s);
}

static void a_page_is_written_as_text_only(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_key(s, '?');
    assert_null(written(s, "help.json"));
    assert_has(scene_said(s), "a page is plain text");
    assert_non_null(written(s, "help.txt"));
    assert_has(s->written, "LOOK\n?           this page\n");
    assert_has(s->written, "suspend; fg comes back");
    scene_free(s);
}

static void the_palette_writes_too(void **state)
{
    struct scene *s = scene_open_busy(false);

    (void)state;
    scene_type(s, "5:export checks.csv");
    scene_key(s, KEYS_ENTER);
    assert_non_null(scene_started(s));
    assert_string_equal(scene_started(s)->file, "checks.csv");
    assert_has(s->written, "\"FAIL\",\"migrate.at_head\"");
    scene_free(s);
}

static void how_it_ended_is_said(void **state)
{
    struct scene *s = scene_open_busy(false);
    struct job_result result = {.ok = true};

    (void)state;
    scene_key(s, '4');
    written(s, "a.csv");
    result.request = *scene_started(s);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &result}, 5);
    assert_string_equal(scene_said(s), "wrote 43 rows of MIGRATIONS to a.csv");
    result.ok = false;
    strcpy(result.error.message, "could not create \"a.csv\": File exists");
    strcpy(result.error.hint, "Name a file that is not there yet, in a folder that is.");
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &result}, 5);
    assert_has(scene_said(s), "File exists: Name a file that is not there yet");
    scene_free(s);
}

static void a_secret_gets_into_no_file_and_onto_no_clipboard(void **state)
{
    static const char *const files[] = {"a.csv", "a.json", "a.txt"};
    struct secret *secret = secret_new("hunter2!", 8);
    struct scene *s = scene_open_busy(false);

    (void)state;
    s->revisions[3].message = "login as app:hunter2!";
    scene_deliver(s);
    scene_key(s, '4');
    for (size_t i = 0; i < 3; i++) {
        assert_has(written(s, files[i]), "login as app:***");
        assert_null(strstr(s->written, "hunter2"));
    }
    scene_key(s, KEYS_HOME);
    scene_type(s, "jjj");
    scene_key(s, KEYS_ENTER);
    scene_key(s, 'y');
    assert_has(s->model.copied, "login as app:***");
    scene_free(s);
    secret_free(secret);
}

/* What somebody has written into a database is not calculated by whoever opens the file. */
static void no_text_is_a_formula_of_a_spreadsheet(void **state)
{
    static const char *const formulas[] = {"=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd"};
    struct scene *s = scene_open_busy(false);

    (void)state;
    for (size_t i = 0; i < 4; i++)
        s->revisions[i].message = formulas[i];
    scene_deliver(s);
    scene_key(s, '4');
    assert_has(written(s, "a.csv"), ",\"'=1+1\",");
    assert_has(s->written, ",\"'@SUM(A1)\",");
    assert_has(s->written, ",\"'+cmd|");
    assert_has(s->written, ",\"'-2+3+cmd\",");
    scene_free(s);
}

static void no_hostile_text_breaks_a_file(void **state)
{
    size_t count;
    const char *const *hostile = hostile_texts(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct scene *s = scene_open_busy(true);
        json_t *document;

        scene_hostile(s, hostile[i]);
        scene_deliver(s);
        scene_key(s, '4');
        document = json_loads(written(s, "a.json"), 0, NULL);
        assert_non_null(document);
        assert_int_equal(json_array_size(json_object_get(document, "rows")), 43);
        json_decref(document);
        assert_non_null(written(s, "a.txt"));
        assert_int_equal(lines(s->written), 44);
        for (const char *c = s->written; *c != '\0'; c++)
            assert_true((unsigned char)*c >= ' ' || *c == '\n');
        scene_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_proposed_that_says_what_and_when),
        cmocka_unit_test(the_rows_that_are_shown_are_written_in_their_order),
        cmocka_unit_test(nothing_is_cut_off_that_the_screen_cuts),
        cmocka_unit_test(json_is_json_with_the_columns_as_names),
        cmocka_unit_test(a_page_is_written_as_text_only),
        cmocka_unit_test(the_palette_writes_too),
        cmocka_unit_test(how_it_ended_is_said),
        cmocka_unit_test(a_secret_gets_into_no_file_and_onto_no_clipboard),
        cmocka_unit_test(no_text_is_a_formula_of_a_spreadsheet),
        cmocka_unit_test(no_hostile_text_breaks_a_file),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
