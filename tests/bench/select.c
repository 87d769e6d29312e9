/*
 * select.c - what the pool leaves of a server's throughput, by hand:
 *   build/bench_select [SECONDS [ROUNDS [URL [THREADS]]]]
 *
 * SELECT 1 over a Unix socket: by libpq's PQexec and PQexecPrepared and by hg_conn_execute() on
 * private connections, then with checkout and return around each, from a pool of ten. Blocks of all
 * take turns, because the machine's speed changes; each is held against the PQexec of its round.
 * 64 threads on ten connections are held against ten threads with their own. The last column is the
 * client's own processor time, which other work on the machine changes least.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

#include "base/clock.h"
#include "driver/driver.h"
#include "median.h"
#include "support/postgres.h"

enum { SIZE = 10, THREADS_MOST = 64, ROUNDS_MOST = 101, SAMPLES_MOST = 1 << 16 };

enum mode { EXEC, EXEC_PREPARED, OWN, POOLED_OFF, POOLED, MODES };

static const char *const mode_names[MODES] = {
    "PQexec, own connection", "PQexecPrepared, own connection", "hg_conn_execute, own connection",
    "pool, prepared=off",     "pool, prepared=named",
};

struct lane {
    pthread_t thread;
    enum mode mode;
    uint64_t operations;
    size_t samples;
    uint32_t took_us[SAMPLES_MOST];
};

/* libpq's blocking calls, which the driver has no use for. */
static struct {
    __typeof__(&PQconnectdb) connectdb;
    __typeof__(&PQexec) exec;
    __typeof__(&PQprepare) prepare;
    __typeof__(&PQexecPrepared) exec_prepared;
    __typeof__(&PQresultStatus) status;
    __typeof__(&PQclear) clear;
    __typeof__(&PQfinish) finish;
} pq;

static const char *server; /* its URL */
static hg_pool *pools[MODES];
static hg_url *urls[MODES];
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

static void load(void)
{
    void *library = dlopen("libpq.so.5", RTLD_NOW);

    if (library == NULL)
        exit(1);
    *(void **)&pq.connectdb = dlsym(library, "PQconnectdb");
    *(void **)&pq.exec = dlsym(library, "PQexec");
    *(void **)&pq.prepare = dlsym(library, "PQprepare");
    *(void **)&pq.exec_prepared = dlsym(library, "PQexecPrepared");
    *(void **)&pq.status = dlsym(library, "PQresultStatus");
    *(void **)&pq.clear = dlsym(library, "PQclear");
    *(void **)&pq.finish = dlsym(library, "PQfinish");
}

static PGconn *raw_connection(void)
{
    PGconn *raw = pq.connectdb(server);

    pq.clear(pq.prepare(raw, "one", "SELECT 1", 0, NULL));
    return raw;
}

static void raw_one(PGconn *raw, enum mode mode)
{
    PGresult *result = mode == EXEC ? pq.exec(raw, "SELECT 1")
                                    : pq.exec_prepared(raw, "one", 0, NULL, NULL, NULL, 0);

    if (pq.status(result) != PGRES_TUPLES_OK)
        exit(1);
    pq.clear(result);
}

static void pooled_one(hg_pool *pool, hg_deadline by)
{
    hg_conn *conn = NULL;
    hg_error err = {HG_OK};

    must(hg_pool_checkout(pool, "bench", by, &conn, &err), &err);
    select_one(conn, by);
    hg_pool_return(pool, conn);
}

static void *run_lane(void *context)
{
    const struct driver_options options = {.application_name = "bench"};
    hg_deadline by = hg_deadline_in_ms(60000);
    struct lane *lane = context;
    PGconn *raw = NULL;
    hg_conn *own = NULL;
    hg_error err = {HG_OK};

    if (lane->mode <= EXEC_PREPARED)
        raw = raw_connection();
    else if (lane->mode == OWN)
        must(driver_postgres.open(urls[POOLED], &options, by, &own, &err), &err);
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        int64_t began_ns = clock_now_ns();

        if (raw != NULL)
            raw_one(raw, lane->mode);
        else if (own != NULL)
            select_one(own, by);
        else
            pooled_one(pools[lane->mode], by);
        if (lane->samples < SAMPLES_MOST)
            lane->took_us[lane->samples++] = (uint32_t)((clock_now_ns() - began_ns) / 1000);
        lane->operations++;
    }
    if (raw != NULL)
        pq.finish(raw);
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
    double per_second, fairness, p99_ms, max_ms, cpu_us;
};

