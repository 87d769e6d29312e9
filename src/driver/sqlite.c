/*
 * sqlite.c - the SQLite engine.
 *
 * The library is used without its mutexes: a connection belongs to one thread at a time, and a
 * cancel from outside only sets a flag that the progress handler and the busy handler look at, as
 * they look at the deadline.
 */
#include "driver.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "sqlstate.h"
#include "watch.h"

enum {
    LOOK_EVERY =
        1000, /* steps of the virtual machine between two looks at the watch: 20 to 100 us */
    BUSY_SLEEP_MAX_MS = 25,
    WAL_WAIT_MS = 200
};

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
};

struct sqlite_rows {
    hg_rows base;
    sqlite3_stmt *stmt;
    bool owned;       /* finalized with the rows; else it belongs to a prepared statement */
    bool counts;      /* its changes are worth telling */
    bool no_memory;   /* a value could not be handed out */
    bool has_pending; /* the first step has been made by query() */
    int pending;      /* what it said */
    bool boolean[];   /* a column a flag: declared as BOOLEAN */
};

struct sqlite_statement {
    hg_statement base;
    sqlite3_stmt *stmt;
    bool counts;
};

static struct sqlite_conn *of(const hg_conn *conn)
{
    return (struct sqlite_conn *)conn;
}

/* --- failures --- */

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

static int characters(const char *text, int bytes)
{
    int n = 0;

    for (int i = 0; i < bytes; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

/* Where the statement is wrong, when SQLite knows it. */
static void place(sqlite3 *db, const char *sql, hg_error *err)
{
#if SQLITE_VERSION_NUMBER >= 3038000
    int offset = sql == NULL ? -1 : sqlite3_error_offset(db);

    if (offset >= 0)
        hg_error_place(err, NULL, 0, characters(sql, offset) + 1);
#else
    (void)db;
    (void)sql;
    (void)err;
    (void)characters;
#endif
}

/* Whether we stopped it ourselves. A lock that was still held at the deadline stays a lock. */
static bool stopped_by_watch(const struct sqlite_conn *conn, hg_code code)
{
    if (code == HG_LOCKED)
        return conn->watch.stop == STOP_CANCELLED;
    return code == HG_CANCELLED && conn->watch.stop != STOP_NOT;
}

/* Fails with what SQLite said last. sql: the text that it refused, or NULL. */
static bool fail(struct sqlite_conn *conn, const char *sql, hg_error *err)
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

static bool fail_state(hg_error *err, hg_code code, const char *sqlstate, const char *message)
{
    hg_fail(err, code, "%s", message);
    hg_error_sqlstate(err, sqlstate);
    return false;
}

static bool no_memory(hg_error *err)
{
    return fail_state(err, HG_NOMEM, "53200", "memory ran out");
}

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

    if (path[0] == '/' || strcmp(path, ":memory:") == 0)
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
    bool ok = copy == NULL ? no_memory(err) : file_make_dir(dirname(copy), 0755, err);

    if (!ok)
        hg_error_hint(err, "Check the path in the URL.");
    alloc_free(copy);
    return ok;
}

struct open_row {
    int cause; /* errno */
    hg_code code;
    const char *sqlstate;
    const char *hint;
};

/* clang-format off */
static const struct open_row open_failures[] = {
    {ENOENT,  HG_NO_DATABASE, "3D000", "Check the path in the URL, or run `headgate init` to create the database."},
    {ENOTDIR, HG_NO_DATABASE, "3D000", "Check the path in the URL: a part of it is not a folder."},
    {EISDIR,  HG_NO_DATABASE, "3D000", "Check the path in the URL: it is a folder, not a file."},
    {EACCES,  HG_PRIVILEGE,   "42501", "Check the owner and mode of the file and of the folders above it."},
    {EPERM,   HG_PRIVILEGE,   "42501", "Check the owner and mode of the file and of the folders above it."},
    {EROFS,   HG_READ_ONLY,   "25006", "The file system is mounted read-only."},
    {ENOSPC,  HG_DISK_FULL,   "53100", "Make room on the file system that holds the database."},
    {ENOMEM,  HG_NOMEM,       "53200", ""},
    {0,       HG_IO,          "58030", "Check the path in the URL, and the disk."}, /* any other */
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
    hg_fail(err, row->code, "could not open \"%s\": %s", conn->path,
            cause != 0 ? strerror(cause) : sqlite3_errmsg(conn->db));
    hg_error_sqlstate(err, row->sqlstate);
    hg_error_hint(err, "%s", row->hint);
    return false;
}

/* Runs a statement of ours that has no parameters; false: SQLite's error stands in the handle. */
static bool run(struct sqlite_conn *conn, const char *sql)
{
    return sqlite3_exec(conn->db, sql, NULL, NULL, NULL) == SQLITE_OK;
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
    if (run(conn, "PRAGMA schema_version") || primary_code(conn) == SQLITE_BUSY)
        return true;
    if (primary_code(conn) == SQLITE_CANTOPEN) {
        hg_fail(err, HG_IO, "could not open \"%s\": its -wal and -shm files cannot be used",
                conn->path);
        hg_error_sqlstate(err, "58030");
        hg_error_hint(err, "The database is in WAL mode: whoever reads it must be able to write to "
                           "its folder and to the files beside it.");
        return false;
    }
    fail(conn, NULL, err);
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
        (void)run(conn, "PRAGMA journal_mode = WAL");
}

static bool configure(struct sqlite_conn *conn, hg_error *err)
{
    struct stat st;

    sqlite3_extended_result_codes(conn->db, 1);
    sqlite3_busy_handler(conn->db, on_busy, conn);
    sqlite3_progress_handler(conn->db, LOOK_EVERY, on_progress, conn);
    if (sqlite3_db_config(conn->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL) != SQLITE_OK)
        return fail(conn, NULL, err);
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
        return fail_state(
            err, HG_UNSUPPORTED, "0A000",
            "could not open a database: this SQLite library was built without threads");
    if ((conn->flags & SQLITE_OPEN_CREATE) && !in_memory(conn) && !make_folder(conn->path, err))
        return false;
    if (sqlite3_open_v2(conn->path, &conn->db, conn->flags, NULL) != SQLITE_OK)
        return fail_to_open(conn, err);
    if (!configure(conn, err))
        return false;
    prefer_wal(conn, by);
    return true;
}

static int flags_for(const struct driver_options *options)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;

    if (options->read_only)
        return flags | SQLITE_OPEN_READONLY;
    return flags | SQLITE_OPEN_READWRITE | (options->may_create ? SQLITE_OPEN_CREATE : 0);
}

