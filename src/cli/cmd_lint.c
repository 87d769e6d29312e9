/*
 * cmd_lint.c - the hazards of migrations, those that are named or those that are pending, without
 * a database.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "cli.h"
#include "ops/json_lint.h"

enum { FOUND_DANGERS = 1, FOUND_FAULTS = 2, ENGINES = 2, UNREACHABLE = 3 };
enum { OUTPUT_LIMIT = 256 << 20 };

/* What is asked: which engines, which files. */
struct question {
    hg_lint_options engines[ENGINES];
    size_t engine_count;
    hg_history *history; /* owns the files' names, when none was named */
    const char **files;
    size_t file_count;
};

/* --- engines --- */

static bool choose_engines(const struct cli *cli, struct question *q, hg_error *err)
{
    const char *dialect = cli->dialect == NULL ? "both" : cli->dialect;

    for (hg_driver driver = HG_SQLITE; driver <= HG_POSTGRESQL; driver++) {
        hg_lint_options *engine = &q->engines[q->engine_count];

        if (strcmp(dialect, "both") != 0 && strcmp(dialect, hg_driver_name(driver)) != 0)
            continue;
        *engine = hg_lint_options_default(driver);
        engine->accept = cli->accept.items;
        engine->accept_count = cli->accept.count;
        engine->down = cli->down;
        q->engine_count++;
    }
    if (q->engine_count == 0)
        return hg_fail(err, HG_USAGE, "option --dialect: \"%s\" is not sqlite, postgresql or both",
                       dialect);
    return true;
}

/* "15" and "15.4" are PostgreSQL's, "3.40" and "3.40.1" SQLite's. As numbers: 150004, 3040001. */
static bool parse_version(const char *text, hg_driver *out_driver, int *out_version)
{
    int part[3] = {0}, count, used = 0;

    count = sscanf(text, "%3d%n.%3d%n.%3d%n", &part[0], &used, &part[1], &used, &part[2], &used);
    if (count < 1 || text[used] != '\0' || part[0] < 0 || part[1] < 0 || part[2] < 0)
        return false;
    *out_driver = part[0] == 3 ? HG_SQLITE : HG_POSTGRESQL;
    *out_version = part[0] == 3 ? 3000000 + part[1] * 1000 + part[2] : part[0] * 10000 + part[1];
    return part[0] == 3 || count < 3;
}

static bool choose_version(struct question *q, const char *text, hg_error *err)
{
    hg_driver driver;
    int version;

    if (!parse_version(text, &driver, &version)) {
        hg_fail(err, HG_USAGE, "option --server-version: \"%s\" is no version", text);
        hg_error_hint(err, "15 means PostgreSQL 15, and 3.40 SQLite 3.40.");
        return false;
    }
    for (size_t i = 0; i < q->engine_count; i++)
        if (q->engines[i].driver == driver) {
            q->engines[i].server_version = version;
            return true;
        }
    return hg_fail(err, HG_USAGE,
                   "option --server-version: \"%s\" is of %s, which --dialect leaves "
                   "out",
                   text, hg_driver_name(driver));
}

static bool choose_versions(const struct cli *cli, struct question *q, hg_error *err)
{
    for (size_t i = 0; i < cli->server_versions.count; i++)
        if (!choose_version(q, cli->server_versions.items[i], err))
            return false;
    return true;
}

/* --- files --- */

/* Asks the ledger what is pending; a database that cannot be asked keeps nobody from the files. */
static bool read_history(const struct cli *cli, struct question *q, hg_error *err)
{
    struct ops ops = {0};
    hg_settings *settings = NULL;
    bool ok = cli_open(cli, false, &ops, err)
              && hg_history_read(ops.pool, hg_settings_migrations_dir(ops.settings),
                                 ops_inspection_deadline(&ops), &q->history, err);

    ops_close(&ops);
    if (ok || (hg_code_exit_status(err->code) != UNREACHABLE && err->code != HG_UNSUPPORTED))
        return ok;
    cli_note(cli, "note: %s; all files are looked into", err->message);
    ok = hg_settings_load(&cli->settings, &settings, err)
         && hg_history_read(NULL, hg_settings_migrations_dir(settings), hg_deadline_never(),
                            &q->history, err);
    hg_settings_free(settings);
    return ok;
}

