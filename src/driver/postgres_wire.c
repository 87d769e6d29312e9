/*
 * postgres_wire.c - talks to a PostgreSQL server without ever blocking in libpq.
 *
 * A statement that must stop is ended in two steps: the server is asked to cancel it, and gets a
 * moment to answer; if it does not, because it is frozen or the network is gone, the connection is
 * lost and nobody waits for it any more. A result that arrives in that moment counts: a COMMIT that
 * was about to succeed has succeeded.
 */
#include "postgres.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "sqlstate.h"

enum { GRACE_MS = 1000, CANCEL_AGAIN_MS = 50 };

/* --- cancelling --- */

struct cancel_request {
    const struct pq *pq;
    PGcancel *cancel;
};

static void send_cancel(void *work)
{
    const struct cancel_request *request = work;
    char said[256];

    (void)request->pq->PQcancel(request->cancel, said,
                                sizeof said); /* the result tells if it came */
}

static void drop_cancel(void *work)
{
    struct cancel_request *request = work;

    request->pq->PQfreeCancel(request->cancel);
    alloc_free(request);
}

void wire_cancel(struct postgres_conn *conn)
{
    struct cancel_request *request = alloc_zero(1, sizeof *request);

    conn->cancel_sent_ns = clock_now_ns();
    if (request == NULL)
        return;
    request->pq = conn->pq;
    request->cancel = conn->pq->PQgetCancel(conn->pg);
    if (request->cancel != NULL)
        conn->cancel = errand_start(send_cancel, drop_cancel, request);
    if (conn->cancel == NULL)
        drop_cancel(request);
}

/* A cancel that comes before the server has read the statement is for nothing: it is sent again. */
static void cancel_again(struct postgres_conn *conn)
{
    if (clock_since_ms(conn->cancel_sent_ns) < CANCEL_AGAIN_MS
        || (conn->cancel != NULL && !errand_done(conn->cancel)))
        return;
    errand_leave(conn->cancel);
    conn->cancel = NULL;
    wire_cancel(conn);
}

/* The watch says stop: now the server is asked, and the watch is about its answer. */
static void begin_to_end(struct postgres_conn *conn)
{
    conn->stopped = conn->watch.stop;
    wire_cancel(conn);
    watch_start(&conn->watch, hg_deadline_in_ms(GRACE_MS));
    conn->watch.ending = true;
}

/* A cancel that is still on its way could hit the next statement: without knowing that it has
 * arrived the connection is of no use. */
static void finish_cancel(struct postgres_conn *conn)
{
    struct pollfd end = {.events = POLLIN};

    if (conn->cancel == NULL)
        return;
    end.fd = errand_fd(conn->cancel);
    while (!errand_done(conn->cancel) && watch_look(&conn->watch, &conn->base) == STOP_NOT)
        (void)poll(&end, 1, watch_wait_ms(&conn->watch, &conn->base));
    if (!errand_done(conn->cancel))
        conn->base.lost = true;
    errand_leave(conn->cancel);
    conn->cancel = NULL;
}

/* --- waiting --- */

void wire_begin(struct postgres_conn *conn, hg_deadline by)
{
    watch_start(&conn->watch, by);
    conn->started_ns = conn->statement_timeout_ms > 0 ? clock_now_ns() : 0;
    conn->stopped = STOP_NOT;
}

/* false: also the time for the answer to a cancel is over. */
static bool go_on(struct postgres_conn *conn)
{
    bool stop = watch_look(&conn->watch, &conn->base) != STOP_NOT;

    if (conn->watch.ending && !stop)
        cancel_again(conn);
    else if (stop && !conn->watch.ending)
        begin_to_end(conn);
    else
        return !stop;
    return true;
}

static int64_t until_ns(const struct postgres_conn *conn)
{
    int64_t next_ns = watch_next_ns(&conn->watch, &conn->base);
    hg_deadline again =
        conn->watch.ending ? hg_deadline_in_ms(CANCEL_AGAIN_MS) : hg_deadline_never();

    return again.at_ns < next_ns ? again.at_ns : next_ns;
}

