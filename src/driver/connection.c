/*
 * connection.c - the public calls of a connection: checks that the caller keeps the rules, then the
 * engine. Must not know which engine it is.
 */
#include <headgate/connection.h>

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "driver.h"
#include "lent.h"
#include "sqlstate.h"

const struct driver *driver_for(const hg_url *url)
{
    static const struct driver *const engines[] = {
        [HG_SQLITE] = &driver_sqlite,
        [HG_POSTGRESQL] = &driver_postgres,
    };

    return engines[hg_url_driver(url)];
}

hg_value hg_null(void)
{
    return (hg_value){.type = HG_NULL};
}

hg_value hg_integer(int64_t value)
{
    return (hg_value){.type = HG_INTEGER, .as.integer = value};
}

hg_value hg_real(double value)
{
    return (hg_value){.type = HG_REAL, .as.real = value};
}

hg_value hg_boolean(bool value)
{
    return (hg_value){.type = HG_BOOLEAN, .as.boolean = value};
}

hg_value hg_text(const char *text)
{
    return text == NULL ? hg_null() : hg_text_n(text, strlen(text));
}

hg_value hg_text_n(const char *bytes, size_t size)
{
    return (hg_value){.type = HG_TEXT, .as.bytes = {bytes, size}};
}

hg_value hg_blob(const void *bytes, size_t size)
{
    return (hg_value){.type = HG_BLOB, .as.bytes = {bytes, size}};
}

/* Why no statement may be sent now, or HG_OK. */
static hg_code obstacle(const hg_conn *conn, hg_deadline by)
{
    if (conn->lost)
        return HG_LOST;
    if (conn->open_rows != NULL)
        return HG_MISUSE;
    return clock_passed(by.at_ns) ? HG_TIMEOUT : HG_OK;
}

/* Whether a statement may be sent now; if so, cancelling is about this one from here on. */
static bool ready(hg_conn *conn, hg_deadline by, hg_error *err)
{
    hg_code code = obstacle(conn, by);

    if (code == HG_LOST) {
        sqlstate_fail(err, "08003", "could not run a statement: the connection was lost before");
    } else if (code == HG_MISUSE) {
        hg_fail(err, code, "could not run a statement: the rows of another one are still open");
        hg_error_hint(err, "Close them first, or use a second connection.");
    } else if (code == HG_TIMEOUT) {
        hg_fail(err, code, "could not run a statement: no time was left to start it");
        hg_error_sqlstate(err, "57014");
    } else {
        atomic_store(&conn->cancelled, false);
    }
    return code == HG_OK;
}

static void rows_opened(hg_conn *conn, hg_rows *rows)
{
    rows->last = HG_END;
    conn->open_rows = rows;
}

/* A line a statement for who wants to see them; of its parameters only how many there are. */
static void note(const char *sql, size_t n, int64_t begun_ns, bool ok)
{
    char took_ms[32], count[24];

    if (!log_wants(LOG_DEBUG))
        return;
    snprintf(took_ms, sizeof took_ms, "%.3f", clock_since_ms(begun_ns));
    snprintf(count, sizeof count, "%zu", n);
    log_line(LOG_DEBUG, "driver", sql, "parameters", count, "ms", took_ms, "result",
             ok ? "ok" : "failed", NULL);
}

bool hg_conn_query(hg_conn *handle, const char *sql, const hg_value *params, size_t n,
                   hg_deadline by, hg_rows **out_rows, hg_error *err)
{
    int64_t begun_ns = log_wants(LOG_DEBUG) ? clock_now_ns() : 0;
    hg_conn *conn = conn_in_hand(handle, "run a statement", err);
    bool ok = conn != NULL && ready(conn, by, err)
              && conn->driver->query(conn, sql, params, n, by, out_rows, err);

    if (ok)
        rows_opened(conn, *out_rows);
    note(sql, n, begun_ns, ok);
    return ok;
}

hg_step hg_rows_next(hg_rows *rows, hg_deadline by, hg_error *err)
{
    arena_release(&rows->texts);
    if (!rows->ended)
        rows->last = rows->conn->driver->next(rows, by, err);
    else if (rows->last == HG_ERROR)
        hg_fail(err, HG_MISUSE, "could not read a row: reading has failed before");
    rows->ended = rows->last != HG_ROW;
    return rows->last;
}

void hg_rows_close(hg_rows *rows)
{
    if (rows == NULL)
        return;
    arena_release(&rows->texts);
    rows->conn->open_rows = NULL;
    rows->conn->driver->rows_close(rows);
}

/* Reads a result to its end and closes it. */
static bool drain(hg_rows *rows, hg_deadline by, int64_t *out_affected, hg_error *err)
{
    hg_step step = HG_ROW;

    while (step == HG_ROW)
        step = hg_rows_next(rows, by, err);
    if (step == HG_END && out_affected != NULL)
        *out_affected = rows->affected;
    hg_rows_close(rows);
    return step == HG_END;
}

