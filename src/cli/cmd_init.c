/*
 * cmd_init.c - makes the migrations folder and the version tables.
 */
#include "cli.h"
#include "ops/json.h"

int cmd_init(const struct cli *cli)
{
    struct buf out = BUF_INIT(1 << 20);
    struct ops ops = {0};
    hg_run_result nothing = {0};
    hg_error err = {0};
    int status = 0;

    if (!cli_open(cli, true, &ops, &err))
        return cli_fail(cli, &err);
    cli_catch_signals();
    if (!cli_consent(cli, &ops, "init makes the tables alembic_version and headgate_history.", &err)
        || !hg_migrate_init(ops.pool, hg_settings_migrations_dir(ops.settings),
                            ops_inspection_deadline(&ops), &err)) {
        status = cli_fail(cli, &err);
    } else if (cli->json) {
        json_run(&out, &nothing, NULL);
        cli_print(&out);
    } else {
        cli_note(cli, "%s is ready; headgate rev -m \"what it does\" writes the first migration",
                 hg_settings_migrations_dir(ops.settings));
    }
    ops_close(&ops);
    buf_release(&out);
    return status;
}
