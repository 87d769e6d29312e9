/*
 * guc.c - the settings of a session while a migration runs.
 */
#include "guc.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

void guc_release(struct guc *guc)
{
    buf_release(&guc->restore);
}

bool guc_set_timeouts(hg_conn *conn, int64_t lock_ms, int64_t statement_ms, bool local,
                      hg_deadline by, hg_error *err)
{
    const char *scope = local ? "true" : "false";
    char sql[256], lock[96] = "NULL", statement[96] = "NULL";

    if (hg_conn_driver(conn) != HG_POSTGRESQL || (lock_ms < 0 && statement_ms < 0))
        return true;
    if (lock_ms >= 0)
        snprintf(lock, sizeof lock, "pg_catalog.set_config('lock_timeout', '%lldms', %s)",
                 (long long)lock_ms, scope);
    if (statement_ms >= 0)
        snprintf(statement, sizeof statement,
                 "pg_catalog.set_config('statement_timeout', '%lldms', %s)",
                 (long long)statement_ms, scope);
    snprintf(sql, sizeof sql, "SELECT %s, %s", lock, statement);
    return hg_conn_execute(conn, sql, NULL, 0, by, NULL, err);
}

bool guc_may_change(hg_driver driver, const struct script *script)
{
    if (!script->section.transaction)
        return true;
    return driver == HG_POSTGRESQL && !script->harmless;
}

bool guc_remember(struct guc *guc, hg_conn *conn, hg_deadline by, hg_error *err)
{
    hg_rows *rows = NULL;
    bool ok;

    if (guc->known || hg_conn_driver(conn) != HG_POSTGRESQL)
        return true;
    ok = hg_conn_query(conn,
                       "SELECT pg_catalog.string_agg(pg_catalog.format("
                       "'pg_catalog.set_config(%L, %L, false)', name, setting), ', '),"
                       " pg_catalog.current_setting('lock_timeout'),"
                       " pg_catalog.current_setting('statement_timeout')"
                       " FROM pg_catalog.pg_settings WHERE source = 'session'",
                       NULL, 0, by, &rows, err)
         && hg_rows_next(rows, by, err) == HG_ROW;
    if (ok && hg_rows_value(rows, 0).type == HG_TEXT)
        buf_printf(&guc->restore, "SELECT %s", hg_rows_text(rows, 0));
    if (ok) {
        text_copy(guc->lock_timeout, sizeof guc->lock_timeout, hg_rows_text(rows, 1));
        text_copy(guc->statement_timeout, sizeof guc->statement_timeout, hg_rows_text(rows, 2));
    }
    hg_rows_close(rows);
    if (ok && buf_failed(&guc->restore))
        ok = hg_fail(err, HG_NOMEM, "could not note the session's settings: out of memory");
    guc->known = ok;
    return ok;
}

bool guc_restore(struct guc *guc, hg_conn *conn, hg_deadline by, hg_error *err)
{
    if (hg_conn_driver(conn) != HG_POSTGRESQL)
        return hg_conn_execute(conn, "PRAGMA foreign_keys = ON", NULL, 0, by, NULL, err);
    return hg_conn_execute(conn, "RESET SESSION AUTHORIZATION", NULL, 0, by, NULL, err)
           && hg_conn_execute(conn, "RESET ALL", NULL, 0, by, NULL, err)
           && (guc->restore.size == 0
               || hg_conn_execute(conn, guc->restore.bytes, NULL, 0, by, NULL, err));
}
