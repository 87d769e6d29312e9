/*
 * class.h - what the readers of classify.c share: a statement's forms and effects while they are
 * found out. Appending fails stickily: find out all, ask once.
 */
#ifndef SQL_CLASS_H
#define SQL_CLASS_H

#include "base/arena.h"
#include "base/vec.h"
#include "classify.h"
#include "words.h"

struct tree_node;

struct class_maker {
    struct arena *arena;
    VEC(struct class_use) uses;
    VEC(struct class_effect) effects;
    const char *enum_value;
    bool failed; /* memory ran out */
};

/* Texts are borrowed, and live in the arena or for ever; NULL counts as failed memory. */
void class_use(struct class_maker *m, enum form_id form, const char *table, const char *other);
void class_effect(struct class_maker *m, enum class_effect_kind kind, const char *name,
                  const char *to);

/* --- classify_postgres.c: by a parse tree; the node's key says what it is: "IndexStmt" --- */
void class_postgres(struct class_maker *m, const struct tree_node *statement);

/* schema.name of a RangeVar; "" when there is none. */
const char *class_relation(struct class_maker *m, const struct tree_node *range);

/* a.b.c of a list of Strings, without its last `less` parts; "" when nothing is left. */
const char *class_names(struct class_maker *m, const struct tree_node *list, int less);

/* --- classify_alter.c --- */
void class_alter_table(struct class_maker *m, const struct tree_node *statement);
void class_alter_domain(struct class_maker *m, const struct tree_node *statement);

/* --- classify_words.c: by words, for what the grammar does not read --- */
void class_words(struct class_maker *m, struct words *words);

/* --- classify_sqlite.c --- */
void class_sqlite(struct class_maker *m, struct words *words);

#endif
