/*
 * detach.c - a run in a process of its own, and watching one.
 */
#include "detach.h"

#include <stdio.h>

#include "ops/json_migrate.h"
#include "ops/worker.h"

enum { OUTPUT_LIMIT = 64 << 20 };

/* The worker's whole life. */
static int work(const struct cli *cli, const char *plan_id, struct worker *worker,
                detached_run *run)
{
    const hg_observer observer = {worker_event, worker_cancelled, worker};
    struct buf out = BUF_INIT(OUTPUT_LIMIT), errors = BUF_INIT(OUTPUT_LIMIT),
               document = BUF_INIT(OUTPUT_LIMIT);
    int status = run(cli, plan_id, &observer, &out, &errors, &document);

    worker_end(worker, &(struct worker_outcome){.exit_status = status,
                                                .out = out.bytes,
                                                .errors = errors.bytes,
                                                .document = document.bytes});
    buf_release(&out);
    buf_release(&errors);
    buf_release(&document);
    return status;
}

int detach(const struct cli *cli, const hg_settings *settings, const char *plan_id,
           detached_run *run)
{
    struct worker *worker = NULL;
    struct worker_info info;
    struct buf out = BUF_INIT(1 << 16);
    hg_error err = {0};

    if (!worker_start(hg_settings_runtime_dir(settings), cli->action->name,
                      hg_url_redacted(hg_settings_url(settings)), &worker, &info, &err))
        return cli_fail(cli, &err);
    if (worker != NULL)
        return work(cli, plan_id, worker, run);
    if (cli->json)
        json_detached(&out, info.pid);
    else
        buf_printf(&out, "running as process %lld; headgate up --attach shows it\n",
                   (long long)info.pid);
    cli_print(&out);
    buf_release(&out);
    return 0;
}

/* --- watching --- */

struct viewer {
    const struct cli *cli;
    hg_observer observer;
    int status;
};

static void show_event(void *context, const hg_event *event)
{
    struct viewer *v = context;

    v->observer.on_event(v->observer.context, event);
}

static void show_outcome(void *context, const struct worker_outcome *outcome)
{
    struct viewer *v = context;

    fputs(v->cli->json ? outcome->document : outcome->out, stdout);
    if (!v->cli->json)
        fputs(outcome->errors, stderr);
    v->status = outcome->exit_status;
}

/* No worker of ours: what the database itself says of who is at work. */
static bool refuse_without_worker(struct ops *ops, hg_error *err)
{
    char holder[600];

    if (!hg_migrate_holder(ops->pool, ops_inspection_deadline(ops), holder, sizeof holder, err))
        return false;
    if (holder[0] == '\0')
        hg_fail(err, HG_FAILED,
                "no run of this user on this host was detached, and nobody is at "
                "work in the database");
    else
        hg_fail(err, HG_FAILED,
                "no run of this user on this host was detached; in the database %s "
                "is at work",
                holder);
    return false;
}

static bool refuse_dead(hg_error *err)
{
    hg_fail(err, HG_FAILED, "the detached run was killed before it ended");
    hg_error_hint(err, "Run the command again: it goes on where that one stopped.");
    return false;
}

static bool watch(struct viewer *v, struct ops *ops, hg_error *err)
{
    const struct worker_watcher watcher = {
        .on_event = show_event, .on_outcome = show_outcome, .leave = cli_interrupted, .context = v};
    const char *dir = hg_settings_runtime_dir(ops->settings);
    struct worker_info info;

    if (!worker_find(dir, hg_url_redacted(hg_settings_url(ops->settings)), false, &info))
        return refuse_without_worker(ops, err);
    switch (worker_watch(dir, info.id, &watcher, err)) {
    case WORKER_ENDED:
        return true;
    case WORKER_LEFT:
        cli_note(v->cli, "the run goes on; headgate up --attach shows it again");
        v->status = hg_code_exit_status(HG_CANCELLED);
        return true;
    case WORKER_DIED:
        return refuse_dead(err);
    case WORKER_FAILED:
        break;
    }
    return false;
}

int attach(const struct cli *cli)
{
    struct viewer v = {.cli = cli, .observer = cli_observer(cli)};
    struct ops ops = {0};
    hg_error err = {0};

    if (!cli_open(cli, false, &ops, &err))
        return cli_fail(cli, &err);
    cli_catch_signals();
    if (!watch(&v, &ops, &err))
        v.status = cli_fail(cli, &err);
    ops_close(&ops);
    return v.status;
}
