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
    int64_t suspect_ns; /* when a connection was last found dead; 0: never */
    int64_t expires_ns; /* INT64_MAX: never */
    bool outdated;      /* older than the last invalidation */
    bool pre_ping;
};

/* A free connection that somebody wants. */
enum sweep_verdict sweep_checkout(const struct sweep_view *view);

/* A connection that comes back: SWEEP_USE, SWEEP_RECYCLE or SWEEP_STALE. */
enum sweep_verdict sweep_return(const struct sweep_view *view);

/*
 * When a connection opened now is to be replaced; recycle_ms < 0: never. luck (0 <= luck < 1) takes
 * off up to a tenth, so that what was opened together does not go together. Draw it once a
 * connection: drawing at every look makes nearly everything expire early.
 */
int64_t sweep_expiry(int64_t now_ns, int64_t recycle_ms, double luck);

struct sweep_demand {
    int waiting;  /* callers */
    int open;     /* connections */
    int opening;  /* connections that are on their way */
    int limit;    /* size and overflow */
    int failures; /* connects that failed since one succeeded */
};

/* How many more connects may begin: one a waiter that none is on its way for, two at a time, one
 * when the last one failed. */
int sweep_connects(const struct sweep_demand *demand);

#endif
