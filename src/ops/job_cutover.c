/*
 * job_cutover.c - a cutover as a front end with threads sees it: the newest run is read again and
 * again, and whoever works on it does so in a process of its own.
 */
#include "job_cutover.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "cutover_sides.h"
#include "launcher.h"
#include "ops.h"

/* --- reading --- */

/* Whether what is moved is the file that this front end looks at. */
static bool moves_ours(const struct ops *ops, const hg_cutover *run)
{
    const char *path = hg_url_path(hg_settings_url(ops->settings));
    char *whole = path == NULL ? NULL : realpath(path, NULL);
    bool ours = whole != NULL && strcmp(whole, run->source) == 0;

    free(whole);
    return ours;
}

/* Whoever has the source open stands in the way of the proof that the application has left it. */
static void let_go(hg_pool *pool)
{
    hg_pool_snapshot *now = alloc_zero(1, sizeof *now);

    if (now == NULL)
        return; /* the next reading tries again */
    hg_pool_inspect(pool, now);
    for (size_t i = 0; i < now->connection_count; i++)
        (void)hg_pool_evict(pool, now->connections[i].slot, NULL);
    alloc_free(now);
}

static bool read_run(const struct ops *ops, const struct cutover_sides *sides,
                     const struct job_request *request, struct job_result *result)
{
    (void)request;
    if (!hg_cutover_read(&sides->options, &result->cutover, &result->error))
        return false;
    result->moves_ours = moves_ours(ops, result->cutover);
    if (result->moves_ours && !result->cutover->closed && result->cutover->frozen_ms >= 0)
        let_go(ops->pool);
    return true;
}

static bool plan(const struct ops *ops, const struct cutover_sides *sides,
                 const struct job_request *request, struct job_result *result)
{
    (void)ops;
    (void)request;
    return hg_cutover_plan(&sides->options, &result->cutover, &result->error);
}

/* --- changing --- */

/* A process for the run of that name, to work on it forward or back. */
static bool start_worker(const struct ops *ops, const char *run, bool back, hg_error *err)
{
    struct job_request work = {.kind = JOB_CUTOVER_WORK, .back = back};
    struct worker_info worker;

    text_copy(work.text, sizeof work.text, run);
    if (ops->launcher != NULL)
        return launcher_start(ops->launcher, &work, &worker, err);
    hg_fail(err, HG_UNSUPPORTED, "no process for a cutover can be started from here");
    hg_error_hint(err, "Use `headgate cutover --resume` in a shell.");
    return false;
}

static bool begin(const struct ops *ops, const struct cutover_sides *sides,
                  const struct job_request *request, struct job_result *result)
{
    char run[HG_CUTOVER_RUN_SIZE];

    (void)request;
    return hg_cutover_begin(&sides->options, run, &result->error)
           && start_worker(ops, run, false, &result->error);
}

static bool work(const struct ops *ops, const struct cutover_sides *sides,
                 const struct job_request *request, struct job_result *result)
{
    (void)sides;
    return start_worker(ops, request->text, request->back, &result->error);
}

static bool order(const struct ops *ops, const struct cutover_sides *sides,
                  const struct job_request *request, struct job_result *result)
{
    (void)ops;
    return hg_cutover_say(&sides->options, request->order, request->text, &result->error);
}

typedef bool cutover_function(const struct ops *ops, const struct cutover_sides *sides,
                              const struct job_request *request, struct job_result *result);

bool job_cutover(const struct ops *ops, const struct job_request *request,
                 const hg_observer *planning, struct job_result *result)
{
    static cutover_function *const functions[JOB_KINDS] = {
        [JOB_CUTOVER] = read_run,  [JOB_CUTOVER_PLAN] = plan,   [JOB_CUTOVER_BEGIN] = begin,
        [JOB_CUTOVER_WORK] = work, [JOB_CUTOVER_ORDER] = order,
    };
    const char *runbook = request->file[0] == '\0' ? NULL : request->file;
    struct cutover_sides sides;
    bool ok = cutover_sides_open(ops->reading, runbook, request->budget_ms, &sides, &result->error);

    sides.options.planning = planning;
    ok = ok && functions[request->kind](ops, &sides, request, result);
    cutover_sides_close(&sides);
    return ok;
}

/* --- watching --- */

bool job_cutover_watch(const struct ops *ops, const struct worker_watcher *watcher,
                       struct job_result *result)
{
    const char *dir = hg_settings_runtime_dir(ops->settings);
    char subject[CUTOVER_SUBJECT_SIZE];
    struct cutover_sides sides;
    hg_cutover *run = NULL;
    struct worker_info worker;
    bool ok = cutover_sides_open(ops->reading, NULL, 0, &sides, &result->error)
              && hg_cutover_read(&sides.options, &run, &result->error);

    cutover_sides_close(&sides);
    if (ok) {
        cutover_subject(run->run, subject);
        ok = worker_find(dir, subject, true, &worker)
             || hg_fail(&result->error, HG_FAILED, "nobody works on the cutover %s", run->run);
    }
    hg_cutover_free(run);
    return ok && worker_watch(dir, worker.id, watcher, &result->error) != WORKER_FAILED;
}