bool wire_wait(struct postgres_conn *conn, short events)
{
    while (go_on(conn))
        if (wait_until(&conn->wait, conn->pq->PQsocket(conn->pg), events, until_ns(conn)))
            return true;
    return false;
}

static bool fail_lost(struct postgres_conn *conn, hg_error *err)
{
    const char *said = conn->pq->PQerrorMessage(conn->pg);

    conn->base.lost = true;
    hg_fail(err, HG_LOST, "the connection was lost: %.*s", (int)strcspn(said, "\n"), said);
    hg_error_sqlstate(err, "08006");
    hg_error_hint(err, "The server or the network went away; whether the statement took effect is "
                       "not known.");
    return false;
}

static bool fail_silent(struct postgres_conn *conn, hg_error *err)
{
    conn->base.lost = true;
    errand_leave(conn->cancel);
    conn->cancel = NULL;
    stop_fail(conn->stopped, "run the statement", err);
    hg_error_context(err, "the server does not answer any more");
    return false;
}

bool wire_flush(struct postgres_conn *conn, hg_error *err)
{
    int more;

    while ((more = conn->pq->PQflush(conn->pg)) == 1) {
        if (!wire_wait(conn, POLLIN | POLLOUT))
            return fail_silent(conn, err);
        if (conn->pq->PQconsumeInput(conn->pg) == 0)
            return fail_lost(conn, err);
    }
    return more == 0 || fail_lost(conn, err);
}

/* What the server said before it hung up is still to be read, so losing it is not noticed here. */
bool wire_result(struct postgres_conn *conn, PGresult **out_result, hg_error *err)
{
    if (watch_is_due(&conn->watch, &conn->base) && !go_on(conn)) /* rows that never run dry */
        return fail_silent(conn, err);
    while (conn->pq->PQisBusy(conn->pg)) {
        if (!wire_wait(conn, POLLIN))
            return fail_silent(conn, err);
        if (conn->pq->PQconsumeInput(conn->pg) == 0)
            break;
    }
    *out_result = conn->pq->PQgetResult(conn->pg);
    if (*out_result == NULL)
        finish_cancel(conn);
    if (*out_result == NULL && conn->pq->PQstatus(conn->pg) != CONNECTION_OK)
        conn->base.lost = true;
    return true;
}

bool wire_finish(struct postgres_conn *conn, hg_error *err)
{
    PGresult *result = NULL;
    bool ok;

    while ((ok = wire_result(conn, &result, err)) && result != NULL)
        conn->pq->PQclear(result);
    return ok;
}

/* Outside a transaction the server commits after it has said that the statement is complete: what
 * fails then (a deferred constraint, a serialization, the session's end) comes behind the success.
 */
bool wire_settle(struct postgres_conn *conn, hg_error *err)
{
    PGresult *result = NULL;
    bool ok = true, more;

    while ((more = wire_result(conn, &result, ok ? err : NULL)) && result != NULL) {
        ExecStatusType status = conn->pq->PQresultStatus(result);

        if (ok && (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE))
            ok = wire_fail(conn, result, err);
        conn->pq->PQclear(result);
    }
    return ok && more;
}

/* --- errors --- */

struct hint_row {
    hg_code code;
    const char *hint;
};

/* clang-format off */
static const struct hint_row hints[] = {
    {HG_LOCKED,        "Somebody else holds the lock; see who blocks whom among the database's sessions."},
    {HG_SERIALIZATION, "A concurrent transaction was in the way; roll back and run the transaction again."},
    {HG_LOST,          "Whether the statement took effect is not known."},
    {HG_PRIVILEGE,     "Grant it to the role, or connect as another one."},
    {HG_READ_ONLY,     "The session was opened read-only, or the server is a standby."},
    {HG_DISK_FULL,     "Make room on the server's disk."},
};
/* clang-format on */

static const char *field(const struct postgres_conn *conn, const PGresult *result, int code)
{
    const char *text = conn->pq->PQresultErrorField(result, code);

    return text == NULL ? "" : text;
}

