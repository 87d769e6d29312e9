/*
 * curl.c - dlopen() and a table of names.
 */
#include "curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    size_t at; /* of its pointer in struct curl */
} functions[] = {
#define CURL_ROW(name) {#name, offsetof(struct curl, name)},
    CURL_TABLE(CURL_ROW)
#undef CURL_ROW
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows; innermost */
static struct curl library;
static bool loaded;

static bool fail(hg_error *err)
{
    const char *why = dlerror();

    hg_fail(err, HG_UNSUPPORTED, "could not load the HTTP client's library: %s",
            why == NULL ? "unknown error" : why);
    hg_error_hint(err, "Install it: libcurl4 on Debian and Ubuntu, libcurl-minimal on Amazon Linux "
                       "and Fedora.");
    return false;
}

/* The two are one library with different TLS inside; distributions have one of them. */
static void *open_either(void)
{
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    return handle != NULL ? handle
                          : dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

/* Under the lock. The library stays for the rest of the process. */
static bool load(hg_error *err)
{
    void *handle = open_either();

    if (handle == NULL)
        return fail(err);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *address = dlsym(handle, functions[i].name);

        if (address == NULL)
            return fail(err);
        memcpy((char *)&library + functions[i].at, &address, sizeof address);
    }
    return library.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK
           || hg_fail(err, HG_FAILED, "could not start the HTTP client's library");
}

const struct curl *curl_load(hg_error *err)
{
    bool ok;

    pthread_mutex_lock(&lock);
    loaded = loaded || load(err);
    ok = loaded;
    pthread_mutex_unlock(&lock);
    return ok ? &library : NULL;
}
