/*
 * cmd_stamp.c - sets the current revision without running anything.
 */
#include "cli.h"
#include "ops/json.h"

int cmd_stamp(const struct cli *cli)
{
    struct buf out = BUF_INIT(1 << 20);
    struct ops ops = {0};
    hg_run_result result = {0};
    hg_error err = {0};
    hg_observer observer = cli_observer(cli);
    hg_migrate_options options;
    int status = 0;

    if (!cli_open(cli, true, &ops, &err))
        return cli_fail(cli, &err);
    cli_catch_signals();
    options = ops_migrate_options(&ops, HG_MIGRATE_UP, cli->argument);
    if (!cli_consent(cli, &ops, "stamp changes what counts as applied, without running anything.",
                     &err)
        || !hg_migrate_stamp(ops.pool, &options, &observer, &result, &err)) {
        status = cli_fail(cli, &err);
    } else {
        if (cli->json)
            json_run(&out, &result, NULL);
        else if (result.current_count == 0)
            buf_text(&out, "stamped base: nothing counts as applied\n");
        for (size_t i = 0; !cli->json && i < result.current_count; i++)
            buf_printf(&out, "stamped %s\n", result.current[i]);
        cli_print(&out);
    }
    hg_run_result_release(&result);
    ops_close(&ops);
    buf_release(&out);
    return status;
}
