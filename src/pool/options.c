/*
 * options.c - how a program comes by a pool: from its settings and a URL.
 */
#include "pool_state.h"

bool hg_pool_open(const hg_url *url, const hg_pool_options *options, hg_pool **out_pool,
                  hg_error *err)
{
    return pool_open_with(driver_for(url), url, options, out_pool, err);
}

hg_pool_options hg_pool_options_from(const hg_settings *settings)
{
    return (hg_pool_options){
        .runtime_dir = hg_settings_runtime_dir(settings),
        .settings = hg_settings_pool(settings),
        .read_only = hg_settings_read_only(settings),
    };
}
