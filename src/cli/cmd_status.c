/*
 * cmd_status.c - one page: database, pools on this host, revisions, readiness.
 */

#include "base/text.h"
#include "cli.h"
#include "ops/json.h"
#include "report.h"

static void put_names(struct buf *out, const char *label, const char *const *names, size_t count)
{
    buf_printf(out, "%-12s", label);
    for (size_t i = 0; i < count; i++) {
        buf_text(out, i == 0 ? "" : ", ");
        text_show(out, names[i]);
    }
    buf_text(out, count == 0 ? "none\n" : "\n");
}

static bool is_edited(const hg_revision *r)
{
    return r->checksum_known && !r->checksum_ok;
}

static bool is_reformatted(const hg_revision *r)
{
    return r->reformatted;
}

/* The revisions whose files are not what they were; nothing when there are none. */
static void put_changed(struct buf *out, const char *label, const hg_history *history,
                        bool (*changed)(const hg_revision *r))
{
    size_t told = 0;

    for (size_t i = 0; i < history->revision_count; i++) {
        const hg_revision *r = &history->revisions[i];

        if (!changed(r))
            continue;
        if (told++ == 0)
            buf_printf(out, "%-12s", label);
        else
            buf_text(out, ", ");
        text_show(out, r->revision);
    }
    if (told > 0)
        buf_char(out, '\n');
}

static void put_migrations(struct buf *out, const hg_readiness *report)
{
    const hg_history *history = report->history;

    if (history == NULL) {
        buf_text(out, "revisions   unknown\n");
        return;
    }
    put_names(out, "current", history->current, history->current_count);
    put_names(out, "heads", history->heads, history->head_count);
    buf_printf(out, "%-12s%zu of %zu\n", "pending", history->pending_count,
               history->revision_count);
    put_changed(out, "edited", history, is_edited);
    put_changed(out, "reformatted", history, is_reformatted);
}

static void put_pools(struct buf *out, const hg_pool_list *list)
{
    int in_use = 0, idle = 0, waiting = 0;
    size_t live = 0;

    for (size_t i = 0; i < list->count; i++) {
        const hg_pool_snapshot *pool = &list->pools[i];

        if (!pool->alive)
            continue;
        live++;
        in_use += pool->in_use;
        idle += pool->idle;
        waiting += pool->waiting;
    }
    buf_printf(out, "%-12s%zu on this host: %d in use, %d idle, %d waiting\n", "pools", live,
               in_use, idle, waiting);
}

/* What keeps it from being ready, and what to do about it. Without a connection nothing else is
 * known, which goes without saying. */
static void put_findings(struct buf *out, const hg_readiness *report)
{
    for (size_t i = 0; i < report->check_count; i++) {
        const hg_check_result *check = &report->checks[i];

        if (check->status <= HG_SKIP || (!report->db && check->status == HG_UNKNOWN))
            continue;
        buf_printf(out, "%12s%-8s%s: ", "", hg_status_name(check->status), check->title);
        text_show(out, check->observed);
        buf_char(out, '\n');
        if (check->status != HG_FAIL || check->hint[0] == '\0')
            continue;
        buf_printf(out, "%20s", "");
        text_show(out, check->hint);
        buf_char(out, '\n');
    }
}

static void put_page(struct buf *out, const hg_settings *settings, const hg_readiness *report,
                     const hg_pool_list *list)
{
    buf_printf(out, "%-12s", "environment");
    text_show(out, hg_settings_env(settings));
    buf_printf(out, "%s\n%-12s",
               hg_settings_prod_url_missing(settings) ? " (DATABASE_URL_PROD is not set)" : "",
               "database");
    text_show(out, hg_url_redacted(hg_settings_url(settings)));
    if (report->db)
        buf_printf(out, "\n%-12s%s %s\n", "server",
                   hg_driver_name(hg_url_driver(hg_settings_url(settings))),
                   report->server_version);
    else
        buf_printf(out, "\n%-12snot reached\n", "server");
    put_pools(out, list);
    put_migrations(out, report);
    buf_printf(out, "%-12s%s\n", "readiness", report_verdict(report->status));
    put_findings(out, report);
}

static size_t live_pools(const hg_pool_list *list)
{
    size_t live = 0;

    for (size_t i = 0; i < list->count; i++)
        live += list->pools[i].alive;
    return live;
}

int cmd_status(const struct cli *cli)
{
    struct buf out = BUF_INIT(1 << 20);
    struct ops ops = {0};
    hg_readiness report = {0};
    hg_pool_list pools = {0};
    hg_error err = {0};
    hg_observer observer = cli_observer(cli);
    int status = 0;

    if (!cli_open_briefly(cli, &ops, &err))
        return cli_fail(cli, &err);
    cli_catch_signals();
    hg_readiness_glance(ops.settings, ops.pool, ops_inspection_deadline(&ops), &observer, &report);
    if (!hg_pool_list_read(hg_settings_runtime_dir(ops.settings), &pools, &err))
        cli_note(cli, "pools: %s", err.message);
    if (cli->json)
        json_status(&out, ops.settings, &report, live_pools(&pools));
    else
        put_page(&out, ops.settings, &report, &pools);
    cli_print(&out);
    if (cli_interrupted(NULL))
        status = hg_code_exit_status(HG_CANCELLED);
    else if (!report.db)
        status = hg_code_exit_status(HG_UNAVAILABLE);
    hg_pool_list_release(&pools);
    hg_readiness_release(&report);
    ops_close(&ops);
    buf_release(&out);
    return status;
}
