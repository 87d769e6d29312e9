/*
 * pool.h - connections that are shared by threads: checkout, return, statistics, and every pool of
 * this host.
 *
 * The model is SQLAlchemy's QueuePool: size, max_overflow, timeout, recycle, pre_ping, last in
 * first out, rollback on return, and one disconnect invalidating every connection that is older.
 * All functions may be called from any thread.
 */
#ifndef HEADGATE_POOL_H
#define HEADGATE_POOL_H

#include <headgate/connection.h>
#include <headgate/settings.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hg_pool hg_pool;

typedef struct hg_pool_options {
    const char *name;        /* shown by `headgate pools`; borrowed; NULL: "main" */
    const char *role;        /* goes into application_name=headgate/ROLE@HOST:PID; NULL: "app" */
    const char *runtime_dir; /* where the pool publishes itself; NULL: it does not */
    hg_pool_settings settings;
    bool read_only; /* sessions cannot write: default_transaction_read_only, SQLITE_OPEN_READONLY */
    bool may_create; /* SQLite: create the file when it is not there (folder too) */
    /* Prepares a connection that was just opened, once, before anybody gets it; NULL: nothing to
     * do. Called from a thread of the pool, several at a time. false: the connect has failed with
     * err, and the connection is closed. What it leaves open is rolled back. */
    bool (*on_connect)(hg_conn *conn, void *context, hg_deadline by, hg_error *err);
    void *on_connect_context;
    /* Asked ten times a second by whoever waits for a connection, also for one that is being
     * opened: true ends the wait with HG_CANCELLED. From any thread, under no lock; NULL: nobody is
     * asked. */
    bool (*interrupted)(void *context);
    void *interrupted_context;
    bool no_history; /* of what it publishes only the present: nobody wakes up to look, so that a
                        tool which rests costs nothing */
} hg_pool_options;

/* Options of a pool as the settings say. Texts are borrowed from the settings. */
HG_API hg_pool_options hg_pool_options_from(const hg_settings *settings);

/*
 * The settings for a tool that works beside the application on the same database: what is said
 * about the database stays, what an application wants of its pool does not. Nothing is opened
 * before it is needed, a return rolls back, callers hear at once that the server is down, nobody is
 * reported.
 */
HG_API hg_pool_settings hg_pool_settings_for_tool(hg_pool_settings settings);

/*
 * Makes a pool. Opens no connection yet, unless settings.min_idle says so: then it waits for them,
 * for the settings' timeout at most, and fails with what connecting said; threads that open them
 * start on first need, and one that looks after them with the first that a server may hang up on,
 * or at once when the pool publishes itself. url and texts are kept for as long as they are needed.
 * A database in memory lives in one connection, whatever the size says. out_pool: on success the
 * caller's until hg_pool_close(). err: HG_NOMEM, HG_CONFIG; with min_idle also as
 * hg_pool_checkout().
 *
 * A connection that is held for longer than settings.leak_after_ms is reported once, to the log and
 * to whoever looks at the pool, with holder, thread and, in the log, the thread's stack as it was
 * then; its return is reported too. The stack is asked for by a SIGURG, which does nothing where
 * nobody waits for it: a handler of the program's own stays in force, a thread that blocks the
 * signal is reported without a stack, and a system call that may end with EINTR may do so.
 */
HG_API bool hg_pool_open(const hg_url *url, const hg_pool_options *options, hg_pool **out_pool,
                         hg_error *err);

/*
 * Nobody gets a connection any more: waiters and newcomers fail with HG_POOL_CLOSED, what comes
 * back is closed. The pool itself stays until hg_pool_close(). Never waits.
 */
HG_API void hg_pool_drain(hg_pool *pool);

/*
 * Hands out no connection until hg_pool_resume(): who asks waits for it, until the deadline at most
 * (HG_POOL_TIMEOUT, counted apart). Nothing is taken from those who hold one, nothing is closed,
 * nothing new is opened. Twice is as good as once.
 */
HG_API void hg_pool_pause(hg_pool *pool);
HG_API void hg_pool_resume(hg_pool *pool);

