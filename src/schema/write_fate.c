/*
 * write_fate.c - PostgreSQL: which objects cannot be changed in place, and which others cannot stay
 * as they are because of them.
 *
 * The server refuses to touch what a view, rule, policy or trigger uses: these are dropped first
 * and made again. It rebuilds indexes and checks of a column whose type changes by itself.
 */
#include "writer.h"

#include <string.h>

/* Where the labels of `from` appear in `to` in the same order, values can be added in place. */
bool enum_only_grows(const struct object *from, const struct object *to)
{
    const char *old = from->facts[FACT_DEFINITION], *new = to->facts[FACT_DEFINITION];

    if (!object_is(from, "enum") || !object_is(to, "enum"))
        return false;
    old = old == NULL ? "" : old;
    new = new == NULL ? "" : new;
    while (*old != '\0' && *new != '\0') {
        size_t a = 1, b = 1;

        for (; old[a] != '\'' || old[a + 1] == '\''; a++)
            a += old[a] == '\'';
        for (; new[b] != '\'' || new[b + 1] == '\''; b++)
            b += new[b] == '\'';
        if (a == b && memcmp(old, new, a) == 0)
            old += old[a + 1] == ',' ? a + 3 : a + 1;
        new += new[b + 1] == ',' ? b + 3 : b + 1;
    }
    return *old == '\0';
}

/* CREATE OR REPLACE VIEW may append columns and change nothing of those that are there. */
static bool view_replaceable(const struct object *from, const struct object *to)
{
    const char *a = from->facts[FACT_COLUMNS], *b = to->facts[FACT_COLUMNS];
    size_t n = a == NULL ? 0 : strlen(a);

    return object_is(from, "view") && a != NULL && b != NULL && strncmp(a, b, n) == 0
           && (b[n] == '\0' || b[n] == ',');
}

static bool any_differs(const struct writer *w, size_t i, uint32_t facts)
{
    return (w->facts[i] & facts) != 0;
}

#define BIT(fact) (1u << (fact))

static enum fate fate_of_type(const struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i], *to = &w->to->objects[w->match[i]];

    if (!any_differs(
            w, i, BIT(FACT_VARIETY) | BIT(FACT_DEFINITION) | BIT(FACT_TYPE) | BIT(FACT_COLLATION)))
        return FATE_ALTER;
    return enum_only_grows(from, to) ? FATE_ALTER : FATE_SWAP;
}

/* A stored expression can be taken off a column and nothing else be done to it in place. */
static bool column_in_place(const struct writer *w, size_t i)
{
    const char *stored = w->from->objects[i].facts[FACT_STORED];

    return !any_differs(w, i, BIT(FACT_GENERATED) | BIT(FACT_STORED))
           || (w->to->objects[w->match[i]].facts[FACT_GENERATED] == NULL && stored != NULL
               && strcmp(stored, "stored") == 0);
}

/* The fate of an object that is in both models and differs. */
static enum fate fate_of(const struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i], *to = &w->to->objects[w->match[i]];
    const uint32_t definition = BIT(FACT_VARIETY) | BIT(FACT_DEFINITION);

    switch (from->kind) {
    case OBJECT_CONSTRAINT:
        return any_differs(w, i, definition)
                       || (to->facts[FACT_VALID] != NULL && from->facts[FACT_VALID] == NULL)
                   ? FATE_RECREATE
                   : FATE_ALTER;
    case OBJECT_INDEX:
        return any_differs(w, i, definition) ? FATE_RECREATE : FATE_ALTER;
    case OBJECT_TRIGGER:
    case OBJECT_RULE:
    case OBJECT_POLICY:
        return any_differs(w, i, definition) ? FATE_RECREATE : FATE_ALTER;
    case OBJECT_VIEW:
        return any_differs(w, i, BIT(FACT_VARIETY))
                       || (any_differs(w, i, definition | BIT(FACT_COLUMNS))
                           && !view_replaceable(from, to))
                   ? FATE_RECREATE
                   : FATE_ALTER;
    case OBJECT_FUNCTION:
        return any_differs(w, i, BIT(FACT_VARIETY) | BIT(FACT_TYPE) | BIT(FACT_COLUMNS))
                   ? FATE_RECREATE
                   : FATE_ALTER;
    case OBJECT_TABLE:
        return any_differs(w, i, BIT(FACT_VARIETY) | BIT(FACT_PARTITION_BY) | BIT(FACT_TYPE))
                   ? FATE_RECREATE
                   : FATE_ALTER;
    case OBJECT_TYPE:
        return fate_of_type(w, i);
    case OBJECT_COLUMN:
        return column_in_place(w, i) ? FATE_ALTER : FATE_RECREATE;
    case OBJECT_SCHEMA:
    case OBJECT_EXTENSION:
    case OBJECT_SEQUENCE:
    case OBJECT_DEFAULTS:
    case OBJECT_OTHER:
    case OBJECT_KINDS:
        break;
    }
    return FATE_ALTER;
}

