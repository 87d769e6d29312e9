/*
 * guard.h - a time limit for every connection: for its first request, and for the next.
 *
 * The HTTP library ends a connection that says nothing for a while; one that says a byte a second
 * it would keep for ever, and with some hundreds of them nobody else would be served. So each
 * connection is noted with the time by which its request has to be whole, and a sweep ends those
 * that are late by shutting their socket down; the library then sees the end and closes it.
 */
#ifndef SERVE_GUARD_H
#define SERVE_GUARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guard_entry {
    int fd;
    int64_t by_ns; /* the whole request has to be there */
    struct guard_entry *next, **link;
};

struct guard {
    pthread_mutex_t lock; /* guards the list; innermost */
    struct guard_entry *first;
    int64_t first_ms, next_ms; /* for a connection's first request, and from one to the next */
};

void guard_init(struct guard *guard, int64_t first_ms, int64_t next_ms);
void guard_release(struct guard *guard);

/* A connection has come. NULL: memory ran out, end it. */
struct guard_entry *guard_add(struct guard *guard, int fd);
/* Its request has been answered: the time for the next begins. */
void guard_answered(struct guard *guard, struct guard_entry *entry);
/* It goes; before its descriptor is closed. NULL is fine. */
void guard_remove(struct guard *guard, struct guard_entry *entry);

/* Ends those that are late; returns how many. */
size_t guard_sweep(struct guard *guard);

#endif
