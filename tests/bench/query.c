/*
 * query.c - what a small query costs beside libpq itself, by hand: build/bench_query [ROUNDS]
 *
 * One thread sends SELECT 1 over a Unix socket, in blocks that take turns because machines drift:
 * by libpq's blocking calls, and by hg_conn_execute() in each of the ways that a URL may ask for.
 * Prints the median block of each, and its speed as a multiple of PQexec's; then the same for
 * SQLite, with a text of its own each time and with one that is kept.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/clock.h"
#include "driver/driver.h"
#include "median.h"
#include "support/postgres.h"

enum { ROUNDS_MAX = 1001, BLOCK = 200 };

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

static PGconn *raw;

struct peer {
    const char *name;
    bool (*run)(const struct peer *peer, int i);
    hg_conn *conn;
    double us[ROUNDS_MAX];
};

static bool take(PGresult *result)
{
    bool ok = pq.status(result) == PGRES_TUPLES_OK;

    pq.clear(result);
    return ok;
}

static bool run_exec(const struct peer *peer, int i)
{
    (void)peer;
    (void)i;
    return take(pq.exec(raw, "SELECT 1"));
}

static bool run_exec_prepared(const struct peer *peer, int i)
{
    (void)peer;
    (void)i;
    return take(pq.exec_prepared(raw, "one", 0, NULL, NULL, NULL, 0));
}

static bool run_headgate(const struct peer *peer, int i)
{
    (void)i;
    return hg_conn_execute(peer->conn, "SELECT 1", NULL, 0, hg_deadline_in_ms(5000), NULL, NULL);
}

static bool run_other_texts(const struct peer *peer, int i)
{
    char sql[32];

    snprintf(sql, sizeof sql, "SELECT %d", i);
    return hg_conn_execute(peer->conn, sql, NULL, 0, hg_deadline_in_ms(5000), NULL, NULL);
}

static hg_conn *open_url(const struct driver *driver, const char *text)
{
    const struct driver_options options = {.application_name = "bench", .may_create = true};
    hg_conn *conn = NULL;
    hg_url *url = NULL;
    hg_error err = {HG_OK};

    if (!hg_url_parse(text, &url, &err)
        || !driver->open(url, &options, hg_deadline_in_ms(5000), &conn, &err)) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    hg_url_free(url);
    return conn;
}

static hg_conn *open_with(const char *prepared)
{
    char *base = postgres_url_text("postgres"), text[1024];

    snprintf(text, sizeof text, "%s%cprepared=%s", base, strchr(base, '?') == NULL ? '?' : '&',
             prepared);
    free(base);
    return open_url(&driver_postgres, text);
}

static bool load(void)
{
    void *library = dlopen("libpq.so.5", RTLD_NOW);
    char info[512];

    if (library == NULL)
        return false;
    *(void **)&pq.connectdb = dlsym(library, "PQconnectdb");
    *(void **)&pq.exec = dlsym(library, "PQexec");
    *(void **)&pq.prepare = dlsym(library, "PQprepare");
    *(void **)&pq.exec_prepared = dlsym(library, "PQexecPrepared");
    *(void **)&pq.status = dlsym(library, "PQresultStatus");
    *(void **)&pq.clear = dlsym(library, "PQclear");
    *(void **)&pq.finish = dlsym(library, "PQfinish");
    snprintf(info, sizeof info, "host=%s port=%d user=postgres dbname=postgres",
             postgres_socket_dir(), postgres_port());
    raw = pq.connectdb(info);
    pq.clear(pq.prepare(raw, "one", "SELECT 1", 0, NULL));
    return take(pq.exec(raw, "SELECT 1"));
}

static void run_block(struct peer *peer, int round)
{
    int64_t begun_ns = clock_now_ns();

    for (int i = 0; i < BLOCK; i++)
        if (!peer->run(peer, i)) {
            fprintf(stderr, "%s: failed\n", peer->name);
            exit(1);
        }
    peer->us[round] = (double)(clock_now_ns() - begun_ns) / 1e3 / BLOCK;
}

/* Each block is compared with the first peer's of the same round: what the machine does beside this
 * slows both. */
static void compare(struct peer *peers, size_t count, int rounds)
{
    static double speed[ROUNDS_MAX], us[ROUNDS_MAX];

    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < count; i++)
            run_block(&peers[i], round);
    printf("%-40s %10s %10s\n", "SELECT 1", "median us", "speed");
    for (size_t i = 0; i < count; i++) {
        for (int round = 0; round < rounds; round++) {
            us[round] = peers[i].us[round];
            speed[round] = peers[0].us[round] / us[round];
        }
        printf("%-40s %10.2f %10.2f\n", peers[i].name, median(us, rounds), median(speed, rounds));
        if (peers[i].conn != NULL)
            peers[i].conn->driver->close(peers[i].conn);
    }
}

int main(int argc, char **argv)
{
    static struct peer servers[] = {
        {"PQexec", run_exec},
        {"PQexecPrepared", run_exec_prepared},
        {"hg_conn_execute, prepared=off", run_headgate},
        {"hg_conn_execute, prepared=unnamed", run_headgate},
        {"hg_conn_execute, prepared=named", run_headgate},
    };
    static struct peer files[] = {
        {"SQLite, other texts", run_other_texts},
        {"SQLite, the same text", run_headgate},
    };
    int rounds = argc > 1 ? atoi(argv[1]) : 101;

    if (rounds < 1 || rounds > ROUNDS_MAX)
        return 2;
    postgres_start();
    if (!load())
        return 1;
    servers[2].conn = open_with("off");
    servers[3].conn = open_with("unnamed");
    servers[4].conn = open_with("named");
    compare(servers, sizeof servers / sizeof *servers, rounds);
    files[0].conn = open_url(&driver_sqlite, "sqlite:///:memory:");
    files[1].conn = open_url(&driver_sqlite, "sqlite:///:memory:");
    compare(files, sizeof files / sizeof *files, rounds);
    pq.finish(raw);
    return 0;
}
