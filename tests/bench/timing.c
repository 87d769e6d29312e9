/*
 * timing.c - how long whole programs take and how much memory they use, compared with a first one
 * in the same run.
 *
 *     timing [-n ROUNDS] PEER -- PROGRAM ARGUMENT ... -- PROGRAM ...
 *
 * Runs them in turn, A B C A B C ..., because machines drift; prints for each the median wall time,
 * its ratio to the first, the median processor time and the largest resident memory. Output of the
 * programs goes to /dev/null.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "median.h"

enum { PROGRAMS_MAX = 8, ROUNDS_MAX = 1001 };

struct program {
    char **argv;
    double wall_ms[ROUNDS_MAX], cpu_ms[ROUNDS_MAX];
    long resident_kib;
    int status;
};

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double milliseconds(struct timeval t)
{
    return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static void run_once(struct program *p, int round)
{
    struct rusage usage;
    double start = now_ms();
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        int nothing = open("/dev/null", O_RDWR);

        dup2(nothing, 0);
        dup2(nothing, 1);
        dup2(nothing, 2);
        execvp(p->argv[0], p->argv);
        _exit(127);
    }
    wait4(pid, &status, 0, &usage);
    p->wall_ms[round] = now_ms() - start;
    p->cpu_ms[round] = milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
    if (usage.ru_maxrss > p->resident_kib)
        p->resident_kib = usage.ru_maxrss;
    p->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void report(struct program *programs, int count, int rounds)
{
    double first = 0;

    printf("%-44s %10s %6s %10s %10s %5s\n", "program", "wall ms", "ratio", "cpu ms", "RSS KiB",
           "exit");
    for (int i = 0; i < count; i++) {
        struct program *p = &programs[i];
        double wall = median(p->wall_ms, rounds);
        char name[45] = "";

        for (int w = 0; p->argv[w] != NULL; w++)
            snprintf(name + strlen(name), sizeof name - strlen(name), "%s%s", w == 0 ? "" : " ",
                     w == 0 && strrchr(p->argv[0], '/') != NULL ? strrchr(p->argv[0], '/') + 1
                                                                : p->argv[w]);
        first = i == 0 ? wall : first;
        printf("%-44s %10.2f %6.2f %10.2f %10ld %5d\n", name, wall, wall / first,
               median(p->cpu_ms, rounds), p->resident_kib, p->status);
    }
}

int main(int argc, char **argv)
{
    static struct program programs[PROGRAMS_MAX];
    int count = 0, rounds = 31, i = 1;

    if (argc > 3 && strcmp(argv[1], "-n") == 0) {
        rounds = atoi(argv[2]);
        i = 3;
    }
    for (int start = i; i <= argc && count < PROGRAMS_MAX; i++)
        if (i == argc || strcmp(argv[i], "--") == 0) {
            argv[i] = NULL;
            if (i > start)
                programs[count++].argv = argv + start;
            start = i + 1;
        }
    if (count == 0 || rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: timing [-n ROUNDS] PEER ... -- PROGRAM ...\n");
        return 2;
    }
    for (int round = 0; round < rounds; round++)
        for (int p = 0; p < count; p++)
            run_once(&programs[p], round);
    report(programs, count, rounds);
    return 0;
}
