/*
 * stack.c - code addresses in words, and the stacks of other threads.
 */
#include "stack.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_WITHIN_S = 1, HANDLER_FRAMES = 2 };

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

char *stack_place(const void *address, char *out, size_t size)
{
    Dl_info info;

    if (address == NULL || dladdr(address, &info) == 0 || info.dli_fname == NULL)
        snprintf(out, size, "an unknown place");
    else if (info.dli_sname != NULL)
        snprintf(out, size, "%s+%#tx (%s)", info.dli_sname,
                 (const char *)address - (const char *)info.dli_saddr, file_name(info.dli_fname));
    else
        snprintf(out, size, "%s+%#tx", file_name(info.dli_fname),
                 (const char *)address - (const char *)info.dli_fbase);
    return out;
}

char *stack_text(const struct stack *stack, char *out, size_t size)
{
    char place[160];
    size_t n = 0;

    out[0] = '\0';
    for (int i = 0; i < stack->count && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", i == 0 ? "" : " < ",
                              stack_place(stack->frames[i], place, sizeof place));
    return out;
}

const void *stack_of_program(const struct stack *stack)
{
    Dl_info info;

    for (int i = 0; i < stack->count; i++)
        if (dladdr(stack->frames[i], &info) != 0 && info.dli_fname != NULL
            && strstr(file_name(info.dli_fname), ".so") == NULL)
            return stack->frames[i];
    return NULL;
}

/* --- asking --- */

/* One question at a time. */
static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;
static bool installed;
static struct sigaction before;
static _Atomic int asked; /* the thread that is to answer; 0: none */
static void *answer[STACK_FRAMES];
static _Atomic int answer_count; /* stored after the frames */
static sem_t answered;

static void pass_on(int signal_number, siginfo_t *info, void *context)
{
    if ((before.sa_flags & SA_SIGINFO) != 0)
        before.sa_sigaction(signal_number, info, context);
    else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
        before.sa_handler(signal_number);
}

/* The unwinder was loaded before, and takes no lock any more. */
static void answer_where(int signal_number, siginfo_t *info, void *context)
{
    int cause = errno, me = (int)syscall(SYS_gettid);

    if (info->si_code == SI_TKILL && atomic_compare_exchange_strong(&asked, &me, 0)) {
        atomic_store(&answer_count, backtrace(answer, STACK_FRAMES));
        sem_post(&answered);
    } else {
        pass_on(signal_number, info, context);
    }
    errno = cause;
}

static bool is_ours(void)
{
    struct sigaction now;

    return sigaction(SIGURG, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0
           && now.sa_sigaction == answer_where;
}

/* A handler that came after ours may call ours: taking its place again could go round in circles.
 */
static bool install(void)
{
    /* Not blocked while it runs: blocks() would take that for the thread's own will. */
    struct sigaction ours = {.sa_sigaction = answer_where,
                             .sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER};
    void *frame[1];

    if (installed)
        return is_ours();
    (void)backtrace(frame, 1); /* loads what it needs, which a handler must not */
    installed = sem_init(&answered, 0, 0) == 0 && sigaction(SIGURG, &ours, &before) == 0;
    return installed;
}

/* A signal that is blocked would come when nobody waits for it any more. */
static bool blocks(int tid)
{
    char path[64], line[256];
    unsigned long long mask = ~0ULL;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/status", tid);
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "SigBlk:", 7) == 0)
            mask = strtoull(line + 7, NULL, 16);
    if (file != NULL)
        fclose(file);
    return (mask >> (SIGURG - 1) & 1) != 0;
}

static bool wait_for_answer(void)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ANSWER_WITHIN_S;
    while (sem_clockwait(&answered, CLOCK_MONOTONIC, &until) != 0)
        if (errno != EINTR)
            return false;
    return true;
}

/* The thread may have begun to answer when the time is over: then its answer is waited for. */
static bool ask(int tid)
{
    int expected = tid;

    atomic_store(&asked, tid);
    if (syscall(SYS_tgkill, getpid(), tid, SIGURG) == 0 && wait_for_answer())
        return true;
    if (atomic_compare_exchange_strong(&asked, &expected, 0))
        return false;
    while (sem_wait(&answered) != 0)
        continue;
    return true;
}

bool stack_of_thread(int tid, struct stack *out)
{
    int count = 0;
    bool ok;

    pthread_mutex_lock(&asking);
    if (install() && !blocks(tid) && ask(tid))
        count = atomic_load(&answer_count) - HANDLER_FRAMES;
    ok = count > 0;
    if (ok) {
        out->count = count;
        memcpy(out->frames, answer + HANDLER_FRAMES, (size_t)count * sizeof *out->frames);
    }
    pthread_mutex_unlock(&asking);
    return ok;
}
