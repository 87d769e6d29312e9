/*
 * plan_predict.h - how long a plan will likely take, by how long its like took here before.
 */
#ifndef MIGRATE_PLAN_PREDICT_H
#define MIGRATE_PLAN_PREDICT_H

#include "prepare.h"

/*
 * Fills predicted_ms of each statement and step of a plan that was explained. A statement: as the
 * last one of its form on its table took, else as the longest of its form, both by how many rows
 * there are now. A step: as long as the same section took the last time, else as its statements
 * together, else as the longest step of the same forms.
 */
bool plan_predict(hg_conn *conn, struct prepared *prepared, hg_deadline by, hg_error *err);

#endif
