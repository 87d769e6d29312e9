/*
 * test_worker.c - a worker is found while it works, watched from its beginning, asked to stop, and
 * read when it has ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/worker.h"
#include "support/temp.h"

static const char subject[] = "postgresql://app:***@db/shop";

/* The child: one event, then it waits until it is asked to stop. */
_Noreturn static void work(struct worker *w)
{
    worker_event(w, &(hg_event){.kind = HG_EVENT_STEP_STARTED,
                                .subject = "0042",
                                .message = "",
                                .unit = "step",
                                .total = 2});
    while (!worker_cancelled(w))
        (void)poll(NULL, 0, 10);
    worker_end(w, &(struct worker_outcome){130, "", "stopped\n", "{}"});
    _exit(0);
}

static struct worker_info start(const char *dir)
{
    struct worker *w = NULL;
    struct worker_info info;

    assert_true(worker_start(dir, "up", subject, &w, &info, NULL));
    if (w != NULL)
        work(w);
    return info;
}

struct heard {
    int events;
    char last[64];
    struct worker_outcome outcome;
    bool stops, leaves;
};

static void on_event(void *context, const hg_event *event)
{
    struct heard *h = context;

    h->events++;
    strncpy(h->last, event->subject, sizeof h->last - 1);
}

static void on_outcome(void *context, const struct worker_outcome *outcome)
{
    ((struct heard *)context)->outcome.exit_status = outcome->exit_status;
}

static bool leaves(void *context)
{
    const struct heard *h = context;

    return h->leaves && h->events > 0;
}

static bool stops(void *context)
{
    const struct heard *h = context;

    return h->stops && h->events > 0;
}

static enum worker_end watch(const char *dir, const char *id, struct heard *h)
{
    return worker_watch(dir, id, &(struct worker_watcher){on_event, on_outcome, leaves, stops, h},
                        NULL);
}

static void it_is_left_alone_found_again_and_stopped(void **state)
{
    char *dir = temp_dir_make();
    struct worker_info started = start(dir), found = {.pid = 0};
    struct heard h = {.leaves = true};

    (void)state;
    assert_int_equal(watch(dir, started.id, &h), WORKER_LEFT);
    assert_int_equal(h.events, 1);
    assert_true(worker_find(dir, subject, true, &found));
    assert_string_equal(found.id, started.id);
    assert_string_equal(found.command, "up");
    assert_int_equal(found.pid, started.pid);
    assert_true(found.started_ms == started.started_ms);

    h = (struct heard){.stops = true};
    assert_int_equal(watch(dir, found.id, &h), WORKER_ENDED);
    assert_string_equal(h.last, "0042");
    assert_int_equal(h.outcome.exit_status, 130);
    assert_int_equal(waitpid((pid_t)started.pid, NULL, 0), started.pid);

    assert_false(worker_find(dir, subject, true, &found));
    assert_true(worker_find(dir, subject, false, &found));
    h = (struct heard){.events = 0};
    assert_int_equal(watch(dir, found.id, &h), WORKER_ENDED);
    assert_int_equal(h.events, 1);
    temp_dir_remove(dir);
}

static void one_that_was_killed_does_not_work_any_more(void **state)
{
    char *dir = temp_dir_make();
    struct worker_info started = start(dir), found;
    struct heard h = {.leaves = true};

    (void)state;
    assert_int_equal(watch(dir, started.id, &h), WORKER_LEFT);
    assert_int_equal(kill((pid_t)started.pid, SIGKILL), 0);
    assert_int_equal(waitpid((pid_t)started.pid, NULL, 0), started.pid);
    assert_false(worker_find(dir, subject, true, &found));
    h.leaves = false;
    assert_int_equal(watch(dir, started.id, &h), WORKER_DIED);
    temp_dir_remove(dir);
}

static void nothing_is_found_for_another_database(void **state)
{
    char *dir = temp_dir_make();
    struct worker_info started = start(dir), found;
    struct heard h = {.stops = true};

    (void)state;
    assert_false(worker_find(dir, "sqlite:///other.db", false, &found));
    assert_int_equal(watch(dir, started.id, &h), WORKER_ENDED);
    assert_int_equal(waitpid((pid_t)started.pid, NULL, 0), started.pid);
    temp_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_left_alone_found_again_and_stopped),
        cmocka_unit_test(one_that_was_killed_does_not_work_any_more),
        cmocka_unit_test(nothing_is_found_for_another_database),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
