/*
 * pool_order.c - words into an order to a pool.
 */
#include "pool_order.h"

#include <stdlib.h>
#include <string.h>

/* What stands between the order and its pool. */
static const struct shape {
    const char *number; /* NULL: nothing */
    int least, most;
} shapes[HG_ORDER_KINDS] = {
    [HG_ORDER_RESIZE] = {"N", 1, HG_POOL_SLOTS_MAX},
    [HG_ORDER_EVICT] = {"SLOT", 0, HG_POOL_SLOTS_MAX - 1},
};

static bool find_kind(const char *word, hg_pool_order_kind *out)
{
    for (int kind = 0; kind < HG_ORDER_KINDS; kind++)
        if (strcmp(hg_pool_order_name((hg_pool_order_kind)kind), word) == 0) {
            *out = (hg_pool_order_kind)kind;
            return true;
        }
    return false;
}

static bool parse_number(const char *text, long long least, long long most, const char **out_end,
                         long long *out)
{
    char *end;
    long long value;

    if (text[0] < '0' || text[0] > '9')
        return false;
    value = strtoll(text, &end, 10);
    if (value < least || value > most)
        return false;
    *out_end = end;
    *out = value;
    return true;
}

static bool fail_shape(hg_pool_order_kind kind, hg_error *err)
{
    const char *number = shapes[kind].number;

    hg_fail(err, HG_USAGE, "\"pools %s\" takes %s%sPID[:NAME]", hg_pool_order_name(kind),
            number == NULL ? "" : number, number == NULL ? "" : " ");
    hg_error_hint(err, "`headgate pools` shows processes, names and slots.");
    return false;
}

bool pool_target_parse(const char *word, struct pool_target *out)
{
    const char *end = "";
    long long pid = 0;

    if (!parse_number(word, 1, INT32_MAX, &end, &pid) || (*end != '\0' && *end != ':')
        || (*end == ':' && end[1] == '\0'))
        return false;
    *out = (struct pool_target){.pid = pid, .name = *end == ':' ? end + 1 : NULL};
    return true;
}

bool pool_order_parse(const char *const *words, size_t count, hg_pool_order *out_order,
                      struct pool_target *out_target, hg_error *err)
{
    hg_pool_order_kind kind = HG_ORDER_PAUSE;
    const struct shape *shape;
    const char *end = "";
    long long number = 0;
    size_t target;

    if (count == 0 || !find_kind(words[0], &kind)) {
        hg_fail(err, HG_USAGE, "\"pools\" knows no \"%s\"", count == 0 ? "" : words[0]);
        hg_error_hint(err, "See headgate pools --help.");
        return false;
    }
    shape = &shapes[kind];
    target = shape->number == NULL ? 1 : 2;
    if (count != target + 1 || !pool_target_parse(words[target], out_target))
        return fail_shape(kind, err);
    if (shape->number != NULL
        && (!parse_number(words[1], shape->least, shape->most, &end, &number) || *end != '\0')) {
        hg_fail(err, HG_USAGE, "\"pools %s\": \"%s\" is not a number from %d to %d",
                hg_pool_order_name(kind), words[1], shape->least, shape->most);
        return false;
    }
    *out_order = (hg_pool_order){kind, (int)number};
    return true;
}

bool pool_target_matches(const struct pool_target *target, const hg_pool_snapshot *pool)
{
    return pool->pid == target->pid
           && (target->name == NULL || strcmp(pool->name, target->name) == 0);
}

bool pool_target_fail(const struct pool_target *target, bool several, hg_error *err)
{
    hg_fail(err, HG_USAGE, "process %lld has %s%s%s", (long long)target->pid,
            several ? "more than one pool" : "no pool", target->name == NULL ? "" : " of the name ",
            target->name == NULL ? "" : target->name);
    hg_error_hint(err, several && target->name == NULL
                           ? "Say which: PID:NAME, as `headgate pools` shows them."
                           : "`headgate pools` shows which there are.");
    return false;
}

bool pool_order_find(const hg_pool_list *list, const struct pool_target *target,
                     const hg_pool_snapshot **out_pool, hg_error *err)
{
    const hg_pool_snapshot *found = NULL;
    bool several = false;

    for (size_t i = 0; i < list->count; i++) {
        const hg_pool_snapshot *pool = &list->pools[i];

        if (!pool_target_matches(target, pool) || (found != NULL && !pool->alive))
            continue;
        several = found != NULL && found->alive;
        found = pool;
        if (several)
            break;
    }
    if (found == NULL || several)
        return pool_target_fail(target, several, err);
    *out_pool = found;
    return true;
}
