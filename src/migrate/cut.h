/*
 * cut.h - the part of a schema that statements may touch, for a schema that is too large to be
 * copied as a whole. Pure.
 *
 * That is whatever has a name that occurs in one of them, and what depends on it: views, tables
 * that refer to it, partitions, and the tables that it is a partition of. What these need is there
 * too, but only as far as they need it.
 */
#ifndef MIGRATE_CUT_H
#define MIGRATE_CUT_H

#include "schema/model.h"
#include "script.h"

/* Of each object of the model whether it is needed, in the arena; NULL: memory ran out. */
const bool *cut_make(struct arena *arena, const struct model *model, const struct script *scripts,
                     size_t script_count);

#endif
