/*
 * clock.h - what time it is; a test can own both clocks. Deadlines are in headgate/types.h.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_now_ns(void);    /* CLOCK_MONOTONIC */
int64_t clock_coarse_ns(void); /* CLOCK_MONOTONIC as of the last tick: a third of the price, up to
                                  ten milliseconds behind clock_now_ns(), never ahead of it */
int64_t clock_tick_ns(void);   /* how far clock_coarse_ns() goes at once */
bool clock_passed(int64_t at_ns); /* whether it is at_ns of clock_now_ns() yet: for the price of the
                                    coarse clock as long as that is far away */
int64_t clock_wall_ms(void);      /* CLOCK_REALTIME, Unix time in milliseconds */

/* RFC 3339 in UTC with seconds, "2026-11-23T05:58:00Z", into at least 24 bytes; "" for 0. Returns
 * out. */
char *clock_format_utc(int64_t wall_ms, char *out, size_t size);

/* Milliseconds since `then`, a value of clock_now_ns(). */
double clock_since_ms(int64_t then_ns);

/* Tests only: both clocks stand at these values until the next call; negative values give the real
 * ones back. */
void clock_set_fake(int64_t monotonic_ns, int64_t wall_ms);

#endif
