/*
 * plan_explain.h - a plan that is made, with what its statements do to those who use the database.
 */
#ifndef MIGRATE_PLAN_EXPLAIN_H
#define MIGRATE_PLAN_EXPLAIN_H

#include "prepare.h"

/* How much is asked of the live database. */
enum explain_depth {
    EXPLAIN_TO_RUN, /* whether tables are there: all that the rule of production needs */
    EXPLAIN_TO_SHOW /* and sizes, rows that would be lost, how long it took the last time */
};

/*
 * Fills in the plan of what was loaded. conn, of pool: NULL: no database. Nothing is run before
 * this: a statement that the server would not understand fails here, with its place. err: HG_FILE,
 * HG_USAGE (options->accept), what the connection says, HG_NOMEM.
 */
bool plan_explain(hg_pool *pool, hg_conn *conn, struct prepared *prepared,
                  const hg_migrate_options *options, enum explain_depth depth, hg_deadline by,
                  hg_error *err);

#endif
