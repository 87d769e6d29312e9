/*
 * pool_state.h - the inside of a pool, for the files of this room.
 *
 *   pool.c      a pool's life: open, invalidate, close, fork
 *   checkout.c  the fast path: take, examine, hand out, reset, give back
 *   waiters.c   the slow path: the queue of callers, and what happens when capacity comes free
 *   loans.c     the handles that callers get
 *   opener.c    the threads that open connections
 *   keeper.c    the thread that sees to connections which nobody asks for
 *   leaks.c     who holds a connection for too long
 *   steer.c     what other processes may ask of it
 *   control.c   what an operator changes at run time
 *   condition.c waiting with a deadline on the monotonic clock
 */
#ifndef POOL_POOL_STATE_H
#define POOL_POOL_STATE_H

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include <headgate/pool.h>

#include "base/clock.h"
#include "driver/driver.h"
#include "loans.h"
#include "telemetry.h"

/*
 * States of a slot. IDLE is free for whoever swaps it; every other state but EMPTY belongs to one
 * thread, which alone touches the connection. EMPTY slots are claimed under the lock.
 *
 *            claim            opened         take
 *    EMPTY ---------> OPENING -------> IDLE -------> IN_USE <-------> CHECKING (1)
 *     ^ ^                |             ^  |           |   |  look, fit    |
 *     | |     failed     |             |  |    return |   |               |
 *     | +----------------+       clean |  |           v   |               |
 *     |                                +--|----- RESETTING|               |
 *     |                           surplus |           |   | old           | dead
 *     |             closed                v     lost, |   |               |
 *     +------------------------------- CLOSING <------+---+---------------+
 *                                              not clean
 *    (1) or from IDLE and back, when the housekeeper looks
 *
 * Whatever makes a slot IDLE or EMPTY ends in pool_capacity_freed().
 */

/* What a connection was doing when the process was forked. The published state cannot say: the
 * parent goes on changing it. */
enum slot_phase { PHASE_IDLE, PHASE_HELD, PHASE_BUSY };

/* What a return has to do for those who wait, beside making its slot free. */
enum attention {
    ATTENTION_NONE,
    ATTENTION_TOLD, /* the first waiter looks by itself: nothing to do before patience is over */
    ATTENTION_SERVE /* call pool_capacity_freed() */
};

/* Added to a slot's generation when its server has hung up: it is outdated then, whatever the
 * pool's is. */
#define GENERATION_LOST (UINT64_C(1) << 63)

/* The same when an operator wants it gone, or its user. */
#define GENERATION_EVICTED  (UINT64_C(1) << 62)
#define GENERATION_UNWANTED (UINT64_C(1) << 61)
#define GENERATION_FLAGS    (GENERATION_LOST | GENERATION_EVICTED | GENERATION_UNWANTED)

/* A connection is being opened in place of an old one. */
enum renewal {
    RENEWAL_NONE,
    RENEWAL_OLD_IS_THERE, /* and goes when the new one has come */
    RENEWAL_OLD_IS_GONE,  /* there was no room for both */
    RENEWAL_OLD_IS_GOING  /* the new one has come */
};

/* What the process keeps to itself about a slot. Written by the slot's owner. */
struct slot {
    _Alignas(64) _Atomic(hg_conn *) conn; /* NULL: none; read by others only to be compared */
    _Atomic uint64_t generation;          /* of the pool when opening began; or GENERATION_LOST */
    int64_t expires_ns;
    int64_t answered_ns; /* when it last answered the housekeeper; 0: never */
    const char *tag;     /* whose text is published as the holder */
    struct telemetry_slot *shared;
    struct loans *loans; /* its handles; NULL: it never had a connection */
    enum slot_phase phase;
    _Atomic bool reported; /* as held for too long */
};

/* What a waiter has been told. */
enum waiter_word {
    WAITER_ASLEEP,
    WAITER_LOOK,   /* something is free: look, under the lock */
    WAITER_SERVED, /* `slot` is yours, IN_USE; you have left the queue */
    WAITER_FAILED  /* no connection will come: the pool's connect_error says why */
};

