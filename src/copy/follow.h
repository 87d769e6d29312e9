/*
 * follow.h - a target that follows its source by the source's log: the log made before the first
 * row is read, the target's note of how far it has come, the log taken away.
 *
 * The note stands from the moment that the copy is begun, in the same transaction as its record, so
 * that whoever is killed whenever, the target knows whether the source has a log for it.
 */
#ifndef COPY_FOLLOW_H
#define COPY_FOLLOW_H

#include "run.h"

/* Reads the note into run->delta; there need not be one. */
bool follow_find(struct run *run, hg_error *err);

/* Makes the log in the source: from here on it has every change. held: the name of a log that the
 * target lives by, "" for none. */
bool follow_begin(struct run *run, const char *held, hg_error *err);

/* Appends what makes the note, or rather takes one away that has no meaning any more. */
void follow_put_begin(const struct run *run, struct buf *out);

/* The statement of a round that has brought the target on, or of the last one. */
void follow_put_note(const struct delta *delta, bool last, struct buf *out);

/* After a round: the part of the log that is not needed any more goes; after the last one all. */
bool follow_leave_behind(struct run *run, hg_error *err);

/* The log goes, whatever becomes of the copy. Trouble is told. */
bool follow_undo(struct run *run, hg_error *err);

/* Tells of tables whose changes the log cannot tell one by one, as problems that do not stop. */
bool follow_tell(struct run *run, hg_error *err);

/* The statements that would make a log, and those that take away what is there; into the plan. */
bool follow_plan(struct run *run, hg_error *err);
bool follow_remove(struct run *run, hg_error *err);

#endif
