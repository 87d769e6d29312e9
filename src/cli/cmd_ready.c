/*
 * cmd_ready.c - the readiness report.
 */
#include "cli.h"
#include "ops/json.h"
#include "report.h"

int cmd_ready(const struct cli *cli)
{
    struct buf out = BUF_INIT(1 << 20);
    struct ops ops = {0};
    hg_readiness report = {0};
    hg_error err = {0};
    hg_observer observer = cli_observer(cli);
    int status;

    if (!cli_open_briefly(cli, &ops, &err))
        return cli_fail(cli, &err);
    cli_catch_signals();
    hg_readiness_glance(ops.settings, ops.pool, ops_inspection_deadline(&ops), &observer, &report);
    if (cli->json)
        json_ready(&out, ops.settings, &report);
    else
        report_checks(&out, &report);
    cli_print(&out);
    status = cli_interrupted(NULL)      ? hg_code_exit_status(HG_CANCELLED)
             : report.status == HG_FAIL ? 1
                                        : 0;
    hg_readiness_release(&report);
    ops_close(&ops);
    buf_release(&out);
    return status;
}
