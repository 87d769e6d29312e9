/*
 * condition.c - waiting with deadlines on the monotonic clock: a step of the wall clock neither
 * ends a wait nor prolongs it.
 */
#include "pool_state.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

void condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* clock_now_ns() may be a test's clock, which stands still; the system waits by its own. */
static struct timespec system_time_in(int64_t left_ns)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(left_ns / NS_PER_S);
    at.tv_nsec += (long)(left_ns % NS_PER_S);
    if (at.tv_nsec >= NS_PER_S) {
        at.tv_sec++;
        at.tv_nsec -= NS_PER_S;
    }
    return at;
}

bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t until_ns)
{
    struct timespec until;
    int64_t left_ns;

    if (until_ns == INT64_MAX)
        return pthread_cond_wait(condition, lock) == 0;
    left_ns = until_ns - clock_now_ns();
    if (left_ns <= 0)
        return false;
    until = system_time_in(left_ns);
    return pthread_cond_timedwait(condition, lock, &until) != ETIMEDOUT;
}

bool word_wait(_Atomic uint32_t *word, uint32_t asleep, int64_t until_ns)
{
    struct timespec until;
    int64_t left_ns;

    while (atomic_load(word) == asleep) {
        left_ns = until_ns == INT64_MAX ? INT64_MAX : until_ns - clock_now_ns();
        if (left_ns <= 0)
            return false;
        if (left_ns != INT64_MAX)
            until = system_time_in(left_ns);
        if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, asleep,
                    left_ns == INT64_MAX ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY)
                != 0
            && errno == ETIMEDOUT)
            return false;
    }
    return true;
}

void word_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
