/*
 * pool.c - what a checkout and its return cost, by hand: build/bench_pool [SECONDS] [THREADS... |
 * waiters]
 *
 * A pool of ten over an engine that does nothing, published in shared memory as in earnest. Prints
 * for each number of threads: wall and processor time of one checkout and return, how far the
 * slowest thread was behind the fastest, and the longest wait. Then what it costs that 64 callers
 * wait for ten connections which somebody holds.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "pool/pool_state.h"
#include "support/temp.h"

enum { SIZE = 10, THREADS_MOST = 256, WAITERS = 64 };

static bool no_open(const hg_url *url, const struct driver_options *options, hg_deadline by,
                    hg_conn **out_conn, hg_error *err)
{
    (void)url;
    (void)options;
    (void)by;
    (void)err;
    *out_conn = alloc_zero(1, sizeof **out_conn);
    return true;
}

static void no_close(hg_conn *conn)
{
    alloc_free(conn);
}

static bool no_alive(hg_conn *conn)
{
    (void)conn;
    return true;
}

static bool no_reset(hg_conn *conn, hg_reset how, hg_deadline by, bool *out_was_open, hg_error *err)
{
    (void)conn;
    (void)how;
    (void)by;
    (void)err;
    *out_was_open = false;
    return true;
}

static int64_t no_backend_pid(const hg_conn *conn)
{
    (void)conn;
    return 0;
}

static int no_descriptor(const hg_conn *conn)
{
    (void)conn;
    return -1;
}

static const struct driver no_driver = {
    .open = no_open,
    .close = no_close,
    .alive = no_alive,
    .reset = no_reset,
    .descriptor = no_descriptor,
    .backend_pid = no_backend_pid,
};

struct lane {
    pthread_t thread;
    _Alignas(64) uint64_t operations;
    int64_t longest_ns;
};

static hg_pool *pool;
static atomic_bool go, stop;
static struct lane lanes[THREADS_MOST];

static void once(void)
{
    hg_conn *conn = NULL;

    if (!hg_pool_checkout(pool, "bench", hg_deadline_never(), &conn, NULL))
        abort();
    hg_pool_return(pool, conn);
}

/* One in sixteen is timed: the clock would cost more than the pool. */
static void *run_lane(void *context)
{
    struct lane *lane = context;

    while (!atomic_load_explicit(&go, memory_order_acquire))
        sched_yield();
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        int64_t began_ns = clock_now_ns(), took_ns;

        once();
        took_ns = clock_now_ns() - began_ns;
        if (took_ns > lane->longest_ns)
            lane->longest_ns = took_ns;
        for (int i = 1; i < 16; i++)
            once();
        lane->operations += 16;
    }
    return NULL;
}

static int64_t cpu_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

static void measure(int threads, double seconds)
{
    uint64_t all = 0, least = UINT64_MAX, most = 0;
    int64_t began_ns, began_cpu_ns, longest_ns = 0;
    struct timespec rest = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

    atomic_store(&go, false);
    atomic_store(&stop, false);
    for (int i = 0; i < threads; i++) {
        lanes[i] = (struct lane){0};
        pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]);
    }
    began_ns = clock_now_ns();
    began_cpu_ns = cpu_ns();
    atomic_store(&go, true);
    nanosleep(&rest, NULL);
    atomic_store(&stop, true);
    for (int i = 0; i < threads; i++)
        pthread_join(lanes[i].thread, NULL);
    began_ns = clock_now_ns() - began_ns;
    began_cpu_ns = cpu_ns() - began_cpu_ns;
    for (int i = 0; i < threads; i++) {
        all += lanes[i].operations;
        least = lanes[i].operations < least ? lanes[i].operations : least;
        most = lanes[i].operations > most ? lanes[i].operations : most;
        longest_ns = lanes[i].longest_ns > longest_ns ? lanes[i].longest_ns : longest_ns;
    }
    printf("%7d  %9.1f  %8.1f  %9.2f  %12.2f\n", threads, (double)began_ns / (double)all,
           (double)began_cpu_ns / (double)all, (double)least / (double)most,
           (double)longest_ns / 1e6);
}

static void *wait_in_vain(void *by)
{
    hg_conn *conn = NULL;

    if (hg_pool_checkout(pool, "waiter", *(const hg_deadline *)by, &conn, NULL))
        abort();
    return NULL;
}

static void await_waiting(int n)
{
    static hg_pool_snapshot now;

    do
        hg_pool_inspect(pool, &now);
    while (now.waiting < n);
}

/* Counts all threads of the process, also the pool's own. */
static void measure_waiting(double seconds)
{
    hg_deadline by = hg_deadline_in_ms((int64_t)(seconds * 1000) + 5000);
    int64_t began_ns, began_cpu_ns;
    pthread_t waiters[WAITERS];
    hg_conn *held[SIZE];

    for (int i = 0; i < SIZE; i++)
        if (!hg_pool_checkout(pool, "bench", by, &held[i], NULL))
            abort();
    for (int i = 0; i < WAITERS; i++)
        pthread_create(&waiters[i], NULL, wait_in_vain, &by);
    await_waiting(WAITERS);
    began_ns = clock_now_ns();
    began_cpu_ns = cpu_ns();
    nanosleep(&(struct timespec){(time_t)seconds, 0}, NULL);
    printf("%d waiters on held connections: %.3f %% of a core\n", WAITERS,
           100.0 * (double)(cpu_ns() - began_cpu_ns) / (double)(clock_now_ns() - began_ns));
    hg_pool_drain(pool); /* which they hear */
    for (int i = 0; i < WAITERS; i++)
        pthread_join(waiters[i], NULL);
    for (int i = 0; i < SIZE; i++)
        hg_pool_return(pool, held[i]);
}

int main(int argc, char **argv)
{
    static const int usual[] = {1, 2, 8, 64};
    double seconds = argc > 1 ? atof(argv[1]) : 1;
    bool only_waiters = argc > 2 && strcmp(argv[2], "waiters") == 0;
    hg_pool_options options = {.settings = {.size = SIZE, .recycle_ms = 1800000, .pre_ping = true}};
    char *folder;

    setenv("TMPDIR", "/dev/shm", 1);
    folder = temp_dir_make();
    options.runtime_dir = folder;
    if (!pool_open_with(&no_driver, NULL, &options, &pool, NULL))
        return 1;
    printf("threads  ns (wall)  ns (cpu)  slow/fast  longest (ms)\n");
    for (int i = 2; i < argc && !only_waiters; i++)
        measure(atoi(argv[i]) < THREADS_MOST ? atoi(argv[i]) : THREADS_MOST, seconds);
    for (int i = 0; argc <= 2 && i < 4; i++)
        measure(usual[i], seconds);
    if (argc <= 2 || only_waiters)
        measure_waiting(2);
    hg_pool_close(pool, hg_deadline_in_ms(1000));
    temp_dir_remove(folder);
    return 0;
}
