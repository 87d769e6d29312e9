/*
 * test_drive.c - whatever kills the drive and whenever, going on brings every step about once and
 * in order, and an abort takes all of it back.
 *
 * The actions change files of a folder, so that their effects outlive the process that is killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "cutover/drive.h"
#include "support/temp.h"

static char *root, *run_dir;
static int die_after = -1;  /* calls of the world that are left before the process kills itself */
static const char *failing; /* the step whose apply fails */
static const char *answer;  /* NULL: what is expected */

/* Every touch of the world and every look at it is a moment to die. */
static void moment(void)
{
    if (die_after >= 0 && die_after-- == 0)
        _exit(42);
}

static char *mark_of(const struct step *step)
{
    return temp_path(root, step->id);
}

static enum probe probe(void *world, const struct step *step, hg_error *err)
{
    char *mark = mark_of(step);
    bool there = file_exists(mark);

    (void)world;
    (void)err;
    moment();
    free(mark);
    return there ? PROBE_DONE : PROBE_NOT_DONE;
}

/* Creating the file a second time fails: an act that is repeated is found. */
static bool apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    char *mark = mark_of(step);
    bool ok;

    (void)world;
    moment();
    ok = failing != NULL && strcmp(failing, step->id) == 0
             ? hg_fail(err, HG_FAILED, "it was to fail")
             : file_create(mark, "", 0, 0600, err);
    json_object_set_new(facts, "did", json_string(step->id));
    moment();
    free(mark);
    return ok;
}

static bool verify(void *world, const struct step *step, hg_error *err)
{
    moment();
    return probe(world, step, err) == PROBE_DONE || hg_fail(err, HG_FAILED, "there is no effect");
}

static bool undo(void *world, const struct step *step, hg_error *err)
{
    char *mark = mark_of(step);

    (void)world;
    (void)err;
    moment();
    unlink(mark);
    moment();
    free(mark);
    return true;
}

static const struct action actions[] = {
    {"make", "make a file", probe, apply, verify, undo},
    {"look", "look", NULL, NULL, verify, NULL},
};

#define MAKE(id, class, confirmation)                                    \
    {                                                                    \
        id, "Step " id, "", "", "make", class, confirmation, NULL, false \
    }

static const struct step steps[] = {
    MAKE("A", STEP_REVERSIBLE, CONFIRM_NOTHING),  MAKE("B", STEP_REVERSIBLE, CONFIRM_RUN),
    MAKE("C", STEP_REVERSIBLE, CONFIRM_NOTHING),  MAKE("D", STEP_REVERSIBLE, CONFIRM_CUTOVER),
    MAKE("E", STEP_NO_RETURN, CONFIRM_NO_RETURN), MAKE("F", STEP_REVERSIBLE, CONFIRM_ATTEST),
};
static const struct runbook book = {"test", steps, 6, "B", "D"};

static bool reply(void *context, const struct question *q, struct reply *out)
{
    const char *words = q->expected[0] != '\0' ? q->expected : "anna has seen it";

    (void)context;
    if (answer != NULL)
        words = answer;
    snprintf(out->text, sizeof out->text, "%s", words);
    return strcmp(words, "-") != 0;
}

/* Goes on, or back, with whatever journal there is. */
static bool drive(bool forward, int64_t budget_ms, hg_error *err)
{
    struct journal *j = NULL;
    struct drive d = {.runbook = &book,
                      .actions = actions,
                      .action_count = 2,
                      .database = "shop",
                      .ask = reply,
                      .budget_ms = budget_ms};
    bool ok;

    if (file_exists(run_dir) ? !journal_open(run_dir, "anna", &j, err)
                             : !journal_create(run_dir, "run-1", "anna", &j, err))
        return false;
    d.journal = j;
    ok = forward ? drive_forward(&d, err) : drive_abort(&d, err);
    journal_close(j);
    return ok;
}

static int marks(void)
{
    int n = 0;

    for (size_t i = 0; i < book.count; i++) {
        char *mark = mark_of(&steps[i]);

        n += file_exists(mark);
        free(mark);
    }
    return n;
}

