/*
 * callers.h - threads that ask a pool for a connection while the test looks on.
 */
#ifndef SUPPORT_CALLERS_H
#define SUPPORT_CALLERS_H

#include <headgate/pool.h>

struct caller;

/* How a checkout ended. The connection is the test's to return, from whichever thread. */
struct call {
    bool ok;
    hg_conn *conn;
    hg_error err;
    double waited_ms;
};

/* A thread that takes a connection, waiting at most timeout_ms. */
struct caller *caller_start(hg_pool *pool, const char *tag, int64_t timeout_ms);

/* Whether it has its answer. */
bool caller_done(struct caller *caller);

/* Waits for its answer and for its thread's end, and frees it. */
struct call caller_end(struct caller *caller);

/* Waits (at most a minute; then the test fails) until so many callers stand in the queue. */
void await_waiting(hg_pool *pool, int n);
/* The same for connections in a state. */
void await_state(hg_pool *pool, hg_slot_state state, int n);

/* Options for a pool of a test: size, overflow, a timeout of a minute, no recycling, no ping. */
hg_pool_options pool_of(int size, int max_overflow);

/* A pool over the fake engine. */
hg_pool *fake_pool(const hg_pool_options *options);

/* Takes a connection that must be there within a minute. */
hg_conn *take(hg_pool *pool);

/* Closes a pool and checks that it left no connection of the fake engine open. */
void close_fake_pool(hg_pool *pool);

/* What SQLAlchemy's status() shows: idle, overflow (below 0 until size is reached), in use. */
void assert_status(hg_pool *pool, int idle, int overflow, int in_use);

#endif
