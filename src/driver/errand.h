/*
 * errand.h - one blocking call on a thread of its own, which may be left behind at a deadline.
 *
 * For the two calls that have no other form: getaddrinfo() and PQcancel(). Whoever is last, the
 * owner or the thread, drops the work; so a call that never returns costs a sleeping thread and
 * nothing else.
 */
#ifndef DRIVER_ERRAND_H
#define DRIVER_ERRAND_H

#include <stdbool.h>

struct errand;

/*
 * Starts run(work) on a thread without signals. The errand owns work from here on and gives it to
 * drop() in the end; NULL: it could not be started, work is still the caller's.
 */
struct errand *errand_start(void (*run)(void *work), void (*drop)(void *work), void *work);

/* Readable once run() has returned. Belongs to the errand. */
int errand_fd(const struct errand *errand);

/* Whether run() has returned; what it wrote into work may be read from then on. */
bool errand_done(const struct errand *errand);

/* Ends the owner's interest, done or not. NULL is fine. */
void errand_leave(struct errand *errand);

#endif
