/*
 * postgres.c - the PostgreSQL engine: statements, values, rows.
 *
 * Statements go by the extended protocol, with the type of every parameter that has one; a text
 * goes without, so that the server takes it for what it needs there (a date, a number, JSON). Rows
 * come one by one in text form, whatever their number.
 */
#include "postgres.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "postgres_prepared.h"
#include "sqlstate.h"

enum {
    DRAIN_MS = 50, /* how long rows that nobody wants are read before they are cancelled */
    DRAIN_IN_TRANSACTION_MS = 30000,
    ALIVE_ROUNDS = 1000
};

struct postgres_rows {
    hg_rows base;
    PGresult *result; /* the row that is being read, or the end; it knows the columns */
    bool has_pending; /* query() has fetched it, next() has not handed it out yet */
    hg_step pending;
    bool idle;          /* the server is ready for the next statement */
    struct arena blobs; /* of this row */
    bool no_memory;     /* a value could not be handed out: reading on fails */
};

struct postgres_statement {
    hg_statement base;
    unsigned long number; /* of its name on the server */
    char *sql;            /* where it has none: sent again each time; else NULL */
};

static struct postgres_conn *of(const hg_conn *conn)
{
    return (struct postgres_conn *)conn;
}

/* --- results --- */

static struct postgres_rows *rows_new(struct postgres_conn *conn)
{
    struct postgres_rows *rows = alloc_zero(1, sizeof *rows);

    if (rows == NULL)
        return NULL;
    rows->base.conn = &conn->base;
    rows->base.affected = -1;
    return rows;
}

static void take_affected(struct postgres_rows *rows)
{
    static const char *const tags[] = {"INSERT", "UPDATE", "DELETE", "MERGE"};
    const struct pq *pq = of(rows->base.conn)->pq;
    const char *tag = pq->PQcmdStatus(rows->result);

    if (tag[0] == 'S') /* SELECT, SET, SAVEPOINT */
        return;
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (strncmp(tag, tags[i], strlen(tags[i])) == 0)
            rows->base.affected = strtoll(pq->PQcmdTuples(rows->result), NULL, 10);
}

/* COPY has calls of its own, see bulk.h; here it is ended so that the connection stays usable. */
static bool refuse_copy(struct postgres_conn *conn, ExecStatusType status, hg_error *err)
{
    char *data = NULL;
    int said = 0;

    if (status == PGRES_COPY_IN) {
        (void)conn->pq->PQputCopyEnd(conn->pg, "COPY is not a statement with rows");
    } else {
        wire_cancel(conn);
        while ((said = conn->pq->PQgetCopyData(conn->pg, &data, 1)) >= 0) {
            if (said > 0)
                conn->pq->PQfreemem(data);
            else if (!wire_wait(conn, POLLIN) || conn->pq->PQconsumeInput(conn->pg) == 0)
                break;
        }
    }
    if (!wire_flush(conn, err) || !wire_finish(conn, err))
        return false;
    sqlstate_fail(err, "0A000", "COPY from or to the client is not a statement with rows");
    hg_error_hint(err, "Use INSERT or SELECT, or COPY with a file of the server.");
    return false;
}

/* What a result means for the reader. Ends the statement unless it is a row. */
static hg_step digest(struct postgres_rows *rows, hg_error *err)
{
    struct postgres_conn *conn = of(rows->base.conn);
    ExecStatusType status = conn->pq->PQresultStatus(rows->result);
    bool ok;

    if (status == PGRES_SINGLE_TUPLE)
        return HG_ROW;
    switch (status) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
        take_affected(rows);
        prepared_settle(conn, rows->result);
        ok = wire_settle(conn, err);
        break;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
        ok = refuse_copy(conn, status, err);
        break;
    default:
        conn->outdated = conn->by_name && prepared_is_outdated(conn, rows->result);
        ok = conn->outdated ? prepared_fail(conn, rows->result, err)
                            : wire_fail(conn, rows->result, err);
        (void)wire_finish(conn, NULL);
        break;
    }
    return ok ? HG_END : HG_ERROR;
}

