/*
 * pool_order.h - what stands behind `headgate pools`: an order, and the pool that it is for. Pure.
 */
#ifndef CLI_POOL_ORDER_H
#define CLI_POOL_ORDER_H

#include <headgate/pool.h>

struct pool_target {
    int64_t pid;
    const char *name; /* borrowed; NULL: whichever there is */
};

/* Understands "pause PID[:NAME]", "resize N PID[:NAME]" and the like. err: HG_USAGE. */
bool pool_order_parse(const char *const *words, size_t count, hg_pool_order *out_order,
                      struct pool_target *out_target, hg_error *err);

/* The one pool that is meant. err: HG_USAGE when there is none, or more than one. */
bool pool_order_find(const hg_pool_list *list, const struct pool_target *target,
                     const hg_pool_snapshot **out_pool, hg_error *err);

#endif
