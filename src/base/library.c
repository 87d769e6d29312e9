/*
 * library.c - dlopen() and a table of names.
 */
#include "library.h"

#include <dlfcn.h>
#include <string.h>

static const char *why(void)
{
    const char *text = dlerror();

    return text == NULL ? "unknown error" : text;
}

/* Lazy: to look up everything that a library's companions might call, thirty of them behind libpq,
 * costs more than to connect. */
static void *open_any(const struct library *library)
{
    void *handle = NULL;

    for (size_t i = 0; i < 2 && handle == NULL && library->files[i] != NULL; i++)
        handle = dlopen(library->files[i], RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    return handle;
}

static bool fill(const struct library *library, void *handle, hg_error *err)
{
    for (size_t i = 0; i < library->row_count; i++) {
        void *address = dlsym(handle, library->rows[i].name);

        if (address == NULL) {
            hg_fail(err, HG_UNSUPPORTED, "%s is too old: %s", library->what, why());
            hg_error_hint(err, "%s", library->hint_old);
            return false;
        }
        memcpy((char *)library->functions + library->rows[i].at, &address, sizeof address);
    }
    return true;
}

/* Under the lock. */
static bool load(const struct library *library, hg_error *err)
{
    void *handle = open_any(library);

    if (handle == NULL) {
        hg_fail(err, HG_UNSUPPORTED, "could not load %s: %s", library->what, why());
        hg_error_hint(err, "%s", library->hint);
        return false;
    }
    return fill(library, handle, err) && (library->begin == NULL || library->begin(handle, err));
}

bool library_load(struct library *library, hg_error *err)
{
    bool ok;

    pthread_mutex_lock(&library->lock);
    library->loaded = library->loaded || load(library, err);
    ok = library->loaded;
    pthread_mutex_unlock(&library->lock);
    return ok;
}
