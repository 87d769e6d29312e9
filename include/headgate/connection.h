/*
 * connection.h - one connection of either engine: statements, rows, cancel.
 *
 * A connection belongs to one thread from checkout to return; hg_conn_cancel() is the only call
 * from outside. Who uses one after its return gets HG_MISUSE with the place where it was returned,
 * whoever has the connection by then. Placeholders are $1...$n on both engines. Every call that
 * talks to the database takes a deadline and ends by it, also when the server is frozen; HG_TIMEOUT
 * after a deadline may leave the connection lost (see hg_conn_lost()).
 */
#ifndef HEADGATE_CONNECTION_H
#define HEADGATE_CONNECTION_H

#include <headgate/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hg_conn hg_conn;
typedef struct hg_rows hg_rows;           /* a result that is being read */
typedef struct hg_statement hg_statement; /* a prepared statement of one connection */

typedef enum hg_type { HG_NULL, HG_INTEGER, HG_REAL, HG_TEXT, HG_BLOB, HG_BOOLEAN } hg_type;

/* A parameter or a field. Bytes are borrowed: of a parameter until the call returns, of a field
 * until the next hg_rows_next(). */
typedef struct hg_value {
    hg_type type;
    union {
        int64_t integer;
        double real;
        bool boolean;
        struct {
            const void *data; /* a text of a result is NUL-terminated behind its size */
            size_t size;
        } bytes;
    } as;
} hg_value;

HG_API hg_value hg_null(void);
HG_API hg_value hg_integer(int64_t value);
HG_API hg_value hg_real(double value);
HG_API hg_value hg_boolean(bool value);
HG_API hg_value hg_text(const char *text); /* NULL becomes a null */
HG_API hg_value hg_text_n(const char *bytes, size_t size);
HG_API hg_value hg_blob(const void *bytes, size_t size);

/* Reads a field whatever its type, for display and simple use: text form in UTF-8, "" for null.
 * Valid until the next hg_rows_next(). Here and below columns count from 0. */
HG_API const char *hg_rows_text(hg_rows *rows, size_t column);
/* A field as an integer: of a boolean 0 or 1, of a text its leading number, of null 0. */
HG_API int64_t hg_rows_integer(hg_rows *rows, size_t column);
HG_API hg_value hg_rows_value(hg_rows *rows, size_t column);
HG_API size_t hg_rows_column_count(const hg_rows *rows);
HG_API const char *hg_rows_column_name(const hg_rows *rows, size_t column); /* valid as a field */
/* Rows changed by the statement, known once hg_rows_next() said HG_END; -1 where it does not apply.
 */
HG_API int64_t hg_rows_affected(const hg_rows *rows);

/* What there was to read: a row, nothing any more, or an error. */
typedef enum hg_step { HG_ROW, HG_END, HG_ERROR } hg_step;

/*
 * Sends one statement and hands out its rows as they arrive; one result at a time may be open on a
 * connection. sql: one statement in the engine's dialect. params: n of them, may be NULL when n is
 * 0. out_rows: on success the caller's until hg_rows_close(), which discards what was not read. On
 * PostgreSQL that is cancelled after a moment; inside a transaction, which a cancel would cost, it
 * is read on until the last call's deadline: ask for no more rows than are wanted there.
 * err: HG_SQL, HG_CONSTRAINT, HG_SERIALIZATION, HG_LOCKED, HG_PRIVILEGE, HG_READ_ONLY,
 * HG_DISK_FULL, HG_LOST, HG_TIMEOUT, HG_CANCELLED, HG_MISUSE; with SQLSTATE, and column (in
 * characters of sql, from 1, or 0) where the engine says it.
 */
HG_API bool hg_conn_query(hg_conn *conn, const char *sql, const hg_value *params, size_t n,
                          hg_deadline by, hg_rows **out_rows, hg_error *err);

/* Reads the next row, whose fields live until the next call. HG_END is said again and
 * again. err, with HG_ERROR: as hg_conn_query(). */
