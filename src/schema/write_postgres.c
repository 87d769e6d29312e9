/*
 * write_postgres.c - PostgreSQL: drops, changes and creations in an order that the server accepts.
 *
 * First goes what is in the way (views, triggers, constraints, indexes), those first that need
 * others; then everything is changed or made, what is needed first; last goes what nothing uses any
 * more (columns, tables, types), so that what loses data comes behind all that can fail.
 */
#include "writer.h"

#include <stdlib.h>
#include <string.h>

/* Dropped before anything is changed. */
static bool drops_early(enum object_kind kind)
{
    return kind == OBJECT_VIEW || kind == OBJECT_TRIGGER || kind == OBJECT_RULE
           || kind == OBJECT_POLICY || kind == OBJECT_CONSTRAINT || kind == OBJECT_INDEX;
}

/* Whether another relation or type takes the name: then it must be free first. */
static bool name_is_wanted(const struct writer *w, const struct object *object)
{
    static const enum object_kind kinds[] = {OBJECT_TABLE, OBJECT_VIEW, OBJECT_SEQUENCE,
                                             OBJECT_TYPE};

    if (object->kind != OBJECT_TABLE && object->kind != OBJECT_SEQUENCE
        && object->kind != OBJECT_TYPE)
        return false;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const struct object *other =
            kinds[k] == object->kind
                ? NULL
                : model_find(w->to, kinds[k], object->schema, "", object->name);

        if (other != NULL && w->make[other - w->to->objects])
            return true;
    }
    return false;
}

/* A foreign key to what goes, too, or a domain's check by a function that does: without it both
 * may go in any order. */
static bool ties_doomed(const struct writer *w, size_t i)
{
    const struct object *object = &w->from->objects[i];
    bool key = object_is(object, "foreign key");
    bool of_domain = w->from->objects[object->owner].kind == OBJECT_TYPE;

    for (size_t k = 0; (key || of_domain) && k < object->need_count; k++) {
        size_t needed = object->needs[k];
        enum object_kind kind = w->from->objects[needed].kind;

        if (needed != object->owner
            && (key ? kind == OBJECT_TABLE || kind == OBJECT_CONSTRAINT : kind == OBJECT_FUNCTION)
            && (w->fate[needed] == FATE_DROP || w->fate[needed] == FATE_RECREATE))
            return true;
    }
    return false;
}

/* Whether everything that the object needs stays as it is. */
static bool needs_stay(const struct writer *w, const struct object *object)
{
    for (size_t k = 0; k < object->need_count; k++)
        if (w->fate[object->needs[k]] != FATE_KEEP
            && w->from->objects[object->needs[k]].kind != OBJECT_TABLE
            && !(w->fate[object->needs[k]] == FATE_ALTER
                 && !fact_differs(w, object->needs[k], FACT_TYPE)))
            return false;
    return true;
}

/* An index that can go, or come, while the application goes on. */
static bool index_online(const struct writer *w, const struct model *model,
                         const struct object *object)
{
    return w->mode == WRITE_ONLINE && object->kind == OBJECT_INDEX
           && !is_partitioned(model, object);
}

static void drop_early(struct writer *w, size_t i)
{
    const struct object *object = &w->from->objects[i];

    if (goes_with_owner(w, i) && !ties_doomed(w, i))
        return;
    if (w->fate[i] == FATE_DROP && index_online(w, w->from, object) && needs_stay(w, object))
        object_drop(w, i, PHASE_AFTER);
    else if (w->fate[i] != FATE_RECREATE || !index_online(w, w->from, object)
             || !needs_stay(w, object))
        object_drop(w, i, PHASE_MAIN);
}

/* An index that changes and stands on what stays is built beside the old one and takes its place.
 */
static bool replaced_in_place(const struct writer *w, size_t i)
{
    const struct object *object = &w->from->objects[i];

    return w->fate[i] == FATE_RECREATE && index_online(w, w->from, object) && needs_stay(w, object)
           && !goes_with_owner(w, i);
}

static void replace_index(struct writer *w, size_t to)
{
    const struct object *object = &w->to->objects[to];
    const char *name = writer_name(w, object);
    const char *beside = writer_text(w, "%.55s_new", object->name);

    writer_printf(w, PHASE_AFTER, "CREATE %sINDEX CONCURRENTLY %s ON %s %s",
                  object_is(object, "unique") ? "UNIQUE " : "", writer_quote(w, beside),
                  writer_table(w, object), object->facts[FACT_DEFINITION]);
    writer_printf(w, PHASE_AFTER, "DROP INDEX CONCURRENTLY %s", name);
    writer_printf(w, PHASE_AFTER, "ALTER INDEX %s%s%s RENAME TO %s",
                  object->schema[0] == '\0' ? "" : writer_quote(w, object->schema),
                  object->schema[0] == '\0' ? "" : ".", writer_quote(w, beside),
                  writer_quote(w, object->name));
    object_comment(w, object);
}

