/*
 * sqlite_backup.c - a whole database into another file, page by page, while others go on
 * (https://www.sqlite.org/backup.html).
 */
#include <stdio.h>
#include <unistd.h>

#include "lent.h"
#include "sqlite.h"
#include "sqlstate.h"

enum { PAGES_A_STEP = 256, BUSY_PAUSE_MS = 10 };

/* said: what SQLite answered; the steps of a backup leave nothing in either handle. */
static bool fail_copy(int said, const char *path, hg_error *err)
{
    const char *sqlstate = sqlstate_of_sqlite(said, sqlite3_errstr(said));

    hg_fail(err, sqlstate_code(sqlstate), "could not write \"%s\": %s", path, sqlite3_errstr(said));
    hg_error_sqlstate(err, sqlstate);
    return false;
}

/* Until every page is there. A lock that another process holds is waited for, and a database that
 * it changes is begun again by SQLite: only the deadline ends that. */
static bool copy_pages(struct sqlite_conn *conn, sqlite3_backup *backup, const char *path,
                       hg_error *err)
{
    int said = SQLITE_OK;

    while (said == SQLITE_OK || said == SQLITE_BUSY || said == SQLITE_LOCKED) {
        enum stop stop = watch_look(&conn->watch, &conn->base);

        if (stop != STOP_NOT)
            return stop_fail(stop, "copy the database", err);
        said = sqlite3_backup_step(backup, PAGES_A_STEP);
        if (said == SQLITE_BUSY || said == SQLITE_LOCKED)
            sqlite3_sleep(BUSY_PAUSE_MS);
    }
    return said == SQLITE_DONE || fail_copy(said, path, err);
}

static bool backup_to(struct sqlite_conn *conn, sqlite3 *to, const char *path, hg_error *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", conn->db, "main");
    int said;
    bool ok;

    if (backup == NULL)
        return fail_copy(sqlite3_extended_errcode(to), path, err);
    ok = copy_pages(conn, backup, path, err);
    said = sqlite3_backup_finish(backup);
    return ok && (said == SQLITE_OK || fail_copy(said, path, err));
}

bool hg_conn_backup(hg_conn *handle, const char *path, hg_deadline by, hg_error *err)
{
    struct sqlite_conn *conn = (struct sqlite_conn *)conn_in_hand(handle, "copy the database", err);
    sqlite3 *to = NULL;
    bool ok;

    if (conn == NULL)
        return false;
    if (conn->base.driver->id != HG_SQLITE)
        return hg_fail(err, HG_UNSUPPORTED, "only a SQLite database is copied as a file");
    if (access(path, F_OK) == 0)
        return hg_fail(err, HG_IO, "could not write \"%s\": it exists", path);
    watch_start(&conn->watch, by);
    if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
        ok = to == NULL ? sqlstate_no_memory(err)
                        : fail_copy(sqlite3_extended_errcode(to), path, err);
    else
        ok = backup_to(conn, to, path, err);
    sqlite3_close(to);
    if (!ok)
        unlink(path);
    return ok;
}
