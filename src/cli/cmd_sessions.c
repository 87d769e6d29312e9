/*
 * cmd_sessions.c - who uses the database, as the database itself tells it, with the pools of this
 * host beside; and an end to what one session does.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"
#include "ops/json.h"
#include "sessions_text.h"

static bool show(const struct cli *cli, const struct ops *ops, const hg_sessions *sessions,
                 hg_error *err)
{
    struct buf out = BUF_INIT(64 << 20);
    hg_pool_list pools = {0};
    hg_headroom headroom;
    const struct sessions_context context = {hg_settings_url(ops->settings), &pools, &headroom};
    bool ok = true;

    if (!hg_pool_list_read(hg_settings_runtime_dir(ops->settings), &pools, err))
        cli_note(cli, "pools: %s", err->message);
    hg_headroom_measure(sessions, context.url, &pools, &headroom);
    if (cli->json)
        ok = json_sessions(&out, sessions, &headroom, context.url, &pools)
             || hg_fail(err, HG_NOMEM, "could not show the sessions: out of memory");
    else
        sessions_text(&out, sessions, &context);
    if (ok)
        cli_print(&out);
    hg_pool_list_release(&pools);
    buf_release(&out);
    return ok;
}

/* --- orders --- */

/* What may be done to a session. */
static const struct order {
    const char *name;
    bool (*give)(hg_pool *pool, const hg_server_session *session, hg_deadline by, hg_error *err);
    const char *done;
} orders[] = {
    {"cancel", hg_server_session_cancel, "was asked to cancel what it runs"},
    {"terminate", hg_server_session_terminate, "was asked to end"},
};

static bool parse_order(const struct cli *cli, const struct order **out_order, int64_t *out_pid,
                        hg_error *err)
{
    const struct order *order = NULL;
    char *end = "";
    long long pid = 0;

    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (strcmp(orders[i].name, cli->words[0]) == 0)
            order = &orders[i];
    if (cli->word_count == 2)
        pid = strtoll(cli->words[1], &end, 10);
    if (order == NULL || pid <= 0 || *end != '\0') {
        hg_fail(err, HG_USAGE,
                order == NULL ? "\"sessions\" knows no \"%s\""
                              : "\"sessions %s\" takes the PID of a session",
                cli->words[0]);
        hg_error_hint(err, "See headgate sessions --help.");
        return false;
    }
    *out_order = order;
    *out_pid = pid;
    return true;
}

static const hg_server_session *find(const hg_sessions *sessions, int64_t pid)
{
    for (size_t i = 0; i < sessions->session_count; i++)
        if (sessions->sessions[i].pid == pid)
            return &sessions->sessions[i];
    return NULL;
}

static bool consent(const struct cli *cli, const struct ops *ops, const struct order *order,
                    const hg_server_session *session, hg_error *err)
{
    struct buf what = BUF_INIT(1 << 20);
    struct cli part = *cli;
    bool ok;

    part.action = action_part(cli->action, order->name);
    buf_printf(&what, "%s ", order->name);
    sessions_text_one(&what, session);
    ok = cli_consent(&part, ops, what.bytes, err);
    buf_release(&what);
    return ok;
}

static void put_done(const struct cli *cli, const struct order *order,
                     const hg_server_session *session)
{
    struct buf out = BUF_INIT(1 << 20);

    if (cli->json)
        json_session_order(&out, order->name, session);
    else
        buf_printf(&out, "session %lld %s\n", (long long)session->pid, order->done);
    cli_print(&out);
    buf_release(&out);
}

static bool give_order(const struct cli *cli, const struct ops *ops, const hg_sessions *sessions,
                       hg_error *err)
{
    const struct order *order = NULL;
    const hg_server_session *session;
    int64_t pid = 0;

    if (!parse_order(cli, &order, &pid, err))
        return false;
    session = find(sessions, pid);
    if (session == NULL && sessions->driver == HG_POSTGRESQL)
        return hg_fail(err, HG_FAILED, "the server has no session %lld", (long long)pid);
    if (session == NULL)
        return hg_fail(err, HG_UNSUPPORTED, "SQLite has no sessions that could be ended");
    if (!consent(cli, ops, order, session, err)
        || !order->give(ops->pool, session, ops_inspection_deadline(ops), err))
        return false;
    put_done(cli, order, session);
    return true;
}

int cmd_sessions(const struct cli *cli)
{
    struct ops ops = {0};
    hg_sessions *sessions = NULL;
    hg_error err = {0};
    bool ok;

    if (!cli_open(cli, false, &ops, &err))
        return cli_fail(cli, &err);
    ok = hg_sessions_read(ops.pool, ops_inspection_deadline(&ops), &sessions, &err)
         && (cli->word_count > 0 ? give_order(cli, &ops, sessions, &err)
                                 : show(cli, &ops, sessions, &err));
    hg_sessions_free(sessions);
    ops_close(&ops);
    return ok ? 0 : cli_fail(cli, &err);
}
