/*
 * cmd_migrate.c - up, down and reset: plan, consent, run.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "detach.h"
#include "ops/json.h"
#include "ops/outcome.h"
#include "ops/said.h"

static hg_migrate_kind kind_of(const struct cli *cli)
{
    switch (cli->action->name[0]) {
    case 'u':
        return HG_MIGRATE_UP;
    case 'd':
        return HG_MIGRATE_DOWN;
    default:
        return HG_MIGRATE_RESET;
    }
}

static hg_migrate_options options_of(const struct cli *cli, const struct ops *ops)
{
    hg_migrate_options options = ops_migrate_options(ops, kind_of(cli), cli->argument);

    options.plan_id = cli->plan_id;
    options.accept = cli->accept.items;
    options.accept_count = cli->accept.count;
    options.single_transaction = cli->single_transaction;
    options.safety_copy = options.safety_copy && !cli->no_copy;
    options.measure = options.measure && !cli->no_measure && (cli->plan || options.production);
    if (cli->lock_timeout_s >= 0) {
        options.lock_wait_ms = (int64_t)(cli->lock_timeout_s * 1000);
        options.lock_timeout_ms = options.lock_wait_ms;
    }
    if (cli->deadline_s >= 0)
        options.deadline_ms = (int64_t)(cli->deadline_s * 1000) + 1;
    return options;
}

static int show_plan(const struct cli *cli, const hg_plan *plan)
{
    struct buf out = BUF_INIT(256 << 20);

    if (cli->json)
        json_plan(&out, plan);
    else
        cli_put_plan(&out, plan);
    cli_print(&out);
    buf_release(&out);
    return 0;
}

/* The document or, for people, what the observer has not said yet. */
static int show_result(const struct cli *cli, const hg_run_result *result, const hg_error *err)
{
    struct buf out = BUF_INIT(64 << 20);

    if (cli->json) {
        json_run(&out, result, err);
        cli_print(&out);
    } else if (err != NULL) {
        cli_show_error(err);
    } else {
        said_run(&out, result);
        cli_print(&out);
    }
    buf_release(&out);
    return err == NULL ? 0 : hg_code_exit_status(err->code);
}

/* What the question is about: the plan, in short. */
static void summarise(const struct cli *cli, const struct ops *ops, const hg_plan *plan, char *text,
                      size_t size)
{
    snprintf(text, size, "%s: %zu step%s on %s (%s), plan %s", cli->action->name, plan->step_count,
             plan->step_count == 1 ? "" : "s", hg_url_redacted(hg_settings_url(ops->settings)),
             hg_settings_env(ops->settings), plan->id);
}

static bool rolls_back(const hg_plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++)
        if (plan->steps[i].direction == HG_DOWN)
            return true;
    return false;
}

/* The hazards that refuse the plan, each with what to write instead. */
static void show_dangers(const struct cli *cli, const hg_plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        const hg_plan_step *step = &plan->steps[i];

        for (size_t j = 0; j < step->statement_count; j++) {
            const hg_plan_statement *s = &step->statements[j];

            for (size_t k = 0; k < s->hazard_count; k++) {
                const hg_hazard *h = &s->hazards[k];

                if (h->severity != HG_SEVERITY_DANGER || h->accepted != NULL)
                    continue;
                cli_note(cli, "%s:%d: %s: %s", step->file, s->line, h->id, h->message);
                if (h->safer[0] != '\0')
                    cli_note(cli, "  instead: %s", h->safer);
            }
        }
    }
}

/*
 * A command that needs no consent leaves planning to the run. Where somebody has to agree, they
 * agree to a plan, and the run refuses another one.
 */
static bool agree(const struct cli *cli, struct ops *ops, hg_migrate_options *options,
                  hg_plan **out_plan, hg_error *err)
{
    enum consent consent = action_consent(cli->action, hg_settings_production(ops->settings),
                                          hg_settings_read_only(ops->settings));
    char summary[1024];

    if (consent == CONSENT_NONE)
        return true;
    if (consent == CONSENT_NEVER)
        return cli_consent(cli, ops, "", err);
    if (!hg_plan_make(ops->pool, options, ops_plan_deadline(ops, options), out_plan, err))
        return false;
    if ((*out_plan)->step_count == 0)
        return true;
    if (options->production && !hg_plan_allowed(*out_plan, err)) {
        show_dangers(cli, *out_plan);
        return false;
    }
    if (consent == CONSENT_YES
        && !rolls_back(*out_plan)) /* a reset of what is empty drops nothing */
        return true;
    summarise(cli, ops, *out_plan, summary, sizeof summary);
    if (!cli_consent(cli, ops, summary, err))
        return false;
    if (options->plan_id == NULL)
        options->plan_id = (*out_plan)->id;
    return true;
}

/* --- in a process of its own --- */

