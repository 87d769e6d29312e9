/*
 * control.h - what people have said to whoever works on a run, as the journal keeps it: so that it
 * holds after a kill, and so that everybody who watches sees the same.
 */
#ifndef CUTOVER_CONTROL_H
#define CUTOVER_CONTROL_H

#include "journal.h"
#include "run.h"

/* How a run is to be carried on. */
struct control {
    bool paused;    /* before the next step */
    bool postponed; /* before the freeze */
    int64_t rate;   /* rows a second that a copy may do; 0: as many as it can */
};

/* From the journal. A new process goes on: a pause ends with the one that was told to make it. */
struct control control_read(const struct journal *journal);

/* Writes an order down, with who gave it. err: as of journal_append(). */
bool control_record(struct journal *journal, const struct order *order, hg_error *err);

/* A rate's text; false: it is not a number of rows a second. */
bool control_rate(const char *text, int64_t *out);

/* Whether this step has failed and nobody has said since that it is to be tried again. */
bool control_stalled(const struct journal *journal, const char *step);

#endif
