/*
 * sqlite.h - what the files of the SQLite engine share.
 *
 *   sqlite_open.c   files and modes, waiting for locks, stopping
 *   sqlite_bulk.c   rows as they are stored
 *   sqlite_pages.c  the file's pages, past the cache
 *   sqlite_backup.c a whole database into another file
 *   sqlite_error.c  what SQLite said last, as an error
 *   sqlite.c        statements, values, rows, the engine's table
 */
#ifndef DRIVER_SQLITE_H
#define DRIVER_SQLITE_H

#include <sys/types.h>

#include <sqlite3.h>

#include "cache.h"
#include "driver.h"
#include "watch.h"

struct sqlite_conn {
    hg_conn base;
    sqlite3 *db;
    char *path; /* as given to SQLite; ":memory:" for memory */
    int flags;
    dev_t device; /* of the file that was opened; 0 for memory */
    ino_t inode;
    int64_t lock_timeout_ms;
    int64_t busy_since_ns; /* when the wait for a lock began */
    struct watch watch;
    struct cache cache; /* of sqlite3_stmt, reset and without values */
};

struct sqlite_rows {
    hg_rows base;
    sqlite3_stmt *stmt;
    bool owned;       /* finalized with the rows; else it is prepared or kept, and reset */
    bool counts;      /* its changes are worth telling */
    bool no_memory;   /* a value could not be handed out */
    bool has_pending; /* the first step has been made by query() */
    int pending;      /* what it said */
    bool boolean[];   /* a column a flag: declared as BOOLEAN */
};

/* --- sqlite_open.c --- */

bool sqlite_open(const hg_url *url, const struct driver_options *options, hg_deadline by,
                 hg_conn **out_conn, hg_error *err);

/* Closes the handle and opens it anew: a session without a past. A database in memory stays as it
 * is. */
bool sqlite_renew(struct sqlite_conn *conn, hg_deadline by, hg_error *err);

/* --- sqlite_error.c --- */

/* Fails with what SQLite said last. sql: the text that it refused, for the place of the fault, or
 * NULL. */
bool sqlite_fail(struct sqlite_conn *conn, const char *sql, hg_error *err);

/* Says where in a statement the error is: `offset` is a byte. */
void sqlite_place(const char *sql, int offset, hg_error *err);

/* --- sqlite.c --- */

/* Runs a statement of ours that has no parameters; false: SQLite's error stands in the handle. */
bool sqlite_run(struct sqlite_conn *conn, const char *sql);

#endif
