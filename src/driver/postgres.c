/*
 * postgres.c - the PostgreSQL engine: statements, the connection, the table of both.
 *
 * Statements go by the extended protocol, with the type of every parameter that has one; a text
 * goes without, so that the server takes it for what it needs there (a date, a number, JSON).
 */
#include "postgres.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "postgres_prepared.h"
#include "sqlstate.h"

enum { ALIVE_ROUNDS = 1000 };

struct postgres_statement {
    hg_statement base;
    unsigned long number; /* of its name on the server */
    char *sql;            /* where it has none: sent again each time; else NULL */
};

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
    return (sent || wire_fail_to_send(conn, err)) && postgres_rows_begin(conn, out_rows, err);
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
    struct postgres_conn *conn = postgres_of(base);
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

/* --- prepared statements --- */

static bool postgres_prepare(hg_conn *base, const char *sql, hg_deadline by,
                             hg_statement **out_statement, hg_error *err)
{
    struct postgres_conn *conn = postgres_of(base);
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
    struct postgres_conn *conn = postgres_of(base->conn);
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
    return ok && postgres_rows_begin(conn, out_rows, err);
}

static void postgres_statement_close(hg_statement *base)
{
    struct postgres_statement *statement = (struct postgres_statement *)base;

    if (statement->sql == NULL)
        prepared_close(postgres_of(base->conn), statement->number);
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
    free_conn(postgres_of(base));
}

/* The socket is the parent's too: here it is put aside before libpq can say goodbye through it. */
static void postgres_abandon(hg_conn *base)
{
    struct postgres_conn *conn = postgres_of(base);
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
    struct postgres_conn *conn = postgres_of(base);
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
    postgres_begin(postgres_of(base), by);
    return wire_run(postgres_of(base), "", NULL, err);
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
    struct postgres_conn *conn = postgres_of(base);

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
    return postgres_of(conn)->pq->PQsocket(postgres_of(conn)->pg);
}

static void postgres_cancel(hg_conn *conn)
{
    wait_wake(&postgres_of(conn)->wait);
}

static int postgres_library_version(void)
{
    const struct pq *pq = pq_load(NULL);

    return pq == NULL ? 0 : pq->PQlibVersion();
}

static bool postgres_in_transaction(const hg_conn *base)
{
    const struct postgres_conn *conn = postgres_of(base);

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
    return postgres_of(conn)->pq->PQtransactionStatus(postgres_of(conn)->pg) == PQTRANS_INERROR;
}

/* Behind a pooler the process changes with every transaction. */
static int64_t postgres_backend_pid(const hg_conn *conn)
{
    return postgres_of(conn)->pooled ? 0
                                     : postgres_of(conn)->pq->PQbackendPID(postgres_of(conn)->pg);
}

static const char *postgres_server_version(const hg_conn *conn)
{
    return postgres_of(conn)->version;
}

static int postgres_server_version_number(const hg_conn *conn)
{
    return postgres_of(conn)->pq->PQserverVersion(postgres_of(conn)->pg);
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
