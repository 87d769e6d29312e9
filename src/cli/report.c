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
    struct table t = TABLE_INIT(columns);

    for (size_t i = 0; i < report->check_count; i++) {
        const hg_check_result *check = &report->checks[i];
        const char **row = table_row(&t);

        row[0] = hg_status_name(check->status);
        row[1] = check->title;
        row[2] = cli_took(&t.arena, check->duration_ms);
        row[3] = check->observed;
    }
    table_end(&t, out);
    put_hints(out, report);
    buf_printf(out, "\n%s\n", report_verdict(report->status));
}
