/*
 * launcher.h - runs in workers of their own, for a front end that has threads: a process that was
 * forked before the first of them, and forks again whenever a run is wanted.
 *
 * It has the settings in its memory, with whatever password they hold, and ends with the front
 * end. A run that it has started goes on.
 */
#ifndef OPS_LAUNCHER_H
#define OPS_LAUNCHER_H

#include "job.h"
#include "worker.h"

struct launcher;

/* Forks; only while the process has one thread. settings: borrowed for the call. reading: what
 * they were read by, for a cutover, which reads them again; NULL: there is none. NULL: it cannot be
 * had, also for a database in this process's memory. */
struct launcher *launcher_open(hg_settings *settings, const hg_settings_options *reading);

/* Starts what a JOB_RUN, a JOB_COPY or a JOB_CUTOVER_WORK asks for. Any thread. err: HG_IO,
 * HG_NOMEM; of a copy also as of copy_sides_find(). */
bool launcher_start(struct launcher *launcher, const struct job_request *run,
                    struct worker_info *out_info, hg_error *err);

void launcher_close(struct launcher *launcher); /* NULL is fine */

#endif
