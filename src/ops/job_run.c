/*
 * job_run.c - jobs that change a database: each in a process of its own, which outlives the front
 * end, where there is a launcher for one; and watching such a process.
 */
#include "job_task.h"

#include "base/text.h"
#include "copy_work.h"
#include "job_cutover.h"
#include "json_read.h"
#include "launcher.h"
#include "ops.h"

static bool run_here(struct task *task, struct job_result *result)
{
    const struct ops *ops = task->ops;
    hg_migrate_options options =
        ops_migrate_options(ops, result->request.migrate, result->request.target);
    const hg_observer observer = {task_tell, task_cancelled, task};

    if (result->request.plan_id[0] != '\0')
        options.plan_id = result->request.plan_id;
    return hg_migrate_run(ops->pool, &options, &observer, &result->run, &result->error);
}

/* --- runs in workers --- */

struct watching {
    struct task *task;
    struct job_result *result;
};

static void forward_event(void *context, const hg_event *event)
{
    task_tell(((struct watching *)context)->task, event);
}

static void ignore_event(void *context, const hg_event *event)
{
    (void)context;
    (void)event;
}

static bool is_copy(const struct job_result *result)
{
    const enum job_kind kind = result->request.kind;

    return kind == JOB_COPY || kind == JOB_COPY_WATCH || kind == JOB_COPY_PAST;
}

static void take_outcome(void *context, const struct worker_outcome *outcome)
{
    struct job_result *result = ((struct watching *)context)->result;

    result->ok = is_copy(result) ? json_read_copy(outcome->document, &result->copy_memory,
                                                  &result->copy, &result->error)
                                 : json_read_run(outcome->document, &result->run, &result->error);
}

static bool is_left(void *context)
{
    return atomic_load_explicit(&((struct watching *)context)->task->left, memory_order_relaxed);
}

static bool is_stopped(void *context)
{
    return task_cancelled(((struct watching *)context)->task) && !is_left(context);
}

static bool fail_killed(const struct worker_info *worker, struct job_result *result)
{
    hg_fail(&result->error, HG_FAILED, "process %lld of the %s was killed before it ended",
            (long long)worker->pid, is_copy(result) ? "copy" : "run");
    hg_error_hint(&result->error, "%s: it goes on where that one stopped.",
                  is_copy(result) ? "Copy again, or headgate copy --resume" : "Apply again");
    return false;
}

static bool watch(struct task *task, const struct worker_info *worker, struct job_result *result)
{
    struct watching watching = {task, result};
    const struct worker_watcher watcher = {result->request.kind == JOB_COPY_PAST ? ignore_event
                                                                                 : forward_event,
                                           take_outcome, is_left, is_stopped, &watching};
    const char *dir = hg_settings_runtime_dir(task->ops->settings);
    enum worker_end end = worker_watch(dir, worker->id, &watcher, &result->error);

    if (end == WORKER_ENDED || end == WORKER_DIED)
        result->finished_ms = worker_last_ms(dir, worker->id);
    if (end == WORKER_LEFT)
        return hg_fail(&result->error, HG_CANCELLED, "left; the run goes on");
    if (end == WORKER_DIED)
        return fail_killed(worker, result);
    return end == WORKER_ENDED && result->ok;
}

bool task_run(struct task *task, struct job_result *result)
{
    struct launcher *launcher = task->ops->launcher;
    struct worker_info worker;

    if (launcher == NULL)
        return run_here(task, result);
    return launcher_start(launcher, &result->request, &worker, &result->error)
           && watch(task, &worker, result);
}

bool task_watch(struct task *task, struct job_result *result)
{
    struct worker_info worker;

    if (!task_find_worker(task->ops, &worker))
        return hg_fail(&result->error, HG_FAILED, "the run has ended");
    return watch(task, &worker, result);
}

static bool copy_here(struct task *task, struct job_result *result)
{
    const hg_observer observer = {task_tell, task_cancelled, task};
    const hg_copy_options options = copy_begin_options(result->request.copy);
    struct copy_sides sides = {.source = NULL};
    bool ok = copy_sides_find(task->ops->reading, &sides, &result->error)
              && copy_carry_out(&sides, &options, &observer, &result->copy, &result->error);

    copy_sides_release(&sides);
    return ok;
}

/* What only looks changes nothing that would be worth going on for. */
bool task_copy(struct task *task, struct job_result *result)
{
    struct launcher *launcher = task->ops->launcher;
    struct worker_info worker;

    if (launcher == NULL || result->request.copy != HG_COPY_RUN)
        return copy_here(task, result);
    if (!launcher_start(launcher, &result->request, &worker, &result->error))
        return false;
    text_copy(result->request.text, sizeof result->request.text, worker.id);
    return watch(task, &worker, result);
}

/* Also one that has ended meanwhile: its journal has the result. */
bool task_copy_watch(struct task *task, struct job_result *result)
{
    struct worker_info worker = {.pid = result->request.pid};

    text_copy(worker.id, sizeof worker.id, result->request.text);
    return watch(task, &worker, result);
}

/* While another one goes on, what was before it is no news. */
bool task_copy_past(struct task *task, struct job_result *result)
{
    const char *dir = hg_settings_runtime_dir(task->ops->settings);
    const char *subject = task->ops->copies;
    struct worker_info worker;

    if (subject[0] == '\0' || worker_find(dir, subject, true, &worker)
        || !worker_find(dir, subject, false, &worker) || worker_is_seen(dir, worker.id))
        return true;
    result->copying = worker;
    text_copy(result->request.text, sizeof result->request.text, worker.id);
    return watch(task, &worker, result);
}

bool task_copy_seen(struct task *task, struct job_result *result)
{
    worker_see(hg_settings_runtime_dir(task->ops->settings), result->request.text);
    return true;
}

bool task_cutover(struct task *task, struct job_result *result)
{
    const hg_observer planning = {.cancelled = task_cancelled, .context = task};

    return job_cutover(task->ops, &result->request, &planning, result);
}

/* How it ended the journal tells. */
static void ignore_outcome(void *context, const struct worker_outcome *outcome)
{
    (void)context;
    (void)outcome;
}

bool task_cutover_watch(struct task *task, struct job_result *result)
{
    struct watching watching = {task, result};
    const struct worker_watcher watcher = {.on_event = forward_event,
                                           .on_outcome = ignore_outcome,
                                           .leave = is_left,
                                           .context = &watching};

    return job_cutover_watch(task->ops, &watcher, result);
}
