/*
 * cmd_cutover.c - the guided cutover: in the console, or in a plain terminal begins a run in a
 * process of its own, goes on with it, goes back, watches it, gives it orders.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/vec.h"
#include "cutover_text.h"
#include "cutover_watch.h"
#include "ops/cutover_sides.h"
#include "ops/json_cutover.h"
#include "ops/said_cutover.h"
#include "ops/worker.h"

enum { OUT_LIMIT = 64 << 20, TYPED_ROOM = 128 };

/* --- settings of both sides --- */

static bool open_sides(const struct cli *cli, struct cutover_sides *out, hg_error *err)
{
    if (!cutover_sides_open(&cli->settings, cli->cutover.runbook, cli_budget_ms(cli), out, err))
        return false;
    out->options.run = cli->cutover.run;
    return true;
}

int64_t cli_budget_ms(const struct cli *cli)
{
    return cli->cutover.budget_s < 0 ? 0 : (int64_t)(cli->cutover.budget_s * 1000);
}

static bool may_change(const struct cli *cli, const struct cutover_sides *sides, hg_error *err)
{
    return !hg_settings_read_only(sides->source)
           || action_refuse(cli->action, CONSENT_NEVER, "", err);
}

/* --- documents --- */

static void print_out(struct buf *out)
{
    cli_print(out);
    buf_release(out);
}

static int show(const struct cli *cli, const hg_cutover *cutover,
                void (*put)(struct buf *out, const hg_cutover *cutover))
{
    struct buf out = BUF_INIT(OUT_LIMIT);

    if (cli->json)
        json_cutover(&out, cutover, NULL);
    else
        put(&out, cutover);
    print_out(&out);
    return 0;
}

/* --- the worker --- */

/* Nothing of this process has a thread yet: it can be forked. */
static int start(const struct cli *cli, const struct cutover_sides *sides, const char *run,
                 bool back)
{
    char subject[CUTOVER_SUBJECT_SIZE];
    struct worker *worker = NULL;
    struct worker_info info;
    hg_error err = {0};

    cutover_subject(run, subject);
    if (!worker_start(hg_settings_runtime_dir(sides->source), cli->action->name, subject, &worker,
                      &info, &err))
        return cli_fail(cli, &err);
    if (worker != NULL)
        return cutover_work(sides, back, worker);
    return cutover_watch(&(struct cutover_watch){.cli = cli,
                                                 .options = &sides->options,
                                                 .run = run,
                                                 .worker = info.id,
                                                 .answers = true,
                                                 .abort_is_success = back});
}

/* The process that works on the run now. */
static int watch(const struct cli *cli, const struct cutover_sides *sides, const hg_cutover *run,
                 bool back)
{
    char subject[CUTOVER_SUBJECT_SIZE];
    struct worker_info info;
    hg_error err = {0};

    cutover_subject(run->run, subject);
    if (worker_find(hg_settings_runtime_dir(sides->source), subject, true, &info))
        return cutover_watch(
            &(struct cutover_watch){.cli = cli,
                                    .options = &sides->options,
                                    .run = run->run,
                                    .worker = info.id,
                                    .answers = !back && !hg_settings_read_only(sides->source),
                                    .abort_is_success = back});
    hg_fail(&err, HG_FAILED, "the process that works on the cutover %s cannot be heard from here",
            run->run);
    hg_error_hint(&err, "headgate cutover --status tells what it does; see HEADGATE_RUNTIME_DIR.");
    return cli_fail(cli, &err);
}

/* --- what can be wanted --- */

/* The console leads through it where there is one. false: there is none, and nothing was done; out:
 * the exit status. */
static bool lead(const struct cli *cli, int *out)
{
    bool shown = !cli->cutover.plain && !cli->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)
                 && isatty(STDERR_FILENO);
    hg_error err = {0};
    bool ok = shown && cli_open_console(cli, &err);

    if (!shown || (!ok && err.code == HG_UNSUPPORTED))
        return false;
    *out = ok ? 0 : cli_fail(cli, &err);
    return true;
}

