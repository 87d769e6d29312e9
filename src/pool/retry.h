/*
 * retry.h - what may be tried again, and after how long.
 * Pure. luck is a random number, 0 <= luck < 1: without it, all who failed together come back
 * together.
 */
#ifndef POOL_RETRY_H
#define POOL_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include <headgate/error.h>

/* Whether work that failed with this code deserves another attempt; attempt counts from 1. */
bool retry_work(hg_code code, int attempt, int attempts);

/* How long to pause after the attempt: 5 ms doubling to 500 ms, half of it by luck. */
int64_t retry_work_pause_ns(int attempt, double luck);

/*
 * How long to pause after so many failed connects in a row, give or take a fifth: 10 ms, doubling
 * up to five times what the last one took, at most 250 ms. What fails cheaply may be asked often,
 * so that its recovery is seen at once; what costs the server work may not.
 */
int64_t retry_connect_pause_ns(int failures, int64_t took_ns, double luck);

#endif
