/*
 * serve.c - what the endpoints can answer, by hand: build/bench_serve [REQUESTS]
 *
 * A child process answers /readiness of an SQLite file; one client asks it on one connection that
 * stays, as fast as answers come, then at half that pace. The same client asks a child that only
 * sends a fixed answer of the same size: no HTTP server on this machine could do better.
 * Server and client are held to the same processor, so the figures are of one core for both.
 * Then a hundred processes publish a pool each, and /metrics is asked as often as it is made anew.
 */
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/clock.h"
#include "serve/serve.h"
#include "support/temp.h"

enum { REQUESTS_MOST = 10 * 1000 * 1000, PACED_MOST = 200 * 1000, ANSWER_MOST = 8192 };
enum { POOLS = 100, ROUNDS = 9, METRICS_MOST = 4 << 20 };

static const char request[] = "GET /readiness HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
static size_t answer_size; /* of /readiness, for the fixed answer */

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

static void stay_on_one_core(void)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    must(sched_setaffinity(0, sizeof one, &one) == 0, "affinity");
}

static long resident_kb(pid_t pid)
{
    char path[64];
    long all = 0, resident = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
    file = fopen(path, "re");
    must(file != NULL && fscanf(file, "%ld %ld", &all, &resident) == 2, path);
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* --- the two servers, each in a child --- */

static int be_endpoints(const char *dir)
{
    char url[4096], runtime[4096], migrations[4096];
    const char *variables[] = {url, runtime, migrations, "ENV=test", NULL};
    hg_settings_options options = {.environ = variables};
    hg_settings *settings = NULL;
    struct serve *serve = NULL;

    snprintf(url, sizeof url, "DATABASE_URL=sqlite:///%s/app.db", dir);
    snprintf(runtime, sizeof runtime, "HEADGATE_RUNTIME_DIR=%s/run", dir);
    snprintf(migrations, sizeof migrations, "DB_MIGRATIONS_DIR=%s/migrations", dir);
    must(hg_settings_load(&options, &settings, NULL), "settings");
    must(serve_start(settings, "127.0.0.1:0", 1000, &serve, NULL), "serve");
    return serve_port(serve);
}

static void send_fixed(int listener)
{
    static char answer[ANSWER_MOST], got[ANSWER_MOST];
    int fd = accept(listener, NULL, NULL);

    memset(answer, 'x', sizeof answer);
    while (recv(fd, got, sizeof got, 0) > 0)
        must(send(fd, answer, answer_size, MSG_NOSIGNAL) == (ssize_t)answer_size, "send");
    _exit(0);
}

static int listen_somewhere(int *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 4) == 0
             && getsockname(fd, (struct sockaddr *)&address, &size) == 0,
         "listen");
    *out_port = ntohs(address.sin_port);
    return fd;
}

/* dir NULL: the fixed answer. */
static pid_t start(const char *dir, int *out_port)
{
    int ends[2];
    pid_t child = -1;

    must(pipe(ends) == 0 && (child = fork()) >= 0, "fork");
    if (child == 0) {
        int port, listener = dir == NULL ? listen_somewhere(&port) : -1;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        port = dir == NULL ? port : be_endpoints(dir);
        must(write(ends[1], &port, sizeof port) == sizeof port, "pipe");
        if (dir == NULL)
            send_fixed(listener);
        for (;;)
            pause();
    }
    must(read(ends[0], out_port, sizeof *out_port) == sizeof *out_port, "pipe");
    close(ends[0]);
    close(ends[1]);
    return child;
}

/* --- the client --- */

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    return fd;
}

/* One answer comes whole, since it is small and sent at once; its size. */
static size_t ask(int fd, char *answer)
{
    ssize_t n;

    must(send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == sizeof request - 1, "send");
    n = recv(fd, answer, ANSWER_MOST - 1, 0);
    must(n > 0, "the server hung up");
    answer[n] = '\0';
    return (size_t)n;
}

