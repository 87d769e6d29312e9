/*
 * driver.h - the contract of an engine: one table of functions, and what the pool may ask of a
 * connection.
 *
 * The pool alone opens and closes connections. An engine embeds `struct hg_conn` as the first
 * member of its own struct. No function here takes a lock of the pool or logs a parameter. Every
 * `by` is kept, also against a frozen server.
 */
#ifndef DRIVER_DRIVER_H
#define DRIVER_DRIVER_H

#include <stdatomic.h>

#include <headgate/connection.h>
#include <headgate/pool.h>
#include <headgate/settings.h>

#include "base/arena.h"

/* What opening a connection needs beside the URL. Texts are borrowed until open() returns. */
struct driver_options {
    const char *application_name;
    int64_t statement_timeout_ms; /* 0: the server's own */
    int64_t lock_timeout_ms; /* 0: the server's own; SQLite: busy timeout, never beyond a call's
                                deadline */
    bool read_only;
    bool
        may_create; /* SQLite: make the file, and its folder, when missing; and choose WAL for it */
    /* Hears what open() begins with; NULL: nobody does. */
    void (*on_phase)(void *context, hg_connect_phase phase);
    void *on_phase_context;
};

struct driver;

/* The part of a connection that every engine has. One thread at a time, except `cancelled`. */
struct hg_conn {
    const struct driver *driver;
    bool lost;          /* set by the engine when an error means that the connection is gone */
    bool misplaced;     /* set by the engine when the server is no longer what the URL asks for */
    hg_rows *open_rows; /* the result being read; NULL: none. Kept by connection.c */
    hg_statement *statements; /* those that are prepared. Kept by connection.c */
    atomic_bool
        cancelled; /* set from any thread, cleared when a statement starts. By connection.c */
    bool (*interrupted)(void *context); /* see hg_conn_set_interrupt() */
    void *interrupt_context;
};

/* The part of a result that every engine has. */
struct hg_rows {
    hg_conn *conn;
    size_t column_count;
    int64_t affected;   /* -1 until known */
    hg_step last;       /* what next() said last; HG_END before the first. Kept by connection.c */
    bool ended;         /* next() said HG_END or HG_ERROR. Kept by connection.c */
    struct arena texts; /* of this row's fields, for hg_rows_text(). Kept by connection.c */
};

/* The part of a prepared statement that every engine has. */
struct hg_statement {
    hg_conn *conn;
    hg_statement *next, **link; /* among the connection's. Kept by connection.c */
};

struct driver {
    hg_driver id;

    /* Opens and initialises a session. err: HG_UNAVAILABLE, HG_AUTH, HG_NO_DATABASE, HG_SATURATED,
     * HG_TIMEOUT, HG_IO, ... */
    bool (*open)(const hg_url *url, const struct driver_options *options, hg_deadline by,
                 hg_conn **out_conn, hg_error *err);
    /* Frees, with rows and statements that are still open, by conn_end(); at most a few
     * milliseconds, never waits for a server. */
    void (*close)(hg_conn *conn);
    /* In a forked child: frees without a byte to the server. */
    void (*abandon)(hg_conn *conn);

    /* Whether the connection still looks usable, without a round trip. Unread notices do not count
     * as dead. */
    bool (*alive)(hg_conn *conn);
    /* One cheapest round trip. */
    bool (*ping)(hg_conn *conn, hg_deadline by, hg_error *err);
    /* Back to a clean session: open rows and statements ended by conn_end(), transaction ended as
     * `how` says; *out_was_open: a transaction was. */
    bool (*reset)(hg_conn *conn, hg_reset how, hg_deadline by, bool *out_was_open, hg_error *err);
    /* The descriptor that becomes readable when the server speaks or hangs up; -1: there is none.
     */
    int (*descriptor)(const hg_conn *conn);

    bool (*query)(hg_conn *conn, const char *sql, const hg_value *params, size_t n, hg_deadline by,
                  hg_rows **out_rows, hg_error *err);
    hg_step (*next)(hg_rows *rows, hg_deadline by, hg_error *err);
    const char *(*column_name)(const hg_rows *rows, size_t column);
    hg_value (*value)(hg_rows *rows, size_t column); /* of the current row */
    void (*rows_close)(hg_rows *rows);

    bool (*prepare)(hg_conn *conn, const char *sql, hg_deadline by, hg_statement **out_statement,
                    hg_error *err);
    bool (*statement_query)(hg_statement *statement, const hg_value *params, size_t n,
                            hg_deadline by, hg_rows **out_rows, hg_error *err);
    void (*statement_close)(hg_statement *statement);

    /* Any thread: wakes the owner's call, which then looks at `cancelled`. Never blocks. */
    void (*cancel)(hg_conn *conn);

    /*
     * The calling thread, which nobody joins, is about to end: what libraries keep for it is freed
     * now, since the process may exit, and they be gone, before the thread's own destructors run.
     * NULL: they keep nothing.
     */
    void (*thread_ends)(void);

    int (*library_version)(void); /* 0: it is not there */
    bool (*in_transaction)(const hg_conn *conn);
    bool (*transaction_failed)(const hg_conn *conn); /* in one that can only be rolled back */
    int64_t (*backend_pid)(const hg_conn *conn);
    const char *(*server_version)(const hg_conn *conn);
    int (*server_version_number)(const hg_conn *conn);
};

/* Closes the result and the prepared statements that are still open on a connection. */
void conn_end(hg_conn *conn);

/* The engine that a URL asks for. Static. */
const struct driver *driver_for(const hg_url *url);

extern const struct driver driver_sqlite;
extern const struct driver driver_postgres;

#endif
