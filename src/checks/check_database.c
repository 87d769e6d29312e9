/*
 * check_database.c - checks of the engine, the connection and the server behind it.
 */
#include "checks.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum { SLOW_MS = 20, BROKEN_MS = 200 };

static void check_engine(struct check_context *context, hg_check_result *result)
{
    const hg_url *url = hg_settings_url(context->settings);
    bool wrong = hg_settings_production(context->settings) && hg_url_driver(url) == HG_SQLITE;

    check_say(result, wrong ? HG_FAIL : HG_PASS, "%s in %s", hg_driver_name(hg_url_driver(url)),
              hg_settings_env(context->settings));
}

static void check_prod_url(struct check_context *context, hg_check_result *result)
{
    if (hg_settings_prod_url_missing(context->settings))
        check_say(result, HG_FAIL, "DATABASE_URL_PROD is not set");
    else
        check_say(result, HG_PASS, "from %s", hg_settings_url_setting(context->settings));
}

/* A failure is no readiness, whatever stands in err. */
static void say_failed(hg_check_result *result, const hg_error *err)
{
    check_say(result, HG_FAIL, "%s", err->message);
    text_copy(result->hint, sizeof result->hint, err->hint);
}

hg_db_state check_db_state(const hg_error *err)
{
    static const struct {
        hg_code code;
        hg_db_state state;
    } states[] = {
        {HG_UNAVAILABLE, HG_DB_UNREACHABLE}, {HG_LOST, HG_DB_UNREACHABLE},
        {HG_AUTH, HG_DB_AUTH_FAILED},        {HG_NO_DATABASE, HG_DB_NOT_FOUND},
        {HG_SATURATED, HG_DB_SATURATED},     {HG_POOL_TIMEOUT, HG_DB_SATURATED},
        {HG_TIMEOUT, HG_DB_TIMEOUT},         {HG_LOCKED, HG_DB_TIMEOUT},
        {HG_READ_ONLY, HG_DB_READONLY},
    };

    /* TLS that fails is, to libpq, one more way of not getting through. */
    if (err->code == HG_UNAVAILABLE
        && (strstr(err->message, "SSL") != NULL || strstr(err->message, "certificate") != NULL))
        return HG_DB_TLS_FAILED;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (states[i].code == err->code)
            return states[i].state;
    return HG_DB_UNKNOWN;
}

static void fail_to_connect(struct check_context *context, const hg_error *err,
                            hg_check_result *result)
{
    say_failed(result, err);
    result->code = hg_db_state_name(check_db_state(err));
    context->connect_error = context->history_error = *err;
    context->report->db = false;
}

void check_connect(struct check_context *context, hg_check_result *result)
{
    int64_t started_ns = clock_now_ns(), asked_ns;
    hg_error err = {0};
    hg_conn *conn = NULL;

    if (!hg_pool_checkout(context->pool, "checks", context->by, &conn, &err)) {
        fail_to_connect(context, &err, result);
        return;
    }
    if (context->observer != NULL && context->observer->cancelled != NULL)
        hg_conn_set_interrupt(conn, context->observer->cancelled, context->observer->context);
    asked_ns = clock_now_ns();
    if (!hg_conn_execute(conn, "SELECT 1", NULL, 0, context->by, NULL, &err)) {
        fail_to_connect(context, &err, result);
        hg_pool_discard(context->pool, conn);
        return;
    }
    context->conn = conn;
    context->first_trip_ms = clock_since_ms(asked_ns);
    context->report->db = true;
    text_copy(context->report->server_version, sizeof context->report->server_version,
              hg_conn_server_version(conn));
    check_say(result, HG_PASS, "%.1f ms", clock_since_ms(started_ns));
}

static bool time_trip(struct check_context *context, double *out_ms, hg_check_result *result)
{
    int64_t started_ns = clock_now_ns();
    hg_error err = {0};

    if (hg_conn_execute(context->conn, "SELECT 1", NULL, 0, context->by, NULL, &err)) {
        *out_ms = clock_since_ms(started_ns);
        return true;
    }
    say_failed(result, &err);
    context->connect_error = err;
    return false;
}

/* What two of three trips say, of which the first was made to connect: one packet that had to be
 * sent again says nothing about the way. The third is made when the two differ. */
static void check_round_trip(struct check_context *context, hg_check_result *result)
{
    hg_status first = check_judge(context->first_trip_ms, SLOW_MS, BROKEN_MS), then;
    double ms, third;

    snprintf(result->threshold, sizeof result->threshold, "warn > %d ms, fail > %d ms", SLOW_MS,
             BROKEN_MS);
    if (!time_trip(context, &ms, result))
        return;
    then = check_judge(ms, SLOW_MS, BROKEN_MS);
    if (then != first) {
        double low = ms < context->first_trip_ms ? ms : context->first_trip_ms;
        double high = ms < context->first_trip_ms ? context->first_trip_ms : ms;

        if (!time_trip(context, &third, result))
            return;
        ms = third < low ? low : third > high ? high : third;
    }
    check_say(result, check_judge(ms, SLOW_MS, BROKEN_MS), "%.1f ms", ms);
}

/* 2: a replica, 1: this session cannot write; and whether any role or database is told something of
 * the kind, which is seldom: only then the second question is asked, which costs a new session of
 * the server some ten times as much. */
