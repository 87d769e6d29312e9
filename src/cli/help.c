/*
 * help.c - --help and shell completion, made from the tables. Pure.
 */
#include <stdio.h>
#include <string.h>

#include "options.h"

enum {
    COLUMNS = 80,
    NAME_COLUMNS = 28, /* the longest: schema diff|dump [FROM [TO]] */
    HELP_COLUMN = 2 + NAME_COLUMNS + 1
};

/* A text that begins in a column and goes on there where the line ends; all of it is ASCII. */
static void put_text(struct buf *out, int column, const char *text)
{
    size_t room = (size_t)(COLUMNS - column);

    while (strlen(text) > room) {
        size_t n = room;

        while (n > 0 && text[n] != ' ')
            n--;
        if (n == 0)
            break;
        buf_printf(out, "%.*s\n%*s", (int)n, text, column, "");
        text += n + 1;
    }
    buf_printf(out, "%s\n", text);
}

static void put_row(struct buf *out, const char *name, const char *argument, const char *help)
{
    char left[64];
    size_t n = strlen(name);

    memcpy(left, name, n + 1);
    if (argument != NULL && argument[0] != '\0' && n + strlen(argument) + 2 < sizeof left) {
        left[n] = ' ';
        memcpy(left + n + 1, argument, strlen(argument) + 1);
    }
    buf_printf(out, "  %-*s ", NAME_COLUMNS, left);
    put_text(out, HELP_COLUMN, help);
}

static void put_options(struct buf *out, const struct command_row *command, bool common)
{
    for (size_t i = 0; i < option_row_count; i++)
        if (option_applies(&option_rows[i], common ? NULL : command)
            && (common || !option_applies(&option_rows[i], NULL)))
            put_row(out, option_rows[i].name, option_rows[i].argument, option_rows[i].help);
}

static bool has_own_options(const struct command_row *command)
{
    for (size_t i = 0; i < option_row_count; i++)
        if (option_applies(&option_rows[i], command) && !option_applies(&option_rows[i], NULL))
            return true;
    return false;
}

/* What else may stand behind the command's name. */
static void put_parts(struct buf *out, const struct action *action)
{
    size_t count, n = strlen(action->name);
    const struct action *parts = action_parts(action, &count);

    for (size_t i = 0; i < count; i++) {
        if (i == 0)
            buf_printf(out, "\n%s followed by:\n", action->name);
        put_row(out, parts[i].name + n + 1, parts[i].arguments, parts[i].help);
    }
}

static void help_command(struct buf *out, const struct command_row *command)
{
    const struct action *action = action_find(command->name);
    char sentence[256];

    buf_printf(out, "usage: headgate [options] %s%s%s\n\n", action->name,
               action->arguments[0] == '\0' ? "" : " ", action->arguments);
    snprintf(sentence, sizeof sentence, "%s.", action->help);
    put_text(out, 0, sentence);
    if (command->argument == MAY_HAVE_ARGUMENT)
        put_text(out, 0,
                 "TARGET is a revision or a prefix of one, head, heads, base, +N, -N, "
                 "REV+N or REV-N.");
    put_parts(out, action);
    if (has_own_options(command)) {
        buf_text(out, "\nOptions of this command:\n");
        put_options(out, command, false);
    }
    buf_text(out, "\nOptions that every command takes:\n");
    put_options(out, NULL, true);
}

void cli_help(struct buf *out, const struct command_row *command)
{
    if (command != NULL) {
        help_command(out, command);
        return;
    }
    buf_text(out, "usage: headgate [options] [command]\n\n");
    put_text(out, 0,
             "The operations console of a product's database: SQLite in development, "
             "PostgreSQL in production. Without a command the console opens.");
    buf_text(out, "\nCommands:\n");
    for (size_t i = 0; i < command_row_count; i++) {
        const struct action *action = action_find(command_rows[i].name);

        put_row(out, action->name, action->arguments, action->help);
    }
    buf_text(out, "\nOptions that every command takes:\n");
    put_options(out, NULL, true);
    buf_char(out, '\n');
    put_text(out, 0,
             "Exit status: 0 done, 1 failed, 2 usage or settings, 3 database not reached, "
             "4 refused by a safety rule, 5 gave up waiting for a lock, 130 interrupted.");
    buf_text(out, "headgate COMMAND --help tells more about a command.\n");
}

static void put_words(struct buf *out)
{
    for (size_t i = 0; i < command_row_count; i++) {
        size_t count, n = strlen(command_rows[i].name);
        const struct action *parts = action_parts(action_find(command_rows[i].name), &count);

        buf_printf(out, "%s%s", i == 0 ? "" : " ", command_rows[i].name);
        for (size_t part = 0; part < count; part++)
            buf_printf(out, " %s", parts[part].name + n + 1);
    }
    for (size_t i = 0; i < option_row_count; i++)
        buf_printf(out, " %s", option_rows[i].name);
}

static void complete_bash(struct buf *out)
{
    buf_text(out, "_headgate() {\n    COMPREPLY=($(compgen -W \"");
    put_words(out);
    buf_text(
        out,
        "\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o default -F _headgate headgate\n");
}

static void complete_zsh(struct buf *out)
{
    buf_text(out, "#compdef headgate\n_arguments '*: :(");
    put_words(out);
    buf_text(out, ")'\n");
}

/* Inside single quotes: a quote ends them, stands escaped, and opens them again. */
static void put_quoted(struct buf *out, const char *text)
{
    buf_char(out, '\'');
    for (; *text != '\0'; text++)
        if (*text == '\'')
            buf_text(out, "\\'");
        else
            buf_char(out, *text);
    buf_char(out, '\'');
}

static void complete_fish_parts(struct buf *out, const struct action *action)
{
    size_t count, n = strlen(action->name);
    const struct action *parts = action_parts(action, &count);

    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "complete -c headgate -n '__fish_seen_subcommand_from %s' -a %s -d ",
                   action->name, parts[i].name + n + 1);
        put_quoted(out, parts[i].help);
        buf_char(out, '\n');
    }
}

static void complete_fish(struct buf *out)
{
    for (size_t i = 0; i < command_row_count; i++) {
        buf_printf(out, "complete -c headgate -n __fish_use_subcommand -a %s -d ",
                   command_rows[i].name);
        put_quoted(out, action_find(command_rows[i].name)->help);
        buf_char(out, '\n');
        complete_fish_parts(out, action_find(command_rows[i].name));
    }
    for (size_t i = 0; i < option_row_count; i++) {
        const char *name = option_rows[i].name;

        buf_printf(out, "complete -c headgate %s %s%s -d ", name[1] == '-' ? "-l" : "-s",
                   name + (name[1] == '-' ? 2 : 1), option_rows[i].argument == NULL ? "" : " -r");
        put_quoted(out, option_rows[i].help);
        buf_char(out, '\n');
    }
}

bool cli_completion(struct buf *out, const char *shell)
{
    if (strcmp(shell, "bash") == 0)
        complete_bash(out);
    else if (strcmp(shell, "zsh") == 0)
        complete_zsh(out);
    else if (strcmp(shell, "fish") == 0)
        complete_fish(out);
    else
        return false;
    return true;
}
