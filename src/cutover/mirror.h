/*
 * mirror.h - what the target knows of a run: its journal's lines, which outlive the instance that
 * the run's folder lies on and tell of records that were cut off; and that it is read-only on
 * purpose.
 *
 * A table of its own, headgate_cutover, made when the target is fenced and never removed. What the
 * target cannot be told now it is told later: no step waits for that.
 */
#ifndef CUTOVER_MIRROR_H
#define CUTOVER_MIRROR_H

#include <headgate/pool.h>

#include "journal.h"

/* Makes the table. err: any engine's error; a role may lack the right. */
bool mirror_make(hg_pool *target, hg_deadline by, hg_error *err);

/* Says to every instance's readiness for which run the target is read-only; NULL: it is not any
 * more. A target without the table: nothing. */
bool mirror_announce(hg_pool *target, const char *run, hg_deadline by, hg_error *err);

/* Brings over the lines that the target lacks. A target without the table: nothing. */
bool mirror_bring(hg_pool *target, const struct journal *journal, hg_deadline by, hg_error *err);

/* Whether the journal has every record that the target has of this run. err: HG_FILE when it does
 * not. */
bool mirror_compare(hg_pool *target, const struct journal *journal, hg_deadline by, hg_error *err);

/* Whether no other run has worked on the target since this one was opened: who lost the lock for a
 * while must not go on where another has been. err: HG_REFUSED. */
bool mirror_alone(hg_pool *target, const struct journal *journal, hg_deadline by, hg_error *err);

#endif
