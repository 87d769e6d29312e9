/*
 * waiters.c - the slow path: callers in order of arrival, and what happens when capacity comes
 * free.
 */
#include "pool_state.h"

#include "retry.h"

enum { ASK_MS = 100 };
enum { IN_VAIN_MOST = 2 }; /* woken for nothing so often, nobody is woken before patience is over */

static enum attention attention_wanted(const hg_pool *pool)
{
    if (atomic_load(&pool->closed) || atomic_load(&pool->paused) || pool->open > pool->size)
        return ATTENTION_SERVE;
    if (pool->first == NULL)
        return ATTENTION_NONE;
    if (pool->in_vain >= IN_VAIN_MOST || atomic_load(&pool->first->word) == WAITER_LOOK)
        return ATTENTION_TOLD;
    return ATTENTION_SERVE;
}

static int64_t published_retry_ns(const hg_pool *pool)
{
    if (pool->failures == 0)
        return 0;
    return pool->retry_ns > 0 ? pool->retry_ns : 1; /* with the next caller */
}

/* What others are to know beside the queue. */
static void publish_state(const hg_pool *pool)
{
    struct telemetry_head *head = pool->telemetry.head;
    hg_pool_mode mode = atomic_load(&pool->paused) ? HG_MODE_PAUSED : HG_MODE_OPEN;

    if (atomic_load(&pool->closed))
        mode = HG_MODE_DRAINING;
    atomic_store_explicit(&head->mode, mode, memory_order_relaxed);
    atomic_store_explicit(&head->retry_ns, published_retry_ns(pool), memory_order_relaxed);
    atomic_store_explicit(&head->timeouts_paused, pool->timeouts_paused, memory_order_relaxed);
}

/* Says what returns have to do. Stored before a waiter looks for free slots a last time, and read
 * by a return after it has freed one, both in one total order: nobody is overlooked. */
static void settle_attention(hg_pool *pool)
{
    int64_t oldest_ns = pool->first == NULL ? 0 : pool->first->since_ns;

    atomic_store_explicit(&pool->oldest_waiter_ns, oldest_ns, memory_order_relaxed);
    atomic_store_explicit(&pool->telemetry.head->oldest_waiter_ns, oldest_ns, memory_order_relaxed);
    atomic_store_explicit(&pool->telemetry.head->waiting, pool->waiting, memory_order_relaxed);
    publish_state(pool);
    atomic_store(&pool->attention, attention_wanted(pool));
}

/* Whoever finds nothing free makes a pool grow that is not at its size, even when served by a
 * return in the meantime: else a few connections that come back quickly would keep many callers
 * queueing for them. The first after a hg_pool_warm() came for what is on its way. */
static void join_queue(hg_pool *pool, struct waiter *waiter)
{
    waiter->link = pool->last;
    *pool->last = waiter;
    pool->last = &waiter->next;
    pool->waiting++;
    pool->callers++;
    if (!pool->ahead && pool->open + pool->opening + pool->growth < pool->size
        && !atomic_load(&pool->paused))
        pool->growth++;
    pool->ahead = false;
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
    if (pool->first == NULL)
        pool->in_vain = 0;
    settle_attention(pool);
}

/* Tells a waiter something. When it was served or failed, it may be gone right after. */
static void tell(hg_pool *pool, struct waiter *waiter, enum waiter_word word)
{
    atomic_store(&waiter->word, word);
    if (pool->wake_count < WAKES_MOST)
        pool->wakes[pool->wake_count++] = &waiter->word;
    else
        word_wake(&waiter->word);
}

void pool_unlock(hg_pool *pool)
{
    _Atomic uint32_t *wakes[WAKES_MOST];
    int count = pool->wake_count;

    for (int i = 0; i < count; i++)
        wakes[i] = pool->wakes[i];
    pool->wake_count = 0;
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < count; i++)
        word_wake(wakes[i]);
}

void pool_fail_waiters(hg_pool *pool, int n)
{
    struct waiter *waiter;

    for (; n > 0 && (waiter = pool->first) != NULL; n--) {
        leave_queue(pool, waiter);
        tell(pool, waiter, WAITER_FAILED);
    }
}

