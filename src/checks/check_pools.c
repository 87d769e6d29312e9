/*
 * check_pools.c - checks of the pools that the processes of this host publish.
 */
#include "checks.h"

static void check_waiters(struct check_context *context, hg_check_result *result)
{
    hg_pool_list list = {0};
    hg_error err = {0};
    int waiting = 0;
    size_t live = 0;

    if (!hg_pool_list_read(hg_settings_runtime_dir(context->settings), &list, &err)) {
        check_say(result, HG_UNKNOWN, "%s", err.message);
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        live += list.pools[i].alive;
        waiting += list.pools[i].alive ? list.pools[i].waiting : 0;
    }
    if (waiting > 0)
        check_say(result, HG_WARN, "%d waiting in %zu pools", waiting, live);
    else
        check_say(result, HG_PASS, "nobody in %zu pools", live);
    hg_pool_list_release(&list);
}

// clang-format off
static const struct check rows[] = {
    {"pool.waiters", "", "Nobody waits for a connection", MAJOR, ON_ANY | READY, check_waiters,
     .code = "pool_waiters", .hint = "Who holds the connections? See headgate pools."},
};
// clang-format on

const struct check_table pool_checks = {rows, sizeof rows / sizeof *rows};
