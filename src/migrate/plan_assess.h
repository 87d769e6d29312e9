/*
 * plan_assess.h - what each statement of a plan locks, works and risks, from what it was taken for
 * and what came before it. Pure.
 * Must not know how a database is reached; what one said is handed in.
 *
 * What an earlier statement of the same plan created is used by nobody yet: it has no hazards.
 */
#ifndef MIGRATE_PLAN_ASSESS_H
#define MIGRATE_PLAN_ASSESS_H

#include <headgate/migrate.h>

#include "base/vec.h"
#include "plan_accept.h"
#include "plan_live.h"
#include "plan_names.h"
#include "sql/classify.h"

/* The newest servers that the table of forms speaks of. */
enum { ASSESS_NEWEST_POSTGRES = 180000, ASSESS_NEWEST_SQLITE = 3053000 };

/* What a statement was seen to do to a table, view or sequence. */
struct assess_seen {
    const char *name; /* schema.name, as it was before the plan */
    const char *now;  /* and when the statement began: an earlier one may have renamed it */
    hg_lock_mode lock;
    bool created; /* by an earlier statement of the plan */
    bool rows;    /* it is of a kind that has rows */
    bool scan, rewrite, index_build;
    bool gone; /* or a column of it */
};

/* What was seen of a statement that was tried on an empty copy of the schema. */
struct assess_trial {
    bool locks;             /* which locks it takes; false: nothing was seen */
    bool work;              /* and what it scans, builds and writes anew */
    bool partial;           /* the copy lacks something: the table of forms has its say as well */
    const char *unmeasured; /* why not; "" */
    struct assess_seen *seen;
    size_t count;
};

/* One step, taken apart. */
struct assess_step {
    const struct script *script;
    struct classified *classes; /* of each statement */
    struct plan_accepts accepts;
    struct assess_trial *trials; /* of each statement; NULL: none was tried */
};

struct assessor {
    struct arena *arena;
    hg_driver driver;
    int server_version;      /* 150004, 3040001 */
    const struct live *live; /* NULL: no database was asked */
    const char *const *accept;
    size_t accept_count;
    bool one_transaction; /* all steps share it */

    /* what the statements so far have made of the world */
    plan_names created;
    plan_names dropped;
    VEC(const char *) enum_values; /* added by the open transaction */
    hg_lock_mode held;             /* by the open transaction, on what was there before */
    const char *held_table;
    bool foreign_keys_off; /* SQLite: said outside of a transaction, or by rebuild:true */
    size_t danger_count;   /* that nobody accepted */
};

/* Whether all of them are hazards. err: HG_USAGE. */
bool assess_check_accept(const char *const *accept, size_t count, hg_error *err);

/* Takes a section apart. Everything lives in the arena. err: HG_NOMEM, HG_FILE. */
bool assess_read(struct arena *arena, hg_driver driver, const struct script *script,
                 struct assess_step *out, hg_error *err);

/* Fills in what is known of the step's statements, which stand there already. Steps come in the
 * order in which they run. err: HG_NOMEM. */
bool assess_step(struct assessor *assessor, const struct assess_step *read, hg_plan_step *step,
                 hg_error *err);

/* Frees what the assessor collected; what it filled in stays. */
void assess_release(struct assessor *assessor);

#endif
