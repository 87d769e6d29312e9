/*
 * threads.h - when a test program may fork and go on working in the child.
 */
#ifndef SUPPORT_THREADS_H
#define SUPPORT_THREADS_H

/*
 * Waits until this thread is the last one. Those of a pool that was closed may still be on their
 * way out; a child that is forked meanwhile finds what they had locked inside of the C library or
 * of a sanitizer locked for ever.
 */
void threads_await_last(void);

#endif
