/*
 * engine.c - the program's own pool.
 */
#include <headgate/engine.h>

#include <pthread.h>

static pthread_mutex_t engine_lock = PTHREAD_MUTEX_INITIALIZER; /* taken before a pool's lock */
static hg_pool *engine_pool;

/* Under the lock. */
static bool make_engine(hg_error *err)
{
    const hg_settings_options as_they_are = {0};
    hg_settings *settings = NULL;
    hg_pool_options options;
    bool ok;

    if (!hg_settings_load(&as_they_are, &settings, err))
        return false;
    options = hg_pool_options_from(settings);
    options.may_create =
        !options.read_only; /* a program that looks for its database means to use it */
    ok = hg_pool_open(hg_settings_url(settings), &options, &engine_pool, err);
    hg_settings_free(settings);
    return ok;
}

bool hg_engine(hg_pool **out_pool, hg_error *err)
{
    bool ok;

    pthread_mutex_lock(&engine_lock);
    ok = engine_pool != NULL || make_engine(err);
    if (ok)
        *out_pool = engine_pool;
    pthread_mutex_unlock(&engine_lock);
    return ok;
}

void hg_engine_dispose(hg_deadline by)
{
    pthread_mutex_lock(&engine_lock);
    hg_pool_close(engine_pool, by);
    engine_pool = NULL;
    pthread_mutex_unlock(&engine_lock);
}
