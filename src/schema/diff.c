/*
 * diff.c - one walk over two sorted lists.
 */
#include "diff.h"

#include <string.h>

#include "base/buf.h"

_Static_assert(FACTS_COMPARED <= 32, "a bit for every fact");

bool change_touches(const struct change *change, enum fact fact)
{
    return (change->facts >> fact & 1) != 0;
}

bool diff_has_wording(const struct diff *diff)
{
    for (size_t i = 0; i < diff->count; i++)
        if (diff->changes[i].wording != 0)
            return true;
    return false;
}

bool diff_is_wording(const struct diff *diff)
{
    for (size_t i = 0; i < diff->count; i++)
        if (diff->changes[i].verb != CHANGE_ALTER
            || diff->changes[i].wording != diff->changes[i].facts)
            return false;
    return true;
}

/* Whether the server words part of the object's definition itself. A key names columns alone, and
 * so does an index without a second pair of brackets and without a condition. */
static bool has_expressions(const struct object *object)
{
    const char *definition = object->facts[FACT_DEFINITION];
    const char *list = definition == NULL ? NULL : strchr(definition, '(');

    if (object->kind == OBJECT_CONSTRAINT)
        return object_is(object, "check") || object_is(object, "exclude");
    if (object->kind == OBJECT_INDEX)
        return list != NULL && (strchr(list + 1, '(') != NULL || strstr(list, " WHERE ") != NULL);
    return object->kind != OBJECT_TYPE && object->kind != OBJECT_FUNCTION;
}

/* Those of the facts that are expressions, and that neither side lacks. */
static uint32_t worded(const struct object *a, const struct object *b, uint32_t facts)
{
    static const enum fact expressions[] = {FACT_DEFINITION, FACT_DEFAULT, FACT_GENERATED};
    uint32_t found = 0;

    if (facts == 0 || !has_expressions(a) || !has_expressions(b))
        return 0;
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
        if (a->facts[expressions[i]] != NULL && b->facts[expressions[i]] != NULL)
            found |= 1u << expressions[i];
    return found & facts;
}

static uint32_t differing(const struct object *a, const struct object *b, bool privileges)
{
    uint32_t facts = 0;

    for (int i = 0; i < FACTS_COMPARED; i++) {
        const char *x = a->facts[i], *y = b->facts[i];

        if (i == FACT_PRIVILEGES && !privileges)
            continue;
        if (x != y && (x == NULL || y == NULL || strcmp(x, y) != 0))
            facts |= 1u << i;
    }
    return facts;
}

/* Whether the object belongs to one of the same model that the other model has not. */
static bool owner_missing(const struct model *model, const struct object *object,
                          const struct model *other)
{
    const struct object *owner = &model->objects[object->owner];

    return owner != object
           && model_find(other, owner->kind, owner->schema, owner->table, owner->name) == NULL;
}

static void add(struct diff *diff, struct change change)
{
    diff->changes[diff->count++] = change;
    diff->apart += !change.inside;
}

bool diff_make(struct arena *arena, const struct model *from, const struct model *to,
               bool privileges, struct diff *out_diff)
{
    struct diff diff = {.changes =
                            arena_alloc(arena, from->count + to->count + 1, sizeof *diff.changes)};
    size_t i = 0, j = 0;

    if (diff.changes == NULL)
        return false;
    while (i < from->count || j < to->count) {
        const struct object *a = i < from->count ? &from->objects[i] : NULL;
        const struct object *b = j < to->count ? &to->objects[j] : NULL;
        int order = a == NULL ? 1 : b == NULL ? -1 : object_compare(a, b);

        if (order == 0) {
            uint32_t facts = differing(a, b, privileges);

            if (facts != 0)
                add(&diff, (struct change){CHANGE_ALTER, a->kind, a, b, facts, worded(a, b, facts),
                                           false});
        } else if (order < 0) {
            add(&diff,
                (struct change){CHANGE_DROP, a->kind, a, NULL, 0, 0, owner_missing(from, a, to)});
        } else {
            add(&diff,
                (struct change){CHANGE_ADD, b->kind, NULL, b, 0, 0, owner_missing(to, b, from)});
        }
        i += order <= 0;
        j += order >= 0;
    }
    *out_diff = diff;
    return true;
}

/* --- for people --- */

void object_tell(const struct object *object, struct buf *out)
{
    if (object->schema[0] != '\0')
        buf_printf(out, "%s.", object->schema);
    if (object->table[0] != '\0')
        buf_printf(out, "%s.", object->table);
    buf_text(out, object->name);
}

/* A fact on one line, cut where it gets long. */
static void tell_fact(const char *value, struct buf *out)
{
    enum { LONG = 60 };
    size_t n = value == NULL ? 0 : strlen(value);

    if (value == NULL) {
        buf_text(out, "none");
        return;
    }
    for (size_t i = 0; i < n && i < LONG; i++)
        buf_char(out, value[i] == '\n' || value[i] == '\t' ? ' ' : value[i]);
    if (n > LONG)
        buf_text(out, "...");
}

const char *object_tell_kind(const struct object *object)
{
    return object->kind == OBJECT_OTHER || object->kind == OBJECT_VIEW
               ? object->facts[FACT_VARIETY]
               : object_kind_name(object->kind);
}

void change_tell_facts(const struct change *change, struct buf *out)
{
    const char *separator = "";

    for (int i = 0; change->verb == CHANGE_ALTER && i < FACTS_COMPARED; i++) {
        if (!change_touches(change, (enum fact)i))
            continue;
        buf_printf(out, "%s%s ", separator, fact_name((enum fact)i));
        tell_fact(change->from->facts[i], out);
        buf_text(out, " -> ");
        tell_fact(change->to->facts[i], out);
        separator = "; ";
    }
}

void change_tell(const struct change *change, struct buf *out)
{
    static const char marks[] = {'+', '-', '~'};
    const struct object *object = change->to == NULL ? change->from : change->to;

    buf_printf(out, "%c %s ", marks[change->verb], object_tell_kind(object));
    object_tell(object, out);
    if (change->verb == CHANGE_ALTER)
        buf_text(out, ": ");
    change_tell_facts(change, out);
    buf_char(out, '\n');
}
