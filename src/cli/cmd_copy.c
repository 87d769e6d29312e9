/*
 * cmd_copy.c - copies a SQLite database into PostgreSQL, looks whether it could, or compares both.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"
#include "cli.h"
#include "copy_text.h"
#include "ops/copy_pools.h"
#include "ops/json_copy.h"

enum {
    LINE_EVERY_MS = 10000, /* of progress, where no terminal shows it */
    FOLLOW_EVERY_MS = 5000,
    PAUSE_MS = 50
};

static const char default_source[] = "instance/app.db";

/* --- progress --- */

struct progress {
    const struct cli *cli;
    bool terminal;     /* one line that changes */
    int64_t said_ns;   /* when the last line was written, elsewhere */
    bool line_is_open; /* the terminal's line has not ended */
};

static void end_line(struct progress *p)
{
    if (p->line_is_open)
        fputs("\r\033[K", stderr);
    p->line_is_open = false;
}

static void show_progress(struct progress *p, const hg_event *event)
{
    char size[32], total[40] = "";

    if (p->cli->verbosity < 0 || event->subject[0] != '\0')
        return;
    if (!p->terminal && clock_since_ms(p->said_ns) < LINE_EVERY_MS)
        return;
    if (event->total > 0)
        snprintf(total, sizeof total, " of %s", cli_bytes(event->total, (char[32]){0}, 32));
    fprintf(stderr, p->terminal ? "\r%s: %s%s\033[K" : "%s: %s%s\n", event->message,
            cli_bytes(event->done, size, sizeof size), total);
    p->line_is_open = p->terminal;
    p->said_ns = clock_now_ns();
}

static void on_event(void *context, const hg_event *event)
{
    struct progress *p = context;
    char took[32];

    switch (event->kind) {
    case HG_EVENT_STEP_PROGRESS:
        show_progress(p, event);
        break;
    case HG_EVENT_STEP_DONE:
        end_line(p);
        cli_note(p->cli, "%s %s, %lld rows  %s", event->message, event->subject,
                 (long long)event->done, cli_duration(event->duration_ms, took, sizeof took));
        break;
    case HG_EVENT_WAITING:
    case HG_EVENT_NOTE:
        end_line(p);
        cli_note(p->cli, "note: %s", event->message);
        break;
    case HG_EVENT_STEP_STARTED:
    case HG_EVENT_STEP_FAILED:
        break;
    }
}

static bool cancelled(void *context)
{
    (void)context;
    return cli_interrupted(NULL);
}

static int64_t wanted_rate(void *context)
{
    int rate = ((const struct progress *)context)->cli->rate;

    return rate > 0 ? rate : 0;
}

static int show(const struct cli *cli, const hg_copy_result *result, const hg_error *err)
{
    struct buf out = BUF_INIT(256 << 20);

    if (cli->json) {
        json_copy_result(&out, result, err);
    } else {
        copy_text_put(&out, result, err != NULL);
    }
    cli_print(&out);
    buf_release(&out);
    if (err != NULL && !cli->json)
        cli_show_error(err);
    return err == NULL ? 0 : hg_code_exit_status(err->code);
}

/* --- from where to where --- */

/* What was named, else the selected database when it is SQLite, else where an application has it.
 */
static bool find_source(const struct cli *cli, hg_url **out, hg_error *err)
{
    hg_settings *settings = NULL;
    const char *path = cli->copy.sqlite;
    bool ok;

    if (cli->copy.from != NULL && path != NULL)
        return hg_fail(err, HG_USAGE, "--sqlite and --from both name the source");
    if (cli->copy.from != NULL)
        return hg_url_parse(cli->copy.from, out, err);
    if (path != NULL)
        return hg_url_of_file(path, out, err);
    if (!hg_settings_load(&cli->settings, &settings, err))
        return false;
    path = hg_url_path(hg_settings_url(settings));
    ok = hg_url_of_file(path == NULL ? default_source : path, out, err);
    hg_settings_free(settings);
    return ok;
}

/* Settings whose selected database is the one that consent is about: the target; or the source,
 * where nothing else is touched. */
static bool find_target(const struct cli *cli, const hg_url *source, struct ops *ops, hg_error *err)
{
    hg_settings_options options = cli->settings;

    if (cli->copy.remove_triggers) {
        options.url = hg_url_redacted(source);
        return hg_settings_load(&options, &ops->settings, err);
    }
    if (cli->copy.to == NULL) {
        hg_fail(err, HG_USAGE, "\"copy\" needs --postgres URL");
        hg_error_hint(err, "See headgate copy --help.");
        return false;
    }
    options.url = cli->copy.to;
    return hg_settings_load(&options, &ops->settings, err);
}

