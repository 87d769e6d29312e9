/*
 * pool_summary.h - many pools for people: one row each. Pure.
 */
#ifndef CLI_POOL_SUMMARY_H
#define CLI_POOL_SUMMARY_H

#include <headgate/pool.h>

struct buf;

/* In a word, the worst first: "DEAD", "SILENT", "DOWN", "paused", "draining", "waiting", "ok". */
const char *pool_state_word(const hg_pool_snapshot *pool);

/* Whether somebody should look at it: all but "ok". */
bool pool_wants_attention(const hg_pool_snapshot *pool);

/* Appends one row a pool, and what they come to together. */
void pool_summary(struct buf *out, const hg_pool_list *list);

#endif
