/*
 * plan.h - decides which revisions would run, in which order, and what alembic_version says
 * afterwards; or why not. Pure. Must not know how a database is reached, where files lie, or how a
 * plan is shown.
 */
#ifndef MIGRATE_PLAN_H
#define MIGRATE_PLAN_H

#include <headgate/migrate.h>

#include "project.h"

struct plan_step {
    size_t node;
    hg_direction direction;
    bool kept;             /* down: the section that the history kept, not the file's */
    const size_t *removes; /* what leaves alembic_version */
    size_t remove_count;
    const size_t *adds; /* and what comes in */
    size_t add_count;
};

struct plan {
    struct plan_step *steps;
    size_t step_count;
    const bool *after; /* of each node: stands in alembic_version when all is done */
};

/*
 * Decides. target: as Alembic spells it; NULL: heads for up and reset, -1 for down. Everything
 * lives in the arena. err: HG_NO_REVISION (unknown, ambiguous, walked too far), HG_DRIFT,
 * HG_REFUSED, HG_NOMEM.
 */
bool plan_decide(struct arena *arena, const struct project *project, hg_migrate_kind kind,
                 const char *target, struct plan *out_plan, hg_error *err);

#endif
