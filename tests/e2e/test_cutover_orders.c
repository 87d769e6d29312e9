/*
 * test_cutover_orders.c - what `headgate cutover` says to a second operator, to whoever leaves or
 * comes back, and to a runbook with faults.
 */
#include "cutover_keeper.h"

static void the_second_operator_is_refused_and_may_watch_and_answer(void **state)
{
    struct shop *s = *state;
    struct process_result r;

    shop_write_runbook(s, "S04", NULL);
    begin_and_leave(s);
    r = HEADGATE(s, "cutover", "--runbook", "shop.json");
    assert_non_null(strstr(r.err, "is open"));
    assert_non_null(strstr(r.err, "--resume"));
    assert_status(r, 4);
    r = HEADGATE(s, "cutover", "--attach");
    assert_non_null(strstr(r.err, "S01  done"));
    assert_non_null(strstr(r.err, "To abort now: "));
    assert_status(r, 130);
    assert_status(HEADGATE(s, "cutover", "--note", "called the shop"), 0);
    assert_status(HEADGATE(s, "cutover", "--answer", "something else"), 0);
    await_record(s, "NOTE", "called the shop");
    await_record(s, "DECISION", "something else");
    await_step(s, "S03"); /* a wrong answer is asked for again */
    r = shop_run(
        s, (const char *const[]){TEST_HEADGATE, "cutover", "--abort", "--confirm", "me", NULL});
    assert_status(r, 4);
    abort_run(s);
    assert_status(HEADGATE(s, "cutover", "--answer", "too late"), 4);
    assert_status(HEADGATE(s, "cutover", "--resume"), 1);
    assert_status(HEADGATE(s, "cutover", "--attach"), 1);
}

/* Until a terminal that attaches is told this; what it said is the caller's. */
static struct process_result await_attached(const struct shop *s, const char *text)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);
    struct process_result r = HEADGATE(s, "cutover", "--attach");

    while (strstr(r.err, text) == NULL) {
        assert_true(hg_deadline_left_ms(by) > 0);
        process_release(&r);
        moment();
        r = HEADGATE(s, "cutover", "--attach");
    }
    return r;
}

static void paused_it_asks_and_does_nothing(void **state)
{
    struct shop *s = *state;
    struct process_result r;
    json_t *run;

    shop_write_runbook(s, "S04", NULL);
    begin_and_leave(s);
    await_step(s, "S03");
    assert_status(HEADGATE(s, "cutover", "--pause"), 0);
    r = await_attached(s, "paused");
    assert_non_null(strstr(r.err, "Type continue, or abort "));
    assert_status(r, 130);
    run = shop_look(s);
    assert_true(flag_of(run, "paused"));
    assert_string_equal(text_of(run, "question"), "");
    json_decref(run);
    assert_status(HEADGATE(s, "cutover", "--continue"), 0);
    answer_run(s, "S03");
    await_step(s, "S05");
    abort_run(s);
}

static void a_postponed_freeze_waits_for_its_word_also_after_a_kill(void **state)
{
    struct shop *s = *state;
    struct process_result r;
    json_t *run;

    shop_write_runbook(s, "S04", NULL);
    begin_and_leave(s);
    assert_status(HEADGATE(s, "cutover", "--postpone"), 0);
    answer_run(s, "S03");
    answer_run(s, "S05");
    r = await_attached(s, "the freeze is postponed");
    assert_non_null(strstr(r.err, "Type unpostpone, or abort "));
    assert_status(r, 130);
    run = shop_look(s);
    assert_true(flag_of(run, "postponed"));
    assert_string_equal(text_of(run, "at"), "S07");
    assert_string_equal(text_of(run, "question"), "");
    assert_true(json_is_null(json_object_get(run, "frozen_ms")));
    assert_int_equal(kill(shop_worker(s, run), SIGKILL), 0);
    json_decref(run);
    await_nobody(s);
    r = HEADGATE(s, "cutover", "--resume");
    assert_non_null(strstr(r.err, "the freeze is postponed"));
    assert_status(r, 130);
    assert_status(HEADGATE(s, "cutover", "--unpostpone"), 0);
    await_step(s, "S07");
    abort_run(s);
}

static void a_copy_keeps_to_its_rate_until_that_is_lifted(void **state)
{
    struct shop *s = *state;
    struct process_result r;

    in_source(s, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
                 "INSERT INTO entries SELECT i, 'row ' || i FROM n");
    shop_write_runbook(s, "S04", NULL);
    begin_and_leave(s);
    r = HEADGATE(s, "cutover", "--rate", "many");
    assert_non_null(strstr(r.err, "option --rate: \"many\" is not a number"));
    assert_status(r, 2);
    assert_status(HEADGATE(s, "cutover", "--rate", "1"), 0); /* 3000 rows take an hour */
    answer_run(s, "S03");
    answer_run(s, "S05");
    answer_run(s, "S07");
    await_state(s, "S10", "begun");
    for (int i = 0; i < 10; i++)
        moment();
    await_state(s, "S10", "begun");
    assert_status(HEADGATE(s, "cutover", "--rate", "0"), 0);
    await_step(s, "S12");
    await_record(s, "NOTE", "rate 0");
    abort_run(s);
}

