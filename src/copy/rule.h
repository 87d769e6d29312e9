/*
 * rule.h - what a person wants done about values that do not fit.
 * Pure. One rule a line of a rules file, or a --rule:
 *
 *     orders.total@numeric-scale round       # one column, one kind of misfit
 *     *.deleted_at default 1970-01-01        # this column of every table
 *     :timestamptz cast unix-ms              # every column of a type
 *     docs skip                              # a table that is not copied
 *     users.id as integer                    # what it becomes in a table that the copy makes
 *
 * Actions: null, default VALUE, truncate, round, map FROM=TO, cast KIND, reject (the row goes to a
 * file), skip (the table, or the column, is not copied), as TYPE. A rule is asked about misfits
 * only, but for the last two; the first whose outcome fits is taken. Names with other characters
 * than letters, digits and _ stand in double quotes.
 */
#ifndef COPY_RULE_H
#define COPY_RULE_H

#include <headgate/error.h>

#include "base/arena.h"
#include "base/vec.h"
#include "convert.h"
#include "typemap.h"

enum rule_action {
    RULE_NULL,
    RULE_DEFAULT,
    RULE_TRUNCATE,
    RULE_ROUND,
    RULE_MAP,
    RULE_CAST,
    RULE_REJECT,
    RULE_SKIP,
    RULE_AS,
    RULE_ACTIONS
};

struct rule {
    const char *table, *column; /* NULL: any; column "": the table as a whole */
    const char *type;           /* PostgreSQL's name for it; NULL: any */
    enum finding finding;       /* FITS: any misfit */
    enum rule_action action;
    int cast;              /* of RULE_CAST: a row of the table in rule.c */
    const char *from, *to; /* of RULE_MAP; RULE_DEFAULT: to */
    struct made_type made; /* of RULE_AS */
    const char *text;      /* the rule as it was written */
};

struct rules {
    struct arena arena;
    VEC(struct rule) list;
};

/* Adds one rule. file and line: where it stands, for the error; NULL and 0: on a command line.
 * err: HG_USAGE, or HG_CONFIG in a file, HG_NOMEM. */
bool rules_add(struct rules *rules, const char *text, const char *file, int line, hg_error *err);

/* Adds all rules of a file's text. */
bool rules_add_file(struct rules *rules, const char *file, const char *text, hg_error *err);
void rules_release(struct rules *rules);

/* Whether a rule is about this column; column "" asks about the table as a whole. */
bool rule_matches(const struct rule *rule, const char *table, const char *column, const char *type);

/*
 * The value that takes the place of one that does not fit; false: the rule has none for it. out's
 * bytes live in the scratch or in the rule. Not for RULE_REJECT, RULE_SKIP and RULE_AS.
 */
bool rule_apply(const struct rule *rule, const struct target *target, enum finding finding,
                const struct cell *cell, struct image *scratch, struct cell *out);

const char *rule_action_name(enum rule_action action); /* "null", "default", ...; static */

#endif
