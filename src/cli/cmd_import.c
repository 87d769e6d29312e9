/*
 * cmd_import.c - takes over the project of another migration tool.
 */

#include "base/text.h"
#include "cli.h"
#include "ops/json_migrate.h"

static void put_outcome(struct buf *out, const char *tool, const hg_import_result *result)
{
    buf_printf(out, "%s: %zu revision%s in ", tool, result->found, result->found == 1 ? "" : "s");
    text_show(out, result->from);
    buf_printf(out, "; %zu file%s written, %zu applied\n", result->written,
               result->written == 1 ? "" : "s", result->applied);
    if (result->left > 0)
        buf_printf(out, "%zu of them cannot be run: Alembic could not write their SQL\n",
                   result->left);
}

static bool take_over(const struct cli *cli, struct ops *ops, const hg_observer *observer,
                      hg_import_result *result, hg_error *err)
{
    hg_migrate_options run = ops_migrate_options(ops, HG_MIGRATE_UP, NULL);
    hg_import_options options = {.from = cli->second_argument,
                                 .dir = run.dir,
                                 .release = run.release,
                                 .lock_wait_ms = run.lock_wait_ms};

    return hg_import_kind_parse(cli->argument, &options.kind, err)
           && cli_consent(cli, ops, "import notes in the database what the tool has applied.", err)
           && hg_import(ops->pool, &options, observer, result, err);
}

int cmd_import(const struct cli *cli)
{
    struct buf out = BUF_INIT(1 << 20);
    struct ops ops = {0};
    hg_import_result result = {0};
    hg_error err = {0};
    hg_observer observer = cli_observer(cli);
    int status = 0;

    if (!cli_open(cli, true, &ops, &err))
        return cli_fail(cli, &err);
    cli_catch_signals();
    if (!take_over(cli, &ops, &observer, &result, &err)) {
        status = cli_fail(cli, &err);
    } else {
        if (cli->json)
            json_import(&out, cli->argument, &result);
        else
            put_outcome(&out, cli->argument, &result);
        cli_print(&out);
    }
    ops_close(&ops);
    buf_release(&out);
    return status;
}