/*
 * Changes how many connections are kept, and how many more there may be, with the meaning and the
 * limits of the settings. What is too many now closes when it is idle or comes back; nobody is cut
 * off. err: HG_CONFIG, HG_UNSUPPORTED (a database in memory), HG_DISK_FULL (no room to publish
 * more), HG_POOL_CLOSED; the pool is as it was then.
 */
HG_API bool hg_pool_resize(hg_pool *pool, int size, int max_overflow, hg_error *err);

/* Closes one connection, by the number that hg_pool_connection.slot shows: at once when it is idle,
 * else when it comes back. err: HG_MISUSE when there is none at that place. */
HG_API bool hg_pool_evict(hg_pool *pool, int slot, hg_error *err);

/*
 * Closes the pool: idle connections now, those that callers hold when they are returned; waiters
 * fail with HG_POOL_CLOSED. Waits until `by` for holders; nothing is taken from those who are
 * later, and the last of them ends the pool. No other call but a return or discard may begin after
 * this one. NULL is fine.
 */
HG_API void hg_pool_close(hg_pool *pool, hg_deadline by);

/*
 * Takes a connection out of the pool, waiting until `by`; first come, first served. The deadline
 * covers waiting, connecting and pinging. out_conn: on success the caller's until hg_pool_return();
 * on failure untouched. tag: who holds it, shown in statistics and leak reports; a string constant
 * (kept, not copied); NULL is fine. err: HG_POOL_TIMEOUT (all still busy at `by`), HG_TIMEOUT
 * (still connecting at `by`), HG_CANCELLED (the options' interrupted()), HG_POOL_CLOSED,
 * HG_POOL_FULL, what connecting said (HG_UNAVAILABLE, HG_AUTH, ...), HG_NOMEM.
 */
HG_API bool hg_pool_checkout(hg_pool *pool, const char *tag, hg_deadline by, hg_conn **out_conn,
                             hg_error *err);

/* Gives a connection back: reset as the options say, then idle, handed to a waiter, or closed.
 * Never fails. What is no connection of this pool, or was returned before, even if somebody else
 * has it by now, is left alone and logged, with the place of the first return. */
HG_API void hg_pool_return(hg_pool *pool, hg_conn *conn);

/* Gives back a connection that must not be used again: it is closed. */
HG_API void hg_pool_discard(hg_pool *pool, hg_conn *conn);

/* Has a connection closed when it is returned; until then it may be used. */
HG_API void hg_pool_invalidate_one(hg_pool *pool, hg_conn *conn);

/* Takes a connection out of the pool for good, which may open another in its place. Returns what
 * the caller goes on with, until hg_conn_close(); conn itself is as good as returned. NULL: conn
 * was not the caller's. */
HG_API hg_conn *hg_pool_detach(hg_pool *pool, hg_conn *conn);

/* Every connection that is open now is replaced before its next use; those in use when they come
 * back. */
HG_API void hg_pool_invalidate(hg_pool *pool);

/* The timeout that the settings give a checkout, from now. */
HG_API hg_deadline hg_pool_deadline(const hg_pool *pool);

/* The URL the pool was opened with; lives as long as the pool. */
HG_API const hg_url *hg_pool_url(const hg_pool *pool);

/* Begins to open a connection, unless there is one or one is on its way: whoever is going to check
 * one out can do something else meanwhile. Waits for no database; the first call loads the engine's
 * library. What fails, the checkout says. */
HG_API void hg_pool_warm(hg_pool *pool);

typedef enum hg_slot_state {
    HG_SLOT_EMPTY,
    HG_SLOT_OPENING,
    HG_SLOT_IDLE,
    HG_SLOT_IN_USE,
    HG_SLOT_CHECKING, /* pinged before use */
    HG_SLOT_RESETTING,
    HG_SLOT_CLOSING
} hg_slot_state;

HG_API const char *hg_slot_state_name(hg_slot_state state); /* "idle", "in use", ... */

/* What the time of opening a connection goes into, in this order for each address that is tried. */
typedef enum hg_connect_phase {
    HG_CONNECT_RESOLVE, /* the host's name is looked up */
    HG_CONNECT_TCP,     /* the server is reached; a local socket counts here too */
    HG_CONNECT_TLS,
    HG_CONNECT_AUTH,  /* until the server has let us in */
    HG_CONNECT_SETUP, /* the session's settings, and what the program prepares; of a file, all */
    HG_CONNECT_PHASES
} hg_connect_phase;

