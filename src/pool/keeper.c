/*
 * keeper.c - the pool's housekeeper: one thread that hears when a server hangs up, whoever holds
 * the connection, keeps idle ones alive and replaces old ones, all before a caller meets them. It
 * starts with the first connection that has a descriptor and ends with the pool. It takes an idle
 * slot as callers do, by swapping its state, and sleeps until something is due. For a pool that
 * other processes see it also keeps the history that they see, and starts with the pool.
 *
 * The pool does without it when it cannot be started: whatever it finds, a checkout finds too.
 */
#include "pool_state.h"

#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "steer.h"
#include "sweep.h"

#define NS_PER_MS INT64_C(1000000)
#define WAKE_KEY  UINT64_MAX /* beside those of connections */
#define STEER_KEY (UINT64_MAX - 1)

enum { EVENTS_AT_ONCE = 16, SLOT_BITS = 16 };

static const int64_t ping_limit_ms = 5000;
static const int64_t trim_pause_ns = 1000 * NS_PER_MS;
static const int64_t spare_tick_ns = 1000 * NS_PER_MS;
static const int64_t renewal_pause_ns = 5000 * NS_PER_MS; /* after one that failed */

void pool_keeper_none(hg_pool *pool)
{
    pool->keeping = false;
    pool->renewal = RENEWAL_NONE;
    pool->renew_ns = 0;
    pool->keeper_wake = -1;
    pool->steer_listener = -1;
    atomic_store(&pool->keeper_epoll, -1);
}

void pool_keeper_release(hg_pool *pool)
{
    int epoll = atomic_load(&pool->keeper_epoll);

    if (epoll >= 0)
        close(epoll);
    if (pool->keeper_wake >= 0)
        close(pool->keeper_wake);
    if (pool->steer_listener >= 0)
        close(pool->steer_listener);
    pool_keeper_none(pool);
}

void pool_keeper_wake(hg_pool *pool)
{
    if (pool->keeper_wake >= 0)
        (void)eventfd_write(pool->keeper_wake, 1);
}

/* What an event is about: a slot, and which of the connections that were in it. */
static uint64_t key_of(const hg_pool *pool, const struct slot *slot)
{
    return atomic_load(&slot->shared->connects) << SLOT_BITS | (uint64_t)(slot - pool->slots);
}

/*
 * Under the lock: a server hung up. Those who took their connection before that have another look
 * at it. The connection is taken out of use: here when it is idle, which is when its slot is
 * returned, CLOSING; by its return when somebody holds it.
 */
static struct slot *take_lost(hg_pool *pool, uint64_t key)
{
    struct slot *slot = &pool->slots[key & ((1 << SLOT_BITS) - 1)];
    enum hg_slot_state state = slot_state(slot);

    atomic_store(&pool->suspect_ns, clock_now_ns());
    if (key != key_of(pool, slot) || state == HG_SLOT_EMPTY || state == HG_SLOT_OPENING)
        return NULL; /* closed meanwhile */
    atomic_fetch_or(&slot->generation, GENERATION_LOST);
    pool_note(pool, HG_POOL_EVENT_HUNG_UP, slot, "");
    return slot_swap(slot, HG_SLOT_IDLE, HG_SLOT_CLOSING) ? slot : NULL;
}

static void hear(hg_pool *pool, uint64_t key)
{
    struct slot *slot;
    eventfd_t ignored;

    if (key == WAKE_KEY) {
        (void)eventfd_read(pool->keeper_wake, &ignored);
        return;
    }
    if (key == STEER_KEY) {
        steer_hear(pool, pool->steer_listener);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    slot = take_lost(pool, key);
    pthread_mutex_unlock(&pool->lock);
    pool_retire(pool, slot, CLOSE_HUNG_UP);
}

/* Sleeps until something happens or a point in time comes, and sees to what happened. */
static void listen_until(hg_pool *pool, int64_t until_ns)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int64_t left_ns = until_ns - clock_now_ns();
    int timeout_ms = 0, n;

    if (until_ns == INT64_MAX)
        timeout_ms = -1;
    else if (left_ns > 0) /* never too early */
        timeout_ms = (int)(left_ns < INT_MAX * NS_PER_MS ? left_ns / NS_PER_MS + 1 : INT_MAX);
    n = epoll_wait(atomic_load(&pool->keeper_epoll), events, EVENTS_AT_ONCE, timeout_ms);
    for (int i = 0; i < n; i++)
        hear(pool, events[i].data.u64);
}