bool hg_conn_execute(hg_conn *conn, const char *sql, const hg_value *params, size_t n,
                     hg_deadline by, int64_t *out_affected, hg_error *err)
{
    hg_rows *rows = NULL;

    return hg_conn_query(conn, sql, params, n, by, &rows, err)
           && drain(rows, by, out_affected, err);
}

bool hg_conn_prepare(hg_conn *handle, const char *sql, hg_deadline by, hg_statement **out_statement,
                     hg_error *err)
{
    hg_conn *conn = conn_in_hand(handle, "prepare a statement", err);
    hg_statement *statement = NULL;

    if (conn == NULL || !ready(conn, by, err)
        || !conn->driver->prepare(conn, sql, by, &statement, err))
        return false;
    statement->next = conn->statements;
    statement->link = &conn->statements;
    if (conn->statements != NULL)
        conn->statements->link = &statement->next;
    conn->statements = statement;
    *out_statement = statement;
    return true;
}

bool hg_statement_query(hg_statement *statement, const hg_value *params, size_t n, hg_deadline by,
                        hg_rows **out_rows, hg_error *err)
{
    hg_conn *conn = statement->conn;
    int64_t begun_ns = log_wants(LOG_DEBUG) ? clock_now_ns() : 0;
    bool ok = ready(conn, by, err)
              && conn->driver->statement_query(statement, params, n, by, out_rows, err);

    if (ok)
        rows_opened(conn, *out_rows);
    note("(prepared statement)", n, begun_ns, ok);
    return ok;
}

void hg_statement_close(hg_statement *statement)
{
    if (statement == NULL)
        return;
    *statement->link = statement->next;
    if (statement->next != NULL)
        statement->next->link = statement->link;
    statement->conn->driver->statement_close(statement);
}

void conn_end(hg_conn *conn)
{
    hg_rows_close(conn->open_rows);
    while (conn->statements != NULL)
        hg_statement_close(conn->statements);
}

bool hg_conn_begin(hg_conn *handle, hg_deadline by, hg_error *err)
{
    hg_conn *conn = conn_in_hand(handle, "begin a transaction", err);

    if (conn == NULL)
        return false;
    if (!conn->lost && hg_conn_in_transaction(conn)) {
        hg_fail(err, HG_MISUSE, "could not begin a transaction: one is open already");
        hg_error_sqlstate(err, "25001");
        return false;
    }
    return hg_conn_execute(conn, "BEGIN", NULL, 0, by, NULL, err);
}

bool hg_conn_rollback(hg_conn *handle, hg_deadline by, hg_error *err)
{
    hg_conn *conn = conn_in_hand(handle, "roll back", err);

    if (conn == NULL)
        return false;
    if (!conn->lost && !hg_conn_in_transaction(conn))
        return true;
    return hg_conn_execute(conn, "ROLLBACK", NULL, 0, by, NULL, err);
}

/* PostgreSQL answers COMMIT of a failed transaction with a silent rollback, SQLite may have rolled
 * back with the statement that failed: for both the caller's work is gone, and that is an error. */
static bool nothing_to_commit(hg_conn *conn, hg_deadline by, hg_error *err)
{
    bool failed = hg_conn_in_transaction(conn);

    if (failed && !hg_conn_rollback(conn, by, err))
        return false;
    return failed ? sqlstate_fail(err, "25P02",
                                  "could not commit: an error in the transaction had "
                                  "already undone it")
                  : sqlstate_fail(err, "25P01",
                                  "could not commit: no transaction is open, or an "
                                  "error has already rolled it back");
}

bool hg_conn_commit(hg_conn *handle, hg_deadline by, hg_error *err)
{
    hg_conn *conn = conn_in_hand(handle, "commit", err);
    bool ok;

    if (conn == NULL || !ready(conn, by, err))
        return false;
    if (!hg_conn_in_transaction(conn) || conn->driver->transaction_failed(conn))
        return nothing_to_commit(conn, by, err);
    ok = hg_conn_execute(conn, "COMMIT", NULL, 0, by, NULL, err);
    if (!ok && !conn->lost)
        (void)hg_conn_rollback(conn, by, NULL); /* the commit's error is the one that counts */
    return ok;
}

void hg_conn_cancel(hg_conn *handle)
{
    hg_conn *conn = conn_behind(handle);

    if (conn == NULL) /* what runs on it now is somebody else's */
        return;
    atomic_store(&conn->cancelled, true);
    conn->driver->cancel(conn);
}

void hg_conn_set_interrupt(hg_conn *handle, bool (*interrupted)(void *context), void *context)
{
    hg_conn *conn = conn_behind(handle);

    if (conn == NULL)
        return;
    conn->interrupted = interrupted;
    conn->interrupt_context = context;
}

hg_driver hg_conn_driver(const hg_conn *handle)
{
    return conn_is_lent(handle) ? ((const struct lent *)handle)->engine->id : handle->driver->id;
}