/* A caller in the queue; lives on its stack, and may be gone as soon as it is served or failed.
 * Guarded by the lock, but for the word that it sleeps on. */
struct waiter {
    struct waiter *next, **link; /* link NULL: no longer in the queue */
    int64_t since_ns;
    struct slot *slot;
    bool looked;           /* by itself */
    bool interrupted;      /* it shall not wait any longer */
    _Atomic uint32_t word; /* enum waiter_word */
};

enum { WAKES_MOST = 16 };

struct hg_pool {
    /* Does not change while the pool is open. */
    const struct driver *driver;
    hg_url *url; /* NULL: the driver needs none */
    char *name, *role, *runtime_dir;
    hg_pool_options options;
    struct telemetry telemetry;
    struct slot *slots; /* room for as many as any pool may have */
    void *slots_block;  /* in which they lie */

    char line_before_shared[64];
    /* Read by every checkout and return, seldom written. */
    _Atomic enum attention attention;
    _Atomic bool closed;
    _Atomic bool paused;         /* nobody gets a connection for now */
    _Atomic unsigned slot_count; /* places there are in use; only grows. 0: closed and done with */
    _Atomic int64_t oldest_waiter_ns; /* 0: nobody waits */
    _Atomic uint64_t generation;      /* connections of an older one are replaced */
    _Atomic int64_t suspect_ns;       /* when an idle connection was last found dead; 0: never */
    _Atomic int forks;                /* pool_forks when it was opened or taken over */
    char line_after_shared[64];

    /*
     * The pool's only lock; nothing is locked under it but what base/ locks. Nobody talks to a
     * database, closes a connection or writes to the log under it, apart from whoever makes or ends
     * the pool, alone with it then. Guards all below.
     */
    pthread_mutex_t lock;
    struct waiter *first, **last;
    _Atomic uint32_t *wakes[WAKES_MOST]; /* words to wake when the lock is released */
    int wake_count;
    int size;                 /* how many connections are kept */
    int limit;                /* how many may be open */
    int waiting;              /* in the queue */
    int in_vain;              /* waiters who were woken in a row and found nothing */
    _Atomic uint64_t misuses; /* returns of what had been returned before; without the lock */
    uint64_t timeouts_paused; /* callers whose deadline came while nobody was to be served */
    int callers;              /* in pool_wait() without a slot, also outside the queue */
    int open;                 /* slots with a connection */
    int opening;              /* slots on the way to one */
    int growth;               /* connects to begin whether anybody waits or not, see join_queue() */
    bool ahead;               /* one is on its way that no caller has come for yet */
    int workers;              /* opener threads that live */
    bool keeping;             /* the housekeeper lives */
    _Atomic int keeper_epoll; /* what it listens to, -1: nothing; read without the lock */
    int keeper_wake;          /* a descriptor that wakes it */
    int steer_listener;       /* a socket on which it hears other processes, -1: none */
    enum renewal renewal;
    int64_t renew_ns;       /* no renewal begins before */
    int64_t trim_ns;        /* no idle connection is closed before, for want of use */
    int64_t spare_ns;       /* none is opened before to be kept ready */
    bool filling;           /* hg_pool_open() waits for those that are kept ready */
    uint64_t swept;         /* the generation whose idle forerunners are closed */
    int failures;           /* connects that failed in a row */
    int64_t retry_ns;       /* no connect begins before */
    hg_error connect_error; /* why the last one failed */
    pthread_cond_t work;    /* workers: something to open, or the end */
    pthread_cond_t quiet;   /* hg_pool_close(): nothing of the pool is in use any more;
                               hg_pool_open(): a connect has ended */
    bool orphaned;          /* hg_pool_close() has gone before that */
    struct hg_pool *next_spare;
};

/* pool.c */

/* Makes a pool over any engine; url may be NULL when the engine needs none. For tests, and for
 * hg_pool_open(). */
bool pool_open_with(const struct driver *driver, const hg_url *url, const hg_pool_options *options,
                    hg_pool **out_pool, hg_error *err);

bool pool_is_in_memory(const hg_pool *pool);

/* What settings of a size and an overflow come to. err: HG_CONFIG. */
bool pool_count_places(int size, int max_overflow, int *out_kept, int *out_limit, hg_error *err);

