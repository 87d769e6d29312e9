/*
 * test_keeper.c - what becomes of connections while nobody asks for them: hung up on, kept alive,
 * replaced.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "pool/pool_state.h"
#include "support/callers.h"
#include "support/fake_driver.h"

#define NS_PER_MS INT64_C(1000000)

enum { SIZE = 4, LIFE_MS = 100000 };

/* The thread sanitizer lets a forked child start threads only when told so. */
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "die_after_fork=0";
}

static int begin(void **state)
{
    (void)state;
    clock_set_fake(-1, -1);
    fake_reset();
    return 0;
}

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

/* Both clocks stand there, and the housekeeper looks at them. */
static void pass_to(hg_pool *pool, int64_t now_ms)
{
    clock_set_fake(now_ms * NS_PER_MS, now_ms);
    pthread_mutex_lock(&pool->lock);
    pool_keeper_wake(pool);
    pthread_mutex_unlock(&pool->lock);
}

/* A pool whose connections have all been used, and are idle. */
static hg_pool *warm_pool(const hg_pool_options *options)
{
    hg_pool *pool = fake_pool(options);
    hg_conn *conns[SIZE];

    for (int i = 0; i < options->settings.size; i++)
        conns[i] = take(pool);
    for (int i = 0; i < options->settings.size; i++)
        hg_pool_return(pool, conns[i]);
    return pool;
}

/* Counts its tries, because the test's clock may stand still. */
static void await_open(int n)
{
    for (long i = 0; fake_open_now() != n && i < 100000000; i++)
        sched_yield();
    assert_int_equal(fake_open_now(), n);
}

static void await_closed(hg_pool *pool, uint64_t stale, uint64_t recycled)
{
    hg_pool_snapshot now;
    long i = 0;

    do {
        sched_yield();
        hg_pool_inspect(pool, &now);
    } while ((now.closed_stale != stale || now.closed[HG_CLOSE_RECYCLE] != recycled)
             && i++ < 10000000);
    assert_int_equal(now.closed_stale, stale);
    assert_int_equal(now.closed[HG_CLOSE_RECYCLE], recycled);
}

static void what_the_server_hung_up_on_is_gone_before_anybody_comes(void **state)
{
    hg_pool_options options = pool_of(SIZE, 0);
    hg_pool *pool = warm_pool(&options);

    (void)state;
    fake_kill_all();
    await_open(0);
    await_closed(pool, SIZE, 0);
    for (int i = 0; i < SIZE; i++)
        hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_OPEN), SIZE + 1);
    assert_int_equal(fake_count(FAKE_PING), 0);
    close_fake_pool(pool);
}

static void one_disconnect_makes_the_others_suspect_at_once(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *first = take(pool), *second = take(pool);
    int64_t serial = fake_serial(first);

    (void)state;
    hg_pool_return(pool, first);
    hg_pool_return(pool, second);
    fake_kill_serial(serial);
    await_open(1);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_ALIVE), 1);
    await_closed(pool, 1, 0);
    close_fake_pool(pool);
}

static void what_dies_while_it_is_held_is_closed_when_it_comes_back_unused(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);

    (void)state;
    for (uint64_t i = 1; i <= 100; i++) { /* the return and the news race */
        hg_conn *held = take(pool);

        fake_kill(held);
        hg_pool_return(pool, held);
        await_closed(pool, i, 0);
    }
    await_open(0);
    close_fake_pool(pool);
}

static void one_that_fails_in_use_still_takes_its_elders_with_it(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *idle = take(pool), *held = take(pool);
    int64_t idle_serial = fake_serial(idle);
    hg_error err = {HG_OK};

    (void)state;
    hg_pool_return(pool, idle);
    fake_kill(held);
    while (atomic_load(&pool->suspect_ns) == 0) /* the housekeeper has heard of it */
        sched_yield();
    assert_false(hg_conn_execute(held, "SELECT 1", NULL, 0, soon(), NULL, &err));
    assert_int_equal(err.code, HG_LOST);
    hg_pool_return(pool, held);
    await_open(0);
    idle = take(pool);
    assert_true(fake_serial(idle) > idle_serial);
    hg_pool_return(pool, idle);
    close_fake_pool(pool);
}

