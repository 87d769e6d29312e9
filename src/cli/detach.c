/*
 * detach.c - work in a process of its own, and how it ends for whoever watches it.
 */
#include "detach.h"

#include <stdio.h>

#include "ops/json_migrate.h"

enum { OUTPUT_LIMIT = 256 << 20 };

int detach(const struct cli *cli, const struct detached *about, detached_work *work, void *context)
{
    struct worker *worker = NULL;
    struct worker_info info;
    struct buf out = BUF_INIT(OUTPUT_LIMIT);
    hg_error err = {0};

    if (!worker_start(about->dir, cli->action->name, about->subject, &worker, &info, &err))
        return cli_fail(cli, &err);
    if (worker != NULL)
        return work(context, worker);
    if (cli->json)
        json_detached(&out, info.pid);
    else
        buf_printf(&out, "running as process %lld; %s shows it\n", (long long)info.pid,
                   about->shown_by);
    cli_print(&out);
    buf_release(&out);
    return 0;
}

bool detach_find(const struct detached *about, struct worker_info *out)
{
    return worker_find(about->dir, about->subject, true, out)
           || worker_find(about->dir, about->subject, false, out);
}

static void show_event(void *context, const hg_event *event)
{
    const struct detached_watch *v = context;

    v->observer->on_event(v->observer->context, event);
}

static void show_outcome(void *context, const struct worker_outcome *outcome)
{
    struct detached_watch *v = context;
    struct buf out = BUF_INIT(OUTPUT_LIMIT);

    if (v->cli->json)
        buf_text(&out, outcome->document);
    else if (v->put != NULL)
        v->put(&out, outcome);
    else
        buf_text(&out, outcome->out);
    cli_print(&out);
    if (!v->cli->json)
        fputs(outcome->errors, stderr);
    v->status = outcome->exit_status;
    buf_release(&out);
}

int detach_watch(struct detached_watch *v, const struct detached *about, const char *id)
{
    const struct worker_watcher watcher = {
        .on_event = show_event, .on_outcome = show_outcome, .leave = cli_interrupted, .context = v};
    hg_error err = {0};
    enum worker_end end = worker_watch(about->dir, id, &watcher, &err);

    if (end == WORKER_ENDED || end == WORKER_DIED)
        worker_see(about->dir, id);
    return detach_end(v->cli, about, end, v->status, &err);
}

int detach_end(const struct cli *cli, const struct detached *about, enum worker_end end, int status,
               const hg_error *err)
{
    hg_error died = {0};

    switch (end) {
    case WORKER_ENDED:
        return status;
    case WORKER_LEFT:
        cli_note(cli, "%s goes on without this terminal; %s shows it", about->what,
                 about->shown_by);
        return hg_code_exit_status(HG_CANCELLED);
    case WORKER_DIED:
        hg_fail(&died, HG_FAILED, "the process of %s was killed before it ended", about->what);
        hg_error_hint(&died, "%s", about->when_dead);
        return cli_fail(cli, &died);
    case WORKER_FAILED:
        break;
    }
    return cli_fail(cli, err);
}
