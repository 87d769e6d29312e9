/*
 * json_plan.h - a plan's steps as JSON, for the documents that show them. Pure.
 */
#ifndef OPS_JSON_PLAN_H
#define OPS_JSON_PLAN_H

#include "json_part.h"

/* Steps with their statements, locks, tables and hazards; the caller's. */
json_t *json_plan_steps(const hg_plan_step *steps, size_t count);

#endif
