/*
 * checkout.c - the fast path: taking a connection, looking whether it is fit, handing it out,
 * resetting it, giving it back. No lock is taken here and no count is shared: a thread finds its
 * last slot again and swaps its state.
 */
#include "pool_state.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "sweep.h"

static const int64_t reset_ns = INT64_C(5000000000); /* how long a reset may take */

/* What a thread remembers between calls, of whichever pool it used last. */
static _Thread_local __attribute__((tls_model("initial-exec"))) struct {
    unsigned slot;
    int tid;
    int forks; /* the tid is of this generation */
} mine;

static int thread_id(void)
{
    int forks = pool_fork_number();

    if (mine.tid == 0 || mine.forks != forks) {
        mine.tid = (int)syscall(SYS_gettid);
        mine.forks = forks;
    }
    return mine.tid;
}

/*
 * How well a free slot suits this thread, the more the better. Ours of late, last used first; then
 * what nobody used just now, last used first; then what another thread used just now, and is likely
 * to want again, that longest ago: threads that take each other's connections move server processes
 * from one core to another, which costs more than the checkout.
 */
static int64_t suitability(const hg_pool *pool, const struct telemetry_slot *slot, int64_t now_ns)
{
    const int64_t ours = INT64_C(2) << 60, left_alone = INT64_C(1) << 60;
    int64_t since_ns = atomic_load_explicit(&slot->since_ns, memory_order_relaxed);

    if (pool->options.settings.use_fifo)
        return -since_ns;
    if (atomic_load_explicit(&slot->holder_tid, memory_order_relaxed) == thread_id())
        return since_ns + ours;
    return now_ns - since_ns > SWEEP_POLL_AFTER_NS ? since_ns + left_alone : -since_ns;
}

static struct slot *best_idle(const hg_pool *pool)
{
    int64_t now_ns = clock_coarse_ns(), most = INT64_MIN;
    struct slot *best = NULL;

    for (unsigned i = 0; i < pool_slot_count(pool); i++) {
        struct slot *slot = &pool->slots[i];
        int64_t suits;

        if (slot_state(slot) != HG_SLOT_IDLE)
            continue;
        suits = suitability(pool, slot->shared, now_ns);
        if (suits > most) {
            best = slot;
            most = suits;
        }
    }
    return best;
}

struct slot *pool_claim_idle(hg_pool *pool)
{
    struct slot *slot = NULL;

    if (!pool->options.settings.use_fifo && mine.slot < pool_slot_count(pool))
        slot = &pool->slots[mine.slot];
    if (slot != NULL && slot_state(slot) == HG_SLOT_IDLE
        && slot_swap(slot, HG_SLOT_IDLE, HG_SLOT_IN_USE))
        return slot;
    do
        slot = best_idle(pool);
    while (slot != NULL && !slot_swap(slot, HG_SLOT_IDLE, HG_SLOT_IN_USE));
    return slot;
}

/* Whether somebody has waited so long that nobody may overtake. */
static bool patience_is_over(const hg_pool *pool)
{
    int64_t oldest_ns = atomic_load_explicit(&pool->oldest_waiter_ns, memory_order_relaxed);

    return oldest_ns != 0 && clock_now_ns() - oldest_ns >= POOL_PATIENCE_NS;
}

static struct slot *take_at_once(hg_pool *pool)
{
    if (atomic_load_explicit(&pool->attention, memory_order_relaxed) != ATTENTION_NONE
        && (atomic_load(&pool->closed) || atomic_load(&pool->paused) || patience_is_over(pool)))
        return NULL;
    return pool_claim_idle(pool);
}

/* What the rules of sweep.h need to know. */
static inline void look(const hg_pool *pool, const struct slot *slot, int64_t now_ns,
                        struct sweep_view *out)
{
    out->now_ns = now_ns;
    out->idle_since_ns = atomic_load_explicit(&slot->shared->since_ns, memory_order_relaxed);
    out->suspect_ns = atomic_load_explicit(&pool->suspect_ns, memory_order_relaxed);
    out->answered_ns = slot->answered_ns;
    out->expires_ns = slot->expires_ns;
    out->outdated = atomic_load_explicit(&slot->generation, memory_order_relaxed)
                    != atomic_load_explicit(&pool->generation, memory_order_relaxed);
    out->pre_ping = pool->options.settings.pre_ping;
}

