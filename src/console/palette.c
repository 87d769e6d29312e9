/*
 * palette.c - the table of words, their completion, and what they do.
 */
#include "palette.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/text.h"
#include "list.h"
#include "view.h"

typedef void run_word(struct model *m, int what, const char *argument, struct effects *effects);

static void press(struct model *m, int what, const char *argument, struct effects *effects)
{
    (void)argument;
    update_command(m, (enum command)what, effects);
}

/* Up, down and reset are guarded as their keys are. */
static void change(struct model *m, int what, const char *argument, struct effects *effects)
{
    static const hg_migrate_kind kinds[COMMAND_COUNT] = {[COMMAND_APPLY] = HG_MIGRATE_UP,
                                                         [COMMAND_PLAN] = HG_MIGRATE_UP,
                                                         [COMMAND_ROLL_BACK] = HG_MIGRATE_DOWN,
                                                         [COMMAND_RESET] = HG_MIGRATE_RESET};

    if (model_refusal(m, (enum command)what) != NULL || argument[0] == '\0')
        update_command(m, (enum command)what, effects);
    else if (strlen(argument) >= HG_REVISION_SIZE)
        note_add(m, ROLE_WARN, "no revision is called as long as that");
    else
        change_ask(m, kinds[what], argument, what != COMMAND_PLAN, effects);
}

static void theme(struct model *m, int what, const char *argument, struct effects *effects)
{
    (void)what;
    text_copy(m->theme_asked, sizeof m->theme_asked, argument);
    effect_add(effects, (struct effect){.kind = EFFECT_THEME, .text = m->theme_asked});
}

static void filter(struct model *m, int what, const char *argument, struct effects *effects)
{
    struct looking *looking = &m->lists[model_subject(m)];

    (void)what;
    (void)effects;
    text_copy(looking->filter, sizeof looking->filter, argument);
    list_refresh(m, model_subject(m));
}

/* Sorts by the column whose name begins so; without a name as it comes. */
static void sort(struct model *m, int what, const char *argument, struct effects *effects)
{
    const struct list *list = list_of(m, model_subject(m));
    struct looking *looking = &m->lists[model_subject(m)];
    int found = LIST_AS_IT_COMES;

    (void)what;
    (void)effects;
    for (int i = (int)list->column_count - 1; i >= 0 && argument[0] != '\0'; i--)
        if (list->columns[i].sorts
            && strncasecmp(list->columns[i].title, argument, strlen(argument)) == 0)
            found = i;
    if (found == LIST_AS_IT_COMES && argument[0] != '\0') {
        note_add(m, ROLE_WARN, "%s cannot be sorted by \"%s\"", list->title, argument);
        return;
    }
    looking->order = found;
    looking->reversed = false;
    list_refresh(m, model_subject(m));
}

static void export(struct model *m, int what, const char *argument, struct effects *effects)
{
    if (argument[0] == '\0')
        update_command(m, (enum command)what, effects);
    else
        export_write(m, argument, effects);
}

static void cutover(struct model *m, int what, const char *argument, struct effects *effects)
{
    (void)what;
    wizard_plan_by(m, argument, effects);
}

/* --- settings --- */

static void set_mouse(struct model *m, const char *value, struct effects *effects)
{
    if (m->mouse_taken != (strcmp(value, "on") == 0))
        update_command(m, COMMAND_MOUSE, effects);
}

static void set_refresh(struct model *m, const char *value, struct effects *effects)
{
    (void)effects;
    refresh_every(m, (int)(strtod(value, NULL) * 1000)); /* "off" is 0 */
}

static void set_theme(struct model *m, const char *value, struct effects *effects)
{
    theme(m, 0, value, effects);
}

enum { VALUES = 6 };
static const struct setting {
    const char *name, *help;
    void (*set)(struct model *m, const char *value, struct effects *effects);
    const char *values[VALUES]; /* none: the themes that there are */
} settings[] = {
    {"mouse",
     "Whether the mouse selects rows, or is left to the terminal",
     set_mouse,
     {"on", "off"}},
    {"refresh",
     "How often all is read again, in seconds",
     set_refresh,
     {"0.5", "1", "2", "5", "10", "off"}},
    {"theme", "The looks of the console", set_theme, {NULL}},
};
enum { SETTINGS = sizeof settings / sizeof *settings };

static const struct setting *setting_of(const char *name, size_t n)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (strlen(settings[i].name) == n && strncmp(settings[i].name, name, n) == 0)
            return &settings[i];
    return NULL;
}

static bool may_be(const struct setting *setting, const char *value)
{
    bool any = setting->values[0] == NULL; /* whoever loads themes knows them */

    for (size_t i = 0; i < VALUES && setting->values[i] != NULL; i++)
        any = any || strcmp(setting->values[i], value) == 0;
    return any && value[0] != '\0';
}