/* Takes one result off the wire. */
static hg_step take(struct postgres_rows *rows, hg_error *err)
{
    struct postgres_conn *conn = of(rows->base.conn);

    conn->pq->PQclear(rows->result);
    rows->result = NULL;
    if (!wire_result(conn, &rows->result, err))
        return HG_ERROR;
    if (rows->result != NULL)
        return digest(rows, err);
    (void)wire_fail_to_send(conn, err);
    return HG_ERROR;
}

/* The next row or the end. Rows that come after the statement was told to stop are nobody's; then
 * only an end without any is a success. */
static hg_step fetch(struct postgres_rows *rows, hg_error *err)
{
    const struct postgres_conn *conn = of(rows->base.conn);
    hg_step step = take(rows, err);
    bool dropped = false;

    while (step == HG_ROW && conn->stopped != STOP_NOT) {
        dropped = true;
        step = take(rows, err);
    }
    rows->idle = step != HG_ROW;
    if (step == HG_END && dropped) {
        stop_fail(conn->stopped, "read the rows", err);
        step = HG_ERROR;
    }
    return step;
}

/* The statement has been sent: waits for its first result, so that what has no rows has run when
 * this returns. */
static bool begin_rows(struct postgres_conn *conn, hg_rows **out_rows, hg_error *err)
{
    struct postgres_rows *rows = rows_new(conn);
    bool ok = rows != NULL || sqlstate_no_memory(err);

    if (ok)
        (void)conn->pq->PQsetSingleRowMode(conn->pg);
    ok = ok && wire_flush(conn, err);
    if (ok) {
        rows->pending = fetch(rows, err);
        rows->has_pending = true;
        ok = rows->pending != HG_ERROR;
    }
    if (ok) {
        rows->base.column_count = (size_t)conn->pq->PQnfields(rows->result);
        *out_rows = &rows->base;
        return true;
    }
    if (rows == NULL) {
        conn->base.lost = true; /* the result that is on its way has no reader */
    } else {
        conn->pq->PQclear(rows->result);
        alloc_free(rows);
    }
    return false;
}

void postgres_begin(struct postgres_conn *conn, hg_deadline by)
{
    PGTransactionStatusType status = conn->pq->PQtransactionStatus(conn->pg);

    conn->was_in_transaction = status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
    conn->unsettled = conn->unsettled && conn->was_in_transaction;
    conn->by_name = conn->outdated = false;
    wire_begin(conn, by);
}

/* A text as the simple protocol may take it, which would run a second statement as well. */
static bool is_surely_one(const char *sql)
{
    const char *end = strchr(sql, ';');

    return end == NULL || end[strspn(end, "; \t\r\n")] == '\0';
}

/* named: NULL sends the text. */
static bool run_statement(struct postgres_conn *conn, const char *sql, const struct params *params,
                          size_t n, const struct cached *named, hg_rows **out_rows, hg_error *err)
{
    const struct pq *pq = conn->pq;
    int sent;

    if (named != NULL)
        sent = pq->PQsendQueryPrepared(conn->pg, prepared_name(named->statement).text, (int)n,
                                       params->values, params->lengths, params->formats, 0);
    else if (conn->prepared == PREPARED_OFF && n == 0 && is_surely_one(sql))
        sent = pq->PQsendQuery(conn->pg, sql);
    else
        sent = pq->PQsendQueryParams(conn->pg, sql, (int)n, params->types, params->values,
                                     params->lengths, params->formats, 0);
    conn->by_name = named != NULL;
    return (sent || wire_fail_to_send(conn, err)) && begin_rows(conn, out_rows, err);
}

/* A kept statement that the server does not stand by has not run: outside a transaction, which is
 * lost by that, its text is sent once more. */
static bool query(struct postgres_conn *conn, const char *sql, const struct params *params,
                  size_t n, hg_rows **out_rows, hg_error *err)
{
    struct cached *named = NULL;
    bool ok = prepared_find(conn, sql, params, n, &named, err)
              && run_statement(conn, sql, params, n, named, out_rows, err);

    if (ok || !conn->outdated || conn->was_in_transaction)
        return ok;
    if (conn->base.lost)
        return sqlstate_fail(err, "08006", "the connection was lost");
    return run_statement(conn, sql, params, n, NULL, out_rows, err);
}

