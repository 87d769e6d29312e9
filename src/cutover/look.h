/*
 * look.h - a run as its journal tells it, with the journal itself.
 */
#ifndef CUTOVER_LOOK_H
#define CUTOVER_LOOK_H

#include <headgate/cutover.h>

#include "journal.h"

/* The run of a folder. out_cutover: the caller's until hg_cutover_free(). out_journal: lives as
 * long; NULL is fine. err: as of hg_cutover_read(). */
bool look_read(const hg_cutover_options *options, const char *dir, hg_cutover **out_cutover,
               const struct journal **out_journal, hg_error *err);

/* How long the freeze may last, when its steps take as long as they are expected to; 0: that is not
 * known. */
int64_t look_budget(const hg_cutover *cutover);

/* What a new run expects, without trying any gate. Same ownership. err: as of hg_cutover_plan(). */
bool look_plan(const hg_cutover_options *options, hg_cutover **out_cutover, hg_error *err);

#endif