static void what_is_idle_for_long_is_pinged_so_that_no_caller_has_to(void **state)
{
    hg_pool_options options = pool_of(SIZE, 0);
    hg_pool *pool;

    (void)state;
    clock_set_fake(1000 * NS_PER_MS, 1000);
    options.settings.pre_ping = true;
    pool = warm_pool(&options);
    pass_to(pool, 32000);
    assert_true(fake_wait_count(FAKE_PING, SIZE, hg_deadline_never()));
    await_state(pool, HG_SLOT_IDLE, SIZE);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_PING), SIZE);
    pass_to(pool, 63000);
    assert_true(fake_wait_count(FAKE_PING, 2 * SIZE, hg_deadline_never()));
    close_fake_pool(pool);
}

static void a_borrower_does_not_wait_for_the_housekeepers_ping(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool;

    (void)state;
    clock_set_fake(1000 * NS_PER_MS, 1000);
    options.settings.pre_ping = true;
    pool = warm_pool(&options);
    clock_set_fake(25000 * NS_PER_MS, 25000);
    hg_pool_return(pool, take(pool));
    fake_hold(FAKE_PING);
    pass_to(pool, 32000);
    assert_true(fake_wait_held(FAKE_PING, 1, hg_deadline_never()));
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_PING), 1);
    fake_release_all(FAKE_PING);
    await_state(pool, HG_SLOT_IDLE, 2);
    close_fake_pool(pool);
}

static void what_does_not_answer_the_housekeeper_is_closed(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool;

    (void)state;
    clock_set_fake(1000 * NS_PER_MS, 1000);
    options.settings.pre_ping = true;
    pool = warm_pool(&options);
    fake_fail(FAKE_PING, 1, HG_LOST);
    pass_to(pool, 32000);
    await_open(0);
    hg_pool_return(pool, take(pool));
    close_fake_pool(pool);
}

/* A pool of used connections that are about to expire, but for the time that passes yet. */
static hg_pool *ageing_pool(int max_overflow)
{
    hg_pool_options options = pool_of(SIZE, max_overflow);

    clock_set_fake(1000 * NS_PER_MS, 1000);
    options.settings.recycle_ms = LIFE_MS;
    return warm_pool(&options);
}

/* When all of them are to be replaced. */
enum { ALL_ARE_OLD_MS = 1000 + LIFE_MS * 95 / 100 + 1 };

static void the_old_are_replaced_one_at_a_time_the_new_one_first(void **state)
{
    hg_pool *pool = ageing_pool(SIZE);
    hg_conn *conns[SIZE];

    (void)state;
    pass_to(pool, ALL_ARE_OLD_MS);
    await_closed(pool, 0, SIZE);
    await_open(SIZE);
    assert_int_equal(fake_open_peak(), SIZE + 1);
    for (int i = 0; i < SIZE; i++)
        conns[i] = take(pool);
    assert_int_equal(fake_count(FAKE_OPEN), 2 * SIZE); /* none for a caller */
    for (int i = 0; i < SIZE; i++)
        hg_pool_return(pool, conns[i]);
    close_fake_pool(pool);
}

static void where_there_is_no_room_for_both_the_old_one_goes_first(void **state)
{
    hg_pool *pool = ageing_pool(0);

    (void)state;
    fake_hold(FAKE_OPEN);
    pass_to(pool, ALL_ARE_OLD_MS);
    assert_true(fake_wait_held(FAKE_OPEN, 1, hg_deadline_never()));
    await_open(SIZE - 1); /* one at a time is missing */
    fake_release_all(FAKE_OPEN);
    await_closed(pool, 0, SIZE);
    await_open(SIZE);
    assert_int_equal(fake_open_peak(), SIZE);
    close_fake_pool(pool);
}

static void what_cannot_be_replaced_stays(void **state)
{
    hg_pool *pool = ageing_pool(SIZE);
    hg_pool_snapshot now;

    (void)state;
    fake_fail_always(FAKE_OPEN, HG_UNAVAILABLE);
    pass_to(pool, ALL_ARE_OLD_MS);
    do
        hg_pool_inspect(pool, &now);
    while (now.connect_failures == 0);
    assert_int_equal(fake_open_now(), SIZE);
    fake_fail_always(FAKE_OPEN, HG_OK);
    pass_to(pool, ALL_ARE_OLD_MS + 5001);
    await_closed(pool, 0, SIZE);
    close_fake_pool(pool);
}

