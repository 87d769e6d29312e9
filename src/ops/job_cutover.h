/*
 * job_cutover.h - what the jobs about a cutover do, for job.c alone.
 */
#ifndef OPS_JOB_CUTOVER_H
#define OPS_JOB_CUTOVER_H

#include "job.h"
#include "worker.h"

/* Reads, plans, begins, carries on or gives an order, as the request says. planning: its
 * cancelled() ends a plan. */
bool job_cutover(const struct ops *ops, const struct job_request *request,
                 const hg_observer *planning, struct job_result *result);

/* Watches the process that works on the newest run. err of the result: HG_FAILED (nobody does). */
bool job_cutover_watch(const struct ops *ops, const struct worker_watcher *watcher,
                       struct job_result *result);

#endif
