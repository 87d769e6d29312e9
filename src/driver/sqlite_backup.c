/*
 * sqlite_backup.c - a whole database into another file, page by page, while others go on
 * (https://www.sqlite.org/backup.html).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lent.h"
#include "sqlite.h"
#include "sqlstate.h"

enum {
    PAGES_A_STEP = 256,
    BUSY_PAUSE_MS = 10,
    PATIENCE = 3 /* so often it may begin again before those who write have to wait for it */
};

/* said: what SQLite answered; the steps of a backup leave nothing in either handle. */
static bool fail_copy(int said, const char *path, hg_error *err)
{
    const char *sqlstate = sqlstate_of_sqlite(said, sqlite3_errstr(said));

    hg_fail(err, sqlstate_code(sqlstate), "could not write \"%s\": %s", path, sqlite3_errstr(said));
    hg_error_sqlstate(err, sqlstate);
    return false;
}

/* Whether who reads keeps nobody from writing. */
static bool has_log(sqlite3 *db)
{
    sqlite3_stmt *ask = NULL;
    const char *mode = "";
    bool log;

    if (sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &ask, NULL) == SQLITE_OK
        && sqlite3_step(ask) == SQLITE_ROW)
        mode = (const char *)sqlite3_column_text(ask, 0);
    log = mode != NULL && strcmp(mode, "wal") == 0;
    sqlite3_finalize(ask);
    return log;
}

/* Reads in one transaction from here on: what others write then begins the copy anew no more. */
static bool hold(struct sqlite_conn *conn)
{
    if (!sqlite_run(conn, "BEGIN"))
        return false;
    if (sqlite_run(conn, "SELECT 1 FROM sqlite_schema LIMIT 1"))
        return true;
    (void)sqlite_run(conn, "ROLLBACK"); /* busy: it is tried again */
    return false;
}

/* A step, and how often the copy had to begin again: there is more left than before then. */
static int step(sqlite3_backup *backup, int *restarts)
{
    int before = sqlite3_backup_remaining(backup);
    int said = sqlite3_backup_step(backup, PAGES_A_STEP);

    if (said == SQLITE_OK && before > 0)
        *restarts += sqlite3_backup_remaining(backup) > before - PAGES_A_STEP;
    if (said == SQLITE_BUSY || said == SQLITE_LOCKED)
        sqlite3_sleep(BUSY_PAUSE_MS);
    return said;
}

/* Until every page is there. A database that another process changes meanwhile is begun again by
 * SQLite, for ever if somebody writes all the time. A transaction of ours prevents that: with a
 * write-ahead log at no cost, else at that of their waiting, so it comes after a few attempts. */
static bool copy_pages(struct sqlite_conn *conn, sqlite3_backup *backup, const char *path,
                       hg_error *err)
{
    bool free_hand = sqlite3_get_autocommit(conn->db) != 0; /* no transaction of the caller's */
    bool held = free_hand && has_log(conn->db) && hold(conn);
    int said = SQLITE_OK, restarts = 0;
    enum stop stop = STOP_NOT;

    while (stop == STOP_NOT
           && (said == SQLITE_OK || said == SQLITE_BUSY || said == SQLITE_LOCKED)) {
        held = held || (free_hand && restarts >= PATIENCE && hold(conn));
        stop = watch_look(&conn->watch, &conn->base);
        if (stop == STOP_NOT)
            said = step(backup, &restarts);
    }
    if (held)
        (void)sqlite_run(conn, "ROLLBACK");
    if (stop != STOP_NOT)
        return stop_fail(stop, "copy the database", err);
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

/* A copy can be read by nobody who could not read the original, from its first byte on. */
static bool create(struct sqlite_conn *conn, const char *path, hg_error *err)
{
    const char *original = sqlite3_db_filename(conn->db, "main");
    struct stat found = {.st_mode = S_IRUSR | S_IWUSR};
    int fd;

    if (original != NULL && original[0] != '\0')
        (void)stat(original, &found);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, found.st_mode & 0666);
    if (fd >= 0) {
        close(fd);
        return true;
    }
    return hg_fail(err, errno == ENOSPC ? HG_DISK_FULL : HG_IO, "could not write \"%s\": %s", path,
                   errno == EEXIST ? "it exists" : strerror(errno));
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
    if (!create(conn, path, err))
        return false;
    watch_start(&conn->watch, by);
    if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        ok = to == NULL ? sqlstate_no_memory(err)
                        : fail_copy(sqlite3_extended_errcode(to), path, err);
    else
        ok = backup_to(conn, to, path, err);
    sqlite3_close(to);
    if (!ok)
        unlink(path);
    return ok;
}
