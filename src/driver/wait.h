/*
 * wait.h - waits for a descriptor, for another thread's call and for a point in time, by one call
 * to the kernel.
 *
 * poll() does the same, but sets up a timer and takes it down each time, for a time that hardly
 * ever comes; of a small query through a socket that is a twentieth. Here the timer stays: it is
 * set again only when it has rung, or would ring too late. A timer left from an earlier wait may
 * end a later one early, so whoever waits looks at the clock and waits again.
 */
#ifndef DRIVER_WAIT_H
#define DRIVER_WAIT_H

#include <stdbool.h>
#include <stdint.h>

/* Belongs to one thread at a time, but for wait_wake(). */
struct wait {
    int set;          /* of the descriptors below, for epoll */
    int wake;         /* an eventfd */
    int timer;        /* a timerfd */
    int64_t rings_ns; /* when the timer rings; INT64_MAX: it is not set */
    int fd;           /* in the set beside wake and timer; -1: none yet */
    short events;     /* what it is in there for */
};

/* false: errno says why, and there is nothing to release. */
bool wait_init(struct wait *wait);

/* Does not touch the descriptor that was waited for. */
void wait_release(struct wait *wait);

/* Until `fd` has one of `events` (as poll() names them): true. Somebody called wait_wake(), or it
 * may be until_ns (of clock_now_ns()): false. A descriptor that is no more is ready. One
 * descriptor in the life of the struct: another file under the same number is not noticed. */
bool wait_until(struct wait *wait, int fd, short events, int64_t until_ns);

/* Any thread: ends the wait that is under way, or the next one. Never blocks. */
void wait_wake(struct wait *wait);

#endif
