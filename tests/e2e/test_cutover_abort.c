/*
 * test_cutover_abort.c - a cutover that is given up, at every step that can be taken back: the
 * SQLite file is as it was and takes writes, the target is empty and takes writes, the application
 * is where it was.
 */
#include "cutover_keeper.h"

static const char *const shop_argv[] = {TEST_HEADGATE, "cutover", "--runbook", "shop.json", NULL};

static void assert_target_is_as_before(const struct shop *s)
{
    assert_target(s, "SELECT (SELECT count(*) FROM entries) + (SELECT count(*) FROM goods)", "0");
    assert_target(s, "SELECT count(*) FROM pg_db_role_setting", "0");
    assert_target(s, "SELECT count(*) FROM pg_class WHERE relname LIKE 'headgate_copy%'", "0");
}

static void assert_same_env(const struct shop *s, const char *before)
{
    struct buf text = BUF_INIT(1 << 16);
    char *path = temp_path(s->dir, ".env");

    assert_true(file_read(path, &text, NULL));
    assert_string_equal(text.bytes, before);
    buf_release(&text);
    free(path);
}

/* Goes to the end of the runbook and back. */
static void there_and_back(const struct shop *s)
{
    int in;
    pid_t keeper = shop_start(s, shop_argv, &in);
    json_t *run;

    await_open(s);
    run = shop_answer(s, in, "WAIT");
    assert_status(HEADGATE(s, "cutover", "--abort", "--confirm", text_of(run, "run")), 0);
    assert_int_equal(process_wait(keeper), 1); /* not what it was begun for */
    json_decref(run);
    run = shop_look(s);
    assert_string_equal(text_of(run, "outcome"), "aborted");
    json_decref(run);
    close(in);
}

static void after_every_step_both_sides_are_as_they_were(void **state)
{
    static const char *const last[] = {"S06", "S07", "S09", "S10", "S13"};
    struct shop *s = *state;
    char *before, *after, *env = read_env(s);

    in_source(s, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
                 "INSERT INTO entries SELECT i, 'row ' || i FROM n");
    before = shop_dump(s);
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
        shop_write_runbook(s, "S04 S05", last[i]);
        there_and_back(s);
        after = shop_dump(s);
        assert_string_equal(after, before);
        assert_target_is_as_before(s);
        assert_same_env(s, env);
        free(after);
    }
    in_source(s, "INSERT INTO entries (label) VALUES ('it writes again')");
    free(before);
    free(env);
}

static void an_application_that_has_moved_moves_back(void **state)
{
    struct shop *s = *state;
    struct buf text = BUF_INIT(64 << 20);
    char *path = temp_path(s->dir, "application/done"), *dump, *save = NULL;

    shop_open_application(s);
    shop_write_runbook(s, "S04 S05", "S14");
    there_and_back(s);
    await_writes(s, "done", 3 * WORKERS);
    shop_close_application(s);
    assert_target_is_as_before(s);
    dump = shop_dump(s);
    assert_true(file_read(path, &text, NULL));
    for (char *line = strtok_r(text.bytes, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save))
        if (strstr(dump, line) == NULL)
            fail_msg("%s is lost", line);
    buf_release(&text);
    free(dump);
    free(path);
}

static void the_budget_ends_a_freeze_that_nobody_ends(void **state)
{
    struct shop *s = *state;
    const char *const argv[] = {TEST_HEADGATE, "cutover", "--runbook", "shop.json",
                                "--budget",    "1",       NULL};
    char *before = shop_dump(s), *after;
    pid_t keeper;
    json_t *run;
    int in;

    shop_write_runbook(s, "S04 S05", NULL);
    keeper = shop_start(s, argv, &in);
    run = shop_answer(s, in, "S12");
    json_decref(run);
    assert_int_equal(process_wait(keeper), 1);
    await_said(s, "has used up its budget of 1.0 s: after 1.5 s all is taken back");
    assert_true(has_record(s, "NOTE", "has used up its budget of 1.0 s"));
    run = shop_look(s);
    assert_string_equal(text_of(run, "outcome"), "aborted");
    json_decref(run);
    after = shop_dump(s);
    assert_string_equal(after, before);
    assert_target_is_as_before(s);
    free(before);
    free(after);
    close(in);
}

static void the_budget_ends_a_step_that_does_not_end(void **state)
{
    struct shop *s = *state;
    json_t *run;

    shop_hold = "S11";
    shop_write_runbook(s, "S04 S05", NULL);
    shop_hold = NULL;
    WATCH(s, "--runbook", "shop.json", "--budget", "1");
    await_open(s);
    for (bool over = false; !over; moment()) {
        run = shop_look(s);
        over = flag_of(run, "closed");
        if (!over)
            attend(s, run);
        json_decref(run);
    }
    end_watcher();
    assert_true(has_record(s, "ABORT", ""));
    assert_target_is_as_before(s);
    in_source(s, "INSERT INTO entries (label) VALUES ('it writes again')");
}

/* A source whose pages cannot be read for as long as somebody pleases. */
static sqlite3 *lock_source(const struct shop *s)
{
    sqlite3 *db = shop_sqlite(s);

    assert_int_equal(
        sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", NULL, NULL, NULL),
        SQLITE_OK);
    return db;
}

static void an_abort_is_heard_while_the_source_is_being_copied(void **state)
{
    struct shop *s = *state;
    sqlite3 *busy;
    json_t *run;

    in_source(s, "PRAGMA journal_mode = DELETE");
    shop_write_runbook(s, "S01 S02 S03 S05", "S04");
    busy = lock_source(s);
    WATCH(s, "--runbook", "shop.json");
    await_open(s);
    await_state(s, "S04", "begun");
    run = shop_look(s);
    assert_status(HEADGATE(s, "cutover", "--abort", "--confirm", text_of(run, "run")), 0);
    json_decref(run);
    end_watcher();
    run = shop_look(s);
    assert_string_equal(text_of(run, "outcome"), "aborted");
    json_decref(run);
    sqlite3_close(busy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_open, shop_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(after_every_step_both_sides_are_as_they_were),
        TEST(an_application_that_has_moved_moves_back),
        TEST(the_budget_ends_a_freeze_that_nobody_ends),
        TEST(the_budget_ends_a_step_that_does_not_end),
        TEST(an_abort_is_heard_while_the_source_is_being_copied),
    };

    return cmocka_run_group_tests(tests, shop_setup, NULL);
}
