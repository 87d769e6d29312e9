/*
 * outage.c - what a restart of the server costs its users, by hand: build/bench_outage
 *
 * Eight workers send a hundred requests a second each; the server is killed under them and comes
 * back after a second and a half. Prints the errors, when the first request and when every worker
 * succeeded after the server was up, and the longest request.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include <headgate/pool.h>

#include "base/clock.h"
#include "driver/driver.h"
#include "support/postgres.h"

enum { WORKERS = 8, REQUESTS = 500, PERIOD_MS = 10 };

static hg_pool *pool;
static _Atomic int64_t up_ns; /* 0: not yet up again */
static atomic_int errors_down, errors_up;

struct worker {
    pthread_t thread;
    int64_t first_ns; /* success after the server was up */
    int64_t longest_ns;
};

static void pause_ms(int64_t ms)
{
    struct timespec pause = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    nanosleep(&pause, NULL);
}

static bool request(hg_error *err)
{
    hg_deadline by = hg_deadline_in_ms(5000);
    hg_conn *conn = NULL;
    bool ok;

    if (!hg_pool_checkout(pool, "request", by, &conn, err))
        return false;
    ok = hg_conn_execute(conn, "SELECT 1", NULL, 0, by, NULL, err);
    hg_pool_return(pool, conn);
    return ok;
}

static void *work(void *context)
{
    struct worker *worker = context;

    for (int i = 0; i < REQUESTS; i++) {
        int64_t began_ns = clock_now_ns(), ended_ns, up;
        hg_error err = {HG_OK};
        bool ok = request(&err);

        ended_ns = clock_now_ns();
        up = atomic_load(&up_ns);
        if (!ok) {
            atomic_fetch_add(up > 0 && up < began_ns ? &errors_up : &errors_down, 1);
            fprintf(stderr, "%s: %s\n", hg_code_name(err.code), err.message);
        } else if (up > 0 && worker->first_ns == 0) {
            worker->first_ns = ended_ns;
        }
        if (ended_ns - began_ns > worker->longest_ns)
            worker->longest_ns = ended_ns - began_ns;
        pause_ms(PERIOD_MS);
    }
    return NULL;
}

/* Returns when the server lets somebody in. */
static void await_server(const hg_url *url)
{
    const struct driver_options options = {.application_name = "bench"};
    hg_conn *conn = NULL;

    while (!driver_postgres.open(url, &options, hg_deadline_in_ms(1000), &conn, NULL))
        pause_ms(1);
    driver_postgres.close(conn);
}

int main(void)
{
    static struct worker workers[WORKERS];
    hg_pool_options options = {
        .settings = {.size = 10,
                     .recycle_ms = -1,
                     .connect_timeout_ms = 5000,
                     .wait_for_server = true},
    };
    int64_t first_ns = INT64_MAX, last_ns = 0, longest_ns = 0;
    hg_error err = {HG_OK};
    hg_url *url;

    postgres_start();
    url = postgres_url("postgres");
    if (!hg_pool_open(url, &options, &pool, &err))
        return 1;
    for (int i = 0; i < WORKERS; i++)
        pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    pause_ms(1000);
    postgres_stop(POSTGRES_KILLED);
    pause_ms(1500);
    postgres_start();
    await_server(url);
    atomic_store(&up_ns, clock_now_ns());
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        first_ns = workers[i].first_ns < first_ns ? workers[i].first_ns : first_ns;
        last_ns = workers[i].first_ns > last_ns ? workers[i].first_ns : last_ns;
        longest_ns = workers[i].longest_ns > longest_ns ? workers[i].longest_ns : longest_ns;
    }
    printf(
        "errors while down %d, after %d; first success after %.1f ms, all workers after %.1f ms; "
        "longest request %.1f ms\n",
        atomic_load(&errors_down), atomic_load(&errors_up),
        (double)(first_ns - atomic_load(&up_ns)) / 1e6,
        (double)(last_ns - atomic_load(&up_ns)) / 1e6, (double)longest_ns / 1e6);
    hg_pool_close(pool, hg_deadline_in_ms(1000));
    hg_url_free(url);
    return 0;
}
