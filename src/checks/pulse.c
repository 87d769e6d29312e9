/*
 * pulse.c - one statement that tells whether the database answers, and whether readiness would find
 * something else than the last time. Must not know what readiness asks: it may say "perhaps" too
 * often, never too seldom for long, since whoever trusts it runs readiness now and then all the
 * same.
 */
#include <headgate/checks.h>

#include <stdio.h>

#include "migrate/lock.h"

/*
 * Who holds the deployers' lock; what has been written into the ledger, wherever its tables lie,
 * without touching them: a deployer may have locked them; the server's mode; tenths of its
 * connections.
 */
static const char postgresql_form[] =
    "SELECT pg_catalog.concat_ws(' ', pg_catalog.pg_is_in_recovery(),"
    " pg_catalog.current_setting('transaction_read_only'),"
    " (SELECT 10 * pg_catalog.count(*) / pg_catalog.current_setting('max_connections')::int"
    " FROM pg_catalog.pg_stat_get_activity(NULL)"
    " WHERE backend_type = 'client backend' OR backend_type IS NULL),"
    " (SELECT pg_catalog.string_agg(objid || '/' || pid, ' ' ORDER BY objid, pid)"
    " FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND classid = %d::oid"
    " AND objsubid = 2 AND granted),"
    " (SELECT pg_catalog.string_agg(oid || '/' || pg_catalog.pg_stat_get_tuples_inserted(oid)"
    " || '/' || pg_catalog.pg_stat_get_tuples_updated(oid)"
    " || '/' || pg_catalog.pg_stat_get_tuples_deleted(oid), ' ' ORDER BY oid)"
    " FROM pg_catalog.pg_class WHERE relname IN ('headgate_history', 'alembic_version')))";

/* Changes with everything that another connection commits; asking for it reads the file. */
static const char sqlite_sql[] = "PRAGMA data_version";

/* FNV-1a; 0 means that there is no mark. */
static uint64_t mark_of(const char *text)
{
    uint64_t sum = UINT64_C(14695981039346656037);

    for (; *text != '\0'; text++)
        sum = (sum ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return sum == 0 ? 1 : sum;
}

static bool ask(hg_conn *conn, hg_deadline by, uint64_t *out_mark, hg_error *err)
{
    char postgresql[sizeof postgresql_form + 16];
    hg_rows *rows = NULL;
    bool ok;

    snprintf(postgresql, sizeof postgresql, postgresql_form, LOCK_FAMILY);
    ok = hg_conn_query(conn, hg_conn_driver(conn) == HG_SQLITE ? sqlite_sql : postgresql, NULL, 0,
                       by, &rows, err)
         && hg_rows_next(rows, by, err) == HG_ROW;
    if (ok)
        *out_mark = mark_of(hg_rows_text(rows, 0));
    hg_rows_close(rows);
    return ok;
}

bool hg_readiness_pulse(hg_pool *pool, hg_deadline by, const hg_observer *observer,
                        uint64_t *out_mark, hg_error *err)
{
    hg_conn *conn = NULL;
    bool ok;

    if (!hg_pool_checkout(pool, "ping", by, &conn, err))
        return false;
    if (observer != NULL)
        hg_conn_set_interrupt(conn, observer->cancelled, observer->context);
    ok = ask(conn, by, out_mark, err);
    hg_conn_set_interrupt(conn, NULL, NULL);
    hg_pool_return(pool, conn);
    return ok;
}
