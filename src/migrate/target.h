/*
 * target.h - where to go, as Alembic spells it: a revision or the beginning of one, head, heads,
 * base, +N, -N, REV+N, REV-N. Pure.
 */
#ifndef MIGRATE_TARGET_H
#define MIGRATE_TARGET_H

#include "graph.h"

enum target_kind {
    TARGET_NODE,  /* one revision */
    TARGET_HEADS, /* all heads */
    TARGET_BASE,  /* nothing applied */
    TARGET_STEPS  /* so many steps from where the database is; negative: back */
};

struct target {
    enum target_kind kind;
    size_t node;
    long steps;
};

/* Understands a target. err: HG_NO_REVISION: unknown, ambiguous, several heads for head, a walk
 * that leaves the graph or comes to a fork. */
bool target_parse(const struct graph *graph, const char *text, struct target *out_target,
                  hg_error *err);

#endif
