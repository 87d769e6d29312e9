/*
 * checks.c - runs a row of the catalogue, and those that are readiness.
 * Must not know how a report is shown or served.
 */
#include "checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "report.h"

enum { CHECK_MS = 2000 /* one check's share of the deadline */ };

void check_say(hg_check_result *result, hg_status status, const char *format, ...)
{
    char observed[512];
    va_list args;

    va_start(args, format);
    vsnprintf(observed, sizeof observed, format, args);
    va_end(args);
    secret_scrub(observed, sizeof observed);
    result->status = status;
    text_copy(result->observed, sizeof result->observed, observed);
}

/* Corruption that a question has met is an answer, whatever was asked. */
static hg_status status_of_error(const hg_error *err)
{
    if (strcmp(err->sqlstate, "XX001") == 0 || strcmp(err->sqlstate, "XX002") == 0)
        return HG_FAIL;
    return err->code == HG_PRIVILEGE ? HG_SKIP : HG_UNKNOWN;
}

void check_say_error(hg_check_result *result, const hg_error *err)
{
    check_say(result, status_of_error(err), "%s", err->message);
    text_copy(result->hint, sizeof result->hint, err->hint);
}

void check_evidence(struct check_context *context, hg_check_result *result, const char *format, ...)
{
    const char **lines = (const char **)(uintptr_t)result->evidence;
    char whole[512], line[256];
    va_list args;

    if (context->arena == NULL || result->evidence_count == HG_EVIDENCE_MAX)
        return;
    if (lines == NULL)
        lines = arena_alloc(context->arena, HG_EVIDENCE_MAX, sizeof *lines);
    va_start(args, format);
    vsnprintf(whole, sizeof whole, format, args);
    va_end(args);
    secret_scrub(whole, sizeof whole);
    text_copy(line, sizeof line, whole);
    if (lines != NULL && (lines[result->evidence_count] = arena_text(context->arena, line)) != NULL)
        result->evidence_count++;
    result->evidence = lines;
}

hg_status check_judge(double number, double warn, double fail)
{
    return number > fail ? HG_FAIL : number > warn ? HG_WARN : HG_PASS;
}

static bool is_cancelled(const hg_observer *observer)
{
    return observer != NULL && observer->cancelled != NULL
           && observer->cancelled(observer->context);
}

/* What keeps a row from being looked at at all. */
static bool stands_aside(const struct check *check, const struct check_context *context,
                         hg_check_result *result)
{
    hg_driver driver = hg_url_driver(hg_settings_url(context->settings));

    if ((check->flags & (1U << driver)) == 0) {
        check_say(result, HG_SKIP, "not for %s", hg_driver_name(driver));
        result->code = HG_CODE_OTHER_ENGINE;
    } else if ((check->flags & PRODUCTION) != 0 && !hg_settings_production(context->settings)) {
        check_say(result, HG_SKIP, "not production");
    } else if (is_cancelled(context->observer)) {
        check_say(result, HG_UNKNOWN, "cancelled");
    } else if ((check->flags & CONNECTED) != 0 && context->conn == NULL) {
        check_say(result, HG_UNKNOWN, "no connection");
    } else {
        return false;
    }
    return true;
}

void check_run(const struct check *check, struct check_context *context, hg_check_result *result)
{
    int64_t started_ns = clock_now_ns();

    result->id = check->id;
    result->title = check->title;
    result->severity = (hg_check_severity)check->severity;
    if (stands_aside(check, context, result))
        ;
    else if (check->run != NULL)
        check->run(context, result);
    else
        check_ask(check, context, result);
    if (result->status == HG_FAIL && (check->flags & LENIENT) != 0
        && !hg_settings_production(context->settings))
        result->status = HG_WARN;
    if (result->status > HG_SKIP) {
        if (result->hint[0] == '\0')
            text_copy(result->hint, sizeof result->hint, check->hint);
        if (result->code == NULL)
            result->code = check->code;
    } else {
        result->hint[0] = '\0';
    }
    result->duration_ms = clock_since_ms(started_ns);
}

bool check_drop_lost(struct check_context *context)
{
    if (context->conn == NULL || !hg_conn_lost(context->conn))
        return false;
    hg_pool_discard(context->pool, context->conn);
    context->conn = NULL;
    return true;
}

void check_context_release(struct check_context *context)
{
    hg_history_files_free(context->files);
    context->files = NULL;
    if (context->conn == NULL)
        return;
    hg_conn_set_interrupt(context->conn, NULL, NULL);
    hg_pool_return(context->pool, context->conn);
    context->conn = NULL;
}

