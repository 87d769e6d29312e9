/*
 * json_cutover.h - the documents of `headgate cutover`. Pure.
 */
#ifndef OPS_JSON_CUTOVER_H
#define OPS_JSON_CUTOVER_H

#include <headgate/cutover.h>

#include "json.h"

/* A plan or a run. error: NULL when it went well. */
bool json_cutover(struct buf *out, const hg_cutover *cutover, const hg_error *error);

/* What was wrong with a runbook; without a fault it can be carried out. */
bool json_cutover_faults(struct buf *out, const char *file, const hg_error *faults, size_t count);

/* An order that was left for whoever works on the run. */
bool json_cutover_order(struct buf *out, const char *order);

#endif
