/*
 * cmd_console.c - opens the dashboard.
 */
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "console/console.h"

static enum color_use color_of(const struct cli *cli, const hg_settings *settings)
{
    if (strcmp(cli->color, "always") == 0)
        return COLOR_ALWAYS;
    if (strcmp(cli->color, "never") == 0 || hg_settings_no_color(settings))
        return COLOR_NEVER;
    return COLOR_AUTO;
}

bool cli_run_console(const struct cli *cli, struct ops *ops, hg_error *err)
{
    const struct console_options options = {.color = color_of(cli, ops->settings),
                                            .script = cli->script,
                                            .size = cli->size,
                                            .record = cli->record,
                                            .cutover = strcmp(cli->action->name, "cutover") == 0,
                                            .runbook = cli->cutover.runbook,
                                            .budget_ms = cli_budget_ms(cli)};

    return console_run(ops, &options, err);
}

/* Somebody looks, but the terminal cannot show the console: the plain page that tells most of it.
 */
static int fall_back(const struct cli *cli, const hg_error *err)
{
    cli_note(cli, "headgate: %s", err->message);
    cli_note(cli, "This is headgate status instead; every other screen is a command too: pools, "
                  "sessions, history, ready.");
    return cmd_status(cli);
}

bool cli_open_console(const struct cli *cli, hg_error *err)
{
    const struct ops_options options = {.role = "console", .publish = true, .detaches = true};
    struct ops ops = {0};
    bool ok;

    console_prepare();
    ok = ops_open(&cli->settings, &options, &ops, err) && cli_run_console(cli, &ops, err);
    ops_close(&ops);
    return ok;
}

int cmd_console(const struct cli *cli)
{
    hg_error err = {0};
    bool ok;

    if (cli->json) {
        hg_fail(&err, HG_USAGE, "the console has no JSON form");
        hg_error_hint(&err, "headgate status --json tells the same.");
        return cli_fail(cli, &err);
    }
    ok = cli_open_console(cli, &err);
    if (!ok && err.code == HG_UNSUPPORTED && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        return fall_back(cli, &err);
    return ok ? 0 : cli_fail(cli, &err);
}