/* "mouse on" */
static void set(struct model *m, int what, const char *argument, struct effects *effects)
{
    size_t n = strcspn(argument, " ");
    const struct setting *setting = setting_of(argument, n);
    const char *value = argument + n + strspn(argument + n, " ");

    (void)what;
    if (setting == NULL)
        note_add(m, ROLE_WARN, "set: mouse, refresh and theme can be set here");
    else if (!may_be(setting, value))
        note_add(m, ROLE_WARN, "set: %s cannot be \"%s\"; Tab shows what it can", setting->name,
                 value);
    else
        setting->set(m, value, effects);
}

/* clang-format off */
static const struct row {
    const char *name;
    run_word *run;
    int what;              /* a command of the key table */
    const char *arguments; /* NULL: as the command line's action of that name has them */
    const char *help;
} rows[] = {
    {"status",   press,  COMMAND_SCREEN + SCREEN_OVERVIEW,   NULL, NULL},
    {"pools",    press,  COMMAND_SCREEN + SCREEN_POOLS,      NULL, NULL},
    {"sessions", press,  COMMAND_SCREEN + SCREEN_SESSIONS,   NULL, NULL},
    {"history",  press,  COMMAND_SCREEN + SCREEN_MIGRATIONS, NULL, NULL},
    {"current",  press,  COMMAND_SCREEN + SCREEN_MIGRATIONS, NULL, NULL},
    {"heads",    press,  COMMAND_SCREEN + SCREEN_MIGRATIONS, NULL, NULL},
    {"ready",    press,  COMMAND_CHECKS,                     NULL, NULL},
    {"check",    press,  COMMAND_DRIFT,                      NULL, NULL},
    {"transfer", press,  COMMAND_TRANSFER,                   "",         "Copy all data of SQLite into PostgreSQL"},
    {"attach",   press,  COMMAND_ATTACH,                     "",         "Watch a run that goes on elsewhere"},
    {"up",       change, COMMAND_APPLY,                      NULL, NULL},
    {"down",     change, COMMAND_ROLL_BACK,                  NULL, NULL},
    {"reset",    change, COMMAND_RESET,                      NULL, NULL},
    {"plan",     change, COMMAND_PLAN,                       "[TARGET]", "What up would do; changes nothing"},
    {"cutover",  cutover, 0,                                 "[RUNBOOK]", "The guided cutover; with a runbook the plan by it"},
    {"arm",      press,  COMMAND_ARM,                        "",         "Allow changes of production for ten minutes, or forbid them again"},
    {"overview", press,  COMMAND_SCREEN + SCREEN_OVERVIEW,   "",         "Pools, migrations and readiness at a glance"},
    {"migrations", press, COMMAND_SCREEN + SCREEN_MIGRATIONS, "",        "History, what is pending, and its SQL"},
    {"checks",   press,  COMMAND_SCREEN + SCREEN_CHECKS,     "",         "Whether this instance may take traffic"},
    {"log",      press,  COMMAND_SCREEN + SCREEN_LOG,        "",         "What has happened since the console was opened"},
    {"filter",   filter, 0,                                  "[WORDS]",  "Show only rows with these words; without words all"},
    {"sort",     sort,   0,                                  "[COLUMN]", "Sort the list; without a column as it comes"},
    {"refresh",  press,  COMMAND_REFRESH,                    "",         "Read everything again now"},
    {"zoom",     press,  COMMAND_ZOOM,                       "",         "Give the pane the whole screen, or take it back"},
    {"pause",    press,  COMMAND_HOLD,                       "",         "Read nothing more, or go on"},
    {"copy",     press,  COMMAND_COPY,                       "",         "Copy what matters of the row, or the whole page"},
    {"export",   export, COMMAND_EXPORT,                     "[FILE]",   "Write the list, or the page, into a new file: .csv, .json or text"},
    {"theme",    theme,  0,                                  "[NAME]",   "That theme; without a name the next one"},
    {"set",      set,    0,                                  "NAME VALUE", "Change a setting of this console: mouse, refresh, theme"},
    {"mouse",    press,  COMMAND_MOUSE,                      "",         "Take the mouse, or leave it to the terminal again"},
    {"help",     press,  COMMAND_HELP,                       "",         "Every key, by what it is for"},
    {"quit",     press,  COMMAND_QUIT,                       "",         "Quit; asks while something runs"},
};
/* clang-format on */
enum { ROWS = sizeof rows / sizeof *rows };
_Static_assert(sizeof rows / sizeof *rows <= PALETTE_WORDS_MAX, "every word can be offered");

static struct palette_word word_of(const struct row *row)
{
    const struct action *action = action_find(row->name);

    return (struct palette_word){row->name,
                                 row->arguments != NULL ? row->arguments : action->arguments,
                                 row->help != NULL ? row->help : action->help};
}

