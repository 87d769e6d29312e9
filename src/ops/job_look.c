/*
 * job_look.c - jobs that look: at pools, the database, its sessions, files, checks, plans; and the
 * end of a session.
 */
#include "job_task.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "ops.h"
#include "pulse.h"

enum {
    SOURCE_BYTES_MAX = 1 << 20, /* more of a file than this is not read on a screen */
    SESSIONS_MS = 3000,         /* nothing interrupts this; nobody waits longer for it to end */
    SMOKE_MS = 60000,
    DRIFT_MS = 10 * 60 * 1000,
    SMOKE_WORDS_MAX = 64
};

bool task_pools(struct task *task, struct job_result *result)
{
    const char *dir = hg_settings_runtime_dir(task->ops->settings);

    if (task->ops->copies[0] != '\0')
        (void)worker_find(dir, task->ops->copies, true, &result->copying);
    return hg_pool_list_read(dir, &result->pools, &result->error);
}

bool task_ping(struct task *task, struct job_result *result)
{
    const hg_observer observer = {.cancelled = task_cancelled, .context = task};

    return pulse_run(task->pulse, task->ops, &observer, result);
}

bool task_find_worker(const struct ops *ops, struct worker_info *out)
{
    return worker_find(hg_settings_runtime_dir(ops->settings),
                       hg_url_redacted(hg_settings_url(ops->settings)), true, out);
}

bool task_holder(struct task *task, struct job_result *result)
{
    const struct ops *ops = task->ops;

    return hg_migrate_holder(ops->pool, ops_inspection_deadline(ops), result->holder,
                             sizeof result->holder, &result->error);
}

bool task_status(struct task *task, struct job_result *result)
{
    const struct ops *ops = task->ops;
    const hg_observer observer = {.cancelled = task_cancelled, .context = task};

    result->readiness = alloc_zero(1, sizeof *result->readiness);
    if (result->readiness == NULL)
        return hg_fail(&result->error, HG_NOMEM, "could not run the checks: out of memory");
    hg_readiness_run(ops->settings, ops->pool, ops_inspection_deadline(ops), &observer,
                     result->readiness);
    if (result->readiness->db) {
        task_find_worker(ops, &result->worker);
        task_holder(task, result);
    }
    return true;
}

/* The sessions in the order of their blocking trees, and the room that the pools of this host have
 * beside them. */
static bool arrange(const struct ops *ops, struct job_result *result)
{
    const hg_sessions *sessions = result->sessions;
    const hg_url *url = hg_settings_url(ops->settings);

    if (sessions->driver != HG_POSTGRESQL)
        return true;
    result->order = alloc_zero(sessions->session_count + 1, sizeof *result->order);
    result->holders = alloc_zero(sessions->session_count + 1, sizeof *result->holders);
    if (result->order == NULL || result->holders == NULL
        || !blocking_order(sessions, result->order, &result->in_trees))
        return hg_fail(&result->error, HG_NOMEM, "could not read the sessions: out of memory");
    if (!hg_pool_list_read(hg_settings_runtime_dir(ops->settings), &result->pools, NULL))
        return true;
    hg_headroom_measure(sessions, url, &result->pools, &result->headroom);
    for (size_t i = 0; i < sessions->session_count; i++)
        result->holders[i].connection = hg_server_session_holder(
            &sessions->sessions[i], url, &result->pools, &result->holders[i].pool);
    return true;
}

bool task_sessions(struct task *task, struct job_result *result)
{
    const struct ops *ops = task->ops;

    return hg_sessions_read(ops->pool, hg_deadline_in_ms(SESSIONS_MS), &result->sessions,
                            &result->error)
           && arrange(ops, result);
}

bool task_source(struct task *task, struct job_result *result)
{
    struct buf text = BUF_INIT(SOURCE_BYTES_MAX);

    (void)task;
    if (!file_read(result->request.file, &text, &result->error)) {
        buf_release(&text);
        return false;
    }
    result->text = buf_take(&text);
    return result->text != NULL
           || hg_fail(&result->error, HG_NOMEM, "could not read the file: out of memory");
}

bool task_write(struct task *task, struct job_result *result)
{
    const char *content = result->request.content;

    (void)task;
    if (file_create(result->request.file, content, strlen(content), 0600, &result->error))
        return true;
    hg_error_hint(&result->error, "Name a file that is not there yet, in a folder that is.");
    return false;
}

/* Splits a text in place at its spaces; returns how many words there are. */
static size_t split_words(char *text, const char *words[], size_t most)
{
    size_t n = 0;
    char *word;

    while (n < most && (word = strsep(&text, " ")) != NULL)
        if (word[0] != '\0')
            words[n++] = word;
    return n;
}

bool task_smoke(struct task *task, struct job_result *result)
{
    const struct ops *ops = task->ops;
    const hg_observer observer = {task_tell, task_cancelled, task};
    char only[sizeof result->request.only];
    const char *words[SMOKE_WORDS_MAX];
    hg_smoke_options options = {.only = words, .checks_dir = hg_settings_checks_dir(ops->settings)};

    text_copy(only, sizeof only, result->request.only);
    options.only_count = split_words(only, words, SMOKE_WORDS_MAX);
    return hg_smoke_run(ops->settings, ops->pool, &options, hg_deadline_in_ms(SMOKE_MS), &observer,
                        &result->smoke, &result->error);
}

bool task_plan(struct task *task, struct job_result *result)
{
    const struct ops *ops = task->ops;
    const hg_observer observer = {.cancelled = task_cancelled, .context = task};
    hg_migrate_options options =
        ops_migrate_options(ops, result->request.migrate, result->request.target);

    options.observer = &observer;
    return hg_plan_make(ops->pool, &options, ops_plan_deadline(ops, &options), &result->plan,
                        &result->error);
}

bool task_drift(struct task *task, struct job_result *result)
{
    const struct ops *ops = task->ops;
    const hg_observer observer = {.cancelled = task_cancelled, .context = task};
    const char *file = hg_settings_schema_file(ops->settings);

    text_copy(result->request.file, sizeof result->request.file, file);
    return !file_exists(file)
           || hg_schema_diff_make(ops->pool, file, hg_deadline_in_ms(DRIFT_MS), &observer,
                                  &result->drift, &result->error);
}

bool task_end(struct task *task, struct job_result *result)
{
    const struct job_request *r = &result->request;
    const hg_server_session session = {
        .pid = r->pid, .visible = true, .backend_start_ms = r->backend_start_ms};
    hg_pool *pool = task->ops->pool;
    hg_deadline by = hg_deadline_in_ms(SESSIONS_MS);

    return r->terminate ? hg_server_session_terminate(pool, &session, by, &result->error)
                        : hg_server_session_cancel(pool, &session, by, &result->error);
}
