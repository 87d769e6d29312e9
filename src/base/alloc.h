/*
 * alloc.h - the only door to malloc, so that a test can fail the n-th allocation.
 * Any thread. A size of 0 allocates one byte; a product that overflows fails.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

/* count * size zeroed bytes, or NULL. */
void *alloc_zero(size_t count, size_t size);

/* Resizes to count * size bytes; on NULL the old block is still there. */
void *alloc_resize(void *block, size_t count, size_t size);

/* size zeroed bytes that begin on a cache line of their own, or NULL. */
void *alloc_lines(size_t size);

/* A copy of a text, or NULL; text must not be NULL. */
char *alloc_text(const char *text);

/* A NUL-terminated copy of n bytes, or NULL. */
char *alloc_text_n(const char *bytes, size_t n);

void alloc_free(void *block); /* NULL is fine */

/* Tests only: the n-th allocation from now fails (1: the next), and those after it succeed; 0 turns
 * it off. */
void alloc_fail_at(long n);

/* Tests only: whether the allocation that alloc_fail_at() announced has been reached. */
int alloc_failed(void);

#endif
