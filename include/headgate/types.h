/*
 * types.h - small values that every other header of libheadgate uses.
 */
#ifndef HEADGATE_TYPES_H
#define HEADGATE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HG_VERSION "0.1.0"

/* Marks what the shared library exports; everything else is hidden. */
#define HG_API __attribute__((visibility("default")))

/* Lets the compiler check a printf-like call. */
#define HG_PRINTF(text, first) __attribute__((format(printf, text, first)))

/*
 * A point in time on CLOCK_MONOTONIC, in nanoseconds. Deadlines, not timeouts, are handed down:
 * what one phase of an operation uses up is gone for the next. A struct, so that a duration cannot
 * pass for one.
 */
typedef struct hg_deadline {
    int64_t at_ns;
} hg_deadline;

/* The deadline `ms` milliseconds from now; negative counts as 0, INT64_MAX as never. */
HG_API hg_deadline hg_deadline_in_ms(int64_t ms);

/* A deadline that never passes. */
HG_API hg_deadline hg_deadline_never(void);

/* Milliseconds left until `by`, rounded up, 0 when it has passed, INT64_MAX when it never does. */
HG_API int64_t hg_deadline_left_ms(hg_deadline by);

/* The earlier of two deadlines. */
HG_API hg_deadline hg_deadline_first(hg_deadline a, hg_deadline b);

/* The engines. The order is that of the names below and does not change. */
typedef enum hg_driver { HG_SQLITE, HG_POSTGRESQL } hg_driver;

/* "sqlite" or "postgresql": what `db_driver` shows. */
HG_API const char *hg_driver_name(hg_driver driver);

/* The version of the library that runs, as "0.1.0" (headers may be of another one: HG_VERSION). */
HG_API const char *hg_version(void);

#ifdef __cplusplus
}
#endif
#endif
