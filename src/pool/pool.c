/*
 * pool.c - a pool's life: open, invalidate, close, and being forked.
 * Must not know which engine it pools.
 */
#include "pool_state.h"

#include <sched.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "settings/url.h"

/*
 * Pools that are closed. A thread that has just given its connection back looks at the pool once
 * more, to see whether somebody waits; by then the pool may have been closed. So this memory is
 * kept for the next pool and never given away: what that thread sees is old, but it is a pool.
 */
static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER; /* taken under a pool's lock */
static hg_pool *spares;

_Atomic int pool_forks;

enum { BEING_TAKEN_OVER = -1 };

/* In the child: another thread may have held a lock when it was made. What these guard is whole at
 * every moment. */
static void begin_as_child(void)
{
    atomic_fetch_add(&pool_forks, 1);
    pthread_mutex_init(&spare_lock, NULL);
    loans_begin_as_child();
}

static void notice_forks(void)
{
    pthread_atfork(NULL, NULL, begin_as_child);
}

static hg_pool *pool_new(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    hg_pool *pool;

    pthread_once(&once, notice_forks);
    pthread_mutex_lock(&spare_lock);
    pool = spares;
    if (pool != NULL)
        spares = pool->next_spare;
    pthread_mutex_unlock(&spare_lock);
    if (pool == NULL && (pool = alloc_lines(sizeof *pool)) != NULL) {
        pthread_mutex_init(&pool->lock, NULL);
        condition_init(&pool->work);
        condition_init(&pool->quiet);
    }
    return pool;
}

/* Most pools use few of the places that there may be: of a block that comes zeroed from the system
 * only what is touched is there, where alloc_lines() would touch 180 KB. */
static bool make_slots(hg_pool *pool)
{
    enum { LINE = 64 };
    size_t size = HG_POOL_SLOTS_MAX * sizeof *pool->slots;
    uintptr_t block = (uintptr_t)(pool->slots_block = alloc_zero(1, size + LINE));

    pool->slots = (struct slot *)((block + LINE - 1) / LINE * LINE);
    return pool->slots_block != NULL;
}

static bool has_been_used(const hg_pool *pool, int i)
{
    return i < HG_POOL_SLOTS_MAX && pool->slots[i].shared != NULL;
}

/* Under the lock: gives up all that the pool holds. */
static void pool_free(hg_pool *pool)
{
    atomic_store(&pool->slot_count, 0);
    pool_keeper_release(pool);
    if (pool->telemetry.head != NULL)
        telemetry_close(&pool->telemetry);
    for (int i = 0; pool->slots_block != NULL && has_been_used(pool, i); i++)
        loans_give_back(pool->slots[i].loans);
    alloc_free(pool->slots_block);
    alloc_free(pool->name);
    alloc_free(pool->role);
    alloc_free(pool->runtime_dir);
    hg_url_free(pool->url);
    pool->slots = NULL;
    pool->slots_block = NULL;
    pool->name = pool->role = pool->runtime_dir = NULL;
    pool->url = NULL;
    pthread_mutex_lock(&spare_lock);
    pool->next_spare = spares;
    spares = pool;
    pthread_mutex_unlock(&spare_lock);
}

bool pool_is_in_memory(const hg_pool *pool)
{
    const hg_url *url = pool->url;

    return url != NULL && hg_url_driver(url) == HG_SQLITE
           && strcmp(hg_url_path(url), ":memory:") == 0;
}

bool pool_count_places(int size, int max_overflow, int *out_kept, int *out_limit, hg_error *err)
{
    bool unlimited = size == 0 || max_overflow < 0;

    if (size < 0 || size > HG_POOL_SLOTS_MAX || max_overflow > HG_POOL_SLOTS_MAX - size)
        return hg_fail(err, HG_CONFIG,
                       "a pool cannot have %d connections and %d more: it may have %d in all", size,
                       max_overflow, HG_POOL_SLOTS_MAX);
    *out_kept = size > 0 ? size : HG_POOL_SLOTS_MAX;
    *out_limit = unlimited ? HG_POOL_SLOTS_MAX : size + max_overflow;
    return true;
}

