/*
 * format.h - numbers as a column of the screen shows them: short, with a unit, and in steps coarse
 * enough that a quiet screen stays quiet. Pure.
 */
#ifndef CONSOLE_FORMAT_H
#define CONSOLE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum { FORMAT_ROOM = 24 };

/* How long something has lasted: "0.4s" below ten seconds, "42s", "12m", "7h", "12d"; "-" below 0.
 */
const char *format_age(int64_t ms, char *out);

/* How long ago something was: "now" below a minute, "12m", "7h", "12d"; "-" below 0. */
const char *format_ago(int64_t ms, char *out);

/* How long something took: "40us", "0.4ms", "12ms", "1.2s", "42s", "4m02", "1h05"; "-" below 0. */
const char *format_took(double ms, char *out);

/* A time of day in UTC, "14:02". */
const char *format_clock(int64_t wall_ms, char *out);

/* A time of day in UTC with seconds, "14:02:11": for what stands still once it is shown. */
const char *format_moment(int64_t wall_ms, char *out);

/* Date and time in UTC, "2026-08-20 22:30". */
const char *format_date(int64_t wall_ms, char *out);

/* A size: "412 MB", "4.1 GB". */
const char *format_bytes(int64_t bytes, char *out);

/* A count: "790", "31.2k", "4.1M". */
const char *format_count(uint64_t n, char *out);

#endif
