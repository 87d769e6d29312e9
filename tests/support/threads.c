/*
 * threads.c - the threads of this process, as the kernel counts them.
 */
#include "threads.h"

#include <dirent.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>

/* Those of a sanitizer included. */
static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = -2; /* . and .. */

    while (tasks != NULL && readdir(tasks) != NULL)
        count++;
    if (tasks != NULL)
        closedir(tasks);
    return count;
}

void threads_await_last(void)
{
    /* the thread sanitizer begins one of its own with the first that a program makes */
    const int alone = strcmp(TEST_SANITIZE, "thread") == 0 ? 2 : 1;

    while (count_threads() > alone)
        (void)poll(NULL, 0, 1);
}
