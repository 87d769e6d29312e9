/*
 * test_console_cutover.c - a cutover led through in the console, as its operator sees it on a
 * terminal: from the plan to the end, with another console, a lost terminal, and a killed process
 * on the way.
 */
#include "cutover_keeper.h"
#include "support/tty.h"

static struct tty *open_console(const struct shop *s, const char *option, const char *term)
{
    const char *const environment[] = {"HEADGATE_STATE_DIR=state", "HEADGATE_RUNTIME_DIR=run",
                                       NULL};
    const char *const argv[] = {TEST_HEADGATE, "cutover", option,
                                option == NULL ? NULL : "shop.json", NULL};
    const char *const attach[] = {TEST_HEADGATE, "cutover", "--attach", NULL};

    return tty_start(
        &(struct tty_options){.directory = s->dir, .environment = environment, .term = term},
        option == NULL ? attach : argv);
}

/* The screen has to come to this. */
static void expect(struct tty *t, const char *text)
{
    char *screen;

    if (tty_wait(t, text))
        return;
    screen = tty_dump(t, false);
    fail_msg("no \"%s\":\n%s", text, screen);
}

static void quit(struct tty *t)
{
    tty_type(t, "q");
    assert_int_equal(tty_wait_end(t), 0);
    assert_true(tty_modes_restored(t));
    tty_free(t);
}

/* A key that asks, and the answer once it is meant for the question. */
static void answer(struct tty *t, const char *key, const char *asks, const char *prompt,
                   const char *words)
{
    tty_type(t, key);
    expect(t, asks);
    expect(t, prompt);
    tty_type(t, words);
}

static void begin(struct tty *t)
{
    expect(t, "── PLAN S01");
    answer(t, "n", "Begin the cutover to ", "y yes   Esc", "y");
}

/* Waits until the step asks, and types what it wants to hear. */
static void answer_step(const struct shop *s, struct tty *t, const char *id)
{
    char title[64], words[200];
    json_t *run;

    snprintf(title, sizeof title, "── ASKS %s", id);
    expect(t, title);
    run = shop_look(s);
    snprintf(words, sizeof words, "%s\r", answer_to(run));
    json_decref(run);
    answer(t, "n", "── CUTOVER", "\n  >", words);
    if (!tty_wait_gone(t, title))
        fail_msg("%s is still asked", id);
}

static void the_console_leads_from_the_plan_to_the_end(void **state)
{
    struct shop *s = *state;
    struct tty *t;

    shop_write_runbook(s, "", NULL);
    shop_open_application(s);
    t = open_console(s, "--runbook", NULL);
    expect(t, "nothing speaks against it");
    begin(t);
    answer_step(s, t, "S03");
    answer_step(s, t, "S05");
    answer_step(s, t, "S07");
    expect(t, "── ASKS S12");
    expect(t, "SQLite FROZEN");
    expect(t, "goes back by itself at");
    tty_type(t, "4"); /* every screen says so */
    expect(t, "cutover S12 asks, FROZEN");
    tty_type(t, "6");
    answer_step(s, t, "S12");
    expect(t,
           "── ASKS S16"); /* the console had let go of the source, or this could not be proved */
    expect(t, "no return");
    expect(t, "however long");
    answer_step(s, t, "S16");
    expect(t, "── DONE");
    expect(t, "the target has the truth");
    quit(t);
    await_writes(s, "done", 3 * WORKERS);
    shop_close_application(s);
    assert_nothing_is_lost(s);
}

/* What is typed for a wrong reason is no answer. */
static void a_lost_terminal_loses_a_view_and_another_takes_it_back(void **state)
{
    struct shop *s = *state;
    struct tty *t;
    char words[64];
    json_t *run;

    shop_write_runbook(s, "S04", NULL);
    t = open_console(s, "--runbook", NULL);
    begin(t);
    expect(t, "── ASKS S03");
    tty_hang_up(t);
    tty_wait_end(t);
    tty_free(t);
    t = open_console(s, NULL, NULL);
    expect(t, "── ASKS S03");
    answer(t, "n", "── CUTOVER", "\n  >", "something else\r");
    expect(t, "that is not it");
    tty_type(t, "\033");
    expect(t, "nothing was said to it");
    answer(t, "N", "A remark", "\n  >", "called the shop\r");
    expect(t, "called the shop");
    run = shop_look(s);
    snprintf(words, sizeof words, "%s\r", text_of(run, "run"));
    json_decref(run);
    answer(t, "B", "Take all of it back?", "\n  >", words);
    expect(t, "── TAKEN BACK");
    quit(t);
}

