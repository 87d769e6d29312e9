/*
 * callers.c - threads that ask a pool for a connection.
 */
#include "support/callers.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pool/pool_state.h"
#include "support/fake_driver.h"

struct caller {
    pthread_t thread;
    hg_pool *pool;
    const char *tag;
    int64_t timeout_ms;
    atomic_bool done;
    struct call call;
};

static void *ask(void *context)
{
    struct caller *caller = context;
    int64_t began_ns = clock_now_ns();

    caller->call.ok =
        hg_pool_checkout(caller->pool, caller->tag, hg_deadline_in_ms(caller->timeout_ms),
                         &caller->call.conn, &caller->call.err);
    caller->call.waited_ms = clock_since_ms(began_ns);
    atomic_store(&caller->done, true);
    return NULL;
}

struct caller *caller_start(hg_pool *pool, const char *tag, int64_t timeout_ms)
{
    struct caller *caller = calloc(1, sizeof *caller);

    assert_non_null(caller);
    caller->pool = pool;
    caller->tag = tag;
    caller->timeout_ms = timeout_ms;
    assert_int_equal(pthread_create(&caller->thread, NULL, ask, caller), 0);
    return caller;
}

bool caller_done(struct caller *caller)
{
    return atomic_load(&caller->done);
}

struct call caller_end(struct caller *caller)
{
    struct call call;

    pthread_join(caller->thread, NULL);
    call = caller->call;
    free(caller);
    return call;
}

void await_waiting(hg_pool *pool, int n)
{
    hg_deadline by = hg_deadline_in_ms(60000);
    hg_pool_snapshot now;

    do {
        sched_yield();
        hg_pool_inspect(pool, &now);
    } while (now.waiting != n && hg_deadline_left_ms(by) > 0);
    assert_int_equal(now.waiting, n);
}

static int count_state(hg_pool *pool, hg_slot_state state)
{
    hg_pool_snapshot now;
    int count = 0;

    hg_pool_inspect(pool, &now);
    for (size_t i = 0; i < now.connection_count; i++)
        count += now.connections[i].state == state;
    return count;
}

void await_state(hg_pool *pool, hg_slot_state state, int n)
{
    hg_deadline by = hg_deadline_in_ms(60000);

    while (count_state(pool, state) != n && hg_deadline_left_ms(by) > 0)
        sched_yield();
    assert_int_equal(count_state(pool, state), n);
}

hg_pool_options pool_of(int size, int max_overflow)
{
    return (hg_pool_options){
        .settings =
            {
                .size = size,
                .max_overflow = max_overflow,
                .timeout_ms = 60000,
                .recycle_ms = -1,
                .connect_timeout_ms = 60000,
            },
    };
}

hg_pool *fake_pool(const hg_pool_options *options)
{
    hg_pool *pool = NULL;

    assert_true(pool_open_with(&fake_driver, NULL, options, &pool, NULL));
    return pool;
}

hg_conn *take(hg_pool *pool)
{
    hg_conn *conn = NULL;
    hg_error err = {HG_OK};

    if (!hg_pool_checkout(pool, "test", hg_deadline_in_ms(60000), &conn, &err))
        fail_msg("%s: %s", hg_code_name(err.code), err.message);
    return conn;
}

void close_fake_pool(hg_pool *pool)
{
    hg_pool_close(pool, hg_deadline_in_ms(60000));
    assert_int_equal(fake_open_now(), 0);
}

void assert_status(hg_pool *pool, int idle, int overflow, int in_use)
{
    hg_pool_snapshot now;

    hg_pool_inspect(pool, &now);
    assert_int_equal(now.idle, idle);
    assert_int_equal(now.idle + now.in_use - now.size, overflow);
    assert_int_equal(now.in_use, in_use);
}