static void sqlite_close(hg_conn *base)
{
    struct sqlite_conn *conn = of(base);

    conn_end(base);
    sqlite3_close(conn->db);
    alloc_free(conn->path);
    alloc_free(conn);
}

static bool sqlite_open(const hg_url *url, const struct driver_options *options, hg_deadline by,
                        hg_conn **out_conn, hg_error *err)
{
    struct sqlite_conn *conn = alloc_zero(1, sizeof *conn);

    if (conn == NULL)
        return no_memory(err);
    conn->base.driver = &driver_sqlite;
    conn->lock_timeout_ms = options->lock_timeout_ms;
    conn->flags = flags_for(options);
    conn->path = plain_path(hg_url_path(url));
    if (conn->path == NULL ? !no_memory(err) : !open_handle(conn, by, err)) {
        sqlite_close(&conn->base);
        return false;
    }
    *out_conn = &conn->base;
    return true;
}

/* SQLite's handle must not be touched on this side of a fork, not even to free it: closing would
 * drop locks and files that the parent works with. */
static void sqlite_abandon(hg_conn *conn)
{
    alloc_free(of(conn)->path);
    alloc_free(conn);
}

/* --- health --- */

/* A file that was replaced or removed under the connection takes writes that nobody will ever see.
 */
static bool sqlite_alive(hg_conn *base)
{
    const struct sqlite_conn *conn = of(base);
    struct stat st;

    if (conn->base.lost)
        return false;
    return conn->inode == 0
           || (stat(conn->path, &st) == 0 && st.st_dev == conn->device && st.st_ino == conn->inode);
}

static bool sqlite_ping(hg_conn *base, hg_deadline by, hg_error *err)
{
    (void)by;
    if (sqlite_alive(base))
        return true;
    base->lost = true;
    return fail_state(
        err, HG_LOST, "08006",
        "the connection is of no use any more: its database file was replaced or removed");
}

/* The only way to a session as new is a new one; a database in memory would be gone with it. */
static bool renew(struct sqlite_conn *conn, hg_deadline by, hg_error *err)
{
    if (in_memory(conn))
        return true;
    sqlite3_close(conn->db);
    conn->db = NULL;
    conn->base.lost = !open_handle(conn, by, err);
    return !conn->base.lost;
}

