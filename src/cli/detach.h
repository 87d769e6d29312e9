/*
 * detach.h - a run in a process of its own, and watching one.
 */
#ifndef CLI_DETACH_H
#define CLI_DETACH_H

#include "cli.h"

/* What a detached command does in its worker: opens what it needs, runs, fills in what it would
 * have printed (out, errors: for people; document: for --json); returns its exit status. */
typedef int detached_run(const struct cli *cli, const char *plan_id, const hg_observer *observer,
                         struct buf *out, struct buf *errors, struct buf *document);

/* Starts the worker and says so. plan_id: that somebody agreed to, or "". settings: read for the
 * names of the folder and the database; no other thread may run any more. */
int detach(const struct cli *cli, const hg_settings *settings, const char *plan_id,
           detached_run *run);

/* Watches the newest run of this user on this database and ends as it does. */
int attach(const struct cli *cli);

#endif