static int begin(void **state)
{
    (void)state;
    root = temp_dir_make();
    run_dir = temp_path(root, "run");
    die_after = -1;
    failing = answer = NULL;
    return 0;
}

static int end(void **state)
{
    (void)state;
    clock_set_fake(-1, -1);
    free(run_dir);
    temp_dir_remove(root);
    return 0;
}

static void go(bool forward)
{
    hg_error err = {0};

    if (!drive(forward, 0, &err))
        fail_msg("%s", err.message);
}

static int count(enum journal_event event)
{
    struct journal *j = NULL;
    int n = 0;

    assert_true(journal_read(run_dir, &j, NULL));
    for (size_t i = 0; i < journal_count(j); i++)
        n += journal_at(j, i)->event == event;
    journal_close(j);
    return n;
}

static void every_step_is_taken_once_and_in_order(void **state)
{
    struct journal *j = NULL;
    const char *last = "";

    (void)state;
    go(true);
    assert_int_equal(marks(), 6);
    assert_true(journal_read(run_dir, &j, NULL));
    for (size_t i = 0; i < journal_count(j); i++) {
        const struct journal_record *r = journal_at(j, i);

        if (r->event == JOURNAL_DONE) {
            assert_true(strcmp(last, r->step) < 0);
            last = r->step;
            assert_string_equal(json_string_value(json_object_get(r->data, "did")), r->step);
        }
    }
    journal_close(j);
    go(true); /* and again: nothing */
    assert_int_equal(count(JOURNAL_DONE), 6);
    assert_int_equal(count(JOURNAL_CLOSE), 1);
}

static void a_wrong_answer_stops_before_the_step_and_is_written_down(void **state)
{
    hg_error err = {0};

    (void)state;
    answer = "run-2";
    assert_false(drive(true, 0, &err));
    assert_int_equal(err.code, HG_REFUSED);
    assert_int_equal(marks(), 1);
    assert_int_equal(count(JOURNAL_DECISION), 1);
    assert_int_equal(count(JOURNAL_INTENT), 1);
    answer = "-"; /* nobody there */
    assert_false(drive(true, 0, &err));
    assert_int_equal(marks(), 1);
    answer = NULL;
    go(true);
    assert_int_equal(marks(), 6);
}

static void a_failed_step_stops_the_run_and_is_tried_again_later(void **state)
{
    hg_error err = {0};

    (void)state;
    failing = "C";
    assert_false(drive(true, 0, &err));
    assert_int_equal(err.code, HG_FAILED);
    assert_non_null(strstr(err.message, "step C"));
    assert_int_equal(count(JOURNAL_FAILED), 1);
    assert_int_equal(marks(), 2);
    failing = NULL;
    go(true);
    assert_int_equal(marks(), 6);
}

static void an_abort_takes_everything_back_and_closes(void **state)
{
    hg_error err = {0};

    (void)state;
    failing = "D";
    assert_false(drive(true, 0, &err));
    assert_int_equal(marks(), 3);
    go(false);
    assert_int_equal(marks(), 0);
    failing = NULL;
    go(true); /* a run that is closed stays so */
    assert_int_equal(marks(), 0);
}

static void past_the_point_of_no_return_an_abort_is_refused(void **state)
{
    hg_error err = {0};

    (void)state;
    failing = "F";
    assert_false(drive(true, 0, &err));
    assert_int_equal(marks(), 5);
    assert_false(drive(false, 0, &err));
    assert_int_equal(err.code, HG_REFUSED);
    assert_int_equal(marks(), 5);
    assert_int_equal(count(JOURNAL_ABORT), 0);
}

static void a_point_of_no_return_that_did_not_act_may_be_left(void **state)
{
    hg_error err = {0};

    (void)state;
    failing = "E";
    assert_false(drive(true, 0, &err));
    go(false);
    assert_int_equal(marks(), 0);
}