static int64_t renewal_due_ns(const hg_pool *pool, const struct slot *slot)
{
    return sweep_renewal_due(slot->expires_ns, pool->options.settings.recycle_ms);
}

/* Under the lock: an idle connection that is to be replaced, CLOSING then; NULL: none. */
static struct slot *take_old(hg_pool *pool, int64_t now_ns)
{
    for (unsigned i = 0; i < pool_slot_count(pool); i++) {
        struct slot *slot = &pool->slots[i];

        if (slot_state(slot) == HG_SLOT_IDLE && renewal_due_ns(pool, slot) <= now_ns
            && slot_swap(slot, HG_SLOT_IDLE, HG_SLOT_CLOSING))
            return slot;
    }
    return NULL;
}

struct slot *pool_end_renewal(hg_pool *pool, bool ok)
{
    struct slot *old = NULL;
    int64_t now_ns = clock_now_ns();

    if (!pool_renews(pool))
        return NULL;
    if (!ok)
        pool->renew_ns = now_ns + renewal_pause_ns;
    else if (pool->renewal == RENEWAL_OLD_IS_THERE)
        old = take_old(pool, now_ns);
    pool->renewal = old == NULL ? RENEWAL_NONE : RENEWAL_OLD_IS_GOING;
    pool_keeper_wake(pool);
    return old;
}

void pool_replace(hg_pool *pool, struct slot *old)
{
    if (old == NULL)
        return;
    pool_retire(pool, old, CLOSE_RECYCLE);
    pthread_mutex_lock(&pool->lock);
    pool->renewal = RENEWAL_NONE;
    pool_keeper_wake(pool);
    pthread_mutex_unlock(&pool->lock);
}

/* What there is to do, and the slot to do it to, which is the housekeeper's then. */
struct chore {
    enum { CHORE_NONE, CHORE_PING, CHORE_CLOSE } what;
    struct slot *slot;
    enum telemetry_close why;
};

static bool was_used(const struct slot *slot)
{
    return atomic_load(&slot->shared->checkouts) != atomic_load(&slot->shared->checkouts_before);
}

/*
 * Under the lock: begins to replace a connection whose time has come. The new one is opened first
 * where there is room for both. What is beyond the pool's size, or was of no use to anybody in all
 * its life, only goes.
 */
static void begin_renewal(hg_pool *pool, struct slot *slot, struct chore *out)
{
    bool needed = pool->open <= pool->size && (was_used(slot) || pool->open == 1);

    if (needed && pool->open + pool->opening < pool->limit) {
        pool->renewal = RENEWAL_OLD_IS_THERE;
        pool_start_connects(pool);
    } else if (needed && pool->failures > 0) {
        pool->renew_ns = clock_now_ns() + renewal_pause_ns; /* an old one is better than none */
    } else if (slot_swap(slot, HG_SLOT_IDLE, HG_SLOT_CLOSING)) {
        if (needed)
            pool->renewal = RENEWAL_OLD_IS_GONE;
        *out = (struct chore){CHORE_CLOSE, slot, needed ? CLOSE_RECYCLE : CLOSE_SURPLUS};
    }
}

/* Under the lock: when this connection next needs something, which is done or handed out in `out`
 * when that is now. One that is in use may come back at any moment, but needs nothing before it has
 * been idle for a while. */
