/*
 * server_end.c - has the server cancel what a session runs, or end the session.
 * Must not hit another session that has got the same process id since it was looked at.
 */
#include <headgate/server.h>

#include <stdio.h>

/* When a backend began tells it from every other one of its number. */
static const char cancel_statement[] =
    "SELECT pg_cancel_backend(pid) FROM pg_catalog.pg_stat_activity"
    " WHERE pid = $1 AND (extract(epoch FROM backend_start) * 1000)::bigint = $2";
static const char terminate_statement[] =
    "SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
    " WHERE pid = $1 AND (extract(epoch FROM backend_start) * 1000)::bigint = $2";

static bool ask_server(hg_conn *conn, const char *sql, const hg_server_session *session,
                       hg_deadline by, hg_error *err)
{
    const hg_value params[] = {hg_integer(session->pid), hg_integer(session->backend_start_ms)};
    hg_rows *rows = NULL;
    bool found;

    if (!hg_conn_query(conn, sql, params, 2, by, &rows, err))
        return false;
    found = hg_rows_next(rows, by, err) == HG_ROW && hg_rows_integer(rows, 0) != 0;
    hg_rows_close(rows);
    return found || hg_fail(err, HG_FAILED, "session %lld is gone", (long long)session->pid);
}

static bool end(hg_pool *pool, const char *sql, const hg_server_session *session, hg_deadline by,
                hg_error *err)
{
    hg_conn *conn = NULL;
    bool ok;

    if (hg_url_driver(hg_pool_url(pool)) != HG_POSTGRESQL)
        return hg_fail(err, HG_UNSUPPORTED, "SQLite has no sessions that could be ended");
    if (session->own)
        return hg_fail(err, HG_MISUSE, "session %lld is the one that asks",
                       (long long)session->pid);
    if (!session->visible) {
        hg_fail(err, HG_PRIVILEGE, "session %lld belongs to a role that this one may not see",
                (long long)session->pid);
        hg_error_hint(err, "Its role has to be this one, or this one a member of "
                           "pg_signal_backend and pg_read_all_stats.");
        return false;
    }
    ok = hg_pool_checkout(pool, "sessions", by, &conn, err)
         && ask_server(conn, sql, session, by, err);
    if (conn != NULL)
        hg_pool_return(pool, conn);
    if (!ok)
        hg_error_context(err, "could not end what session %lld does", (long long)session->pid);
    return ok;
}

bool hg_server_session_cancel(hg_pool *pool, const hg_server_session *session, hg_deadline by,
                              hg_error *err)
{
    return end(pool, cancel_statement, session, by, err);
}

bool hg_server_session_terminate(hg_pool *pool, const hg_server_session *session, hg_deadline by,
                                 hg_error *err)
{
    return end(pool, terminate_statement, session, by, err);
}
