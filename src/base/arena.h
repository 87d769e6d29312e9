/*
 * arena.h - allocate many, free once: the strings of a plan, a graph or a frame live and go
 * together. Not for several threads at once. Memory is zeroed and aligned for any type.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *last;
};

#define ARENA_INIT \
    {              \
        NULL       \
    }

void *arena_alloc(struct arena *arena, size_t count, size_t size); /* NULL when memory ran out */
char *arena_text(struct arena *arena, const char *text);
char *arena_text_n(struct arena *arena, const char *bytes, size_t n);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void arena_release(struct arena *arena); /* frees everything; the arena may be used again */

#endif