static bool takes_target(const char *line)
{
    static const char *const names[] = {"up ", "down ", "plan "};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(line, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static size_t match_revisions(const struct model *m, const char *typed,
                              struct palette_word out[PALETTE_WORDS_MAX])
{
    const hg_history *history = model_history(m);
    size_t n = 0;

    for (size_t i = 0; history != NULL && i < history->revision_count && n < PALETTE_WORDS_MAX; i++)
        if (strncmp(history->revisions[i].revision, typed, strlen(typed)) == 0)
            out[n++] = (struct palette_word){history->revisions[i].revision, "",
                                             history->revisions[i].message};
    return n;
}

static size_t match_themes(const struct model *m, const char *typed,
                           struct palette_word out[PALETTE_WORDS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < m->facts.theme_count; i++)
        if (strncmp(m->facts.themes[i], typed, strlen(typed)) == 0)
            out[n++] = (struct palette_word){m->facts.themes[i], "", ""};
    return n;
}

/* What may stand behind "set ": a name, then a value of it. */
static size_t match_settings(const struct model *m, const char *line, const char *typed,
                             struct palette_word out[PALETTE_WORDS_MAX])
{
    const struct setting *setting = setting_of(line, strcspn(line, " "));
    size_t n = 0;

    if (typed != line && setting == NULL)
        return 0;
    if (typed != line && setting->values[0] == NULL)
        return match_themes(m, typed, out);
    for (size_t i = 0; typed == line && i < SETTINGS; i++)
        if (strncmp(settings[i].name, typed, strlen(typed)) == 0)
            out[n++] = (struct palette_word){settings[i].name, "VALUE", settings[i].help};
    for (size_t i = 0; typed != line && i < VALUES && setting->values[i] != NULL; i++)
        if (strncmp(setting->values[i], typed, strlen(typed)) == 0)
            out[n++] = (struct palette_word){setting->values[i], "", ""};
    return n;
}

size_t palette_matches(const struct model *m, const char *line,
                       struct palette_word out[PALETTE_WORDS_MAX], size_t *out_typed)
{
    const char *space = strrchr(line, ' ');
    const char *typed = space == NULL ? line : space + 1;
    size_t n = 0;

    *out_typed = strlen(typed);
    if (space != NULL && strncmp(line, "theme ", 6) == 0)
        return match_themes(m, typed, out);
    if (space != NULL && strncmp(line, "set ", 4) == 0)
        return match_settings(m, line + 4, typed, out);
    if (space != NULL)
        return takes_target(line) ? match_revisions(m, typed, out) : 0;
    for (size_t i = 0; i < ROWS; i++)
        if (strncmp(rows[i].name, typed, *out_typed) == 0)
            out[n++] = word_of(&rows[i]);
    return n;
}

void palette_complete(const struct model *m, char *line, size_t size)
{
    struct palette_word words[PALETTE_WORDS_MAX];
    size_t typed, n = palette_matches(m, line, words, &typed), agreed;

    if (n == 0)
        return;
    agreed = strlen(words[0].name);
    for (size_t i = 1; i < n; i++)
        while (strncmp(words[0].name, words[i].name, agreed) != 0)
            agreed--;
    if (strlen(line) - typed + agreed + 2 > size)
        return;
    snprintf(line + strlen(line) - typed, size - strlen(line) + typed, "%.*s%s", (int)agreed,
             words[0].name, n == 1 && words[0].arguments[0] != '\0' ? " " : "");
}

/* What to say of a word that is not in the table. */
static void unknown(struct model *m, const char *name)
{
    const struct action *action = action_find(name);
    const char *meant = NULL;

    for (size_t i = 0; i < ROWS; i++)
        if (near_enough(name, rows[i].name))
            meant = rows[i].name;
    if (action != NULL)
        note_add(m, ROLE_WARN, "%s needs a shell: headgate %s%s%s", name, name,
                 action->arguments[0] == '\0' ? "" : " ", action->arguments);
    else
        note_add(m, ROLE_WARN, "there is no \"%s\"%s%s%s", name,
                 meant == NULL ? "" : ": did you mean ", meant == NULL ? "" : meant,
                 meant == NULL ? "" : "?");
}

bool palette_knows(const char *line, bool *out_changes)
{
    size_t n = strcspn(line, " ");

    for (size_t i = 0; i < ROWS; i++)
        if (strlen(rows[i].name) == n && strncmp(rows[i].name, line, n) == 0) {
            enum command command = (enum command)rows[i].what;

            *out_changes = command == COMMAND_ARM || keys_row(command)->changes;
            return true;
        }
    return false;
}

void palette_run(struct model *m, const char *line, struct effects *effects)
{
    char name[sizeof m->entry.text];
    size_t n;

    line += strspn(line, " ");
    n = strcspn(line, " ");
    snprintf(name, sizeof name, "%.*s", (int)n, line);
    line += n + strspn(line + n, " ");
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0) {
            rows[i].run(m, rows[i].what, line, effects);
            return;
        }
    if (name[0] != '\0')
        unknown(m, name);
}
