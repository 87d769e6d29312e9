/*
 * cut.c - the part of a schema that statements may touch.
 */
#include "cut.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "sql/words.h"

enum mark {
    MARK_NONE,
    MARK_NEEDED, /* something that is touched cannot be without it */
    MARK_TOUCHED
};

struct cut {
    const struct model *model;
    unsigned char *marks; /* of each object */
    bool changed;
};

static void mark(struct cut *c, size_t i, enum mark as)
{
    if (c->marks[i] >= as)
        return;
    c->marks[i] = (unsigned char)as;
    c->changed = true;
}

/* --- what is named --- */

struct name {
    const char *text;
    size_t size, object;
};

/* Without the arguments of a function. */
static struct name name_of(const struct model *model, size_t i)
{
    const struct object *o = &model->objects[i];
    size_t n = strlen(o->name);

    if (o->kind == OBJECT_FUNCTION && strchr(o->name, '(') != NULL)
        n = (size_t)(strchr(o->name, '(') - o->name);
    return (struct name){o->name, n, i};
}

static int by_text(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    int order = memcmp(x->text, y->text, x->size < y->size ? x->size : y->size);

    return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

/* What is of a table comes with it, and what is of a schema or an extension is too much. */
static bool is_looked_up(const struct model *model, size_t i)
{
    const struct object *o = &model->objects[i];

    return o->kind != OBJECT_SCHEMA && o->kind != OBJECT_EXTENSION
           && (o->owner == i || o->kind == OBJECT_INDEX);
}

static struct name *sort_names(struct arena *arena, const struct model *model, size_t *out_count)
{
    struct name *names = arena_alloc(arena, model->count + 1, sizeof *names);

    *out_count = 0;
    for (size_t i = 0; names != NULL && i < model->count; i++)
        if (is_looked_up(model, i))
            names[(*out_count)++] = name_of(model, i);
    if (names != NULL && *out_count > 1)
        qsort(names, *out_count, sizeof *names, by_text);
    return names;
}

/* Several things may have the name. */
static void mark_named(struct cut *c, const struct name *names, size_t count, const char *text,
                       size_t size)
{
    const struct name wanted = {text, size, 0};
    const struct name *found = bsearch(&wanted, names, count, sizeof *names, by_text);

    if (found == NULL)
        return;
    while (found > names && by_text(&wanted, found - 1) == 0)
        found--;
    for (; found < names + count && by_text(&wanted, found) == 0; found++)
        mark(c, found->object, MARK_TOUCHED);
}

/* Whether it is about what belongs to something that has no name of its own in the copy: then it
 * may touch anything. */
static bool is_about_all(const struct script_statement *statement)
{
    struct words w;

    words_init(&w, HG_POSTGRESQL, statement->sql, statement->size);
    return words_take(&w, "drop") && (words_take(&w, "schema") || words_take(&w, "extension"));
}

/* Each part of a name is looked up, for any of them may be the thing's. */
static bool mark_words(struct cut *c, const struct name *names, size_t count,
                       const struct script_statement *statement)
{
    struct arena arena = ARENA_INIT;
    struct words w;
    bool ok = true;

    for (size_t i = 0; is_about_all(statement) && i < c->model->count; i++)
        mark(c, i, MARK_TOUCHED);
    words_init(&w, HG_POSTGRESQL, statement->sql, statement->size);
    while (ok && w.token.kind != LEX_END) {
        bool named = w.token.kind == LEX_WORD || w.token.kind == LEX_QUOTED;
        const char *name = named ? words_name(&w, &arena) : "";

        ok = name != NULL;
        for (const char *at = name; ok && *at != '\0'; at += strspn(at, ".")) {
            size_t n = strcspn(at, ".");

            mark_named(c, names, count, at, n);
            at += n;
        }
        if (!named)
            words_next(&w);
        arena_release(&arena);
    }
    return ok;
}

/* --- what comes along --- */

static bool is_foreign_key(const struct object *o)
{
    return o->kind == OBJECT_CONSTRAINT && o->facts[FACT_REFERENCES] != NULL;
}

/* What a table has to have for others to refer to it. */
static bool is_part(const struct object *o)
{
    return o->kind == OBJECT_COLUMN || o->kind == OBJECT_INDEX
           || (o->kind == OBJECT_CONSTRAINT && !is_foreign_key(o));
}

/* What it gets from those that it needs and belongs to. */
static void receive(struct cut *c, size_t i)
{
    const struct object *o = &c->model->objects[i];

    if (c->marks[o->owner] == MARK_TOUCHED)
        mark(c, i, MARK_TOUCHED);
    else if (c->marks[o->owner] == MARK_NEEDED && is_part(o))
        mark(c, i, MARK_NEEDED);
    for (size_t k = 0; k < o->need_count; k++)
        if (c->marks[o->needs[k]] == MARK_TOUCHED)
            mark(c, i, MARK_TOUCHED);
}

/* What it gives to them. A table that needs another one inherits from it: they are locked together.
 */
static void give(struct cut *c, size_t i)
{
    const struct object *o = &c->model->objects[i];

    if (c->marks[i] == MARK_NONE)
        return;
    mark(c, o->owner, MARK_NEEDED);
    for (size_t k = 0; k < o->need_count; k++) {
        bool inherits =
            o->kind == OBJECT_TABLE && c->model->objects[o->needs[k]].kind == OBJECT_TABLE;

        mark(c, o->needs[k], inherits && c->marks[i] == MARK_TOUCHED ? MARK_TOUCHED : MARK_NEEDED);
    }
}

static void spread(struct cut *c)
{
    do {
        c->changed = false;
        for (size_t i = 0; i < c->model->count; i++) {
            receive(c, i);
            give(c, i);
        }
    } while (c->changed);
}

const bool *cut_make(struct arena *arena, const struct model *model, const struct script *scripts,
                     size_t script_count)
{
    struct cut c = {model, arena_alloc(arena, model->count + 1, 1), false};
    bool *kept = arena_alloc(arena, model->count + 1, sizeof *kept);
    size_t count;
    const struct name *names = sort_names(arena, model, &count);

    if (c.marks == NULL || kept == NULL || names == NULL)
        return NULL;
    for (size_t i = 0; i < script_count; i++)
        for (size_t k = 0; k < scripts[i].count; k++)
            if (!mark_words(&c, names, count, &scripts[i].statements[k]))
                return NULL;
    spread(&c);
    for (size_t i = 0; i < model->count; i++)
        kept[i] = c.marks[i] != MARK_NONE;
    return kept;
}
