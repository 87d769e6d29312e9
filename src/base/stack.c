/*
 * stack.c - code addresses in words.
 */
#include "stack.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

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
