/*
 * job_task.h - what a job does, apart from how it comes to a thread. For job.c and its functions.
 */
#ifndef OPS_JOB_TASK_H
#define OPS_JOB_TASK_H

#include <stdatomic.h>

#include "job.h"

struct pulse;

struct task {
    struct ops *ops;
    struct pulse *pulse;
    atomic_bool cancelled, left;
};

/* The context of an observer: a task. What is told becomes a message for the receiver. */
void task_tell(void *task, const hg_event *event);
bool task_cancelled(void *task);

/* Carries out what result->request asks for and fills in the rest. */
typedef bool task_function(struct task *task, struct job_result *result);

/* job_look.c */
task_function task_pools, task_ping, task_status, task_sessions, task_source, task_write, task_smoke, task_plan,
    task_holder, task_drift, task_end;

/* The worker of this user that works on the selected database; false: there is none. */
bool task_find_worker(const struct ops *ops, struct worker_info *out);

/* job_run.c */
task_function task_run, task_watch, task_copy, task_copy_watch, task_copy_past, task_copy_seen,
    task_cutover, task_cutover_watch;

#endif
