/*
 * copy_pools.h - the two pools of a copy: the source, for reading alone, and the target.
 */
#ifndef OPS_COPY_POOLS_H
#define OPS_COPY_POOLS_H

#include <headgate/headgate.h>

struct copy_pools {
    hg_pool *source, *target;
};

/*
 * Makes both; connects to nothing. What only looks cannot write: its sessions of the target are
 * read-only. source: SQLite, target: PostgreSQL, or NULL where none is needed. out: on success the caller's until
 * copy_pools_close(). err: HG_USAGE (another engine), HG_NOMEM.
 */
bool copy_pools_open(const hg_settings *settings, const hg_url *source, const hg_url *target,
                     const hg_copy_options *options, struct copy_pools *out, hg_error *err);
void copy_pools_close(struct copy_pools *pools);

#endif
