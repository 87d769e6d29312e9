/*
 * postgres_prepared.c - names on the server, and when they are used.
 */
#include "postgres_prepared.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "sqlstate.h"

struct prepared_name prepared_name(unsigned long number)
{
    struct prepared_name name = {""};
    char digits[24];
    size_t n = 0, at = 3;

    if (number == 0)
        return name;
    memcpy(name.text, "hg_", at); /* not printf: it would be a twentieth of a small query */
    for (; number > 0; number /= 10)
        digits[n++] = (char)('0' + number % 10);
    while (n > 0)
        name.text[at++] = digits[--n];
    name.text[at] = '\0';
    return name;
}

bool prepared_is_possible(const struct postgres_conn *conn)
{
    return conn->prepared == PREPARED_NAMED && !conn->pooled;
}

/* --- making and closing --- */

/* Inside a transaction the failure has cost the transaction. Outside it costs nothing: somebody has
 * closed statements behind our back, and what is closed need not be closed. */
static bool no_matter(const struct postgres_conn *conn)
{
    return !conn->was_in_transaction && !conn->base.lost && conn->stopped == STOP_NOT;
}

/* Tells the server which statements nobody holds any more, before it gets a new one. */
static bool deallocate_closed(struct postgres_conn *conn, hg_error *err)
{
    struct buf sql = BUF_INIT(1 << 20);
    const unsigned long *number;
    hg_error said = {HG_OK};
    bool ok;

    if (conn->closed.count == 0 || conn->pq->PQtransactionStatus(conn->pg) == PQTRANS_INERROR)
        return true;
    VEC_EACH (&conn->closed, number)
        buf_printf(&sql, "DEALLOCATE %s;", prepared_name(*number).text);
    if (buf_failed(&sql)) {
        buf_release(&sql);
        return sqlstate_no_memory(err);
    }
    conn->closed.count = 0;
    ok = wire_run(conn, sql.bytes, NULL, &said) || no_matter(conn);
    buf_release(&sql);
    if (!ok && err != NULL)
        *err = said;
    return ok;
}

static bool parse(struct postgres_conn *conn, const char *sql, const struct params *params,
                  size_t n, unsigned long number, hg_error *err)
{
    const Oid *types = params == NULL ? NULL : params->types;
    PGresult *result = NULL;
    bool ok;

    if (!conn->pq->PQsendPrepare(conn->pg, prepared_name(number).text, sql, (int)n, types))
        return wire_fail_to_send(conn, err);
    if (!wire_flush(conn, err) || !wire_result(conn, &result, err))
        return false;
    ok = conn->pq->PQresultStatus(result) == PGRES_COMMAND_OK || wire_fail(conn, result, err);
    conn->pq->PQclear(result);
    return wire_finish(conn, ok ? err : NULL) && ok;
}

bool prepared_make(struct postgres_conn *conn, const char *sql, const struct params *params,
                   size_t n, unsigned long *out_number, hg_error *err)
{
    unsigned long number = ++conn->statements;

    if (!deallocate_closed(conn, err) || !parse(conn, sql, params, n, number, err))
        return false;
    *out_number = number;
    return true;
}

bool prepared_check(struct postgres_conn *conn, const char *sql, hg_error *err)
{
    return parse(conn, sql, NULL, 0, 0, err);
}

void prepared_close(struct postgres_conn *conn, unsigned long number)
{
    unsigned long *closed = number <= conn->gone ? NULL : VEC_PUSH(&conn->closed);

    if (closed != NULL) /* else it stays on the server until the connection ends */
        *closed = number;
}

/* --- behind the program's back --- */

static void drop(void *conn, uintptr_t number)
{
    prepared_close(conn, number);
}

