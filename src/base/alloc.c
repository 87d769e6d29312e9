/*
 * alloc.c - allocation with a counter that a test can set.
 */
#include "alloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_LINE = 64 };

static atomic_long
    countdown; /* allocations left until one fails; 0: never, below 0: it has failed */

static int fails_now(void)
{
    if (atomic_load_explicit(&countdown, memory_order_relaxed) <= 0)
        return 0;
    if (atomic_fetch_sub(&countdown, 1) != 1)
        return 0;
    atomic_store(&countdown, -1);
    return 1;
}

void *alloc_zero(size_t count, size_t size)
{
    if (fails_now() || (size != 0 && count > SIZE_MAX / size))
        return NULL;
    if (count == 0 || size == 0)
        count = size = 1;
    return calloc(count, size);
}

void *alloc_resize(void *block, size_t count, size_t size)
{
    if (fails_now() || (size != 0 && count > SIZE_MAX / size))
        return NULL;
    return realloc(block, count * size == 0 ? 1 : count * size);
}

void *alloc_lines(size_t size)
{
    size_t room = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    void *block = fails_now() || room < size ? NULL : aligned_alloc(CACHE_LINE, room);

    if (block != NULL)
        memset(block, 0, room);
    return block;
}

char *alloc_text(const char *text)
{
    return alloc_text_n(text, strlen(text));
}

char *alloc_text_n(const char *bytes, size_t n)
{
    char *copy = n == SIZE_MAX ? NULL : alloc_zero(n + 1, 1);

    if (copy != NULL && n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

void alloc_free(void *block)
{
    free(block);
}

void alloc_fail_at(long n)
{
    atomic_store(&countdown, n);
}

int alloc_failed(void)
{
    return atomic_load(&countdown) < 0;
}
