/*
 * format.c - ages, durations, times and counts in few columns.
 */
#include "format.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static const int64_t second = 1000, minute = 60 * 1000, hour = 60 * 60 * 1000,
                     day = 24 * 60 * 60 * 1000;

__attribute__((format(printf, 2, 3))) static const char *print(char *out, const char *format, ...);

static const char *print(char *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(out, FORMAT_ROOM, format, args);
    va_end(args);
    return out;
}

const char *format_age(int64_t ms, char *out)
{
    if (ms < 0)
        return print(out, "-");
    if (ms < 10 * second)
        return print(out, "%d.%ds", (int)(ms / second), (int)(ms % second / 100));
    if (ms < minute)
        return print(out, "%ds", (int)(ms / second));
    if (ms < hour)
        return print(out, "%dm", (int)(ms / minute));
    if (ms < 2 * day)
        return print(out, "%dh", (int)(ms / hour));
    return print(out, "%dd", (int)(ms / day % 100000));
}

const char *format_ago(int64_t ms, char *out)
{
    return ms >= 0 && ms < minute ? print(out, "now") : format_age(ms, out);
}

const char *format_took(double ms, char *out)
{
    int64_t whole = ms < 0 || ms > 1e15 ? -1 : (int64_t)ms;

    if (whole < 0)
        return print(out, "-");
    if (ms < 0.001)
        return print(out, "0ms");
    if (ms < 0.095)
        return print(out, "%dus", (int)(ms * 1000));
    if (ms < 9.95)
        return print(out, "%.1fms", ms);
    if (whole < second)
        return print(out, "%dms", (int)whole);
    if (whole < 10 * second)
        return print(out, "%.1fs", ms / 1000);
    if (whole < minute)
        return print(out, "%ds", (int)(whole / second));
    if (whole < hour)
        return print(out, "%dm%02d", (int)(whole / minute), (int)(whole % minute / second));
    return print(out, "%dh%02d", (int)(whole / hour), (int)(whole % hour / minute));
}

/* Unix time in UTC; false: there is none. */
static bool split(int64_t wall_ms, struct tm *out)
{
    time_t seconds = (time_t)(wall_ms / 1000);

    return wall_ms > 0 && gmtime_r(&seconds, out) != NULL;
}

const char *format_clock(int64_t wall_ms, char *out)
{
    struct tm tm;

    return split(wall_ms, &tm) ? print(out, "%02d:%02d", tm.tm_hour, tm.tm_min) : print(out, "-");
}

const char *format_moment(int64_t wall_ms, char *out)
{
    struct tm tm;

    return split(wall_ms, &tm) ? print(out, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec)
                               : print(out, "-");
}

const char *format_date(int64_t wall_ms, char *out)
{
    struct tm tm;

    return split(wall_ms, &tm) ? print(out, "%04d-%02d-%02d %02d:%02d", 1900 + tm.tm_year,
                                       1 + tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min)
                               : print(out, "-");
}

const char *format_count(uint64_t n, char *out)
{
    static const char units[] = "kMGTPE";
    double shown = (double)n;
    int unit = -1;

    if (n < 10000)
        return print(out, "%d", (int)n);
    for (; shown >= 1000 && unit < 5; unit++)
        shown /= 1000;
    return print(out, "%.*f%c", shown < 99.95 ? 1 : 0, shown, units[unit]);
}

const char *format_bytes(int64_t bytes, char *out)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double n = (double)bytes;
    size_t unit = 0;

    while (n >= 1000 && unit < 4) {
        n /= 1000;
        unit++;
    }
    snprintf(out, FORMAT_ROOM, unit == 0 || n >= 100 ? "%.0f %s" : "%.1f %s", n, units[unit]);
    return out;
}
