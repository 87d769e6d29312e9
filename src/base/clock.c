/*
 * clock.c - the two clocks and deadlines on the monotonic one.
 */
#include "clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include <headgate/types.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

static _Atomic int64_t fake_monotonic_ns = -1;
static _Atomic int64_t fake_wall_ms = -1;

static int64_t read_ns(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_now_ns(void)
{
    int64_t fake = atomic_load_explicit(&fake_monotonic_ns, memory_order_relaxed);

    return fake >= 0 ? fake : read_ns(CLOCK_MONOTONIC);
}

int64_t clock_coarse_ns(void)
{
    int64_t fake = atomic_load_explicit(&fake_monotonic_ns, memory_order_relaxed);

    return fake >= 0 ? fake : read_ns(CLOCK_MONOTONIC_COARSE);
}

int64_t clock_tick_ns(void)
{
    struct timespec tick = {0, 0};

    clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    return tick.tv_nsec;
}

bool clock_passed(int64_t at_ns)
{
    const int64_t near_ns = 20 * NS_PER_MS; /* twice as far as the coarse clock may be behind */

    return at_ns - clock_coarse_ns() <= near_ns && clock_now_ns() >= at_ns;
}

int64_t clock_wall_ms(void)
{
    int64_t fake = atomic_load_explicit(&fake_wall_ms, memory_order_relaxed);

    return fake >= 0 ? fake : read_ns(CLOCK_REALTIME) / NS_PER_MS;
}

void clock_set_fake(int64_t monotonic_ns, int64_t wall_ms)
{
    atomic_store(&fake_monotonic_ns, monotonic_ns);
    atomic_store(&fake_wall_ms, wall_ms);
}

double clock_since_ms(int64_t then_ns)
{
    return (double)(clock_now_ns() - then_ns) / (double)NS_PER_MS;
}

char *clock_format_utc(int64_t wall_ms, char *out, size_t size)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;

    out[0] = '\0';
    if (wall_ms != 0 && gmtime_r(&seconds, &tm) != NULL)
        strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return out;
}

hg_deadline hg_deadline_in_ms(int64_t ms)
{
    int64_t now = clock_now_ns();

    if (ms < 0)
        ms = 0;
    if (ms >= (INT64_MAX - now) / NS_PER_MS)
        return hg_deadline_never();
    return (hg_deadline){now + ms * NS_PER_MS};
}

hg_deadline hg_deadline_never(void)
{
    return (hg_deadline){INT64_MAX};
}

int64_t hg_deadline_left_ms(hg_deadline by)
{
    int64_t left;

    if (by.at_ns == INT64_MAX)
        return INT64_MAX;
    left = by.at_ns - clock_now_ns();
    return left <= 0 ? 0 : (left + NS_PER_MS - 1) / NS_PER_MS;
}

hg_deadline hg_deadline_first(hg_deadline a, hg_deadline b)
{
    return a.at_ns <= b.at_ns ? a : b;
}
