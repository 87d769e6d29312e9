/*
 * cmd_completion.c - a script for the shell.
 */
#include "cli.h"

int cmd_completion(const struct cli *cli)
{
    struct buf out = BUF_INIT(1 << 20);
    hg_error err = {0};
    int status = 0;

    if (cli_completion(&out, cli->argument)) {
        cli_print(&out);
    } else {
        hg_fail(&err, HG_USAGE, "no completion for the shell \"%s\"", cli->argument);
        hg_error_hint(&err, "bash, zsh and fish are known.");
        status = cli_fail(cli, &err);
    }
    buf_release(&out);
    return status;
}
