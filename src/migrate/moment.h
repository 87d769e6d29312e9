/*
 * moment.h - points in time as the ledger keeps them: RFC 3339 in UTC with milliseconds,
 * "2026-11-23T05:58:00.123Z". Both engines sort and compare it as text, and a person can read it.
 * Pure.
 */
#ifndef MIGRATE_MOMENT_H
#define MIGRATE_MOMENT_H

#include <stdint.h>

enum { MOMENT_SIZE = 28 };

/* Unix time in milliseconds as text; returns out. */
char *moment_text(int64_t wall_ms, char out[MOMENT_SIZE]);

/* Text as Unix time in milliseconds; 0 when it is something else. */
int64_t moment_parse(const char *text);

#endif
