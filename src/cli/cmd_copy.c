/*
 * cmd_copy.c - copies a SQLite database into PostgreSQL, looks whether it could, or compares both.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"
#include "cli.h"
#include "ops/copy_pools.h"
#include "ops/json_copy.h"
#include "table.h"

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

/* --- the result for people --- */

static const char *verdict(const hg_copy_table *table)
{
    return !table->compared ? "-" : table->match ? "equal" : "DIFFERENT";
}

static void put_tables(struct buf *out, const hg_copy_result *result)
{
    static const struct table_column columns[] = {
        {"TABLE", ALIGN_LEFT},     {"ROWS", ALIGN_RIGHT},  {"COPIED", ALIGN_RIGHT},
        {"REJECTED", ALIGN_RIGHT}, {"BYTES", ALIGN_RIGHT}, {"CONTENT", ALIGN_LEFT},
        {"DIGEST", ALIGN_LEFT},
    };
    struct table t = TABLE_INIT(columns);

    for (size_t i = 0; i < result->table_count; i++) {
        const hg_copy_table *table = &result->tables[i];
        const char **row = table_row(&t);
        char bytes[32];

        row[0] = table->table;
        row[1] = arena_printf(&t.arena, "%lld", (long long)table->rows_read);
        row[2] = arena_printf(&t.arena, "%lld", (long long)table->rows_written);
        row[3] = arena_printf(&t.arena, "%lld", (long long)table->rejected);
        row[4] = arena_text(&t.arena, cli_bytes(table->bytes, bytes, sizeof bytes));
        row[5] = verdict(table);
        row[6] = table->source_digest[0] == '\0' ? "-" : table->source_digest;
    }
    table_end(&t, out);
}

static void put_sample(struct buf *out, const hg_copy_sample *sample)
{
    buf_text(out, "      ");
    if (sample->key != NULL)
        text_show(out, sample->key);
    else
        buf_printf(out, "rowid %lld", (long long)sample->rowid);
    buf_printf(out, "  %s  ", sample->storage);
    text_show(out, sample->value);
    buf_char(out, '\n');
}

static void put_finding(struct buf *out, const hg_copy_finding *finding)
{
    buf_printf(out, "%8lld  ", (long long)finding->count);
    text_show(out, finding->table);
    buf_char(out, '.');
    text_show(out, finding->column);
    buf_text(out, " (");
    text_show(out, finding->type);
    buf_printf(out, ")  %s: %s", finding->rule, finding->title);
    if (finding->action[0] != '\0')
        buf_printf(out, "; rule: %s", finding->action);
    buf_char(out, '\n');
    for (size_t i = 0; !finding->fits && i < finding->sample_count; i++)
        put_sample(out, &finding->samples[i]);
}

/* Of three kinds: does not fit, a rule was followed, fits in another form. */
static void put_findings(struct buf *out, const hg_copy_result *result)
{
    static const char *const titles[] = {"Values that do not fit:", "Rules that were followed:",
                                         "Values that were taken in another form:"};
    int last = -1;

    for (size_t i = 0; i < result->finding_count; i++) {
        const hg_copy_finding *finding = &result->findings[i];
        int kind = finding->fits ? 2 : finding->action[0] != '\0';

        if (kind != last)
            buf_printf(out, "\n%s\n", titles[kind]);
        last = kind;
        put_finding(out, finding);
    }
}

static void put_problems(struct buf *out, const hg_copy_result *result)
{
    if (result->problem_count > 0)
        buf_text(out, "\nTables:\n");
    for (size_t i = 0; i < result->problem_count; i++) {
        const hg_copy_problem *problem = &result->problems[i];

        buf_printf(out, "  %-5s ", problem->stops ? "stops" : "note");
        text_show(out, problem->table);
        buf_printf(out, "  %s: ", problem->kind);
        text_show(out, problem->message);
        buf_char(out, '\n');
    }
}

static void put_differences(struct buf *out, const hg_copy_result *result)
{
    if (result->difference_count > 0)
        buf_text(out, "\nRows that differ:\n");
    for (size_t i = 0; i < result->difference_count; i++) {
        const hg_copy_difference *difference = &result->differences[i];

        buf_text(out, "  ");
        text_show(out, difference->table);
        if (difference->name == NULL)
            buf_printf(out, "  rowid %lld", (long long)difference->key);
        else
            buf_text(out, "  ");
        text_show(out, difference->name == NULL ? "" : difference->name);
        buf_printf(out, "  %s",
                   strcmp(difference->kind, "extra") == 0     ? "only in the target"
                   : strcmp(difference->kind, "missing") == 0 ? "not in the target"
                                                              : "differs in ");
        text_show(out, difference->columns);
        buf_char(out, '\n');
    }
}

static void put_statements(struct buf *out, const hg_copy_result *result)
{
    bool after = false;

    if (result->mode != HG_COPY_DRY_RUN || result->statement_count == 0)
        return;
    buf_text(out, "\nTables that would be made:\n");
    for (size_t i = 0; i < result->statement_count; i++) {
        if (result->statements[i].after && !after)
            buf_text(out, "  -- after the rows\n");
        after = result->statements[i].after;
        buf_text(out, "  ");
        text_show(out, result->statements[i].sql);
        buf_text(out, ";\n");
    }
}