static void a_step_that_fails_while_frozen_waits_for_somebody(void **state)
{
    struct shop *s = *state;
    const char *const argv[] = {TEST_HEADGATE, "cutover", "--runbook", "shop.json", NULL};
    char *ready = temp_path(s->dir, "ready");
    struct process_result r;
    json_t *run;
    pid_t keeper;
    int in;

    shop_write_runbook(s, "S04", "READY");
    assert_int_equal(unlink(ready), 0);
    keeper = shop_start(s, argv, &in);
    run = shop_answer(s, in, "S07");
    dprintf(in, "%s\n", answer_to(run));
    json_decref(run);
    await_said(s, "READY  FAILED: ");
    await_said(s, "Type continue, or abort ");
    r = HEADGATE(s, "cutover", "--status");
    assert_non_null(strstr(r.out, "headgate cutover --continue tries it again"));
    assert_null(strstr(r.out, " asks: "));
    assert_non_null(strstr(r.out, "Nobody has been able to write for "));
    assert_status(r, 0);
    temp_write(s->dir, "ready", "");
    dprintf(in, "continue\n");
    await_step(s, "WAIT");
    abort_run(s);
    assert_int_equal(process_wait(keeper), 1);
    close(in);
    free(ready);
}

static void an_interrupted_terminal_leaves_the_run_alone(void **state)
{
    struct shop *s = *state;
    const char *const argv[] = {TEST_HEADGATE, "cutover", "--runbook", "shop.json", NULL};
    pid_t keeper;
    int in;

    shop_write_runbook(s, "S04", NULL);
    keeper = shop_start(s, argv, &in);
    await_step(s, "S03");
    assert_int_equal(kill(keeper, SIGINT), 0);
    assert_int_equal(process_wait(keeper), 130);
    await_step(s, "S03"); /* somebody works on it still */
    abort_run(s);
    close(in);
}

static void every_fault_of_a_runbook_is_told_with_its_place(void **state)
{
    struct shop *s = *state;
    struct process_result r;

    temp_write(s->dir, "faulty.json",
               "{\"name\": \"shop\", \"freeze\": \"S9\",\n"
               " \"steps\": [\n"
               "  {\"id\": \"S1\", \"title\": \"Look\", \"action\": \"skan\"},\n"
               "  {\"id\": \"S2\", \"title\": \"Ask\", \"action\": \"attest\", \"confrim\": "
               "\"attest\"}]}\n");
    r = HEADGATE(s, "cutover", "--check", "faulty.json");
    assert_non_null(strstr(r.err, "faulty.json:3:43: no action is called \"skan\": did you mean"));
    assert_non_null(strstr(r.err, "faulty.json:4:"));
    assert_non_null(strstr(r.err, "did you mean \"confirm\""));
    assert_non_null(strstr(r.err, "names no step: \"S9\""));
    assert_non_null(strstr(r.err, "^"));
    assert_status(r, 2);
    assert_status(HEADGATE(s, "cutover", "--runbook", "faulty.json"), 2);
    r = HEADGATE(s, "cutover", "--check", "faulty.json", "--json");
    assert_non_null(strstr(r.out, "\"ok\":false"));
    assert_status(r, 2);
    shop_write_runbook(s, "", NULL);
    r = HEADGATE(s, "cutover", "--check", "shop.json");
    assert_string_equal(r.out, "shop.json: no fault found\n");
    assert_status(r, 0);
    assert_status(HEADGATE(s, "cutover", "--check", "elastic-beanstalk"), 0);
    assert_status(HEADGATE(s, "cutover", "--check", "systemd:shop@1.service"), 0);
    assert_status(HEADGATE(s, "cutover", "--check", "systemd:shop;reboot"), 1);
    assert_status(HEADGATE(s, "cutover", "--check", "nowhere.json"), 1);
    assert_status(HEADGATE(s, "cutover", "--status"), 1); /* and no run has been begun */
}

static void a_plan_tells_what_does_not_hold_and_changes_nothing(void **state)
{
    struct shop *s = *state;
    struct process_result r;

    shop_write_runbook(s, "", NULL);
    assert_status(HEADGATE(s, "cutover", "--plan", "--runbook", "shop.json"), 0);
    in_source(s, "CREATE VIRTUAL TABLE notes USING fts5(body)");
    r = HEADGATE(s, "cutover", "--plan", "--runbook", "shop.json");
    assert_non_null(strstr(r.out, "-  does not hold\n"));
    assert_non_null(strstr(r.out, "  S01  the source has a virtual table"));
    assert_status(r, 1);
    assert_status(HEADGATE(s, "cutover", "--status"), 1);
    assert_target(s, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
                  "0");
}

static void read_only_nothing_is_begun(void **state)
{
    struct shop *s = *state;

    assert_status(HEADGATE(s, "cutover", "--read-only"), 4);
    assert_status(HEADGATE(s, "cutover", "--read-only", "--abort", "--confirm", "x"), 4);
    assert_status(HEADGATE(s, "cutover", "--read-only", "--pause"), 4);
    assert_status(HEADGATE(s, "cutover", "--status"), 1);
    assert_status(HEADGATE(s, "cutover", "--plan", "--attach"), 2);
    assert_status(HEADGATE(s, "cutover", "--resume", "--runbook", "shop.json"), 2);
    temp_write(s->dir, ".env", "DATABASE_URL=sqlite:///./instance/app.db\n");
    assert_status(HEADGATE(s, "cutover"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_open, shop_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_second_operator_is_refused_and_may_watch_and_answer),
        TEST(paused_it_asks_and_does_nothing),
        TEST(a_postponed_freeze_waits_for_its_word_also_after_a_kill),
        TEST(a_copy_keeps_to_its_rate_until_that_is_lifted),
        TEST(a_step_that_fails_while_frozen_waits_for_somebody),
        TEST(an_interrupted_terminal_leaves_the_run_alone),
        TEST(every_fault_of_a_runbook_is_told_with_its_place),
        TEST(a_plan_tells_what_does_not_hold_and_changes_nothing),
        TEST(read_only_nothing_is_begun),
    };

    return cmocka_run_group_tests(tests, shop_setup, NULL);
}