static void change_one(struct writer *w, size_t to)
{
    ptrdiff_t from = w->back[to];

    if (from != NONE && replaced_in_place(w, (size_t)from))
        replace_index(w, to);
    else if (w->make[to])
        object_create(w, to);
    else if (from != NONE && w->fate[from] == FATE_SWAP)
        type_swap(w, (size_t)from);
    else if (from != NONE && w->fate[from] == FATE_ALTER)
        object_alter(w, (size_t)from);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Notes the columns that are dropped, by themselves or with their tables. */
static void note_gone(struct writer *w)
{
    w->gone = arena_alloc(w->arena, w->from->count + 1, sizeof *w->gone);
    w->failed = w->failed || w->gone == NULL;
    for (size_t i = 0; w->gone != NULL && i < w->from->count; i++) {
        const struct object *column = &w->from->objects[i];

        if (column->kind == OBJECT_COLUMN && (w->fate[i] == FATE_DROP || goes_with_owner(w, i)))
            w->gone[w->gone_count++] =
                writer_text(w, "%s.%s", writer_table(w, column), writer_quote(w, column->name));
    }
    if (w->gone_count > 0)
        qsort(w->gone, w->gone_count, sizeof *w->gone, compare_texts);
}

/* A sequence goes with the column that owns it. */
static bool sequence_goes(const struct writer *w, size_t i)
{
    const char *owner = w->from->objects[i].facts[FACT_OWNER];

    return owner != NULL && w->gone_count > 0
           && bsearch(&owner, w->gone, w->gone_count, sizeof *w->gone, compare_texts) != NULL;
}

static void drop_late(struct writer *w, size_t i)
{
    const struct object *object = &w->from->objects[i];

    if (drops_early(object->kind) || goes_with_owner(w, i))
        return;
    if (w->fate[i] == FATE_SWAP)
        writer_printf(w, PHASE_MAIN, "DROP TYPE %s%s%s",
                      object->schema[0] == '\0' ? "" : writer_quote(w, object->schema),
                      object->schema[0] == '\0' ? "" : ".",
                      writer_quote(w, writer_text(w, "%.55s_old", object->name)));
    else if (w->fate[i] == FATE_DROP && !name_is_wanted(w, object)
             && !(object->kind == OBJECT_SEQUENCE && sequence_goes(w, i)))
        object_drop(w, i, PHASE_MAIN);
}

static bool creates_function(const struct writer *w)
{
    for (size_t j = 0; j < w->to->count; j++)
        if (w->to->objects[j].kind == OBJECT_FUNCTION
            && (w->make[j] || (w->back[j] != NONE && w->fate[w->back[j]] == FATE_ALTER)))
            return true;
    return false;
}

/* What makes way for what is made anew: tables that change their kind, functions, columns. */
static void drop_recreated(struct writer *w, const size_t *order)
{
    for (size_t k = w->from->count; k-- > 0;) {
        size_t i = order[k];
        const struct object *object = &w->from->objects[i];

        if (drops_early(object->kind) || goes_with_owner(w, i))
            continue;
        if (w->fate[i] == FATE_RECREATE || (w->fate[i] == FATE_DROP && name_is_wanted(w, object)))
            object_drop(w, i, PHASE_MAIN);
    }
}

void write_postgres(struct writer *w)
{
    size_t *from = order_make(w->arena, w->from), *to = order_make(w->arena, w->to);

    if (from == NULL || to == NULL) {
        w->failed = true;
        return;
    }
    if (creates_function(w)) /* a body may name what is made later */
        writer_printf(w, PHASE_MAIN, "SET %scheck_function_bodies = off",
                      w->mode == WRITE_DUMP ? "" : "LOCAL ");
    for (size_t k = w->from->count; k-- > 0;)
        if (drops_early(w->from->objects[from[k]].kind)
            && (w->fate[from[k]] == FATE_DROP || w->fate[from[k]] == FATE_RECREATE))
            drop_early(w, from[k]);
    drop_recreated(w, from);
    for (size_t i = 0; i < w->from->count; i++)
        if (w->from->objects[i].kind == OBJECT_COLUMN && w->fate[i] == FATE_ALTER)
            column_release(w, i);
    for (size_t k = 0; k < w->to->count; k++)
        change_one(w, to[k]);
    for (size_t k = 0; k < w->to->count; k++)
        if (w->to->objects[to[k]].kind == OBJECT_TABLE
            || w->to->objects[to[k]].kind == OBJECT_SEQUENCE)
            table_finish(w, to[k]);
    note_gone(w);
    for (size_t k = w->from->count; k-- > 0;)
        drop_late(w, from[k]);
}
