/*
 * plan_names.c - a set of table names.
 */
#include <string.h>

#include "plan_names.h"
#include "sql/classify.h"

static const char *bare(const char *name)
{
    const char *point = strrchr(name, '.');

    return point == NULL ? name : point + 1;
}

/* The first that does not stand before the name. */
static size_t place(const plan_names *names, const char *name)
{
    size_t low = 0, high = names->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(bare(names->items[middle]), bare(name)) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_alike(const plan_names *names, size_t i, const char *name)
{
    return i < names->count && strcmp(bare(names->items[i]), bare(name)) == 0;
}

bool plan_names_have(const plan_names *names, const char *name)
{
    for (size_t i = place(names, name); is_alike(names, i, name); i++)
        if (classify_same_name(names->items[i], name))
            return true;
    return false;
}

bool plan_names_add(plan_names *names, const char *name)
{
    size_t at = place(names, name);

    if (VEC_PUSH(names) == NULL)
        return false;
    memmove(names->items + at + 1, names->items + at,
            (names->count - 1 - at) * sizeof *names->items);
    names->items[at] = name;
    return true;
}

void plan_names_remove(plan_names *names, const char *name)
{
    size_t i = place(names, name);

    while (is_alike(names, i, name)) {
        if (!classify_same_name(names->items[i], name)) {
            i++;
            continue;
        }
        names->count--;
        memmove(names->items + i, names->items + i + 1, (names->count - i) * sizeof *names->items);
    }
}
