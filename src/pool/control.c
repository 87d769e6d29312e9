/*
 * control.c - what an operator does to a pool at run time: pause, resume, resize, evict.
 * Whatever changes takes effect without cutting anybody off: connections in use stay with their
 * holders and are looked at when they come back.
 */
#include "pool_state.h"

#include <stdio.h>

static void set_paused(hg_pool *pool, bool paused)
{
    pool_notice_fork(pool);
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->paused, paused);
    if (!paused)
        pool->retry_ns = 0; /* whoever says "go on" knows that it is worth a try */
    pthread_mutex_unlock(&pool->lock);
    pool_note(pool, paused ? HG_POOL_EVENT_PAUSED : HG_POOL_EVENT_RESUMED, NULL, "");
    pool_capacity_freed(pool);
}

void hg_pool_pause(hg_pool *pool)
{
    set_paused(pool, true);
}

void hg_pool_resume(hg_pool *pool)
{
    set_paused(pool, false);
}

/* Under the lock: sees to it that there are so many places. */
static bool make_places(hg_pool *pool, int limit, hg_error *err)
{
    unsigned had = atomic_load(&pool->slot_count), wanted = (unsigned)limit;

    if (wanted <= had)
        return true;
    if (!telemetry_grow(&pool->telemetry, wanted))
        return hg_fail(err, HG_DISK_FULL,
                       "could not resize the pool: there is no room for its page in \"%s\"",
                       pool->runtime_dir);
    for (unsigned i = had; i < wanted; i++)
        pool->slots[i].shared = &pool->telemetry.slots[i];
    atomic_store(&pool->slot_count, wanted);
    return true;
}

/* Under the lock. */
static bool resize(hg_pool *pool, int size, int max_overflow, hg_error *err)
{
    int kept = 0, limit = 0;
    char detail[64];

    if (atomic_load(&pool->closed))
        return hg_fail(err, HG_POOL_CLOSED, "could not resize the pool: it is closed");
    if (pool_is_in_memory(pool))
        return hg_fail(err, HG_UNSUPPORTED,
                       "could not resize the pool: a database in memory lives in one connection");
    if (!pool_count_places(size, max_overflow, &kept, &limit, err)
        || !make_places(pool, limit, err))
        return false;
    pool->size = kept;
    pool->limit = limit;
    pool->options.settings.size = size;
    pool->options.settings.max_overflow = max_overflow;
    atomic_store(&pool->telemetry.head->size, size);
    atomic_store(&pool->telemetry.head->max_overflow, max_overflow);
    snprintf(detail, sizeof detail, "size %d, max overflow %d", size, max_overflow);
    pool_note(pool, HG_POOL_EVENT_RESIZED, NULL, detail);
    return true;
}

bool hg_pool_resize(hg_pool *pool, int size, int max_overflow, hg_error *err)
{
    bool ok;

    pool_notice_fork(pool);
    pthread_mutex_lock(&pool->lock);
    ok = resize(pool, size, max_overflow, err);
    pthread_mutex_unlock(&pool->lock);
    if (ok)
        pool_capacity_freed(pool);
    return ok;
}

/* Under the lock: marks the connection of a slot as unwanted. out_idle: the slot, CLOSING, when
 * nobody holds it. */
static bool mark(hg_pool *pool, int index, struct slot **out_idle, hg_error *err)
{
    struct slot *slot;
    enum hg_slot_state state = HG_SLOT_EMPTY;

    if (index >= 0 && (unsigned)index < atomic_load(&pool->slot_count)) {
        slot = &pool->slots[index];
        state = slot_state(slot);
    }
    if (state == HG_SLOT_EMPTY || state == HG_SLOT_OPENING || state == HG_SLOT_CLOSING)
        return hg_fail(err, HG_MISUSE, "could not evict connection %d: the pool has none there",
                       index);
    atomic_fetch_or(&slot->generation, GENERATION_EVICTED);
    *out_idle = slot_swap(slot, HG_SLOT_IDLE, HG_SLOT_CLOSING) ? slot : NULL;
    return true;
}

bool hg_pool_evict(hg_pool *pool, int slot, hg_error *err)
{
    struct slot *idle = NULL;
    bool ok;

    pool_notice_fork(pool);
    pthread_mutex_lock(&pool->lock);
    ok = mark(pool, slot, &idle, err);
    pthread_mutex_unlock(&pool->lock);
    pool_retire(pool, idle, CLOSE_EVICT);
    return ok;
}
