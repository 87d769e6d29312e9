/*
 * process.h - runs the program as its users do: arguments, environment, folder; what it printed and
 * how it ended.
 */
#ifndef SUPPORT_PROCESS_H
#define SUPPORT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process_result {
    int status; /* exit status; 128 + signal when a signal ended it */
    char *out;  /* stdout, NUL-terminated */
    char *err;  /* stderr */
    double ms;
};

/*
 * Runs argv (NULL-terminated, argv[0] is the program) in dir with exactly this environment
 * (NAME=value, NULL-terminated; PATH, LC_ALL=C.UTF-8, TZ=UTC and HEADGATE_RUNTIME_DIR=run are
 * added) and no terminal; stdin is empty. Fails the test program when it cannot start it or when it
 * runs longer than four minutes. Released with process_release().
 */
struct process_result process_run(const char *dir, const char *const *environ,
                                  const char *const *argv);
void process_release(struct process_result *result);

/* The same as headgate with up to 15 arguments ended by NULL; one environment setting, or NULL. */
struct process_result headgate_run(const char *dir, const char *setting, ...)
    __attribute__((sentinel));

/* Starts a program and does not wait; for kill(). Output goes nowhere. */
pid_t process_start(const char *dir, const char *const *environ, const char *const *argv);

/* Waits for it; exit status, or 128 + signal. */
int process_wait(pid_t pid);

#endif