static bool postgres_query(hg_conn *base, const char *sql, const hg_value *values, size_t n,
                           hg_deadline by, hg_rows **out_rows, hg_error *err)
{
    struct postgres_conn *conn = of(base);
    struct params params;
    bool ok = params_init(&params, values, n, false, err);

    if (ok) {
        postgres_begin(conn, by);
        ok = query(conn, sql, &params, n, out_rows, err);
        conn->by_name = false; /* what fails from here on fails while it runs */
    }
    params_release(&params);
    return ok;
}

static hg_step postgres_next(hg_rows *base, hg_deadline by, hg_error *err)
{
    struct postgres_rows *rows = (struct postgres_rows *)base;
    hg_step step = rows->pending;

    arena_release(&rows->blobs);
    if (rows->no_memory) {
        sqlstate_no_memory(err);
        return HG_ERROR;
    }
    if (!rows->has_pending) {
        wire_begin(of(base->conn), by);
        step = fetch(rows, err);
    }
    rows->has_pending = false;
    return step;
}

/* Reads on for a while, because a few rows are cheaper to read than to cancel, then cancels. Inside
 * a transaction a cancel would cost all of it: there the last call's deadline is the limit. */
static void abandon_rows(struct postgres_conn *conn)
{
    int64_t most_ms = conn->was_in_transaction ? DRAIN_IN_TRANSACTION_MS : DRAIN_MS;

    wire_begin(conn, hg_deadline_first(conn->watch.by, hg_deadline_in_ms(most_ms)));
    atomic_store(&conn->base.cancelled, false);
    (void)wire_finish(conn, NULL);
}

static void postgres_rows_close(hg_rows *base)
{
    struct postgres_rows *rows = (struct postgres_rows *)base;
    struct postgres_conn *conn = of(base->conn);

    if (!rows->idle && !conn->base.lost)
        abandon_rows(conn);
    conn->pq->PQclear(rows->result);
    arena_release(&rows->blobs);
    alloc_free(rows);
}

static const char *postgres_column_name(const hg_rows *base, size_t column)
{
    const struct postgres_rows *rows = (const struct postgres_rows *)base;
    const char *name = of(base->conn)->pq->PQfname(rows->result, (int)column);

    return name == NULL ? "" : name;
}

/* "1.5", "NaN", "-Infinity", with a point in every locale. */
static double real_of(const char *text)
{
    static locale_t plain;
    locale_t locale = __atomic_load_n(&plain, __ATOMIC_ACQUIRE);

    if (locale == (locale_t)0) {
        locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
        __atomic_store_n(&plain, locale, __ATOMIC_RELEASE);
    }
    return strtod_l(text, NULL, locale);
}

static hg_value blob_of(struct postgres_rows *rows, const char *text)
{
    const struct pq *pq = of(rows->base.conn)->pq;
    size_t size = 0;
    unsigned char *plain = pq->PQunescapeBytea((const unsigned char *)text, &size);
    void *copy = plain == NULL ? NULL : arena_alloc(&rows->blobs, size + 1, 1);

    if (copy != NULL)
        memcpy(copy, plain, size);
    pq->PQfreemem(plain);
    rows->no_memory = rows->no_memory || copy == NULL;
    return copy == NULL ? hg_null() : hg_blob(copy, size);
}

static hg_value postgres_value(hg_rows *base, size_t column)
{
    struct postgres_rows *rows = (struct postgres_rows *)base;
    const struct pq *pq = of(base->conn)->pq;
    int at = (int)column;
    const char *text = pq->PQgetvalue(rows->result, 0, at);

    if (pq->PQgetisnull(rows->result, 0, at))
        return hg_null();
    switch (pq->PQftype(rows->result, at)) {
    case OID_BOOL:
        return hg_boolean(text[0] == 't');
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
    case OID_OID:
        return hg_integer(strtoll(text, NULL, 10));
    case OID_FLOAT4:
    case OID_FLOAT8:
        return hg_real(real_of(text));
    case OID_BYTEA:
        return blob_of(rows, text);
    default:
        return hg_text_n(text, (size_t)pq->PQgetlength(rows->result, 0, at));
    }
}

