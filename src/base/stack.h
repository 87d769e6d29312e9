/*
 * stack.h - where in the program something happens, for reports that a person reads.
 */
#ifndef BASE_STACK_H
#define BASE_STACK_H

#include <stddef.h>

/* "serve_orders+0x1f (shop)" or, where the program names no function, "shop+0x4a1f", as addr2line
 * takes it; "an unknown place" for NULL. Returns out. Any thread. */
char *stack_place(const void *address, char *out, size_t size);

#endif
