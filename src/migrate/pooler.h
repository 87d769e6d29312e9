/*
 * pooler.h - whether a session is one session when a pooler stands between us and the server.
 */
#ifndef MIGRATE_POOLER_H
#define MIGRATE_POOLER_H

#include <headgate/pool.h>

/*
 * Finds out whether the pooler leaves the server's process to this connection until it ends
 * (session mode), which is where a session's lock holds. Takes a second connection of the pool for
 * a moment, and nothing on the server. *out_pid: of that process. err: HG_UNSUPPORTED when the
 * pooler shares sessions, or when that could not be found out; what the connection says.
 */
bool pooler_check(hg_pool *pool, hg_conn *conn, int64_t *out_pid, hg_error *err);

#endif