static void a_freeze_beyond_its_budget_is_taken_back_by_itself(void **state)
{
    hg_error err = {0};

    (void)state;
    clock_set_fake(1000000000, 1790000000000);
    failing = "C";
    assert_false(drive(true, 1000, &err));
    failing = NULL;
    clock_set_fake(3000000000, 1790000002000);
    assert_false(drive(true, 1000, &err));
    assert_int_equal(err.code, HG_FAILED);
    assert_non_null(strstr(err.message, "for longer than its budget"));
    assert_int_equal(marks(), 0);
}

/* An hour forward and a day back: the machine's own clock says that one second has passed. */
static void a_clock_that_is_set_changes_no_budget(void **state)
{
    static const int64_t wall_ms[] = {1790003600000, 1789913600000};
    hg_error err = {0};

    (void)state;
    clock_set_fake(1000000000, 1790000000000);
    failing = "C";
    assert_false(drive(true, 2000, &err));
    for (int i = 0; i < 2; i++) {
        clock_set_fake(2000000000, wall_ms[i]);
        assert_false(drive(true, 2000, &err));
        assert_string_equal(strstr(err.message, "it was to fail"), "it was to fail");
        assert_int_equal(marks(), 2);
    }
    failing = NULL;
    assert_true(drive(true, 2000, &err));
}

static void after_the_commit_no_budget_ends_the_run(void **state)
{
    hg_error err = {0};

    (void)state;
    clock_set_fake(1000000000, 1790000000000);
    failing = "E";
    assert_false(drive(true, 1000, &err));
    failing = NULL;
    clock_set_fake(90000000000, 1790000089000);
    assert_true(drive(true, 1000, &err));
    assert_int_equal(marks(), 6);
}

/* Runs in a process of its own, which dies at its n-th moment; false: it came to the end before. */
static bool killed_at(int n, bool forward)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        die_after = n;
        _exit(drive(forward, 0, NULL) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 1);
    return WEXITSTATUS(status) == 42;
}

static void again(void)
{
    end(NULL);
    begin(NULL);
}

static void killed_at_any_moment_it_goes_on_to_the_same_end(void **state)
{
    (void)state;
    for (int n = 0; killed_at(n, true); n++) {
        go(true);
        assert_int_equal(marks(), 6);
        assert_int_equal(count(JOURNAL_DONE), 6);
        again();
    }
    assert_int_equal(marks(), 6);
}

/* The fifth moment is the one before B acts, which had been confirmed; D has not been. */
static void what_was_confirmed_and_begun_is_not_asked_for_again(void **state)
{
    hg_error err = {0};

    (void)state;
    assert_true(killed_at(4, true));
    assert_int_equal(count(JOURNAL_DECISION), 1);
    assert_int_equal(marks(), 1);
    answer = "-"; /* nobody there */
    assert_false(drive(true, 0, &err));
    assert_non_null(strstr(err.message, "Step D"));
    assert_int_equal(marks(), 3);
}

static void killed_at_any_moment_of_an_abort_all_is_taken_back(void **state)
{
    bool more = true;

    (void)state;
    for (int n = 0; more; n++) {
        failing = "E";
        assert_false(drive(true, 0, NULL));
        more = killed_at(n, false);
        go(false);
        assert_int_equal(marks(), 0);
        again();
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(every_step_is_taken_once_and_in_order),
        TEST(a_wrong_answer_stops_before_the_step_and_is_written_down),
        TEST(a_failed_step_stops_the_run_and_is_tried_again_later),
        TEST(an_abort_takes_everything_back_and_closes),
        TEST(past_the_point_of_no_return_an_abort_is_refused),
        TEST(a_point_of_no_return_that_did_not_act_may_be_left),
        TEST(a_freeze_beyond_its_budget_is_taken_back_by_itself),
        TEST(a_clock_that_is_set_changes_no_budget),
        TEST(after_the_commit_no_budget_ends_the_run),
        TEST(killed_at_any_moment_it_goes_on_to_the_same_end),
        TEST(what_was_confirmed_and_begun_is_not_asked_for_again),
        TEST(killed_at_any_moment_of_an_abort_all_is_taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
