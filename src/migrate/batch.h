/*
 * batch.h - steps on PostgreSQL, in as few round trips as can be: what opens the transaction
 * travels with the first statement, the ledger and COMMIT with the last one.
 */
#ifndef MIGRATE_BATCH_H
#define MIGRATE_BATCH_H

#include "base/buf.h"
#include "run.h"

enum { BATCH_STEPS = 32, BATCH_PIECES = 3 * BATCH_STEPS + 2 };

/* What a piece of a round trip belongs to, for when something is wrong with it. */
enum batch_part { BATCH_OPENING, BATCH_STATEMENT, BATCH_LEDGER, BATCH_COMMIT };

struct batch_piece {
    enum batch_part part;
    struct task *task;
    size_t first; /* of its statements, in the round trip's */
    int lead;     /* characters before it */
};

struct batch {
    struct run *run;
    struct buf sql; /* what is sent next */
    struct batch_piece pieces[BATCH_PIECES];
    size_t piece_count;
    size_t count;                  /* statements in it */
    size_t weighed;                /* bytes whose characters are counted */
    int characters;                /* how many those are */
    size_t waiting;                /* steps whose ledger is in it */
    size_t room;                   /* for so many at once: the quicker they are, the more */
    int64_t lock_ms, statement_ms; /* timeouts in force; -1: the session's own */
};

void batch_init(struct batch *b, struct run *run);
void batch_release(struct batch *b);

/* Begins the transaction, as the first of its steps wants it. */
void batch_open(struct batch *b, struct task *task);

/* The next step of the same transaction: it has its own timeouts, or the session's. */
void batch_turn(struct batch *b, struct task *task);

/* The session was brought back to what it was before the transaction. */
void batch_restored(struct batch *b);

/* Whether a step may travel with those that wait; else they go first. Only one of a single
 * statement, for the time of each goes into the history, and the server tells but the last one's;
 * and only under the timeouts of those before it, for older servers count them from the beginning
 * of a round trip. */
bool batch_takes(const struct batch *b, const struct task *task);

/* Runs a step; its last statement waits for batch_flush(), and the task is used until then. On
 * failure the transaction is still open. */
bool batch_step(struct batch *b, struct task *task, hg_error *err);

/* Sends what waits; commit: with the transaction's end. *out_failed, on failure: the step that it
 * happened in. */
bool batch_flush(struct batch *b, bool commit, struct task **out_failed, hg_error *err);

/* Makes the session ready for the ledger of many steps; before the first of them. */
bool batch_prepare(struct run *run, hg_error *err);

/* What runs next may make it unready. */
void batch_doubt(struct run *run);

/* Whether a step failed for nothing but that the session was not ready any more, so that it can be
 * run again; once in a run. */
bool batch_unready(struct run *run, const hg_error *cause);

#endif
