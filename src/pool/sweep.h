/*
 * sweep.h - given the time: what becomes of a connection, and how many more are to be opened.
 * Pure. Must not know threads, engines or clocks.
 */
#ifndef POOL_SWEEP_H
#define POOL_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

/* What a connection must pass before it is used. */
enum sweep_verdict {
    SWEEP_USE,
    SWEEP_POLL,    /* look at its socket first */
    SWEEP_PING,    /* make a round trip first */
    SWEEP_RECYCLE, /* too old: replace it */
    SWEEP_STALE    /* opened before an invalidation: replace it */
};

struct sweep_view {
    int64_t now_ns;
    int64_t idle_since_ns;
    int64_t answered_ns; /* when it last made a round trip while idle; 0: never */
    int64_t suspect_ns;  /* when a connection was last found dead; 0: never */
    int64_t expires_ns;  /* INT64_MAX: never */
    bool outdated;       /* older than the last invalidation */
    bool pre_ping;
};

#define SWEEP_POLL_AFTER_NS INT64_C(10000000)    /* of idleness */
#define SWEEP_PING_AFTER_NS INT64_C(30000000000) /* of idleness */

/* The two that every checkout and return asks are here, to be expanded where they are asked. */

/* A connection that comes back: SWEEP_USE, SWEEP_RECYCLE or SWEEP_STALE. */
static inline enum sweep_verdict sweep_return(const struct sweep_view *view)
{
    if (view->outdated)
        return SWEEP_STALE;
    return view->now_ns >= view->expires_ns ? SWEEP_RECYCLE : SWEEP_USE;
}

/* A free connection that somebody wants. */
static inline enum sweep_verdict sweep_checkout(const struct sweep_view *view)
{
    int64_t idle_ns = view->now_ns - view->idle_since_ns;
    enum sweep_verdict verdict = sweep_return(view);

    if (verdict != SWEEP_USE
        || (idle_ns <= SWEEP_POLL_AFTER_NS && view->idle_since_ns > view->suspect_ns))
        return verdict;
    if (view->now_ns - view->answered_ns < idle_ns)
        idle_ns = view->now_ns - view->answered_ns;
    return view->pre_ping && idle_ns > SWEEP_PING_AFTER_NS ? SWEEP_PING : SWEEP_POLL;
}

/* When an idle connection is to make a round trip, so that no caller has to. */
int64_t sweep_ping_due(int64_t idle_since_ns, int64_t answered_ns);

/*
 * When a connection opened now is to be replaced; recycle_ms < 0: never. luck (0 <= luck < 1) takes
 * off up to a tenth, so that what was opened together does not go together. Draw it once a
 * connection: drawing at every look makes nearly everything expire early.
 */
int64_t sweep_expiry(int64_t now_ns, int64_t recycle_ms, double luck);

/* When the replacement of a connection that expires is to begin: a twentieth of its life before,
 * so that no caller meets it. */
int64_t sweep_renewal_due(int64_t expires_ns, int64_t recycle_ms);

struct sweep_demand {
    int waiting;  /* callers */
    int growth;   /* connects that are due whoever waits by now */
    int open;     /* connections */
    int opening;  /* connections that are on their way */
    int limit;    /* size and overflow */
    int failures; /* connects that failed since one succeeded */
};

/* How many more connects may begin: one a waiter that none is on its way for, two at a time, one
 * when the last one failed. */
int sweep_connects(const struct sweep_demand *demand);

#endif
