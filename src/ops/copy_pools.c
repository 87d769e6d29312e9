/*
 * copy_pools.c - as large as the copy wants them.
 */
#include "copy_pools.h"

enum { CLOSE_WAIT_MS = 200 };

static bool open_pool(const hg_settings *settings, const hg_url *url, bool read_only, int size,
                      hg_pool **out, hg_error *err)
{
    hg_pool_options options = hg_pool_options_from(settings);

    options.name = options.role = "copy";
    options.runtime_dir = NULL;
    options.read_only = read_only;
    options.may_create = false;
    options.settings.size = size;
    options.settings.max_overflow = 0;
    options.settings.statement_timeout_ms = 0; /* moving everything takes what it takes */
    return hg_pool_open(url, &options, out, err);
}

bool copy_pools_open(const hg_settings *settings, const hg_url *source, const hg_url *target,
                     const hg_copy_options *options, struct copy_pools *out, hg_error *err)
{
    int size = hg_copy_connections(options);
    /* a dry run changes nothing either, but for a temporary table to judge rows in */
    bool looks = options->mode == HG_COPY_VERIFY || hg_settings_read_only(settings);
    struct copy_pools pools = {NULL, NULL};

    if (hg_url_driver(source) != HG_SQLITE)
        return hg_fail(err, HG_USAGE, "a copy reads SQLite, and \"%s\" is another database",
                       hg_url_redacted(source));
    if (target != NULL && hg_url_driver(target) != HG_POSTGRESQL)
        return hg_fail(err, HG_USAGE, "a copy writes to PostgreSQL, and \"%s\" is another database",
                       hg_url_redacted(target));
    if (!open_pool(settings, source, true, size, &pools.source, err)
        || (target != NULL && !open_pool(settings, target, looks, size, &pools.target, err))) {
        copy_pools_close(&pools);
        return false;
    }
    *out = pools;
    return true;
}

void copy_pools_close(struct copy_pools *pools)
{
    if (pools->source != NULL)
        hg_pool_close(pools->source, hg_deadline_in_ms(CLOSE_WAIT_MS));
    if (pools->target != NULL)
        hg_pool_close(pools->target, hg_deadline_in_ms(CLOSE_WAIT_MS));
    *pools = (struct copy_pools){NULL, NULL};
}
