/*
 * fence.c - ALTER ROLE ... IN DATABASE ... SET default_transaction_read_only, and who is connected
 * as that role. The setting of a role in a database is stronger than that of either alone
 * (https://www.postgresql.org/docs/current/sql-alterrole.html).
 */
#include "fence.h"

#include <poll.h>

#include "base/buf.h"

#define OTHERS "application_name NOT LIKE 'headgate/cutover@%'"

enum { NAME_ROOM = 256, SQL_LIMIT = 4096, POLL_MS = 20 };

bool fence_cross(hg_pool *target, hg_deadline by, hg_conn **out_conn, hg_error *err)
{
    hg_conn *conn = NULL;

    if (!hg_pool_checkout(target, "cutover", by, &conn, err))
        return false;
    if (!hg_conn_execute(conn, "SET default_transaction_read_only = off", NULL, 0, by, NULL, err)) {
        hg_pool_discard(target, conn);
        return false;
    }
    *out_conn = conn;
    return true;
}

/* A row of two integers about a role. $2, where the question has it: a time in microseconds. */
static bool ask_two(hg_pool *target, const char *sql, const char *role, const int64_t *time_us,
                    hg_deadline by, int64_t out[2], hg_error *err)
{
    const hg_value values[] = {hg_text(role), hg_integer(time_us == NULL ? 0 : *time_us)};
    hg_conn *conn = NULL;
    hg_rows *rows = NULL;
    bool ok;

    if (!fence_cross(target, by, &conn, err))
        return false;
    ok = hg_conn_query(conn, sql, values, time_us == NULL ? 1 : 2, by, &rows, err);
    if (ok) {
        hg_step step = hg_rows_next(rows, by, err);

        ok =
            step == HG_ROW
            || (step == HG_END && hg_fail(err, HG_REFUSED, "the role \"%s\" does not exist", role));
        if (ok) {
            out[0] = hg_rows_integer(rows, 0);
            out[1] = hg_rows_integer(rows, 1);
        }
        hg_rows_close(rows);
    }
    hg_pool_return(target, conn);
    return ok;
}

bool fence_read(hg_pool *target, const char *role, hg_deadline by, struct fence_state *out_state,
                hg_error *err)
{
    int64_t answer[2];

    if (!ask_two(target,
                 "SELECT coalesce((SELECT 'default_transaction_read_only=on' = ANY (s.setconfig)"
                 " FROM pg_db_role_setting s, pg_database d WHERE d.datname = current_database()"
                 " AND s.setdatabase = d.oid AND s.setrole = r.oid), false),"
                 " (SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid = r.oid"
                 " AND a.datname = current_database() AND " OTHERS
                 ") FROM pg_roles r WHERE r.rolname = $1",
                 role, NULL, by, answer, err))
        return false;
    out_state->fenced = answer[0] != 0;
    out_state->sessions = (int)answer[1];
    return true;
}

/* ALTER ROLE takes no parameters. */
static bool alter(hg_pool *target, const char *role, const char *what, hg_deadline by,
                  hg_error *err)
{
    char name[2 * NAME_ROOM], database[2 * NAME_ROOM];
    struct buf sql = BUF_INIT(SQL_LIMIT);
    hg_conn *conn = NULL;
    bool ok = false;

    hg_quote_identifier(role, name, sizeof name);
    hg_quote_identifier(hg_url_database(hg_pool_url(target)), database, sizeof database);
    buf_printf(&sql, "ALTER ROLE %s IN DATABASE %s %s", name, database, what);
    if (buf_failed(&sql))
        hg_fail(err, HG_NOMEM, "could not write a statement: out of memory");
    else if (fence_cross(target, by, &conn, err)) {
        ok = hg_conn_execute(conn, sql.bytes, NULL, 0, by, NULL, err);
        hg_pool_return(target, conn);
    }
    if (!ok && err != NULL && err->code == HG_PRIVILEGE)
        err->hint[0] = '\0'; /* what a driver says to any statement; here more is known */
    if (!ok)
        hg_error_hint(err, "Connect as \"%s\" itself, or as a role that may alter it.", role);
    buf_release(&sql);
    return ok;
}

bool fence_set(hg_pool *target, const char *role, hg_deadline by, hg_error *err)
{
    return alter(target, role, "SET default_transaction_read_only = on", by, err);
}

bool fence_lift(hg_pool *target, const char *role, hg_deadline by, hg_error *err)
{
    return alter(target, role, "RESET default_transaction_read_only", by, err);
}

/*
 * Who connects from now on has the role's present default: an application that comes back faster
 * than it can be ended must not keep this from coming to an end.
 */
bool fence_end_sessions(hg_pool *target, const char *role, hg_deadline by, hg_error *err)
{
    int64_t answer[2], now_us;

    if (!ask_two(target,
                 "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, 0"
                 " FROM pg_roles WHERE rolname = $1",
                 role, NULL, by, answer, err))
        return false;
    now_us = answer[0];
    do {
        if (!ask_two(target,
                     "SELECT count(*), count(pg_terminate_backend(a.pid)) FROM pg_stat_activity a"
                     " JOIN pg_roles r ON r.oid = a.usesysid WHERE r.rolname = $1"
                     " AND a.datname = current_database() AND " OTHERS
                     " AND a.backend_start <= to_timestamp($2 / 1000000.0)",
                     role, &now_us, by, answer, err))
            return false;
        if (answer[0] == 0)
            return true;
        (void)poll(NULL, 0, POLL_MS);
    } while (hg_deadline_left_ms(by) > 0);
    return hg_fail(err, HG_TIMEOUT, "%lld session(s) of the role \"%s\" did not end",
                   (long long)answer[0], role);
}