static double cpu_us(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

static struct outcome conclude(int threads, double seconds, double used_us)
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
        .cpu_us = operations == 0 ? 0 : used_us / (double)operations,
    };
}

static struct outcome run_block(int threads, enum mode mode, double seconds)
{
    struct timespec rest = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    double used_us = cpu_us();
    int64_t began_ns;

    atomic_store(&stop, false);
    for (int i = 0; i < threads; i++) {
        lanes[i].mode = mode;
        lanes[i].operations = 0;
        lanes[i].samples = 0;
        pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]);
    }
    began_ns = clock_now_ns();
    nanosleep(&rest, NULL);
    atomic_store(&stop, true);
    for (int i = 0; i < threads; i++)
        pthread_join(lanes[i].thread, NULL);
    return conclude(threads, clock_since_ms(began_ns) / 1000.0, cpu_us() - used_us);
}

/* What the rounds of one mode came to. */
struct series {
    double per_second[ROUNDS_MOST], ratio[ROUNDS_MOST], fairness[ROUNDS_MOST], p99_ms[ROUNDS_MOST];
    double cpu_us[ROUNDS_MOST];
    double max_ms;
};

static void compare(int threads, int raw_threads, int rounds, double seconds)
{
    static struct series all[MODES];

    for (int i = 0; i < rounds; i++)
        for (enum mode mode = EXEC; mode < MODES; mode++) {
            struct series *series = &all[mode];
            struct outcome got =
                run_block(mode < POOLED_OFF ? raw_threads : threads, mode, seconds);

            series->per_second[i] = got.per_second;
            series->ratio[i] = got.per_second / all[EXEC].per_second[i];
            series->fairness[i] = got.fairness;
            series->p99_ms[i] = got.p99_ms;
            series->cpu_us[i] = got.cpu_us;
            if (i == 0 || got.max_ms > series->max_ms)
                series->max_ms = got.max_ms;
        }
    printf("\n%-34s %8s %6s %9s %8s %8s %8s\n", "", "op/s", "ratio", "slow/fast", "p99 ms",
           "max ms", "cpu us");
    for (enum mode mode = EXEC; mode < MODES; mode++)
        printf("%2d threads: %-22.22s %8.0f %6.2f %9.2f %8.2f %8.2f %8.1f\n",
               mode < POOLED_OFF ? raw_threads : threads, mode_names[mode],
               median(all[mode].per_second, rounds), median(all[mode].ratio, rounds),
               median(all[mode].fairness, rounds), median(all[mode].p99_ms, rounds),
               all[mode].max_ms, median(all[mode].cpu_us, rounds));
}

static void open_pool(enum mode mode, const char *prepared)
{
    hg_pool_options options = {
        .settings = {.size = SIZE,
                     .min_idle = SIZE, /* what connecting costs is not asked */
                     .timeout_ms = 60000,
                     .recycle_ms = -1,
                     .pre_ping = true}};
    char text[1024];
    hg_error err = {HG_OK};

    snprintf(text, sizeof text, "%s%cprepared=%s", server, strchr(server, '?') == NULL ? '?' : '&',
             prepared);
    must(hg_url_parse(text, &urls[mode], &err), &err);
    must(hg_pool_open(urls[mode], &options, &pools[mode], &err), &err);
}

int main(int argc, char **argv)
{
    static const int threads[][2] = {{1, 1}, {8, 8}, {64, SIZE}};
    double seconds = argc > 1 ? atof(argv[1]) : 0.25;
    int rounds = argc > 2 ? atoi(argv[2]) : 9;

    int only = argc > 4 ? atoi(argv[4]) : 0;

    if (rounds < 1 || rounds > ROUNDS_MOST)
        return 2;
    if (argc > 3)
        server = argv[3];
    else
        postgres_start();
    if (server == NULL)
        server = postgres_url_text("postgres");
    load();
    open_pool(POOLED_OFF, "off");
    open_pool(POOLED, "named");
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
        if (only == 0 || only == threads[i][0])
            compare(threads[i][0], threads[i][1], rounds, seconds);
    for (enum mode mode = POOLED_OFF; mode < MODES; mode++) {
        hg_pool_close(pools[mode], hg_deadline_in_ms(1000));
        hg_url_free(urls[mode]);
    }
    return 0;
}