static const char read_only_question[] =
    "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 2"
    " WHEN current_setting('transaction_read_only') = 'on' THEN 1 ELSE 0 END,"
    " CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_db_role_setting WHERE setconfig::text"
    " LIKE ANY (ARRAY['%default_transaction_read_only=%', '%" HG_PLANNED_READONLY "=%']))"
    " THEN 'told' ELSE '' END";

/* What the role's next session will be told also counts: this one may be older than that. */
static const char told_question[] =
    "WITH told AS (SELECT split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value,"
    " row_number() OVER (PARTITION BY split_part(c, '=', 1)"
    " ORDER BY (setrole <> 0) DESC, (setdatabase <> 0) DESC) AS place"
    " FROM pg_catalog.pg_db_role_setting, unnest(setconfig) AS c"
    " WHERE setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user))"
    " AND setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database"
    " WHERE datname = current_database())))"
    " SELECT CASE WHEN lower((SELECT value FROM told WHERE place = 1"
    " AND name = 'default_transaction_read_only')) IN ('on', 'true', 'yes', '1') THEN 1"
    " ELSE 0 END,"
    " coalesce((SELECT value FROM told WHERE place = 1 AND name = '" HG_PLANNED_READONLY "'),"
    " substring(pg_catalog.obj_description(pg_catalog.to_regclass('headgate_cutover'), 'pg_class')"
    " FROM '^planned read-only: (.*)$'))";

static void say_planned(hg_check_result *result, const char *why)
{
    check_say(result, HG_WARN, "read-only on purpose: %s", why);
    result->code = "planned_readonly";
}

static void say_read_only(const struct check_context *context, int64_t answer, const char *planned,
                          hg_check_result *result)
{
    if (answer == 0) {
        check_say(result, HG_PASS, "primary, writable");
    } else if (answer == 1 && hg_settings_read_only(context->settings)) {
        check_say(result, HG_SKIP, "this run is read-only");
    } else if (planned[0] != '\0') {
        say_planned(result, planned);
    } else {
        check_say(result, HG_FAIL,
                  answer == 2 ? "the server is a replica in recovery"
                              : "sessions are read-only by default");
    }
}

/* A row of a number and a text. */
static bool ask_pair(struct check_context *context, const char *question, int64_t *out_number,
                     char *out_text, size_t size, hg_error *err)
{
    hg_rows *rows = NULL;
    bool ok = hg_conn_query(context->conn, question, NULL, 0, context->by, &rows, err)
              && hg_rows_next(rows, context->by, err) == HG_ROW;

    if (ok) {
        *out_number = hg_rows_integer(rows, 0);
        text_copy(out_text, size, hg_rows_text(rows, 1));
    }
    hg_rows_close(rows);
    return ok;
}

static void check_writable_postgres(struct check_context *context, hg_check_result *result)
{
    int64_t answer, told = 0;
    char planned[256];
    hg_error err = {0};
    bool ok = ask_pair(context, read_only_question, &answer, planned, sizeof planned, &err);

    if (ok && planned[0] != '\0')
        ok = ask_pair(context, told_question, &told, planned, sizeof planned, &err);
    if (ok) {
        say_read_only(context, answer == 0 ? told : answer, planned, result);
    } else {
        say_failed(result, &err);
        context->connect_error = err;
    }
}

/* A cutover that is open has frozen the file: see src/cutover/freeze.h. */
static bool is_frozen(const struct check_context *context)
{
    hg_rows *rows = NULL;
    bool frozen = hg_conn_query(context->conn,
                                "SELECT 1 FROM sqlite_schema WHERE type = 'table'"
                                " AND name = 'headgate_frozen'",
                                NULL, 0, context->by, &rows, NULL)
                  && hg_rows_next(rows, context->by, NULL) == HG_ROW;

    hg_rows_close(rows);
    return frozen;
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
    else if (is_frozen(context))
        say_planned(result, "a cutover has frozen the file");
    else
        check_say(result, HG_PASS, "file and folder are writable");
}

static void check_writable(struct check_context *context, hg_check_result *result)
{
    if (hg_conn_driver(context->conn) == HG_POSTGRESQL)
        check_writable_postgres(context, result);
    else
        check_writable_sqlite(context, result);
}

// clang-format off
static const struct check rows[] = {
    {"db.engine", "CFG002", "The engine suits the environment", CRITICAL, ON_ANY | READY | AT_ONCE, check_engine,
     .code = "sqlite_in_production", .hint = "Production needs PostgreSQL: set DATABASE_URL_PROD to its URL."},
    {"db.prod_url", "CFG001", "Production has its own URL", CRITICAL, ON_ANY | READY | AT_ONCE | PRODUCTION, check_prod_url,
     .code = "prod_url_unset", .hint = "Set DATABASE_URL_PROD; until then production runs on what DATABASE_URL says."},
    {"db.connect", "CON004", "The database answers", CRITICAL, ON_ANY | READY | PATIENT, check_connect,
     .code = "unreachable", .hint = "Is the URL right, and does the server run?"},
    {"db.round_trip", "CON005", "A round trip is short", MAJOR, ON_ANY | READY | CONNECTED, check_round_trip,
     .code = "slow_round_trip", .hint = "Is the database in another region, or the server overloaded?"},
    {"db.writable", "SRV004", "The database takes writes", CRITICAL, ON_ANY | READY | CONNECTED, check_writable,
     .code = "readonly", .hint = "A replica's address, a failover, or a file that this user may not write?"},
};
// clang-format on

const struct check_table database_checks = {rows, sizeof rows / sizeof *rows};
