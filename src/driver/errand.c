/*
 * errand.c - a detached thread and its owner share a record by two references.
 */
#include "errand.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"

enum { STACK_BYTES = 256 * 1024 }; /* getaddrinfo() and its plug-ins want more than a little */

struct errand {
    void (*run)(void *work);
    void (*drop)(void *work);
    void *work;
    int fd;
    atomic_bool done;
    atomic_int references;
};

static void let_go(struct errand *errand)
{
    if (atomic_fetch_sub(&errand->references, 1) > 1)
        return;
    errand->drop(errand->work);
    close(errand->fd);
    alloc_free(errand);
}

static void *thread(void *context)
{
    struct errand *errand = context;

    errand->run(errand->work);
    atomic_store(&errand->done, true);
    (void)eventfd_write(errand->fd, 1);
    let_go(errand);
    return NULL;
}

/* All signals are blocked in the new thread: they are for the program's own threads. */
static bool start_thread(struct errand *errand)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_t id;
    bool ok;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ok = pthread_create(&id, &attributes, thread, errand) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return ok;
}

struct errand *errand_start(void (*run)(void *work), void (*drop)(void *work), void *work)
{
    struct errand *errand = alloc_zero(1, sizeof *errand);

    if (errand == NULL)
        return NULL;
    errand->run = run;
    errand->drop = drop;
    errand->work = work;
    atomic_init(&errand->references, 2);
    errand->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (errand->fd >= 0 && start_thread(errand))
        return errand;
    if (errand->fd >= 0)
        close(errand->fd);
    alloc_free(errand);
    return NULL;
}

int errand_fd(const struct errand *errand)
{
    return errand->fd;
}

bool errand_done(const struct errand *errand)
{
    return atomic_load(&errand->done);
}

void errand_leave(struct errand *errand)
{
    if (errand != NULL)
        let_go(errand);
}
