/*
 * report.c - checks as a table. Pure.
 */
#include "report.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "cli.h"
#include "table.h"

const char *report_verdict(hg_status status)
{
    return status == HG_FAIL ? "NOT READY" : status == HG_PASS ? "READY" : "READY, with warnings";
}

static void put_hints(struct buf *out, const hg_readiness *report)
{
    for (size_t i = 0; i < report->check_count; i++) {
        const hg_check_result *check = &report->checks[i];

        if (check->hint[0] == '\0')
            continue;
        buf_printf(out, "  %s: ", check->id);
        text_show(out, check->hint);
        buf_char(out, '\n');
    }
}

void report_checks(struct buf *out, const hg_readiness *report)
{
    static const struct table_column columns[] = {{"STATUS", ALIGN_LEFT},
                                                  {"CHECK", ALIGN_LEFT},
                                                  {"TOOK", ALIGN_RIGHT},
                                                  {"FOUND", ALIGN_LEFT}};
    const char *cells[HG_CHECKS_MAX * 4];
    char took[HG_CHECKS_MAX][32];

    for (size_t i = 0; i < report->check_count; i++) {
        const hg_check_result *check = &report->checks[i];

        cells[4 * i] = hg_status_name(check->status);
        cells[4 * i + 1] = check->title;
        cells[4 * i + 2] = cli_duration(check->duration_ms, took[i], sizeof took[i]);
        cells[4 * i + 3] = check->observed;
    }
    table_print(out, columns, 4, cells, report->check_count);
    put_hints(out, report);
    buf_printf(out, "\n%s\n", report_verdict(report->status));
}
