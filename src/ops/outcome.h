/*
 * outcome.h - what an operation in a worker tells at its end: to people, to programs, and whether
 * it went well.
 */
#ifndef OPS_OUTCOME_H
#define OPS_OUTCOME_H

#include <headgate/headgate.h>

#include "base/buf.h"

struct worker;

/* out, errors: what the command would have printed for people; document: for --json. */
struct outcome {
    struct buf out, errors, document;
};

void outcome_init(struct outcome *outcome);

/* The exit status, and with an error its words. err: NULL when it went well. */
int outcome_status(struct outcome *outcome, const hg_error *err);

/* Of a run of migrations: all three, and the exit status. err: as before. */
int outcome_of_run(struct outcome *outcome, const hg_run_result *result, const hg_error *err);

/* Ends the worker with it; releases it, and returns the status. */
int outcome_end(struct outcome *outcome, int status, struct worker *worker);

#endif