static struct slot *find_idle(const hg_pool *pool)
{
    for (unsigned i = 0; i < pool_slot_count(pool); i++)
        if (slot_state(&pool->slots[i]) == HG_SLOT_IDLE)
            return &pool->slots[i];
    return NULL;
}

/* Gives a waiter its slot, and does for it all that needs the lock. */
static void serve(hg_pool *pool, struct waiter *waiter, struct slot *slot, int64_t now_ns)
{
    telemetry_note_wait(pool->telemetry.head, now_ns - waiter->since_ns);
    leave_queue(pool, waiter);
    pool->callers--;
    waiter->slot = slot;
}

/* Hands free slots to callers who have waited long enough. One who has just come is only told to
 * look: until it runs, threads that are running may go on using the slot. */
static void hand_over(hg_pool *pool)
{
    int64_t now_ns = pool->first == NULL ? 0 : clock_now_ns();
    struct waiter *head;

    if (atomic_load(&pool->paused))
        return;

    while ((head = pool->first) != NULL && now_ns - head->since_ns >= POOL_PATIENCE_NS) {
        struct slot *slot = pool_claim_idle(pool);

        if (slot == NULL)
            return;
        serve(pool, head, slot, now_ns);
        tell(pool, head, WAITER_SERVED);
    }
    if (head != NULL && atomic_load(&head->word) == WAITER_ASLEEP && find_idle(pool) != NULL)
        tell(pool, head, WAITER_LOOK);
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
    for (unsigned i = 0; i < pool_slot_count(pool); i++) {
        struct slot *slot = &pool->slots[i];

        if (slot_state(slot) != HG_SLOT_IDLE)
            continue;
        if (closed || outdated(pool, slot)) {
            *out_why = closed ? CLOSE_POOL : slot_stale_reason(slot);
            return slot;
        }
        if (oldest == NULL || slot->shared->since_ns < oldest->shared->since_ns)
            oldest = slot;
        idle++;
    }
    pool->swept = atomic_load(&pool->generation);
    *out_why = CLOSE_SURPLUS;
    return idle > pool->size || pool->open > pool->limit ? oldest : NULL;
}

struct slot *pool_serve(hg_pool *pool, enum telemetry_close *out_why)
{
    struct slot *surplus;

    if (pool_slot_count(pool) == 0) /* closed and done with, see pool_new() */
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
    pool_unlock(pool);
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
        "every connection of the pool was busy for %.1f s: %d of %d open, %d waiting%s%s", waited_s,
        pool->open, pool->limit, pool->waiting,
        cause == NULL ? "" : "; the last connect failed: ", cause == NULL ? "" : cause->message);
    hg_error_sqlstate(err, cause == NULL ? "" : cause->sqlstate);
    hg_error_hint(err, "See who holds them with `headgate pools`; raise DB_POOL_SIZE or "
                       "DB_MAX_OVERFLOW if all of them are at work.");
    return false;
}

