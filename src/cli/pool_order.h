/*
 * pool_order.h - what stands behind `headgate pools`: a pool, or an order and whom it is for. Pure.
 */
#ifndef CLI_POOL_ORDER_H
#define CLI_POOL_ORDER_H

#include <headgate/pool.h>

struct pool_target {
    int64_t pid;
    const char *name; /* borrowed; NULL: whichever there is */
};

/* Understands "PID[:NAME]"; false: it is something else. */
bool pool_target_parse(const char *word, struct pool_target *out);

bool pool_target_matches(const struct pool_target *target, const hg_pool_snapshot *pool);

/* Fails because there is no such pool, or more than one. */
bool pool_target_fail(const struct pool_target *target, bool several, hg_error *err);

/* Understands "pause PID[:NAME]", "resize N PID[:NAME]" and the like. err: HG_USAGE. */
bool pool_order_parse(const char *const *words, size_t count, hg_pool_order *out_order,
                      struct pool_target *out_target, hg_error *err);

/* The one pool that is meant. err: HG_USAGE when there is none, or more than one. */
bool pool_order_find(const hg_pool_list *list, const struct pool_target *target,
                     const hg_pool_snapshot **out_pool, hg_error *err);

#endif
