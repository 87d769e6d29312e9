/*
 * vec.c - the one function behind the typed array.
 */
#include "vec.h"

#include <string.h>

void *vec_push(void **items, size_t *count, size_t *room, size_t size)
{
    char *item;

    if (*count == *room) {
        size_t more = *room == 0 ? 8 : *room * 2;
        void *grown = alloc_resize(*items, more, size);

        if (grown == NULL)
            return NULL;
        *items = grown;
        *room = more;
    }
    item = (char *)*items + *count * size;
    memset(item, 0, size);
    (*count)++;
    return item;
}
