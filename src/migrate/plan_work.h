/*
 * plan_work.h - which kind of work a step is, so that steps of one kind can be expected to take a
 * like time. Pure.
 */
#ifndef MIGRATE_PLAN_WORK_H
#define MIGRATE_PLAN_WORK_H

#include <headgate/migrate.h>

struct arena;

/* The forms of its statements, each once, as they come: "CREATE TABLE; INSERT". Only of a plan that
 * was explained. In the arena; NULL: memory ran out. */
const char *plan_work(struct arena *arena, const hg_plan_step *step);

#endif
