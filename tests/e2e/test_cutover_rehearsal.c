/*
 * test_cutover_rehearsal.c - the runbook on copies: nobody else notices, its times are expected of
 * the day itself, and drills show what the way back is worth. With HEADGATE_TEST_MATRIX every
 * step is drilled.
 */
#include "cutover_keeper.h"

static json_t *rehearse(const struct shop *s, const char *drill, int status)
{
    struct process_result r =
        drill == NULL
            ? HEADGATE(s, "cutover", "--rehearse", "--runbook", "shop.json", "--json")
            : HEADGATE(s, "cutover", "--drill", drill, "--runbook", "shop.json", "--json");
    json_t *run = json_loads(r.out, 0, NULL);

    if (r.status != status || run == NULL)
        fail_msg("exit %d, not %d\n%s%s", r.status, status, r.out, r.err);
    process_release(&r);
    return run;
}

/* Neither side, nor the application's folder, has heard of it. */
static void assert_unnoticed(const struct shop *s, const char *before, const char *env)
{
    char *after = shop_dump(s), *path = temp_path(s->dir, ".env");
    struct buf text = BUF_INIT(1 << 16);

    assert_string_equal(after, before);
    assert_true(file_read(path, &text, NULL));
    assert_string_equal(text.bytes, env);
    assert_target(s, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
                  "0");
    assert_target(s, "SELECT count(*) FROM pg_db_role_setting", "0");
    assert_target(s, "SELECT count(*) FROM pg_database WHERE datname LIKE 'headgate_scratch%'",
                  "0");
    assert_status(HEADGATE(s, "cutover", "--status"), 1); /* and no run has been begun */
    buf_release(&text);
    free(path);
    free(after);
}

static bool has_note(const json_t *run, const char *text)
{
    json_t *record;
    size_t i;

    json_array_foreach(json_object_get(run, "records"), i,
                       record) if (strstr(text_of(record, "text"), text) != NULL) return true;
    return false;
}

/* Copies and secrets are gone, the journal and the report are there. */
static void assert_folder_is_clean(const struct shop *s, const json_t *run)
{
    static const char *const names[] = {"rehearsed.db", "source.db", "env-rehearsed", "env-before",
                                        "report.md"};
    struct buf path = BUF_INIT(1 << 12);

    for (size_t i = 0; i < 5; i++) {
        buf_truncate(&path, 0);
        buf_printf(&path, "%s/%s/%s", s->dir, text_of(run, "dir"), names[i]);
        assert_int_equal(file_exists(path.bytes), i == 4);
    }
    buf_release(&path);
}

static void the_whole_runbook_is_gone_through_and_nobody_notices(void **state)
{
    struct shop *s = *state;
    struct process_result r;
    char *before, *env;
    json_t *run;

    in_source(s, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
                 "INSERT INTO entries SELECT i, 'row ' || i FROM n");
    shop_write_runbook(s, "", NULL);
    before = shop_dump(s);
    env = read_env(s);
    run = rehearse(s, NULL, 0);
    assert_string_equal(text_of(run, "outcome"), "done");
    assert_true(flag_of(run, "rehearsal"));
    assert_string_equal(text_of(step_of(run, "S10"), "state"), "done");
    assert_string_equal(text_of(step_of(run, "S14"), "note"), "the application stays where it is");
    assert_string_equal(text_of(step_of(run, "READY"), "note"),
                        "nobody has said that its command is safe");
    assert_folder_is_clean(s, run);
    assert_unnoticed(s, before, env);
    r = HEADGATE(s, "cutover", "--report", "--run", text_of(run, "run"));
    assert_non_null(strstr(r.out, "# Rehearsal "));
    assert_status(r, 0);
    json_decref(run);
    r = HEADGATE(s, "cutover", "--plan", "--runbook", "shop.json", "--json");
    run = json_loads(r.out, 0, NULL);
    assert_true(json_number_value(json_object_get(step_of(run, "S10"), "expected_ms")) >= 0);
    assert_true(json_is_null(json_object_get(step_of(run, "S14"), "expected_ms")));
    assert_true(json_number_value(json_object_get(run, "budget_ms")) >= 30000);
    json_decref(run);
    assert_status(r, 0);
    free(before);
    free(env);
}

static void a_drill_shows_that_all_of_it_can_be_taken_back(void **state)
{
    static const char *const drills[] = {
        "S10:target", "S13:kill", "S03",      "S06", "S06:target", "S07", "S07:kill",   "S08",
        "S09:kill",   "S10",      "S10:kill", "S11", "S11:kill",   "S13", "S15:target", "S06:kill"};
    size_t count = getenv("HEADGATE_TEST_MATRIX") == NULL ? 2 : sizeof drills / sizeof *drills;
    struct shop *s = *state;
    char *before, *env;

    in_source(s, "INSERT INTO entries (label) VALUES ('one'), ('two')");
    shop_write_runbook(s, "S04", NULL);
    before = shop_dump(s);
    env = read_env(s);
    for (size_t i = 0; i < count; i++) {
        json_t *run = rehearse(s, drills[i], 0);

        assert_string_equal(text_of(run, "outcome"), "aborted");
        assert_true(has_note(run, "source and target are as they were"));
        assert_folder_is_clean(s, run);
        json_decref(run);
    }
    assert_unnoticed(s, before, env);
    free(before);
    free(env);
}

static void behind_the_point_of_no_return_a_drill_goes_to_the_end(void **state)
{
    struct shop *s = *state;
    json_t *run;

    shop_write_runbook(s, "S04", NULL);
    run = rehearse(s, "S16:kill", 0);
    assert_string_equal(text_of(run, "outcome"), "done");
    assert_true(has_note(run, "behind the point of no return"));
    json_decref(run);
    run = rehearse(s, "S09:target", 0);
    assert_string_equal(text_of(run, "outcome"), "done");
    assert_true(has_note(run, "does not need the target"));
    json_decref(run);
    assert_status(HEADGATE(s, "cutover", "--drill", "S14", "--runbook", "shop.json"), 2);
    assert_status(HEADGATE(s, "cutover", "--drill", "S99", "--runbook", "shop.json"), 2);
    assert_status(HEADGATE(s, "cutover", "--drill", "S10:fire", "--runbook", "shop.json"), 2);
}

static void what_would_fail_on_the_day_fails_before(void **state)
{
    struct shop *s = *state;
    struct process_result r;

    in_source(s, "CREATE TABLE odd (n integer NOT NULL); INSERT INTO odd VALUES ('many')");
    temp_write(s->dir, "migrations/0002_odd.sql",
               "-- migrate:up\n-- @postgresql\nCREATE TABLE odd (n integer NOT NULL);\n-- @end\n"
               "-- migrate:down\nDROP TABLE odd;\n");
    shop_write_runbook(s, "S04", NULL);
    r = HEADGATE(s, "cutover", "--rehearse", "--runbook", "shop.json");
    assert_non_null(strstr(r.err, "step S10"));
    assert_non_null(strstr(r.out, "aborted"));
    assert_status(r, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_open, shop_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_whole_runbook_is_gone_through_and_nobody_notices),
        TEST(a_drill_shows_that_all_of_it_can_be_taken_back),
        TEST(behind_the_point_of_no_return_a_drill_goes_to_the_end),
        TEST(what_would_fail_on_the_day_fails_before),
    };

    return cmocka_run_group_tests(tests, shop_setup, NULL);
}
