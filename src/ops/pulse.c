/*
 * pulse.c - a loop that sleeps on an eventfd; a timer that it sets anew with every answer.
 */
#include "pulse.h"

#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "job.h"
#include "ops.h"

enum { OVERDUE_MS = 300 /* an answer that is later than that wakes whoever waits for news */ };

struct pulse {
    int stir;  /* an eventfd */
    int alarm; /* a timerfd */
    int set;   /* of the messages and the alarm, for epoll */
    _Atomic int64_t beat_ms;
    uint64_t mark, pools; /* when it told last; 0: it has not */
    uint64_t lively;      /* pools that were seen at work, ever */
};

static bool listen_to(int set, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};

    return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0;
}

struct pulse *pulse_new(int messages)
{
    struct pulse *pulse = alloc_zero(1, sizeof *pulse);

    if (pulse == NULL)
        return NULL;
    pulse->stir = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pulse->alarm = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    pulse->set = epoll_create1(EPOLL_CLOEXEC);
    if (pulse->stir < 0 || pulse->alarm < 0 || pulse->set < 0 || !listen_to(pulse->set, messages)
        || !listen_to(pulse->set, pulse->alarm)) {
        pulse_free(pulse);
        return NULL;
    }
    return pulse;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

void pulse_free(struct pulse *pulse)
{
    if (pulse == NULL)
        return;
    close_if_open(pulse->set);
    close_if_open(pulse->alarm);
    close_if_open(pulse->stir);
    alloc_free(pulse);
}

static int64_t now_ms(void)
{
    return clock_now_ns() / 1000000;
}

static void fold(uint64_t *sum, uint64_t value)
{
    *sum = (*sum ^ value) * UINT64_C(1099511628211); /* FNV-1a, by words */
}

/* --- the pools --- */

/* Whether it can change by the mere passing of time. */
static bool is_lively(const hg_pool_snapshot *pool)
{
    return pool->alive
           && (pool->in_use > 0 || pool->waiting > 0 || pool->opening > 0 || pool->silent_ms > 0
               || pool->down_since_ms > 0);
}

static void fold_pool(uint64_t *sum, const hg_pool_snapshot *pool)
{
    const uint64_t facts[] = {pool->mode,
                              (uint64_t)pool->size,
                              (uint64_t)pool->idle,
                              pool->checkouts,
                              pool->timeouts,
                              pool->connects,
                              pool->leaks,
                              pool->resets_open,
                              pool->connect_failures,
                              (uint64_t)pool->last_error_ms,
                              pool->event_count};

    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        fold(sum, facts[i]);
}

/* One number for all that there is to be seen of the pools; never the same twice while one of them
 * works. A console's own tells no more than that it is there: it works because we ask. */
static uint64_t digest(struct pulse *pulse, const hg_pool_list *list)
{
    uint64_t sum = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < list->count; i++) {
        const hg_pool_snapshot *pool = &list->pools[i];

        fold(&sum, (uint64_t)pool->pid);
        fold(&sum, (uint64_t)pool->number << 1 | pool->alive);
        if (strcmp(pool->role, "console") == 0)
            continue;
        fold_pool(&sum, pool);
        if (is_lively(pool))
            fold(&sum, ++pulse->lively);
    }
    return sum;
}

static uint64_t look_at_pools(struct pulse *pulse, const struct ops *ops)
{
    hg_pool_list list = {0};
    uint64_t sum = 0;

    if (hg_pool_list_read(hg_settings_runtime_dir(ops->settings), &list, NULL))
        sum = digest(pulse, &list);
    hg_pool_list_release(&list);
    return sum;
}

/* --- the question --- */

/* The mark tells of the migrations too: a file that came, went or took another's place. */
static bool ask(const struct ops *ops, const hg_observer *observer, struct job_result *result)
{
    struct stat folder;

    if (!hg_readiness_pulse(ops->pool, ops_inspection_deadline(ops), observer, &result->mark,
                            &result->error))
        return false;
    if (stat(hg_settings_migrations_dir(ops->settings), &folder) == 0) {
        fold(&result->mark, (uint64_t)folder.st_mtim.tv_sec);
        fold(&result->mark, (uint64_t)folder.st_mtim.tv_nsec);
    }
    result->mark |= result->mark == 0;
    return true;
}

/* 0: it is quiet. */
static void set_alarm(struct pulse *pulse, int64_t ms)
{
    const struct itimerspec when = {
        .it_value = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000 * 1000000)}};

    (void)timerfd_settime(pulse->alarm, 0, &when, NULL);
}

static bool is_cancelled(const hg_observer *observer)
{
    return observer->cancelled(observer->context);
}

/* false: it was cancelled. */
static bool rest_until(struct pulse *pulse, int64_t due_ms, const hg_observer *observer)
{
    struct pollfd stirred = {.fd = pulse->stir, .events = POLLIN};
    eventfd_t times;
    int64_t left;

    while (!is_cancelled(observer) && (left = due_ms - now_ms()) > 0)
        if (poll(&stirred, 1, (int)left) > 0)
            (void)eventfd_read(pulse->stir, &times);
    return !is_cancelled(observer);
}

static bool is_news(struct pulse *pulse, const struct ops *ops, uint64_t mark)
{
    uint64_t pools = look_at_pools(pulse, ops);
    bool same = mark == pulse->mark && pools == pulse->pools;

    pulse->mark = mark;
    pulse->pools = pools;
    return !same;
}

static bool follow(struct pulse *pulse, const struct ops *ops, const hg_observer *observer,
                   struct job_result *result)
{
    int64_t period = result->request.period_ms, due = now_ms() + result->request.rest_ms;

    set_alarm(pulse, result->request.rest_ms + OVERDUE_MS);
    for (;;) {
        if (!rest_until(pulse, due, observer))
            return hg_fail(&result->error, HG_CANCELLED, "the question was taken back");
        if (!ask(ops, observer, result))
            return false;
        if (is_news(pulse, ops, result->mark))
            return true;
        atomic_store(&pulse->beat_ms, now_ms());
        set_alarm(pulse, period + OVERDUE_MS);
        due = due + period > now_ms() ? due + period : now_ms() + period;
    }
}

bool pulse_run(struct pulse *pulse, const struct ops *ops, const hg_observer *observer,
               struct job_result *result)
{
    bool ok;

    if (result->request.period_ms <= 0)
        return ask(ops, observer, result);
    ok = follow(pulse, ops, observer, result);
    set_alarm(pulse, 0);
    return ok;
}

void pulse_stir(struct pulse *pulse)
{
    (void)eventfd_write(pulse->stir, 1);
}

int64_t pulse_beat_ms(const struct pulse *pulse)
{
    return atomic_load(&pulse->beat_ms);
}

int pulse_fd(const struct pulse *pulse)
{
    return pulse->set;
}

void pulse_silence(struct pulse *pulse)
{
    uint64_t times;

    (void)!read(pulse->alarm, &times, sizeof times);
}
