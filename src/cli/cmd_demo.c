/*
 * cmd_demo.c - the console on a throw-away SQLite project, with a workload on its pools.
 */
#include "cli.h"
#include "console/console.h"
#include "demo_project.h"
#include "demo_workload.h"

/* Settings of the project; nothing of the caller's environment selects a database. */
static bool load_settings(const struct cli *cli, const struct demo_project *project,
                          hg_settings **out, hg_error *err)
{
    hg_settings_options options = cli->settings;

    options.url = project->url;
    options.migrations_dir = project->migrations;
    if (options.env == NULL)
        options.env = "development";
    return hg_settings_load(&options, out, err);
}

static bool migrate(const struct ops *ops, hg_error *err)
{
    hg_migrate_options options = ops_migrate_options(ops, HG_MIGRATE_UP, demo_start_revision);
    hg_run_result result = {0};
    bool ok = hg_migrate_run(ops->pool, &options, NULL, &result, err);

    hg_run_result_release(&result);
    return ok;
}

static bool run_console(const struct cli *cli, struct ops *ops, struct demo_workload *workload,
                        hg_error *err)
{
    if (!migrate(ops, err))
        return false;
    demo_workload_go(workload);
    return cli_run_console(cli, ops, err);
}

int cmd_demo(const struct cli *cli)
{
    const struct ops_options options = {.role = "console", .may_create = true, .publish = true};
    struct demo_workload *workload = NULL;
    struct demo_project project = {0};
    hg_settings *settings = NULL;
    struct ops ops = {0};
    hg_error err = {0};
    bool ok;

    if (!demo_project_make(&project, &err))
        return cli_fail(cli, &err);
    /* The processes are forked before this one has threads. */
    ok = load_settings(cli, &project, &settings, &err)
         && demo_workload_fork(settings, &workload, &err);
    if (!ok)
        hg_settings_free(settings);
    console_prepare();
    ok = ok && ops_open_with(settings, &options, &ops, &err)
         && run_console(cli, &ops, workload, &err);
    demo_workload_stop(workload);
    ops_close(&ops);
    demo_project_remove(&project);
    return ok ? 0 : cli_fail(cli, &err);
}