/* Outside the lock: a close may take its time. One that is detached goes on living elsewhere. */
static void close_connection(hg_pool *pool, struct slot *slot, enum telemetry_close why)
{
    hg_conn *conn = atomic_load_explicit(&slot->conn, memory_order_relaxed);

    slot_set(slot, HG_SLOT_CLOSING);
    slot->phase = PHASE_BUSY;
    atomic_store_explicit(&slot->conn, NULL, memory_order_relaxed);
    pool_unwatch(pool, conn);
    if (why != CLOSE_DETACH)
        pool->driver->close(conn);
    telemetry_count(&slot->shared->closes[why]);
    pool_note(pool, HG_POOL_EVENT_CLOSED, slot, hg_close_name((hg_close)why));
}

void pool_retire(hg_pool *pool, struct slot *slot, enum telemetry_close why)
{
    while (slot != NULL) {
        close_connection(pool, slot, why);
        pthread_mutex_lock(&pool->lock);
        pool->open--;
        slot_set(slot, HG_SLOT_EMPTY);
        slot = pool_serve(pool, &why);
        pool_unlock(pool);
    }
}

/*
 * Closes a connection that its server hung up on. The others are likely to have fallen with it, and
 * each of them would cost its next user an error: all that are not younger go too. However many
 * users report the same end, the generation moves once.
 */
static void retire_lost(hg_pool *pool, struct slot *slot, enum telemetry_close why)
{
    uint64_t generation = atomic_load_explicit(&slot->generation, memory_order_relaxed);

    generation &= ~GENERATION_FLAGS;
    atomic_compare_exchange_strong(&pool->generation, &generation, generation + 1);
    pool_retire(pool, slot, why);
}

/* A round trip, within the caller's deadline and the time that a connect may take. */
static bool ping(hg_pool *pool, struct slot *slot, hg_conn *conn, hg_deadline by)
{
    int64_t limit_ms = pool->options.settings.connect_timeout_ms;
    hg_error err = {HG_OK};

    if (limit_ms > 0)
        by = hg_deadline_first(by, hg_deadline_in_ms(limit_ms));
    if (pool->driver->ping(conn, by, &err))
        return true;
    if (err.code == HG_TIMEOUT) /* a caller in a hurry says nothing about the other connections */
        pool_retire(pool, slot, CLOSE_NO_ANSWER);
    else
        retire_lost(pool, slot, CLOSE_NO_ANSWER);
    return false;
}

/* Free for whoever comes first. The swap is a full barrier: either this thread sees the waiter, or
 * the waiter, who looks once more after saying that it waits, sees the slot. */
static void release(hg_pool *pool, struct slot *slot)
{
    enum attention attention;

    slot->phase = PHASE_IDLE;
    atomic_exchange(&slot->shared->state, HG_SLOT_IDLE);
    attention = atomic_load(&pool->attention);
    if (attention == ATTENTION_SERVE || (attention == ATTENTION_TOLD && patience_is_over(pool)))
        pool_capacity_freed(pool);
}

void pool_keep_alive(hg_pool *pool, struct slot *slot, hg_deadline by)
{
    hg_conn *conn = atomic_load_explicit(&slot->conn, memory_order_relaxed);

    slot->phase = PHASE_BUSY;
    if (!ping(pool, slot, conn, by))
        return;
    slot->answered_ns = clock_now_ns();
    release(pool, slot);
}

/* Looks at a connection that has been idle for a while; it is closed when it does not answer. One
 * that is dead may be alone with that, but the others are looked at too from now on. */
static bool answers(hg_pool *pool, struct slot *slot, bool with_ping, hg_deadline by)
{
    hg_conn *conn = atomic_load_explicit(&slot->conn, memory_order_relaxed);

    slot->phase = PHASE_BUSY;
    slot_set(slot, HG_SLOT_CHECKING);
    if (!pool->driver->alive(conn)) {
        atomic_store(&pool->suspect_ns, clock_now_ns());
        pool_retire(pool, slot, CLOSE_DEAD);
        return false;
    }
    if (with_ping && !ping(pool, slot, conn, by))
        return false;
    slot_set(slot, HG_SLOT_IN_USE);
    return true;
}

