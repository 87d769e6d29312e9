/*
 * rename.h - which objects of one model are those of another under a new name, where somebody said
 * so. Pure.
 *
 * What has rows (tables, columns, values of enums) is renamed only when a hint or an answer says
 * so; what has none (constraints, indexes, sequences) whenever everything but its name is the same.
 */
#ifndef SCHEMA_RENAME_H
#define SCHEMA_RENAME_H

#include "hints.h"

struct rename {
    enum object_kind kind;
    const char *object;    /* "accounts.mail", for people */
    const char *old;       /* its name before, for people */
    const char *up, *down; /* statements */
};

struct renames {
    VEC(struct rename) items;
};

/* A column or table that is gone and one that is new, which may be the same. */
struct rename_question {
    const struct object *gone, *new;
};

/* Asks a person; false: they are not the same. */
typedef bool rename_ask(void *context, const struct rename_question *question);

/*
 * Appends what the hints say and what the models bear out, in an order in which it can be done. A
 * hint whose old name is gone says nothing any more. Texts live in the arena. False: memory ran
 * out.
 */
bool renames_hinted(struct arena *arena, const struct model *from, const struct model *to,
                    struct hints *hints, struct renames *renames);

/* PostgreSQL: appends what has no rows and only another name. */
bool renames_obvious(struct arena *arena, const struct model *from, const struct model *to,
                     struct renames *renames);

/*
 * The next pair that may be one thing: of the same type in the same table, or tables with the same
 * columns. Those about which a hint speaks are left out. False: there is none.
 */
bool renames_question(const struct model *from, const struct model *to, const struct hints *hints,
                      struct rename_question *out_question);

#endif