/* Counts forks; changes in the child. */
extern _Atomic int pool_forks;

static inline int pool_fork_number(void)
{
    return atomic_load_explicit(&pool_forks, memory_order_relaxed);
}

/* The first call in a forked child: gives up what belongs to the parent. */
void pool_take_over(hg_pool *pool);

static inline void pool_notice_fork(hg_pool *pool)
{
    if (atomic_load_explicit(&pool->forks, memory_order_acquire) != pool_fork_number())
        pool_take_over(pool);
}

/* Under the lock, after something of the pool went out of use: lets hg_pool_close() go on, or does
 * the rest in its place. */
void pool_settle_close(hg_pool *pool);

/* Notes in the published history that something happened to a slot, or to the pool (NULL). */
static inline void pool_note(hg_pool *pool, hg_pool_event_kind kind, const struct slot *slot,
                             const char *detail)
{
    telemetry_note_event(&pool->telemetry, kind, slot == NULL ? -1 : (int)(slot - pool->slots),
                         detail);
}

/* checkout.c */

/* Takes a free slot, IN_USE; NULL: there is none. */
struct slot *pool_claim_idle(hg_pool *pool);

/* Closes the connection of a slot that the caller owns, and whatever else is too much then. May be
 * the last use of a closed pool. */
void pool_retire(hg_pool *pool, struct slot *slot, enum telemetry_close why);

/* hg_pool_return(), for a caller at that place in the program. */
void pool_give_back(hg_pool *pool, hg_conn *handle, const void *at);

/* Looks, with a round trip, whether the connection of a slot that is CHECKING answers: it is idle
 * again then, and else closed. */
void pool_keep_alive(hg_pool *pool, struct slot *slot, hg_deadline by);

/* How many slots to look at: those beyond have never had a connection. */
static inline unsigned pool_slot_count(const hg_pool *pool)
{
    return atomic_load_explicit(&pool->slot_count, memory_order_acquire);
}

static inline enum hg_slot_state slot_state(const struct slot *slot)
{
    return (enum hg_slot_state)atomic_load(&slot->shared->state);
}

/* Why a connection whose generation is not the pool's goes. */
static inline enum telemetry_close slot_stale_reason(const struct slot *slot)
{
    uint64_t generation = atomic_load_explicit(&slot->generation, memory_order_relaxed);

    if ((generation & GENERATION_LOST) != 0)
        return CLOSE_HUNG_UP;
    if ((generation & GENERATION_EVICTED) != 0)
        return CLOSE_EVICT;
    return (generation & GENERATION_UNWANTED) != 0 ? CLOSE_DISCARD : CLOSE_INVALIDATED;
}

/* Takes a slot out of a state in which several threads may want it; false: another one was faster.
 */
static inline bool slot_swap(struct slot *slot, enum hg_slot_state from, enum hg_slot_state to)
{
    uint32_t expected = from;

    return atomic_compare_exchange_strong(&slot->shared->state, &expected, to);
}

/* The owner's step to another state, as the diagram allows it. */
static inline void slot_set(struct slot *slot, enum hg_slot_state to)
{
    static const unsigned next[] = {
        [HG_SLOT_EMPTY] = 1 << HG_SLOT_OPENING,
        [HG_SLOT_OPENING] = 1 << HG_SLOT_IDLE | 1 << HG_SLOT_EMPTY,
        [HG_SLOT_IN_USE] = 1 << HG_SLOT_CHECKING | 1 << HG_SLOT_RESETTING | 1 << HG_SLOT_CLOSING,
        [HG_SLOT_CHECKING] = 1 << HG_SLOT_IN_USE | 1 << HG_SLOT_CLOSING,
        [HG_SLOT_RESETTING] = 1 << HG_SLOT_CLOSING,
        [HG_SLOT_CLOSING] = 1 << HG_SLOT_CLOSING | 1 << HG_SLOT_EMPTY,
    };

    assert((next[slot_state(slot)] >> to & 1) != 0);
    atomic_store_explicit(&slot->shared->state, to, memory_order_release);
}

/* waiters.c */

