/*
 * test_cutover_faults.c - bad days: the target goes away, stands still or is full, the deployment
 * takes the source with it, disks fill up, two begin at once, a process that stood still comes
 * back.
 *
 * With HEADGATE_TEST_MATRIX the target is lost and stands still before every step: minutes.
 */
#include "cutover_keeper.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { ROWS = 2000 };

/* What takes long and is much like what the gate tries anyway. */
static void only_in_the_matrix(void)
{
    if (getenv("HEADGATE_TEST_MATRIX") == NULL)
        skip();
}

static void add_rows(const struct shop *s)
{
    char sql[256];

    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT "
             "INTO entries SELECT i, 'row ' || i FROM n",
             ROWS);
    in_source(s, sql);
}

/* Begins a run that is held before this step, and goes there. */
static void go_to(const struct shop *s, const char *without, const char *step)
{
    bool there = false;

    shop_hold = step;
    shop_write_runbook(s, without, NULL);
    shop_hold = NULL;
    WATCH(s, "--runbook", "shop.json");
    await_open(s);
    for (hg_deadline by = hg_deadline_in_ms(PATIENCE_MS); !there; moment()) {
        json_t *run = shop_look(s);

        assert_true(hg_deadline_left_ms(by) > 0);
        there = strcmp(text_of(step_of(run, "HOLD"), "state"), "begun") == 0;
        if (!there && flag_of(run, "working"))
            attend(s, run);
        json_decref(run);
    }
}

static void let_go(const struct shop *s)
{
    temp_write(s->dir, "go", "");
}

static void hold_again(const struct shop *s)
{
    char *path = temp_path(s->dir, "go");

    assert_int_equal(unlink(path), 0);
    free(path);
}

/* To the end, with all that a patient operator does. */
static void go_to_the_end(const struct shop *s, const char *outcome)
{
    hg_deadline by = hg_deadline_in_ms(2 * PATIENCE_MS);

    for (bool over = false; !over; moment()) {
        json_t *run = shop_look(s);

        if (hg_deadline_left_ms(by) == 0)
            fail_msg("no end at %s", text_of(run, "at"));
        over = flag_of(run, "closed");
        if (over)
            assert_string_equal(text_of(run, "outcome"), outcome);
        else
            attend(s, run);
        json_decref(run);
    }
    end_watcher();
}

/* Until the step has failed, or nobody works any more; what it said is the caller's. */
static char *await_failure(const struct shop *s, const char *id)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);
    char *said = NULL;

    for (; said == NULL; moment()) {
        json_t *run = shop_look(s);
        const json_t *step = step_of(run, id);

        if (hg_deadline_left_ms(by) == 0)
            fail_msg("%s does not fail: %s", id, text_of(step, "state"));
        if (strcmp(text_of(step, "state"), "failed") == 0)
            said = strdup(text_of(step, "error"));
        json_decref(run);
    }
    return said;
}

static void assert_moved(const struct shop *s)
{
    char rows[64];

    snprintf(rows, sizeof rows, "%d %d", ROWS, ROWS);
    assert_target(s, "SELECT count(*) || ' ' || count(DISTINCT label) FROM entries", rows);
    assert_target(s, "SELECT count(*) FROM pg_db_role_setting", "0");
    assert_target(s, "SELECT count(*) FROM pg_class WHERE relname LIKE 'headgate_copy%'", "0");
}

/* --- the target --- */

/* The tests' server does not wait for its disk: what it has said is brought there first, as one in
 * earnest would have done. */
static void kill_target(void)
{
    postgres_run(NULL, "CHECKPOINT");
    postgres_stop(POSTGRES_KILLED);
}

static void lose_target_before(const struct shop *s, const char *step)
{
    go_to(s, "S04 S14 S17", step);
    kill_target();
    let_go(s);
    free(await_failure(s, step));
    postgres_start();
    go_to_the_end(s, "done");
    assert_moved(s);
}

static void freeze_target_before(const struct shop *s, const char *step)
{
    go_to(s, "S04 S14 S17", step);
    postgres_freeze();
    let_go(s);
    assert_status(HEADGATE(s, "cutover", "--status"), 0); /* who only looks does not wait for it */
    free(await_failure(s, step));
    postgres_thaw();
    go_to_the_end(s, "done");
    assert_moved(s);
}