HG_API const char *hg_connect_phase_name(hg_connect_phase phase); /* "resolve", "tcp", ... */

#define HG_POOL_SLOTS_MAX  256 /* connections of one pool; what "no limit" means */
#define HG_POOL_EVENTS_MAX 64  /* that a pool remembers */
#define HG_TAG_MAX         32  /* bytes of a holder's tag that are kept, with the NUL */

typedef struct hg_pool_connection {
    int slot;
    hg_slot_state state;
    bool overflow;
    bool leaked;         /* held for longer than the pool allows, and reported */
    int64_t age_ms;      /* since it was opened; -1 when it is not */
    int64_t held_ms;     /* since checkout; -1 when nobody holds it */
    int64_t idle_ms;     /* since return; -1 when in use */
    int64_t backend_pid; /* 0 when unknown */
    int64_t holder_tid;  /* thread of the holder; 0 when nobody */
    uint64_t checkouts;  /* of this connection */
    char holder[HG_TAG_MAX];
    char address[48];                   /* what the host's name was resolved to; "" when unknown */
    hg_connect_phase phase;             /* that it is in while it is being opened */
    double phase_ms[HG_CONNECT_PHASES]; /* that opening it took, or has taken so far */
} hg_pool_connection;

/* Why a connection left the pool. */
typedef enum hg_close {
    HG_CLOSE_RECYCLE,     /* by age */
    HG_CLOSE_IDLE,        /* nobody had wanted it for long */
    HG_CLOSE_SURPLUS,     /* one more than size, and nobody waits */
    HG_CLOSE_HUNG_UP,     /* the server closed it while it was idle, and the pool heard */
    HG_CLOSE_DEAD,        /* a look before use found its socket closed */
    HG_CLOSE_NO_ANSWER,   /* it did not answer a ping */
    HG_CLOSE_LOST,        /* in use */
    HG_CLOSE_INVALIDATED, /* older than an invalidation, or than a disconnect of another one */
    HG_CLOSE_RESET,       /* it could not be reset */
    HG_CLOSE_DISCARD,     /* by its user */
    HG_CLOSE_EVICT,       /* by an operator */
    HG_CLOSE_DETACH,      /* its user keeps it */
    HG_CLOSE_POOL,        /* with the pool */
    HG_CLOSE_REASONS
} hg_close;

HG_API const char *hg_close_name(hg_close why); /* "recycle", "hung up", ... */

typedef enum hg_pool_mode {
    HG_MODE_OPEN,
    HG_MODE_PAUSED,  /* callers wait */
    HG_MODE_DRAINING /* nobody gets a connection any more */
} hg_pool_mode;

HG_API const char *hg_pool_mode_name(hg_pool_mode mode); /* "open", "paused", "draining" */

typedef enum hg_pool_event_kind {
    HG_POOL_EVENT_CONNECTED,
    HG_POOL_EVENT_CONNECT_FAILED, /* detail: why */
    HG_POOL_EVENT_CLOSED,         /* detail: the reason's name */
    HG_POOL_EVENT_HUNG_UP,        /* the server did, and the pool heard it */
    HG_POOL_EVENT_INVALIDATED,    /* all that are open */
    HG_POOL_EVENT_TIMEOUT,        /* a caller waited in vain */
    HG_POOL_EVENT_LEAK,           /* detail: holder */
    HG_POOL_EVENT_LEAK_ENDED,     /* what was reported came back */
    HG_POOL_EVENT_FORKED,         /* this pool began in a forked child */
    HG_POOL_EVENT_PAUSED,
    HG_POOL_EVENT_RESUMED,
    HG_POOL_EVENT_DRAINING,
    HG_POOL_EVENT_RESIZED,
    HG_POOL_EVENT_ASKED,     /* another process asked for a change; detail: what, who, the answer */
    HG_POOL_EVENT_DOWN,      /* nothing is open, and a connect has failed */
    HG_POOL_EVENT_UP,        /* a connect succeeds again; detail: after how long */
    HG_POOL_EVENT_LEFT_OPEN, /* returned in transaction; detail: holder */
    HG_POOL_EVENT_KINDS
} hg_pool_event_kind;

