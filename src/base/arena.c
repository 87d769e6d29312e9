/*
 * arena.c - blocks in a chain, the last one is being filled.
 */
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"

enum { BLOCK_BYTES = 8 * 1024 };

struct arena_block {
    struct arena_block *before;
    size_t used, room;
    max_align_t bytes[];
};

static struct arena_block *block_for(struct arena *arena, size_t n)
{
    struct arena_block *block = arena->last;
    size_t room;

    if (block != NULL && n <= block->room - block->used)
        return block;
    room = n > BLOCK_BYTES ? n : BLOCK_BYTES;
    block = alloc_zero(1, sizeof *block + room);
    if (block == NULL)
        return NULL;
    block->room = room;
    block->before = arena->last;
    arena->last = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    struct arena_block *block;
    size_t n;
    void *start;

    if (size != 0 && count > (SIZE_MAX - 4 * align) / size)
        return NULL;
    n = (count * size + align - 1) / align * align;
    block = block_for(arena, n);
    if (block == NULL)
        return NULL;
    start = (char *)block->bytes + block->used;
    block->used += n;
    return start;
}

char *arena_text_n(struct arena *arena, const char *bytes, size_t n)
{
    char *copy = n == SIZE_MAX ? NULL : arena_alloc(arena, n + 1, 1);

    if (copy != NULL && n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
    return arena_text_n(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    char *text;
    int n;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    text = n < 0 ? NULL : arena_alloc(arena, (size_t)n + 1, 1);
    if (text != NULL)
        vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    return text;
}

void arena_release(struct arena *arena)
{
    while (arena->last != NULL) {
        struct arena_block *block = arena->last;

        arena->last = block->before;
        alloc_free(block);
    }
}
