/*
 * sqlite.c - the SQLite engine: statements, values, rows.
 */
#include "sqlite.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sqlstate.h"

struct sqlite_statement {
    hg_statement base;
    sqlite3_stmt *stmt;
    bool counts;
};

static struct sqlite_conn *of(const hg_conn *conn)
{
    return (struct sqlite_conn *)conn;
}

bool sqlite_run(struct sqlite_conn *conn, const char *sql)
{
    return sqlite3_exec(conn->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* --- the connection --- */

static void sqlite_close(hg_conn *base)
{
    struct sqlite_conn *conn = of(base);

    conn_end(base);
    cache_clear(&conn->cache);
    sqlite3_close(conn->db);
    alloc_free(conn->path);
    alloc_free(conn);
}

/* SQLite's handle must not be touched on this side of a fork, not even to free it: closing would
 * drop locks and files that the parent works with. */
static void sqlite_abandon(hg_conn *base)
{
    struct sqlite_conn *conn = of(base);

    conn->cache.drop = NULL;
    cache_clear(&conn->cache);
    alloc_free(conn->path);
    alloc_free(conn);
}

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
    return sqlstate_fail(
        err, "08006",
        "the connection is of no use any more: its database file was replaced or removed");
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
        && !sqlite_run(conn, how == HG_RESET_COMMIT ? "COMMIT" : "ROLLBACK"))
        return sqlite_fail(conn, NULL, err);
    if (how == HG_RESET_FULL)
        return sqlite_renew(conn, by, err);
    return how == HG_RESET_NONE
           || sqlite3_db_config(conn->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL) == SQLITE_OK
           || sqlite_fail(conn, NULL, err);
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

/* How a statement begins that reads or changes rows and nothing else. */
static const struct opening {
    const char *word;
    bool changes;
} openings[] = {
    {"SELECT", false}, {"INSERT", true},  {"UPDATE", true},  {"DELETE", true},
    {"WITH", true},    {"REPLACE", true}, {"VALUES", false},
};

static const struct opening *opening_of(const char *sql)
{
    const char *start = skip_blank(sql);

    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
        if (strncasecmp(start, openings[i].word, strlen(openings[i].word)) == 0)
            return &openings[i];
    return NULL;
}

/* Whether sqlite3_changes() speaks of this statement: after any other it still tells of an old one.
 */
static bool counts(sqlite3_stmt *stmt, const char *sql)
{
    const struct opening *opening = opening_of(sql);

    return opening != NULL && opening->changes && stmt != NULL && !sqlite3_stmt_readonly(stmt);
}

/* Compiles one statement. *out_stmt stays NULL for a text without any. */
static bool compile(struct sqlite_conn *conn, const char *sql, unsigned flags,
                    sqlite3_stmt **out_stmt, hg_error *err)
{
    const char *tail = NULL;
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v3(conn->db, sql, -1, flags, &stmt, &tail) != SQLITE_OK)
        return sqlite_fail(conn, sql, err);
    if (*skip_blank(tail) != '\0') {
        sqlite3_finalize(stmt);
        sqlstate_fail(err, "42601", "only one statement can be run at a time");
        sqlite_place(sql, (int)(skip_blank(tail) - sql), err);
        return false;
    }
    *out_stmt = stmt;
    return true;
}

static void drop(void *conn, uintptr_t stmt)
{
    (void)conn;
    sqlite3_finalize((sqlite3_stmt *)stmt);
}

/*
 * The statement of a text: one that was kept, or a new one, which is kept when its text comes
 * often. Only what reads or changes rows is: a PRAGMA may do its work when it is compiled, and then
 * would do it only once. *out_owned: it is not kept, the caller finalizes it.
 */