HG_API hg_step hg_rows_next(hg_rows *rows, hg_deadline by, hg_error *err);
HG_API void hg_rows_close(hg_rows *rows); /* NULL is fine */

/* The same for a statement whose rows nobody wants. out_affected: NULL is fine. */
HG_API bool hg_conn_execute(hg_conn *conn, const char *sql, const hg_value *params, size_t n,
                            hg_deadline by, int64_t *out_affected, hg_error *err);

/* Prepares a statement; the connection owns what the server keeps, the caller the handle, until
 * hg_statement_close() or the connection's end, or its return to the pool. The server infers the
 * types of the placeholders. err: as hg_conn_query(). */
HG_API bool hg_conn_prepare(hg_conn *conn, const char *sql, hg_deadline by,
                            hg_statement **out_statement, hg_error *err);
/* Runs it: as hg_conn_query(). */
HG_API bool hg_statement_query(hg_statement *statement, const hg_value *params, size_t n,
                               hg_deadline by, hg_rows **out_rows, hg_error *err);
HG_API void hg_statement_close(hg_statement *statement); /* NULL is fine */

/* Transactions as the engine knows them; scopes that clean up after themselves are in session.h.
 * err: as hg_conn_query(). */
HG_API bool hg_conn_begin(hg_conn *conn, hg_deadline by, hg_error *err);
HG_API bool hg_conn_commit(hg_conn *conn, hg_deadline by, hg_error *err);
HG_API bool hg_conn_rollback(hg_conn *conn, hg_deadline by, hg_error *err);

/* Closes a connection that is the caller's own, see hg_pool_detach(); one of a pool is left alone.
 * NULL is fine. */
HG_API void hg_conn_close(hg_conn *conn);

/*
 * Asks the engine to give up the statement that runs. Any thread, while the owner is inside a call;
 * the owner's call then fails with HG_CANCELLED, or succeeds if it was about to. Never blocks
 * longer than a second.
 */
HG_API void hg_conn_cancel(hg_conn *conn);

/*
 * Asked about twenty times a second while a call of this connection waits, from the thread that
 * waits (SQLite: also while it computes); true cancels the statement with HG_CANCELLED. NULL ends
 * it. For signal handlers' flags and jobs.
 */
HG_API void hg_conn_set_interrupt(hg_conn *conn, bool (*interrupted)(void *context), void *context);

/*
 * SQLite: copies the whole database into a new file, page by page, while others read and write; the
 * copy is the database at one moment. Without a write-ahead log, where somebody writes all the
 * time, writers wait in the end until it is made. Inside a transaction that has read, it is that
 * transaction's moment. On failure there is no file. err: HG_IO (the file exists), HG_UNSUPPORTED
 * (PostgreSQL), HG_TIMEOUT, HG_CANCELLED, HG_DISK_FULL, HG_LOST.
 */
HG_API bool hg_conn_backup(hg_conn *conn, const char *path, hg_deadline by, hg_error *err);

HG_API hg_driver hg_conn_driver(const hg_conn *conn);
HG_API const char *hg_conn_server_version(const hg_conn *conn); /* "15.4", "3.40.1" */
HG_API int hg_conn_server_version_number(const hg_conn *conn);  /* 150004, 3040001 */
HG_API int64_t
hg_conn_backend_pid(const hg_conn *conn); /* of the server's process; SQLite: our own */
HG_API bool hg_conn_in_transaction(const hg_conn *conn); /* also when the transaction has failed */
HG_API bool
hg_conn_lost(const hg_conn *conn); /* the last error means that the connection is gone */

/* The version of the engine's client library that is installed, as hg_conn_server_version_number()
 * counts; 0 when there is none. Loads libpq when it was not. */
HG_API int hg_driver_library_version(hg_driver driver);

/* Quotes an identifier for this engine (both: "name" with doubled quotes). Returns needed bytes as
 * snprintf does. */
HG_API size_t hg_quote_identifier(const char *name, char *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