bool prepared_find(struct postgres_conn *conn, const char *sql, const struct params *params,
                   size_t n, struct cached **out_cached, hg_error *err)
{
    struct cache_key key;
    unsigned long number = 0;

    if (!prepared_is_possible(conn) || conn->unsettled
        || conn->pq->PQtransactionStatus(conn->pg) == PQTRANS_INERROR)
        return true;
    conn->cache.drop = drop;
    conn->cache.owner = conn;
    key = cache_key(sql, params->types, n);
    *out_cached = cache_find(&conn->cache, &key);
    if (*out_cached != NULL || !cache_worth(&conn->cache, &key))
        return true;
    if (!prepared_make(conn, sql, params, n, &number, err))
        return false;
    *out_cached = cache_keep(&conn->cache, &key, number);
    if (*out_cached == NULL)
        prepared_close(conn, number);
    return true;
}

/* Whether a statement is one of those that change no table's shape. Its command tag says so
 * (protocol, CommandComplete); a SELECT without a result has made a table. */
static bool is_everyday(const char *tag, ExecStatusType status)
{
    static const char *const words[] = {"SELECT",    "INSERT",  "UPDATE",   "DELETE", "BEGIN",
                                        "COMMIT",    "MERGE",   "ROLLBACK", "START",  "SET",
                                        "SAVEPOINT", "RELEASE", "RESET",    "SHOW",   "LOCK",
                                        "EXPLAIN",   "FETCH",   ""};
    size_t length = strcspn(tag, " ");

    if (status == PGRES_COMMAND_OK && strncmp(tag, "SELECT", 6) == 0)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(tag, words[i], length) == 0 && words[i][length] == '\0')
            return true;
    return false;
}

/*
 * A statement that was prepared before its table got another column fails inside a transaction,
 * where sending the text would have worked. So our own changes end all that is kept, and until
 * their transaction has ended nothing new is: a rollback brings the old tables back.
 */
void prepared_settle(struct postgres_conn *conn, const PGresult *result)
{
    const char *tag = conn->pq->PQcmdStatus((PGresult *)result);

    if (is_everyday(tag, conn->pq->PQresultStatus(result)))
        return;
    if (strncmp(tag, "DISCARD", 7) == 0 || strncmp(tag, "DEALLOCATE", 10) == 0)
        prepared_gone(conn);
    cache_clear(&conn->cache);
    conn->unsettled = true;
}

static bool says(const struct postgres_conn *conn, const PGresult *error, int field,
                 const char *expected)
{
    const char *text = conn->pq->PQresultErrorField(error, field);

    return text != NULL && strcmp(text, expected) == 0;
}

/* "cached plan must not change result type" shares its state with all that is not supported; the
 * function that says it has kept its name since 8.3, and the message is translated. */
bool prepared_is_outdated(const struct postgres_conn *conn, const PGresult *error)
{
    return says(conn, error, PG_DIAG_SQLSTATE, "26000")
           || (says(conn, error, PG_DIAG_SQLSTATE, "0A000")
               && says(conn, error, PG_DIAG_SOURCE_FUNCTION, "RevalidateCachedQuery"));
}

bool prepared_fail(struct postgres_conn *conn, const PGresult *error, hg_error *err)
{
    const char *sqlstate = conn->pq->PQresultErrorField(error, PG_DIAG_SQLSTATE);

    if (strcmp(sqlstate, "26000") == 0)
        prepared_gone(conn);
    cache_clear(&conn->cache); /* what made one useless has hardly spared the others */
    if (!conn->was_in_transaction)
        return false;
    hg_fail(err, HG_SERIALIZATION, "what the statement was prepared for has changed meanwhile");
    hg_error_sqlstate(err, sqlstate);
    hg_error_hint(err, "Roll back and run the transaction again.");
    return false;
}

void prepared_gone(struct postgres_conn *conn)
{
    conn->gone = conn->statements;
    conn->closed.count = 0;
    cache_clear(&conn->cache);
}

void prepared_release(struct postgres_conn *conn)
{
    conn->cache.drop = NULL;
    cache_clear(&conn->cache);
    VEC_RELEASE(&conn->closed);
}
