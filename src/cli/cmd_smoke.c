/*
 * cmd_smoke.c - the smoke checks: run, or listed.
 */
#include "base/file.h"
#include "cli.h"
#include "ops/json.h"
#include "report.h"

enum { OUTPUT_LIMIT = 16 << 20, RUN_MS = 60 * 1000 };

static int list_checks(void)
{
    struct buf out = BUF_INIT(OUTPUT_LIMIT);

    report_catalogue(&out);
    cli_print(&out);
    buf_release(&out);
    return 0;
}

static bool write_junit(const struct cli *cli, const hg_smoke *smoke, hg_error *err)
{
    struct buf out = BUF_INIT(OUTPUT_LIMIT);
    bool ok;

    if (cli->junit == NULL)
        return true;
    report_junit(&out, smoke);
    ok = !buf_failed(&out) ? file_write(cli->junit, out.bytes, out.size, 0644, err)
                           : hg_fail(err, HG_NOMEM, "could not write the results: out of memory");
    buf_release(&out);
    return ok;
}

static void print(const struct cli *cli, const hg_smoke *smoke)
{
    struct buf out = BUF_INIT(OUTPUT_LIMIT);

    if (cli->json)
        json_smoke(&out, smoke);
    else if (cli->tap)
        report_tap(&out, smoke);
    else
        report_smoke(&out, smoke, cli->verbosity);
    cli_print(&out);
    buf_release(&out);
}

/* What could not be looked at is no success either, unless it matters little. */
static int status_of(const hg_smoke *smoke)
{
    for (size_t i = 0; i < smoke->check_count; i++)
        if (!smoke->checks[i].muted
            && (smoke->checks[i].status == HG_FAIL
                || (smoke->checks[i].status == HG_UNKNOWN
                    && smoke->checks[i].severity == HG_CHECK_CRITICAL)))
            return 1;
    return 0;
}

int cmd_smoke(const struct cli *cli)
{
    struct ops ops = {0};
    hg_smoke *smoke = NULL;
    hg_error err = {0};
    hg_observer observer = {.cancelled = cli_interrupted};
    hg_smoke_options options = {
        .only = cli->only.items, .only_count = cli->only.count, .app_url = cli->app_url};
    int status;

    if (cli->list)
        return list_checks();
    if (!cli_open(cli, false, &ops, &err))
        return cli_fail(cli, &err);
    cli_catch_signals();
    options.checks_dir = hg_settings_checks_dir(ops.settings);
    if (!hg_smoke_run(ops.settings, ops.pool, &options, hg_deadline_in_ms(RUN_MS), &observer,
                      &smoke, &err)) {
        status = cli_fail(cli, &err);
    } else {
        print(cli, smoke);
        status = write_junit(cli, smoke, &err) ? status_of(smoke) : cli_fail(cli, &err);
        if (cli_interrupted(NULL))
            status = hg_code_exit_status(HG_CANCELLED);
    }
    hg_smoke_free(smoke);
    ops_close(&ops);
    return status;
}
