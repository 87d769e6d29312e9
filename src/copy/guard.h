/*
 * guard.h - foreign keys that lead to a rowid, looked at while rows are read for other reasons.
 *
 * SQLite looks a row's parent up one by one, in one thread; the ids of most parents fit into a few
 * kilobytes as bits. A guard only ever says that a table is fine: where it misses a parent, or
 * meets something that is not plainly a number, SQLite is asked, and what it says is told.
 */
#ifndef COPY_GUARD_H
#define COPY_GUARD_H

#include "run.h"

/* Reads the ids of the parents. Tables that cannot be guarded have no guard. */
bool guards_make(struct run *run, hg_error *err);
void guards_release(struct guards *guards);

/* Looks at one row of a table of the mapping. Any worker. */
void guards_look(struct guards *guards, size_t table, const struct cell *cells);

/* Whether all rows of a table have been looked at, and all their parents are there. */
bool guards_vouch(const struct guards *guards, size_t table);

#endif