HG_API const char *hg_pool_event_name(hg_pool_event_kind kind); /* "connected", ... */

typedef struct hg_pool_event {
    int64_t at_ms;    /* Unix time; of the last one when it happened several times */
    int64_t first_ms; /* of the first one */
    hg_pool_event_kind kind;
    uint32_t times;
    int slot;            /* -1: of the whole pool */
    int64_t backend_pid; /* 0: none, or unknown */
    char detail[72];
} hg_pool_event;

/*
 * What happened in a stretch of time. Percentiles of waits are over all callers, those who did not
 * wait count as 0. Holds are measured with a clock that ticks every few milliseconds: a percentile
 * of 0 is "less than a tick"; the mean is exact.
 */
typedef struct hg_pool_window {
    int64_t span_ms; /* how much of it the pool remembers; 0: nothing yet */
    uint64_t checkouts;
    uint64_t timeouts;
    double wait_p50_ms, wait_p99_ms;
    double hold_p50_ms, hold_p99_ms, hold_mean_ms;
} hg_pool_window;

/*
 * For how long how many connections were in use, as the pool's housekeeper saw it at moments:
 * level_ms[n] with n connections where n < HG_POOL_LEVELS_EXACT; of the levels after that each
 * stands for the next eight numbers.
 */
#define HG_POOL_LEVELS       64
#define HG_POOL_LEVELS_EXACT 32

typedef struct hg_pool_use {
    uint64_t level_ms[HG_POOL_LEVELS];
    uint64_t checkouts; /* in that time */
    uint64_t waited;    /* of the callers: had to */
    double hold_mean_ms;
} hg_pool_use;

/*
 * How long something took, from the pool's beginning on: within[i] of `count` took less than bound
 * i, of which each is four times the one before. A wait that is 0 counts too. The sum of waits is
 * made from the middles of fine buckets and may be off by an eighth; that of holds is exact.
 */
#define HG_POOL_BOUNDS 8

typedef struct hg_pool_histogram {
    uint64_t within[HG_POOL_BOUNDS];
    uint64_t count;
    double sum_s;
} hg_pool_histogram;

HG_API double hg_pool_wait_bound_s(size_t i); /* 1.024 ms to 16.8 s */
HG_API double hg_pool_hold_bound_s(size_t i); /* 4 ms to 65.5 s */

HG_API int hg_pool_level_most(int level); /* the most connections that a level stands for */

/* A picture of one pool, ours or another process's. A plain value; pointers into it nowhere. */
typedef struct hg_pool_snapshot {
    int64_t pid;
    int number;       /* tells the pools of one process apart; -1: it is not published */
    char process[32]; /* the program's name */
    char name[32];
    char role[32];
    char database[128]; /* URL without secret */
    bool alive;         /* false: the process is gone, these are its last words */
    int64_t started_ms; /* Unix time */
    int64_t seen_ms;    /* Unix time of the last sign of life */
    int64_t silent_ms;  /* alive, but without the sign of life that is due every second for so long:
                           stopped or hung; -1: it is well, or dead, or never gives one */
    hg_pool_mode mode;
    int size;
    int max_overflow; /* -1: no limit */
    int in_use;
    int idle;
    int overflow; /* open beyond size */
    int opening;
    int waiting;
    int64_t oldest_waiting_ms; /* how long the first of them has been; -1: nobody waits */
    double
        expected_wait_ms; /* of one who comes now, by queue, holds and connections; -1: unknown */
    uint64_t checkouts;
    uint64_t timeouts;
    uint64_t timeouts_paused; /* beside those: of callers who waited for a pool that was paused */
    uint64_t connects;
    uint64_t connect_failures;
    uint64_t closed[HG_CLOSE_REASONS];
    uint64_t closed_stale; /* of these: found dead or unanswering, or older than an invalidation */
    uint64_t resets_open;  /* returned with a transaction open */
    uint64_t leaks;        /* reported */
    double wait_p50_ms;
    double wait_p99_ms;
    double wait_max_ms;
    double hold_max_ms;
    double hold_tick_ms;     /* holds that are shorter count as 0 in percentiles */
    hg_pool_window minute;   /* the last one */
    hg_pool_window quarter;  /* the last fifteen minutes */
    hg_pool_use use;         /* since it began */
    hg_pool_histogram waits; /* of callers */
    hg_pool_histogram holds; /* of connections by callers */
    char last_error[160];    /* "" when none; secrets removed */
    char last_sqlstate[6];   /* "" when none */
    int64_t last_error_ms;   /* Unix time, 0 when none */
    int64_t down_since_ms;   /* Unix time: since then nothing is open and connects fail; 0: it is
                                not down */
    int64_t down_ms;         /* how long it has been down in all */
    uint64_t outages;        /* how often */
    int64_t next_connect_ms; /* after a failure, until the next try; 0: with the next caller; -1:
                                the last connect did not fail */
    size_t event_count;
    hg_pool_event events[HG_POOL_EVENTS_MAX]; /* by time, the oldest first */
    size_t connection_count;
    hg_pool_connection connections[HG_POOL_SLOTS_MAX];
} hg_pool_snapshot;

