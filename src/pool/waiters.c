/*
 * waiters.c - the slow path: callers in order of arrival, and what happens when capacity comes
 * free.
 */
#include "pool_state.h"

#include "retry.h"

static enum attention attention_wanted(const hg_pool *pool)
{
    if (atomic_load(&pool->closed) || pool->open > pool->size)
        return ATTENTION_SERVE;
    if (pool->first == NULL)
        return ATTENTION_NONE;
    return pool->first->woken ? ATTENTION_TOLD : ATTENTION_SERVE;
}

/* Says what returns have to do. Stored before a waiter looks for free slots a last time, and read
 * by a return after it has freed one, both in one total order: nobody is overlooked. */
static void settle_attention(hg_pool *pool)
{
    int64_t oldest_ns = pool->first == NULL ? 0 : pool->first->since_ns;

    atomic_store_explicit(&pool->oldest_waiter_ns, oldest_ns, memory_order_relaxed);
    atomic_store_explicit(&pool->telemetry.head->oldest_waiter_ns, oldest_ns, memory_order_relaxed);
    atomic_store_explicit(&pool->telemetry.head->waiting, pool->waiting, memory_order_relaxed);
    atomic_store(&pool->attention, attention_wanted(pool));
}

static void join_queue(hg_pool *pool, struct waiter *waiter)
{
    waiter->link = pool->last;
    *pool->last = waiter;
    pool->last = &waiter->next;
    pool->waiting++;
    pool->callers++;
    settle_attention(pool);
}

static void leave_queue(hg_pool *pool, struct waiter *waiter)
{
    if (waiter->link == NULL)
        return;
    *waiter->link = waiter->next;
    if (waiter->next != NULL)
        waiter->next->link = waiter->link;
    else
        pool->last = waiter->link;
    waiter->link = NULL;
    pool->waiting--;
    settle_attention(pool);
}

static void wake(struct waiter *waiter)
{
    waiter->woken = true;
    pthread_cond_signal(&waiter->wake);
}

void pool_fail_waiters(hg_pool *pool, int n)
{
    struct waiter *waiter;

    for (; n > 0 && (waiter = pool->first) != NULL; n--) {
        waiter->failed = true;
        leave_queue(pool, waiter);
        wake(waiter);
    }
}

static struct slot *find_idle(const hg_pool *pool)
{
    for (unsigned i = 0; i < pool->slot_count; i++)
        if (slot_state(&pool->slots[i]) == HG_SLOT_IDLE)
            return &pool->slots[i];
    return NULL;
}

/* Hands free slots to callers who have waited long enough. One who has just come is only told to
 * look: until it runs, threads that are running may go on using the slot. */
static void hand_over(hg_pool *pool)
{
    int64_t now_ns = pool->first == NULL ? 0 : clock_now_ns();
    struct waiter *head;

    while ((head = pool->first) != NULL && now_ns - head->since_ns >= POOL_PATIENCE_NS) {
        head->slot = pool_claim_idle(pool);
        if (head->slot == NULL)
            return;
        leave_queue(pool, head);
        wake(head);
    }
    if (head != NULL && !head->woken && find_idle(pool) != NULL)
        wake(head);
}

static bool outdated(const hg_pool *pool, const struct slot *slot)
{
    return atomic_load_explicit(&slot->generation, memory_order_relaxed)
           != atomic_load_explicit(&pool->generation, memory_order_relaxed);
}

/* The idle connection that should go first, for the reason given; NULL: none. */
static struct slot *find_surplus(hg_pool *pool, enum telemetry_close *out_why)
{
    bool closed = atomic_load(&pool->closed);
    struct slot *oldest = NULL;
    int idle = 0;

    if (!closed && pool->open <= pool->size && pool->swept == atomic_load(&pool->generation))
        return NULL;
    for (unsigned i = 0; i < pool->slot_count; i++) {
        struct slot *slot = &pool->slots[i];

        if (slot_state(slot) != HG_SLOT_IDLE)
            continue;
        if (closed || outdated(pool, slot)) {
            *out_why = closed ? CLOSE_POOL : CLOSE_STALE;
            return slot;
        }
        if (oldest == NULL || slot->shared->since_ns < oldest->shared->since_ns)
            oldest = slot;
        idle++;
    }
    pool->swept = atomic_load(&pool->generation);
    *out_why = CLOSE_SURPLUS;
    return idle > pool->size ? oldest : NULL;
}

struct slot *pool_serve(hg_pool *pool, enum telemetry_close *out_why)
{
    struct slot *surplus;

    if (pool->slot_count == 0) /* closed and done with, see pool_new() */
        return NULL;
    hand_over(pool);
    pool_start_connects(pool);
    settle_attention(pool);
    do
        surplus = find_surplus(pool, out_why);
    while (surplus != NULL && !slot_swap(surplus, HG_SLOT_IDLE, HG_SLOT_CLOSING));
    pool_settle_close(pool);
    return surplus;
}

