/*
 * zdb.c - libzdb under the same load: zdb pure|select THREADS SECONDS URL
 *
 * libzdb never waits: who finds no connection asks again after giving way, as its users must.
 * Prints: nanoseconds an operation, slowest thread to fastest, 99th percentile and longest in us.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zdb.h>

enum { SIZE = 10, THREADS_MOST = 64, SAMPLES_MOST = 1 << 15 };

struct lane {
    pthread_t thread;
    uint64_t operations;
    size_t samples;
    uint32_t took_us[SAMPLES_MOST];
};

static ConnectionPool_T pool;
static int selects;
static atomic_int stop;
static struct lane lanes[THREADS_MOST];

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void once(void)
{
    Connection_T conn;

    while ((conn = ConnectionPool_getConnection(pool)) == NULL && !atomic_load(&stop))
        sched_yield();
    if (conn == NULL)
        return;
    if (selects) {
        TRY
        {
            ResultSet_next(Connection_executeQuery(conn, "SELECT 1"));
        }
        ELSE
        {
            abort();
        }
        END_TRY;
    }
    Connection_close(conn);
}

static void *run_lane(void *context)
{
    struct lane *lane = context;

    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        int64_t began_ns = now_ns();

        once();
        if (lane->samples < SAMPLES_MOST)
            lane->took_us[lane->samples++] = (uint32_t)((now_ns() - began_ns) / 1000);
        lane->operations++;
        for (int i = 1; i < 16 && !selects; i++, lane->operations++)
            once();
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

int main(int argc, char **argv)
{
    static uint32_t all[THREADS_MOST * SAMPLES_MOST];
    int threads = argc > 2 ? atoi(argv[2]) : 0;
    double seconds = argc > 3 ? atof(argv[3]) : 0;
    struct timespec rest = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    uint64_t operations = 0, least = UINT64_MAX, most = 0;
    size_t n = 0;
    int64_t began_ns;

    if (argc != 5 || threads < 1 || threads > THREADS_MOST)
        return 2;
    selects = strcmp(argv[1], "select") == 0;
    pool = ConnectionPool_new(URL_new(argv[4]));
    ConnectionPool_setInitialConnections(pool, SIZE);
    ConnectionPool_setMaxConnections(pool, SIZE);
    ConnectionPool_start(pool);
    for (int i = 0; i < threads; i++)
        pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]);
    began_ns = now_ns();
    nanosleep(&rest, NULL);
    atomic_store(&stop, 1);
    for (int i = 0; i < threads; i++)
        pthread_join(lanes[i].thread, NULL);
    began_ns = now_ns() - began_ns;
    for (int i = 0; i < threads; i++) {
        operations += lanes[i].operations;
        least = lanes[i].operations < least ? lanes[i].operations : least;
        most = lanes[i].operations > most ? lanes[i].operations : most;
        for (size_t k = 0; k < lanes[i].samples; k++)
            all[n++] = lanes[i].took_us[k];
    }
    qsort(all, n, sizeof *all, by_size);
    printf("%.1f %.3f %u %u\n", (double)began_ns / (double)operations, (double)least / (double)most,
           all[n * 99 / 100], all[n - 1]);
    return 0;
}