/* Nobody overtakes a caller who has waited so long. Handing every connection straight to the queue
 * would make each return a switch of threads; never doing it lets the unlucky starve. */
#define POOL_PATIENCE_NS INT64_C(1000000)

/* Releases the lock and wakes those who were served or failed under it: a thread that woke before
 * would run into the lock. */
void pool_unlock(hg_pool *pool);

/* Waits until `by` for a slot, which the caller then owns, IN_USE. */
bool pool_wait(hg_pool *pool, hg_deadline by, struct slot **out_slot, hg_error *err);

/* Every event that changes capacity ends here: a return, a discard, an invalidation, a connect that
 * came or failed, a close. Not under the lock. */
void pool_capacity_freed(hg_pool *pool);

/*
 * The same under the lock: gives what is free to those who wait, begins connects for those who go
 * on waiting, and picks a connection that is too much. Returns its slot, CLOSING, which the caller
 * must pool_retire() without the lock; NULL: none.
 */
struct slot *pool_serve(hg_pool *pool, enum telemetry_close *out_why);

/* Under the lock: the first n waiters get connect_error, or hear that the pool is closed. */
void pool_fail_waiters(hg_pool *pool, int n);

/* opener.c */

/* Under the lock: sees to it that threads are there for the connects that are wanted. */
void pool_start_connects(hg_pool *pool);

/* Under the lock: how many connections are to be opened only to be kept ready. */
int pool_spare_wanted(const hg_pool *pool);

/* Opens those that the settings want ready, and waits for them until `by`. */
bool pool_fill(hg_pool *pool, hg_deadline by, hg_error *err);

/* Starts a thread that nobody joins (hg_pool_close() waits for its count) and that takes no
 * signals: those are the program's. */
bool pool_start_thread(void *(*run)(void *pool), hg_pool *pool);
/* Such a thread's last call to the engine; after it the pool need not wait for the thread. */
void pool_thread_ends(const hg_pool *pool);

/* keeper.c */

/* Says that the pool has no housekeeper. */
void pool_keeper_none(hg_pool *pool);

/* Under the lock: sees to it that the thread is there; false: it cannot be started. */
bool pool_keeper_start(hg_pool *pool);

/* Gives up its descriptors when the thread has ended or, in a forked child, never was. */
void pool_keeper_release(hg_pool *pool);

/* Under the lock: has it look at once what is due. */
void pool_keeper_wake(hg_pool *pool);

/* Under the lock: the slot has a connection from now on. */
void pool_watch(hg_pool *pool, const struct slot *slot, const hg_conn *conn);

/* Before the connection is closed: its descriptor's number will be used again. */
void pool_unwatch(hg_pool *pool, const hg_conn *conn);

/* Under the lock: a connect has ended; whatever it was begun for, a renewal has its answer. Returns
 * the slot of the connection that is replaced, CLOSING, for pool_replace() without the lock; NULL:
 * none. */
struct slot *pool_end_renewal(hg_pool *pool, bool ok);
void pool_replace(hg_pool *pool, struct slot *old);

/* Under the lock: whether a connect is wanted for a renewal. */
static inline bool pool_renews(const hg_pool *pool)
{
    return pool->renewal == RENEWAL_OLD_IS_THERE || pool->renewal == RENEWAL_OLD_IS_GONE;
}

/* leaks.c */

/* Reports every connection that is held for too long and was not reported yet. Not under the lock.
 * Returns when to look again. */
int64_t pool_report_leaks(hg_pool *pool);

/* What was reported comes back. */
void pool_end_leak(hg_pool *pool, struct slot *slot, int64_t held_ns);

/* condition.c */

void condition_init(pthread_cond_t *condition);
/* Waits until a signal or a point in time of clock_now_ns(); false: the time came first. */
bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t until_ns);

/* Sleeps while the word says `asleep`; false: the time came first. */
bool word_wait(_Atomic uint32_t *word, uint32_t asleep, int64_t until_ns);
/* Wakes who sleeps on it. The word itself may be gone already: only its address is used, and
 * whoever sleeps there now just looks once more. */
void word_wake(_Atomic uint32_t *word);

#endif
