/*
 * options.c - how a program comes by a pool: from its settings and a URL.
 */
#include "pool_state.h"

#include <string.h>

bool hg_pool_open(const hg_url *url, const hg_pool_options *options, hg_pool **out_pool,
                  hg_error *err)
{
    return pool_open_with(driver_for(url), url, options, out_pool, err);
}

/* The URL's parameter, if it has one; its values were checked when the URL was read. */
static hg_reset reset_of(const hg_url *url, hg_reset otherwise)
{
    static const char *const names[] = {
        [HG_RESET_ROLLBACK] = "rollback",
        [HG_RESET_COMMIT] = "commit",
        [HG_RESET_NONE] = "none",
        [HG_RESET_FULL] = "full",
    };
    hg_reset reset = otherwise;

    for (size_t i = 0; i < hg_url_parameter_count(url); i++)
        for (size_t n = 0; n < sizeof names / sizeof *names; n++)
            if (strcmp(hg_url_parameter_name(url, i), "reset_on_return") == 0
                && strcmp(hg_url_parameter_value(url, i), names[n]) == 0)
                reset = (hg_reset)n;
    return reset;
}

hg_pool_options hg_pool_options_from(const hg_settings *settings)
{
    hg_pool_options options = {
        .runtime_dir = hg_settings_runtime_dir(settings),
        .settings = hg_settings_pool(settings),
        .read_only = hg_settings_read_only(settings),
    };

    options.settings.reset_on_return =
        reset_of(hg_settings_url(settings), options.settings.reset_on_return);
    return options;
}

hg_pool_settings hg_pool_settings_for_tool(hg_pool_settings settings)
{
    settings.reset_on_return = HG_RESET_ROLLBACK;
    settings.use_fifo = false;
    settings.min_idle = 0;
    settings.idle_timeout_ms = -1;
    settings.max_waiting = 0;
    settings.wait_for_server = false;
    settings.leak_after_ms = 0;
    return settings;
}
