/*
 * sqlite_open.c - opens a SQLite database: which file, whether it may be made, in which mode; how
 * to wait for its locks and when to stop.
 *
 * The library is used without its mutexes: a connection belongs to one thread at a time, and a
 * cancel from outside only sets a flag that the progress handler and the busy handler look at, as
 * they look at the deadline.
 */
#include "sqlite.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "sqlstate.h"

enum {
    LOOK_EVERY = 1000, /* steps of the virtual machine between two looks: 20 to 100 us */
    BUSY_SLEEP_MAX_MS = 25,
    WAL_WAIT_MS = 200
};

/* --- stopping and waiting --- */

static int on_progress(void *context)
{
    struct sqlite_conn *conn = context;

    return watch_look(&conn->watch, &conn->base) != STOP_NOT;
}

/* How long to sleep before the lock is tried again: short at first, never beyond what is left. */
static int64_t busy_sleep_ms(const struct sqlite_conn *conn, int tries)
{
    int64_t ms = tries < BUSY_SLEEP_MAX_MS ? tries + 1 : BUSY_SLEEP_MAX_MS;
    int64_t left = hg_deadline_left_ms(conn->watch.by);

    if (conn->lock_timeout_ms > 0) {
        int64_t waited = (clock_now_ns() - conn->busy_since_ns) / 1000000;

        if (conn->lock_timeout_ms - waited < left)
            left = conn->lock_timeout_ms - waited;
    }
    return ms < left ? ms : left;
}

static int on_busy(void *context, int tries)
{
    struct sqlite_conn *conn = context;
    struct timespec pause = {0};
    int64_t ms;

    if (tries == 0)
        conn->busy_since_ns = clock_now_ns();
    ms = busy_sleep_ms(conn, tries);
    if (ms <= 0 || watch_look(&conn->watch, &conn->base) != STOP_NOT)
        return 0;
    pause.tv_nsec = (long)ms * 1000000;
    nanosleep(&pause, NULL);
    return 1;
}

/* --- opening --- */

/* A name that SQLite takes as a file's and nothing else: not a URI, not one of its ':' names. */
static char *plain_path(const char *path)
{
    size_t room = strlen(path) + 3;
    char *plain;

    if (path[0] == '/' || strncmp(path, "./", 2) == 0 || strcmp(path, ":memory:") == 0)
        return alloc_text(path);
    plain = alloc_zero(room, 1);
    if (plain != NULL)
        snprintf(plain, room, "./%s", path);
    return plain;
}

static bool in_memory(const struct sqlite_conn *conn)
{
    return strcmp(conn->path, ":memory:") == 0;
}

static bool make_folder(const char *path, hg_error *err)
{
    char *copy = alloc_text(path);
    bool ok = copy == NULL ? sqlstate_no_memory(err) : file_make_dir(dirname(copy), 0755, err);

    if (!ok)
        hg_error_hint(err, "Check the path in the URL.");
    alloc_free(copy);
    return ok;
}

struct open_row {
    int cause; /* errno */
    const char *sqlstate;
    const char *hint;
};

/* clang-format off */
static const struct open_row open_failures[] = {
    {ENOENT,  "3D000", "Check the path in the URL, or run `headgate init` to create the database."},
    {ENOTDIR, "3D000", "Check the path in the URL: a part of it is not a folder."},
    {EISDIR,  "3D000", "Check the path in the URL: it is a folder, not a file."},
    {EACCES,  "42501", "Check the owner and mode of the file and of the folders above it."},
    {EPERM,   "42501", "Check the owner and mode of the file and of the folders above it."},
    {EROFS,   "25006", "The file system is mounted read-only."},
    {ENOSPC,  "53100", "Make room on the file system that holds the database."},
    {ENOMEM,  "53200", "Close other programs, or give the machine more memory."},
    {0,       "58030", "Check the path in the URL, and the disk."}, /* any other */
};
/* clang-format on */

/* The cause as the system gives it: SQLite says "unable to open database file" to all of them. */
static bool fail_to_open(struct sqlite_conn *conn, hg_error *err)
{
    const struct open_row *row = open_failures;
    struct stat st;
    int cause = conn->db == NULL ? ENOMEM : sqlite3_system_errno(conn->db);

    if (stat(conn->path, &st) == 0 && S_ISDIR(st.st_mode))
        cause = EISDIR;
    while (row->cause != 0 && row->cause != cause)
        row++;
    sqlstate_fail(err, row->sqlstate, "could not open \"%s\": %s", conn->path,
                  cause != 0 ? strerror(cause) : sqlite3_errmsg(conn->db));
    hg_error_hint(err, "%s", row->hint);
    return false;
}

