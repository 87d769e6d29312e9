/*
 * cmd_history.c - history, current and heads: the revision graph with what is applied.
 */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "cli.h"
#include "ops/json.h"
#include "ops/json_migrate.h"
#include "table.h"

static const char *parents(struct arena *arena, const hg_revision *r)
{
    const char *all = r->revises_count == 0 ? "base" : r->revises[0];

    for (size_t i = 1; all != NULL && i < r->revises_count; i++)
        all = arena_printf(arena, "%s, %s", all, r->revises[i]);
    return all;
}

/* Which revisions are heads is only worth a word where there are several. */
static const char *state(struct arena *arena, const hg_history *history, const hg_revision *r)
{
    const char *file = r->reformatted ? ", reformatted" : "";

    if (r->checksum_known && !r->checksum_ok)
        file = ", edited";
    return arena_printf(arena, "%s%s%s%s", hg_revision_state_name(r->state),
                        r->current ? ", current" : "",
                        r->head && history->head_count > 1 ? ", head" : "", file);
}

/* "ana", "ana (v1.4)": who, and from which release. */
static const char *by_whom(struct arena *arena, const hg_revision *r)
{
    if (r->applied_by[0] == '\0')
        return NULL;
    return r->release[0] == '\0' ? r->applied_by
                                 : arena_printf(arena, "%s (%s)", r->applied_by, r->release);
}

static void put_row(struct arena *arena, const hg_history *history, const hg_revision *r,
                    const char **cells)
{
    char when[32];

    clock_format_utc(r->applied_ms, when, sizeof when);
    cells[0] = r->revision;
    cells[1] = parents(arena, r);
    cells[2] = state(arena, history, r);
    cells[3] = when[0] == '\0' ? NULL : arena_text(arena, when);
    cells[4] = cli_took(arena, r->duration_ms);
    cells[5] = by_whom(arena, r);
    cells[6] = r->message;
}

static void print_history(struct buf *out, const hg_history *history)
{
    static const struct table_column columns[] = {{"REVISION", ALIGN_LEFT}, {"REVISES", ALIGN_LEFT},
                                                  {"STATE", ALIGN_LEFT},    {"APPLIED", ALIGN_LEFT},
                                                  {"TOOK", ALIGN_RIGHT},    {"BY", ALIGN_LEFT},
                                                  {"MESSAGE", ALIGN_LEFT}};
    struct table t = TABLE_INIT(columns);

    if (history->revision_count == 0)
        buf_text(out, "no migrations\n");
    for (size_t i = 0; i < history->revision_count; i++)
        put_row(&t.arena, history, &history->revisions[i], table_row(&t));
    table_end(&t, out);
}

static void print_names(struct buf *out, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s\n", names[i]);
}

/* heads is a question about files alone. */
static bool read_history(const struct cli *cli, struct ops *ops, hg_history **out, hg_error *err)
{
    bool files_only = strcmp(cli->action->name, "heads") == 0;

    return files_only ? hg_history_read(NULL, hg_settings_migrations_dir(ops->settings),
                                        hg_deadline_never(), out, err)
                      : ops_history(ops, out, err);
}

/* --- event by event --- */

enum { EVENTS_SHOWN = 100 };

static void put_event(struct arena *arena, const hg_migration_event *event, const char **cells)
{
    char when[32];

    clock_format_utc(event->started_ms, when, sizeof when);
    cells[0] = arena_text(arena, when);
    cells[1] = event->revision;
    cells[2] = event->direction;
    cells[3] = event->retries > 0 ? arena_printf(arena, "%s, %lld retries", event->outcome,
                                                 (long long)event->retries)
                                  : event->outcome;
    cells[4] = cli_took(arena, event->duration_ms);
    cells[5] = event->lock_wait_ms > 0 ? cli_took(arena, (double)event->lock_wait_ms) : NULL;
    cells[6] = arena_printf(arena, "%s@%s %s%s%s", event->operator_name, event->host,
                            event->headgate_version, event->release[0] == '\0' ? "" : ", release ",
                            event->release);
    cells[7] = event->error[0] == '\0' ? NULL : event->error;
}

static void print_events(struct buf *out, const hg_events *events)
{
    static const struct table_column columns[] = {{"STARTED", ALIGN_LEFT}, {"REVISION", ALIGN_LEFT},
                                                  {"WHAT", ALIGN_LEFT},    {"OUTCOME", ALIGN_LEFT},
                                                  {"TOOK", ALIGN_RIGHT},   {"WAITED", ALIGN_RIGHT},
                                                  {"BY", ALIGN_LEFT},      {"ERROR", ALIGN_LEFT}};
    struct table t = TABLE_INIT(columns);

    if (events->count == 0)
        buf_text(out, "nothing was run yet\n");
    for (size_t i = 0; i < events->count; i++)
        put_event(&t.arena, &events->items[i], table_row(&t));
    table_end(&t, out);
}

static int show_events(const struct cli *cli)
{
    struct buf out = BUF_INIT(64 << 20);
    struct ops ops = {0};
    hg_events *events = NULL;
    hg_error err = {0};
    int status = 0;

    if (!cli_open(cli, false, &ops, &err))
        return cli_fail(cli, &err);
    cli_catch_signals();
    if (!hg_events_read(ops.pool, EVENTS_SHOWN, ops_inspection_deadline(&ops), &events, &err)) {
        status = cli_fail(cli, &err);
    } else {
        if (cli->json)
            json_events(&out, events);
        else
            print_events(&out, events);
        cli_print(&out);
    }
    hg_events_free(events);
    ops_close(&ops);
    buf_release(&out);
    return status;
}

int cmd_history(const struct cli *cli)
{
    struct buf out = BUF_INIT(256 << 20);
    struct ops ops = {0};
    hg_history *history = NULL;
    hg_error err = {0};
    int status = 0;

    if (cli->events)
        return show_events(cli);
    if (!cli_open(cli, false, &ops, &err))
        return cli_fail(cli, &err);
    if (!read_history(cli, &ops, &history, &err)) {
        status = cli_fail(cli, &err);
    } else {
        if (cli->json)
            json_history(&out, history);
        else if (cli->action->name[0] == 'c')
            print_names(&out, history->current, history->current_count);
        else if (strcmp(cli->action->name, "heads") == 0)
            print_names(&out, history->heads, history->head_count);
        else
            print_history(&out, history);
        cli_print(&out);
    }
    hg_history_free(history);
    ops_close(&ops);
    buf_release(&out);
    return status;
}
