/*
 * cmd_merge.c - a migration file that joins several heads.
 */
#include "cli.h"
#include "ops/json.h"

int cmd_merge(const struct cli *cli)
{
    struct buf out = BUF_INIT(1 << 20);
    hg_settings *settings = NULL;
    char path[4096];
    hg_error err = {0};
    int status = 0;

    if (!hg_settings_load(&cli->settings, &settings, &err))
        return cli_fail(cli, &err);
    if (!hg_migrate_merge(hg_settings_migrations_dir(settings), cli->message, path, sizeof path,
                          &err)) {
        status = cli_fail(cli, &err);
    } else {
        if (cli->json)
            json_new_file(&out, path);
        else if (path[0] == '\0')
            buf_text(&out, "nothing to merge\n");
        else
            buf_printf(&out, "%s\n", path);
        cli_print(&out);
    }
    hg_settings_free(settings);
    buf_release(&out);
    return status;
}
