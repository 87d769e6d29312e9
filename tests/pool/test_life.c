/*
 * test_life.c - how a pool ends, with all who still hold something of it, and what a fork makes of
 * it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "pool/pool_state.h"
#include "support/callers.h"
#include "support/fake_driver.h"
#include "support/temp.h"

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

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static void await_open(int n)
{
    hg_deadline by = soon();

    while (fake_open_now() != n && hg_deadline_left_ms(by) > 0)
        sched_yield();
    assert_int_equal(fake_open_now(), n);
}

static void closing_nothing_is_fine(void **state)
{
    (void)state;
    hg_pool_close(NULL, soon());
}

static void a_closed_pool_leaves_connections_to_those_who_hold_them(void **state)
{
    hg_pool_options options = pool_of(3, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *held = take(pool), *idle = take(pool);

    (void)state;
    hg_pool_return(pool, idle);
    hg_pool_close(pool, hg_deadline_in_ms(20));
    assert_int_equal(fake_open_now(), 1);
    assert_true(hg_conn_execute(held, "SELECT 1", NULL, 0, soon(), NULL, NULL));
    hg_pool_return(pool, held);
    assert_int_equal(fake_open_now(), 0);
}

static void *close_it(void *pool)
{
    hg_pool_close(pool, soon());
    return NULL;
}

static void closing_waits_for_the_last_holder_and_turns_waiters_away(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = take(pool);
    struct caller *waiter = caller_start(pool, NULL, 60000);
    struct call call;
    pthread_t closer;

    (void)state;
    await_waiting(pool, 1);
    assert_int_equal(pthread_create(&closer, NULL, close_it, pool), 0);
    call = caller_end(waiter);
    assert_false(call.ok);
    assert_int_equal(call.err.code, HG_POOL_CLOSED);
    hg_pool_return(pool, conn);
    pthread_join(closer, NULL);
    assert_int_equal(fake_open_now(), 0);
}

static void a_drained_pool_turns_callers_away_and_can_still_be_looked_at(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *held = take(pool), *conn = NULL;
    hg_error err = {HG_OK};

    (void)state;
    hg_pool_drain(pool);
    assert_false(hg_pool_checkout(pool, NULL, soon(), &conn, &err));
    assert_int_equal(err.code, HG_POOL_CLOSED);
    assert_status(pool, 0, -1, 1);
    hg_pool_return(pool, held);
    assert_int_equal(fake_open_now(), 0);
    close_fake_pool(pool);
}

static void a_connect_that_is_under_way_when_the_pool_closes_is_closed_when_it_comes(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    struct caller *caller;

    (void)state;
    fake_hold(FAKE_OPEN);
    caller = caller_start(pool, NULL, 60000);
    assert_true(fake_wait_held(FAKE_OPEN, 1, soon()));
    hg_pool_close(pool, hg_deadline_in_ms(20));
    assert_int_equal(caller_end(caller).err.code, HG_POOL_CLOSED);
    fake_release_all(FAKE_OPEN);
    assert_true(fake_wait_count(FAKE_CLOSE, 1, soon()));
    await_open(0);
}

struct bad {
    hg_pool *pool;
    hg_conn *conn;
};

static void *discard_it(void *context)
{
    struct bad *bad = context;

    hg_pool_discard(bad->pool, bad->conn);
    return NULL;
}

static void a_slow_close_holds_nobody_up(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = fake_pool(&options);
    struct bad bad = {pool, take(pool)};
    pthread_t discarder;

    (void)state;
    hg_pool_return(pool, take(pool));
    fake_hold(FAKE_CLOSE);
    assert_int_equal(pthread_create(&discarder, NULL, discard_it, &bad), 0);
    assert_true(fake_wait_held(FAKE_CLOSE, 1, soon()));
    hg_pool_return(pool, take(pool));
    fake_release_all(FAKE_CLOSE);
    pthread_join(discarder, NULL);
    close_fake_pool(pool);
}

static void when_memory_runs_out_no_pool_is_made_and_nothing_is_left(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    bool done = false;

    (void)state;
    for (long n = 1; !done; n++) {
        hg_pool *pool = NULL;
        hg_error err = {HG_OK};

        alloc_fail_at(n);
        if (pool_open_with(&fake_driver, NULL, &options, &pool, &err)) {
            done = !alloc_failed();
            hg_pool_close(pool, soon());
        } else {
            assert_int_equal(err.code, HG_NOMEM);
        }
        alloc_fail_at(0);
    }
}

/* Runs `act` in a forked child; its answer, 0 for well. */
static int in_a_child(int (*act)(hg_pool *pool, hg_conn *held), hg_pool *pool, hg_conn *held)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(act(pool, held));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The parent has `held` and one idle connection. */
static int child_takes_its_own(hg_pool *pool, hg_conn *held)
{
    int resets = fake_count(FAKE_RESET), opens = fake_count(FAKE_OPEN);
    hg_conn *conn = take(pool);

    if (fake_count(FAKE_OPEN) != opens + 1 || fake_count(FAKE_ABANDON) != 1)
        return 1; /* it opens one, and gives up the one that was idle */
    hg_pool_return(pool, held);
    if (fake_count(FAKE_ABANDON) != 2 || fake_count(FAKE_RESET) != resets)
        return 2; /* it gives up the other one too, without a word to its server */
    hg_pool_return(pool, conn);
    hg_pool_close(pool, soon());
    return fake_count(FAKE_CLOSE) == 1 ? 0 : 3;
}

