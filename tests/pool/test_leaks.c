/*
 * test_leaks.c - connections that are held for too long are reported once, with who holds them.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "pool/pool_state.h"
#include "support/callers.h"
#include "support/fake_driver.h"

#define NS_PER_MS INT64_C(1000000)

enum { START_MS = 1000000, AFTER_MS = 5000 };

static pthread_mutex_t lines_lock = PTHREAD_MUTEX_INITIALIZER;
static char lines[4096];

static void keep_line(void *context, enum log_level level, const char *line)
{
    (void)context;
    (void)level;
    pthread_mutex_lock(&lines_lock);
    snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "%s\n", line);
    pthread_mutex_unlock(&lines_lock);
}

static int begin(void **state)
{
    (void)state;
    clock_set_fake(START_MS * NS_PER_MS, START_MS);
    fake_reset();
    lines[0] = '\0';
    log_to(keep_line, NULL, LOG_INFO);
    return 0;
}

static int end(void **state)
{
    (void)state;
    log_to(NULL, NULL, LOG_INFO);
    clock_set_fake(-1, -1);
    return 0;
}

static void pass_to(hg_pool *pool, int64_t now_ms)
{
    clock_set_fake(now_ms * NS_PER_MS, now_ms);
    pthread_mutex_lock(&pool->lock);
    pool_keeper_wake(pool);
    pthread_mutex_unlock(&pool->lock);
}

static hg_pool *watchful_pool(int size)
{
    hg_pool_options options = pool_of(size, 0);

    options.settings.leak_after_ms = AFTER_MS;
    return fake_pool(&options);
}

static void await_leaks(hg_pool *pool, uint64_t n)
{
    hg_pool_snapshot now;
    long i = 0;

    do {
        sched_yield();
        hg_pool_inspect(pool, &now);
    } while (now.leaks != n && i++ < 10000000);
    assert_int_equal(now.leaks, n);
}

/* The line itself comes a little later than the count. */
static void await_line(const char *text)
{
    bool there = false;

    for (long i = 0; !there && i < 10000000; i++) {
        sched_yield();
        pthread_mutex_lock(&lines_lock);
        there = strstr(lines, text) != NULL;
        pthread_mutex_unlock(&lines_lock);
    }
    assert_true(there);
}

static int count_lines(const char *text)
{
    int count = 0;

    pthread_mutex_lock(&lines_lock);
    for (const char *at = lines; (at = strstr(at, text)) != NULL; at++)
        count++;
    pthread_mutex_unlock(&lines_lock);
    return count;
}

/* A thread that takes a connection and sits on it. */
struct holder {
    pthread_t thread;
    hg_pool *pool;
    sem_t begun, end;
    int tid;
};

static void *hold(void *context)
{
    struct holder *holder = context;
    hg_conn *conn = NULL;

    if (!hg_pool_checkout(holder->pool, "orders", hg_deadline_never(), &conn, NULL))
        return NULL;
    holder->tid = (int)syscall(SYS_gettid);
    sem_post(&holder->begun);
    while (sem_wait(&holder->end) != 0)
        continue;
    hg_pool_return(holder->pool, conn);
    return NULL;
}

static void start(struct holder *holder, hg_pool *pool)
{
    *holder = (struct holder){.pool = pool};
    sem_init(&holder->begun, 0, 0);
    sem_init(&holder->end, 0, 0);
    assert_int_equal(pthread_create(&holder->thread, NULL, hold, holder), 0);
    while (sem_wait(&holder->begun) != 0)
        continue;
}

static void finish(struct holder *holder)
{
    sem_post(&holder->end);
    pthread_join(holder->thread, NULL);
}

static void who_holds_a_connection_for_too_long_is_reported_once_with_its_stack(void **state)
{
    hg_pool *pool = watchful_pool(2);
    struct holder holder;
    char thread[32];
    hg_pool_snapshot now;

    (void)state;
    start(&holder, pool);
    pass_to(pool, START_MS + AFTER_MS - 1);
    await_state(pool, HG_SLOT_IN_USE, 1);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.leaks, 0);
    pass_to(pool, START_MS + AFTER_MS + 1);
    await_leaks(pool, 1);
    await_line("a connection is held for too long");
    snprintf(thread, sizeof thread, "thread=%d", holder.tid);
    assert_non_null(strstr(lines, thread));
    assert_non_null(strstr(lines, "holder=orders"));
    assert_non_null(strstr(lines, "held_s=5.0"));
    assert_non_null(strstr(lines, "test_pool_leaks"));
    hg_pool_inspect(pool, &now);
    assert_true(now.connections[0].leaked);
    pass_to(pool, START_MS + 4 * AFTER_MS);
    finish(&holder);
    await_line("a connection that was held for too long came back");
    assert_non_null(strstr(lines, "held_s=20.0"));
    assert_int_equal(count_lines("is held for too long"), 1);
    hg_pool_return(pool, take(pool));
    assert_int_equal(count_lines("came back"), 1);
    close_fake_pool(pool);
}

static void the_report_stands_among_the_events_with_holder_and_place(void **state)
{
    hg_pool *pool = watchful_pool(1);
    struct holder holder;
    hg_pool_snapshot now;
    const hg_pool_event *last;

    (void)state;
    start(&holder, pool);
    pass_to(pool, START_MS + AFTER_MS + 1);
    await_line("is held for too long");
    hg_pool_inspect(pool, &now);
    last = &now.events[now.event_count - 1];
    assert_int_equal(last->kind, HG_POOL_EVENT_LEAK);
    assert_non_null(strstr(last->detail, "orders in "));
    assert_non_null(strstr(last->detail, "test_pool_leaks"));
    finish(&holder);
    hg_pool_inspect(pool, &now);
    last = &now.events[now.event_count - 1];
    assert_int_equal(last->kind, HG_POOL_EVENT_LEAK_ENDED);
    assert_string_equal(last->detail, "orders");
    close_fake_pool(pool);
}

static void every_hold_that_is_too_long_is_a_report_of_its_own(void **state)
{
    hg_pool *pool = watchful_pool(1);
    struct holder holder;

    (void)state;
    for (int i = 1; i <= 3; i++) {
        int64_t begun_ms = START_MS + (i - 1) * 2 * AFTER_MS;

        start(&holder, pool);
        pass_to(pool, begun_ms + AFTER_MS + 1);
        await_leaks(pool, (uint64_t)i);
        pass_to(pool, begun_ms + 2 * AFTER_MS);
        finish(&holder);
    }
    close_fake_pool(pool);
}

static void short_holds_are_not_reported(void **state)
{
    hg_pool *pool = watchful_pool(1);
    hg_pool_snapshot now;

    (void)state;
    for (int i = 0; i < 20; i++) {
        hg_conn *conn = take(pool);

        pass_to(pool, START_MS + (i + 1) * (AFTER_MS - 1));
        hg_pool_return(pool, conn);
    }
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.leaks, 0);
    assert_int_equal(count_lines("too long"), 0);
    close_fake_pool(pool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_holds_a_connection_for_too_long_is_reported_once_with_its_stack),
        TEST(the_report_stands_among_the_events_with_holder_and_place),
        TEST(every_hold_that_is_too_long_is_a_report_of_its_own),
        TEST(short_holds_are_not_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
