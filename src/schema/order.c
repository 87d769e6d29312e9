/*
 * order.c - depth first, without recursion: a schema may be deeper than a stack.
 */
#include "order.h"

struct visit {
    size_t object, next;
};

size_t *order_make(struct arena *arena, const struct model *model)
{
    size_t *order = arena_alloc(arena, model->count + 1, sizeof *order);
    struct visit *stack = alloc_zero(model->count + 1, sizeof *stack);
    bool *seen = alloc_zero(model->count + 1, sizeof *seen);
    size_t n = 0;

    if (order == NULL || stack == NULL || seen == NULL)
        order = NULL;
    for (size_t i = 0; order != NULL && i < model->count; i++) {
        size_t depth = 0;

        if (seen[i])
            continue;
        seen[i] = true;
        stack[depth++] = (struct visit){i, 0};
        while (depth > 0) {
            struct visit *top = &stack[depth - 1];
            const struct object *object = &model->objects[top->object];
            size_t next = top->next++;
            size_t needed;

            if (next > object->need_count) { /* the owner comes behind the needs */
                order[n++] = top->object;
                depth--;
                continue;
            }
            needed = next < object->need_count ? object->needs[next] : object->owner;
            if (!seen[needed]) {
                seen[needed] = true;
                stack[depth++] = (struct visit){needed, 0};
            }
        }
    }
    alloc_free(stack);
    alloc_free(seen);
    return order;
}

bool dependents_make(struct arena *arena, const struct model *model, struct dependents *out)
{
    size_t edges = 0;

    out->starts = arena_alloc(arena, model->count + 2, sizeof *out->starts);
    if (out->starts == NULL)
        return false;
    for (size_t i = 0; i < model->count; i++)
        for (size_t k = 0; k < model->objects[i].need_count; k++, edges++)
            out->starts[model->objects[i].needs[k] + 2]++;
    out->items = arena_alloc(arena, edges + 1, sizeof *out->items);
    if (out->items == NULL)
        return false;
    for (size_t i = 2; i <= model->count + 1; i++)
        out->starts[i] += out->starts[i - 1];
    for (size_t i = 0; i < model->count; i++)
        for (size_t k = 0; k < model->objects[i].need_count; k++)
            out->items[out->starts[model->objects[i].needs[k] + 1]++] = i;
    return true;
}