static int begin(const struct cli *cli, const struct cutover_sides *sides)
{
    char run[HG_CUTOVER_RUN_SIZE];
    hg_error err = {0};
    int shown;

    if (lead(cli, &shown))
        return shown;
    if (!may_change(cli, sides, &err) || !hg_cutover_begin(&sides->options, run, &err))
        return cli_fail(cli, &err);
    cli_note(cli, "cutover %s", run);
    return start(cli, sides, run, false);
}

static int plan(const struct cli *cli, const struct cutover_sides *sides)
{
    hg_cutover *plan = NULL;
    hg_error err = {0};
    int status;

    if (!hg_cutover_plan(&sides->options, &plan, &err))
        return cli_fail(cli, &err);
    show(cli, plan, cutover_put_plan);
    status = cutover_is_in_doubt(plan) ? hg_code_exit_status(HG_FAILED) : 0;
    hg_cutover_free(plan);
    return status;
}

static int status(const struct cli *cli, const struct cutover_sides *sides)
{
    hg_cutover *run = NULL;
    hg_error err = {0};

    if (!hg_cutover_read(&sides->options, &run, &err))
        return cli_fail(cli, &err);
    show(cli, run, cutover_put_status);
    hg_cutover_free(run);
    return 0;
}

static void append_text(void *context, const char *text, size_t size)
{
    buf_bytes(context, text, size);
}

static int report(const struct cli *cli, const struct cutover_sides *sides)
{
    struct buf out = BUF_INIT(OUT_LIMIT);
    hg_error err = {0};

    if (!hg_cutover_report(&sides->options, cli->json ? HG_CUTOVER_JSON : HG_CUTOVER_MARKDOWN,
                           append_text, &out, &err))
        return cli_fail(cli, &err);
    print_out(&out);
    return 0;
}

static bool read_open(const struct cutover_sides *sides, hg_cutover **out, hg_error *err)
{
    hg_cutover *run = NULL;

    if (!hg_cutover_read(&sides->options, &run, err))
        return false;
    if (!run->closed) {
        *out = run;
        return true;
    }
    hg_fail(err, HG_FAILED, "the cutover %s is over: %s", run->run, run->outcome);
    hg_error_hint(err, "headgate cutover --status shows it.");
    hg_cutover_free(run);
    return false;
}

static void note_now(const struct cli *cli, const hg_cutover *run)
{
    struct buf out = BUF_INIT(OUT_LIMIT);

    cli_note(cli, "cutover %s", run->run);
    if (cli->verbosity < 0)
        return;
    said_cutover_now(&out, run);
    fwrite(out.bytes, 1, out.size, stderr);
    buf_release(&out);
}

static int resume(const struct cli *cli, const struct cutover_sides *sides)
{
    hg_cutover *run = NULL;
    hg_error err = {0};
    int result;

    if (!may_change(cli, sides, &err) || !read_open(sides, &run, &err))
        return cli_fail(cli, &err);
    note_now(cli, run);
    result = run->working ? watch(cli, sides, run, run->aborting)
                          : start(cli, sides, run->run, run->aborting);
    hg_cutover_free(run);
    return result;
}

static int attach(const struct cli *cli, const struct cutover_sides *sides)
{
    hg_cutover *run = NULL;
    hg_error err = {0};
    int result;

    if (!read_open(sides, &run, &err))
        return cli_fail(cli, &err);
    if (lead(cli, &result)) {
        hg_cutover_free(run);
        return result;
    }
    if (run->working) {
        note_now(cli, run);
        result = watch(cli, sides, run, run->aborting);
    } else {
        hg_fail(&err, HG_FAILED, "nobody works on the cutover %s", run->run);
        hg_error_hint(&err, "Go on with `headgate cutover --resume`, or back with --abort.");
        result = cli_fail(cli, &err);
    }
    hg_cutover_free(run);
    return result;
}

