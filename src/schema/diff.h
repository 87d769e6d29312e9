/*
 * diff.h - two models → what is to be done to the first so that it becomes the second. Pure.
 *
 * Both models are of the same engine. An object is the same one when kind, schema, table and name
 * are; renames are none of its business (see rename.h).
 */
#ifndef SCHEMA_DIFF_H
#define SCHEMA_DIFF_H

#include "model.h"

enum change_verb { CHANGE_ADD, CHANGE_DROP, CHANGE_ALTER };

struct change {
    enum change_verb verb;
    enum object_kind kind;
    const struct object *from, *to; /* NULL: CHANGE_ADD has no from, CHANGE_DROP no to */
    uint32_t facts;                 /* CHANGE_ALTER: bits of those that differ */
    uint32_t wording;               /* of these, texts that both have and that may come to one */
    bool inside;                    /* its table is added or dropped as a whole */
};

struct diff {
    struct change *changes; /* in the order of the objects */
    size_t count;
    size_t apart; /* of these, changes that are not inside others */
};

/* Compares. privileges: whether FACT_PRIVILEGES counts. out_diff lives in the arena. False: memory
 * ran out. */
bool diff_make(struct arena *arena, const struct model *from, const struct model *to,
               bool privileges, struct diff *out_diff);

/* Whether a fact is among those that differ. */
bool change_touches(const struct change *change, enum fact fact);

/* Whether some change, and whether every change is at most one of wording. */
bool diff_has_wording(const struct diff *diff);
bool diff_is_wording(const struct diff *diff);

/* Appends a line for people: "+ table accounts", "~ column accounts.email: type text -> citext". */
struct buf;
void change_tell(const struct change *change, struct buf *out);

/* The part of it that an alteration has: "type text -> citext; not null none -> yes" */
void change_tell_facts(const struct change *change, struct buf *out);

/* "table", "materialized view", "publication" */
const char *object_tell_kind(const struct object *object);

/* "accounts.email", "app.accounts" */
void object_tell(const struct object *object, struct buf *out);

#endif
