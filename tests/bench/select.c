/*
 * select.c - what the pool takes away from a server's throughput, by hand: build/bench_select
 * [SECONDS]
 *
 * SELECT 1 over a Unix socket: on private connections, then with checkout and return around each,
 * from a pool of ten. Blocks of both alternate, because the machine's speed changes; the ratio of
 * their means counts. 64 threads on ten connections are held against ten threads with their own.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "driver/driver.h"
#include "support/postgres.h"

enum { SIZE = 10, THREADS_MOST = 64, BLOCKS = 8, SAMPLES_MOST = 1 << 16 };

struct lane {
    pthread_t thread;
    bool pooled;
    uint64_t operations;
    size_t samples;
    uint32_t took_us[SAMPLES_MOST];
};

static hg_pool *pool;
static hg_url *url;
static atomic_bool stop;
static struct lane lanes[THREADS_MOST];

static void must(bool ok, const hg_error *err)
{
    if (ok)
        return;
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

static void select_one(hg_conn *conn, hg_deadline by)
{
    hg_error err = {HG_OK};

    must(hg_conn_execute(conn, "SELECT 1", NULL, 0, by, NULL, &err), &err);
}

static void *run_lane(void *context)
{
    const struct driver_options options = {.application_name = "bench"};
    hg_deadline by = hg_deadline_in_ms(60000);
    struct lane *lane = context;
    hg_conn *own = NULL;
    hg_error err = {HG_OK};

    if (!lane->pooled)
        must(driver_postgres.open(url, &options, by, &own, &err), &err);
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        int64_t began_ns = clock_now_ns();
        hg_conn *conn = own;

        if (lane->pooled)
            must(hg_pool_checkout(pool, "bench", by, &conn, &err), &err);
        select_one(conn, by);
        if (lane->pooled)
            hg_pool_return(pool, conn);
        if (lane->samples < SAMPLES_MOST)
            lane->took_us[lane->samples++] = (uint32_t)((clock_now_ns() - began_ns) / 1000);
        lane->operations++;
    }
    if (own != NULL)
        driver_postgres.close(own);
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

struct outcome {
    double per_second, fairness, p99_ms, max_ms;
};

static struct outcome conclude(int threads, double seconds)
{
    static uint32_t all[THREADS_MOST * SAMPLES_MOST];
    uint64_t operations = 0, least = UINT64_MAX, most = 0;
    size_t n = 0;

    for (int i = 0; i < threads; i++) {
        operations += lanes[i].operations;
        least = lanes[i].operations < least ? lanes[i].operations : least;
        most = lanes[i].operations > most ? lanes[i].operations : most;
        for (size_t k = 0; k < lanes[i].samples; k++)
            all[n++] = lanes[i].took_us[k];
    }
    qsort(all, n, sizeof *all, by_size);
    return (struct outcome){
        .per_second = (double)operations / seconds,
        .fairness = most == 0 ? 0 : (double)least / (double)most,
        .p99_ms = n == 0 ? 0 : all[n * 99 / 100] / 1000.0,
        .max_ms = n == 0 ? 0 : all[n - 1] / 1000.0,
    };
}

static struct outcome run_block(int threads, bool pooled, double seconds)
{
    struct timespec rest = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    int64_t began_ns;

    atomic_store(&stop, false);
    for (int i = 0; i < threads; i++) {
        lanes[i].pooled = pooled;
        lanes[i].operations = 0;
        lanes[i].samples = 0;
        pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]);
    }
    began_ns = clock_now_ns();
    nanosleep(&rest, NULL);
    atomic_store(&stop, true);
    for (int i = 0; i < threads; i++)
        pthread_join(lanes[i].thread, NULL);
    return conclude(threads, clock_since_ms(began_ns) / 1000.0);
}

static void compare(int threads, int raw_threads, double seconds)
{
    struct outcome sum = {0};
    double raw = 0;

    for (int i = 0; i < BLOCKS; i++) {
        struct outcome pooled;

        raw += run_block(raw_threads, false, seconds).per_second;
        pooled = run_block(threads, true, seconds);
        sum.per_second += pooled.per_second;
        sum.fairness += pooled.fairness;
        sum.p99_ms += pooled.p99_ms;
        sum.max_ms = pooled.max_ms > sum.max_ms ? pooled.max_ms : sum.max_ms;
    }
    printf("%7d  %10.0f  %10.0f  %5.2f  %9.2f  %8.2f  %8.2f\n", threads, raw / BLOCKS,
           sum.per_second / BLOCKS, sum.per_second / raw, sum.fairness / BLOCKS,
           sum.p99_ms / BLOCKS, sum.max_ms);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 0.5;
    hg_pool_options options = {.settings = {.size = SIZE, .recycle_ms = -1, .pre_ping = true}};
    hg_error err = {HG_OK};

    postgres_start();
    url = postgres_url("postgres");
    must(hg_pool_open(url, &options, &pool, &err), &err);
    printf("threads    own op/s   pool op/s  ratio  slow/fast  p99 (ms)  max (ms)\n");
    compare(1, 1, seconds);
    compare(8, 8, seconds);
    compare(64, SIZE, seconds);
    hg_pool_close(pool, hg_deadline_in_ms(1000));
    hg_url_free(url);
    return 0;
}