struct detaching {
    const struct cli *cli;
    char plan_id[sizeof((hg_plan *)0)->id]; /* that somebody agreed to, or "" */
};

/* What the foreground would have printed is kept for those who attach. */
static int run_detached(void *context, struct worker *worker)
{
    const struct detaching *d = context;
    const hg_observer observer = {worker_event, worker_cancelled, worker};
    struct ops ops = {0};
    hg_run_result result = {0};
    struct outcome outcome;
    hg_error err = {0};
    hg_migrate_options options;
    bool ok = cli_open(d->cli, kind_of(d->cli) != HG_MIGRATE_DOWN, &ops, &err);
    int status;

    outcome_init(&outcome);
    if (ok) {
        options = options_of(d->cli, &ops);
        options.plan_id = d->plan_id[0] == '\0' ? options.plan_id : d->plan_id;
        ok = hg_migrate_run(ops.pool, &options, &observer, &result, &err);
    }
    status = outcome_of_run(&outcome, &result, ok ? NULL : &err);
    hg_run_result_release(&result);
    ops_close(&ops);
    return outcome_end(&outcome, status, worker);
}

/* Runs are found by the database, whichever command has begun them. */
static struct detached detached_of(const hg_settings *settings)
{
    return (struct detached){
        .dir = hg_settings_runtime_dir(settings),
        .subject = hg_url_redacted(hg_settings_url(settings)),
        .what = "the run",
        .shown_by = "headgate up --attach",
        .when_dead = "Run the command again: it goes on where that one stopped.",
    };
}

/* Asks in the foreground, where there is somebody to answer, then leaves it. */
static int start_detached(const struct cli *cli)
{
    struct detaching d = {.cli = cli};
    struct ops ops = {0};
    hg_plan *plan = NULL;
    hg_settings *settings = NULL;
    struct detached about;
    hg_migrate_options options;
    hg_error err = {0};
    bool ok;
    int status;

    if (!cli_open(cli, kind_of(cli) != HG_MIGRATE_DOWN, &ops, &err))
        return cli_fail(cli, &err);
    options = options_of(cli, &ops);
    ok = agree(cli, &ops, &options, &plan, &err);
    if (ok && options.plan_id != NULL)
        snprintf(d.plan_id, sizeof d.plan_id, "%s", options.plan_id);
    hg_plan_free(plan);
    ops_close(&ops); /* and with it every thread: the worker is forked from this process */
    if (ok && hg_settings_load(&cli->settings, &settings, &err)) {
        about = detached_of(settings);
        status = detach(cli, &about, run_detached, &d);
    } else {
        status = cli_fail(cli, &err);
    }
    hg_settings_free(settings);
    return status;
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

static int attach(const struct cli *cli)
{
    const hg_observer observer = cli_observer(cli);
    struct detached_watch watch = {.cli = cli, .observer = &observer};
    struct detached about;
    struct worker_info info;
    struct ops ops = {0};
    hg_error err = {0};
    int status;

    if (!cli_open(cli, false, &ops, &err))
        return cli_fail(cli, &err);
    cli_catch_signals();
    about = detached_of(ops.settings);
    if (detach_find(&about, &info) || refuse_without_worker(&ops, &err))
        status = detach_watch(&watch, &about, info.id);
    else
        status = cli_fail(cli, &err);
    ops_close(&ops);
    return status;
}

/* --- the command --- */

int cmd_migrate(const struct cli *cli)
{
    struct ops ops = {0};
    hg_run_result result = {0};
    hg_plan *plan = NULL;
    hg_error err = {0};
    hg_observer observer = cli_observer(cli);
    hg_migrate_options options;
    bool ok;
    int status;

    if (cli->plan + cli->detach + cli->attach > 1) {
        hg_fail(&err, HG_USAGE, "only one of --plan, --detach and --attach makes sense");
        return cli_fail(cli, &err);
    }
    if (cli->attach)
        return attach(cli);
    if (cli->detach)
        return start_detached(cli);
    if (!cli_open(cli, kind_of(cli) != HG_MIGRATE_DOWN && !cli->plan, &ops, &err))
        return cli_fail(cli, &err);
    cli_catch_signals();
    options = options_of(cli, &ops);
    options.observer = &observer;
    if (cli->plan) {
        ok = hg_plan_make(ops.pool, &options, ops_plan_deadline(&ops, &options), &plan, &err);
        status = ok ? show_plan(cli, plan) : cli_fail(cli, &err);
    } else {
        ok = agree(cli, &ops, &options, &plan, &err)
             && hg_migrate_run(ops.pool, &options, &observer, &result, &err);
        status = show_result(cli, &result, ok ? NULL : &err);
    }
    hg_run_result_release(&result);
    hg_plan_free(plan);
    ops_close(&ops);
    return status;
}
