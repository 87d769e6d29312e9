/*
 * bulk.h - what moving much data needs beside statements and rows: COPY from and to the client and
 * scripts in one round trip (PostgreSQL), rows as they are stored (SQLite).
 *
 * Everything here takes a connection of the engine that is named, keeps its deadline, hears cancel
 * and interrupt, and belongs to the connection's thread.
 */
#ifndef DRIVER_BULK_H
#define DRIVER_BULK_H

#include <headgate/connection.h>

/* --- PostgreSQL --- */

/*
 * Runs statements without parameters, separated by semicolons, in one round trip; outside a
 * transaction they are one of their own. Rows are dropped. The first that fails ends the script.
 * err: as hg_conn_query(), without a column.
 */
bool bulk_script(hg_conn *conn, const char *sql, hg_deadline by, hg_error *err);

/* The same; *out_done: how many statements ended well, and err's column counts from the beginning
 * of the script where the server says it. */
bool bulk_script_counted(hg_conn *conn, const char *sql, hg_deadline by, size_t *out_done,
                         hg_error *err);

/*
 * COPY ... FROM STDIN: begin, any number of sends, end. Between them the connection takes no other
 * statement. sql says the format. After a failed begin the connection is usable as before; after a
 * failed send the COPY still has to be ended.
 */
bool bulk_copy_in(hg_conn *conn, const char *sql, hg_deadline by, hg_error *err);

/* Hands bytes to the server; returns when all but the last few kilobytes are on their way, so that
 * nothing piles up here. What the server thinks of them is told at the end. */
bool bulk_send(hg_conn *conn, const void *bytes, size_t size, hg_deadline by, hg_error *err);

/*
 * Ends the COPY. giving_up: NULL, or why the server shall drop what came; then the result is true
 * when it did. out_rows (NULL is fine): how many rows the server took.
 */
bool bulk_copy_end(hg_conn *conn, const char *giving_up, hg_deadline by, int64_t *out_rows,
                   hg_error *err);

/* COPY ... TO STDOUT: begin, then receive until HG_END or HG_ERROR; nothing may be left unread. */
bool bulk_copy_out(hg_conn *conn, const char *sql, hg_deadline by, hg_error *err);

/* The next message: a row, in text and binary format alike; in binary the first one has the header
 * in front and the last is the trailer. Bytes are borrowed until the next call. */
hg_step bulk_receive(hg_conn *conn, const char **out_bytes, size_t *out_size, hg_deadline by,
                     hg_error *err);

/* Stops a COPY TO STDOUT that has not ended. */
void bulk_copy_out_stop(hg_conn *conn);

/* --- SQLite --- */

/* One value as SQLite stores it: its storage class, not what the column was declared as. */
enum cell_class {
    CELL_NULL,
    CELL_INTEGER,
    CELL_REAL,
    CELL_TEXT,
    CELL_BLOB,
    CELL_LARGE /* made by who reads: a text or BLOB that was left where it is */
};

struct bulk_value;

struct cell {
    enum cell_class class;
    uint32_t size; /* of bytes */
    union {
        int64_t integer;
        double real;
        const char *bytes; /* text in UTF-8, or what passes for it; not NUL-terminated for sure */
        struct bulk_value *far; /* of CELL_LARGE; NULL: too large for any use */
    } as;
};

/* hg_rows_next() and all values of the row at once: cells, one a column, are borrowed until the
 * next call. */
hg_step bulk_cells(hg_rows *rows, struct cell *cells, hg_deadline by, hg_error *err);

/* Values of more bytes are not read: the step that comes to one fails with SQLSTATE 54000, ends the
 * rows, and harms nothing else. bytes: 0: SQLite's own limit again. Returns what the limit was. */
int64_t bulk_limit_values(hg_conn *conn, int64_t bytes);

/*
 * One text or BLOB, read in pieces, whatever the limit: of a table that has rowids, of a column
 * that is stored; a text in the encoding of the database. It lives in the connection's transaction
 * and is closed before that ends. text: whether it is one, which the caller has to know.
 * err: HG_NOMEM, what SQLite says.
 */
bool bulk_value_open(hg_conn *conn, const char *table, const char *column, int64_t rowid, bool text,
                     struct bulk_value **out, hg_error *err);
void bulk_value_close(struct bulk_value *value); /* NULL is fine */

uint32_t bulk_value_size(const struct bulk_value *value); /* in bytes */
bool bulk_value_is_text(const struct bulk_value *value);

/* Reads `size` bytes from `at` on, all of which there are. */
bool bulk_value_read(struct bulk_value *value, uint32_t at, uint32_t size, void *out,
                     hg_error *err);

/*
 * The pages of the database as the connection's read transaction sees them, without SQLite's cache
 * in between: the file, and over it what stands in the write-ahead log. Nothing is locked beside
 * what the transaction holds. Opened right after the transaction began to read: somebody who
 * commits between the two makes the pages newer than the transaction, which PRAGMA data_version on
 * another connection tells. err: HG_UNSUPPORTED (a database in memory), HG_IO, HG_FAILED (it is no
 * database), HG_NOMEM.
 */
struct bulk_pages;

bool bulk_pages_open(hg_conn *conn, struct bulk_pages **out, hg_error *err);

/* The same pages through another connection, whose transaction sees the same: for another thread.
 */
bool bulk_pages_share(const struct bulk_pages *pages, hg_conn *conn, struct bulk_pages **out,
                      hg_error *err);
void bulk_pages_close(struct bulk_pages *pages); /* before its transaction ends; NULL is fine */

uint32_t bulk_page_size(const struct bulk_pages *pages);
uint32_t bulk_page_count(const struct bulk_pages *pages);

/* Reads `count` pages from number `first` on, which counts from 1. */
bool bulk_pages_read(struct bulk_pages *pages, uint32_t first, uint32_t count, void *out,
                     hg_error *err);

#endif
