/*
 * test_cutover_journal.c - what a cutover has done is known in more than one place, and a journal
 * that is not whole is noticed wherever it was cut.
 */
#include "cutover_keeper.h"

static char *journal_path(const struct shop *s)
{
    json_t *run = shop_look(s);
    struct buf path = BUF_INIT(1 << 12);

    assert_non_null(run);
    buf_printf(&path, "%s/%s/journal.jsonl", s->dir, text_of(run, "dir"));
    json_decref(run);
    return buf_take(&path);
}

static char *read_whole(const char *path)
{
    struct buf text = BUF_INIT(64 << 20);

    assert_true(file_read(path, &text, NULL));
    return buf_take(&text);
}

static char *mirrored(const struct shop *s)
{
    return postgres_ask(s->database,
                        "SELECT string_agg(line, '' ORDER BY seq) FROM headgate_cutover WHERE run ="
                        " (SELECT max(run) FROM headgate_cutover)");
}

/* Goes to the question of S07, behind the fence, and kills who works on it. */
static void go_behind_the_fence(const struct shop *s)
{
    json_t *run;

    shop_write_runbook(s, "S04", NULL);
    begin_and_leave(s);
    answer_run(s, "S03");
    answer_run(s, "S05");
    await_step(s, "S07");
    run = shop_look(s);
    assert_int_equal(kill(shop_worker(s, run), SIGKILL), 0);
    json_decref(run);
    await_nobody(s);
}

static void the_target_has_every_record(void **state)
{
    struct shop *s = *state;
    char *path, *file, *there;

    shop_write_runbook(s, "S04", NULL);
    begin_and_leave(s);
    answer_run(s, "S03");
    answer_run(s, "S05");
    await_step(s, "S07");
    abort_run(s);
    path = journal_path(s);
    file = read_whole(path);
    there = mirrored(s);
    assert_non_null(strstr(file, "\"outcome\":\"aborted\""));
    assert_string_equal(there, file);
    free(there);
    free(file);
    free(path);
}

static void a_journal_that_lost_its_end_is_refused_and_can_be_put_back(void **state)
{
    struct shop *s = *state;
    struct process_result r;
    char *path, *file, *there, *cut;

    go_behind_the_fence(s);
    path = journal_path(s);
    file = read_whole(path);
    cut = strstr(file, "\"event\":\"DONE\"");
    for (char *next = cut; (next = strstr(next + 1, "\"event\":\"DONE\"")) != NULL;)
        cut = next;
    while (cut > file && cut[-1] != '\n')
        cut--;
    assert_true(file_write(path, file, (size_t)(cut - file), 0600, NULL));
    for (int i = 0; i < 2; i++) { /* a chain that is whole, and shorter than what is known */
        r = HEADGATE(s, "cutover", "--resume");
        assert_non_null(strstr(r.err, "the journal is not the one that the target knows"));
        assert_non_null(strstr(r.err, "FROM headgate_cutover WHERE run"));
        assert_status(r, 2);
    }
    there = mirrored(s);
    assert_true(file_write(path, there, strlen(there), 0600, NULL));
    r = HEADGATE(s, "cutover", "--resume");
    assert_status(r, 130);
    await_step(s, "S07");
    abort_run(s);
    free(there);
    free(file);
    free(path);
}

/* What a crash in the middle of a write leaves. */
static void a_torn_end_is_cut_off_and_said(void **state)
{
    struct shop *s = *state;
    char *path, *file, *torn;

    go_behind_the_fence(s);
    path = journal_path(s);
    file = read_whole(path);
    torn = malloc(strlen(file) + 32);
    assert_non_null(torn);
    sprintf(torn, "%s{\"actor\":\"x", file);
    assert_true(file_write(path, torn, strlen(torn), 0600, NULL));
    assert_status(HEADGATE(s, "cutover", "--resume"), 130);
    await_record(s, "NOTE", "was not whole and has been cut off");
    abort_run(s);
    free(torn);
    free(file);
    free(path);
}

static void a_record_that_was_changed_is_refused_with_its_line(void **state)
{
    struct shop *s = *state;
    struct process_result r;

    shop_write_runbook(s, "S04", NULL);
    begin_and_leave(s);
    abort_run(s);
    edit_journal(s, "\"bytes\":", "\"bites\":");
    for (int i = 0; i < 2; i++) {
        r = HEADGATE(s, "cutover", i == 0 ? "--status" : "--resume");
        assert_non_null(strstr(r.err, "journal.jsonl:3"));
        assert_status(r, 2);
    }
    r = HEADGATE(s, "cutover", "--runbook", "shop.json"); /* nobody knows whether one is open */
    assert_status(r, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_open, shop_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_target_has_every_record),
        TEST(a_journal_that_lost_its_end_is_refused_and_can_be_put_back),
        TEST(a_torn_end_is_cut_off_and_said),
        TEST(a_record_that_was_changed_is_refused_with_its_line),
    };

    return cmocka_run_group_tests(tests, shop_setup, NULL);
}
