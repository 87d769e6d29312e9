/*
 * evolve.h - two scratch databases → the steps that lead from one schema to the other and back,
 * each proven in them before anybody hears of it.
 *
 * A step is what becomes one migration: it is applied and rolled back on its own, so its way down
 * leads to where it was begun, not to the very first schema.
 *
 * PostgreSQL keeps a lock for every table, index and sequence that a transaction touches, in a
 * table of max_locks_per_transaction times max_connections that all share. Where EVOLVE_MAIN would
 * take more than half of it, or of what a server has that nobody has configured, it is cut into
 * parts.
 */
#ifndef SCHEMA_EVOLVE_H
#define SCHEMA_EVOLVE_H

#include "publish.h"
#include "rename.h"
#include "side.h"

/* In this order; most evolutions have one. */
enum evolve_kind {
    EVOLVE_RENAMES,
    EVOLVE_VALUES, /* PostgreSQL: values of enums, committed before they may be used */
    EVOLVE_MAIN,   /* in one transaction */
    EVOLVE_ONLINE, /* PostgreSQL: one by one, outside of a transaction */
    EVOLVE_KINDS
};

struct evolve_step {
    enum evolve_kind kind;
    int part;            /* of EVOLVE_MAIN, from 1, where it takes several; 0: it is one */
    struct written up;   /* of one phase */
    struct written down; /* of any; more than PHASE_MAIN cannot be one transaction */
};

struct evolution {
    hg_schema_change *changes; /* none: both are the same */
    size_t change_count;
    struct evolve_step *steps;
    size_t step_count;
    const char **impossible; /* what the steps leave as it is, and why */
    size_t impossible_count;
};

/* What a person says about names. */
struct evolve_names {
    struct hints *hints; /* answers are added */
    rename_ask *ask;     /* NULL: whoever would have to be asked is told so as HG_USAGE */
    void *context;
};

/*
 * Finds the steps, runs them all up in `from` and down again, and compares. Both sides have been
 * read, and belong to nobody else: what is in them afterwards is of no use. All of
 * out_evolution lives in the arena. err (not NULL): HG_FAILED with what
 * would differ when the steps do not lead where they should.
 */
bool evolve(struct arena *arena, struct side *from, struct side *to,
            const struct evolve_names *names, struct evolution *out_evolution, hg_error *err);

#endif
