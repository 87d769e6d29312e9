/*
 * test_cutover.c - `headgate cutover` from the first question to the last, with an application that
 * writes all the time.
 */
#include "cutover_keeper.h"

/* Read-only on purpose is no reason to take an instance out of service. */
static void assert_ready(const struct shop *s, const char *observed)
{
    struct process_result r = HEADGATE(s, "ready");

    if (strstr(r.out, observed) == NULL)
        fail_msg("not \"%s\": %s%s", observed, r.out, r.err);
    assert_status(r, 0);
}

/* The report of a run that is over: from the command and in the folder the same. */
static void assert_report(const struct shop *s, const json_t *run)
{
    struct process_result md = HEADGATE(s, "cutover", "--report"),
                          r = HEADGATE(s, "cutover", "--report", "--json");
    json_t *report = json_loads(r.out, 0, NULL);
    struct buf text = BUF_INIT(1 << 20), path = BUF_INIT(1 << 12);
    const json_t *frozen = json_object_get(report, "frozen");

    buf_printf(&path, "%s/%s/report.md", s->dir, text_of(run, "dir"));
    assert_true(file_read(path.bytes, &text, NULL));
    assert_string_equal(md.out, text.bytes);
    assert_non_null(strstr(md.out, ": done\n"));
    assert_non_null(strstr(md.out, "| the keeper, by phone |"));
    assert_non_null(strstr(md.out, "NO RETURN "));
    assert_string_equal(text_of(report, "outcome"), "done");
    assert_string_equal(text_of(json_object_get(report, "journal"), "head"), text_of(run, "head"));
    assert_true(json_integer_value(json_object_get(frozen, "ms")) > 0);
    assert_true(json_is_string(json_object_get(frozen, "until")));
    assert_int_equal(json_array_size(json_object_get(report, "steps")), SHOP_STEPS);
    json_decref(report);
    buf_release(&path);
    buf_release(&text);
    process_release(&md);
    assert_status(r, 0);
    assert_status(HEADGATE(s, "cutover", "--report", "--run", text_of(run, "run")), 0);
    assert_status(HEADGATE(s, "cutover", "--status", "--run", "../runs"), 1);
}

static void no_write_is_lost_and_none_is_there_twice(void **state)
{
    struct shop *s = *state;
    const char *const argv[] = {TEST_HEADGATE, "cutover", "--runbook", "shop.json", NULL};
    json_t *run;
    pid_t keeper;
    int in;

    shop_write_runbook(s, "", NULL);
    in_source(s, "INSERT INTO goods VALUES ('tea', 3), ('coffee', 4)");
    shop_open_application(s);
    keeper = shop_start(s, argv, &in);
    run = shop_answer(s, in, "S12"); /* the source is frozen */
    assert_true(json_number_value(json_object_get(run, "frozen_ms")) >= 0);
    json_decref(run);
    await_writes(s, "refused", WORKERS); /* and says so aloud */
    assert_ready(s, "a cutover has frozen the file");
    run = shop_answer(s, in, "S16");
    json_decref(run);
    await_writes(s, "refused", WORKERS); /* by both sides */
    assert_ready(s, "read-only on purpose: cutover ");
    run = shop_answer(s, in, NULL);
    assert_string_equal(text_of(run, "outcome"), "done");
    assert_int_equal(process_wait(keeper), 0);
    assert_report(s, run);
    json_decref(run);
    await_writes(s, "done", 3 * WORKERS);
    assert_ready(s, "primary, writable");
    shop_close_application(s);
    assert_nothing_is_lost(s);
    assert_target(s, "SELECT string_agg(name || price, ' ' ORDER BY name) FROM goods",
                  "coffee4 tea3");
    close(in);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_open, shop_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_write_is_lost_and_none_is_there_twice),
    };

    return cmocka_run_group_tests(tests, shop_setup, NULL);
}
