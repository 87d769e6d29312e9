/*
 * actions.c - the table of operations. Pure.
 */
#include "actions.h"

#include <string.h>

/* clang-format off */
static const struct action actions[] = {
    {"console", "",            DANGER_NONE,     "The dashboard; also what headgate without a command opens"},
    {"demo",    "",            DANGER_NONE,     "The dashboard on a throw-away SQLite project with a workload on its pools"},
    {"config",  "",            DANGER_NONE,     "Every setting, its value and where it came from"},
    {"status",  "",            DANGER_NONE,     "One page: database, pools, revisions, readiness"},
    {"init",    "",            DANGER_CHANGES,  "Make the migrations folder and the version tables; safe to repeat"},
    {"rev",     "-m MESSAGE",  DANGER_NONE,     "Write a new migration file"},
    {"up",      "[TARGET]",    DANGER_CHANGES,  "Apply migrations up to TARGET (default: the heads)"},
    {"down",    "[TARGET]",    DANGER_CHANGES,  "Roll back to TARGET (default: one revision)"},
    {"reset",   "",            DANGER_DESTROYS, "Roll everything back and apply everything again"},
    {"history", "",            DANGER_NONE,     "The revisions with what is applied, when, by whom, how long it took"},
    {"current", "",            DANGER_NONE,     "The revisions that the database is at"},
    {"heads",   "",            DANGER_NONE,     "The revisions that nothing revises"},
    {"stamp",   "TARGET",      DANGER_CHANGES,  "Set the current revision without running anything"},
    {"import",  "TOOL [DIR]",  DANGER_CHANGES,  "Take over a project of alembic, dbmate, goose, golang-migrate or flyway"},
    {"merge",   "[-m MESSAGE]", DANGER_NONE,    "Write a migration file that joins several heads"},
    {"ready",   "",            DANGER_NONE,     "The readiness report; exit status 0 only when ready"},
    {"smoke",   "",            DANGER_NONE,     "Run every check there is; exit status 0 only when none failed"},
    {"pools",   "",            DANGER_NONE,     "The connection pools of every process on this host"},
    {"sessions", "",           DANGER_NONE,     "Who uses the database: its sessions, who blocks whom, connections left"},
    {"completion", "bash|zsh|fish", DANGER_NONE, "A script for the shell that completes commands and options"},
};
/* clang-format on */

const struct action *actions_all(size_t *out_count)
{
    *out_count = sizeof actions / sizeof *actions;
    return actions;
}

const struct action *action_find(const char *name)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

enum consent action_consent(const struct action *action, bool production, bool read_only)
{
    if (action->danger == DANGER_NONE)
        return CONSENT_NONE;
    if (read_only)
        return CONSENT_NEVER;
    if (production)
        return CONSENT_TYPED;
    return action->danger == DANGER_DESTROYS ? CONSENT_YES : CONSENT_NONE;
}

bool action_refuse(const struct action *action, enum consent consent, const char *database,
                   hg_error *err)
{
    if (consent == CONSENT_NEVER) {
        hg_fail(err, HG_READ_ONLY, "\"%s\" changes the database and this is a read-only run",
                action->name);
        hg_error_hint(err, "Leave out --read-only, or unset HEADGATE_READ_ONLY.");
    } else if (consent == CONSENT_TYPED) {
        hg_fail(err, HG_REFUSED, "\"%s\" on the production database \"%s\" was not confirmed",
                action->name, database);
        if (database[0] == '\0')
            hg_error_hint(err,
                          "Name the database in the URL: what has no name cannot be confirmed.");
        else
            hg_error_hint(err, "Look at the plan first, then add: --confirm %s", database);
    } else {
        hg_fail(err, HG_REFUSED, "\"%s\" drops data and was not confirmed", action->name);
        hg_error_hint(err, "Answer the question on a terminal, or add --yes.");
    }
    return false;
}

bool action_typed_matches(const char *typed, const char *database)
{
    return database[0] != '\0' && strcmp(typed, database) == 0;
}
