/*
 * detach.h - work in a process of its own, and how it ends for whoever watches it.
 */
#ifndef CLI_DETACH_H
#define CLI_DETACH_H

#include "cli.h"
#include "ops/worker.h"

/* What is said of such a process. */
struct detached {
    const char *dir;       /* the runtime folder */
    const char *subject;   /* by this it is found again */
    const char *what;      /* it carries out: "the run" */
    const char *shown_by;  /* a command */
    const char *when_dead; /* what to do when it was killed, a sentence */
};

/* The whole life of the process; returns its exit status. */
typedef int detached_work(void *context, struct worker *worker);

/* Starts it and says so. No other thread may run any more. Returns the exit status: of either
 * process. */
int detach(const struct cli *cli, const struct detached *about, detached_work *work, void *context);

/* The one that works, else the newest that has ended; false: there is none. */
bool detach_find(const struct detached *about, struct worker_info *out);

struct detached_watch {
    const struct cli *cli;
    const hg_observer *observer; /* hears what it tells */
    /* Appends for people what it has printed at its end; NULL: as it stands there. */
    void (*put)(struct buf *out, const struct worker_outcome *outcome);
    int status; /* its exit status, when it has ended */
};

/* Watches the worker until it ends or is left; returns the exit status. */
int detach_watch(struct detached_watch *watch, const struct detached *about, const char *id);

/* The exit status when watching has ended, and what is to be said then. status: the worker's own;
 * err: of WORKER_FAILED. */
int detach_end(const struct cli *cli, const struct detached *about, enum worker_end end, int status,
               const hg_error *err);

#endif