/* --- prepared statements --- */

static bool postgres_prepare(hg_conn *base, const char *sql, hg_deadline by,
                             hg_statement **out_statement, hg_error *err)
{
    struct postgres_conn *conn = of(base);
    struct postgres_statement *statement = alloc_zero(1, sizeof *statement);
    bool ok = statement != NULL || sqlstate_no_memory(err);

    postgres_begin(conn, by);
    if (ok && !prepared_is_possible(conn)) {
        statement->sql = alloc_text(sql);
        ok = (statement->sql != NULL || sqlstate_no_memory(err)) && prepared_check(conn, sql, err);
    } else if (ok) {
        ok = prepared_make(conn, sql, NULL, 0, &statement->number, err);
    }
    if (ok) {
        statement->base.conn = base;
        *out_statement = &statement->base;
    } else if (statement != NULL) {
        alloc_free(statement->sql);
        alloc_free(statement);
    }
    return ok;
}

static bool postgres_statement_query(hg_statement *base, const hg_value *values, size_t n,
                                     hg_deadline by, hg_rows **out_rows, hg_error *err)
{
    const struct postgres_statement *statement = (const struct postgres_statement *)base;
    struct postgres_conn *conn = of(base->conn);
    struct params params;
    bool ok;

    if (statement->sql != NULL)
        return postgres_query(base->conn, statement->sql, values, n, by, out_rows, err);
    ok = params_init(&params, values, n, true, err);
    if (ok) {
        postgres_begin(conn, by);
        ok = conn->pq->PQsendQueryPrepared(conn->pg, prepared_name(statement->number).text, (int)n,
                                           params.values, params.lengths, params.formats, 0)
             || wire_fail_to_send(conn, err);
    }
    params_release(&params);
    return ok && begin_rows(conn, out_rows, err);
}

static void postgres_statement_close(hg_statement *base)
{
    struct postgres_statement *statement = (struct postgres_statement *)base;

    if (statement->sql == NULL)
        prepared_close(of(base->conn), statement->number);
    alloc_free(statement->sql);
    alloc_free(statement);
}

/* --- the connection --- */

static void free_conn(struct postgres_conn *conn)
{
    errand_leave(conn->cancel);
    if (conn->message != NULL)
        conn->pq->PQfreemem(conn->message);
    if (conn->pg != NULL)
        conn->pq->PQfinish(conn->pg);
    wait_release(&conn->wait);
    prepared_release(conn);
    alloc_free(conn);
}

/* PQfinish() says goodbye without waiting, because the connection is in non-blocking mode. Rows
 * that are still open go with the connection: nothing is read for them. */
static void postgres_close(hg_conn *base)
{
    base->lost = true;
    conn_end(base);
    free_conn(of(base));
}

/* The socket is the parent's too: here it is put aside before libpq can say goodbye through it. */
static void postgres_abandon(hg_conn *base)
{
    struct postgres_conn *conn = of(base);
    int fd = conn->pq->PQsocket(conn->pg), nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    base->lost = true;
    conn_end(base);
    conn->cancel = NULL; /* its thread is the parent's */
    if (fd >= 0 && nothing >= 0 && dup2(nothing, fd) == fd)
        free_conn(conn);
    else if (fd >= 0)
        close(fd);
    if (nothing >= 0)
        close(nothing);
}

/*
 * A dead server's socket is readable: first its last words, behind them the end. So everything that
 * has arrived is read, until nothing more is there or the connection is known to be bad.
 */
static bool postgres_alive(hg_conn *base)
{
    struct postgres_conn *conn = of(base);
    struct pollfd end = {.fd = conn->pq->PQsocket(conn->pg), .events = POLLIN};

    for (int round = 0; round < ALIVE_ROUNDS && !base->lost && end.fd >= 0; round++) {
        if (poll(&end, 1, 0) == 0)
            return true;
        if (conn->pq->PQconsumeInput(conn->pg) == 0)
            return false;
        (void)conn->pq->PQisBusy(conn->pg); /* takes notices out of the buffer */
        if (conn->pq->PQstatus(conn->pg) != CONNECTION_OK)
            return false;
        end.fd = conn->pq->PQsocket(conn->pg);
    }
    return false;
}

