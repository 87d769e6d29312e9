/*
 * classify_sqlite.c - SQLite's statements by their words. Its ALTER TABLE knows four forms
 * (lang_altertable.html); what it refuses is told apart from what it takes.
 */
#include <string.h>

#include "class.h"

static const char *name(struct class_maker *m, struct words *w)
{
    words_take_all(w, "if exists");
    words_take_all(w, "if not exists");
    return words_name(w, m->arena);
}

/* --- CREATE, DROP --- */

static void read_create_table(struct class_maker *m, struct words *w)
{
    enum class_effect_kind kind =
        words_ahead(w, "if not exists") ? EFFECT_CREATE_IF : EFFECT_CREATE;
    const char *table = name(m, w);

    class_use(m, words_ahead(w, "as") ? FORM_LITE_CREATE_TABLE_AS : FORM_LITE_CREATE_TABLE, "", "");
    class_effect(m, kind, table, "");
}

static void read_create_index(struct class_maker *m, struct words *w)
{
    enum class_effect_kind kind =
        words_ahead(w, "if not exists") ? EFFECT_CREATE_IF : EFFECT_CREATE;
    const char *index = name(m, w);

    words_take(w, "on");
    class_use(m, FORM_LITE_CREATE_INDEX, words_name(w, m->arena), "");
    class_effect(m, kind, index, "");
}

static void read_create_view(struct class_maker *m, struct words *w)
{
    class_use(m, FORM_LITE_CREATE_OTHER, "", "");
    class_effect(m, EFFECT_CREATE, name(m, w), "");
}

static void read_drop_table(struct class_maker *m, struct words *w)
{
    const char *table = name(m, w);

    class_use(m, FORM_LITE_DROP_TABLE, table, "");
    class_effect(m, EFFECT_DROP, table, "");
}

static void read_drop_view(struct class_maker *m, struct words *w)
{
    class_use(m, FORM_LITE_DROP_OTHER, "", "");
    class_effect(m, EFFECT_DROP, name(m, w), "");
}

/* --- ALTER TABLE --- */

/* A default that a new column may not have: an expression, or the current time. */
static bool has_computed_default(const struct words *w)
{
    struct words at = *w;

    for (; at.token.kind != LEX_END; words_next(&at))
        if (words_take(&at, "default"))
            return words_mark(&at, '(') || words_take(&at, "current_time")
                   || words_take(&at, "current_date") || words_take(&at, "current_timestamp");
    return false;
}

static bool has_null_default(const struct words *w)
{
    return words_ahead(w, "default null") || !words_ahead(w, "default");
}

/* Behind ADD COLUMN and its name. */
static enum form_id added_column(const struct words *w)
{
    bool stored = words_ahead(w, "stored"), generated = words_ahead(w, "as");

    if (words_ahead(w, "primary key") || words_ahead(w, "unique") || stored)
        return FORM_LITE_ADD_COLUMN_REFUSED;
    if (!generated && words_ahead(w, "not null") && has_null_default(w))
        return FORM_LITE_ADD_COLUMN_REFUSED;
    if (has_computed_default(w))
        return FORM_LITE_ADD_COLUMN_REFUSED;
    if (words_ahead(w, "check") || (generated && words_ahead(w, "not null")))
        return FORM_LITE_ADD_COLUMN_CHECK;
    return FORM_LITE_ADD_COLUMN;
}

static void rename_something(struct class_maker *m, struct words *w, const char *table)
{
    if (words_take(w, "to")) {
        class_use(m, FORM_LITE_RENAME_TABLE, table, "");
        class_effect(m, EFFECT_RENAME, table, words_name(w, m->arena));
    } else {
        class_use(m, FORM_LITE_RENAME_COLUMN, table, "");
    }
}

static void read_alter_table(struct class_maker *m, struct words *w)
{
    const char *table = words_name(w, m->arena);

    if (words_take(w, "rename")) {
        rename_something(m, w, table);
    } else if (words_take_all(w, "add constraint") || words_take_all(w, "add check")
               || words_take_all(w, "add foreign") || words_take_all(w, "add primary")
               || words_take_all(w, "add unique") || words_take_all(w, "drop constraint")) {
        class_use(m, FORM_LITE_ALTER_REFUSED, table, "");
    } else if (words_take(w, "add")) {
        words_take(w, "column");
        words_name(w, m->arena);
        class_use(m, added_column(w), table, "");
    } else if (words_take(w, "drop")) {
        class_use(m, FORM_LITE_DROP_COLUMN, table, "");
    } else {
        class_use(m, FORM_LITE_ALTER_REFUSED, table, "");
    }
}

