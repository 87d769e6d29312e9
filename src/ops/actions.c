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
    {"rev",     "-m MESSAGE",  DANGER_NONE,     "Write a new migration file, with --autogenerate from the schema file"},
    {"up",      "[TARGET]",    DANGER_CHANGES,  "Apply migrations up to TARGET (default: the heads)"},
    {"down",    "[TARGET]",    DANGER_CHANGES,  "Roll back to TARGET (default: one revision)"},
    {"reset",   "",            DANGER_DESTROYS, "Roll everything back and apply everything again"},
    {"history", "",            DANGER_NONE,     "The revisions with what is applied, when, by whom, how long it took"},
    {"current", "",            DANGER_NONE,     "The revisions that the database is at"},
    {"heads",   "",            DANGER_NONE,     "The revisions that nothing revises"},
    {"stamp",   "TARGET",      DANGER_CHANGES,  "Set the current revision without running anything"},
    {"import",  "TOOL [DIR]",  DANGER_CHANGES,  "Take over a project of alembic, dbmate, goose, golang-migrate or flyway"},
    {"rehearse", "[TARGET]",   DANGER_NONE,     "Apply what is pending on a scratch copy, roll it back, compare, apply it again"},
    {"lint",    "[FILE ...]",  DANGER_NONE,     "The hazards of pending or named migrations by engine and version, without a database"},
    {"check",   "",            DANGER_NONE,     "Whether database, schema file and migration files agree; exit status 1 when they do not"},
    {"schema",  "diff|dump [FROM [TO]]", DANGER_NONE, "The schema as SQL, and what makes it another: of the database, a file, a revision"},
    {"merge",   "[-m MESSAGE]", DANGER_NONE,    "Write a migration file that joins several heads"},
    {"copy",    "--postgres URL", DANGER_CHANGES, "Copy all data from SQLite to PostgreSQL, every value checked and both sides compared"},
    {"cutover", "",            DANGER_CHANGES,  "Move the application from SQLite to PostgreSQL, step by step, with a journal and a way back"},
    {"ready",   "",            DANGER_NONE,     "The readiness report; exit status 0 only when ready"},
    {"smoke",   "",            DANGER_NONE,     "Run every check there is; exit status 0 only when none failed"},
    {"pools",   "[PID | ORDER ...]", DANGER_NONE, "The connection pools of every process on this host, those of one, or an order to one"},
    {"sessions", "[ORDER PID]", DANGER_NONE,    "Who uses the database: its sessions, who blocks whom, connections left; and an end to one"},
    {"serve",   "",            DANGER_NONE,     "/healthz, /readiness and /metrics over HTTP"},
    {"theme",   "list|check FILE", DANGER_NONE, "The looks of the console: which there are, or whether a file is one"},
    {"completion", "bash|zsh|fish", DANGER_NONE, "A script for the shell that completes commands and options"},
};

/* Those of one action stand together. */
static const struct action parts[] = {
    {"pools pause",        "PID[:NAME]",      DANGER_CHANGES, "Hand out no connection until it is resumed: callers wait"},
    {"pools resume",       "PID[:NAME]",      DANGER_CHANGES, "Let a paused pool go on"},
    {"pools drain",        "PID[:NAME]",      DANGER_ENDS,    "Hand out no connection any more: callers fail until the program makes a new pool"},
    {"pools resize",       "N PID[:NAME]",    DANGER_CHANGES, "Keep N connections; the overflow stays as it is"},
    {"pools evict",        "SLOT PID[:NAME]", DANGER_CHANGES, "Close one connection; one in use when it comes back"},
    {"theme list",         "",                DANGER_NONE,    "Every theme with its file, also one's own"},
    {"theme check",        "FILE",            DANGER_NONE,    "Faults of a theme with line and column, and text that is hard to read"},
    {"schema diff",        "",                DANGER_NONE,    "What makes the database the one of the schema file; exit status 1 when they differ"},
    {"schema dump",        "",                DANGER_NONE,    "The schema of the database as SQL that makes it anew"},
    {"sessions cancel",    "PID",             DANGER_ENDS,    "Cancel what a session of the server runs; it is rolled back"},
    {"sessions terminate", "PID",             DANGER_ENDS,    "End a session of the server; what it has in flight is rolled back"},
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

const struct action *action_parts(const struct action *action, size_t *out_count)
{
    size_t n = strlen(action->name), first = 0, count = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strncmp(parts[i].name, action->name, n) == 0 && parts[i].name[n] == ' ')
            first = count++ == 0 ? i : first;
    *out_count = count;
    return &parts[first];
}

const struct action *action_part(const struct action *action, const char *word)
{
    size_t n = strlen(action->name), count;
    const struct action *part = action_parts(action, &count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(part[i].name + n + 1, word) == 0)
            return &part[i];
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
    return action->danger >= DANGER_SOURCE ? CONSENT_YES : CONSENT_NONE;
}

static const char *const reasons[] = {
    [DANGER_SOURCE] = "writes into the source",
    [DANGER_ENDS] = "cannot be taken back",
    [DANGER_DESTROYS] = "drops data",
};

bool action_refuse(const struct action *action, enum consent consent, const char *database,
                   hg_error *err)
{
    if (consent == CONSENT_NEVER) {
        hg_fail(err, HG_READ_ONLY, "\"%s\" makes changes and this is a read-only run",
                action->name);
        hg_error_hint(err, "Leave out --read-only, or unset HEADGATE_READ_ONLY.");
    } else if (consent == CONSENT_TYPED) {
        hg_fail(err, HG_REFUSED, "\"%s\" on the production database \"%s\" was not confirmed",
                action->name, database);
        if (database[0] == '\0')
            hg_error_hint(err,
                          "Name the database in the URL: what has no name cannot be confirmed.");
        else
            hg_error_hint(err, "See first what it will change, then add: --confirm %s", database);
    } else {
        hg_fail(err, HG_REFUSED, "\"%s\" %s and was not confirmed", action->name,
                reasons[action->danger]);
        hg_error_hint(err, "Answer the question on a terminal, or add --yes.");
    }
    return false;
}

bool action_typed_matches(const char *typed, const char *database)
{
    return database[0] != '\0' && strcmp(typed, database) == 0;
}
