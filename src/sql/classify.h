/*
 * classify.h - one statement → which forms it has, on which tables; what it makes and drops. Pure.
 * Must not know what a form locks, nor what a migration is.
 *
 * PostgreSQL's statements are read by its own grammar; by their first words where that grammar is
 * older than the statement, or the statement too large for it. SQLite's are read by their words.
 */
#ifndef SQL_CLASSIFY_H
#define SQL_CLASSIFY_H

#include <headgate/error.h>

#include "form.h"

struct arena;

enum classify_how {
    CLASSIFY_TREE,  /* PostgreSQL's grammar has read it; or SQLite's words are enough */
    CLASSIFY_WORDS, /* the first words alone: the rest may say more */
    CLASSIFY_FAULT  /* the same, and the grammar has met what it takes for a syntax error */
};

/* One form of a statement; ALTER TABLE has one for each subcommand. */
struct class_use {
    enum form_id form;
    const char *table; /* schema.name or name, as written but unquoted; "" when it names none */
    const char *other; /* the one that form->other is taken on; "" */
    hg_lock_mode lock; /* FORM_LOCK_TABLE: the mode it names; else HG_LOCK_NONE: the form's */
};

enum class_effect_kind { EFFECT_CREATE, EFFECT_CREATE_IF, EFFECT_DROP, EFFECT_RENAME };

/* A table, view, index or sequence that comes, goes, or is called otherwise from now on. */
struct class_effect {
    enum class_effect_kind kind;
    const char *name, *to; /* to: EFFECT_RENAME */
};

struct classified {
    enum classify_how how;
    struct class_use *uses; /* at least one; the first says best what the statement is */
    size_t use_count;
    struct class_effect *effects;
    size_t effect_count;
    const char *enum_value;    /* ALTER TYPE ... ADD VALUE: the value; else "" */
    const char *fault_message; /* CLASSIFY_FAULT: as the server would say it; else "" */
    int fault_character;       /* where, from 1; 0: not known */
};

/* sql: size bytes, one statement. Everything in out lives in the arena. err: HG_NOMEM alone. */
bool classify(struct arena *arena, hg_driver dialect, const char *sql, size_t size,
              struct classified *out, hg_error *err);

/* Whether two names may mean the same table: the same name, in the same schema where both say. */
bool classify_same_name(const char *a, const char *b);

#endif