static bool sqlite_reset(hg_conn *base, hg_reset how, hg_deadline by, bool *out_was_open,
                         hg_error *err)
{
    struct sqlite_conn *conn = of(base);

    conn_end(base);
    watch_start(&conn->watch, by);
    atomic_store(&base->cancelled, false);
    *out_was_open = !sqlite3_get_autocommit(conn->db);
    if (*out_was_open && how != HG_RESET_NONE
        && !run(conn, how == HG_RESET_COMMIT ? "COMMIT" : "ROLLBACK"))
        return fail(conn, NULL, err);
    if (how == HG_RESET_FULL)
        return renew(conn, by, err);
    return how == HG_RESET_NONE
           || sqlite3_db_config(conn->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL) == SQLITE_OK
           || fail(conn, NULL, err);
}

static int sqlite_descriptor(const hg_conn *conn)
{
    (void)conn;
    return -1;
}

/* --- statements --- */

static const char *skip_blank(const char *sql)
{
    for (;;) {
        while (isspace((unsigned char)*sql) || *sql == ';')
            sql++;
        if (sql[0] == '-' && sql[1] == '-') {
            sql += strcspn(sql, "\n");
        } else if (sql[0] == '/' && sql[1] == '*') {
            const char *end = strstr(sql + 2, "*/");

            sql = end == NULL ? sql + strlen(sql) : end + 2;
        } else {
            return sql;
        }
    }
}

/* Whether sqlite3_changes() speaks of this statement: after any other it still tells of an old one.
 */