static void a_failed_step_waits_and_is_tried_again(void **state)
{
    struct shop *s = *state;
    char *ready = temp_path(s->dir, "ready");
    struct tty *t;

    shop_write_runbook(s, "S04", "READY");
    assert_int_equal(unlink(ready), 0);
    t = open_console(s, "--runbook", NULL);
    begin(t);
    answer_step(s, t, "S03");
    answer_step(s, t, "S05");
    answer_step(s, t, "S07");
    expect(t, "── FAILED READY");
    expect(t, "cutover READY FAILED, FROZEN");
    temp_write(s->dir, "ready", "");
    answer(t, "n", "Try it again", "y yes   Esc", "y");
    expect(t, "── ASKS WAIT");
    quit(t);
    free(ready);
}

static void a_killed_process_is_told_of_and_another_goes_on(void **state)
{
    struct shop *s = *state;
    struct tty *t;
    json_t *run;

    shop_write_runbook(s, "S04", NULL);
    t = open_console(s, "--runbook", NULL);
    begin(t);
    expect(t, "── ASKS S03");
    run = shop_look(s);
    assert_int_equal(kill(shop_worker(s, run), SIGKILL), 0);
    json_decref(run);
    expect(t, "── NOBODY WORKS ON IT S03");
    answer(t, "n", "Go on with the run", "y yes   Esc", "y");
    answer_step(s, t, "S03");
    expect(t, "── ASKS S05");
    tty_type(t, "P");
    expect(t, "── PAUSED S05");
    tty_type(t, "P");
    expect(t, "── ASKS S05");
    quit(t);
}

static void read_only_it_can_be_watched(void **state)
{
    struct shop *s = *state;
    const char *const environment[] = {"HEADGATE_STATE_DIR=state", "HEADGATE_RUNTIME_DIR=run",
                                       "HEADGATE_READ_ONLY=1", NULL};
    const char *const argv[] = {TEST_HEADGATE, NULL};
    struct tty *t;

    shop_write_runbook(s, "S04", NULL);
    t = open_console(s, "--runbook", NULL);
    begin(t);
    expect(t, "── ASKS S03");
    quit(t);
    t = tty_start(&(struct tty_options){.directory = s->dir, .environment = environment}, argv);
    expect(t, "cutover S03 asks");
    tty_type(t, "6");
    expect(t, "── ASKS S03");
    tty_type(t, "n");
    expect(t, "next: this console is read-only");
    tty_type(t, "B");
    expect(t, "back out: this console is read-only");
    quit(t);
}

/* The words of a plain terminal, and no console: what was begun goes on when that is left. */
static void a_terminal_that_cannot_show_it_is_asked_in_lines(void **state)
{
    struct shop *s = *state;
    struct tty *t;

    shop_write_runbook(s, "S04", NULL);
    t = open_console(s, "--runbook", "dumb");
    expect(t, "S01  scan");
    expect(t, "To abort now:");
    tty_type(t, "\003");
    expect(t, "goes on without this terminal");
    tty_wait_end(t);
    tty_free(t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_open, shop_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_console_leads_from_the_plan_to_the_end),
        TEST(a_lost_terminal_loses_a_view_and_another_takes_it_back),
        TEST(a_failed_step_waits_and_is_tried_again),
        TEST(a_killed_process_is_told_of_and_another_goes_on),
        TEST(read_only_it_can_be_watched),
        TEST(a_terminal_that_cannot_show_it_is_asked_in_lines),
    };

    return cmocka_run_group_tests(tests, shop_setup, NULL);
}
