/*
 * vec.h - a typed growing array.
 *
 *     VEC(struct step) steps = VEC_INIT;
 *     struct step *s = VEC_PUSH(&steps);      // zeroed, or NULL when memory ran out
 *     VEC_EACH(&steps, s) use(s);
 *     VEC_RELEASE(&steps);
 *
 * Elements move when the array grows: do not keep pointers across VEC_PUSH.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stddef.h>

#include "alloc.h"

#define VEC(type)     \
    struct {          \
        type *items;  \
        size_t count; \
        size_t room;  \
    }

#define VEC_INIT \
    {            \
        0        \
    }

/* A pointer to a new zeroed element at the end, or NULL. Evaluates v several times. */
#define VEC_PUSH(v)                                                                          \
    ((__typeof__((v)->items))vec_push((void **)(void *)&(v)->items, &(v)->count, &(v)->room, \
                                      sizeof *(v)->items))

/* An empty vector has no items to point at, and C does not allow to add even 0 to NULL. */
#define VEC_EACH(v, item) \
    for ((item) = (v)->items; (item) != NULL && (item) < (v)->items + (v)->count; (item)++)

#define VEC_RELEASE(v)              \
    do {                            \
        alloc_free((v)->items);     \
        (v)->items = NULL;          \
        (v)->count = (v)->room = 0; \
    } while (0)

/* What VEC_PUSH calls. */
void *vec_push(void **items, size_t *count, size_t *room, size_t size);

#endif
