/*
 * pq.c - which library libpq is.
 */
#include "pq.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

static struct pq functions;

static const struct library_row rows[] = {
#define PQ_ROW(name) LIBRARY_ROW(struct pq, name)
    PQ_TABLE(PQ_ROW)
#undef PQ_ROW
};

typedef void thread_stop(void);

static _Atomic(thread_stop *) openssl_thread_stop; /* NULL: this libpq does without */

/* Of a library that libpq needs. */
static bool find_thread_stop(void *handle, hg_error *err)
{
    void *address = dlsym(handle, "OPENSSL_thread_stop");
    thread_stop *stop;

    (void)err;
    memcpy(&stop, &address, sizeof stop);
    atomic_store(&openssl_thread_stop, stop);
    return true;
}

static struct library library = {
    .what = "PostgreSQL's client library",
    .files = {"libpq.so.5"},
    .hint = "Install it: libpq5 on Debian and Ubuntu, libpq on Amazon Linux and Fedora.",
    .hint_old = "Install libpq of PostgreSQL 12 or later.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .functions = &functions,
    .begin = find_thread_stop,
    .lock = PTHREAD_MUTEX_INITIALIZER,
};

const struct pq *pq_load(hg_error *err)
{
    return library_load(&library, err) ? &functions : NULL;
}

void pq_thread_ends(void)
{
    thread_stop *stop = atomic_load(&openssl_thread_stop);

    if (stop != NULL)
        stop();
}