static void a_forked_child_opens_its_own_and_leaves_the_parents_alone(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *held = take(pool), *idle = take(pool);

    (void)state;
    hg_pool_return(pool, idle);
    assert_int_equal(in_a_child(child_takes_its_own, pool, held), 0);
    assert_int_equal(fake_count(FAKE_ABANDON), 0);
    assert_true(hg_conn_execute(held, "SELECT 1", NULL, 0, soon(), NULL, NULL));
    hg_pool_return(pool, held);
    assert_status(pool, 2, 0, 0);
    close_fake_pool(pool);
}

static char *folder;

static size_t count_alive(void)
{
    hg_pool_list list;
    size_t alive = 0;

    assert_true(hg_pool_list_read(folder, &list, NULL));
    for (size_t i = 0; i < list.count; i++)
        alive += list.pools[i].alive;
    hg_pool_list_release(&list);
    return alive;
}

static int child_publishes_itself(hg_pool *pool, hg_conn *held)
{
    size_t before = count_alive();

    (void)held;
    hg_pool_return(pool, take(pool));
    return before == 1 && count_alive() == 2 ? 0 : 1;
}

static void a_forked_child_publishes_itself_beside_its_parent(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool;

    (void)state;
    setenv("TMPDIR", "/dev/shm", 1);
    folder = temp_dir_make();
    options.runtime_dir = folder;
    pool = fake_pool(&options);
    hg_pool_return(pool, take(pool));
    assert_int_equal(in_a_child(child_publishes_itself, pool, NULL), 0);
    assert_int_equal(count_alive(), 1); /* the child has gone without a word */
    hg_pool_return(pool, take(pool));
    close_fake_pool(pool);
    assert_int_equal(count_alive(), 0);
    temp_dir_remove(folder);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(closing_nothing_is_fine),
        TEST(a_closed_pool_leaves_connections_to_those_who_hold_them),
        TEST(closing_waits_for_the_last_holder_and_turns_waiters_away),
        TEST(a_drained_pool_turns_callers_away_and_can_still_be_looked_at),
        TEST(a_connect_that_is_under_way_when_the_pool_closes_is_closed_when_it_comes),
        TEST(a_slow_close_holds_nobody_up),
        TEST(when_memory_runs_out_no_pool_is_made_and_nothing_is_left),
        TEST(a_forked_child_opens_its_own_and_leaves_the_parents_alone),
        TEST(a_forked_child_publishes_itself_beside_its_parent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
