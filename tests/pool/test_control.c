/*
 * test_control.c - pause, resume, resize and evict, while callers come and go.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pool/pool_state.h"
#include "support/callers.h"
#include "support/fake_driver.h"
#include "support/temp.h"

static int begin(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static void expect_served(hg_pool *pool, struct caller *caller)
{
    struct call call = caller_end(caller);

    assert_true(call.ok);
    hg_pool_return(pool, call.conn);
}

static int closed_by(hg_pool *pool, enum telemetry_close why)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < pool_slot_count(pool); i++)
        sum += pool->slots[i].shared->closes[why];
    return (int)sum;
}

static void who_asks_a_paused_pool_is_served_when_it_is_resumed(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *held = take(pool);
    struct caller *caller;

    (void)state;
    hg_pool_pause(pool);
    hg_pool_pause(pool);
    caller = caller_start(pool, "a", 60000);
    await_waiting(pool, 1);
    hg_pool_return(pool, held); /* free, but for nobody */
    assert_false(caller_done(caller));
    assert_int_equal(fake_count(FAKE_OPEN), 1);
    hg_pool_resume(pool);
    expect_served(pool, caller);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_OPEN), 1);
    close_fake_pool(pool);
}

static void a_paused_pool_opens_no_connection(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    struct caller *caller;

    (void)state;
    hg_pool_pause(pool);
    caller = caller_start(pool, "a", 60000);
    await_waiting(pool, 1);
    assert_int_equal(fake_count(FAKE_OPEN), 0);
    hg_pool_resume(pool);
    expect_served(pool, caller);
    close_fake_pool(pool);
}

static void who_is_late_because_of_a_pause_hears_so_and_is_counted_apart(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = NULL;
    hg_error err = {HG_OK};
    hg_pool_snapshot now;

    (void)state;
    hg_pool_pause(pool);
    assert_false(hg_pool_checkout(pool, "a", hg_deadline_in_ms(10), &conn, &err));
    assert_int_equal(err.code, HG_POOL_TIMEOUT);
    assert_string_equal(err.message, "the pool is paused, and was not resumed within 0.0 s");
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.timeouts, 0);
    assert_int_equal(pool->timeouts_paused, 1);
    close_fake_pool(pool);
}

static void a_paused_pool_can_be_closed(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    struct caller *caller;
    struct call call;

    (void)state;
    hg_pool_pause(pool);
    caller = caller_start(pool, "a", 60000);
    await_waiting(pool, 1);
    hg_pool_drain(pool);
    call = caller_end(caller);
    assert_false(call.ok);
    assert_int_equal(call.err.code, HG_POOL_CLOSED);
    close_fake_pool(pool);
}

