/*
 * test_bad_days.c - crowds, spikes, failures that meet each other, and a fork at the worst moment.
 */
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "pool/pool_state.h"
#include "support/callers.h"
#include "support/fake_driver.h"

/* The thread sanitizer lets a forked child start threads only when told so. */
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "die_after_fork=0";
}

static int begin(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static void await_open(int n)
{
    for (long i = 0; fake_open_now() != n && i < 100000000; i++)
        sched_yield();
    assert_int_equal(fake_open_now(), n);
}

/* --- crowds --- */

struct crowd {
    hg_pool *pool;
    int rounds;
    _Atomic int served;
};

static void *take_turns(void *context)
{
    struct crowd *crowd = context;

    for (int i = 0; i < crowd->rounds; i++) {
        hg_conn *conn = NULL;

        if (!hg_pool_checkout(crowd->pool, "crowd", hg_deadline_in_ms(60000), &conn, NULL))
            continue;
        sched_yield();
        hg_pool_return(crowd->pool, conn);
        atomic_fetch_add(&crowd->served, 1);
    }
    return NULL;
}

static void run_crowd(struct crowd *crowd, int count)
{
    pthread_t threads[64];

    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, crowd), 0);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void a_crowd_never_opens_more_than_size_and_overflow(void **state)
{
    (void)state;
    for (int overflow = 0; overflow <= 5; overflow += 5) {
        hg_pool_options options = pool_of(3, overflow);
        struct crowd crowd = {.pool = fake_pool(&options), .rounds = 10};

        run_crowd(&crowd, 40);
        assert_int_equal(crowd.served, 400);
        assert_in_range(fake_open_peak(), 1, 3 + overflow);
        close_fake_pool(crowd.pool);
        fake_reset();
    }
}

static void a_spike_is_served_by_what_comes_back_and_not_by_what_is_opening(void **state)
{
    hg_pool_options options = pool_of(10, 0);
    struct crowd crowd = {.pool = fake_pool(&options), .rounds = 1};
    hg_conn *conns[5];

    (void)state;
    for (int i = 0; i < 5; i++)
        conns[i] = take(crowd.pool);
    for (int i = 0; i < 5; i++)
        hg_pool_return(crowd.pool, conns[i]);
    fake_hold(FAKE_OPEN); /* a connect takes for ever */
    run_crowd(&crowd, 50);
    assert_int_equal(crowd.served, 50);
    assert_int_equal(fake_open_now(), 5);
    fake_release_all(FAKE_OPEN);
    close_fake_pool(crowd.pool);
}

/* What a thread leaves behind in the pool would grow with their number. HEADGATE_TEST_LONG=1 in the
 * environment makes it a thousand times as many checkouts. */
static void threads_that_come_and_go_leave_nothing_behind(void **state)
{
    hg_pool_options options = pool_of(4, 0);
    struct crowd crowd = {.pool = fake_pool(&options), .rounds = 10};
    int times = getenv("HEADGATE_TEST_LONG") == NULL ? 100 : 10000;
    size_t before, after;

    (void)state;
    run_crowd(&crowd, 8);
    await_state(crowd.pool, HG_SLOT_OPENING, 0);
    before = mallinfo2().uordblks;
    for (int i = 0; i < times; i++)
        run_crowd(&crowd, 10);
    after = mallinfo2().uordblks;
    assert_true(after < before + 64 * 1024);
    close_fake_pool(crowd.pool);
}

/* --- failures that meet --- */

static void
a_pooled_connection_that_cannot_be_replaced_leaves_its_place_to_the_next_try(void **state)
{
    hg_pool_options options = pool_of(1, 2);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = NULL, *conns[3];
    hg_error err = {HG_OK};

    (void)state;
    hg_pool_return(pool, take(pool));
    fake_kill_all();
    await_open(0);
    await_state(pool, HG_SLOT_CLOSING, 0);
    fake_fail(FAKE_OPEN, 1, HG_UNAVAILABLE);
    assert_false(hg_pool_checkout(pool, "a", hg_deadline_in_ms(60000), &conn, &err));
    assert_int_equal(err.code, HG_UNAVAILABLE);
    assert_status(pool, 0, -1, 0);
    for (int i = 0; i < 3; i++)
        conns[i] = take(pool);
    assert_status(pool, 0, 2, 3);
    for (int i = 0; i < 3; i++)
        hg_pool_return(pool, conns[i]);
    close_fake_pool(pool);
}

static void a_connection_that_was_just_opened_is_neither_looked_at_nor_pinged(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool;

    (void)state;
    options.settings.pre_ping = true;
    pool = fake_pool(&options);
    hg_pool_return(pool, take(pool));
    hg_pool_discard(pool, take(pool));
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_ALIVE), 0);
    assert_int_equal(fake_count(FAKE_PING), 0);
    assert_int_equal(fake_count(FAKE_OPEN), 2);
    close_fake_pool(pool);
}

