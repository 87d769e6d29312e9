/*
 * copy_order.h - a copy as the command line asks for it: from where to where, how, and whether
 * somebody agrees.
 */
#ifndef CLI_COPY_ORDER_H
#define CLI_COPY_ORDER_H

#include "base/vec.h"
#include "cli.h"
#include "ops/copy_pools.h"

struct copy_order {
    const struct cli *cli;
    hg_copy_options options;
    hg_url *source;
    struct ops ops;    /* settings that select the target; no pool */
    char *table_names; /* the options' tables point into it */
    VEC(const char *) tables;
};

/* Whether what is asked for goes together. err: HG_USAGE. */
bool copy_order_check(const struct cli *cli, hg_error *err);

/* Connects to nothing. out: the caller's until copy_order_release(), also on failure. */
bool copy_order_read(const struct cli *cli, struct copy_order *out, hg_error *err);
void copy_order_release(struct copy_order *order);

/* Makes the pools of both sides and asks whoever has to agree. out: the caller's, also on failure.
 */
bool copy_order_open(const struct copy_order *order, struct copy_pools *out, hg_error *err);

#endif