struct names {
    char *text;
    VEC(const char *) list;
};

static bool split_tables(const struct cli *cli, struct names *out, hg_error *err)
{
    char *at;

    if (cli->copy.tables == NULL)
        return true;
    out->text = alloc_text(cli->copy.tables);
    for (at = out->text; at != NULL;) {
        const char **name = VEC_PUSH(&out->list);
        char *comma = strchr(at, ',');

        if (name == NULL)
            return hg_fail(err, HG_NOMEM, "could not read the options: out of memory");
        *name = at;
        if (comma != NULL)
            *comma++ = '\0';
        at = comma;
    }
    return out->text != NULL || hg_fail(err, HG_NOMEM, "could not read the options: out of memory");
}

static bool is_catching_up(const struct cli_copy *copy)
{
    return copy->catch_up || copy->follow || copy->last;
}

static bool options_of(const struct cli *cli, const struct names *tables, hg_copy_options *out,
                       hg_error *err)
{
    const struct cli_copy *copy = &cli->copy;

    *out = hg_copy_options_default();
    if (copy->dry_run + copy->verify_only + cli->resume + copy->abandon + copy->remove_triggers
            + is_catching_up(copy)
        > 1)
        return hg_fail(err, HG_USAGE,
                       "only one of --dry-run, --verify-only, --resume, --abandon, "
                       "--remove-triggers and --catch-up, --follow or --last is possible");
    if (copy->triggers
        && (copy->verify_only || copy->abandon || copy->remove_triggers || is_catching_up(copy)))
        return hg_fail(err, HG_USAGE,
                       "--triggers is for a copy, its --dry-run and its --resume; the target knows "
                       "whether there are any");
    out->mode = copy->dry_run           ? HG_COPY_DRY_RUN
                : copy->verify_only     ? HG_COPY_VERIFY
                : copy->abandon         ? HG_COPY_ABANDON
                : copy->remove_triggers ? HG_COPY_REMOVE_TRIGGERS
                : is_catching_up(copy)  ? HG_COPY_CATCH_UP
                                        : HG_COPY_RUN;
    out->snapshot = copy->snapshot;
    out->triggers = copy->triggers;
    out->last = copy->last;
    out->create = copy->create;
    out->resume = cli->resume;
    out->tables = tables->list.items;
    out->table_count = tables->list.count;
    out->rules = copy->rules.items;
    out->rule_count = copy->rules.count;
    out->rules_file = copy->rules_file;
    out->rejects_file = copy->rejects_file;
    out->jobs = copy->jobs;
    out->largest_value = (int64_t)copy->max_value_mb << 20;
    return true;
}

/* --- consent --- */

/* The tables that triggers are installed on, each once, with commas. */
static void put_triggered(struct buf *out, const hg_copy_result *list)
{
    const char *last = list->statements[0].table; /* the log itself */
    size_t tables = 0;

    for (size_t i = 0; i < list->statement_count; i++) {
        if (strcmp(list->statements[i].table, last) == 0)
            continue;
        last = list->statements[i].table;
        buf_text(out, tables++ == 0 ? "" : ", ");
        text_show(out, last);
    }
}

/* What a copy with --triggers writes into the source, by name. */
static bool put_triggers(const struct copy_pools *pools, const hg_copy_options *options,
                         struct buf *out, hg_error *err)
{
    hg_copy_options asking = *options;
    hg_copy_result *list = NULL;
    bool ok;

    asking.mode = HG_COPY_LIST_TRIGGERS;
    ok = hg_copy(pools->source, pools->target, &asking, NULL, &list, err);
    if (ok) {
        buf_text(out, "\nThe source is written to: until --last or --remove-triggers it has the "
                      "table headgate_delta, and triggers headgate_delta_insert_TABLE, "
                      "headgate_delta_update_TABLE, headgate_delta_moved_TABLE and "
                      "headgate_delta_delete_TABLE on ");
        put_triggered(out, list);
        buf_text(out, ". --dry-run --triggers shows them.");
    }
    hg_copy_result_free(list);
    return ok;
}

static void put_order(const struct ops *ops, const hg_url *source, hg_copy_mode mode,
                      struct buf *out)
{
    const char *from = hg_url_redacted(source),
               *to = hg_url_redacted(hg_settings_url(ops->settings));

    if (mode == HG_COPY_CATCH_UP)
        buf_printf(out, "copy: what changed in %s into %s", from, to);
    else if (mode == HG_COPY_ABANDON)
        buf_printf(out, "copy: give up the unfinished copy into %s", to);
    else if (mode == HG_COPY_REMOVE_TRIGGERS)
        buf_printf(out,
                   "copy: take headgate's triggers away from %s; a target that follows it by "
                   "them has to be copied anew",
                   from);
    else
        buf_printf(out, "copy: all of %s into %s", from, to);
    buf_printf(out, " (%s)", hg_settings_env(ops->settings));
}