bool check_is_at_once(const char *id)
{
    for (size_t t = 0; t < check_table_count; t++)
        for (size_t i = 0; i < check_tables[t]->count; i++)
            if (strcmp(check_tables[t]->rows[i].id, id) == 0)
                return (check_tables[t]->rows[i].flags & AT_ONCE) != 0;
    return false;
}

/* --- readiness --- */

/* A planned pause in writing is told apart by its code; a read-only database by its check. */
static hg_db_state state_of(const struct check_context *context)
{
    const hg_readiness *report = context->report;

    if (!report->db)
        return check_db_state(&context->connect_error);
    for (size_t i = 0; i < report->check_count; i++)
        if (strcmp(report->checks[i].id, "db.writable") == 0 && report->checks[i].status > HG_SKIP)
            return HG_DB_READONLY;
    return HG_DB_OK;
}

/* The database went away in the middle of a run. */
static void lost(struct check_context *context)
{
    context->report->db = false;
    if (context->connect_error.code == HG_OK)
        hg_fail(&context->connect_error, HG_LOST, "the connection was lost");
}

static void run_ready(struct check_context *context, hg_deadline by)
{
    unsigned engine = 1U << hg_url_driver(hg_settings_url(context->settings));
    hg_readiness *report = context->report;

    memset(report, 0, sizeof *report);
    hg_pool_warm(context->pool);
    check_read_files(context);
    for (size_t t = 0; t < check_table_count; t++)
        for (size_t i = 0; i < check_tables[t]->count; i++) {
            const struct check *check = &check_tables[t]->rows[i];

            if ((check->flags & READY) == 0 || (check->flags & engine) == 0
                || report->check_count == HG_CHECKS_MAX)
                continue;
            /* Only the connection may take as long as the caller grants. */
            context->by = (check->flags & PATIENT) != 0
                              ? by
                              : hg_deadline_first(by, hg_deadline_in_ms(CHECK_MS));
            check_run(check, context, &report->checks[report->check_count++]);
            if (check_drop_lost(context))
                lost(context);
        }
    hg_pool_inspect(context->pool, &report->pool);
    check_context_release(context);
    report->db_state = state_of(context);
    report->status = report_readiness(report->checks, report->check_count);
    report->sampled_ms = clock_wall_ms();
}

void hg_readiness_run(const hg_settings *settings, hg_pool *pool, hg_deadline by,
                      const hg_observer *observer, hg_readiness *out_report)
{
    struct check_context context = {
        .settings = settings, .pool = pool, .observer = observer, .report = out_report};

    run_ready(&context, by);
}

void hg_readiness_glance(const hg_settings *settings, hg_pool *pool, hg_deadline by,
                         const hg_observer *observer, hg_readiness *out_report)
{
    struct check_context context = {.settings = settings,
                                    .pool = pool,
                                    .observer = observer,
                                    .report = out_report,
                                    .glance = true};

    run_ready(&context, by);
}

static size_t codes_of(const hg_check_result *checks, size_t check_count, const char **out_codes)
{
    size_t count = 0, known;

    for (size_t i = 0; i < check_count; i++) {
        const char *code = checks[i].code;

        /* What is not known is no finding: its code would accuse. */
        if (code == NULL || (checks[i].status != HG_FAIL && checks[i].status != HG_WARN))
            continue;
        for (known = 0; known < count && strcmp(out_codes[known], code) != 0;)
            known++;
        if (known == count)
            out_codes[count++] = code;
    }
    return count;
}

size_t hg_readiness_codes(const hg_readiness *report, const char **out_codes)
{
    return codes_of(report->checks, report->check_count, out_codes);
}

static bool is_of_group(const char *id, const char *group)
{
    size_t n = strlen(group);

    return n > 0 && strncmp(id, group, n) == 0 && id[n] == '.';
}

bool hg_sample_narrow(hg_sample *sample, const hg_readiness *report, const char *group)
{
    hg_check_result checks[HG_CHECKS_MAX];
    size_t count = 0;
    hg_status status;

    if (report == NULL || sample->db_state == HG_DB_UNKNOWN)
        return true; /* nothing is known that could be narrowed */
    for (size_t i = 0; i < report->check_count; i++)
        if (is_of_group(report->checks[i].id, group))
            checks[count++] = report->checks[i];
    if (count == 0)
        return false;
    status = report_readiness(checks, count);
    sample->status = status == HG_FAIL && sample->status != HG_FAIL ? HG_WARN : status;
    sample->code_count = codes_of(checks, count, sample->codes);
    return true;
}

void hg_readiness_release(hg_readiness *report)
{
    hg_history_free(report->history);
    report->history = NULL;
}