/* How an object disturbs those that need it. */
enum touch {
    TOUCH_NOT,
    TOUCH_TYPE, /* its type changes: views, rules, policies and triggers are in the way */
    TOUCH_GONE  /* it goes away, for good or for a moment */
};

static enum touch touch_of(const struct writer *w, size_t i)
{
    const struct object *object = &w->from->objects[i];

    if (w->fate[i] == FATE_DROP || w->fate[i] == FATE_RECREATE || w->fate[i] == FATE_SWAP
        || goes_with_owner(w, i))
        return TOUCH_GONE;
    if (object->kind == OBJECT_COLUMN && w->fate[i] == FATE_ALTER
        && any_differs(w, i, BIT(FACT_TYPE) | BIT(FACT_COLLATION)))
        return TOUCH_TYPE;
    return TOUCH_NOT;
}

/* Whether an object that stays must be made again when one that it needs is touched so. */
static bool gives_way(const struct object *object, enum touch touch)
{
    switch (object->kind) {
    case OBJECT_VIEW:
    case OBJECT_RULE:
    case OBJECT_POLICY:
    case OBJECT_TRIGGER:
        return true;
    case OBJECT_CONSTRAINT:
    case OBJECT_INDEX:
    case OBJECT_FUNCTION:
        return touch == TOUCH_GONE;
    case OBJECT_COLUMN:
        return object->facts[FACT_GENERATED] != NULL;
    default:
        return false;
    }
}

static void recreate(struct writer *w, size_t i)
{
    w->fate[i] = FATE_RECREATE;
    w->make[w->match[i]] = true;
}

/* A type that is swapped takes its columns along by itself; what holds expressions of them goes. */
static bool spreads_through(const struct writer *w, size_t i)
{
    const struct object *object = &w->from->objects[i];

    if (object->kind != OBJECT_COLUMN || w->fate[i] == FATE_DROP)
        return false;
    for (size_t k = 0; k < object->need_count; k++)
        if (w->fate[object->needs[k]] == FATE_SWAP)
            return true;
    return false;
}

bool fate_spread(struct writer *w)
{
    struct arena arena = ARENA_INIT;
    struct dependents dependents;
    size_t *queue = alloc_zero(w->from->count + 1, sizeof *queue);
    bool *queued = alloc_zero(w->from->count + 1, sizeof *queued);
    bool ok = queue != NULL && queued != NULL && dependents_make(&arena, w->from, &dependents);
    size_t head = 0, tail = 0;

    for (size_t i = 0; ok && i < w->from->count; i++)
        if (w->fate[i] == FATE_ALTER && (w->fate[i] = fate_of(w, i)) == FATE_RECREATE)
            recreate(w, i);
    for (size_t i = 0; ok && i < w->from->count; i++)
        if ((queued[i] = touch_of(w, i) != TOUCH_NOT || spreads_through(w, i)))
            queue[tail++] = i;
    while (ok && head < tail) {
        size_t i = queue[head++];
        enum touch touch = spreads_through(w, i) ? TOUCH_GONE : touch_of(w, i);

        for (size_t k = dependents.starts[i]; k < dependents.starts[i + 1]; k++) {
            size_t other = dependents.items[k];

            if (w->match[other] == NONE || w->fate[other] == FATE_RECREATE
                || !gives_way(&w->from->objects[other], touch))
                continue;
            recreate(w, other);
            if (!queued[other]) {
                queued[other] = true;
                queue[tail++] = other;
            }
        }
    }
    alloc_free(queue);
    alloc_free(queued);
    arena_release(&arena);
    return ok;
}
