/*
 * hold.h - the target's own lock, which keeps two runs on two instances from filling one target.
 *
 * It is a session's: a server that was restarted or failed over has forgotten it, and who was
 * stopped for a while may find that another has taken it. So it is looked at before every step.
 */
#ifndef CUTOVER_HOLD_H
#define CUTOVER_HOLD_H

#include <headgate/pool.h>

/* Takes the lock. out_conn: the caller's until hg_conn_close(). err: HG_LOCKED (another cutover has
 * it), what connecting says. */
bool hold_take(hg_pool *target, hg_conn **out_conn, hg_error *err);

/* Sees that the lock is held still, and takes it again when its session is gone. *conn is NULL when
 * it could not be had. Same errors. */
bool hold_keep(hg_pool *target, hg_conn **conn, hg_error *err);

/* Whether the lock's session lives. */
bool hold_lives(hg_conn *conn);

/* Ends what processes before this one have left in the target: a statement of a process that was
 * killed goes on until it ends by itself. Only for who holds the lock. err: HG_TIMEOUT. */
bool hold_clear(hg_pool *target, hg_deadline by, hg_error *err);

#endif