static bool choose_pending(const struct cli *cli, struct question *q, hg_error *err)
{
    if (!read_history(cli, q, err))
        return false;
    q->files = alloc_zero(q->history->revision_count + 1, sizeof *q->files);
    if (q->files == NULL)
        return hg_fail(err, HG_NOMEM, "could not list the files: out of memory");
    for (size_t i = 0; i < q->history->revision_count; i++)
        if (q->history->revisions[i].state == HG_REVISION_PENDING)
            q->files[q->file_count++] = q->history->revisions[i].file;
    return true;
}

static bool choose_named(const struct cli *cli, struct question *q, hg_error *err)
{
    q->files = alloc_zero(cli->word_count, sizeof *q->files);
    if (q->files == NULL)
        return hg_fail(err, HG_NOMEM, "could not list the files: out of memory");
    memcpy(q->files, cli->words, cli->word_count * sizeof *q->files);
    q->file_count = cli->word_count;
    return true;
}

/* --- the answer --- */

/* The first line of the statement, which says enough to find it. */
static void put_excerpt(struct buf *out, const char *sql)
{
    size_t n = strcspn(sql, "\n");

    buf_text(out, "    ");
    text_visible(out, sql, n);
    buf_text(out, sql[n] == '\0' ? "\n" : " ...\n");
}

static void put_finding(struct buf *out, const struct lint_finding *f)
{
    const hg_hazard *h = f->hazard;

    text_show(out, f->file);
    buf_printf(out, ":%d: %s %s (%s%s%s): %s\n", f->statement->line, hg_severity_name(h->severity),
               h->id, f->on[HG_SQLITE] ? hg_driver_name(HG_SQLITE) : "",
               f->on[HG_SQLITE] && f->on[HG_POSTGRESQL] ? ", " : "",
               f->on[HG_POSTGRESQL] ? hg_driver_name(HG_POSTGRESQL) : "", h->message);
    put_excerpt(out, f->statement->sql);
    if (h->accepted != NULL) {
        buf_text(out, "    accepted: ");
        text_show(out, h->accepted);
        buf_char(out, '\n');
    } else if (h->safer[0] != '\0') {
        buf_printf(out, "    instead: %s\n", h->safer);
    }
}

static void put_count(struct buf *out, size_t count, const char *what)
{
    buf_printf(out, "%zu %s%s", count, what, count == 1 ? "" : "s");
}

static void put_engine(struct buf *out, const hg_lint_options *engine)
{
    int v = engine->server_version;

    if (engine->driver == HG_SQLITE)
        buf_printf(out, "SQLite %d.%d", v / 1000000, v / 1000 % 1000);
    else
        buf_printf(out, "PostgreSQL %d", v / 10000);
}

static void put_lint(struct buf *out, const struct question *q, const struct lint *lint)
{
    for (size_t i = 0; i < lint->finding_count; i++)
        put_finding(out, &lint->findings[i]);
    put_count(out, lint->file_count, "file");
    for (size_t i = 0; i < q->engine_count; i++) {
        buf_text(out, i == 0 ? " as " : " and ");
        put_engine(out, &q->engines[i]);
    }
    buf_text(out, ": ");
    put_count(out, lint->danger_count, "danger");
    buf_text(out, " that production refuses, ");
    put_count(out, lint->warning_count, "warning");
    buf_text(out, ", ");
    put_count(out, lint->fault_count, "fault");
    buf_char(out, '\n');
}

static void print(const struct cli *cli, const struct question *q, const struct lint *lint)
{
    struct buf out = BUF_INIT(OUTPUT_LIMIT);

    if (cli->json)
        json_lint(&out, lint);
    else
        put_lint(&out, q, lint);
    cli_print(&out);
    buf_release(&out);
    for (size_t i = 0; !cli->json && i < lint->count; i++)
        if (lint_fault_is_new(lint, i))
            cli_show_error(lint->results[i].fault);
}

int cmd_lint(const struct cli *cli)
{
    struct question q = {0};
    struct lint lint = {0};
    hg_error err = {0};
    int status;

    if (choose_engines(cli, &q, &err) && choose_versions(cli, &q, &err)
        && (cli->word_count > 0 ? choose_named(cli, &q, &err) : choose_pending(cli, &q, &err))
        && lint_files(q.files, q.file_count, q.engines, q.engine_count, &lint, &err)) {
        print(cli, &q, &lint);
        status = lint.fault_count > 0 ? FOUND_FAULTS : lint.danger_count > 0 ? FOUND_DANGERS : 0;
    } else {
        status = cli_fail(cli, &err);
    }
    lint_release(&lint);
    alloc_free(q.files);
    hg_history_free(q.history);
    return status;
}