static bool fail_paused(double waited_s, hg_error *err)
{
    hg_fail(err, HG_POOL_TIMEOUT, "the pool is paused, and was not resumed within %.1f s",
            waited_s);
    hg_error_hint(err, "An operator has paused it; `headgate pools resume` lets it go on.");
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

/* Under the lock: what has become of the waiter, which takes a slot when it is its turn. */
static enum waiter_word look_again(hg_pool *pool, struct waiter *waiter)
{
    enum waiter_word word = atomic_load(&waiter->word);
    struct slot *slot = NULL;

    if (word == WAITER_SERVED || word == WAITER_FAILED)
        return word;
    atomic_store(&waiter->word, WAITER_ASLEEP);
    settle_attention(pool);
    if (pool->first == waiter && !atomic_load(&pool->paused))
        slot = pool_claim_idle(pool);
    if (slot != NULL) {
        pool->in_vain = 0;
        serve(pool, waiter, slot, clock_now_ns());
        return WAITER_SERVED;
    }
    if (word == WAITER_LOOK && pool->in_vain < IN_VAIN_MOST)
        pool->in_vain++;
    return WAITER_ASLEEP;
}

/* Under the lock: what a caller hears that was not served. */
static bool fail_wait(hg_pool *pool, const struct waiter *waiter, bool late, hg_error *err)
{
    int64_t waited_ns = clock_now_ns() - waiter->since_ns;

    if (atomic_load(&pool->closed))
        return fail_closed(err);
    if (!late)
        return fail_with(&pool->connect_error, err);
    if (waiter->interrupted)
        return hg_fail(err, HG_CANCELLED, "interrupted while it waited for a connection");
    if (atomic_load(&pool->paused)) {
        pool->timeouts_paused++;
        return fail_paused((double)waited_ns / 1e9, err);
    }
    telemetry_note_wait(pool->telemetry.head, waited_ns);
    telemetry_count(&pool->telemetry.head->timeouts);
    pool_note(pool, HG_POOL_EVENT_TIMEOUT, NULL, "");
    return fail_late(pool, (double)waited_ns / 1e9, err);
}

/* Under the lock. */
static bool may_wait(const hg_pool *pool, hg_error *err)
{
    int most = pool->options.settings.max_waiting;

    if (atomic_load(&pool->closed))
        return fail_closed(err);
    if (most > 0 && pool->waiting >= most)
        return hg_fail(err, HG_POOL_FULL,
                       "could not wait for a connection: %d callers are waiting already", most);
    return true;
}

/* Under the lock, which it releases: the end of a wait that ended under it. */
static bool end_wait(hg_pool *pool, struct waiter *waiter, enum waiter_word end, hg_error *err)
{
    enum telemetry_close why = CLOSE_SURPLUS;
    struct slot *surplus;

    if (end != WAITER_SERVED) {
        fail_wait(pool, waiter, end == WAITER_ASLEEP, err);
        leave_queue(pool, waiter);
        pool->callers--;
    }
    surplus = pool_serve(pool, &why); /* what this caller was told of may be the next one's */
    pool_unlock(pool);
    pool_retire(pool, surplus, why);
    return end == WAITER_SERVED;
}

/*
 * Sleeps until it is told something, or until `by`: false. Where threads that run take what comes
 * free before anybody who was woken can look, returns stop waking; so each waiter looks once by
 * itself, when it should long have been served.
 */
static bool sleep_on(struct waiter *waiter, hg_deadline by)
{
    int64_t look_ns = waiter->since_ns + 2 * POOL_PATIENCE_NS;

    if (waiter->looked || look_ns >= by.at_ns)
        return word_wait(&waiter->word, WAITER_ASLEEP, by.at_ns);
    if (!word_wait(&waiter->word, WAITER_ASLEEP, look_ns))
        waiter->looked = true;
    return true;
}

/* The same in pieces, where somebody may end the wait. */
static bool sleep_unless_interrupted(const hg_pool *pool, struct waiter *waiter, hg_deadline by)
{
    const hg_pool_options *options = &pool->options;

    if (options->interrupted == NULL)
        return sleep_on(waiter, by);
    if (sleep_on(waiter, hg_deadline_first(by, hg_deadline_in_ms(ASK_MS))))
        return true;
    waiter->interrupted = options->interrupted(options->interrupted_context);
    return !waiter->interrupted && hg_deadline_left_ms(by) > 0;
}

bool pool_wait(hg_pool *pool, hg_deadline by, struct slot **out_slot, hg_error *err)
{
    struct waiter waiter = {.since_ns = clock_now_ns()};
    enum waiter_word end;
    bool in_time = true, ok;

    pthread_mutex_lock(&pool->lock);
    if (!may_wait(pool, err)) {
        pthread_mutex_unlock(&pool->lock);
        return false;
    }
    join_queue(pool, &waiter);
    hurry_retry(pool, waiter.since_ns);
    while ((end = look_again(pool, &waiter)) == WAITER_ASLEEP && in_time) {
        pool_start_connects(pool);
        pool_unlock(pool);
        in_time = sleep_unless_interrupted(pool, &waiter, by);
        if (atomic_load(&waiter.word) == WAITER_SERVED) { /* nothing is left to do under the lock */
            *out_slot = waiter.slot;
            return true;
        }
        pthread_mutex_lock(&pool->lock);
    }
    ok = end_wait(pool, &waiter, end, err);
    if (ok)
        *out_slot = waiter.slot;
    return ok;
}
