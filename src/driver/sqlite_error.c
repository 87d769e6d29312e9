/*
 * sqlite_error.c - what SQLite said last, as an error: code, SQLSTATE, hint and place.
 */
#include "sqlite.h"

#include "sqlstate.h"

struct hint_row {
    hg_code code;
    const char *hint;
};

static const struct hint_row hints[] = {
    {HG_LOCKED,
     "Another connection holds the write lock; wait for it to end, or look for the process "
     "that has the file open."},
    {HG_SERIALIZATION,
     "Another connection wrote meanwhile; roll back and run the transaction again."},
    {HG_READ_ONLY, "Check the owner and mode of the file and of its folder, and --read-only."},
    {HG_DISK_FULL, "Make room on the file system that holds the database."},
    {HG_NO_DATABASE, "Check the path in the URL: SQLite did not write this file."},
    {HG_IO, "Check the disk and the file; `PRAGMA integrity_check` tells what can still be read."},
};

void sqlite_place(const char *sql, int offset, hg_error *err)
{
    int column = 1;

    for (int i = 0; i < offset; i++)
        column += ((unsigned char)sql[i] & 0xC0) != 0x80;
    hg_error_place(err, NULL, 0, column);
}

/* Where the statement is wrong, when SQLite knows it. */
static void place(sqlite3 *db, const char *sql, hg_error *err)
{
#if SQLITE_VERSION_NUMBER >= 3038000
    int offset = sql == NULL ? -1 : sqlite3_error_offset(db);

    if (offset >= 0)
        sqlite_place(sql, offset, err);
#else
    (void)db;
    (void)sql;
    (void)err;
#endif
}

/* Whether we stopped it ourselves. A lock that was still held at the deadline stays a lock. */
static bool stopped_by_watch(const struct sqlite_conn *conn, hg_code code)
{
    if (code == HG_LOCKED)
        return conn->watch.stop == STOP_CANCELLED;
    return code == HG_CANCELLED && conn->watch.stop != STOP_NOT;
}

bool sqlite_fail(struct sqlite_conn *conn, const char *sql, hg_error *err)
{
    int extended = sqlite3_extended_errcode(conn->db);
    const char *sqlstate = sqlstate_of_sqlite(extended, sqlite3_errmsg(conn->db));
    hg_code code = sqlstate_code(sqlstate);

    if (stopped_by_watch(conn, code))
        return stop_fail(conn->watch.stop, "run the statement", err);
    if (extended == SQLITE_READONLY_DBMOVED)
        conn->base.lost = true;
    hg_fail(err, code, "%s", sqlite3_errmsg(conn->db));
    hg_error_sqlstate(err, sqlstate);
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (hints[i].code == code)
            hg_error_hint(err, "%s", hints[i].hint);
    place(conn->db, sql, err);
    return false;
}