static int without_end(const char *text)
{
    size_t n = strlen(text);

    while (n > 0 && strchr(".\n ", text[n - 1]) != NULL)
        n--;
    return (int)n;
}

/* message (detail) [where] */
static void compose(struct postgres_conn *conn, const PGresult *result, hg_code code, hg_error *err)
{
    const char *message = field(conn, result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = field(conn, result, PG_DIAG_MESSAGE_DETAIL);
    const char *context = field(conn, result, PG_DIAG_CONTEXT);

    if (message[0] == '\0')
        message = conn->pq->PQerrorMessage(conn->pg);
    hg_fail(err, code, "%.*s%s%.*s%s%s%.*s%s", (int)strcspn(message, "\n"), message,
            detail[0] == '\0' ? "" : " (", without_end(detail), detail,
            detail[0] == '\0' ? "" : ")", context[0] == '\0' ? "" : " [",
            (int)strcspn(context, "\n"), context, context[0] == '\0' ? "" : "]");
}

/* The server's statement_timeout has the same SQLSTATE as a cancel by somebody else. */
static bool ran_out_of_time(const struct postgres_conn *conn, const PGresult *result)
{
    int64_t ran_ms = (clock_now_ns() - conn->started_ns) / 1000000;

    return (conn->statement_timeout_ms > 0 && ran_ms >= conn->statement_timeout_ms)
           || strstr(field(conn, result, PG_DIAG_MESSAGE_PRIMARY), "timeout") != NULL;
}

bool wire_fail(struct postgres_conn *conn, const PGresult *result, hg_error *err)
{
    const char *sqlstate = field(conn, result, PG_DIAG_SQLSTATE);
    hg_code code = sqlstate_code(sqlstate);

    if (conn->pq->PQstatus(conn->pg) != CONNECTION_OK || sqlstate_gone(sqlstate))
        conn->base.lost = true;
    if (conn->wants_writable && !conn->read_only && strcmp(sqlstate, "25006") == 0)
        conn->base.misplaced = true; /* the primary has become a standby */
    if (sqlstate[0] == '\0' && conn->base.lost)
        return fail_lost(conn, err);
    if (code == HG_CANCELLED && conn->stopped != STOP_NOT)
        return stop_fail(conn->stopped, "run the statement", err);
    if (code == HG_CANCELLED && ran_out_of_time(conn, result))
        code = HG_TIMEOUT;
    compose(conn, result, code, err);
    hg_error_sqlstate(err, sqlstate);
    hg_error_place(err, NULL, 0, atoi(field(conn, result, PG_DIAG_STATEMENT_POSITION)));
    if (field(conn, result, PG_DIAG_MESSAGE_HINT)[0] != '\0')
        hg_error_hint(err, "%s", field(conn, result, PG_DIAG_MESSAGE_HINT));
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (hints[i].code == code)
            hg_error_hint(err, "%s", hints[i].hint);
    return false;
}

bool wire_fail_to_send(struct postgres_conn *conn, hg_error *err)
{
    const char *said = conn->pq->PQerrorMessage(conn->pg);

    if (conn->pq->PQstatus(conn->pg) != CONNECTION_OK)
        return fail_lost(conn, err);
    return hg_fail(err, HG_SQL, "the statement cannot be sent: %.*s", (int)strcspn(said, "\n"),
                   said);
}

static bool failed(const struct postgres_conn *conn, const PGresult *result)
{
    ExecStatusType status = conn->pq->PQresultStatus(result);

    return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

bool wire_run(struct postgres_conn *conn, const char *sql, int *out_rows, hg_error *err)
{
    PGresult *result = NULL;
    bool ok = true, talking;

    if (conn->pq->PQsendQuery(conn->pg, sql) == 0)
        return wire_fail_to_send(conn, err);
    if (!wire_flush(conn, err))
        return false;
    while ((talking = wire_result(conn, &result, ok ? err : NULL)) && result != NULL) {
        if (ok && failed(conn, result))
            ok = wire_fail(conn, result, err);
        if (ok && out_rows != NULL)
            *out_rows = conn->pq->PQntuples(result);
        conn->pq->PQclear(result);
    }
    return ok && talking;
}
