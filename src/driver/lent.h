/*
 * lent.h - the handle of a connection that is lent: what a pool hands out in place of the
 * connection itself. It ends with the loan, and knows then where that was. Whoever goes on using it
 * hears so, instead of meddling with a connection that has another user by now.
 *
 * To the public functions of a connection it is as good as the connection. Its memory is the
 * lender's, and is never given away: a handle that is too old is still a handle.
 */
#ifndef DRIVER_LENT_H
#define DRIVER_LENT_H

#include "driver.h"

struct lent {
    const struct driver *driver;    /* first, as in hg_conn: &driver_lent */
    _Atomic(hg_conn *) conn;        /* NULL: given back, or not lent yet */
    const struct driver *engine;    /* of the connection that it last stood for */
    _Atomic(const char *) tag;      /* who borrowed it last; NULL: nobody said */
    _Atomic(const void *) ended_at; /* the code that gave it back */
    _Atomic int ended_by;           /* and its thread */
};

/* Does nothing; tells a handle that is lent from a connection. */
extern const struct driver driver_lent;

/* Whether it is a handle, and not a connection itself. */
static inline bool conn_is_lent(const hg_conn *conn)
{
    return *(const struct driver *const *)conn == &driver_lent;
}

/* Ends the loan and says for later where that was. Any number of threads may try; one of them gets
 * the connection, the others NULL. Those who come too late may read the place while it is being
 * written: what they hear is a hint. */
static inline hg_conn *lent_end(struct lent *lent, const void *at, int tid)
{
    hg_conn *conn = atomic_exchange_explicit(&lent->conn, NULL, memory_order_acq_rel);

    if (conn != NULL) {
        atomic_store_explicit(&lent->ended_at, at, memory_order_relaxed);
        atomic_store_explicit(&lent->ended_by, tid, memory_order_relaxed);
    }
    return conn;
}

/* Says in err that the loan is over: "could not DO: ...". Returns false. */
bool lent_fail(const struct lent *lent, const char *doing, hg_error *err);

/* The connection behind what a caller has in hand; NULL: its loan is over. */
static inline hg_conn *conn_behind(const hg_conn *conn)
{
    return conn_is_lent(conn)
               ? atomic_load_explicit(&((const struct lent *)conn)->conn, memory_order_acquire)
               : (hg_conn *)conn;
}

/* The same for a call that can fail: err says that the loan is over. */
hg_conn *conn_in_hand(hg_conn *conn, const char *doing, hg_error *err);

#endif
