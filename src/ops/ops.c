/*
 * ops.c - settings and pool for a front end.
 */
#include "ops.h"

#include "launcher.h"

enum {
    OWN_CONNECTIONS = 5, /* ping, status, sessions, a run and a plan at once; the settings' size is
                            the application's */
    LOCKED_MS = 20,      /* for what a connection does as well without */
    CLOSE_WAIT_MS =
        200, /* everything was returned before; only a worker that hangs is not waited for */
    INSPECTION_EXTRA_MS = 5000, /* beside connecting */
    MEASURE_EXTRA_MS = 30000
};

/* A copy that goes on in a worker is looked for without reading the settings again. */
static void name_copies(struct ops *ops)
{
    struct copy_sides sides;

    if (!copy_sides_find(ops->reading, &sides, NULL))
        return;
    copy_subject(sides.target, ops->copies);
    copy_sides_release(&sides);
}

/* reading: what the settings were read by; NULL: something else. */
/* SQLite keeps 2 MB of the file for whoever comes back to it; who reads it once pays for memory
 * that is new to the process. A file that is locked does without. */
static bool keep_little(hg_conn *conn, void *context, hg_deadline by, hg_error *err)
{
    hg_error unheard;

    (void)context;
    (void)err;
    hg_conn_execute(conn, "PRAGMA cache_size = -100", NULL, 0,
                    hg_deadline_first(by, hg_deadline_in_ms(LOCKED_MS)), NULL, &unheard);
    return true;
}

static bool open_loaded(hg_settings *settings, const hg_settings_options *reading,
                        const struct ops_options *options, struct ops *out_ops, hg_error *err)
{
    hg_pool_options pool = hg_pool_options_from(settings);
    struct ops ops = {.settings = settings, .reading = reading};

    if (options->detaches && !hg_settings_read_only(settings))
        ops.launcher = launcher_open(settings, reading);
    if (options->detaches)
        name_copies(&ops);
    pool.name = options->role;
    pool.role = options->role;
    pool.may_create = options->may_create && !hg_settings_read_only(settings);
    pool.read_only = hg_settings_read_only(settings);
    pool.settings = hg_pool_settings_for_tool(pool.settings);
    pool.settings.size = OWN_CONNECTIONS;
    pool.settings.max_overflow = 0;
    pool.no_history = true;
    pool.interrupted = options->interrupted;
    if (options->brief && hg_url_driver(hg_settings_url(settings)) == HG_SQLITE)
        pool.on_connect = keep_little;
    if (!options->publish)
        pool.runtime_dir = NULL;
    if (!hg_pool_open(hg_settings_url(settings), &pool, &ops.pool, err)) {
        ops_close(&ops);
        return false;
    }
    *out_ops = ops;
    return true;
}

bool ops_open(const hg_settings_options *settings, const struct ops_options *options,
              struct ops *out_ops, hg_error *err)
{
    hg_settings *loaded = NULL;

    return hg_settings_load(settings, &loaded, err)
           && open_loaded(loaded, settings, options, out_ops, err);
}

bool ops_open_with(hg_settings *settings, const struct ops_options *options, struct ops *out_ops,
                   hg_error *err)
{
    return open_loaded(settings, NULL, options, out_ops, err);
}

void ops_close(struct ops *ops)
{
    if (ops->pool != NULL)
        hg_pool_close(ops->pool, hg_deadline_in_ms(CLOSE_WAIT_MS));
    launcher_close(ops->launcher);
    hg_settings_free(ops->settings);
    *ops = (struct ops){0};
}

hg_migrate_options ops_migrate_options(const struct ops *ops, hg_migrate_kind kind,
                                       const char *target)
{
    hg_migrate_options options =
        hg_migrate_options_default(hg_settings_migrations_dir(ops->settings));

    options.kind = kind;
    options.target = target == NULL || target[0] == '\0' ? NULL : target;
    options.memo_dir = hg_settings_runtime_dir(ops->settings);
    options.production = hg_settings_production(ops->settings);
    options.safety_copy = true;
    options.measure = !hg_settings_read_only(ops->settings);
    options.release = hg_settings_release(ops->settings);
    return options;
}

bool ops_history(const struct ops *ops, hg_history **out_history, hg_error *err)
{
    const hg_settings *settings = ops->settings;
    hg_deadline by = ops_inspection_deadline(ops);
    hg_history_files *files = NULL;
    hg_conn *conn = NULL;
    hg_error unread = {0};
    bool ok;

    hg_pool_warm(ops->pool);
    ok = hg_history_files_read(hg_url_driver(hg_settings_url(settings)),
                               hg_settings_migrations_dir(settings),
                               hg_settings_runtime_dir(settings), &files, &unread);
    if (!hg_pool_checkout(ops->pool, "migrations", by, &conn, err)) {
        hg_history_files_free(files); /* a database that is away is what there is to be said */
        return false;
    }
    if (ok)
        ok = hg_history_join(files, conn, by, out_history, err);
    else
        *err = unread;
    hg_pool_return(ops->pool, conn);
    return ok;
}

hg_deadline ops_inspection_deadline(const struct ops *ops)
{
    hg_pool_settings pool = hg_settings_pool(ops->settings);

    return hg_deadline_in_ms(pool.connect_timeout_ms + INSPECTION_EXTRA_MS);
}

hg_deadline ops_plan_deadline(const struct ops *ops, const hg_migrate_options *options)
{
    int64_t ms = hg_deadline_left_ms(ops_inspection_deadline(ops));

    return hg_deadline_in_ms(ms + (options->measure ? MEASURE_EXTRA_MS : 0));
}
