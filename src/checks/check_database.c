/*
 * check_database.c - checks of the engine, the connection and the server behind it.
 */
#include "checks.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum { SLOW_MS = 20, BROKEN_MS = 200 };

void check_engine(struct check_context *context, hg_check_result *result)
{
    const hg_url *url = hg_settings_url(context->settings);
    bool wrong = hg_settings_production(context->settings) && hg_url_driver(url) == HG_SQLITE;

    check_say(result, wrong ? HG_FAIL : HG_PASS, "%s in %s", hg_driver_name(hg_url_driver(url)),
              hg_settings_env(context->settings));
}

void check_prod_url(struct check_context *context, hg_check_result *result)
{
    if (hg_settings_prod_url_missing(context->settings))
        check_say(result, HG_FAIL, "DATABASE_URL_PROD is not set");
    else
        check_say(result, HG_PASS, "from %s", hg_settings_url_setting(context->settings));
}

/* Failed for a reason that stands in err: that, and its own hint where it has one. */
static void say_error(hg_check_result *result, const hg_error *err)
{
    check_say(result, HG_FAIL, "%s", err->message);
    text_copy(result->hint, sizeof result->hint, err->hint);
}

void check_connect(struct check_context *context, hg_check_result *result)
{
    int64_t started_ns = clock_now_ns();
    hg_error err = {0};
    hg_conn *conn = NULL;

    if (!hg_pool_checkout(context->pool, "readiness", context->by, &conn, &err)) {
        say_error(result, &err);
        context->history_error = err;
        return;
    }
    if (context->observer != NULL && context->observer->cancelled != NULL)
        hg_conn_set_interrupt(conn, context->observer->cancelled, context->observer->context);
    if (!hg_conn_execute(conn, "SELECT 1", NULL, 0, context->by, NULL, &err)) {
        say_error(result, &err);
        context->history_error = err;
        hg_pool_discard(context->pool, conn);
        return;
    }
    context->conn = conn;
    context->report->db = true;
    text_copy(context->report->server_version, sizeof context->report->server_version,
              hg_conn_server_version(conn));
    check_say(result, HG_PASS, "%.1f ms", clock_since_ms(started_ns));
}

void check_round_trip(struct check_context *context, hg_check_result *result)
{
    int64_t started_ns = clock_now_ns();
    hg_error err = {0};
    double ms;

    if (!hg_conn_execute(context->conn, "SELECT 1", NULL, 0, context->by, NULL, &err)) {
        say_error(result, &err);
        return;
    }
    ms = clock_since_ms(started_ns);
    check_say(result, ms > BROKEN_MS ? HG_FAIL : ms > SLOW_MS ? HG_WARN : HG_PASS, "%.1f ms", ms);
}

/* One row, one integer. */
static bool ask_integer(struct check_context *context, const char *sql, int64_t *out, hg_error *err)
{
    hg_rows *rows = NULL;
    bool ok;

    if (!hg_conn_query(context->conn, sql, NULL, 0, context->by, &rows, err))
        return false;
    switch (hg_rows_next(rows, context->by, err)) {
    case HG_ROW:
        *out = hg_rows_integer(rows, 0);
        ok = true;
        break;
    case HG_END:
        ok = hg_fail(err, HG_FAILED, "no row came back");
        break;
    default:
        ok = false;
    }
    hg_rows_close(rows);
    return ok;
}

static void check_writable_postgres(struct check_context *context, hg_check_result *result)
{
    static const char question[] =
        "SELECT CASE WHEN pg_is_in_recovery() THEN 2"
        " WHEN current_setting('transaction_read_only') = 'on' THEN 1 ELSE 0 END";
    hg_error err = {0};
    int64_t answer = 0;

    if (!ask_integer(context, question, &answer, &err))
        say_error(result, &err);
    else if (answer == 2)
        check_say(result, HG_FAIL, "the server is a replica in recovery");
    else if (answer == 1 && hg_settings_read_only(context->settings))
        check_say(result, HG_SKIP, "this run is read-only");
    else if (answer == 1)
        check_say(result, HG_FAIL, "sessions are read-only by default");
    else
        check_say(result, HG_PASS, "primary, writable");
}

/*
 * Asks the file system only: taking the write lock every second would stand in the application's
 * way. SQLite needs the folder too, for its journal.
 */
static void check_writable_sqlite(struct check_context *context, hg_check_result *result)
{
    const char *path = hg_url_path(hg_settings_url(context->settings));
    char folder[4096];

    text_copy(folder, sizeof folder, path);
    if (hg_settings_read_only(context->settings))
        check_say(result, HG_SKIP, "this run is read-only");
    else if (strcmp(path, ":memory:") == 0)
        check_say(result, HG_PASS, "in memory");
    else if (access(path, W_OK) != 0)
        check_say(result, HG_FAIL, "the file: %s", strerror(errno));
    else if (access(dirname(folder), W_OK) != 0)
        check_say(result, HG_FAIL, "the folder: %s", strerror(errno));
    else
        check_say(result, HG_PASS, "file and folder are writable");
}

void check_writable(struct check_context *context, hg_check_result *result)
{
    if (hg_conn_driver(context->conn) == HG_POSTGRESQL)
        check_writable_postgres(context, result);
    else
        check_writable_sqlite(context, result);
}