/* Requests a second. */
static double ask_all(int fd, long requests)
{
    char answer[ANSWER_MOST];
    int64_t began_ns = clock_now_ns();

    for (long i = 0; i < requests; i++)
        ask(fd, answer);
    return (double)requests * 1000 / clock_since_ms(began_ns);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The 99th percentile of an answer's time, in milliseconds, at so many a second. */
static double ask_paced(int fd, double a_second, long requests)
{
    static double ms[PACED_MOST];
    char answer[ANSWER_MOST];
    int64_t began_ns = clock_now_ns();

    for (long i = 0; i < requests; i++) {
        int64_t due_ns = began_ns + (int64_t)((double)i * 1e9 / a_second);

        while (clock_now_ns() < due_ns)
            sched_yield();
        ask(fd, answer);
        ms[i] = (double)(clock_now_ns() - due_ns) / 1e6; /* also what it was late */
    }
    qsort(ms, (size_t)requests, sizeof *ms, by_size);
    return ms[requests * 99 / 100];
}

/* --- /metrics --- */

/* An application's process with a pool of its own. */
static void be_application(const char *dir, int ready)
{
    char file[4096], runtime[4096];
    hg_pool_options options = {.runtime_dir = runtime, .settings = {.size = 5, .max_overflow = 5}};
    hg_conn *conn = NULL;
    hg_pool *pool = NULL;
    hg_url *url = NULL;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(file, sizeof file, "sqlite:///%s/app.db", dir);
    snprintf(runtime, sizeof runtime, "%s/run", dir);
    must(hg_url_parse(file, &url, NULL) && hg_pool_open(url, &options, &pool, NULL)
             && hg_pool_checkout(pool, "bench", hg_deadline_never(), &conn, NULL)
             && write(ready, "r", 1) == 1,
         "pool");
    for (;;)
        pause();
}

static void publish(const char *dir, pid_t *pids)
{
    int ends[2];
    char byte;

    must(pipe(ends) == 0, "pipe");
    for (int i = 0; i < POOLS; i++)
        if ((pids[i] = fork()) == 0)
            be_application(dir, ends[1]);
    for (int i = 0; i < POOLS; i++)
        must(read(ends[0], &byte, 1) == 1, "pipe");
    close(ends[0]);
    close(ends[1]);
}

/* The time until the answer has come whole; *out_lines: of used connections, one a pool. */
static double ask_metrics(int port, int *out_lines)
{
    static const char wanted[] = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                 "Connection: close\r\n\r\n";
    static char answer[METRICS_MOST];
    int64_t began_ns = clock_now_ns();
    int fd = connect_to(port);
    size_t size = 0;
    ssize_t n;
    double ms;

    must(send(fd, wanted, sizeof wanted - 1, MSG_NOSIGNAL) == sizeof wanted - 1, "send");
    while ((n = recv(fd, answer + size, sizeof answer - 1 - size, 0)) > 0)
        size += (size_t)n;
    ms = clock_since_ms(began_ns);
    close(fd);
    answer[size] = '\0';
    *out_lines = 0;
    for (const char *at = answer; (at = strstr(at, "state=\"used\"")) != NULL; at++)
        ++*out_lines;
    return ms;
}

static void measure_metrics(const char *dir, int port)
{
    const struct timespec kept = {.tv_sec = 1, .tv_nsec = 100 * 1000000L};
    pid_t pids[POOLS];
    double ms[ROUNDS];
    int lines = 0;

    publish(dir, pids);
    for (int i = 0; i < ROUNDS; i++) {
        nanosleep(&kept, NULL);
        ms[i] = ask_metrics(port, &lines);
    }
    qsort(ms, ROUNDS, sizeof *ms, by_size);
    printf("/metrics with %d pools: median %.2f ms, slowest %.2f ms\n", lines, ms[ROUNDS / 2],
           ms[ROUNDS - 1]);
    for (int i = 0; i < POOLS; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
}

int main(int argc, char **argv)
{
    long requests = argc > 1 ? atol(argv[1]) : 100000, before_kb;
    long paced = requests < PACED_MOST ? requests : PACED_MOST;
    char answer[ANSWER_MOST] = "";
    double ours, late_ms, fixed;
    int port, fd;
    pid_t child;
    char *dir;

    if (requests < 1000 || requests > REQUESTS_MOST)
        return 2;
    stay_on_one_core();
    setenv("TMPDIR", "/dev/shm", 1); /* pools publish themselves in memory only */
    dir = temp_dir_make();
    temp_write(dir, "migrations/.keep", "");
    temp_write(dir, "app.db", "");
    child = start(dir, &port);
    fd = connect_to(port);
    while (strncmp(answer, "HTTP/1.1 200", 12) != 0)
        answer_size = ask(fd, answer);
    ask_all(fd, requests / 10);
    before_kb = resident_kb(child);
    ours = ask_all(fd, requests);
    late_ms = ask_paced(fd, ours / 2, paced);
    printf("/readiness: %.0f requests/s, 99th percentile at half of it %.2f ms\n", ours, late_ms);
    printf("resident: %ld KiB, %ld more than before\n", resident_kb(child),
           resident_kb(child) - before_kb);
    measure_metrics(dir, port);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(fd);
    child = start(NULL, &port);
    fd = connect_to(port);
    fixed = ask_all(fd, requests);
    late_ms = ask_paced(fd, ours / 2, paced);
    printf("a fixed answer: %.0f requests/s, ours is %.2f of it; 99th percentile at our pace %.2f "
           "ms\n",
           fixed, ours / fixed, late_ms);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    temp_dir_remove(dir);
    return 0;
}
