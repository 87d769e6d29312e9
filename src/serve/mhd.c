/*
 * mhd.c - dlopen() and a table of names.
 */
#include "mhd.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static const struct {
    const char *name;
    size_t at; /* of its pointer in struct mhd */
} functions[] = {
#define MHD_ROW(name) {#name, offsetof(struct mhd, name)},
    MHD_TABLE(MHD_ROW)
#undef MHD_ROW
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows; innermost */
static struct mhd library;
static bool loaded;

static bool fail(hg_error *err)
{
    const char *why = dlerror();

    hg_fail(err, HG_UNSUPPORTED, "could not load the HTTP library: %s",
            why == NULL ? "unknown error" : why);
    hg_error_hint(err, "Install it: libmicrohttpd12 on Debian and Ubuntu, libmicrohttpd on Amazon "
                       "Linux and Fedora.");
    return false;
}

/* Under the lock. The library stays for the rest of the process: its threads call us. */
static bool load(hg_error *err)
{
    void *handle = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    if (handle == NULL)
        return fail(err);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *address = dlsym(handle, functions[i].name);

        if (address == NULL)
            return fail(err);
        memcpy((char *)&library + functions[i].at, &address, sizeof address);
    }
    return true;
}

/* Once: a thread of an endpoint that is being stopped may still read the table. */
const struct mhd *mhd_load(hg_error *err)
{
    bool ok;

    pthread_mutex_lock(&lock);
    loaded = loaded || load(err);
    ok = loaded;
    pthread_mutex_unlock(&lock);
    return ok ? &library : NULL;
}