static void those_who_wait_are_served_as_soon_as_the_pool_grows(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *held = take(pool);
    struct caller *callers[2];
    struct call calls[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        callers[i] = caller_start(pool, "a", 60000);
    await_waiting(pool, 2);
    assert_true(hg_pool_resize(pool, 2, 1, NULL));
    for (int i = 0; i < 2; i++) {
        calls[i] = caller_end(callers[i]);
        assert_true(calls[i].ok);
    }
    assert_status(pool, 0, 1, 3);
    hg_pool_return(pool, held);
    for (int i = 0; i < 2; i++)
        hg_pool_return(pool, calls[i].conn);
    assert_status(pool, 2, 0, 0);
    close_fake_pool(pool);
}

static void nobody_is_cut_off_when_the_pool_shrinks_below_what_is_in_use(void **state)
{
    hg_pool_options options = pool_of(4, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conns[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        conns[i] = take(pool);
    hg_pool_return(pool, conns[3]);
    assert_true(hg_pool_resize(pool, 2, 0, NULL));
    assert_int_equal(fake_open_now(), 3); /* the idle one went at once */
    for (int i = 0; i < 3; i++) {
        assert_true(
            hg_conn_execute(conns[i], "SELECT 1", NULL, 0, hg_deadline_never(), NULL, NULL));
        hg_pool_return(pool, conns[i]);
    }
    assert_status(pool, 2, 0, 0);
    assert_int_equal(fake_open_now(), 2);
    assert_int_equal(closed_by(pool, CLOSE_SURPLUS), 2);
    close_fake_pool(pool);
}

static void a_shrunk_pool_waits_for_its_last_connection_and_not_for_a_new_one(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *a = take(pool), *b = take(pool);
    struct caller *caller;

    (void)state;
    assert_true(hg_pool_resize(pool, 1, 0, NULL));
    caller = caller_start(pool, "c", 60000);
    await_waiting(pool, 1);
    hg_pool_return(pool, a);
    hg_pool_return(pool, b);
    expect_served(pool, caller);
    await_state(pool, HG_SLOT_IDLE, 1);
    assert_int_equal(fake_count(FAKE_OPEN), 2);
    assert_int_equal(fake_open_now(), 1);
    close_fake_pool(pool);
}

static void a_published_pool_grows_in_sight_of_others(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool_list list = {0};
    char *folder;
    hg_pool *pool;
    hg_conn *conns[200];

    (void)state;
    setenv("TMPDIR", "/dev/shm", 1);
    folder = temp_dir_make();
    options.runtime_dir = folder;
    pool = fake_pool(&options);
    hg_pool_return(pool, take(pool));
    assert_true(hg_pool_resize(pool, 150, 50, NULL));
    for (int i = 0; i < 200; i++)
        conns[i] = take(pool);
    assert_true(hg_pool_list_read(folder, &list, NULL));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.pools[0].size, 150);
    assert_int_equal(list.pools[0].max_overflow, 50);
    assert_int_equal(list.pools[0].in_use, 200);
    assert_int_equal(list.pools[0].connection_count, 200);
    hg_pool_list_release(&list);
    for (int i = 0; i < 200; i++)
        hg_pool_return(pool, conns[i]);
    close_fake_pool(pool);
    temp_dir_remove(folder);
}

static void a_size_that_cannot_be_changes_nothing(void **state)
{
    hg_pool_options options = pool_of(2, 1);
    hg_pool *pool = fake_pool(&options);
    hg_pool_snapshot now;
    hg_error err = {HG_OK};

    (void)state;
    assert_false(hg_pool_resize(pool, 200, 57, &err));
    assert_int_equal(err.code, HG_CONFIG);
    assert_false(hg_pool_resize(pool, -1, 0, &err));
    assert_int_equal(err.code, HG_CONFIG);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.size, 2);
    assert_int_equal(now.max_overflow, 1);
    hg_pool_drain(pool);
    assert_false(hg_pool_resize(pool, 3, 0, &err));
    assert_int_equal(err.code, HG_POOL_CLOSED);
    close_fake_pool(pool);
}

static int slot_of_state(hg_pool *pool, hg_slot_state state)
{
    hg_pool_snapshot now;

    hg_pool_inspect(pool, &now);
    for (size_t i = 0; i < now.connection_count; i++)
        if (now.connections[i].state == state)
            return now.connections[i].slot;
    return -1;
}

static void
an_idle_connection_that_is_evicted_goes_at_once_and_one_in_use_when_it_comes_back(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *a = take(pool), *b = take(pool);

    (void)state;
    hg_pool_return(pool, a);
    assert_true(hg_pool_evict(pool, slot_of_state(pool, HG_SLOT_IDLE), NULL));
    assert_int_equal(fake_open_now(), 1);
    assert_true(hg_pool_evict(pool, slot_of_state(pool, HG_SLOT_IN_USE), NULL));
    assert_true(hg_conn_execute(b, "SELECT 1", NULL, 0, hg_deadline_never(), NULL, NULL));
    assert_int_equal(fake_open_now(), 1);
    hg_pool_return(pool, b);
    assert_int_equal(fake_open_now(), 0);
    assert_int_equal(closed_by(pool, CLOSE_EVICT), 2);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_open_now(), 1);
    close_fake_pool(pool);
}

static void evicting_the_only_connection_serves_those_who_wait_with_a_new_one(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *held = take(pool);
    struct caller *caller = caller_start(pool, "a", 60000);

    (void)state;
    await_waiting(pool, 1);
    assert_true(hg_pool_evict(pool, slot_of_state(pool, HG_SLOT_IN_USE), NULL));
    hg_pool_return(pool, held);
    expect_served(pool, caller);
    assert_int_equal(fake_count(FAKE_OPEN), 2);
    close_fake_pool(pool);
}

static void where_there_is_no_connection_none_can_be_evicted(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool = fake_pool(&options);
    hg_error err = {HG_OK};

    (void)state;
    for (int slot = -1; slot <= 1; slot++) {
        assert_false(hg_pool_evict(pool, slot, &err));
        assert_int_equal(err.code, HG_MISUSE);
    }
    close_fake_pool(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(who_asks_a_paused_pool_is_served_when_it_is_resumed, begin),
        cmocka_unit_test_setup(a_paused_pool_opens_no_connection, begin),
        cmocka_unit_test_setup(who_is_late_because_of_a_pause_hears_so_and_is_counted_apart, begin),
        cmocka_unit_test_setup(a_paused_pool_can_be_closed, begin),
        cmocka_unit_test_setup(those_who_wait_are_served_as_soon_as_the_pool_grows, begin),
        cmocka_unit_test_setup(nobody_is_cut_off_when_the_pool_shrinks_below_what_is_in_use, begin),
        cmocka_unit_test_setup(a_shrunk_pool_waits_for_its_last_connection_and_not_for_a_new_one,
                               begin),
        cmocka_unit_test_setup(a_published_pool_grows_in_sight_of_others, begin),
        cmocka_unit_test_setup(a_size_that_cannot_be_changes_nothing, begin),
        cmocka_unit_test_setup(
            an_idle_connection_that_is_evicted_goes_at_once_and_one_in_use_when_it_comes_back,
            begin),
        cmocka_unit_test_setup(evicting_the_only_connection_serves_those_who_wait_with_a_new_one,
                               begin),
        cmocka_unit_test_setup(where_there_is_no_connection_none_can_be_evicted, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
