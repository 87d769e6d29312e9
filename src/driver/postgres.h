/*
 * postgres.h - what the files of the PostgreSQL engine share: the connection, and the one place
 * where it waits.
 *
 *   postgres_open.c      hosts, addresses, login, the session's settings
 *   postgres_keywords.c  what libpq is told about a connection
 *   postgres_wire.c      sending and receiving without ever blocking, cancelling, errors
 *   postgres_prepared.c  statements with a name on the server
 *   postgres_bulk.c      COPY from and to the client, scripts
 *   postgres_rows.c      results, rows, values
 *   postgres.c           statements, the connection, the engine's table
 */
#ifndef DRIVER_POSTGRES_H
#define DRIVER_POSTGRES_H

#include "driver.h"

#include "base/vec.h"
#include "cache.h"
#include "errand.h"
#include "pq.h"
#include "wait.h"
#include "watch.h"

/* The URL's parameter "prepared", in the order of its values. */
enum prepared { PREPARED_NAMED, PREPARED_UNNAMED, PREPARED_OFF };

struct postgres_conn {
    hg_conn base;
    const struct pq *pq;
    PGconn *pg;
    struct wait wait; /* which a cancel from another thread ends */
    bool pooled;      /* a pooler in between gives each transaction to any server process */
    bool read_only;
    bool wants_writable; /* the URL asks for a server that takes writes */
    int64_t statement_timeout_ms, lock_timeout_ms;
    char version[32];

    struct watch watch;    /* of the call that runs */
    int64_t started_ns;    /* when the statement was sent */
    enum stop stopped;     /* why the statement is being ended; STOP_NOT: it is not */
    struct errand *cancel; /* the request to end it, while that is under way */
    int64_t cancel_sent_ns;
    bool was_in_transaction; /* before the statement that runs */

    enum prepared prepared;
    unsigned long statements;  /* prepared so far: the next one's name */
    unsigned long gone;        /* up to this one the server has forgotten them */
    VEC(unsigned long) closed; /* statements whose handles are gone, but not yet on the server */
    struct cache cache;        /* of numbers, as above */
    bool unsettled; /* the open transaction has changed what kept statements may depend on */
    bool by_name;   /* the statement that runs is a kept one, and has not answered yet */
    bool outdated;  /* it is of no use any more */
    char *message;  /* of COPY TO, libpq's; NULL: none */
};

/* The connection behind a handle of this engine's. */
static inline struct postgres_conn *postgres_of(const hg_conn *conn)
{
    return (struct postgres_conn *)conn;
}

/* --- postgres_open.c --- */

bool postgres_open(const hg_url *url, const struct driver_options *options, hg_deadline by,
                   hg_conn **out_conn, hg_error *err);

/* Makes the session what the options say, in one round trip; after DISCARD ALL too. */
bool postgres_set_up(struct postgres_conn *conn, hg_error *err);

/* --- postgres.c --- */

/* Notes the state before a statement and begins its time. */
void postgres_begin(struct postgres_conn *conn, hg_deadline by);

/* --- postgres_rows.c --- */

/* A statement has been sent: waits for its first result, so that what has no rows has run when this
 * returns. out_rows: the caller's until postgres_rows_close(). */
bool postgres_rows_begin(struct postgres_conn *conn, hg_rows **out_rows, hg_error *err);

/* Rows of the engine's table, see driver.h. */
hg_step postgres_next(hg_rows *base, hg_deadline by, hg_error *err);
const char *postgres_column_name(const hg_rows *base, size_t column);
hg_value postgres_value(hg_rows *base, size_t column);
void postgres_rows_close(hg_rows *base);

/* --- postgres_wire.c --- */

/* Begins a statement's time: from here on `by`, cancel and interrupt count. */
void wire_begin(struct postgres_conn *conn, hg_deadline by);

/* Waits until the socket has one of `events`; when the watch stops, asks the server to end the
 * statement and waits a little longer. false: the server said nothing in that time either. */
bool wire_wait(struct postgres_conn *conn, short events);

/* Sends what is still in libpq's buffer. false: the connection is lost. */
bool wire_flush(struct postgres_conn *conn, hg_error *err);

/* The next result; NULL when the server is ready for the next statement. false: the connection is
 * lost. */
bool wire_result(struct postgres_conn *conn, PGresult **out_result, hg_error *err);

/* Discards results until the server is ready for the next statement. */
bool wire_finish(struct postgres_conn *conn, hg_error *err);

/* The same behind a success: false when something failed after it. */
bool wire_settle(struct postgres_conn *conn, hg_error *err);

/* Asks the server, over a connection of its own and on a thread of its own, to end the statement.
 */
void wire_cancel(struct postgres_conn *conn);

/* Fails with what the server (or libpq) says in a result. */
bool wire_fail(struct postgres_conn *conn, const PGresult *result, hg_error *err);

/* Fails with what libpq says about sending, which it refused. */
bool wire_fail_to_send(struct postgres_conn *conn, hg_error *err);

/* Runs statements that have no parameters; out_rows (NULL is fine): how many rows came, unread. */
bool wire_run(struct postgres_conn *conn, const char *sql, int *out_rows, hg_error *err);

#endif