/* Settles how many connections there may be, and how many of them are kept. */
static bool settle_size(hg_pool *pool, hg_error *err)
{
    hg_pool_settings *settings = &pool->options.settings;

    int limit = 0;

    if (pool_is_in_memory(pool)) { /* the database lives in its one connection, and dies with it */
        settings->size = 1;
        settings->max_overflow = 0;
        settings->recycle_ms = -1;
    }
    if (!pool_count_places(settings->size, settings->max_overflow, &pool->size, &limit, err))
        return false;
    pool->limit = limit;
    atomic_store(&pool->slot_count, (unsigned)limit);
    return true;
}

static char *copy_text(const char *text, const char *otherwise)
{
    return alloc_text(text == NULL ? otherwise : text);
}

static bool copy_options(hg_pool *pool, const hg_url *url, const hg_pool_options *options,
                         hg_error *err)
{
    pool->options = *options;
    pool->options.name = pool->options.role = pool->options.runtime_dir = NULL; /* not ours */
    pool->url = url == NULL ? NULL : url_share(url);
    pool->name = copy_text(options->name, "main");
    pool->role = copy_text(options->role, "app");
    pool->runtime_dir = copy_text(options->runtime_dir, "");
    if (pool->name == NULL || pool->role == NULL || pool->runtime_dir == NULL)
        return hg_fail(err, HG_NOMEM, "could not make a pool: out of memory");
    return settle_size(pool, err);
}

/* Makes the page of slots and binds the pool's to it, all empty. */
static bool make_page(hg_pool *pool)
{
    struct telemetry_identity who = {
        .name = pool->name,
        .role = pool->role,
        .database = pool->url == NULL ? "" : hg_url_redacted(pool->url),
        .size = pool->options.settings.size,
        .max_overflow = pool->options.settings.max_overflow,
    };

    if (!telemetry_open(&pool->telemetry, pool->runtime_dir, &who, pool_slot_count(pool)))
        return false;
    for (unsigned i = 0; i < pool_slot_count(pool); i++)
        pool->slots[i].shared = &pool->telemetry.slots[i];
    return true;
}

/* Under the lock: others see the pool from now on, so somebody has to keep what they see true; or
 * connections are to be there before anybody asks. */
static void begin_keeping(hg_pool *pool)
{
    if (pool->telemetry.fd >= 0 || pool->options.settings.min_idle > 0)
        (void)pool_keeper_start(pool);
}

static void begin_life(hg_pool *pool)
{
    pool->first = NULL;
    pool->last = &pool->first;
    pool->waiting = pool->callers = pool->open = pool->opening = pool->workers = 0;
    pool->failures = pool->wake_count = pool->growth = pool->in_vain = 0;
    pool->timeouts_paused = 0;
    atomic_store(&pool->misuses, 0);
    pool->retry_ns = pool->trim_ns = pool->spare_ns = 0;
    pool->filling = pool->ahead = false;
    pool->swept = atomic_load(&pool->generation);
    pool->orphaned = false;
    pool_keeper_none(pool);
    atomic_store(&pool->attention, ATTENTION_NONE);
    atomic_store(&pool->closed, false);
    atomic_store(&pool->paused, false);
    atomic_store(&pool->oldest_waiter_ns, 0);
    atomic_store(&pool->suspect_ns, 0);
}

bool pool_open_with(const struct driver *driver, const hg_url *url, const hg_pool_options *options,
                    hg_pool **out_pool, hg_error *err)
{
    hg_pool *pool = pool_new();
    bool ok;

    if (pool == NULL)
        return hg_fail(err, HG_NOMEM, "could not make a pool: out of memory");
    pthread_mutex_lock(&pool->lock);
    pool->driver = driver;
    begin_life(pool);
    atomic_store(&pool->forks, pool_fork_number());
    ok = copy_options(pool, url, options, err);
    if (ok) {
        ok = (make_slots(pool) && make_page(pool))
             || hg_fail(err, HG_NOMEM, "could not make a pool: out of memory");
    }
    if (ok)
        begin_keeping(pool);
    if (!ok)
        pool_free(pool);
    pthread_mutex_unlock(&pool->lock);
    if (ok && !pool_fill(pool, hg_pool_deadline(pool), err)) {
        hg_pool_close(pool, hg_deadline_in_ms(0));
        ok = false;
    }
    if (ok)
        *out_pool = pool;
    return ok;
}

void hg_pool_invalidate(hg_pool *pool)
{
    pool_notice_fork(pool);
    atomic_fetch_add(&pool->generation, 1);
    pool_note(pool, HG_POOL_EVENT_INVALIDATED, NULL, "");
    pool_capacity_freed(pool);
}

