/*
 * report.c - names, and the aggregate of a report. Pure.
 */
#include "report.h"

const char *hg_status_name(hg_status status)
{
    static const char *const names[] = {"pass", "skip", "warn", "unknown", "fail"};

    return names[(unsigned)status <= HG_FAIL ? status : HG_UNKNOWN];
}

const char *hg_check_severity_name(hg_check_severity severity)
{
    static const char *const names[] = {"info", "minor", "major", "critical"};

    return names[(unsigned)severity <= HG_CHECK_CRITICAL ? severity : HG_CHECK_CRITICAL];
}

const char *hg_db_state_name(hg_db_state state)
{
    static const char *const names[] = {"unknown",     "ok",          "degraded",   "readonly",
                                        "unreachable", "auth_failed", "tls_failed", "not_found",
                                        "saturated",   "timeout"};

    return names[(unsigned)state <= HG_DB_TIMEOUT ? state : HG_DB_UNKNOWN];
}

hg_status report_worst(const hg_check_result *results, size_t count)
{
    hg_status worst = count == 0 ? HG_UNKNOWN : HG_PASS;

    for (size_t i = 0; i < count; i++)
        if (results[i].status != HG_SKIP && !results[i].muted && results[i].status > worst)
            worst = results[i].status;
    return worst;
}

hg_status report_readiness(const hg_check_result *results, size_t count)
{
    hg_status worst = report_worst(results, count);

    return worst == HG_UNKNOWN ? HG_WARN : worst;
}
