/*
 * wait.c - one epoll set, one eventfd, one timer.
 */
#include "wait.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"

enum { NS_PER_S = 1000000000 };

_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT, "events have one name for both calls");

static bool change(struct wait *wait, int how, int fd, short events)
{
    struct epoll_event event = {.events = (uint32_t)events, .data.fd = fd};

    return epoll_ctl(wait->set, how, fd, &event) == 0;
}

bool wait_init(struct wait *wait)
{
    bool ok;

    *wait = (struct wait){.rings_ns = INT64_MAX, .fd = -1};
    wait->set = epoll_create1(EPOLL_CLOEXEC);
    wait->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    wait->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    ok = wait->set >= 0 && wait->wake >= 0 && wait->timer >= 0
         && change(wait, EPOLL_CTL_ADD, wait->wake, POLLIN)
         && change(wait, EPOLL_CTL_ADD, wait->timer, POLLIN);
    if (!ok) {
        int cause = errno;

        wait_release(wait);
        errno = cause;
    }
    return ok;
}

static void close_if_open(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void wait_release(struct wait *wait)
{
    close_if_open(&wait->set);
    close_if_open(&wait->wake);
    close_if_open(&wait->timer);
}

/* The kernel takes a descriptor out by itself when it is closed. */
static bool enlist(struct wait *wait, int fd, short events)
{
    if (wait->fd == fd && wait->events == events)
        return true;
    if (!change(wait, wait->fd == fd ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, events))
        return false;
    wait->fd = fd;
    wait->events = events;
    return true;
}

/* By how long it is from now, because a test may own the clock. */
static void ring_by(struct wait *wait, int64_t until_ns)
{
    struct itimerspec when = {{0, 0}, {0, 1}};
    int64_t left_ns;

    if (until_ns >= wait->rings_ns)
        return;
    left_ns = until_ns - clock_now_ns();
    if (left_ns > 0)
        when.it_value = (struct timespec){left_ns / NS_PER_S, left_ns % NS_PER_S};
    (void)timerfd_settime(wait->timer, 0, &when, NULL);
    wait->rings_ns = until_ns;
}

bool wait_until(struct wait *wait, int fd, short events, int64_t until_ns)
{
    struct epoll_event happened[3];
    bool ready = false;
    uint64_t times;
    int count;

    if (fd < 0 || !enlist(wait, fd, events))
        return true;
    ring_by(wait, until_ns);
    count = epoll_wait(wait->set, happened, 3, -1);
    for (int i = 0; i < count; i++) {
        if (happened[i].data.fd == fd) {
            ready = true;
            continue;
        }
        if (happened[i].data.fd == wait->timer)
            wait->rings_ns = INT64_MAX;
        (void)!read(happened[i].data.fd, &times, sizeof times);
    }
    return ready;
}

void wait_wake(struct wait *wait)
{
    (void)eventfd_write(wait->wake, 1);
}
