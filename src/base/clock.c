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

/* Days since 1970-01-01 as a date of the Gregorian calendar. A year begins with March here, so that
 * the leap day is its last (E. G. Richards, Mapping Time, chapter 25). */
static void date_of(int64_t days, int *year, int *month, int *day)
{
    enum { FROM_0000_03_01 = 719468, OF_400_YEARS = 146097 };
    int64_t from = days + FROM_0000_03_01;
    int64_t era = (from >= 0 ? from : from - OF_400_YEARS + 1) / OF_400_YEARS;
    int in_era = (int)(from - era * OF_400_YEARS);
    int years = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int in_year = in_era - (365 * years + years / 4 - years / 100);
    int months = (5 * in_year + 2) / 153;

    *day = in_year - (153 * months + 2) / 5 + 1;
    *month = months < 10 ? months + 3 : months - 9;
    *year = (int)(era * 400) + years + (*month <= 2);
}

/* Without gmtime_r(): it locks what a forked child may find locked for good. */
char *clock_format_utc(int64_t wall_ms, char *out, size_t size)
{
    enum { DAY_S = 24 * 60 * 60 };
    int64_t seconds = wall_ms / 1000 - (wall_ms % 1000 < 0);
    int64_t days = seconds / DAY_S - (seconds % DAY_S < 0);
    int in_day = (int)(seconds - days * DAY_S), year, month, day;

    out[0] = '\0';
    date_of(days, &year, &month, &day);
    if (wall_ms != 0)
        snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day, in_day / 3600,
                 in_day / 60 % 60, in_day % 60);
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