static bool is_quiet(const hg_pool *pool)
{
    return pool->open == 0 && pool->opening == 0 && pool->workers == 0 && !pool->keeping
           && pool->callers == 0;
}

void pool_settle_close(hg_pool *pool)
{
    if (!atomic_load(&pool->closed) || pool_slot_count(pool) == 0 || !is_quiet(pool))
        return;
    if (pool->orphaned)
        pool_free(pool);
    else
        pthread_cond_broadcast(&pool->quiet);
}

/* Under the lock: from here on nobody gets a connection. */
static void shut(hg_pool *pool)
{
    atomic_store(&pool->closed, true);
    atomic_store(&pool->attention, ATTENTION_SERVE);
    pool_fail_waiters(pool, pool->waiting);
    pthread_cond_broadcast(&pool->work);
    pool_keeper_wake(pool);
}

void hg_pool_drain(hg_pool *pool)
{
    pool_notice_fork(pool);
    pthread_mutex_lock(&pool->lock);
    shut(pool);
    pool_unlock(pool);
    pool_note(pool, HG_POOL_EVENT_DRAINING, NULL, "");
    pool_capacity_freed(pool);
}

void hg_pool_close(hg_pool *pool, hg_deadline by)
{
    bool in_time;

    if (pool == NULL)
        return;
    hg_pool_drain(pool);
    pthread_mutex_lock(&pool->lock);
    while (!is_quiet(pool) && condition_wait(&pool->quiet, &pool->lock, by.at_ns))
        continue;
    in_time = is_quiet(pool);
    if (in_time)
        pool_free(pool);
    else
        pool->orphaned = true;
    pthread_mutex_unlock(&pool->lock);
    if (!in_time)
        log_line(LOG_WARN, "pool", "a pool was closed with connections still in use", NULL);
}

/* In a forked child. What was in use is still held by the thread that forked, which is this child
 * now; what another thread was working on is in no state to be touched, not even to be freed. */
static void disown(hg_pool *pool, struct slot *slot)
{
    hg_conn *conn = atomic_load(&slot->conn);

    if (conn != NULL && slot->phase == PHASE_IDLE)
        pool->driver->abandon(conn);
    else if (conn != NULL && slot->phase == PHASE_HELD)
        slot->loans->loan[slot->loans->turn].slot = NULL;
    atomic_store(&slot->conn, NULL);
    atomic_store(&slot->reported, false);
    slot->tag = NULL;
}

/* The lock may have been held by a thread that does not exist here: it is made anew. */
static void become_own(hg_pool *pool)
{
    pthread_mutex_init(&pool->lock, NULL);
    condition_init(&pool->work);
    condition_init(&pool->quiet);
    for (unsigned i = 0; i < pool_slot_count(pool); i++)
        disown(pool, &pool->slots[i]);
    pool_keeper_release(pool); /* the parent's goes on listening */
    begin_life(pool);
    telemetry_abandon(&pool->telemetry);
    if (!make_page(pool)) {
        atomic_store(&pool->slot_count, 0);
        shut(pool);
    }
    pthread_mutex_lock(&pool->lock);
    begin_keeping(pool);
    pthread_mutex_unlock(&pool->lock);
    pool_note(pool, HG_POOL_EVENT_FORKED, NULL, "");
    log_line(LOG_INFO, "pool", "forked: the parent's connections are left to it", "pool",
             pool->name, NULL);
}

void pool_take_over(hg_pool *pool)
{
    int now = pool_fork_number(), seen = atomic_load(&pool->forks);

    if (seen != BEING_TAKEN_OVER && seen != now
        && atomic_compare_exchange_strong(&pool->forks, &seen, BEING_TAKEN_OVER)) {
        become_own(pool);
        atomic_store(&pool->forks, now);
    }
    while (atomic_load(&pool->forks) == BEING_TAKEN_OVER)
        sched_yield();
}

hg_deadline hg_pool_deadline(const hg_pool *pool)
{
    return hg_deadline_in_ms(pool->options.settings.timeout_ms);
}

const hg_url *hg_pool_url(const hg_pool *pool)
{
    return pool->url;
}

void hg_pool_inspect(hg_pool *pool, hg_pool_snapshot *out)
{
    pool_notice_fork(pool);
    telemetry_snapshot(&pool->telemetry, out);
}
