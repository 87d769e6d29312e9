/*
 * mhd.c - dlopen() and a table of names.
 */
#include "mhd.h"

#include <dlfcn.h>
#include <string.h>

static const struct {
    const char *name;
    size_t at; /* of its pointer in struct mhd */
} functions[] = {
#define MHD_ROW(name) {#name, offsetof(struct mhd, name)},
    MHD_TABLE(MHD_ROW)
#undef MHD_ROW
};

static bool fail(hg_error *err)
{
    const char *why = dlerror();

    hg_fail(err, HG_UNSUPPORTED, "could not load the HTTP library: %s",
            why == NULL ? "unknown error" : why);
    hg_error_hint(err, "Install it: libmicrohttpd12 on Debian and Ubuntu, libmicrohttpd on Amazon "
                       "Linux and Fedora.");
    return false;
}

const struct mhd *mhd_load(hg_error *err)
{
    static struct mhd library;
    void *handle = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    if (handle == NULL && !fail(err))
        return NULL;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *address = dlsym(handle, functions[i].name);

        if (address == NULL && !fail(err))
            return NULL;
        memcpy((char *)&library + functions[i].at, &address, sizeof address);
    }
    return &library;
}