static void what_is_kept_ready_is_replaced_when_all_is_invalidated(void **state)
{
    hg_pool_options options = pool_of(5, 0);
    hg_pool *pool;
    hg_deadline by = hg_deadline_in_ms(60000);
    hg_pool_snapshot now;

    (void)state;
    options.settings.min_idle = 3;
    pool = fake_pool(&options);
    hg_pool_invalidate(pool);
    do { /* the new ones may be there while the last of the old ones is still being closed */
        sched_yield();
        hg_pool_inspect(pool, &now);
    } while (now.closed[HG_CLOSE_INVALIDATED] < 3 && hg_deadline_left_ms(by) > 0);
    assert_int_equal(now.closed[HG_CLOSE_INVALIDATED], 3);
    await_state(pool, HG_SLOT_IDLE, 3);
    close_fake_pool(pool);
}

static void a_pool_can_be_drained_twice_while_it_opens_its_connections(void **state)
{
    hg_pool_options options = pool_of(4, 0);
    hg_pool *pool = fake_pool(&options);
    struct caller *callers[4];

    (void)state;
    fake_hold(FAKE_OPEN);
    for (int i = 0; i < 4; i++)
        callers[i] = caller_start(pool, "a", 60000);
    assert_true(fake_wait_held(FAKE_OPEN, 2, hg_deadline_in_ms(60000)));
    hg_pool_drain(pool);
    hg_pool_drain(pool);
    for (int i = 0; i < 4; i++)
        assert_int_equal(caller_end(callers[i]).err.code, HG_POOL_CLOSED);
    fake_release_all(FAKE_OPEN);
    close_fake_pool(pool);
}

/* --- fork --- */

/* An engine without a lock: the fake one's could be held by a thread that the child has not. */
static bool plain_open(const hg_url *url, const struct driver_options *options, hg_deadline by,
                       hg_conn **out_conn, hg_error *err)
{
    (void)url;
    (void)options;
    (void)by;
    (void)err;
    *out_conn = alloc_zero(1, sizeof **out_conn);
    return *out_conn != NULL;
}

static void plain_close(hg_conn *conn)
{
    alloc_free(conn);
}

static bool plain_alive(hg_conn *conn)
{
    (void)conn;
    return true;
}

static bool plain_reset(hg_conn *conn, hg_reset how, hg_deadline by, bool *out_was_open,
                        hg_error *err)
{
    (void)conn;
    (void)how;
    (void)by;
    (void)err;
    *out_was_open = false;
    return true;
}

static int64_t plain_backend_pid(const hg_conn *conn)
{
    (void)conn;
    return 0;
}

static int plain_descriptor(const hg_conn *conn)
{
    (void)conn;
    return -1;
}

static const struct driver plain_driver = {
    .open = plain_open,
    .close = plain_close,
    .abandon = plain_close,
    .alive = plain_alive,
    .reset = plain_reset,
    .descriptor = plain_descriptor,
    .backend_pid = plain_backend_pid,
};

static atomic_bool enough;

static void *never_rest(void *context)
{
    hg_pool *pool = context;

    while (!atomic_load(&enough)) {
        hg_conn *conn = NULL;

        if (!hg_pool_checkout(pool, "busy", hg_deadline_in_ms(60000), &conn, NULL))
            continue;
        if (atomic_load(&enough))
            hg_pool_discard(pool, conn);
        else
            hg_pool_return(pool, conn);
    }
    return NULL;
}

static int use_in_child(hg_pool *pool)
{
    for (int i = 0; i < 3; i++) {
        hg_conn *conn = NULL;

        if (!hg_pool_checkout(pool, "child", hg_deadline_in_ms(60000), &conn, NULL))
            return 1;
        hg_pool_return(pool, conn);
    }
    return 0;
}

/* A child that hangs is ended by an alarm. */
static void a_fork_in_the_middle_of_checkouts_leaves_both_pools_usable(void **state)
{
    hg_pool_options options = pool_of(2, 1);
    hg_pool *pool = NULL;
    pthread_t threads[4];

    (void)state;
    assert_true(pool_open_with(&plain_driver, NULL, &options, &pool, NULL));
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, never_rest, pool), 0);
    for (int i = 0; i < 20; i++) {
        int status = -1;
        pid_t pid;

        for (int n = 0; n < i; n++)
            sched_yield();
        pid = fork();
        if (pid == 0) {
            alarm(60);
            _exit(use_in_child(pool));
        }
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    atomic_store(&enough, true);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(use_in_child(pool), 0);
    hg_pool_close(pool, hg_deadline_in_ms(60000));
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_crowd_never_opens_more_than_size_and_overflow),
        TEST(a_spike_is_served_by_what_comes_back_and_not_by_what_is_opening),
        TEST(threads_that_come_and_go_leave_nothing_behind),
        TEST(a_pooled_connection_that_cannot_be_replaced_leaves_its_place_to_the_next_try),
        TEST(a_connection_that_was_just_opened_is_neither_looked_at_nor_pinged),
        TEST(what_is_kept_ready_is_replaced_when_all_is_invalidated),
        TEST(a_pool_can_be_drained_twice_while_it_opens_its_connections),
        TEST(a_fork_in_the_middle_of_checkouts_leaves_both_pools_usable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
