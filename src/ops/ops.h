/*
 * ops.h - what every command and every job works with: the settings and the pool to the selected
 * database.
 */
#ifndef OPS_OPS_H
#define OPS_OPS_H

#include <headgate/headgate.h>

struct ops {
    hg_settings *settings;
    hg_pool *pool;
};

/*
 * Loads the settings and makes the pool; connects to nothing. role goes into application_name.
 * may_create: SQLite files are made. out_ops: on success the caller's until ops_close().
 */
bool ops_open(const hg_settings_options *options, const char *role, bool may_create,
              struct ops *out_ops, hg_error *err);
void ops_close(struct ops *ops);

#endif
