/*
 * test_stress.c - many threads do everything at once, over an engine that gives way to other
 * threads at random and fails at random.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/rand.h"
#include "pool/pool_state.h"
#include "support/callers.h"
#include "support/fake_driver.h"

enum { THREADS = 8, OPERATIONS = 4000, SIZE = 3, OVERFLOW = 2, SERIALS = 1 << 20 };

static void give_way(void)
{
    for (int64_t n = rand_below(3); n > 0; n--)
        sched_yield();
}

static bool sometimes(int one_in)
{
    return rand_below(one_in) == 0;
}

static bool open_at_random(const hg_url *url, const struct driver_options *options, hg_deadline by,
                           hg_conn **out_conn, hg_error *err)
{
    give_way();
    if (sometimes(20))
        return hg_fail(err, HG_UNAVAILABLE, "at random");
    return fake_driver.open(url, options, by, out_conn, err);
}

static bool reset_at_random(hg_conn *conn, hg_reset how, hg_deadline by, bool *out_was_open,
                            hg_error *err)
{
    give_way();
    if (sometimes(200))
        return hg_fail(err, HG_SQL, "at random");
    return fake_driver.reset(conn, how, by, out_was_open, err);
}

static bool alive_at_random(hg_conn *conn)
{
    give_way();
    return !sometimes(50) && fake_driver.alive(conn);
}

static void close_at_random(hg_conn *conn)
{
    give_way();
    fake_driver.close(conn);
}

struct crowd {
    hg_pool *pool;
    atomic_int inside, most;
    atomic_int held_by[SERIALS]; /* by serial: how many hold it */
    atomic_bool shared;
    atomic_long served;
};

static struct crowd crowd;

/* What a user does with a connection, and how it gives it back. */
static void use(hg_conn *conn)
{
    size_t serial = (size_t)fake_serial(conn) % SERIALS;
    int inside = atomic_fetch_add(&crowd.inside, 1) + 1;

    if (inside > atomic_load(&crowd.most))
        atomic_store(&crowd.most, inside);
    if (atomic_fetch_add(&crowd.held_by[serial], 1) != 0)
        atomic_store(&crowd.shared, true);
    give_way();
    if (sometimes(100))
        fake_kill(conn);
    if (sometimes(2))
        (void)hg_conn_execute(conn, "BEGIN", NULL, 0, hg_deadline_never(), NULL, NULL);
    atomic_fetch_sub(&crowd.held_by[serial], 1);
    atomic_fetch_sub(&crowd.inside, 1);
    if (sometimes(50))
        hg_pool_discard(crowd.pool, conn);
    else
        hg_pool_return(crowd.pool, conn);
}

static void *take_part(void *context)
{
    hg_pool_snapshot now;

    (void)context;
    for (int i = 0; i < OPERATIONS; i++) {
        hg_deadline by = sometimes(4) ? hg_deadline_in_ms(0) : hg_deadline_in_ms(5000);
        hg_conn *conn = NULL;

        if (hg_pool_checkout(crowd.pool, sometimes(2) ? "a" : "b", by, &conn, NULL)) {
            use(conn);
            atomic_fetch_add(&crowd.served, 1);
        }
        if (sometimes(500))
            hg_pool_invalidate(crowd.pool);
        if (sometimes(100))
            hg_pool_inspect(crowd.pool, &now);
    }
    return NULL;
}

static void a_crowd_shares_a_pool_and_nobody_shares_a_connection(void **state)
{
    hg_pool_options options = pool_of(SIZE, OVERFLOW);
    struct driver driver = fake_driver;
    pthread_t threads[THREADS];

    (void)state;
    fake_reset();
    driver.open = open_at_random;
    driver.reset = reset_at_random;
    driver.alive = alive_at_random;
    driver.close = close_at_random;
    options.settings.pre_ping = true;
    options.settings.recycle_ms = 20;
    options.settings.wait_for_server = true;
    assert_true(pool_open_with(&driver, NULL, &options, &crowd.pool, NULL));
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_part, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_false(atomic_load(&crowd.shared));
    assert_in_range(atomic_load(&crowd.most), 1, SIZE + OVERFLOW);
    assert_true(fake_open_peak() <= SIZE + OVERFLOW);
    assert_true(atomic_load(&crowd.served) > THREADS * OPERATIONS / 2);
    await_waiting(crowd.pool, 0);
    await_state(crowd.pool, HG_SLOT_OPENING, 0);
    assert_true(fake_open_now() <= SIZE);
    await_state(crowd.pool, HG_SLOT_IDLE, fake_open_now());
    close_fake_pool(crowd.pool);
}

/* Threads return what they hold while the pool is being closed: all of it, every time. */
static void *hold_for_a_moment(void *context)
{
    hg_pool *pool = context;
    hg_conn *conn = NULL;

    while (hg_pool_checkout(pool, NULL, hg_deadline_in_ms(60000), &conn, NULL)) {
        give_way();
        hg_pool_return(pool, conn);
    }
    return NULL;
}

static void a_pool_that_closes_in_the_middle_of_returns_loses_nothing(void **state)
{
    hg_pool_options options = pool_of(2, 1);

    (void)state;
    fake_reset();
    for (int round = 0; round < 200; round++) {
        hg_pool *pool = fake_pool(&options);
        pthread_t threads[4];

        for (int i = 0; i < 4; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, hold_for_a_moment, pool), 0);
        hg_pool_return(pool, take(pool));
        give_way();
        hg_pool_drain(pool);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        close_fake_pool(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_shares_a_pool_and_nobody_shares_a_connection),
        cmocka_unit_test(a_pool_that_closes_in_the_middle_of_returns_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