static bool postgres_ping(hg_conn *base, hg_deadline by, hg_error *err)
{
    atomic_store(&base->cancelled, false);
    postgres_begin(of(base), by);
    return wire_run(of(base), "", NULL, err);
}

static bool end_transaction(struct postgres_conn *conn, hg_reset how, bool *out_was_open,
                            hg_error *err)
{
    PGTransactionStatusType status = conn->pq->PQtransactionStatus(conn->pg);

    *out_was_open = status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
    if (status == PQTRANS_ACTIVE) /* rows and statements have been ended */
        return hg_fail(err, HG_MISUSE, "its user left a COPY open");
    if (!*out_was_open || how == HG_RESET_NONE)
        return true;
    return wire_run(conn, how == HG_RESET_COMMIT ? "COMMIT" : "ROLLBACK", NULL, err);
}

static bool postgres_reset(hg_conn *base, hg_reset how, hg_deadline by, bool *out_was_open,
                           hg_error *err)
{
    struct postgres_conn *conn = of(base);

    *out_was_open = false;
    atomic_store(&base->cancelled, false);
    conn->was_in_transaction = false; /* it ends anyway: open rows need not be read to keep it */
    conn_end(base);
    if (base->lost)
        return sqlstate_fail(err, "08003", "the connection was lost before");
    postgres_begin(conn, by);
    if (!end_transaction(conn, how, out_was_open, err))
        return false;
    if (how != HG_RESET_FULL || conn->pooled)
        return true;
    if (!wire_run(conn, "DISCARD ALL", NULL, err))
        return false;
    prepared_gone(conn);
    return postgres_set_up(conn, err);
}

static int postgres_descriptor(const hg_conn *conn)
{
    return of(conn)->pq->PQsocket(of(conn)->pg);
}

static void postgres_cancel(hg_conn *conn)
{
    wait_wake(&of(conn)->wait);
}

static int postgres_library_version(void)
{
    const struct pq *pq = pq_load(NULL);

    return pq == NULL ? 0 : pq->PQlibVersion();
}

static bool postgres_in_transaction(const hg_conn *base)
{
    const struct postgres_conn *conn = of(base);

    switch (conn->pq->PQtransactionStatus(conn->pg)) {
    case PQTRANS_INTRANS:
    case PQTRANS_INERROR:
        return true;
    case PQTRANS_ACTIVE:
        return conn->was_in_transaction;
    default:
        return false;
    }
}

static bool postgres_transaction_failed(const hg_conn *conn)
{
    return of(conn)->pq->PQtransactionStatus(of(conn)->pg) == PQTRANS_INERROR;
}

/* Behind a pooler the process changes with every transaction. */
static int64_t postgres_backend_pid(const hg_conn *conn)
{
    return of(conn)->pooled ? 0 : of(conn)->pq->PQbackendPID(of(conn)->pg);
}

static const char *postgres_server_version(const hg_conn *conn)
{
    return of(conn)->version;
}

static int postgres_server_version_number(const hg_conn *conn)
{
    return of(conn)->pq->PQserverVersion(of(conn)->pg);
}

const struct driver driver_postgres = {
    .id = HG_POSTGRESQL,
    .open = postgres_open,
    .close = postgres_close,
    .abandon = postgres_abandon,
    .alive = postgres_alive,
    .ping = postgres_ping,
    .reset = postgres_reset,
    .descriptor = postgres_descriptor,
    .query = postgres_query,
    .next = postgres_next,
    .column_name = postgres_column_name,
    .value = postgres_value,
    .rows_close = postgres_rows_close,
    .prepare = postgres_prepare,
    .statement_query = postgres_statement_query,
    .statement_close = postgres_statement_close,
    .cancel = postgres_cancel,
    .thread_ends = pq_thread_ends,
    .library_version = postgres_library_version,
    .in_transaction = postgres_in_transaction,
    .transaction_failed = postgres_transaction_failed,
    .backend_pid = postgres_backend_pid,
    .server_version = postgres_server_version,
    .server_version_number = postgres_server_version_number,
};