static void at_each_step(struct shop *s, void (*fault)(const struct shop *s, const char *step),
                         const char *in_the_gate)
{
    static const char *const all[] = {"S03", "S06", "S07", "S08", "S09", "S10",
                                      "S11", "S12", "S13", "S15", "S16"};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        void *again = NULL;

        if (getenv("HEADGATE_TEST_MATRIX") == NULL && strcmp(all[i], in_the_gate) != 0)
            continue;
        assert_int_equal(shop_open(&again), 0);
        add_rows(again);
        fault(again, all[i]);
        shop_close(&again);
    }
    (void)s;
}

static void a_target_that_is_lost_is_waited_for(void **state)
{
    at_each_step(*state, lose_target_before, "S11");
}

static void a_target_that_stands_still_is_waited_for(void **state)
{
    only_in_the_matrix();
    at_each_step(*state, freeze_target_before, "");
}

/* Until rows are on their way. */
static void await_copy(const struct shop *s)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);

    for (bool there = false; !there; moment()) {
        char *n = postgres_ask(s->database, "SELECT count(*) FROM pg_stat_activity WHERE query "
                                            "LIKE 'COPY %' AND state = 'active'");

        assert_true(hg_deadline_left_ms(by) > 0);
        there = strcmp(n, "0") != 0;
        free(n);
    }
}

static void a_target_that_is_lost_in_the_middle_of_a_copy_gets_the_rest(void **state)
{
    struct shop *s = *state;

    add_rows(s);
    go_to(s, "S04 S14 S17", "S10");
    assert_status(HEADGATE(s, "cutover", "--rate", "800"), 0);
    await_record(s, "NOTE", "rate 800");
    let_go(s);
    await_copy(s);
    kill_target();
    assert_status(HEADGATE(s, "cutover", "--rate", "0"), 0);
    free(await_failure(s, "S10"));
    postgres_start();
    go_to_the_end(s, "done");
    assert_moved(s);
}

static void an_abort_is_heard_while_the_target_stands_still_in_the_middle_of_a_copy(void **state)
{
    struct shop *s = *state;
    struct process_result r;
    char *before, *after;
    json_t *run;

    only_in_the_matrix();
    add_rows(s);
    before = shop_dump(s);
    go_to(s, "S04 S14 S17", "S10");
    assert_status(HEADGATE(s, "cutover", "--rate", "800"), 0);
    await_record(s, "NOTE", "rate 800");
    let_go(s);
    await_copy(s);
    postgres_freeze();
    run = shop_look(s);
    r = HEADGATE(s, "cutover", "--abort", "--confirm", text_of(run, "run"));
    assert_int_not_equal(r.status, 0); /* nothing can be taken back from it now */
    process_release(&r);
    json_decref(run);
    await_nobody(s);
    end_watcher();
    assert_true(has_record(s, "ABORT", ""));
    postgres_thaw();
    abort_run(s);
    after = shop_dump(s);
    assert_string_equal(after, before);
    assert_target(s, "SELECT count(*) FROM entries", "0");
    free(before);
    free(after);
}

/* A server's word for a full disk, in the middle of the rows. */
static void a_target_that_is_full_is_given_up_or_gets_room(void **state)
{
    struct shop *s = *state;
    char *before, *after, *said;

    add_rows(s);
    before = shop_dump(s);
    for (int gets_room = 0; gets_room < 2; gets_room++) {
        go_to(s, "S04 S14 S17", "S10");
        postgres_run(s->database,
                     "CREATE OR REPLACE FUNCTION room(n bigint) RETURNS boolean LANGUAGE plpgsql AS"
                     " 'BEGIN IF n > 1500 THEN RAISE ''no space left'' USING ERRCODE = ''53100''; "
                     "END IF; RETURN true; END'");
        postgres_run(s->database, "ALTER TABLE entries ADD CONSTRAINT room CHECK (room(id))");
        let_go(s);
        said = await_failure(s, "S10");
        assert_non_null(strstr(said, "no space left"));
        free(said);
        postgres_run(s->database, "ALTER TABLE entries DROP CONSTRAINT room");
        if (gets_room == 0)
            abort_run(s);
        go_to_the_end(s, gets_room == 0 ? "aborted" : "done");
        after = shop_dump(s);
        if (gets_room == 0)
            assert_string_equal(after, before);
        free(after);
        hold_again(s);
    }
    assert_moved(s);
    free(before);
}

/* --- the source --- */

