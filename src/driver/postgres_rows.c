/*
 * postgres_rows.c - what comes back from a PostgreSQL server: rows one by one in text form,
 * whatever their number, and their values.
 */
#include "postgres.h"

#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "postgres_prepared.h"
#include "sqlstate.h"

enum {
    DRAIN_MS = 50, /* how long rows that nobody wants are read before they are cancelled */
    DRAIN_IN_TRANSACTION_MS = 30000
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
    const struct pq *pq = postgres_of(rows->base.conn)->pq;
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
    struct postgres_conn *conn = postgres_of(rows->base.conn);
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
    struct postgres_conn *conn = postgres_of(rows->base.conn);

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
    const struct postgres_conn *conn = postgres_of(rows->base.conn);
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

bool postgres_rows_begin(struct postgres_conn *conn, hg_rows **out_rows, hg_error *err)
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

hg_step postgres_next(hg_rows *base, hg_deadline by, hg_error *err)
{
    struct postgres_rows *rows = (struct postgres_rows *)base;
    hg_step step = rows->pending;

    arena_release(&rows->blobs);
    if (rows->no_memory) {
        sqlstate_no_memory(err);
        return HG_ERROR;
    }
    if (!rows->has_pending) {
        wire_begin(postgres_of(base->conn), by);
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

void postgres_rows_close(hg_rows *base)
{
    struct postgres_rows *rows = (struct postgres_rows *)base;
    struct postgres_conn *conn = postgres_of(base->conn);

    if (!rows->idle && !conn->base.lost)
        abandon_rows(conn);
    conn->pq->PQclear(rows->result);
    arena_release(&rows->blobs);
    alloc_free(rows);
}

const char *postgres_column_name(const hg_rows *base, size_t column)
{
    const struct postgres_rows *rows = (const struct postgres_rows *)base;
    const char *name = postgres_of(base->conn)->pq->PQfname(rows->result, (int)column);

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
    const struct pq *pq = postgres_of(rows->base.conn)->pq;
    size_t size = 0;
    unsigned char *plain = pq->PQunescapeBytea((const unsigned char *)text, &size);
    void *copy = plain == NULL ? NULL : arena_alloc(&rows->blobs, size + 1, 1);

    if (copy != NULL)
        memcpy(copy, plain, size);
    pq->PQfreemem(plain);
    rows->no_memory = rows->no_memory || copy == NULL;
    return copy == NULL ? hg_null() : hg_blob(copy, size);
}

hg_value postgres_value(hg_rows *base, size_t column)
{
    struct postgres_rows *rows = (struct postgres_rows *)base;
    const struct pq *pq = postgres_of(base->conn)->pq;
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
