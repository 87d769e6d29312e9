/*
 * plan_accept.h - hazards that a file accepts itself, with the reason beside the statement. Pure.
 *
 *     -- headgate:accept drop-column nobody has read it since release 41
 *     ALTER TABLE accounts DROP COLUMN fax;
 *
 * A line comment that begins so, outside of literals, counts for the statement that it stands in,
 * or behind on the line where that ends; else for the next one.
 */
#ifndef MIGRATE_PLAN_ACCEPT_H
#define MIGRATE_PLAN_ACCEPT_H

#include "script.h"

struct plan_accept {
    size_t statement; /* its number in the script */
    const char *id;   /* a hazard's own text */
    const char *reason;
};

struct plan_accepts {
    struct plan_accept *items;
    size_t count;
};

/* Reads a section's. Everything lives in the arena. err: HG_FILE with its place for an id that is
 * none, a reason that is missing, and for what else begins -- headgate: */
bool plan_accepts_read(struct arena *arena, hg_driver dialect, const struct script *script,
                       struct plan_accepts *out, hg_error *err);

/* The reason why a statement's hazard is accepted; NULL: it is not. */
const char *plan_accepts_find(const struct plan_accepts *accepts, size_t statement, const char *id);

#endif
