/*
 * hold.c - a session-level advisory lock on a connection of its own.
 */
#include "hold.h"

#include <poll.h>

#include "world.h"

enum { POLL_MS = 20 };

static const char lock_sql[] = "SELECT pg_try_advisory_lock(hashtext('headgate cutover')::bigint)";

static const char clear_sql[] =
    "SELECT count(*), count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = current_user"
    " AND application_name LIKE 'headgate/cutover@%'"
    " AND application_name <> current_setting('application_name')";

bool hold_take(hg_pool *target, hg_conn **out_conn, hg_error *err)
{
    hg_deadline by = world_soon();
    hg_conn *conn = NULL, *own;
    hg_rows *rows = NULL;
    bool ok;

    if (!hg_pool_checkout(target, "cutover", by, &conn, err))
        return false;
    own = hg_pool_detach(target, conn);
    ok = hg_conn_query(own, lock_sql, NULL, 0, by, &rows, err);
    if (ok) {
        ok = hg_rows_next(rows, by, err) == HG_ROW
             && (hg_rows_integer(rows, 0) != 0
                 || hg_fail(err, HG_LOCKED, "another cutover works on this target"));
        hg_rows_close(rows);
    }
    if (ok)
        *out_conn = own;
    else
        hg_conn_close(own);
    return ok;
}

bool hold_lives(hg_conn *conn)
{
    return conn != NULL && hg_conn_execute(conn, "SELECT 1", NULL, 0, world_soon(), NULL, NULL);
}

bool hold_keep(hg_pool *target, hg_conn **conn, hg_error *err)
{
    if (hold_lives(*conn))
        return true;
    hg_conn_close(*conn);
    *conn = NULL;
    return hold_take(target, conn, err);
}

bool hold_clear(hg_pool *target, hg_deadline by, hg_error *err)
{
    int64_t left = 0;

    do {
        if (!world_ask(target, clear_sql, by, &left, err))
            return false;
        if (left == 0)
            return true;
        (void)poll(NULL, 0, POLL_MS);
    } while (hg_deadline_left_ms(by) > 0);
    return hg_fail(err, HG_TIMEOUT, "%lld session(s) of an earlier process did not end",
                   (long long)left);
}