static int64_t attend(hg_pool *pool, struct slot *slot, int64_t now_ns, struct chore *out)
{
    bool idle = slot_state(slot) == HG_SLOT_IDLE;
    int64_t since_ns = idle ? atomic_load(&slot->shared->since_ns) : now_ns;
    int64_t renew_ns = renewal_due_ns(pool, slot), ping_ns = INT64_MAX;

    if (renew_ns != INT64_MAX && renew_ns < pool->renew_ns)
        renew_ns = pool->renew_ns;
    if (!idle && renew_ns < now_ns + SWEEP_PING_AFTER_NS)
        renew_ns = now_ns + SWEEP_PING_AFTER_NS;
    if (pool->renewal != RENEWAL_NONE)
        renew_ns = INT64_MAX; /* its end wakes us */
    if (pool->options.settings.pre_ping)
        ping_ns = sweep_ping_due(since_ns, slot->answered_ns);
    if (renew_ns <= now_ns)
        begin_renewal(pool, slot, out);
    else if (ping_ns <= now_ns && slot_swap(slot, HG_SLOT_IDLE, HG_SLOT_CHECKING))
        *out = (struct chore){.what = CHORE_PING, .slot = slot};
    return renew_ns < ping_ns ? renew_ns : ping_ns;
}

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* Under the lock: the connection that was idle longest, if there are more than are to be ready. */
static struct slot *find_unused(const hg_pool *pool)
{
    struct slot *oldest = NULL;
    int idle = 0;

    for (unsigned i = 0; i < pool_slot_count(pool); i++) {
        struct slot *slot = &pool->slots[i];

        if (slot_state(slot) != HG_SLOT_IDLE)
            continue;
        if (oldest == NULL || slot->shared->since_ns < oldest->shared->since_ns)
            oldest = slot;
        idle++;
    }
    return idle > pool->options.settings.min_idle ? oldest : NULL;
}

/* Under the lock: closes what nobody has used for long, one after the other with pauses between, so
 * that a wave of callers who come back finds some still there. Returns when to look again. */
static int64_t trim(hg_pool *pool, int64_t now_ns, struct chore *out)
{
    int64_t idle_ms = pool->options.settings.idle_timeout_ms, due_ns;
    struct slot *slot;

    if (idle_ms <= 0)
        return INT64_MAX;
    slot = find_unused(pool);
    if (slot == NULL) /* the next to come back */
        return now_ns + idle_ms * NS_PER_MS;
    due_ns = slot->shared->since_ns + idle_ms * NS_PER_MS;
    if (due_ns < pool->trim_ns)
        due_ns = pool->trim_ns;
    if (due_ns <= now_ns && slot_swap(slot, HG_SLOT_IDLE, HG_SLOT_CLOSING)) {
        pool->trim_ns = now_ns + trim_pause_ns;
        *out = (struct chore){CHORE_CLOSE, slot, CLOSE_IDLE};
    }
    return due_ns;
}

/* Under the lock: opens what is to be kept ready. Those who take one do not look for the next. */
static int64_t replenish(hg_pool *pool, int64_t now_ns)
{
    if (pool->options.settings.min_idle == 0)
        return INT64_MAX;
    pool_start_connects(pool);
    return now_ns + spare_tick_ns;
}

