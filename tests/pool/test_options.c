/*
 * test_options.c - what a pool may be told: connections kept ready, a limit to idleness, a hook for
 * new connections, what a return does to an open transaction.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pool/pool_state.h"
#include "support/callers.h"
#include "support/fake_driver.h"

#define NS_PER_MS INT64_C(1000000)

static int begin(void **state)
{
    (void)state;
    clock_set_fake(-1, -1);
    fake_reset();
    return 0;
}

static int end(void **state)
{
    (void)state;
    clock_set_fake(-1, -1);
    return 0;
}

static void await_open(int n)
{
    for (long i = 0; fake_open_now() != n && i < 100000000; i++)
        sched_yield();
    assert_int_equal(fake_open_now(), n);
}

/* Both clocks stand there, and the housekeeper looks at them. */
static void pass_to(hg_pool *pool, int64_t now_ms)
{
    clock_set_fake(now_ms * NS_PER_MS, now_ms);
    pthread_mutex_lock(&pool->lock);
    pool_keeper_wake(pool);
    pthread_mutex_unlock(&pool->lock);
}

/* --- kept ready --- */

static void what_is_to_be_ready_is_there_when_the_pool_is_open(void **state)
{
    hg_pool_options options = pool_of(5, 0);
    hg_pool *pool;

    (void)state;
    options.settings.min_idle = 3;
    pool = fake_pool(&options);
    assert_int_equal(fake_count(FAKE_OPEN), 3);
    assert_status(pool, 3, -2, 0);
    close_fake_pool(pool);
}

static void a_pool_that_cannot_begin_as_it_should_says_why(void **state)
{
    hg_pool_options options = pool_of(5, 0);
    hg_pool *pool = NULL;
    hg_error err = {HG_OK};

    (void)state;
    options.settings.min_idle = 2;
    fake_fail_always(FAKE_OPEN, HG_AUTH);
    assert_false(pool_open_with(&fake_driver, NULL, &options, &pool, &err));
    assert_int_equal(err.code, HG_AUTH);
    assert_non_null(strstr(err.message, "the fake engine fails this open"));
    assert_null(pool);
    await_open(0);
    fake_fail_always(FAKE_OPEN, HG_OK);
}

static void a_pool_that_is_told_to_wait_begins_when_the_server_is_there(void **state)
{
    hg_pool_options options = pool_of(5, 0);
    hg_pool *pool;

    (void)state;
    options.settings.min_idle = 1;
    options.settings.wait_for_server = true;
    fake_fail(FAKE_OPEN, 1, HG_UNAVAILABLE);
    pool = fake_pool(&options);
    assert_int_equal(fake_open_now(), 1);
    close_fake_pool(pool);
}

static void no_more_is_kept_ready_than_the_pool_may_hold(void **state)
{
    hg_pool_options options = pool_of(2, 5);
    hg_pool *pool;

    (void)state;
    options.settings.min_idle = 10;
    pool = fake_pool(&options);
    assert_int_equal(fake_open_now(), 2);
    close_fake_pool(pool);
}

static void what_was_taken_from_those_kept_ready_is_made_up_for(void **state)
{
    hg_pool_options options = pool_of(4, 0);
    hg_pool *pool;
    hg_conn *held;

    (void)state;
    options.settings.min_idle = 2;
    pool = fake_pool(&options);
    held = take(pool);
    await_open(3);
    hg_pool_return(pool, held);
    close_fake_pool(pool);
}

static void a_warmed_pool_connects_once_before_anybody_asks(void **state)
{
    hg_pool_options options = pool_of(4, 0);
    hg_pool *pool = fake_pool(&options);

    (void)state;
    hg_pool_warm(pool);
    hg_pool_warm(pool);
    await_open(1);
    hg_pool_warm(pool);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_OPEN), 1);
    close_fake_pool(pool);
}

static void whoever_comes_while_a_warmed_pool_connects_waits_for_that(void **state)
{
    hg_pool_options options = pool_of(4, 0);
    hg_pool *pool = fake_pool(&options);
    struct caller *caller;

    (void)state;
    fake_hold(FAKE_OPEN);
    hg_pool_warm(pool);
    assert_true(fake_wait_held(FAKE_OPEN, 1, hg_deadline_in_ms(30000)));
    caller = caller_start(pool, "first", 30000);
    await_waiting(pool, 1);
    fake_release(FAKE_OPEN, 1); /* another one would hang */
    hg_pool_return(pool, caller_end(caller).conn);
    assert_int_equal(fake_count(FAKE_OPEN), 1);
    fake_release_all(FAKE_OPEN);
    close_fake_pool(pool);
}

static bool is_set(void *context)
{
    return atomic_load((atomic_bool *)context);
}

