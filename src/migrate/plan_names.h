/*
 * plan_names.h - a set of table names, as statements write them: with their schema or without.
 * Pure.
 */
#ifndef MIGRATE_PLAN_NAMES_H
#define MIGRATE_PLAN_NAMES_H

#include <stdbool.h>

#include "base/vec.h"

/* Sorted by the names without their schemas. Texts are borrowed. */
typedef VEC(const char *) plan_names;

/* Whether one of them may mean the same table; see classify_same_name(). */
bool plan_names_have(const plan_names *names, const char *name);

bool plan_names_add(plan_names *names, const char *name); /* false: memory ran out */

/* Takes out all that may mean the same table. */
void plan_names_remove(plan_names *names, const char *name);

#endif
