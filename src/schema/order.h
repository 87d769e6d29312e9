/*
 * order.h - the objects of a model so that each comes behind what it needs. Pure.
 */
#ifndef SCHEMA_ORDER_H
#define SCHEMA_ORDER_H

#include "model.h"

/*
 * Indexes of all objects: what others need comes first, otherwise as they are sorted. A circle is
 * cut at its last edge. In the arena; NULL: memory ran out.
 */
size_t *order_make(struct arena *arena, const struct model *model);

/* For each object those that need it: a list that ends at starts[i + 1]. */
struct dependents {
    size_t *starts;
    size_t *items;
};
bool dependents_make(struct arena *arena, const struct model *model, struct dependents *out);

#endif