const char *hg_conn_server_version(const hg_conn *handle)
{
    const hg_conn *conn = conn_behind(handle);

    return conn == NULL ? "" : conn->driver->server_version(conn);
}

int hg_driver_library_version(hg_driver driver)
{
    const struct driver *engine = driver == HG_POSTGRESQL ? &driver_postgres : &driver_sqlite;

    return engine->library_version();
}

int hg_conn_server_version_number(const hg_conn *handle)
{
    const hg_conn *conn = conn_behind(handle);

    return conn == NULL ? 0 : conn->driver->server_version_number(conn);
}

int64_t hg_conn_backend_pid(const hg_conn *handle)
{
    const hg_conn *conn = conn_behind(handle);

    return conn == NULL ? 0 : conn->driver->backend_pid(conn);
}

bool hg_conn_in_transaction(const hg_conn *handle)
{
    const hg_conn *conn = conn_behind(handle);

    return conn != NULL && conn->driver->in_transaction(conn);
}

bool hg_conn_lost(const hg_conn *handle)
{
    const hg_conn *conn = conn_behind(handle);

    return conn == NULL || conn->lost;
}

void hg_conn_close(hg_conn *handle)
{
    if (handle == NULL)
        return;
    if (conn_is_lent(handle))
        log_line(LOG_ERROR, "driver", "a connection of a pool is to be returned, not closed", NULL);
    else
        handle->driver->close(handle);
}

size_t hg_rows_column_count(const hg_rows *rows)
{
    return rows->column_count;
}

const char *hg_rows_column_name(const hg_rows *rows, size_t column)
{
    assert(column < rows->column_count);
    return rows->conn->driver->column_name(rows, column);
}

int64_t hg_rows_affected(const hg_rows *rows)
{
    return rows->affected;
}

hg_value hg_rows_value(hg_rows *rows, size_t column)
{
    assert(rows->last == HG_ROW && column < rows->column_count);
    return rows->conn->driver->value(rows, column);
}

/* The shortest decimal form that reads back as the same number, whatever the program's locale. */
static const char *real_text(struct arena *arena, double value)
{
    char text[32];
    char *comma;

    if (isnan(value))
        return "NaN";
    if (isinf(value))
        return value > 0 ? "Infinity" : "-Infinity";
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    comma = strchr(text, ',');
    if (comma != NULL)
        *comma = '.';
    return arena_text(arena, text);
}

/* "\x00ff", as PostgreSQL writes it. */
static const char *blob_text(struct arena *arena, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    char *text = size > (SIZE_MAX - 3) / 2 ? NULL : arena_alloc(arena, size * 2 + 3, 1);
    char *to = text;

    if (text == NULL)
        return NULL;
    *to++ = '\\';
    *to++ = 'x';
    for (size_t i = 0; i < size; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    return text;
}

const char *hg_rows_text(hg_rows *rows, size_t column)
{
    hg_value value = hg_rows_value(rows, column);
    const char *text = "";

    switch (value.type) {
    case HG_NULL:
        break;
    case HG_BOOLEAN:
        text = value.as.boolean ? "true" : "false";
        break;
    case HG_TEXT:
        text = value.as.bytes.data;
        break;
    case HG_INTEGER:
        text = arena_printf(&rows->texts, "%lld", (long long)value.as.integer);
        break;
    case HG_REAL:
        text = real_text(&rows->texts, value.as.real);
        break;
    case HG_BLOB:
        text = blob_text(&rows->texts, value.as.bytes.data, value.as.bytes.size);
        break;
    }
    return text == NULL ? "" : text;
}

static int64_t whole(double value)
{
    if (isnan(value))
        return 0;
    if (value >= 9223372036854775808.0)
        return INT64_MAX;
    return value < -9223372036854775808.0 ? INT64_MIN : (int64_t)value;
}

int64_t hg_rows_integer(hg_rows *rows, size_t column)
{
    hg_value value = hg_rows_value(rows, column);

    switch (value.type) {
    case HG_INTEGER:
        return value.as.integer;
    case HG_BOOLEAN:
        return value.as.boolean;
    case HG_REAL:
        return whole(value.as.real);
    case HG_TEXT:
        return strtoll(value.as.bytes.data, NULL, 10);
    case HG_NULL:
    case HG_BLOB:
        break;
    }
    return 0;
}

/* Puts one byte where snprintf() would; returns where the next one goes. */
static size_t put(char *out, size_t size, size_t at, char c)
{
    if (at + 1 < size)
        out[at] = c;
    return at + 1;
}

size_t hg_quote_identifier(const char *name, char *out, size_t size)
{
    size_t n = put(out, size, 0, '"');

    for (; *name != '\0'; name++) {
        if (*name == '"')
            n = put(out, size, n, '"');
        n = put(out, size, n, *name);
    }
    n = put(out, size, n, '"');
    if (size > 0)
        out[n < size ? n : size - 1] = '\0';
    return n;
}