/* --- data, and the session --- */

static void read_insert(struct class_maker *m, struct words *w)
{
    while (w->token.kind != LEX_END && !words_take(w, "into"))
        words_next(w);
    class_use(m, FORM_LITE_INSERT, words_name(w, m->arena), "");
}

static void read_update(struct class_maker *m, struct words *w)
{
    const char *table;

    if (words_take(w, "or"))
        words_next(w);
    table = words_name(w, m->arena);
    class_use(m, words_ahead(w, "where") ? FORM_LITE_UPDATE : FORM_LITE_UPDATE_ALL, table, "");
}

static void read_delete(struct class_maker *m, struct words *w)
{
    const char *table = words_name(w, m->arena);

    class_use(m, words_ahead(w, "where") ? FORM_LITE_DELETE : FORM_LITE_DELETE_ALL, table, "");
}

static void read_pragma(struct class_maker *m, struct words *w)
{
    const char *pragma = words_name(w, m->arena);

    if (pragma != NULL && strcmp(pragma, "foreign_keys") == 0 && w->token.kind != LEX_END)
        class_use(m, FORM_LITE_FOREIGN_KEYS, "", "");
    else if (pragma != NULL && strcmp(pragma, "writable_schema") == 0)
        class_use(m, FORM_LITE_WRITABLE_SCHEMA, "", "");
    else
        class_use(m, FORM_LITE_PRAGMA, "", "");
}

static const struct {
    const char *words;
    void (*read)(struct class_maker *m, struct words *words);
    enum form_id form; /* read NULL: all there is to say */
} heads[] = {
    {"create table", read_create_table, FORM_NONE},
    {"create virtual table", read_create_table, FORM_NONE},
    {"create temp", NULL, FORM_LITE_SESSION},
    {"create temporary", NULL, FORM_LITE_SESSION},
    {"create index", read_create_index, FORM_NONE},
    {"create unique index", read_create_index, FORM_NONE},
    {"create view", read_create_view, FORM_NONE},
    {"create trigger", NULL, FORM_LITE_CREATE_OTHER},
    {"drop table", read_drop_table, FORM_NONE},
    {"drop index", NULL, FORM_LITE_DROP_INDEX},
    {"drop view", read_drop_view, FORM_NONE},
    {"drop trigger", NULL, FORM_LITE_DROP_OTHER},
    {"alter table", read_alter_table, FORM_NONE},
    {"insert", read_insert, FORM_NONE},
    {"replace", read_insert, FORM_NONE},
    {"update", read_update, FORM_NONE},
    {"delete from", read_delete, FORM_NONE},
    {"select", NULL, FORM_LITE_SELECT},
    {"values", NULL, FORM_LITE_SELECT},
    {"pragma", read_pragma, FORM_NONE},
    {"vacuum", NULL, FORM_LITE_VACUUM},
    {"reindex", NULL, FORM_LITE_REINDEX},
    {"analyze", NULL, FORM_LITE_SESSION},
    {"attach", NULL, FORM_LITE_SESSION},
    {"detach", NULL, FORM_LITE_SESSION},
    {"begin", NULL, FORM_LITE_SESSION},
    {"commit", NULL, FORM_LITE_SESSION},
    {"end", NULL, FORM_LITE_SESSION},
    {"rollback", NULL, FORM_LITE_SESSION},
    {"savepoint", NULL, FORM_LITE_SESSION},
    {"release", NULL, FORM_LITE_SESSION},
};

/* A statement that begins WITH is what stands behind its common tables. */
static void pass_with(struct words *w)
{
    static const char *const verbs[] = {"insert", "replace", "update", "delete", "select"};
    int depth = 0;

    if (!words_take(w, "with"))
        return;
    for (; w->token.kind != LEX_END; words_next(w)) {
        struct words here = *w;

        depth += words_mark(&here, '(');
        depth -= words_mark(&here, ')');
        for (size_t i = 0; depth == 0 && i < sizeof verbs / sizeof *verbs; i++) {
            here = *w;
            if (words_take(&here, verbs[i]))
                return;
        }
    }
}

void class_sqlite(struct class_maker *m, struct words *w)
{
    pass_with(w);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        if (!words_take_all(w, heads[i].words))
            continue;
        if (heads[i].read != NULL)
            heads[i].read(m, w);
        else
            class_use(m, heads[i].form, "", "");
        return;
    }
}
