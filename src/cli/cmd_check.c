/*
 * cmd_check.c - whether database, schema file and migration files still agree.
 */
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli.h"
#include "ops/json_schema.h"

enum { OUTPUT_LIMIT = 64 << 20, COMPARE_MS = 10 * 60 * 1000, FOUND = 1 };

/* Whether somebody named the schema file: then it has to be there. */
static bool file_is_named(const hg_settings *settings)
{
    for (size_t i = 0; i < hg_settings_count(settings); i++) {
        hg_setting setting = hg_settings_at(settings, i);

        if (strcmp(setting.name, "DB_SCHEMA_FILE") == 0)
            return setting.is_set;
    }
    return false;
}

static size_t count_faults(const hg_history *history)
{
    size_t count = 0;

    for (size_t i = 0; i < history->revision_count; i++)
        count += json_revision_fault(&history->revisions[i]) != NULL;
    return count;
}

static void put_schema(struct buf *out, const char *file, const hg_schema_diff *diff)
{
    if (diff == NULL) {
        buf_text(out, "schema      not compared: there is no schema file \"");
        text_show(out, file);
        buf_text(out, "\"\n");
        return;
    }
    buf_text(out, diff->change_count == 0 ? "schema      as in " : "schema      not as in ");
    text_show(out, file);
    buf_text(out, diff->change_count == 0 ? "\n" : "; to become so:\n");
    for (size_t i = 0; i < diff->change_count; i++) {
        buf_text(out, "  ");
        cli_put_schema_change(out, &diff->changes[i]);
    }
}

static void put_file(struct buf *out, const char *label, const hg_revision *revision,
                     const char *what)
{
    buf_printf(out, "%-12s", label);
    text_show(out, revision->revision);
    buf_text(out, what);
    text_show(out, revision->file);
    buf_char(out, '\n');
}

/* What is no fault and should be known long before it matters: pending migrations that nobody could
 * roll back, by name, and how many of those that are applied; heads that were not joined. */
static void put_foresight(struct buf *out, const hg_history *history)
{
    size_t applied = 0;

    for (size_t i = 0; i < history->revision_count; i++) {
        const hg_revision *revision = &history->revisions[i];

        if (!json_revision_one_way(revision))
            continue;
        if (revision->state == HG_REVISION_PENDING)
            put_file(out, "note", revision, " has no way back: no -- migrate:down in ");
        else
            applied++;
    }
    if (applied > 0)
        buf_printf(out, "note        %zu applied migration%s no way back: no -- migrate:down\n",
                   applied, applied == 1 ? " has" : "s have");
    if (history->head_count > 1)
        buf_printf(out, "note        there are %zu heads; headgate merge joins them\n",
                   history->head_count);
}

static void put_files(struct buf *out, const hg_history *history)
{
    size_t told = 0;

    for (size_t i = 0; i < history->revision_count; i++) {
        const hg_revision *revision = &history->revisions[i];
        const char *fault = json_revision_fault(revision);

        told += fault != NULL || revision->reformatted;
        if (revision->reformatted)
            put_file(out, "note", revision,
                     " was reformatted after it was applied, and still runs the same: ");
        else if (fault != NULL && strcmp(fault, "edited") == 0)
            put_file(out, "files", revision, " was edited after it was applied: ");
        else if (fault != NULL)
            put_file(out, "files", revision, " is applied, but no file has it");
    }
    if (told == 0)
        buf_text(out, "files       as they were applied\n");
    if (history->pending_count > 0)
        buf_printf(out, "note        %zu migration%s pending\n", history->pending_count,
                   history->pending_count == 1 ? " is" : "s are");
    put_foresight(out, history);
}

static bool check(const struct cli *cli, struct ops *ops, const hg_observer *observer,
                  struct buf *out, int *status, hg_error *err)
{
    const char *file = hg_settings_schema_file(ops->settings);
    hg_history *history = NULL;
    hg_schema_diff *diff = NULL;
    hg_schema_options options;
    hg_url *named = NULL;
    bool ok = hg_history_read(ops->pool, hg_settings_migrations_dir(ops->settings),
                              ops_inspection_deadline(ops), &history, err);

    ok = ok && cli_schema_options(cli, ops, &named, &options, err);
    if (ok && (file_exists(file) || file_is_named(ops->settings)))
        ok = hg_schema_diff_between(ops->pool, NULL,
                                    &(hg_schema_source){HG_SCHEMA_OF_DATABASE, NULL},
                                    &(hg_schema_source){HG_SCHEMA_OF_FILE, file}, &options,
                                    hg_deadline_in_ms(COMPARE_MS), observer, &diff, err);
    if (ok) {
        bool found = count_faults(history) > 0 || (diff != NULL && diff->change_count > 0);

        *status = found ? FOUND : 0;
        if (cli->json) {
            json_schema_check(out, file, diff, history, !found);
        } else {
            put_schema(out, file, diff);
            put_files(out, history);
        }
    }
    hg_schema_diff_free(diff);
    hg_history_free(history);
    hg_url_free(named);
    return ok;
}

int cmd_check(const struct cli *cli)
{
    struct buf out = BUF_INIT(OUTPUT_LIMIT);
    struct ops ops = {0};
    hg_error err = {0};
    hg_observer observer = cli_observer(cli);
    int status = 0;

    if (!cli_open(cli, false, &ops, &err))
        return cli_fail(cli, &err);
    cli_catch_signals();
    if (check(cli, &ops, &observer, &out, &status, &err))
        cli_print(&out);
    else
        status = cli_fail(cli, &err);
    ops_close(&ops);
    buf_release(&out);
    return status;
}