/* What a deployment does that comes with the new URL: the folder is a new one. */
static void a_source_that_the_flip_takes_away_comes_back_from_its_snapshot(void **state)
{
    struct shop *s = *state;
    char *before, *after, *said, *instance = temp_path(s->dir, "instance");
    json_t *run;

    add_rows(s);
    before = shop_dump(s);
    go_to(s, "S04 S14 S17", "S15");
    assert_status(shop_run(s, (const char *const[]){"/bin/rm", "-r", instance, NULL}), 0);
    temp_write(s->dir, "instance/app.db", ""); /* somebody has opened the old path */
    run = shop_look(s);
    let_go(s);
    await_step(s, "S16");
    answer_run(s, "S16");
    said = await_failure(s, "S16"); /* what nobody has frozen may be written to */
    assert_non_null(strstr(said, "is not the file that was frozen"));
    free(said);
    await_nobody(s);
    assert_status(HEADGATE(s, "cutover", "--abort", "--confirm", text_of(run, "run")), 4);
    assert_status(shop_run(s, (const char *const[]){"/bin/rm", "-r", instance, NULL}), 0);
    assert_status(HEADGATE(s, "cutover", "--abort", "--confirm", text_of(run, "run")), 0);
    end_watcher();
    after = shop_dump(s);
    assert_string_equal(after, before);
    in_source(s, "INSERT INTO entries (label) VALUES ('it writes again')");
    assert_target(s, "SELECT count(*) FROM entries", "0");
    json_decref(run);
    free(before);
    free(after);
    free(instance);
}

static void a_source_that_is_gone_takes_no_writes_and_stands_in_nobodys_way(void **state)
{
    struct shop *s = *state;
    char *instance;

    only_in_the_matrix();
    instance = temp_path(s->dir, "instance");
    shop_open_application(s);
    go_to(s, "S04 S17", "S14");
    assert_status(shop_run(s, (const char *const[]){"/bin/rm", "-r", instance, NULL}), 0);
    let_go(s);
    go_to_the_end(s, "done");
    await_writes(s, "done", 3 * WORKERS);
    shop_close_application(s);
    assert_nothing_is_lost(s);
    free(instance);
}

/* --- the run's disk --- */

/* A disk of two megabytes for the runs; false: there is no right to one. */
static bool mount_small_disk(const struct shop *s)
{
    char *path = temp_path(s->dir, "state");
    bool ok = (mkdir(path, 0700) == 0 || errno == EEXIST) && unshare(CLONE_NEWNS) == 0
              && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
              && mount("tmpfs", path, "tmpfs", 0, "size=2m") == 0;

    free(path);
    return ok;
}

static void fill_disk(const struct shop *s)
{
    char *path = temp_path(s->dir, "state/filler"), bytes[4096] = "";
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    while (write(fd, bytes, sizeof bytes) > 0)
        ;
    close(fd);
    free(path);
}

static void make_room(const struct shop *s)
{
    char *path = temp_path(s->dir, "state/filler");

    assert_int_equal(unlink(path), 0);
    free(path);
}

static void a_full_disk_of_the_run_is_said_and_room_is_waited_for(void **state)
{
    struct shop *s = *state;
    struct process_result r;
    char *path = temp_path(s->dir, "state"), *said;

    if (!mount_small_disk(s)) {
        free(path);
        skip();
    }
    add_rows(s);
    go_to(s, "S04 S14 S17", "S09");
    fill_disk(s);
    let_go(s);
    said = await_failure(s, "S09"); /* and the journal has had room for that */
    if (strstr(said, "full") == NULL && strstr(said, "o space left") == NULL)
        fail_msg("%s", said);
    free(said);
    fill_disk(s); /* of what the step has given back */
    r = HEADGATE(s, "cutover", "--continue"); /* an order is a file */
    assert_non_null(strstr(r.err, "o space left"));
    assert_status(r, 1);
    make_room(s);
    go_to_the_end(s, "done");
    assert_moved(s);
    umount2(path, MNT_DETACH);
    free(path);
}

/* --- two of them --- */

static size_t count_records(const struct shop *s, const char *event)
{
    json_t *run = shop_look(s), *record;
    size_t i, n = 0;

    json_array_foreach(json_object_get(run, "records"), i, record) n +=
        strcmp(text_of(record, "event"), event) == 0;
    json_decref(run);
    return n;
}

