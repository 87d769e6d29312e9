/*
 * cmd_config.c - every setting, its value and where it came from.
 */
#include "cli.h"
#include "ops/json.h"
#include "table.h"

static void print_table(struct buf *out, const hg_settings *settings)
{
    static const struct table_column columns[] = {
        {"SETTING", ALIGN_LEFT}, {"VALUE", ALIGN_LEFT}, {"SOURCE", ALIGN_LEFT}};
    struct table t = TABLE_INIT(columns);

    for (size_t i = 0; i < hg_settings_count(settings); i++) {
        hg_setting setting = hg_settings_at(settings, i);
        const char **row = table_row(&t);

        row[0] = setting.name;
        row[1] = setting.value[0] == '\0' ? NULL : setting.value;
        row[2] = setting.source;
    }
    table_end(&t, out);
    buf_printf(out, "\n%s: %s", hg_settings_env(settings),
               hg_url_redacted(hg_settings_url(settings)));
    if (hg_settings_prod_url_missing(settings))
        buf_text(out, "  (DATABASE_URL_PROD is not set)");
    buf_char(out, '\n');
}

int cmd_config(const struct cli *cli)
{
    struct buf out = BUF_INIT(1 << 20);
    hg_settings *settings = NULL;
    hg_error err = {0};
    int status = 0;

    if (!hg_settings_load(&cli->settings, &settings, &err))
        return cli_fail(cli, &err);
    if (cli->json)
        json_config(&out, settings);
    else
        print_table(&out, settings);
    if (buf_failed(&out)) {
        hg_fail(&err, HG_NOMEM, "could not show the settings: out of memory");
        status = cli_fail(cli, &err);
    } else {
        cli_print(&out);
    }
    buf_release(&out);
    hg_settings_free(settings);
    return status;
}
