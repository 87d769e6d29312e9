/*
 * safety.h - SQLite: a copy of the database from before a run loses rows, beside its file.
 *
 * Rolling back brings tables and columns again, but not what stood in them.
 */
#ifndef MIGRATE_SAFETY_H
#define MIGRATE_SAFETY_H

#include "run.h"

/*
 * Before the steps from `first` to `last`: makes the run's copy when one of them loses rows that
 * are there and the run has made none yet. The three newest are kept. err: HG_DISK_FULL, HG_IO,
 * HG_CANCELLED, ...; nothing has changed then.
 */
bool safety_copy(struct run *run, size_t first, size_t last, hg_error *err);

#endif