static void whoever_waits_for_a_connection_can_be_interrupted(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    atomic_bool interrupted = false;
    struct caller *caller;
    hg_pool *pool;
    struct call call;
    hg_pool_snapshot now;

    (void)state;
    options.interrupted = is_set;
    options.interrupted_context = &interrupted;
    pool = fake_pool(&options);
    fake_hold(FAKE_OPEN);
    caller = caller_start(pool, "first", 3600 * 1000);
    assert_true(fake_wait_held(FAKE_OPEN, 1, hg_deadline_in_ms(30000)));
    atomic_store(&interrupted, true);
    call = caller_end(caller);
    assert_false(call.ok);
    assert_int_equal(call.err.code, HG_CANCELLED);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.timeouts + (uint64_t)now.waiting, 0);
    atomic_store(&interrupted, false);
    fake_release_all(FAKE_OPEN);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_count(FAKE_OPEN), 1);
    close_fake_pool(pool);
}

static void what_fails_ahead_of_a_checkout_the_checkout_says(void **state)
{
    hg_pool_options options = pool_of(4, 0);
    hg_pool *pool = fake_pool(&options);
    hg_conn *conn = NULL;
    hg_error err = {HG_OK};

    (void)state;
    fake_fail_always(FAKE_OPEN, HG_AUTH);
    hg_pool_warm(pool);
    assert_true(fake_wait_count(FAKE_OPEN, 1, hg_deadline_in_ms(30000)));
    assert_false(hg_pool_checkout(pool, "test", hg_deadline_in_ms(30000), &conn, &err));
    assert_int_equal(err.code, HG_AUTH);
    fake_fail_always(FAKE_OPEN, HG_OK);
    close_fake_pool(pool);
}

/* --- idleness --- */

static void what_nobody_uses_closes_one_by_one_the_longest_idle_first(void **state)
{
    hg_pool_options options = pool_of(4, 0);
    hg_pool *pool;
    hg_conn *conns[4];
    int64_t serials[4];
    hg_pool_snapshot now;

    (void)state;
    clock_set_fake(1000000 * NS_PER_MS, 1);
    options.settings.min_idle = 1;
    options.settings.idle_timeout_ms = 10000;
    pool = fake_pool(&options);
    for (int i = 0; i < 4; i++) {
        conns[i] = take(pool);
        serials[i] = fake_serial(conns[i]);
    }
    for (int i = 0; i < 4; i++) {
        pass_to(pool, 1000000 + i * 10);
        hg_pool_return(pool, conns[i]);
    }
    pass_to(pool, 1009999);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fake_open_now(), 4 - i);
        pass_to(pool, 1010030 + i * 1000);
        await_open(3 - i);
    }
    pass_to(pool, 1099999);
    conns[0] = take(pool);
    assert_int_equal(fake_serial(conns[0]), serials[3]);
    hg_pool_return(pool, conns[0]);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.closed[HG_CLOSE_IDLE], 3);
    close_fake_pool(pool);
}

static void a_pool_that_keeps_nothing_ready_can_go_down_to_nothing_and_come_back(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    hg_pool *pool;

    (void)state;
    clock_set_fake(1000000 * NS_PER_MS, 1);
    options.settings.idle_timeout_ms = 10000;
    pool = fake_pool(&options);
    hg_pool_return(pool, take(pool));
    pass_to(pool, 1010001);
    await_open(0);
    hg_pool_return(pool, take(pool));
    assert_int_equal(fake_open_now(), 1);
    close_fake_pool(pool);
}

/* --- the hook --- */

struct hook {
    int calls;
    bool refuses;
};

static bool set_up(hg_conn *conn, void *context, hg_deadline by, hg_error *err)
{
    struct hook *hook = context;

    hook->calls++;
    if (hook->refuses)
        return hg_fail(err, HG_SQL, "no such role");
    return hg_conn_execute(conn, "SET ROLE app", NULL, 0, by, NULL, err);
}

static void a_new_connection_is_prepared_once_by_the_program(void **state)
{
    hg_pool_options options = pool_of(2, 0);
    struct hook hook = {0};
    hg_pool *pool;

    (void)state;
    options.on_connect = set_up;
    options.on_connect_context = &hook;
    pool = fake_pool(&options);
    for (int i = 0; i < 3; i++)
        hg_pool_return(pool, take(pool));
    assert_int_equal(hook.calls, 1);
    assert_string_equal(fake_statements(), "SET ROLE app");
    close_fake_pool(pool);
}

static void a_connection_that_cannot_be_prepared_is_closed_and_its_place_is_free(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    struct hook hook = {.refuses = true};
    hg_pool *pool;
    hg_conn *conn = NULL;
    hg_error err = {HG_OK};

    (void)state;
    options.on_connect = set_up;
    options.on_connect_context = &hook;
    pool = fake_pool(&options);
    assert_false(hg_pool_checkout(pool, "a", hg_deadline_in_ms(60000), &conn, &err));
    assert_int_equal(err.code, HG_SQL);
    assert_string_equal(err.message, "the connection could not be prepared: no such role");
    assert_int_equal(fake_open_now(), 0);
    hook.refuses = false;
    hg_pool_resume(pool); /* what was refused is not tried again at once, unless somebody says so */
    hg_pool_return(pool, take(pool));
    assert_int_equal(hook.calls, 2);
    close_fake_pool(pool);
}