/* What writes into the source is asked about as an action of its own. */
static const struct action installing = {"copy --triggers", "", DANGER_SOURCE, ""};
static const struct action removing = {"copy --remove-triggers", "", DANGER_SOURCE, ""};

static bool agree(const struct cli *cli, const struct ops *ops, const struct copy_pools *pools,
                  const hg_url *source, const hg_copy_options *options, hg_error *err)
{
    struct buf what = BUF_INIT(1 << 20);
    struct cli asking = *cli;
    bool ok = true;

    if (options->mode == HG_COPY_REMOVE_TRIGGERS)
        asking.action = &removing;
    else if (options->triggers)
        asking.action = &installing;
    if (options->mode == HG_COPY_DRY_RUN || options->mode == HG_COPY_VERIFY)
        return true;
    put_order(ops, source, options->mode, &what);
    if (options->triggers && !options->resume)
        ok = put_triggers(pools, options, &what, err);
    ok = ok && cli_consent(&asking, ops, what.bytes, err);
    buf_release(&what);
    return ok;
}

/* --- following --- */

static void tell_round(const struct cli *cli, const hg_copy_result *result)
{
    char took[32], behind[32];
    struct buf pages = BUF_INIT(100);

    copy_text_pages(&pages, result);
    cli_note(cli, "%lld rows new or changed, %lld gone%s, in %s; %s behind",
             (long long)result->rows_put, (long long)result->rows_gone, pages.bytes,
             cli_duration(result->check_ms + result->data_ms, took, sizeof took),
             cli_duration(result->behind_ms, behind, sizeof behind));
    buf_release(&pages);
}

static void pause_between(void)
{
    for (int i = 0; i < FOLLOW_EVERY_MS / PAUSE_MS && !cli_interrupted(NULL); i++) {
        const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};

        nanosleep(&pause, NULL);
    }
}

/* Round after round until somebody interrupts, which is how it ends well. */
static bool follow(const struct cli *cli, struct copy_pools *pools, const hg_copy_options *options,
                   const hg_observer *observer, hg_copy_result **out_result, hg_error *err)
{
    bool ok = true;

    while (ok && !cli_interrupted(NULL)) {
        hg_copy_result *result = NULL;

        ok = hg_copy(pools->source, pools->target, options, observer, &result, err);
        if (ok)
            tell_round(cli, result);
        if (result != NULL) {
            hg_copy_result_free(*out_result);
            *out_result = result;
        }
        if (ok)
            pause_between();
    }
    return ok || (err->code == HG_CANCELLED && cli_interrupted(NULL) && *out_result != NULL);
}

/* *out_result stays NULL when nothing was begun. */
static bool copy(const struct cli *cli, hg_copy_result **out_result, hg_error *err)
{
    struct progress progress = {
        .cli = cli, .terminal = isatty(STDERR_FILENO) && !cli->json, .said_ns = clock_now_ns()};
    const hg_observer observer = {on_event, cancelled, &progress};
    struct ops ops = {0};
    struct copy_pools pools = {NULL, NULL};
    struct names tables = {.text = NULL};
    hg_url *source = NULL;
    hg_copy_options options;
    bool ok = split_tables(cli, &tables, err) && options_of(cli, &tables, &options, err)
              && find_source(cli, &source, err) && find_target(cli, source, &ops, err)
              && copy_pools_open(ops.settings, source,
                                 cli->copy.remove_triggers ? NULL : hg_settings_url(ops.settings),
                                 &options, &pools, err)
              && agree(cli, &ops, &pools, source, &options, err);

    if (ok) {
        options.rate = wanted_rate;
        options.rate_context = &progress;
        cli_catch_signals();
        ok = cli->copy.follow
                 ? follow(cli, &pools, &options, &observer, out_result, err)
                 : hg_copy(pools.source, pools.target, &options, &observer, out_result, err);
        end_line(&progress);
    }
    copy_pools_close(&pools);
    ops_close(&ops);
    hg_url_free(source);
    VEC_RELEASE(&tables.list);
    alloc_free(tables.text);
    return ok;
}

int cmd_copy(const struct cli *cli)
{
    hg_copy_result *result = NULL;
    hg_error err = {0};
    bool ok = copy(cli, &result, &err);
    int status;

    if (result == NULL || (!ok && result->table_count == 0 && result->problem_count == 0))
        status = cli_fail(cli, &err);
    else
        status = show(cli, result, ok ? NULL : &err);
    hg_copy_result_free(result);
    return status;
}
