/*
 * test_worker.c - a worker is found while it works, watched from its beginning, asked to stop, and
 * read when it has ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
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

static void how_it_ended_is_news_until_somebody_has_seen_it(void **state)
{
    char *dir = temp_dir_make();
    int64_t before_ms = clock_wall_ms();
    struct worker_info started = start(dir);
    struct heard h = {.stops = true};

    (void)state;
    assert_int_equal(watch(dir, started.id, &h), WORKER_ENDED);
    assert_int_equal(waitpid((pid_t)started.pid, NULL, 0), started.pid);
    assert_false(worker_is_seen(dir, started.id));
    worker_see(dir, started.id);
    assert_true(worker_is_seen(dir, started.id));
    assert_in_range(worker_last_ms(dir, started.id), before_ms - 1000, clock_wall_ms() + 1000);
    temp_dir_remove(dir);
}

/* Of one that was killed also the socket, which nobody has taken away. */
static void after_a_week_all_that_belongs_to_it_goes(void **state)
{
    const struct timespec old = {.tv_sec = time(NULL) - 8 * 24 * 3600}, times[2] = {old, old};
    char *dir = temp_dir_make(), *path;
    struct worker_info killed = start(dir), next;
    struct heard h = {.leaves = true};
    struct file_list left;
    char name[64];

    (void)state;
    assert_int_equal(watch(dir, killed.id, &h), WORKER_LEFT);
    assert_int_equal(kill((pid_t)killed.pid, SIGKILL), 0);
    assert_int_equal(waitpid((pid_t)killed.pid, NULL, 0), killed.pid);
    worker_see(dir, killed.id);
    snprintf(name, sizeof name, "worker-%s.journal", killed.id);
    path = temp_path(dir, name);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    next = start(dir);
    h = (struct heard){.stops = true};
    assert_int_equal(watch(dir, next.id, &h), WORKER_ENDED);
    assert_int_equal(waitpid((pid_t)next.pid, NULL, 0), next.pid);
    assert_true(file_list(dir, "", &left, NULL));
    assert_int_equal(left.count, 1); /* the journal of the second */
    file_list_release(&left);
    free(path);
    temp_dir_remove(dir);
}

/* --- no room --- */

enum { ROOM = 1 << 20, MANY = 20000 };

/* A file of this process and its children may not grow beyond this: what a full disk is. */
static void limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void write_down(void *context, const struct worker_outcome *outcome)
{
    struct heard *h = context;

    h->outcome.exit_status = outcome->exit_status;
    strncpy(h->last, outcome->errors, sizeof h->last - 1);
}

/* A child that tells more than there is room for, and then how it ended: in so many bytes. */
static struct heard fill_up(size_t bytes)
{
    char *dir = temp_dir_make(), *document = calloc(bytes + 1, 1);
    struct worker_info info;
    struct worker *w = NULL;
    struct heard h = {.events = 0};

    memset(document, 'x', bytes);
    limit_files(ROOM);
    assert_true(worker_start(dir, "copy", subject, &w, &info, NULL));
    if (w != NULL) {
        for (int i = 0; i < MANY; i++)
            worker_event(w, &(hg_event){.kind = HG_EVENT_NOTE,
                                        .subject = "accounts",
                                        .message = "what happened meanwhile",
                                        .unit = "row"});
        worker_end(w, &(struct worker_outcome){7, "", "", document});
        _exit(0);
    }
    limit_files(RLIM_INFINITY);
    assert_int_equal(waitpid((pid_t)info.pid, NULL, 0), info.pid);
    assert_int_equal(worker_watch(dir, info.id,
                                  &(struct worker_watcher){on_event, write_down, NULL, NULL, &h},
                                  NULL),
                     WORKER_ENDED);
    temp_dir_remove(dir);
    free(document);
    return h;
}

static void there_is_room_for_how_it_ended_when_there_is_none_for_more(void **state)
{
    struct heard h = fill_up(1000);

    (void)state;
    assert_in_range(h.events, 1, MANY - 1);
    assert_int_equal(h.outcome.exit_status, 7);
    assert_string_equal(h.last, "");
}

static void what_it_found_may_be_too_much_but_how_it_ended_is_known(void **state)
{
    struct heard h = fill_up(ROOM);

    (void)state;
    assert_int_equal(h.outcome.exit_status, 7);
    assert_non_null(strstr(h.last, "the disk has no room"));
}

static void without_any_room_it_is_not_started(void **state)
{
    char *dir = temp_dir_make();
    struct worker *w = NULL;
    struct worker_info info;
    hg_error err = {0};

    (void)state;
    limit_files(10000);
    assert_false(worker_start(dir, "copy", subject, &w, &info, &err));
    limit_files(RLIM_INFINITY);
    assert_int_equal(err.code, HG_IO);
    assert_non_null(strstr(err.message, "could not write a journal"));
    assert_false(worker_find(dir, subject, false, &info));
    temp_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_left_alone_found_again_and_stopped),
        cmocka_unit_test(one_that_was_killed_does_not_work_any_more),
        cmocka_unit_test(nothing_is_found_for_another_database),
        cmocka_unit_test(how_it_ended_is_news_until_somebody_has_seen_it),
        cmocka_unit_test(after_a_week_all_that_belongs_to_it_goes),
        cmocka_unit_test(there_is_room_for_how_it_ended_when_there_is_none_for_more),
        cmocka_unit_test(what_it_found_may_be_too_much_but_how_it_ended_is_known),
        cmocka_unit_test(without_any_room_it_is_not_started),
    };

    signal(SIGXFSZ, SIG_IGN); /* as the command line does */

    return cmocka_run_group_tests(tests, NULL, NULL);
}
