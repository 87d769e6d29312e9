/*
 * postgres_bulk.c - COPY from and to the client, and scripts. Must not know what is copied.
 *
 * libpq is in non-blocking mode: it would keep every byte that the server does not take yet, so
 * each send first waits until the one before is on its way. A COPY that is told to stop is not left
 * alone: its end is sent or read, because the connection is of no use in the middle of one.
 */
#include "bulk.h"

#include <poll.h>
#include <stdlib.h>

#include "lent.h"
#include "postgres.h"
#include "postgres_prepared.h"
#include "sqlstate.h"

/* The connection in a caller's hand; NULL: it is no longer the caller's. */
static struct postgres_conn *of(hg_conn *handle, const char *doing, hg_error *err)
{
    return (struct postgres_conn *)conn_in_hand(handle, doing, err);
}

/* Whether a statement may be sent; if so, cancelling is about this one from here on. */
static bool begin(struct postgres_conn *bulk, hg_deadline by, hg_error *err)
{
    hg_conn *conn = &bulk->base;

    if (conn->lost)
        return sqlstate_fail(err, "08003",
                             "could not run a statement: the connection was lost before");
    if (conn->driver->id != HG_POSTGRESQL || conn->open_rows != NULL)
        return hg_fail(err, HG_MISUSE, "could not run a statement on this connection now");
    atomic_store(&conn->cancelled, false);
    postgres_begin(bulk, by);
    return true;
}

static bool is_failure(ExecStatusType status)
{
    return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

/* Reads results to the end of the statement; the first failure is the one that is told. */
static bool read_results(struct postgres_conn *conn, int64_t *out_rows, size_t *out_done,
                         hg_error *err)
{
    PGresult *result = NULL;
    bool ok = true, talking;

    while ((talking = wire_result(conn, &result, ok ? err : NULL)) && result != NULL) {
        if (ok && is_failure(conn->pq->PQresultStatus(result)))
            ok = wire_fail(conn, result, err);
        if (ok && out_rows != NULL)
            *out_rows = strtoll(conn->pq->PQcmdTuples(result), NULL, 10);
        if (ok && out_done != NULL)
            ++*out_done;
        prepared_settle(conn, result);
        conn->pq->PQclear(result);
    }
    return ok && talking
           && (!conn->base.lost || sqlstate_fail(err, "08006", "the connection was lost"));
}

bool bulk_script(hg_conn *handle, const char *sql, hg_deadline by, hg_error *err)
{
    size_t unasked;

    return bulk_script_counted(handle, sql, by, &unasked, err);
}

bool bulk_script_counted(hg_conn *handle, const char *sql, hg_deadline by, size_t *out_done,
                         hg_error *err)
{
    struct postgres_conn *conn = of(handle, "run a script", err);

    *out_done = 0;
    if (conn == NULL || !begin(conn, by, err))
        return false;
    if (conn->pq->PQsendQuery(conn->pg, sql) == 0)
        return wire_fail_to_send(conn, err);
    return wire_flush(conn, err) && read_results(conn, NULL, out_done, err);
}

/* Sends a COPY and waits for the server to be ready for it. */
static bool begin_copy(hg_conn *handle, const char *sql, ExecStatusType wanted, hg_deadline by,
                       hg_error *err)
{
    struct postgres_conn *conn = of(handle, "copy", err);
    PGresult *result = NULL;
    ExecStatusType status;

    if (conn == NULL || !begin(conn, by, err))
        return false;
    if (conn->pq->PQsendQuery(conn->pg, sql) == 0)
        return wire_fail_to_send(conn, err);
    if (!wire_flush(conn, err) || !wire_result(conn, &result, err))
        return false;
    status = conn->pq->PQresultStatus(result);
    if (status == wanted) {
        conn->pq->PQclear(result);
        return true;
    }
    if (result == NULL || !is_failure(status))
        hg_fail(err, HG_MISUSE, "the statement is not the COPY that was announced");
    else
        wire_fail(conn, result, err);
    conn->pq->PQclear(result);
    (void)wire_finish(conn, NULL);
    return false;
}

bool bulk_copy_in(hg_conn *conn, const char *sql, hg_deadline by, hg_error *err)
{
    return begin_copy(conn, sql, PGRES_COPY_IN, by, err);
}

bool bulk_send(hg_conn *handle, const void *bytes, size_t size, hg_deadline by, hg_error *err)
{
    struct postgres_conn *conn = of(handle, "copy", err);

    if (conn == NULL)
        return false;
    if (conn->stopped == STOP_NOT)
        wire_begin(conn, by);
    if (!wire_flush(conn, err))
        return false;
    if (conn->stopped != STOP_NOT)
        return stop_fail(conn->stopped, "copy", err);
    if (conn->pq->PQputCopyData(conn->pg, bytes, (int)size) != 1)
        return wire_fail_to_send(conn, err);
    return true;
}

bool bulk_copy_end(hg_conn *handle, const char *giving_up, hg_deadline by, int64_t *out_rows,
                   hg_error *err)
{
    struct postgres_conn *conn = of(handle, "end a copy", err);
    hg_error ignored = {0};
    bool ok;

    if (conn == NULL)
        return false;
    if (conn->base.lost)
        return sqlstate_fail(err, "08006", "the connection was lost");
    wire_begin(conn, by);
    if (conn->pq->PQputCopyEnd(conn->pg, giving_up) != 1)
        return wire_fail_to_send(conn, err);
    ok = wire_flush(conn, err)
         && read_results(conn, out_rows, NULL, giving_up == NULL ? err : &ignored);
    return giving_up == NULL ? ok : !conn->base.lost;
}

/* --- COPY TO --- */

bool bulk_copy_out(hg_conn *conn, const char *sql, hg_deadline by, hg_error *err)
{
    return begin_copy(conn, sql, PGRES_COPY_OUT, by, err);
}

static void free_message(struct postgres_conn *conn)
{
    if (conn->message != NULL)
        conn->pq->PQfreemem(conn->message);
    conn->message = NULL;
}

/* The next message, waiting for it; -1 at the end, -2 when the connection failed. */
static int next_message(struct postgres_conn *conn)
{
    int size;

    while ((size = conn->pq->PQgetCopyData(conn->pg, &conn->message, 1)) == 0)
        if (!wire_wait(conn, POLLIN) || conn->pq->PQconsumeInput(conn->pg) == 0)
            return -2;
    return size;
}

hg_step bulk_receive(hg_conn *handle, const char **out_bytes, size_t *out_size, hg_deadline by,
                     hg_error *err)
{
    struct postgres_conn *conn = of(handle, "copy", err);
    int size;

    if (conn == NULL)
        return HG_ERROR;
    free_message(conn);
    if (conn->stopped == STOP_NOT)
        conn->watch.by = by;
    size = next_message(conn);
    if (size > 0) {
        *out_bytes = conn->message;
        *out_size = (size_t)size;
        return HG_ROW;
    }
    if (size == -2) {
        wire_fail_to_send(conn, err);
        conn->base.lost = true;
        return HG_ERROR;
    }
    return read_results(conn, NULL, NULL, err) ? HG_END : HG_ERROR;
}

void bulk_copy_out_stop(hg_conn *handle)
{
    struct postgres_conn *conn = of(handle, "stop a copy", NULL);

    if (conn == NULL || conn->base.lost)
        return;
    wire_cancel(conn);
    do
        free_message(conn);
    while (next_message(conn) > 0);
    free_message(conn);
    (void)wire_finish(conn, NULL);
}
