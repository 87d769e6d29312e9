/*
 * actions.h - the operations that are offered to people, and the one safety rule that guards them.
 *
 * Command line and console read the same rows: name, arguments, danger, help. A key and a script
 * take one path.
 */
#ifndef OPS_ACTIONS_H
#define OPS_ACTIONS_H

#include <headgate/headgate.h>

enum danger {
    DANGER_NONE,    /* looks only */
    DANGER_CHANGES, /* changes the database or what uses it; can be taken back by its opposite */
    DANGER_SOURCE,  /* writes into a source that a copy otherwise leaves alone */
    DANGER_ENDS,    /* ends something of somebody else's for good, but drops no data */
    DANGER_DESTROYS /* drops data */
};

struct action {
    const char *name;      /* "up" */
    const char *arguments; /* "[TARGET]", "" for none */
    enum danger danger;
    const char *help; /* one line, starts with a capital, no full stop */
};

/* All actions, in the order in which help shows them; *out_count of them. Static. */
const struct action *actions_all(size_t *out_count);

/* The action of that name, or NULL. */
const struct action *action_find(const char *name);

/* The parts of an action that has some ("pools pause"), in the order in which help shows them;
 * *out_count of them, often 0. Static. */
const struct action *action_parts(const struct action *action, size_t *out_count);

/* The part that a word behind the action's name means, or NULL. */
const struct action *action_part(const struct action *action, const char *word);

/* What an action needs before it may run. */
enum consent {
    CONSENT_NONE,  /* nothing */
    CONSENT_YES,   /* a plain yes */
    CONSENT_TYPED, /* the database's name, typed */
    CONSENT_NEVER  /* refused: read-only */
};

/* Pure: decides from the danger and where we are. */
enum consent action_consent(const struct action *action, bool production, bool read_only);

/* The error that a refused action ends with; how to consent stands in the hint. Always false. */
bool action_refuse(const struct action *action, enum consent consent, const char *database,
                   hg_error *err);

/* Whether what was typed is the database's name. */
bool action_typed_matches(const char *typed, const char *database);

#endif
