/*
 * pool_text.h - a pool's snapshot for people. Pure.
 */
#ifndef CLI_POOL_TEXT_H
#define CLI_POOL_TEXT_H

#include <headgate/pool.h>

struct buf;

/* Appends what is known of a pool; `events` of its last ones at most. now_ms: Unix time. */
void pool_text(struct buf *out, const hg_pool_snapshot *pool, size_t events, int64_t now_ms);

#endif
