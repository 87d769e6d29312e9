/*
 * consent.c - asks for what the safety rule wants: by option, or on a terminal, or not at all.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static bool on_terminal(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* One line of the terminal without its end; false: end of input or a signal. */
static bool read_answer(char *answer, size_t size)
{
    if (fgets(answer, (int)size, stdin) == NULL)
        return false;
    answer[strcspn(answer, "\n")] = '\0';
    return true;
}

static bool ask_yes(void)
{
    char answer[64];

    fprintf(stderr, "Type yes to go on: ");
    return read_answer(answer, sizeof answer) && strcmp(answer, "yes") == 0;
}

static bool ask_name(const char *database)
{
    char answer[256];

    fprintf(stderr, "This is PRODUCTION. Type the database's name (%s) to go on: ", database);
    return read_answer(answer, sizeof answer) && action_typed_matches(answer, database);
}

bool cli_consent(const struct cli *cli, const struct ops *ops, const char *what, hg_error *err)
{
    const char *database = hg_url_database(hg_settings_url(ops->settings));
    enum consent consent = action_consent(cli->action, hg_settings_production(ops->settings),
                                          hg_settings_read_only(ops->settings));
    bool ask = on_terminal() && !cli->json;
    bool given = false;

    switch (consent) {
    case CONSENT_NONE:
        return true;
    case CONSENT_NEVER:
        break;
    case CONSENT_YES:
        given = cli->yes;
        if (!given && ask) {
            fprintf(stderr, "%s\n", what);
            given = ask_yes();
        }
        break;
    case CONSENT_TYPED:
        given = cli->confirm != NULL && action_typed_matches(cli->confirm, database);
        if (!given && cli->confirm == NULL && ask) {
            fprintf(stderr, "%s\n", what);
            given = ask_name(database);
        }
        break;
    }
    return given || action_refuse(cli->action, consent, database, err);
}
