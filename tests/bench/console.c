/*
 * console.c - what the console costs: time to the first frame, bytes and processor time at rest,
 * key to answer.
 *
 *     console [-s SECONDS] [-k KEY] [-w COLUMNS] [-h ROWS] PROGRAM ARGUMENT ...
 *
 * Runs any full-screen program on a pseudo-terminal (TERM=xterm-256color) and prints one row. The
 * first frame has ended when the program has been silent for 100 ms; at rest means from then on,
 * for SECONDS. Linux only (/proc).
 */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SETTLED_MS = 100, KEYS = 40 };

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* What of the terminal has to be answered or the program waits: device status reports. */
static void answer(int terminal, const char *bytes, size_t n)
{
    const char *at = bytes, *end = bytes + n;

    while ((at = memmem(at, (size_t)(end - at), "\033[5n", 4)) != NULL) {
        if (write(terminal, "\033[0n", 4) < 0)
            perror("write");
        at += 4;
    }
}

struct seen {
    double first_ms, last_ms;
    long bytes, reads;
};

/* Reads until the program has been silent for quiet_ms, or until `end`. */
static struct seen watch(int terminal, double quiet_ms, double end)
{
    struct seen seen = {0};
    char chunk[65536];

    for (;;) {
        struct pollfd fd = {terminal, POLLIN, 0};
        double limit = end - now_ms();
        ssize_t n;

        if (quiet_ms > 0 && seen.bytes > 0 && limit > quiet_ms)
            limit = quiet_ms;
        if (limit <= 0 || poll(&fd, 1, (int)limit) == 0)
            return seen;
        n = read(terminal, chunk, sizeof chunk);
        if (n <= 0)
            return seen;
        seen.last_ms = now_ms();
        if (seen.bytes == 0)
            seen.first_ms = seen.last_ms;
        seen.bytes += n;
        seen.reads++;
        answer(terminal, chunk, (size_t)n);
    }
}

/* Processor time of the process in milliseconds, from the scheduler's nanoseconds; threads
 * included. */
static double cpu_ms(pid_t pid)
{
    char path[64], line[1024];
    unsigned long user = 0, system = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (file == NULL)
        return 0;
    if (fgets(line, sizeof line, file) != NULL)
        sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system);
    fclose(file);
    return (double)(user + system) * 1000.0 / (double)sysconf(_SC_CLK_TCK);
}

static long status_number(pid_t pid, const char *name)
{
    char path[64], line[256];
    long value = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            value = atol(line + strlen(name) + 1);
    if (file != NULL)
        fclose(file);
    return value;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    double seconds = 10, start, cpu, latency[KEYS];
    const char *key = "j";
    struct seen first, rest;
    int option, terminal, keys = 0;
    long bytes = 0;
    pid_t pid;

    while ((option = getopt(argc, argv, "+s:k:w:h:")) != -1) {
        if (option == 's')
            seconds = atof(optarg);
        else if (option == 'k')
            key = optarg;
        else if (option == 'w')
            size.ws_col = (unsigned short)atoi(optarg);
        else if (option == 'h')
            size.ws_row = (unsigned short)atoi(optarg);
        else
            return 2;
    }
    if (optind >= argc)
        return 2;
    start = now_ms();
    pid = forkpty(&terminal, NULL, NULL, &size);
    if (pid == 0) {
        setenv("TERM", "xterm-256color", 1);
        unsetenv("LINES");
        unsetenv("COLUMNS");
        execvp(argv[optind], argv + optind);
        _exit(127);
    }
    first = watch(terminal, SETTLED_MS, start + 10000);
    watch(terminal, 0, now_ms() + 2000); /* what is asked first has come by then */
    cpu = cpu_ms(pid);
    rest = watch(terminal, 0, now_ms() + seconds * 1000);
    cpu = cpu_ms(pid) - cpu;
    for (int i = 0; i < KEYS; i++) {
        double pressed = now_ms();
        struct seen seen;

        if (write(terminal, key, strlen(key)) < 0)
            break;
        seen = watch(terminal, 20, pressed + 300);
        if (seen.bytes > 0)
            latency[keys++] = seen.first_ms - pressed;
        bytes += seen.bytes;
    }
    qsort(latency, (size_t)keys, sizeof *latency, by_value);
    printf("%-20s first byte %6.1f ms, first frame %6.1f ms (%ld B), at rest %7.1f B/s %5.2f "
           "writes/s %6.3f %% cpu, "
           "key p50 %5.2f ms %5.0f B, RSS %ld KiB\n",
           strrchr(argv[optind], '/') == NULL ? argv[optind] : strrchr(argv[optind], '/') + 1,
           first.first_ms - start, first.last_ms - start, first.bytes, (double)rest.bytes / seconds,
           (double)rest.reads / seconds, cpu / seconds / 10, keys > 0 ? latency[keys / 2] : 0,
           keys > 0 ? (double)bytes / keys : 0, status_number(pid, "VmHWM:"));
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    return 0;
}
