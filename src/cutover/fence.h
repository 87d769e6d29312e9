/*
 * fence.h - keeps the application's role from writing to the target until the cutover says so.
 *
 * The role's default in that database becomes read-only: its sessions can read and every write
 * fails with SQLSTATE 25006. A default, not a privilege: a session may set it back for itself, as
 * headgate's own do. A session takes the default over when it begins, so whoever is connected has
 * to be gone before the fence counts, and has to reconnect after it is lifted.
 *
 * The target's pool is opened with the role name "cutover": so it is told from the application's
 * sessions.
 */
#ifndef CUTOVER_FENCE_H
#define CUTOVER_FENCE_H

#include <headgate/pool.h>

struct fence_state {
    bool fenced;
    int sessions; /* of the role in this database, the cutover's own apart */
};

/* role: the application's. err: any of the engine's; HG_REFUSED when there is no such role. */
bool fence_read(hg_pool *target, const char *role, hg_deadline by, struct fence_state *out_state,
                hg_error *err);

/* Needs nobody's help when the role is the one that is connected; else CREATEROLE or more. err:
 * HG_PRIVILEGE with what to do. */
bool fence_set(hg_pool *target, const char *role, hg_deadline by, hg_error *err);
bool fence_lift(hg_pool *target, const char *role, hg_deadline by, hg_error *err);

/* Ends the role's sessions that this database has at the moment of the call, the cutover's own
 * apart, and waits until they are gone. err: HG_TIMEOUT, HG_PRIVILEGE. */
bool fence_end_sessions(hg_pool *target, const char *role, hg_deadline by, hg_error *err);

/* Takes a connection whose transactions may write whatever the fence says; goes back with
 * hg_pool_return(), and then crosses for whoever takes it next. */
bool fence_cross(hg_pool *target, hg_deadline by, hg_conn **out_conn, hg_error *err);

#endif