static bool changes_rows(const char *sql)
{
    static const char *const words[] = {"INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"};
    const char *start = skip_blank(sql);

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncasecmp(start, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

/* Compiles one statement. *out_stmt stays NULL for a text without any. */
static bool compile(struct sqlite_conn *conn, const char *sql, unsigned flags,
                    sqlite3_stmt **out_stmt, bool *out_counts, hg_error *err)
{
    const char *tail = NULL;
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v3(conn->db, sql, -1, flags, &stmt, &tail) != SQLITE_OK)
        return fail(conn, sql, err);
    if (*skip_blank(tail) != '\0') {
        sqlite3_finalize(stmt);
        fail_state(err, HG_SQL, "42601", "only one statement can be run at a time");
        hg_error_place(err, NULL, 0, characters(sql, (int)(skip_blank(tail) - sql)) + 1);
        return false;
    }
    *out_counts = stmt != NULL && !sqlite3_stmt_readonly(stmt) && changes_rows(sql);
    *out_stmt = stmt;
    return true;
}

static int bind_bytes(sqlite3_stmt *stmt, int at, const hg_value *value)
{
    const void *data = value->as.bytes.size == 0 ? "" : value->as.bytes.data;
    sqlite3_uint64 size = value->as.bytes.size;

    if (value->type == HG_TEXT)
        return sqlite3_bind_text64(stmt, at, data, size, SQLITE_TRANSIENT, SQLITE_UTF8);
    return sqlite3_bind_blob64(stmt, at, data, size, SQLITE_TRANSIENT);
}

static int bind_value(sqlite3_stmt *stmt, int at, const hg_value *value)
{
    switch (value->type) {
    case HG_NULL:
        break;
    case HG_INTEGER:
        return sqlite3_bind_int64(stmt, at, value->as.integer);
    case HG_BOOLEAN:
        return sqlite3_bind_int(stmt, at, value->as.boolean);
    case HG_REAL:
        return sqlite3_bind_double(stmt, at, value->as.real);
    case HG_TEXT:
    case HG_BLOB:
        return bind_bytes(stmt, at, value);
    }
    return sqlite3_bind_null(stmt, at);
}

/* The number of a placeholder: 3 for $3, 0 for anything else. */
static size_t placeholder(sqlite3_stmt *stmt, int at)
{
    const char *name = sqlite3_bind_parameter_name(stmt, at);
    char *end = NULL;
    unsigned long number;

    if (name == NULL || name[0] != '$' || name[1] < '1' || name[1] > '9')
        return 0;
    number = strtoul(name + 1, &end, 10);
    return *end == '\0' ? number : 0;
}

/* Binds by name. SQLite would take a missing value as null and never miss one that is not used;
 * PostgreSQL refuses both, and so do we. */
static bool bind(struct sqlite_conn *conn, sqlite3_stmt *stmt, const hg_value *params, size_t n,
                 hg_error *err)
{
    int count = sqlite3_bind_parameter_count(stmt);

    for (int at = 1; at <= count; at++) {
        size_t number = placeholder(stmt, at);

        if (number == 0 || number > n) {
            hg_fail(err, HG_SQL, "there is no parameter %s",
                    sqlite3_bind_parameter_name(stmt, at) == NULL
                        ? "?"
                        : sqlite3_bind_parameter_name(stmt, at));
            hg_error_hint(err, "Placeholders are $1 to $n, with one value each.");
            hg_error_sqlstate(err, "42P02");
            return false;
        }
        if (params[number - 1].type == HG_REAL
            && params[number - 1].as.real != params[number - 1].as.real)
            return fail_state(err, HG_SQL, "22003", "SQLite cannot store the number NaN");
        if (bind_value(stmt, at, &params[number - 1]) != SQLITE_OK)
            return fail(conn, NULL, err);
    }
    if ((size_t)count < n) {
        hg_fail(err, HG_SQL, "%zu values were given for %d placeholders", n, count);
        hg_error_sqlstate(err, "42P18");
        return false;
    }
    return true;
}

static bool declared_boolean(sqlite3_stmt *stmt, int column)
{
    const char *type = sqlite3_column_decltype(stmt, column);

    return type != NULL && (strcasecmp(type, "BOOLEAN") == 0 || strcasecmp(type, "BOOL") == 0);
}

static struct sqlite_rows *rows_new(struct sqlite_conn *conn, sqlite3_stmt *stmt)
{
    int columns = sqlite3_column_count(stmt);
    struct sqlite_rows *rows = alloc_zero(1, sizeof *rows + (size_t)columns * sizeof(bool));

    if (rows == NULL)
        return NULL;
    rows->base.conn = &conn->base;
    rows->base.column_count = (size_t)columns;
    rows->base.affected = -1;
    rows->stmt = stmt;
    for (int i = 0; i < columns; i++)
        rows->boolean[i] = declared_boolean(stmt, i);
    return rows;
}

/*
 * Binds and makes the first step, so that a statement without rows has run when this returns, as on
 * a server. The statement stays the caller's on failure; it is reset then.
 */
static bool start(struct sqlite_conn *conn, sqlite3_stmt *stmt, const hg_value *params, size_t n,
                  struct sqlite_rows **out_rows, hg_error *err)
{
    struct sqlite_rows *rows = NULL;
    int said = SQLITE_DONE;
    bool ok = bind(conn, stmt, params, n, err);

    if (ok && stmt != NULL) {
        said = sqlite3_step(stmt);
        ok = said == SQLITE_ROW || said == SQLITE_DONE || fail(conn, NULL, err);
    }
    if (ok && (rows = rows_new(conn, stmt)) == NULL)
        ok = no_memory(err);
    if (!ok) {
        sqlite3_reset(stmt);
        sqlite3_clear_bindings(stmt);
        return false;
    }
    rows->has_pending = true;
    rows->pending = said;
    *out_rows = rows;
    return true;
}

static bool sqlite_query(hg_conn *base, const char *sql, const hg_value *params, size_t n,
                         hg_deadline by, hg_rows **out_rows, hg_error *err)
{
    struct sqlite_conn *conn = of(base);
    struct sqlite_rows *rows = NULL;
    sqlite3_stmt *stmt = NULL;
    bool counts = false;

    watch_start(&conn->watch, by);
    if (!compile(conn, sql, 0, &stmt, &counts, err) || !start(conn, stmt, params, n, &rows, err)) {
        sqlite3_finalize(stmt);
        return false;
    }
    rows->owned = true;
    rows->counts = counts;
    *out_rows = &rows->base;
    return true;
}

static hg_step sqlite_next(hg_rows *base, hg_deadline by, hg_error *err)
{
    struct sqlite_rows *rows = (struct sqlite_rows *)base;
    struct sqlite_conn *conn = of(base->conn);
    int said = rows->pending;

    if (rows->no_memory) {
        no_memory(err);
        return HG_ERROR;
    }
    if (!rows->has_pending) {
        watch_start(&conn->watch, by);
        said = sqlite3_step(rows->stmt);
    }
    rows->has_pending = false;
    if (said == SQLITE_ROW)
        return HG_ROW;
    if (said != SQLITE_DONE) {
        fail(conn, NULL, err);
        return HG_ERROR;
    }
    if (rows->counts)
        base->affected = sqlite3_changes64(conn->db);
    return HG_END;
}

static const char *sqlite_column_name(const hg_rows *base, size_t column)
{
    const char *name = sqlite3_column_name(((const struct sqlite_rows *)base)->stmt, (int)column);

    return name == NULL ? "" : name;
}

/* A text or blob in place; one that SQLite could not make for want of memory fails the next step.
 */
static hg_value bytes_of(struct sqlite_rows *rows, int at, int kind)
{
    const void *data = kind == SQLITE_TEXT ? (const void *)sqlite3_column_text(rows->stmt, at)
                                           : sqlite3_column_blob(rows->stmt, at);
    size_t size = (size_t)sqlite3_column_bytes(rows->stmt, at);

    if (data == NULL && (kind == SQLITE_TEXT || size > 0))
        rows->no_memory = true;
    if (data == NULL)
        data = "", size = 0;
    return kind == SQLITE_TEXT ? hg_text_n(data, size) : hg_blob(data, size);
}

static hg_value sqlite_value(hg_rows *base, size_t column)
{
    struct sqlite_rows *rows = (struct sqlite_rows *)base;
    int at = (int)column, kind = sqlite3_column_type(rows->stmt, at);
    int64_t integer;

    switch (kind) {
    case SQLITE_INTEGER:
        integer = sqlite3_column_int64(rows->stmt, at);
        if (rows->boolean[column] && (integer == 0 || integer == 1))
            return hg_boolean(integer);
        return hg_integer(integer);
    case SQLITE_FLOAT:
        return hg_real(sqlite3_column_double(rows->stmt, at));
    case SQLITE_TEXT:
    case SQLITE_BLOB:
        return bytes_of(rows, at, kind);
    default:
        return hg_null();
    }
}

static void sqlite_rows_close(hg_rows *base)
{
    struct sqlite_rows *rows = (struct sqlite_rows *)base;

    if (rows->owned) {
        sqlite3_finalize(rows->stmt);
    } else {
        sqlite3_reset(rows->stmt);
        sqlite3_clear_bindings(rows->stmt);
    }
    alloc_free(rows);
}

static bool sqlite_prepare(hg_conn *base, const char *sql, hg_deadline by,
                           hg_statement **out_statement, hg_error *err)
{
    struct sqlite_conn *conn = of(base);
    struct sqlite_statement *statement = alloc_zero(1, sizeof *statement);

    if (statement == NULL)
        return no_memory(err);
    watch_start(&conn->watch, by);
    if (!compile(conn, sql, SQLITE_PREPARE_PERSISTENT, &statement->stmt, &statement->counts, err)) {
        alloc_free(statement);
        return false;
    }
    statement->base.conn = base;
    *out_statement = &statement->base;
    return true;
}

static bool sqlite_statement_query(hg_statement *base, const hg_value *params, size_t n,
                                   hg_deadline by, hg_rows **out_rows, hg_error *err)
{
    struct sqlite_statement *statement = (struct sqlite_statement *)base;
    struct sqlite_conn *conn = of(base->conn);
    struct sqlite_rows *rows = NULL;

    watch_start(&conn->watch, by);
    if (!start(conn, statement->stmt, params, n, &rows, err))
        return false;
    rows->counts = statement->counts;
    *out_rows = &rows->base;
    return true;
}

static void sqlite_statement_close(hg_statement *base)
{
    sqlite3_finalize(((struct sqlite_statement *)base)->stmt);
    alloc_free(base);
}

/* The flag is set already; the handlers above look at it. */
static void sqlite_cancel(hg_conn *conn)
{
    (void)conn;
}

static bool sqlite_in_transaction(const hg_conn *conn)
{
    return of(conn)->db != NULL && !sqlite3_get_autocommit(of(conn)->db);
}

static bool sqlite_transaction_failed(const hg_conn *conn)
{
    (void)conn; /* a failed statement leaves its transaction usable, or ends it at once */
    return false;
}

static int64_t sqlite_backend_pid(const hg_conn *conn)
{
    (void)conn;
    return getpid();
}

static const char *sqlite_server_version(const hg_conn *conn)
{
    (void)conn;
    return sqlite3_libversion();
}

static int sqlite_server_version_number(const hg_conn *conn)
{
    (void)conn;
    return sqlite3_libversion_number();
}

const struct driver driver_sqlite = {
    .id = HG_SQLITE,
    .open = sqlite_open,
    .close = sqlite_close,
    .abandon = sqlite_abandon,
    .alive = sqlite_alive,
    .ping = sqlite_ping,
    .reset = sqlite_reset,
    .descriptor = sqlite_descriptor,
    .query = sqlite_query,
    .next = sqlite_next,
    .column_name = sqlite_column_name,
    .value = sqlite_value,
    .rows_close = sqlite_rows_close,
    .prepare = sqlite_prepare,
    .statement_query = sqlite_statement_query,
    .statement_close = sqlite_statement_close,
    .cancel = sqlite_cancel,
    .in_transaction = sqlite_in_transaction,
    .transaction_failed = sqlite_transaction_failed,
    .backend_pid = sqlite_backend_pid,
    .server_version = sqlite_server_version,
    .server_version_number = sqlite_server_version_number,
};
