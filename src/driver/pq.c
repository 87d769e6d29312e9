/*
 * pq.c - dlopen() and a table of names.
 */
#include "pq.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    size_t at; /* of its pointer in struct pq */
} functions[] = {
#define PQ_ROW(name) {#name, offsetof(struct pq, name)},
    PQ_TABLE(PQ_ROW)
#undef PQ_ROW
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows; innermost */
static struct pq library;
static bool loaded;
static void (*openssl_thread_stop)(void); /* NULL: this libpq does without */

static const char *why(void)
{
    const char *text = dlerror();

    return text == NULL ? "unknown error" : text;
}

/* Under the lock. The library stays for the rest of the process: threads may be inside it. Lazy: to
 * look up everything that its thirty companions might call costs more than to connect. */
static bool load(hg_error *err)
{
    void *handle = dlopen("libpq.so.5", RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE), *address;

    if (handle == NULL) {
        hg_fail(err, HG_UNSUPPORTED, "could not load PostgreSQL's client library: %s", why());
        hg_error_hint(err,
                      "Install it: libpq5 on Debian and Ubuntu, libpq on Amazon Linux and Fedora.");
        return false;
    }
    address = dlsym(handle, "OPENSSL_thread_stop"); /* of a library that libpq needs */
    memcpy(&openssl_thread_stop, &address, sizeof address);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        address = dlsym(handle, functions[i].name);

        if (address == NULL) {
            hg_fail(err, HG_UNSUPPORTED, "PostgreSQL's client library is too old: %s", why());
            hg_error_hint(err, "Install libpq of PostgreSQL 12 or later.");
            return false;
        }
        memcpy((char *)&library + functions[i].at, &address, sizeof address);
    }
    return true;
}

const struct pq *pq_load(hg_error *err)
{
    bool ok;

    pthread_mutex_lock(&lock);
    loaded = loaded || load(err);
    ok = loaded;
    pthread_mutex_unlock(&lock);
    return ok ? &library : NULL;
}

void pq_thread_ends(void)
{
    void (*stop)(void);

    pthread_mutex_lock(&lock);
    stop = openssl_thread_stop;
    pthread_mutex_unlock(&lock);
    if (stop != NULL)
        stop();
}