/* Callers who do not wait for the connections that are opened for them. */
static void open_unused(hg_pool *pool, int n)
{
    struct caller *callers[SIZE];

    fake_hold(FAKE_OPEN);
    for (int i = 0; i < n; i++)
        callers[i] = caller_start(pool, NULL, 20);
    assert_true(fake_wait_held(FAKE_OPEN, n, soon()));
    for (int i = 0; i < n; i++)
        assert_false(caller_end(callers[i]).ok);
    fake_release_all(FAKE_OPEN);
    await_state(pool, HG_SLOT_IDLE, n);
}

static void what_nobody_ever_used_is_not_replaced_but_for_the_last(void **state)
{
    hg_pool_options options = pool_of(2, 2);
    hg_pool *pool;

    (void)state;
    options.settings.recycle_ms = LIFE_MS;
    pool = fake_pool(&options);
    open_unused(pool, 2);
    pass_to(pool, clock_now_ns() / NS_PER_MS + LIFE_MS);
    await_closed(pool, 0, 1);
    await_open(1);
    assert_int_equal(fake_count(FAKE_OPEN), 3);
    close_fake_pool(pool);
}

static void a_pool_that_closes_during_a_ping_ends_with_it(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool;

    (void)state;
    clock_set_fake(1000 * NS_PER_MS, 1000);
    options.settings.pre_ping = true;
    pool = warm_pool(&options);
    fake_hold(FAKE_PING);
    pass_to(pool, 32000);
    assert_true(fake_wait_held(FAKE_PING, 1, hg_deadline_never()));
    hg_pool_close(pool, hg_deadline_in_ms(0)); /* does not wait for it */
    assert_int_equal(fake_open_now(), 1);
    fake_release_all(FAKE_PING);
    await_open(0);
}

static int child_hears_of_its_own(hg_pool *pool)
{
    hg_conn *conn = take(pool);
    int64_t serial = fake_serial(conn);

    hg_pool_return(pool, conn);
    fake_kill_serial(serial);
    await_closed(pool, 1, 0);
    hg_pool_close(pool, soon());
    return 0;
}

static void parent_and_forked_child_each_hear_of_their_own(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = warm_pool(&options);
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(child_hears_of_its_own(pool));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_status(pool, 2, 0, 0);
    fake_kill_all();
    await_closed(pool, 2, 0);
    close_fake_pool(pool);
}

static void *use_and_lose(void *context)
{
    hg_pool *pool = context;

    for (int i = 0; i < 300; i++) {
        hg_conn *conn = take(pool);

        if (i % 3 == 0)
            fake_kill(conn);
        if (i % 7 == 0)
            hg_pool_discard(pool, conn);
        else
            hg_pool_return(pool, conn);
    }
    return NULL;
}

static void a_crowd_that_loses_connections_right_and_left_is_served_to_the_end(void **state)
{
    hg_pool_options options = pool_of(3, 1);
    hg_pool *pool = fake_pool(&options);
    pthread_t threads[8];

    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_and_lose, pool), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    assert_true(fake_open_peak() <= 4);
    close_fake_pool(pool);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_server_hung_up_on_is_gone_before_anybody_comes),
        TEST(one_disconnect_makes_the_others_suspect_at_once),
        TEST(what_dies_while_it_is_held_is_closed_when_it_comes_back_unused),
        TEST(one_that_fails_in_use_still_takes_its_elders_with_it),
        TEST(what_is_idle_for_long_is_pinged_so_that_no_caller_has_to),
        TEST(a_borrower_does_not_wait_for_the_housekeepers_ping),
        TEST(what_does_not_answer_the_housekeeper_is_closed),
        TEST(the_old_are_replaced_one_at_a_time_the_new_one_first),
        TEST(where_there_is_no_room_for_both_the_old_one_goes_first),
        TEST(what_cannot_be_replaced_stays),
        TEST(what_nobody_ever_used_is_not_replaced_but_for_the_last),
        TEST(a_pool_that_closes_during_a_ping_ends_with_it),
        TEST(parent_and_forked_child_each_hear_of_their_own),
        TEST(a_crowd_that_loses_connections_right_and_left_is_served_to_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
