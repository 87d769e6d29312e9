/*
 * checks.c - the table of readiness checks and the loop that runs it.
 * Must not know how a report is shown or served.
 */
#include "checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "report.h"

enum { CHECK_MS = 2000 /* one check's share of the deadline, the connection's own apart */ };

/* clang-format off */
static const struct check checks[] = {
    /* id                 title                                   conn   prod   run              hint */
    {"db.engine",         "The engine suits the environment",     false, false, check_engine,
     "Production needs PostgreSQL: set DATABASE_URL_PROD to its URL."},
    {"db.prod_url",       "Production has its own URL",           false, true,  check_prod_url,
     "Set DATABASE_URL_PROD; until then production runs on what DATABASE_URL says."},
    {"db.connect",        "The database answers",                 false, false, check_connect,
     "Is the URL right, and does the server run?"},
    {"db.round_trip",     "A round trip is short",                true,  false, check_round_trip,
     "Is the database in another region, or the server overloaded?"},
    {"db.writable",       "The database takes writes",            true,  false, check_writable,
     "A replica's address, a failover, or a file that this user may not write?"},
    {"migrate.at_head",   "The ledger has reached the head",      true,  false, check_at_head,
     "Run headgate up."},
    {"migrate.ahead",     "No revision is applied that is not here", true, false, check_ahead,
     "A newer release has migrated this database: deploy it here too."},
    {"migrate.checksums", "Applied files are as they were applied", true, false, check_checksums,
     "Put the change into a new migration and restore the applied file."},
    {"pool.waiters",      "Nobody waits for a connection",        false, false, check_waiters,
     "Who holds the connections? See headgate pools."},
};
/* clang-format on */
_Static_assert(sizeof checks / sizeof *checks <= HG_CHECKS_MAX,
               "a report has room for every check");

void check_say(hg_check_result *result, hg_status status, const char *format, ...)
{
    char observed[512];
    va_list args;

    va_start(args, format);
    vsnprintf(observed, sizeof observed, format, args);
    va_end(args);
    result->status = status;
    text_copy(result->observed, sizeof result->observed, observed);
}

static bool is_cancelled(const hg_observer *observer)
{
    return observer != NULL && observer->cancelled != NULL
           && observer->cancelled(observer->context);
}

static void run_one(const struct check *check, struct check_context *context,
                    hg_check_result *result)
{
    int64_t started_ns = clock_now_ns();

    result->id = check->id;
    result->title = check->title;
    if (check->production_only && !hg_settings_production(context->settings))
        check_say(result, HG_SKIP, "not production");
    else if (is_cancelled(context->observer))
        check_say(result, HG_UNKNOWN, "cancelled");
    else if (check->needs_connection && context->conn == NULL)
        check_say(result, HG_UNKNOWN, "no connection");
    else
        check->run(context, result);
    if (result->status > HG_SKIP && result->hint[0] == '\0')
        text_copy(result->hint, sizeof result->hint, check->hint);
    result->duration_ms = clock_since_ms(started_ns);
}

void hg_readiness_run(const hg_settings *settings, hg_pool *pool, hg_deadline by,
                      const hg_observer *observer, hg_readiness *out_report)
{
    struct check_context context = {
        .settings = settings, .pool = pool, .observer = observer, .report = out_report};

    memset(out_report, 0, sizeof *out_report);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        /* Only the connection may take as long as the caller grants. */
        context.by = checks[i].run == check_connect
                         ? by
                         : hg_deadline_first(by, hg_deadline_in_ms(CHECK_MS));
        run_one(&checks[i], &context, &out_report->checks[out_report->check_count++]);
    }
    hg_pool_inspect(pool, &out_report->pool);
    if (context.conn != NULL) {
        hg_conn_set_interrupt(context.conn, NULL, NULL);
        hg_pool_return(pool, context.conn);
    }
    out_report->status = report_readiness(out_report->checks, out_report->check_count);
}

void hg_readiness_release(hg_readiness *report)
{
    hg_history_free(report->history);
    report->history = NULL;
}
