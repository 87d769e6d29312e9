/*
 * classify_words.c - PostgreSQL's statements by their first words, for what its grammar here does
 * not read: newer syntax, and statements of more tokens than it is asked for.
 */
#include "class.h"

static const char *name(struct class_maker *m, struct words *w)
{
    words_take_all(w, "if exists");
    words_take_all(w, "if not exists");
    words_take(w, "only");
    return words_name(w, m->arena);
}

static void read_create_table(struct class_maker *m, struct words *w)
{
    enum class_effect_kind kind =
        words_ahead(w, "if not exists") ? EFFECT_CREATE_IF : EFFECT_CREATE;

    class_use(m, FORM_CREATE_TABLE, "", "");
    class_effect(m, kind, name(m, w), "");
}

static void read_create_index(struct class_maker *m, struct words *w)
{
    bool concurrently = words_take(w, "concurrently");

    while (w->token.kind != LEX_END && !words_take(w, "on"))
        words_next(w);
    class_use(m, concurrently ? FORM_CREATE_INDEX_CONCURRENTLY : FORM_CREATE_INDEX, name(m, w), "");
}

/* What newer versions have brought. */
static const struct {
    const char *words;
    enum form_id form;
} newer[] = {
    {"virtual", FORM_ADD_COLUMN_VIRTUAL},    {"set expression", FORM_SET_EXPRESSION},
    {"not valid", FORM_ADD_CHECK_NOT_VALID}, {"validate constraint", FORM_VALIDATE_CONSTRAINT},
    {"without overlaps", FORM_ADD_EXCLUDE},  {"drop column", FORM_DROP_COLUMN},
};

static void read_alter_table(struct class_maker *m, struct words *w)
{
    const char *table = name(m, w);
    enum form_id form = FORM_ALTER_TABLE_OTHER;

    for (size_t i = 0; i < sizeof newer / sizeof *newer && form == FORM_ALTER_TABLE_OTHER; i++)
        if (words_ahead(w, newer[i].words))
            form = newer[i].form;
    class_use(m, form, table, "");
}

static void read_drop_table(struct class_maker *m, struct words *w)
{
    const char *table = name(m, w);

    class_use(m, FORM_DROP_TABLE, table, "");
    class_effect(m, EFFECT_DROP, table, "");
}

static void read_insert(struct class_maker *m, struct words *w)
{
    class_use(m, FORM_INSERT, name(m, w), "");
}

static void read_update(struct class_maker *m, struct words *w)
{
    const char *table = name(m, w);

    class_use(m, words_ahead(w, "where") ? FORM_UPDATE : FORM_UPDATE_ALL, table, "");
}

static void read_delete(struct class_maker *m, struct words *w)
{
    const char *table = name(m, w);

    class_use(m, words_ahead(w, "where") ? FORM_DELETE : FORM_DELETE_ALL, table, "");
}

static void read_merge(struct class_maker *m, struct words *w)
{
    class_use(m, FORM_MERGE, name(m, w), "");
}

static void read_copy(struct class_maker *m, struct words *w)
{
    const char *table = name(m, w);

    class_use(m, words_ahead(w, "from") ? FORM_COPY_FROM : FORM_COPY_TO, table, "");
}

static const struct {
    const char *words;
    void (*read)(struct class_maker *m, struct words *words);
    enum form_id form; /* read NULL: all there is to say */
} heads[] = {
    {"create table", read_create_table, FORM_NONE},
    {"create unlogged table", read_create_table, FORM_NONE},
    {"create index", read_create_index, FORM_NONE},
    {"create unique index", read_create_index, FORM_NONE},
    {"create function", NULL, FORM_CREATE_FUNCTION},
    {"create procedure", NULL, FORM_CREATE_FUNCTION},
    {"create or replace function", NULL, FORM_CREATE_FUNCTION},
    {"create or replace procedure", NULL, FORM_CREATE_FUNCTION},
    {"alter table", read_alter_table, FORM_NONE},
    {"drop table", read_drop_table, FORM_NONE},
    {"insert into", read_insert, FORM_NONE},
    {"update", read_update, FORM_NONE},
    {"delete from", read_delete, FORM_NONE},
    {"merge into", read_merge, FORM_NONE},
    {"copy", read_copy, FORM_NONE},
    {"select", NULL, FORM_SELECT},
    {"do", NULL, FORM_CODE},
};

void class_words(struct class_maker *m, struct words *w)
{
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
