/*
 * report.c - the aggregate of a report. Pure.
 */
#include "report.h"

const char *hg_status_name(hg_status status)
{
    static const char *const names[] = {"pass", "skip", "warn", "unknown", "fail"};

    return names[(unsigned)status <= HG_FAIL ? status : HG_UNKNOWN];
}

hg_status report_worst(const hg_check_result *results, size_t count)
{
    hg_status worst = count == 0 ? HG_UNKNOWN : HG_PASS;

    for (size_t i = 0; i < count; i++)
        if (results[i].status != HG_SKIP && results[i].status > worst)
            worst = results[i].status;
    return worst;
}

hg_status report_readiness(const hg_check_result *results, size_t count)
{
    hg_status worst = report_worst(results, count);

    return worst == HG_UNKNOWN ? HG_WARN : worst;
}
