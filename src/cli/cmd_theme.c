/*
 * cmd_theme.c - which themes there are, and whether a file is a sound one.
 */
#include <string.h>

#include "base/text.h"
#include "cli.h"
#include "console/theme.h"
#include "ops/json.h"

static bool put_themes(const struct cli *cli, const char *const *names, const char *const *files,
                       size_t count, hg_error *err)
{
    struct buf out = BUF_INIT(1 << 20);
    bool ok = true;

    if (cli->json)
        ok = json_themes(&out, names, files, count);
    for (size_t i = 0; i < count && !cli->json; i++) {
        text_show(&out, names[i]);
        buf_text(&out, "  ");
        text_show(&out, files[i]);
        buf_char(&out, '\n');
    }
    if (ok && !buf_failed(&out))
        cli_print(&out);
    else
        ok = hg_fail(err, HG_NOMEM, "could not show the themes: out of memory");
    buf_release(&out);
    return ok;
}

static bool list(const struct cli *cli, hg_error *err)
{
    static char names[THEMES_MAX][THEME_NAME_SIZE], files[THEMES_MAX][4096];
    const char *folders[THEME_FOLDERS], *name[THEMES_MAX], *file[THEMES_MAX];
    hg_settings *settings = NULL;
    size_t count;
    bool ok;

    if (!hg_settings_load(&cli->settings, &settings, err))
        return false;
    theme_folders(hg_settings_theme_dir(settings), folders);
    count = theme_names(folders, names, THEMES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (!theme_path(names[i], folders, files[i], sizeof files[i]))
            files[i][0] = '\0'; /* gone since then */
        name[i] = names[i];
        file[i] = files[i];
    }
    ok = put_themes(cli, name, file, count, err);
    hg_settings_free(settings);
    return ok;
}

/* Whether all text has the contrast that it needs, as far as the colours are known. */
static bool can_be_read(const struct theme *theme, hg_error *err)
{
    enum role worst = ROLE_TEXT;
    double least = CONTRAST_LEAST;

    for (int role = 0; role < ROLE_COUNT; role++) {
        double seen = theme_contrast(theme, (enum role)role);

        if (!theme_is_read((enum role)role) || seen <= 0 || seen >= least)
            continue;
        least = seen;
        worst = (enum role)role;
    }
    if (least >= CONTRAST_LEAST)
        return true;
    hg_fail(err, HG_FAILED, "theme \"%s\" is hard to read: the contrast of \"%s\" is %.1f",
            theme->name, theme_role_name(worst), least);
    hg_error_hint(err, "Text needs %.1f on the background and on a selected row.", CONTRAST_LEAST);
    return false;
}

static void note_unnamed(const struct cli *cli, const struct theme *theme)
{
    for (int role = 0; role < ROLE_COUNT; role++)
        if (!theme->roles[role].named)
            cli_note(cli, "role \"%s\" is not named and has no colour",
                     theme_role_name((enum role)role));
}

static bool check(const struct cli *cli, const char *file, hg_error *err)
{
    const char *name;
    struct theme theme;

    if (!theme_read(file, &theme, err))
        return false;
    note_unnamed(cli, &theme);
    name = theme.name;
    return can_be_read(&theme, err) && put_themes(cli, &name, &file, 1, err);
}

int cmd_theme(const struct cli *cli)
{
    hg_error err = {0};
    bool ok;

    if (strcmp(cli->argument, "list") == 0 && cli->second_argument == NULL)
        ok = list(cli, &err);
    else if (strcmp(cli->argument, "check") == 0 && cli->second_argument != NULL)
        ok = check(cli, cli->second_argument, &err);
    else
        ok = hg_fail(&err, HG_USAGE, "theme takes list or check FILE");
    return ok ? 0 : cli_fail(cli, &err);
}
