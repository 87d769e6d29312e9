/*
 * queue.h - a bounded queue of values between threads, with a descriptor that wakes poll().
 *
 * Sending gives ownership of what the value points to away; the receiver frees it. Nothing is lost
 * while its sender waits for room.
 */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include <headgate/types.h>

struct queue;

struct queue *queue_new(size_t item_size, size_t capacity); /* NULL: no memory or descriptor */
void queue_free(struct queue *q); /* nobody may use it any more; NULL is fine */

/* Puts a copy of the item, waiting for room until `by`; false: still full, or closed. */
bool queue_put(struct queue *q, const void *item, hg_deadline by);

/* Takes the oldest item; false: empty. */
bool queue_take(struct queue *q, void *out_item);

/* Wakes everybody who waits in queue_put() and refuses all further items; what is inside can still
 * be taken. */
void queue_close(struct queue *q);

/* Readable while something is inside, and for a moment after it was taken: whoever is woken takes
 * until there is nothing. Belongs to the queue. */
int queue_fd(const struct queue *q);

#endif