static int primary_code(const struct sqlite_conn *conn)
{
    return sqlite3_errcode(conn->db) & 0xFF;
}

/*
 * Reads the file's header, so that what is not a database is told now. Does not wait for a lock:
 * what is locked is a database.
 */
static bool look_inside(struct sqlite_conn *conn, hg_error *err)
{
    watch_start(&conn->watch, (hg_deadline){0});
    if (sqlite_run(conn, "PRAGMA schema_version") || primary_code(conn) == SQLITE_BUSY)
        return true;
    if (primary_code(conn) == SQLITE_CANTOPEN) {
        sqlstate_fail(err, "58030", "could not open \"%s\": its -wal and -shm files cannot be used",
                      conn->path);
        hg_error_hint(err, "The database is in WAL mode: whoever reads it must be able to write to "
                           "its folder and to the files beside it.");
        return false;
    }
    sqlite_fail(conn, NULL, err);
    hg_error_context(err, "could not open \"%s\"", conn->path);
    return false;
}

/*
 * WAL stays in the file and makes two files beside it, so only who may make the file decides for
 * it. Not being able to (network file system, somebody is reading) is no failure, and not worth a
 * wait: the file works on as it was.
 */
static void prefer_wal(struct sqlite_conn *conn, hg_deadline by)
{
    watch_start(&conn->watch, hg_deadline_first(by, hg_deadline_in_ms(WAL_WAIT_MS)));
    if (conn->flags & SQLITE_OPEN_CREATE)
        (void)sqlite_run(conn, "PRAGMA journal_mode = WAL");
}

/*
 * The schema is read with the first statement that names a table, whoever asks it. Read now, it is
 * read in the thread that connects, beside what its caller does meanwhile. What is wrong with it,
 * that statement says.
 */
static void read_schema(struct sqlite_conn *conn)
{
    (void)sqlite_run(conn, "SELECT 1 FROM sqlite_master LIMIT 0");
}

static bool configure(struct sqlite_conn *conn, hg_error *err)
{
    struct stat st;

    sqlite3_extended_result_codes(conn->db, 1);
    sqlite3_busy_handler(conn->db, on_busy, conn);
    sqlite3_progress_handler(conn->db, LOOK_EVERY, on_progress, conn);
    if (sqlite3_db_config(conn->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL) != SQLITE_OK)
        return sqlite_fail(conn, NULL, err);
    if (!look_inside(conn, err))
        return false;
    if (!in_memory(conn) && stat(conn->path, &st) == 0) {
        conn->device = st.st_dev;
        conn->inode = st.st_ino;
    }
    return true;
}

static bool open_handle(struct sqlite_conn *conn, hg_deadline by, hg_error *err)
{
    if (sqlite3_threadsafe() == 0)
        return sqlstate_fail(
            err, "0A000",
            "could not open a database: this SQLite library was built without threads");
    if ((conn->flags & SQLITE_OPEN_CREATE) && !in_memory(conn) && !make_folder(conn->path, err))
        return false;
    if (sqlite3_open_v2(conn->path, &conn->db, conn->flags, NULL) != SQLITE_OK)
        return fail_to_open(conn, err);
    if (!configure(conn, err))
        return false;
    prefer_wal(conn, by);
    read_schema(conn);
    return true;
}

static int flags_for(const struct driver_options *options)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;

    if (options->read_only)
        return flags | SQLITE_OPEN_READONLY;
    return flags | SQLITE_OPEN_READWRITE | (options->may_create ? SQLITE_OPEN_CREATE : 0);
}

bool sqlite_open(const hg_url *url, const struct driver_options *options, hg_deadline by,
                 hg_conn **out_conn, hg_error *err)
{
    struct sqlite_conn *conn = alloc_zero(1, sizeof *conn);

    if (conn == NULL)
        return sqlstate_no_memory(err);
    conn->base.driver = &driver_sqlite;
    conn->lock_timeout_ms = options->lock_timeout_ms;
    conn->flags = flags_for(options);
    conn->path = plain_path(hg_url_path(url));
    if (conn->path == NULL ? !sqlstate_no_memory(err) : !open_handle(conn, by, err)) {
        driver_sqlite.close(&conn->base);
        return false;
    }
    *out_conn = &conn->base;
    return true;
}

/* The only way to a session as new is a new one; a database in memory would be gone with it. */
bool sqlite_renew(struct sqlite_conn *conn, hg_deadline by, hg_error *err)
{
    if (in_memory(conn))
        return true;
    cache_clear(&conn->cache);
    sqlite3_close(conn->db);
    conn->db = NULL;
    conn->base.lost = !open_handle(conn, by, err);
    return !conn->base.lost;
}