static void of_two_who_do_the_same_at_once_one_does_it(void **state)
{
    const char *const begin[] = {TEST_HEADGATE, "cutover", "--runbook", "shop.json", NULL};
    const char *const resume[] = {TEST_HEADGATE, "cutover", "--resume", NULL};
    struct shop *s = *state;
    pid_t one, other;
    int status[2];
    json_t *run;

    shop_write_runbook(s, "S04", NULL);
    one = process_start(s->dir, shop_environ, begin);
    other = process_start(s->dir, shop_environ, begin);
    status[0] = process_wait(one);
    status[1] = process_wait(other);
    assert_true((status[0] == 130 && status[1] == 4) || (status[0] == 4 && status[1] == 130));
    await_step(s, "S03");
    run = shop_look(s);
    assert_int_equal(kill(shop_worker(s, run), SIGKILL), 0);
    json_decref(run);
    await_nobody(s);
    one = process_start(s->dir, shop_environ, resume);
    other = process_start(s->dir, shop_environ, resume);
    for (int i = 0; i < 2; i++) {
        status[i] = process_wait(i == 0 ? one : other);
        assert_true(status[i] == 130 || status[i] == 5); /* it watches, or came too late */
    }
    assert_true(status[0] == 130 || status[1] == 130);
    assert_int_equal(count_records(s, "RESUME"), 1);
    await_step(s, "S03");
    abort_run(s);
}

/* A second SQLite file, on another instance, for the same target. */
static struct shop *open_second(const struct shop *first)
{
    void *second = NULL;
    struct shop *s;

    assert_int_equal(shop_open(&second), 0);
    s = second;
    free(s->url);
    s->url = strdup(first->url);
    shop_write_env(s);
    return s;
}

/* The first one's process stands still, its lock is forgotten with the server that had it, another
 * one begins, and then it comes back. */
static void who_comes_back_where_another_is_does_nothing_more(void **state)
{
    struct shop *s = *state, *second = open_second(s);
    char *said;
    json_t *run;
    pid_t zombie;

    go_to(s, "S04 S14 S17", "S06");
    run = shop_look(s);
    zombie = shop_worker(s, run);
    json_decref(run);
    end_watcher();
    assert_int_equal(kill(zombie, SIGSTOP), 0);
    postgres_restart(POSTGRES_IMMEDIATE);
    add_rows(second);
    go_to(second, "S04 S14 S17", "S15");
    let_go(s);
    assert_int_equal(kill(zombie, SIGCONT), 0);
    said = await_failure(s, "S06");
    assert_non_null(strstr(said, "another cutover works on this target"));
    free(said);
    let_go(second);
    go_to_the_end(second, "done");
    free(s->database);
    s->database = strdup(second->database);
    assert_status(HEADGATE(s, "cutover", "--resume"), 4); /* nor when the other one is over */
    abort_run(s); /* it has done nothing that would have to be taken back */
    run = shop_look(s);
    assert_string_equal(text_of(run, "outcome"), "aborted");
    json_decref(run);
    assert_target(s, "SELECT 1", "1");
    shop_close((void **)&second);
}

static void a_run_with_a_target_that_never_answered_can_be_given_up(void **state)
{
    struct shop *s = *state;
    struct process_result r;

    free(s->url);
    s->url = strdup("postgresql://keeper@127.0.0.1:1/nowhere");
    shop_write_env(s);
    shop_write_runbook(s, "S04", NULL);
    r = HEADGATE(s, "cutover", "--runbook", "shop.json");
    assert_status(r, 3);
    abort_run(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_open, shop_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_target_that_is_lost_is_waited_for),
        TEST(a_target_that_stands_still_is_waited_for),
        TEST(a_target_that_is_lost_in_the_middle_of_a_copy_gets_the_rest),
        TEST(an_abort_is_heard_while_the_target_stands_still_in_the_middle_of_a_copy),
        TEST(a_target_that_is_full_is_given_up_or_gets_room),
        TEST(a_source_that_the_flip_takes_away_comes_back_from_its_snapshot),
        TEST(a_source_that_is_gone_takes_no_writes_and_stands_in_nobodys_way),
        TEST(of_two_who_do_the_same_at_once_one_does_it),
        TEST(who_comes_back_where_another_is_does_nothing_more),
        TEST(a_run_with_a_target_that_never_answered_can_be_given_up),
        TEST(a_full_disk_of_the_run_is_said_and_room_is_waited_for), /* mounts: the last one */
    };

    return cmocka_run_group_tests(tests, shop_setup, NULL);
}
