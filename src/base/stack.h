/*
 * stack.h - where in the program something happens, for reports that a person reads.
 */
#ifndef BASE_STACK_H
#define BASE_STACK_H

#include <stdbool.h>
#include <stddef.h>

/* "serve_orders+0x1f (shop)" or, where the program names no function, "shop+0x4a1f", as addr2line
 * takes it; "an unknown place" for NULL. Returns out. Any thread. */
char *stack_place(const void *address, char *out, size_t size);

enum { STACK_FRAMES = 24 };

/* Where a thread is, the innermost call first. */
struct stack {
    int count;
    void *frames[STACK_FRAMES];
};

/*
 * Asks another thread of this process where it is. It is asked by SIGURG, which a program that does
 * not know of it ignores, and which passes on to a handler that was there before what is not ours.
 * false, within a second: it does not answer, because it blocks the signal, because the
 * program has taken the signal for itself since, or because there is no such thread.
 */
bool stack_of_thread(int tid, struct stack *out);

/* The frames as one line, "poll+0x1a (libc.so.6) < serve+0x40 (shop) < ...", cut to fit. Returns
 * out. */
char *stack_text(const struct stack *stack, char *out, size_t size);

/* The innermost frame of the program itself, not of a library; NULL: there is none. */
const void *stack_of_program(const struct stack *stack);

#endif