void pool_capacity_freed(hg_pool *pool)
{
    enum telemetry_close why = CLOSE_SURPLUS;
    struct slot *surplus;

    pthread_mutex_lock(&pool->lock);
    surplus = pool_serve(pool, &why);
    pthread_mutex_unlock(&pool->lock);
    pool_retire(pool, surplus, why);
}

/* A new caller is a reason to look sooner whether the server is back, unless it said no to us. */
static void hurry_retry(hg_pool *pool, int64_t now_ns)
{
    int64_t soon_ns = now_ns + retry_connect_pause_ns(1, 0, 0);

    if (pool->failures == 0 || !hg_code_retryable(pool->connect_error.code))
        return;
    pool->failures = 1;
    if (pool->retry_ns > soon_ns)
        pool->retry_ns = soon_ns;
}

static bool fail_closed(hg_error *err)
{
    return hg_fail(err, HG_POOL_CLOSED, "could not take a connection: the pool is closed");
}

static bool fail_with(const hg_error *cause, hg_error *err)
{
    if (err != NULL)
        *err = *cause;
    return false;
}

static bool fail_busy(const hg_pool *pool, const hg_error *cause, double waited_s, hg_error *err)
{
    hg_fail(
        err, HG_POOL_TIMEOUT,
        "every connection of the pool was busy for %.1f s: %d of %u open, %d waiting%s%s", waited_s,
        pool->open, pool->slot_count, pool->waiting,
        cause == NULL ? "" : "; the last connect failed: ", cause == NULL ? "" : cause->message);
    hg_error_sqlstate(err, cause == NULL ? "" : cause->sqlstate);
    hg_error_hint(err, "See who holds them with `headgate pools`; raise DB_POOL_SIZE or "
                       "DB_MAX_OVERFLOW if all of them are at work.");
    return false;
}

/* Nothing came in time: what was in the way? */
static bool fail_late(const hg_pool *pool, double waited_s, hg_error *err)
{
    const hg_error *cause = pool->failures > 0 ? &pool->connect_error : NULL;

    if (pool->open > 0)
        return fail_busy(pool, cause, waited_s, err);
    if (cause == NULL) {
        hg_fail(err, HG_TIMEOUT, "no connection could be opened within %.1f s", waited_s);
        hg_error_hint(err,
                      "The server has not answered yet; see whether it is overloaded, or raise "
                      "DB_POOL_TIMEOUT.");
        return false;
    }
    fail_with(cause, err);
    hg_error_context(err, "no connection could be opened within %.1f s", waited_s);
    return false;
}

/* Under the lock: sleeps until the waiter has a slot, has failed, or `by` has come. */
static void sleep_in_queue(hg_pool *pool, struct waiter *waiter, hg_deadline by)
{
    bool in_time = true;

    for (;;) {
        waiter->woken = false;
        settle_attention(pool);
        if (pool->first == waiter)
            waiter->slot = pool_claim_idle(pool);
        if (waiter->slot != NULL || waiter->failed || !in_time)
            return;
        pool_start_connects(pool);
        in_time = condition_wait(&waiter->wake, &pool->lock, by.at_ns);
    }
}

/* Under the lock: how the caller's wait has ended. */
static bool conclude(hg_pool *pool, struct waiter *waiter, hg_error *err)
{
    int64_t waited_ns = clock_now_ns() - waiter->since_ns;
    bool ok = waiter->slot != NULL;

    if (ok || !waiter->failed)
        telemetry_note_wait(pool->telemetry.head, waited_ns);
    if (ok)
        return true;
    if (atomic_load(&pool->closed))
        return fail_closed(err);
    if (waiter->failed)
        return fail_with(&pool->connect_error, err);
    telemetry_count(&pool->telemetry.head->timeouts);
    return fail_late(pool, (double)waited_ns / 1e9, err);
}

/* Under the lock. */
static bool may_wait(const hg_pool *pool, hg_error *err)
{
    int most = pool->options.max_waiting;

    if (atomic_load(&pool->closed))
        return fail_closed(err);
    if (most > 0 && pool->waiting >= most)
        return hg_fail(err, HG_POOL_FULL,
                       "could not wait for a connection: %d callers are waiting already", most);
    return true;
}

bool pool_wait(hg_pool *pool, hg_deadline by, struct slot **out_slot, hg_error *err)
{
    struct waiter waiter = {.since_ns = clock_now_ns()};
    enum telemetry_close why = CLOSE_SURPLUS;
    struct slot *surplus = NULL;
    bool ok;

    condition_init(&waiter.wake);
    pthread_mutex_lock(&pool->lock);
    ok = may_wait(pool, err);
    if (ok) {
        join_queue(pool, &waiter);
        hurry_retry(pool, waiter.since_ns);
        sleep_in_queue(pool, &waiter, by);
        ok = conclude(pool, &waiter, err);
        leave_queue(pool, &waiter);
        pool->callers--;
        surplus = pool_serve(pool, &why); /* what this caller was told of may be the next one's */
    }
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_destroy(&waiter.wake);
    pool_retire(pool, surplus, why);
    if (ok)
        *out_slot = waiter.slot;
    return ok;
}