/* Its name has to be typed: to go back is a decision, too. */
static bool confirm_abort(const struct cli *cli, const hg_cutover *run, hg_error *err)
{
    char typed[TYPED_ROOM] = "";

    if (cli->confirm == NULL && isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && !cli->json) {
        note_now(cli, run);
        fprintf(stderr, "Type the run's name to take all of it back: ");
        if (fgets(typed, sizeof typed, stdin) == NULL)
            typed[0] = '\0';
        typed[strcspn(typed, "\n")] = '\0';
    }
    if (strcmp(cli->confirm == NULL ? typed : cli->confirm, run->run) == 0)
        return true;
    hg_fail(err, HG_REFUSED, "to abort the cutover %s was not confirmed", run->run);
    hg_error_hint(err, "Add: --confirm %s", run->run);
    return false;
}

static int go_back(const struct cli *cli, const struct cutover_sides *sides)
{
    hg_cutover *run = NULL;
    hg_error err = {0};
    int result;

    if (!may_change(cli, sides, &err) || !read_open(sides, &run, &err))
        return cli_fail(cli, &err);
    if (!confirm_abort(cli, run, &err)
        || (run->working && !hg_cutover_say(&sides->options, HG_CUTOVER_ABORT, run->run, &err)))
        result = cli_fail(cli, &err);
    else
        result = run->working ? watch(cli, sides, run, true) : start(cli, sides, run->run, true);
    hg_cutover_free(run);
    return result;
}

/* --- orders --- */

static int order(const struct cli *cli, const struct cutover_sides *sides, hg_cutover_order order,
                 const char *name, const char *text)
{
    struct buf out = BUF_INIT(OUT_LIMIT);
    hg_error err = {0};

    if (!may_change(cli, sides, &err) || !hg_cutover_say(&sides->options, order, text, &err))
        return cli_fail(cli, &err);
    if (cli->json)
        json_cutover_order(&out, name);
    else
        buf_printf(&out, "%s: left for the process that works on the cutover\n", name);
    print_out(&out);
    return 0;
}

static int pause_run(const struct cli *cli, const struct cutover_sides *sides)
{
    return order(cli, sides, HG_CUTOVER_PAUSE, "pause", "");
}

static int continue_run(const struct cli *cli, const struct cutover_sides *sides)
{
    return order(cli, sides, HG_CUTOVER_CONTINUE, "continue", "");
}

static int postpone(const struct cli *cli, const struct cutover_sides *sides)
{
    return order(cli, sides, HG_CUTOVER_POSTPONE, "postpone", "");
}

static int unpostpone(const struct cli *cli, const struct cutover_sides *sides)
{
    return order(cli, sides, HG_CUTOVER_UNPOSTPONE, "unpostpone", "");
}

static int rate(const struct cli *cli, const struct cutover_sides *sides)
{
    char text[16];

    snprintf(text, sizeof text, "%d", cli->rate);
    return order(cli, sides, HG_CUTOVER_RATE, "rate", text);
}

static int answer(const struct cli *cli, const struct cutover_sides *sides)
{
    return order(cli, sides, HG_CUTOVER_ANSWER, "answer", cli->cutover.answer);
}

static int note(const struct cli *cli, const struct cutover_sides *sides)
{
    return order(cli, sides, HG_CUTOVER_NOTE, "note", cli->cutover.note);
}

/* --- rehearsal --- */

/* Changes copies alone; the source is only read, and the target's server lends a scratch database.
 */
static int rehearse(const struct cli *cli, const struct cutover_sides *sides)
{
    const hg_observer observer = cli_observer(cli);
    struct buf out = BUF_INIT(OUT_LIMIT);
    hg_cutover *run = NULL;
    hg_error err = {0};
    bool ok;

    if (!may_change(cli, sides, &err))
        return cli_fail(cli, &err);
    cli_catch_signals();
    ok = hg_cutover_rehearse(&sides->options, cli->cutover.drill, &observer, &run, &err);
    if (cli->json && run != NULL)
        json_cutover(&out, run, ok ? NULL : &err);
    else if (run != NULL)
        cutover_put_rehearsal(&out, run);
    if (run != NULL)
        print_out(&out);
    if (!ok && (run == NULL || !cli->json))
        cli_fail(cli, &err);
    hg_cutover_free(run);
    return ok ? 0 : hg_code_exit_status(err.code);
}

