/*
 * test_cutover_kill.c - the process that works on a cutover is killed at any moment: with --resume
 * the run comes to the same end, and so does one that is being taken back.
 *
 * HEADGATE_TEST_KILLS says how often it is killed; 500 take ten minutes. HEADGATE_TEST_SEED plays
 * the moments of another time again.
 */
#include "cutover_keeper.h"

#include <time.h>

enum { KILLS = 3, KILL_WITHIN_MS = 900, ROWS = 3000 };

static bool kill_worker(const struct shop *s, const json_t *run)
{
    pid_t pid = shop_worker(s, run);

    return pid > 1 && kill(pid, SIGKILL) == 0;
}

/* To the end, killed `kills` times at most on the way; abort_after: so many kills, -1: never. */
static int go_through(const struct shop *s, int kills, int abort_after, char *outcome, size_t size)
{
    hg_deadline by = hg_deadline_in_ms(3 * PATIENCE_MS);
    hg_deadline next = hg_deadline_in_ms(random() % KILL_WITHIN_MS);
    bool over = false;
    int killed = 0;

    WATCH(s, "--runbook", "shop.json");
    while (!over) {
        json_t *run = shop_look(s);

        if (hg_deadline_left_ms(by) == 0)
            fail_msg("no end at %s", text_of(run, "at"));
        over = flag_of(run, "closed");
        if (!over && killed < kills && hg_deadline_left_ms(next) == 0 && kill_worker(s, run)) {
            killed++;
            next = hg_deadline_in_ms(random() % KILL_WITHIN_MS);
            if (killed == abort_after)
                WATCH(s, "--abort", "--confirm", text_of(run, "run"));
        } else if (!over && run != NULL) {
            attend(s, run);
        }
        if (over)
            snprintf(outcome, size, "%s", text_of(run, "outcome"));
        json_decref(run);
        moment();
    }
    end_watcher();
    return killed;
}

static void assert_moved(const struct shop *s)
{
    char rows[64];

    snprintf(rows, sizeof rows, "%d %d", ROWS, ROWS);
    assert_target(s, "SELECT count(*) || ' ' || count(DISTINCT label) FROM entries", rows);
    assert_target(s, "SELECT count(*) FROM pg_db_role_setting", "0");
    assert_target(s, "SELECT count(*) FROM pg_class WHERE relname LIKE 'headgate_copy%'", "0");
}

static void open_with_rows(struct shop **out)
{
    char sql[256];

    assert_int_equal(shop_open((void **)out), 0);
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT "
             "INTO entries SELECT i, 'row ' || i FROM n",
             ROWS);
    in_source(*out, sql);
    shop_write_runbook(*out, "S04 S14 S17", NULL);
}

/* However it ended: the rows are on one side, whole, and that one takes writes. */
static void assert_one_side(const struct shop *s, const char *outcome, const char *before)
{
    char *after;

    if (strcmp(outcome, "done") == 0) {
        assert_moved(s);
        return;
    }
    assert_string_equal(outcome, "aborted");
    after = shop_dump(s);
    assert_string_equal(after, before);
    free(after);
    assert_target(s, "SELECT count(*) FROM entries", "0");
    assert_target(s, "SELECT count(*) FROM pg_db_role_setting", "0");
    assert_target(s, "SELECT count(*) FROM pg_class WHERE relname LIKE 'headgate_copy%'", "0");
}

static int killed_in_one_run(int abort_after)
{
    struct shop *s;
    char outcome[16], *before;
    int killed;

    open_with_rows(&s);
    assert_status(HEADGATE(s, "--url", s->url, "up"), 0);
    before = shop_dump(s);
    killed = go_through(s, 4, abort_after, outcome, sizeof outcome);
    if (abort_after < 0)
        assert_string_equal(outcome, "done");
    assert_one_side(s, outcome, before);
    free(before);
    shop_close((void **)&s);
    return killed;
}

static void killed_at_any_moment_it_comes_to_its_end(void **state)
{
    const char *wish = getenv("HEADGATE_TEST_KILLS"), *again = getenv("HEADGATE_TEST_SEED");
    int kills = wish == NULL ? KILLS : atoi(wish), killed = 0;
    unsigned seed = again == NULL ? (unsigned)time(NULL) : (unsigned)atoi(again);

    (void)state;
    fprintf(stderr, "seed %u\n", seed); /* also when it does not end */
    srandom(seed);
    for (int run = 0; killed < kills; run++)
        killed += killed_in_one_run(run % 2 == 0 ? -1 : 1 + (int)(random() % 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_any_moment_it_comes_to_its_end),
    };

    return cmocka_run_group_tests(tests, shop_setup, NULL);
}