static void put_phase(struct buf *out, const char *name, double ms)
{
    char took[32];

    if (ms > 0)
        buf_printf(out, ", %s %s", name, cli_duration(ms, took, sizeof took));
}

static void put_summary(struct buf *out, const hg_copy_result *result)
{
    char size[32];

    buf_printf(out, "\n%s%lld rows, %s", result->mode == HG_COPY_DRY_RUN ? "dry run: " : "",
               (long long)result->rows, cli_bytes(result->bytes, size, sizeof size));
    if (result->sequences_reset > 0)
        buf_printf(out, ", %d sequence%s set", result->sequences_reset,
                   result->sequences_reset == 1 ? "" : "s");
    put_phase(out, "checked in", result->check_ms);
    put_phase(out, "copied in", result->data_ms);
    put_phase(out, "finished in", result->finish_ms);
    put_phase(out, "verified in", result->verify_ms);
    buf_char(out, '\n');
}

static void put_catch_up(struct buf *out, const hg_copy_result *result)
{
    char behind[32];

    buf_printf(out, "%lld rows new or changed, %lld gone, %lld pages", (long long)result->rows_put,
               (long long)result->rows_gone, (long long)result->pages_changed);
    put_phase(out, "compared in", result->check_ms);
    put_phase(out, "brought over in", result->data_ms);
    buf_printf(out, ", %s behind\n", cli_duration(result->behind_ms, behind, sizeof behind));
    put_findings(out, result);
}

static int show(const struct cli *cli, const hg_copy_result *result, const hg_error *err)
{
    struct buf out = BUF_INIT(256 << 20);

    if (cli->json) {
        json_copy_result(&out, result, err);
    } else if (result->mode == HG_COPY_CATCH_UP && err == NULL) {
        put_catch_up(&out, result);
    } else if (result->mode == HG_COPY_ABANDON) {
        buf_text(&out, "The unfinished copy was given up; the target is as it was before.\n");
    } else {
        put_tables(&out, result);
        put_findings(&out, result);
        put_problems(&out, result);
        put_differences(&out, result);
        put_statements(&out, result);
        put_summary(&out, result);
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

/* Settings whose selected database is the target: consent is about that one. */
static bool find_target(const struct cli *cli, struct ops *ops, hg_error *err)
{
    hg_settings_options options = cli->settings;

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
    if (copy->dry_run + copy->verify_only + cli->resume + copy->abandon + is_catching_up(copy) > 1)
        return hg_fail(err, HG_USAGE,
                       "only one of --dry-run, --verify-only, --resume, --abandon and --catch-up, "
                       "--follow or --last is possible");
    if (is_catching_up(copy) && copy->snapshot == NULL)
        return hg_fail(err, HG_USAGE, "to catch up needs --snapshot FOLDER");
    out->mode = copy->dry_run          ? HG_COPY_DRY_RUN
                : copy->verify_only    ? HG_COPY_VERIFY
                : copy->abandon        ? HG_COPY_ABANDON
                : is_catching_up(copy) ? HG_COPY_CATCH_UP
                                       : HG_COPY_RUN;
    out->snapshot = copy->snapshot;
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

static bool agree(const struct cli *cli, const struct ops *ops, const hg_url *source,
                  const hg_copy_options *options, hg_error *err)
{
    char what[1024];

    if (options->mode == HG_COPY_DRY_RUN || options->mode == HG_COPY_VERIFY)
        return true;
    if (options->mode == HG_COPY_CATCH_UP)
        snprintf(what, sizeof what, "copy: what changed in %s into %s (%s)",
                 hg_url_redacted(source), hg_url_redacted(hg_settings_url(ops->settings)),
                 hg_settings_env(ops->settings));
    else if (options->mode == HG_COPY_ABANDON)
        snprintf(what, sizeof what, "copy: give up the unfinished copy into %s (%s)",
                 hg_url_redacted(hg_settings_url(ops->settings)), hg_settings_env(ops->settings));
    else
        snprintf(what, sizeof what, "copy: all of %s into %s (%s)", hg_url_redacted(source),
                 hg_url_redacted(hg_settings_url(ops->settings)), hg_settings_env(ops->settings));
    return cli_consent(cli, ops, what, err);
}

/* --- following --- */

static void tell_round(const struct cli *cli, const hg_copy_result *result)
{
    char took[32], behind[32];

    cli_note(cli, "%lld rows new or changed, %lld gone, %lld pages, in %s; %s behind",
             (long long)result->rows_put, (long long)result->rows_gone,
             (long long)result->pages_changed,
             cli_duration(result->check_ms + result->data_ms, took, sizeof took),
             cli_duration(result->behind_ms, behind, sizeof behind));
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
              && find_source(cli, &source, err) && find_target(cli, &ops, err)
              && agree(cli, &ops, source, &options, err)
              && copy_pools_open(ops.settings, source, hg_settings_url(ops.settings), &options,
                                 &pools, err);

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