/* A picture of this pool as it is now. Never waits; what is counted meanwhile may be in or not. */
HG_API void hg_pool_inspect(hg_pool *pool, hg_pool_snapshot *out);

/* How many connections a pool needs, by its own record. */
typedef struct hg_pool_advice {
    int configured;      /* size and max_overflow; 0: no limit */
    int needed;          /* as many as were ever seen in use; 0: nothing was seen yet */
    double full_percent; /* of the time when all that are configured were in use */
    int fewer;         /* with so many, hardly anybody would have waited; 0: needed is the least */
    double would_wait; /* how many callers, then */
    double wait_ms;    /* and for how long each */
    char message[160]; /* the same as a sentence without its end: "20 configured, 7 needed; with 5,
                          3 callers would have waited 1 ms" */
} hg_pool_advice;

/* Makes it of a snapshot. Pure. */
HG_API void hg_pool_advise(const hg_pool_snapshot *pool, hg_pool_advice *out);

/* Every pool of this user on this host, ordered by pid and name; dead ones too, for ten minutes. */
typedef struct hg_pool_list {
    size_t count;
    hg_pool_snapshot *pools;
} hg_pool_list;

/* Reads what the pools published in runtime_dir. Files that are not understood are skipped, never
 * trusted. out_list: the caller's until hg_pool_list_release(). */
HG_API bool hg_pool_list_read(const char *runtime_dir, hg_pool_list *out_list, hg_error *err);
HG_API void hg_pool_list_release(hg_pool_list *list);

/* What another process of the same user may ask of a pool: the calls of the same names. */
typedef enum hg_pool_order_kind {
    HG_ORDER_PAUSE,
    HG_ORDER_RESUME,
    HG_ORDER_DRAIN,
    HG_ORDER_RESIZE, /* number: the new size; max_overflow stays as it is */
    HG_ORDER_EVICT,  /* number: the slot */
    HG_ORDER_KINDS
} hg_pool_order_kind;

typedef struct hg_pool_order {
    hg_pool_order_kind kind;
    int number;
} hg_pool_order;

HG_API const char *hg_pool_order_name(hg_pool_order_kind kind); /* "pause", "resume", ... */

/*
 * Asks the process of a pool that hg_pool_list_read() has just found to do something with it, and
 * waits for its answer until `by`. The pool notes in its events what was asked, by which process,
 * and what it answered. What is not answered in time is void: a process that was stopped does not
 * carry it out when it goes on.
 * out_answer: what the process says it has done, in `size` bytes. err: HG_FAILED (the process is
 * gone, does not listen, or gave no answer in time), or what the call in that process failed with.
 */
HG_API bool hg_pool_ask(const char *runtime_dir, const hg_pool_snapshot *pool,
                        const hg_pool_order *order, hg_deadline by, char *out_answer, size_t size,
                        hg_error *err);

#ifdef __cplusplus
}
#endif
#endif
