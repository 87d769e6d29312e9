/*
 * plan_measure.h - tries a plan's statements on an empty copy of the schema, one after the other,
 * and notes what each locks and does. PostgreSQL alone.
 *
 * The database is read, and no more: statements run in the copy, which is gone afterwards. What
 * could reach beyond it is not tried: code (DO, CALL, functions in a SELECT), files, and what no
 * transaction can hold and no copy needs. What wrote to what all databases of the server share is
 * rolled back. From a statement on that the copy cannot follow, what is seen is not all that the
 * database would do: it counts beside what the table of forms says.
 */
#ifndef MIGRATE_PLAN_MEASURE_H
#define MIGRATE_PLAN_MEASURE_H

#include "plan_assess.h"
#include "prepare.h"

/*
 * Fills in the trials of steps, which were read, in the prepared's arena, and in its plan how long
 * it took or why it could not be done. conn: to the database, in no transaction. observer:
 * cancelled() is asked; NULL is fine. Takes at most half of the time that is left. err: HG_NOMEM,
 * HG_CANCELLED.
 */
bool plan_measure(hg_pool *pool, hg_conn *conn, struct prepared *prepared,
                  struct assess_step *steps, const hg_observer *observer, hg_deadline by,
                  hg_error *err);

#endif
