/*
 * naming.c - how a migration's file is called.
 */
#include "naming.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void naming_slug(const char *message, char out[NAMING_SLUG_MAX + 1])
{
    size_t n = 0;

    for (; *message != '\0' && n < NAMING_SLUG_MAX; message++) {
        char c = *message;

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out[n++] = c;
        else if (n > 0 && out[n - 1] != '_')
            out[n++] = '_';
    }
    while (n > 0 && out[n - 1] == '_')
        n--;
    out[n] = '\0';
    if (n == 0)
        text_copy(out, NAMING_SLUG_MAX + 1, "migration");
}

long long naming_number(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;

    return strspn(name, "0123456789") == NAMING_DIGITS ? strtoll(name, NULL, 10) : 0;
}
