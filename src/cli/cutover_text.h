/*
 * cutover_text.h - a cutover as people read it: what a run would do, and where one stands. Pure.
 */
#ifndef CLI_CUTOVER_TEXT_H
#define CLI_CUTOVER_TEXT_H

#include <headgate/cutover.h>

struct buf;

/* What would be done, what speaks against it, and what it would cost to go back. */
void cutover_put_plan(struct buf *out, const hg_cutover *plan);

/* A rehearsal that is over: steps, what was passed over, and what came of a drill. */
void cutover_put_rehearsal(struct buf *out, const hg_cutover *run);

/* Where a run stands, with the end of its journal. */
void cutover_put_status(struct buf *out, const hg_cutover *run);

/* What stands before the question of the step that comes next: what it does, what a way back from
 * it costs. */
void cutover_put_question(struct buf *out, const hg_cutover *run);

/* Whether anything that was tried speaks against the plan. */
bool cutover_is_in_doubt(const hg_cutover *plan);

#endif