/* Under the lock: looks for something to do; returns when to look again if there is nothing. */
static int64_t find_chore(hg_pool *pool, struct chore *out)
{
    int64_t now_ns = clock_now_ns(), next_ns = INT64_MAX;

    for (unsigned i = 0; i < pool_slot_count(pool) && out->what == CHORE_NONE; i++) {
        struct slot *slot = &pool->slots[i];
        enum hg_slot_state state = slot_state(slot);
        int64_t due_ns;

        if (state == HG_SLOT_EMPTY || state == HG_SLOT_OPENING || state == HG_SLOT_CLOSING)
            continue;
        due_ns = attend(pool, slot, now_ns, out);
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    if (out->what == CHORE_NONE)
        next_ns = earlier(next_ns, trim(pool, now_ns, out));
    next_ns = earlier(next_ns, replenish(pool, now_ns));
    return out->what == CHORE_NONE ? next_ns : now_ns;
}

static void do_chore(hg_pool *pool, const struct chore *chore)
{
    if (chore->what == CHORE_PING)
        pool_keep_alive(pool, chore->slot, hg_deadline_in_ms(ping_limit_ms));
    else if (chore->what == CHORE_CLOSE)
        pool_retire(pool, chore->slot, chore->why);
}

/* Keeps the published history, if there is one; returns when to do so again. */
static int64_t record(hg_pool *pool)
{
    bool kept = pool->telemetry.fd >= 0 && !pool->options.no_history;

    return kept ? telemetry_record(&pool->telemetry, clock_now_ns()) : INT64_MAX;
}

/* Under the lock: nobody is to wait for an answer that will not come. */
static void stop_listening(hg_pool *pool)
{
    if (pool->steer_listener >= 0)
        close(pool->steer_listener);
    pool->steer_listener = -1;
}

static void *keep(void *context)
{
    hg_pool *pool = context;

    pthread_setname_np(pthread_self(), "headgate-keeper");
    pthread_mutex_lock(&pool->lock);
    while (!atomic_load(&pool->closed)) {
        struct chore chore = {CHORE_NONE};
        int64_t next_ns = find_chore(pool, &chore);

        pool_unlock(pool);
        do_chore(pool, &chore);
        next_ns = earlier(next_ns, pool_report_leaks(pool));
        listen_until(pool, earlier(next_ns, record(pool)));
        pthread_mutex_lock(&pool->lock);
    }
    stop_listening(pool);
    pool_thread_ends(pool);
    pool->keeping = false;
    pool_settle_close(pool);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static bool watch(int epoll, int fd, uint32_t events, uint64_t key)
{
    struct epoll_event event = {.events = events, .data.u64 = key};

    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool pool_keeper_start(hg_pool *pool)
{
    if (pool->keeping || atomic_load(&pool->closed))
        return pool->keeping;
    pool->keeper_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_store(&pool->keeper_epoll, epoll_create1(EPOLL_CLOEXEC));
    if (pool->telemetry.fd >= 0)
        pool->steer_listener =
            steer_listen(pool->telemetry.folder, pool->telemetry.name, pool->name);
    if (pool->steer_listener >= 0)
        (void)watch(atomic_load(&pool->keeper_epoll), pool->steer_listener, EPOLLIN, STEER_KEY);
    pool->keeping = pool->keeper_wake >= 0
                    && watch(atomic_load(&pool->keeper_epoll), pool->keeper_wake, EPOLLIN, WAKE_KEY)
                    && pool_start_thread(keep, pool);
    if (!pool->keeping)
        pool_keeper_release(pool);
    return pool->keeping;
}

/* Whether there is something to do also where nobody can hang up. */
static bool has_chores(const hg_pool *pool)
{
    const hg_pool_settings *settings = &pool->options.settings;

    return settings->min_idle > 0 || settings->idle_timeout_ms > 0 || settings->leak_after_ms > 0;
}

void pool_watch(hg_pool *pool, const struct slot *slot, const hg_conn *conn)
{
    int fd = pool->driver->descriptor(conn);

    if ((fd < 0 && !has_chores(pool)) || !pool_keeper_start(pool))
        return;
    if (fd >= 0)
        (void)watch(atomic_load(&pool->keeper_epoll), fd, EPOLLRDHUP | EPOLLONESHOT,
                    key_of(pool, slot));
    pool_keeper_wake(pool);
}

void pool_unwatch(hg_pool *pool, const hg_conn *conn)
{
    int epoll = atomic_load(&pool->keeper_epoll), fd = pool->driver->descriptor(conn);

    if (epoll >= 0 && fd >= 0)
        (void)epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
}