/* Whether the taken connection can be used; it is closed when not. */
static bool fit(hg_pool *pool, struct slot *slot, hg_deadline by, int64_t now_ns)
{
    struct sweep_view seen;
    enum sweep_verdict verdict;

    look(pool, slot, now_ns, &seen);
    verdict = sweep_checkout(&seen);
    switch (verdict) {
    case SWEEP_USE:
        return true;
    case SWEEP_POLL:
    case SWEEP_PING:
        return answers(pool, slot, verdict == SWEEP_PING, by);
    case SWEEP_RECYCLE:
        pool_retire(pool, slot, CLOSE_RECYCLE);
        return false;
    case SWEEP_STALE:
        pool_retire(pool, slot, slot_stale_reason(slot));
        return false;
    }
    return false;
}

static void publish_holder(struct slot *slot, const char *tag, int64_t now_ns)
{
    struct telemetry_slot *shared = slot->shared;

    atomic_store_explicit(&shared->since_ns, now_ns, memory_order_relaxed);
    atomic_store_explicit(&shared->holder_tid, thread_id(), memory_order_relaxed);
    telemetry_count(&shared->checkouts);
    if (slot->tag != tag) {
        telemetry_set_holder(shared, tag);
        slot->tag = tag;
    }
}

bool hg_pool_checkout(hg_pool *pool, const char *tag, hg_deadline by, hg_conn **out_conn,
                      hg_error *err)
{
    struct slot *slot;
    int64_t now_ns;

    pool_notice_fork(pool);
    do {
        slot = take_at_once(pool);
        if (slot == NULL && !pool_wait(pool, by, &slot, err))
            return false;
        now_ns = clock_coarse_ns();
    } while (!fit(pool, slot, by, now_ns));
    publish_holder(slot, tag, now_ns);
    slot->phase = PHASE_HELD;
    mine.slot = (unsigned)(slot - pool->slots);
    *out_conn =
        loans_lend(slot->loans, slot, atomic_load_explicit(&slot->conn, memory_order_relaxed), tag);
    return true;
}

/* A caller gives back what is not its own to give. */
static void note_misuse(hg_pool *pool, const char *what)
{
    atomic_fetch_add_explicit(&pool->misuses, 1, memory_order_relaxed);
    log_line(LOG_ERROR, "pool", what, "pool", pool->name, NULL);
}

static bool is_of(const hg_pool *pool, const struct slot *slot)
{
    uintptr_t at = (uintptr_t)slot, first = (uintptr_t)pool->slots;

    return slot == NULL || (at >= first && at < (uintptr_t)(pool->slots + HG_POOL_SLOTS_MAX));
}

/* The handle of a connection of this pool; NULL: it is something else. */
static struct loan *loan_of(hg_pool *pool, hg_conn *handle)
{
    struct loan *loan = (struct loan *)(void *)handle;

    if (conn_is_lent(handle) && is_of(pool, loan->slot))
        return loan;
    note_misuse(pool, "could not take a connection back: it is not of this pool");
    return NULL;
}

/* Ends a loan. The slot is RESETTING then and no longer the caller's. NULL: there is nothing to
 * do. */
static struct slot *take_back(hg_pool *pool, hg_conn *handle, const void *at)
{
    struct loan *loan;
    hg_conn *conn;
    hg_error err;

    if (handle == NULL)
        return NULL;
    pool_notice_fork(pool);
    loan = loan_of(pool, handle);
    if (loan == NULL)
        return NULL;
    conn = lent_end(&loan->lent, at, thread_id());
    if (conn == NULL) {
        lent_fail(&loan->lent, "take a connection back", &err);
        note_misuse(pool, err.message);
        return NULL;
    }
    if (loan->slot == NULL) { /* the parent's */
        pool->driver->abandon(conn);
        return NULL;
    }
    slot_set(loan->slot, HG_SLOT_RESETTING);
    loan->slot->phase = PHASE_BUSY;
    mine.slot = (unsigned)(loan->slot - pool->slots);
    return loan->slot;
}