static bool find(struct sqlite_conn *conn, const char *sql, sqlite3_stmt **out_stmt,
                 bool *out_owned, hg_error *err)
{
    struct cache_key key = cache_key(sql, NULL, 0);
    struct cached *cached = cache_find(&conn->cache, &key);
    bool keep;

    *out_owned = cached == NULL;
    if (cached != NULL) {
        *out_stmt = (sqlite3_stmt *)cached->statement;
        return true;
    }
    conn->cache.drop = drop;
    keep = opening_of(sql) != NULL && cache_worth(&conn->cache, &key);
    if (!compile(conn, sql, keep ? SQLITE_PREPARE_PERSISTENT : 0, out_stmt, err))
        return false;
    *out_owned = !keep || cache_keep(&conn->cache, &key, (uintptr_t)*out_stmt) == NULL;
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

static bool bind_one(struct sqlite_conn *conn, sqlite3_stmt *stmt, int at, const hg_value *params,
                     size_t n, hg_error *err)
{
    size_t number = placeholder(stmt, at);
    const char *name = sqlite3_bind_parameter_name(stmt, at);
    const hg_value *value = number == 0 || number > n ? NULL : &params[number - 1];

    if (value == NULL) {
        sqlstate_fail(err, "42P02", "there is no parameter %s", name == NULL ? "?" : name);
        hg_error_hint(err, "Placeholders are $1 to $n, with one value each.");
        return false;
    }
    if (value->type == HG_REAL && isnan(value->as.real))
        return sqlstate_fail(err, "22003", "SQLite cannot store the number NaN");
    return bind_value(stmt, at, value) == SQLITE_OK || sqlite_fail(conn, NULL, err);
}

/* Binds by name. SQLite would take a missing value as null and never miss one that is not used;
 * PostgreSQL refuses both, and so do we. */
static bool bind(struct sqlite_conn *conn, sqlite3_stmt *stmt, const hg_value *params, size_t n,
                 hg_error *err)
{
    int count = sqlite3_bind_parameter_count(stmt);

    for (int at = 1; at <= count; at++)
        if (!bind_one(conn, stmt, at, params, n, err))
            return false;
    return (size_t)count >= n
           || sqlstate_fail(err, "42P18", "%zu values were given for %d placeholders", n, count);
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
    return rows;
}

/* After the first step: it may have compiled the statement anew, for a schema that has changed. */
static bool rows_describe(struct sqlite_conn *conn, struct sqlite_rows **rows, hg_error *err)
{
    sqlite3_stmt *stmt = (*rows)->stmt;

    if ((size_t)sqlite3_column_count(stmt) != (*rows)->base.column_count) {
        alloc_free(*rows);
        *rows = rows_new(conn, stmt);
        if (*rows == NULL)
            return sqlstate_no_memory(err);
    }
    for (size_t i = 0; i < (*rows)->base.column_count; i++)
        (*rows)->boolean[i] = declared_boolean(stmt, (int)i);
    return true;
}

/*
 * Binds and makes the first step, so that a statement without rows has run when this returns, as on
 * a server. What it needs is allocated before: a COMMIT that succeeded must not be told as a
 * failure. The statement stays the caller's on failure; it is reset then.
 */
static bool start(struct sqlite_conn *conn, sqlite3_stmt *stmt, const hg_value *params, size_t n,
                  struct sqlite_rows **out_rows, hg_error *err)
{
    struct sqlite_rows *rows = NULL;
    int said = SQLITE_DONE;
    bool ok = bind(conn, stmt, params, n, err);

    if (ok && (rows = rows_new(conn, stmt)) == NULL)
        ok = sqlstate_no_memory(err);
    if (ok && stmt != NULL) {
        said = sqlite3_step(stmt);
        ok = said == SQLITE_ROW || said == SQLITE_DONE || sqlite_fail(conn, NULL, err);
    }
    ok = ok && rows_describe(conn, &rows, err);
    if (!ok) {
        sqlite3_reset(stmt);
        sqlite3_clear_bindings(stmt);
        alloc_free(rows);
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
    bool owned = false;

    watch_start(&conn->watch, by);
    if (!find(conn, sql, &stmt, &owned, err))
        return false;
    if (!start(conn, stmt, params, n, &rows, err)) {
        if (owned)
            sqlite3_finalize(stmt);
        return false;
    }
    rows->owned = owned;
    rows->counts = counts(stmt, sql);
    *out_rows = &rows->base;
    return true;
}

static hg_step sqlite_next(hg_rows *base, hg_deadline by, hg_error *err)
{
    struct sqlite_rows *rows = (struct sqlite_rows *)base;
    struct sqlite_conn *conn = of(base->conn);
    int said = rows->pending;

    if (rows->no_memory) {
        sqlstate_no_memory(err);
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
        sqlite_fail(conn, NULL, err);
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
        return sqlstate_no_memory(err);
    watch_start(&conn->watch, by);
    if (!compile(conn, sql, SQLITE_PREPARE_PERSISTENT, &statement->stmt, err)) {
        alloc_free(statement);
        return false;
    }
    statement->counts = counts(statement->stmt, sql);
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

static int sqlite_library_version(void)
{
    return sqlite3_libversion_number();
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
    .library_version = sqlite_library_version,
    .in_transaction = sqlite_in_transaction,
    .transaction_failed = sqlite_transaction_failed,
    .backend_pid = sqlite_backend_pid,
    .server_version = sqlite_server_version,
    .server_version_number = sqlite_server_version_number,
};