/* --- a runbook's faults --- */

struct faults {
    VEC(hg_error) list;
};

static void keep_fault(void *context, const hg_error *fault)
{
    struct faults *faults = context;
    hg_error *kept = VEC_PUSH(&faults->list);

    if (kept != NULL)
        *kept = *fault;
}

static void show_faults(const struct cli *cli, const struct faults *faults)
{
    struct buf out = BUF_INIT(OUT_LIMIT);
    const hg_error *fault;

    if (cli->json) {
        json_cutover_faults(&out, cli->cutover.check, faults->list.items, faults->list.count);
    } else if (faults->list.count == 0) {
        text_show(&out, cli->cutover.check);
        buf_text(&out, ": no fault found\n");
    }
    VEC_EACH (&faults->list, fault)
        if (!cli->json)
            cli_show_error(fault);
    print_out(&out);
}

static int check(const struct cli *cli)
{
    struct faults faults = {0};
    hg_error err = {0};
    bool ok = hg_cutover_check(cli->cutover.check, keep_fault, &faults, &err);
    int result = ok ? 0 : hg_code_exit_status(err.code);

    if (!ok && faults.list.count == 0)
        result = cli_fail(cli, &err);
    else
        show_faults(cli, &faults);
    VEC_RELEASE(&faults.list);
    return result;
}

/* --- which of them --- */

static bool choose(const struct cli *cli,
                   int (**out_run)(const struct cli *cli, const struct cutover_sides *sides),
                   hg_error *err)
{
    const struct {
        bool wanted;
        int (*run)(const struct cli *cli, const struct cutover_sides *sides);
    } modes[] = {
        {cli->plan, plan},
        {cli->resume, resume},
        {cli->attach, attach},
        {cli->cutover.abort, go_back},
        {cli->cutover.status, status},
        {cli->cutover.report, report},
        {cli->cutover.rehearse || cli->cutover.drill != NULL, rehearse},
        {cli->cutover.pause, pause_run},
        {cli->cutover.go_on, continue_run},
        {cli->cutover.postpone, postpone},
        {cli->cutover.unpostpone, unpostpone},
        {cli->rate >= 0, rate},
        {cli->cutover.answer != NULL, answer},
        {cli->cutover.note != NULL, note},
    };
    int wanted = cli->cutover.check != NULL;

    *out_run = begin;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        wanted += modes[i].wanted;
        if (modes[i].wanted)
            *out_run = modes[i].run;
    }
    if (wanted > 1)
        return hg_fail(
            err, HG_USAGE,
            "only one of --plan, --check, --resume, --attach, --abort, --status, "
            "--report, --rehearse, --pause, --continue, --postpone, --unpostpone, --rate, --answer "
            "and --note makes sense");
    if (cli->cutover.run != NULL && *out_run != status && *out_run != report)
        return hg_fail(err, HG_USAGE, "--run is for --status and --report");
    if (cli->cutover.runbook != NULL && *out_run != begin && *out_run != plan
        && *out_run != rehearse)
        return hg_fail(err, HG_USAGE, "--runbook is for a new run: an open one keeps its own");
    return true;
}

int cmd_cutover(const struct cli *cli)
{
    struct cutover_sides sides = {0};
    int (*run)(const struct cli *cli, const struct cutover_sides *sides);
    hg_error err = {0};
    int result;

    if (!choose(cli, &run, &err))
        return cli_fail(cli, &err);
    if (cli->cutover.check != NULL)
        return check(cli);
    result = open_sides(cli, &sides, &err) ? run(cli, &sides) : cli_fail(cli, &err);
    cutover_sides_close(&sides);
    return result;
}
