/*
 * session.h - the scope that programs use: begin, work, commit, or roll back on any error; nested
 * scopes are savepoints.
 *
 *     hg_session *s = NULL;
 *     bool ok = hg_session_open(pool, "orders", by, &s, err) && hg_session_begin(s, by, err)
 *               && work(hg_session_conn(s), err) && hg_session_commit(s, by, err);
 *     hg_session_close(s); // rolls back what is not committed; NULL is fine
 */
#ifndef HEADGATE_SESSION_H
#define HEADGATE_SESSION_H

#include <headgate/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Belongs to one thread. */
typedef struct hg_session hg_session;

/* Takes a connection from the pool. tag: as in hg_pool_checkout(). err: as there. */
HG_API bool hg_session_open(hg_pool *pool, const char *tag, hg_deadline by,
                            hg_session **out_session, hg_error *err);

/* Rolls back whatever is open and returns the connection. NULL is fine. */
HG_API void hg_session_close(hg_session *session);

/* The session's connection, borrowed until hg_session_close(). */
HG_API hg_conn *hg_session_conn(hg_session *session);

/* Opens a scope: the first is a transaction, one inside it a savepoint. err, also of the two that
 * end it: what the connection says; HG_SQL (25P01: the engine has rolled all of it back by itself),
 * HG_MISUSE (no scope is open). */
HG_API bool hg_session_begin(hg_session *session, hg_deadline by, hg_error *err);
/* Ends the innermost scope and keeps its work. When the commit fails the scope has been rolled
 * back. */
HG_API bool hg_session_commit(hg_session *session, hg_deadline by, hg_error *err);
/* Ends the innermost scope and drops its work. */
HG_API bool hg_session_rollback(hg_session *session, hg_deadline by, hg_error *err);
/* Scopes that are open. */
HG_API int hg_session_depth(const hg_session *session);

/*
 * Runs `work` in a transaction of its own and commits; repeats all of it after a serialization
 * failure or deadlock, at most `attempts` times in all and not past `by`. work returns false to
 * roll back, with err set.
 */
HG_API bool hg_session_run(hg_pool *pool, const char *tag, int attempts, hg_deadline by,
                           bool (*work)(hg_session *session, void *context, hg_error *err),
                           void *context, hg_error *err);

#ifdef __cplusplus
}
#endif
#endif
