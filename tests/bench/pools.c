/*
 * pools.c - what it costs to read the pools of a host, by hand: build/bench_pools [PROCESSES]
 * [ROUNDS]
 *
 * Starts so many processes (100) with a published pool of ten each and some connections in use,
 * reads all of them again and again, and prints the median and the worst time, the size of what a
 * pool publishes and what a process keeps resident for it.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "pool/pool_state.h"
#include "support/fake_driver.h"
#include "support/temp.h"

enum { SIZE = 10, PROCESSES_MOST = 1000, ROUNDS_MOST = 10000 };

/* Kilobytes of the process that are in memory and are not shared with a file. */
static long resident_kb(void)
{
    long all = 0, resident = 0, shared = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file != NULL && fscanf(file, "%ld %ld %ld", &all, &resident, &shared) == 3)
        resident -= shared;
    if (file != NULL)
        fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void be_process(const char *folder, int ready)
{
    hg_pool_options options = {
        .runtime_dir = folder,
        .settings = {.size = SIZE, .max_overflow = SIZE, .recycle_ms = 1800000}};
    hg_conn *conns[SIZE];
    hg_pool *pool = NULL;
    long before_kb = resident_kb(), kb;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!pool_open_with(&fake_driver, NULL, &options, &pool, NULL))
        _exit(1);
    for (int i = 0; i < SIZE; i++)
        if (!hg_pool_checkout(pool, "bench", hg_deadline_never(), &conns[i], NULL))
            _exit(1);
    for (int i = SIZE / 2; i < SIZE; i++)
        hg_pool_return(pool, conns[i]);
    kb = resident_kb() - before_kb;
    if (write(ready, &kb, sizeof kb) != sizeof kb)
        _exit(1);
    for (;;)
        pause();
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double read_all(const char *folder, int processes)
{
    int64_t began_ns = clock_now_ns();
    hg_pool_list list;
    double ms;

    if (!hg_pool_list_read(folder, &list, NULL) || list.count != (size_t)processes)
        abort();
    ms = clock_since_ms(began_ns);
    hg_pool_list_release(&list);
    return ms;
}

static void print_page(const char *folder)
{
    DIR *open = opendir(folder);
    const struct dirent *entry;
    struct stat st;

    while (open != NULL && (entry = readdir(open)) != NULL)
        if (strncmp(entry->d_name, TELEMETRY_PREFIX, strlen(TELEMETRY_PREFIX)) == 0
            && fstatat(dirfd(open), entry->d_name, &st, 0) == 0) {
            printf("published by a pool of %d and %d more: %.1f KiB\n", SIZE, SIZE,
                   (double)st.st_size / 1024);
            break;
        }
    if (open != NULL)
        closedir(open);
}

int main(int argc, char **argv)
{
    int processes = argc > 1 ? atoi(argv[1]) : 100, rounds = argc > 2 ? atoi(argv[2]) : 200;
    static pid_t pids[PROCESSES_MOST];
    static double ms[ROUNDS_MOST];
    int ready[2];
    long kb = 0;
    char *folder;

    if (processes < 1 || processes > PROCESSES_MOST || rounds < 1 || rounds > ROUNDS_MOST)
        return 2;
    setenv("TMPDIR", "/dev/shm", 1);
    folder = temp_dir_make();
    if (pipe(ready) != 0)
        return 1;
    for (int i = 0; i < processes; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            be_process(folder, ready[1]);
    }
    for (int i = 0; i < processes; i++)
        if (read(ready[0], &kb, sizeof kb) != sizeof kb)
            return 1;
    for (int i = 0; i < rounds; i++)
        ms[i] = read_all(folder, processes);
    qsort(ms, (size_t)rounds, sizeof *ms, by_size);
    printf("reading %d processes: median %.2f ms, worst %.2f ms\n", processes, ms[rounds / 2],
           ms[rounds - 1]);
    print_page(folder);
    printf("resident for it in its process, with threads and %d fake connections: %ld KiB\n", SIZE,
           kb);
    for (int i = 0; i < processes; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
    temp_dir_remove(folder);
    return 0;
}