static void publish_idle(hg_pool *pool, struct slot *slot, int64_t now_ns)
{
    struct telemetry_slot *shared = slot->shared;
    int64_t since_ns = atomic_load_explicit(&shared->since_ns, memory_order_relaxed);
    uint64_t held_ns = atomic_load_explicit(&shared->held_ns, memory_order_relaxed);

    if (now_ns == since_ns) /* within a tick of the clock, as most are */
        return;
    atomic_store_explicit(&shared->held_ns, held_ns + (uint64_t)(now_ns - since_ns),
                          memory_order_relaxed);
    telemetry_note_hold(shared, now_ns - since_ns);
    atomic_store_explicit(&shared->since_ns, now_ns, memory_order_relaxed);
    if (atomic_load_explicit(&slot->reported, memory_order_relaxed))
        pool_end_leak(pool, slot, now_ns - since_ns);
}

/* Makes the session as good as new; false: it cannot be. */
static bool reset(hg_pool *pool, struct slot *slot, hg_conn *conn, int64_t now_ns)
{
    bool was_open = false, ok;
    hg_error err; /* written on failure only; clearing it would cost more than the rest */

    conn->interrupted = NULL; /* what it asks may not exist any more */
    ok = pool->driver->reset(conn, pool->options.settings.reset_on_return,
                             (hg_deadline){now_ns + reset_ns}, &was_open, &err);
    if (was_open) {
        telemetry_count(&slot->shared->resets_open);
        pool_note(pool, HG_POOL_EVENT_LEFT_OPEN, slot, slot->tag == NULL ? "" : slot->tag);
        log_line(LOG_DEBUG, "pool", "a connection came back with a transaction open", "pool",
                 pool->name, "holder", slot->tag == NULL ? "" : slot->tag, NULL);
    }
    if (!ok)
        log_line(LOG_WARN, "pool", "a returned connection could not be reset", "pool", pool->name,
                 "cause", err.message, NULL);
    return ok;
}

/* Ends the use of a connection: idle again, handed on, or closed. */
static void settle(hg_pool *pool, struct slot *slot)
{
    hg_conn *conn = atomic_load_explicit(&slot->conn, memory_order_relaxed);
    int64_t now_ns = clock_coarse_ns();
    struct sweep_view seen;
    enum sweep_verdict verdict;

    publish_idle(pool, slot, now_ns);
    look(pool, slot, now_ns, &seen);
    verdict = sweep_return(&seen);
    if (conn->lost || conn->misplaced) /* what befell this one befell its elders too */
        retire_lost(pool, slot, conn->lost ? CLOSE_LOST : CLOSE_INVALIDATED);
    else if (verdict != SWEEP_USE)
        pool_retire(pool, slot, verdict == SWEEP_STALE ? slot_stale_reason(slot) : CLOSE_RECYCLE);
    else if (reset(pool, slot, conn, now_ns))
        release(pool, slot);
    else if (conn->lost)
        retire_lost(pool, slot, CLOSE_LOST);
    else
        pool_retire(pool, slot, CLOSE_RESET);
}

void pool_give_back(hg_pool *pool, hg_conn *handle, const void *at)
{
    struct slot *slot = take_back(pool, handle, at);

    if (slot != NULL)
        settle(pool, slot);
}

void hg_pool_return(hg_pool *pool, hg_conn *conn)
{
    pool_give_back(pool, conn, __builtin_return_address(0));
}

void hg_pool_discard(hg_pool *pool, hg_conn *conn)
{
    struct slot *slot = take_back(pool, conn, __builtin_return_address(0));

    if (slot == NULL)
        return;
    publish_idle(pool, slot, clock_coarse_ns());
    if (atomic_load_explicit(&slot->conn, memory_order_relaxed)->lost)
        retire_lost(pool, slot, CLOSE_LOST);
    else
        pool_retire(pool, slot, CLOSE_DISCARD);
}

hg_conn *hg_pool_detach(hg_pool *pool, hg_conn *conn)
{
    struct slot *slot = take_back(pool, conn, __builtin_return_address(0));
    hg_conn *own;

    if (slot == NULL)
        return NULL;
    own = atomic_load_explicit(&slot->conn, memory_order_relaxed);
    publish_idle(pool, slot, clock_coarse_ns());
    pool_retire(pool, slot, CLOSE_DETACH);
    return own;
}

void hg_pool_invalidate_one(hg_pool *pool, hg_conn *conn)
{
    const struct loan *loan = loan_of(pool, conn);

    if (loan != NULL && loan->slot != NULL && conn_behind(conn) != NULL)
        atomic_fetch_or(&loan->slot->generation, GENERATION_UNWANTED);
}