static bool forget_to_commit(hg_conn *conn, void *context, hg_deadline by, hg_error *err)
{
    (void)context;
    return hg_conn_begin(conn, by, err);
}

static void what_the_hook_leaves_open_is_rolled_back(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_pool *pool;
    hg_conn *conn;

    (void)state;
    options.on_connect = forget_to_commit;
    pool = fake_pool(&options);
    conn = take(pool);
    assert_false(hg_conn_in_transaction(conn));
    assert_string_equal(fake_statements(), "BEGIN; ROLLBACK");
    hg_pool_return(pool, conn);
    close_fake_pool(pool);
}

/* --- reset --- */

static void a_return_ends_an_open_transaction_as_the_pool_was_told(void **state)
{
    static const struct {
        hg_reset reset;
        const char *sent;
    } cases[] = {
        {HG_RESET_ROLLBACK, "BEGIN; ROLLBACK"},
        {HG_RESET_COMMIT, "BEGIN; COMMIT"},
        {HG_RESET_NONE, "BEGIN"},
        {HG_RESET_FULL, "BEGIN; ROLLBACK"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hg_pool_options options = pool_of(1, 0);
        hg_pool *pool;
        hg_conn *conn;

        fake_reset();
        options.settings.reset_on_return = cases[i].reset;
        pool = fake_pool(&options);
        conn = take(pool);
        assert_true(hg_conn_begin(conn, hg_deadline_never(), NULL));
        hg_pool_return(pool, conn);
        assert_string_equal(fake_statements(), cases[i].sent);
        close_fake_pool(pool);
    }
}

static hg_reset reset_with(const char *setting, const char *url)
{
    const char *environment[] = {setting, NULL};
    const hg_settings_options options = {.url = url, .environ = environment};
    hg_settings *settings = NULL;
    hg_reset reset;

    assert_true(hg_settings_load(&options, &settings, NULL));
    reset = hg_pool_options_from(settings).settings.reset_on_return;
    hg_settings_free(settings);
    return reset;
}

static void the_url_says_more_than_the_setting_what_a_return_does(void **state)
{
    const char *commit = "DB_POOL_RESET_ON_RETURN=commit";

    (void)state;
    assert_int_equal(reset_with("A=1", "sqlite:///a.db"), HG_RESET_ROLLBACK);
    assert_int_equal(reset_with(commit, "sqlite:///a.db"), HG_RESET_COMMIT);
    assert_int_equal(reset_with(commit, "sqlite:///a.db?reset_on_return=none"), HG_RESET_NONE);
    assert_int_equal(reset_with(commit, "postgresql://h/d?reset_on_return=full"), HG_RESET_FULL);
    assert_int_equal(reset_with("A=1", "postgresql://h/d?prepared=off"), HG_RESET_ROLLBACK);
}

static void a_tools_own_pool_does_not_follow_the_applications(void **state)
{
    const hg_pool_settings applications = {
        .size = 3,
        .timeout_ms = 7,
        .lock_timeout_ms = 9,
        .reset_on_return = HG_RESET_COMMIT,
        .use_fifo = true,
        .min_idle = 2,
        .idle_timeout_ms = 5,
        .max_waiting = 1,
        .wait_for_server = true,
        .leak_after_ms = 1,
    };
    hg_pool_settings tools = hg_pool_settings_for_tool(applications);

    (void)state;
    assert_int_equal(tools.size, 3);
    assert_int_equal(tools.timeout_ms, 7);
    assert_int_equal(tools.lock_timeout_ms, 9);
    assert_int_equal(tools.reset_on_return, HG_RESET_ROLLBACK);
    assert_false(tools.use_fifo || tools.wait_for_server);
    assert_int_equal(tools.min_idle + tools.max_waiting + (int)tools.leak_after_ms, 0);
    assert_int_equal(tools.idle_timeout_ms, -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_to_be_ready_is_there_when_the_pool_is_open),
        TEST(a_pool_that_cannot_begin_as_it_should_says_why),
        TEST(a_pool_that_is_told_to_wait_begins_when_the_server_is_there),
        TEST(no_more_is_kept_ready_than_the_pool_may_hold),
        TEST(what_was_taken_from_those_kept_ready_is_made_up_for),
        TEST(a_warmed_pool_connects_once_before_anybody_asks),
        TEST(whoever_comes_while_a_warmed_pool_connects_waits_for_that),
        TEST(whoever_waits_for_a_connection_can_be_interrupted),
        TEST(what_fails_ahead_of_a_checkout_the_checkout_says),
        TEST(what_nobody_uses_closes_one_by_one_the_longest_idle_first),
        TEST(a_pool_that_keeps_nothing_ready_can_go_down_to_nothing_and_come_back),
        TEST(a_new_connection_is_prepared_once_by_the_program),
        TEST(a_connection_that_cannot_be_prepared_is_closed_and_its_place_is_free),
        TEST(what_the_hook_leaves_open_is_rolled_back),
        TEST(a_return_ends_an_open_transaction_as_the_pool_was_told),
        TEST(a_tools_own_pool_does_not_follow_the_applications),
        TEST(the_url_says_more_than_the_setting_what_a_return_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
