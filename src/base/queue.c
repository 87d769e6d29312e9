/*
 * queue.c - a ring under a mutex, an eventfd that is readable while the ring is not empty.
 */
#include "queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"

struct queue {
    pthread_mutex_t lock; /* guards all below; innermost */
    pthread_cond_t room;
    size_t item_size, capacity, first, count;
    int wake; /* counts 1 while count > 0 */
    bool closed;
    unsigned char items[];
};

struct queue *queue_new(size_t item_size, size_t capacity)
{
    struct queue *q = alloc_zero(1, sizeof *q + item_size * capacity);
    pthread_condattr_t attributes;

    if (q == NULL)
        return NULL;
    q->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (q->wake < 0) {
        alloc_free(q);
        return NULL;
    }
    pthread_mutex_init(&q->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&q->room, &attributes);
    pthread_condattr_destroy(&attributes);
    q->item_size = item_size;
    q->capacity = capacity;
    return q;
}

void queue_free(struct queue *q)
{
    if (q == NULL)
        return;
    close(q->wake);
    pthread_cond_destroy(&q->room);
    pthread_mutex_destroy(&q->lock);
    alloc_free(q);
}

/* Under the lock, with room; whether the receiver is to be woken. */
static bool append(struct queue *q, const void *item)
{
    size_t at = (q->first + q->count) % q->capacity;

    memcpy(q->items + at * q->item_size, item, q->item_size);
    return q->count++ == 0;
}

/* Not under the lock: the receiver is at it before we are done. Meanwhile the item may have been
 * taken; whoever finds nothing then takes the signal back. */
static void wake(struct queue *q, bool needed)
{
    if (needed)
        eventfd_write(q->wake, 1);
}

bool queue_put(struct queue *q, const void *item, hg_deadline by)
{
    struct timespec until = {.tv_sec = (time_t)(by.at_ns / 1000000000),
                             .tv_nsec = (long)(by.at_ns % 1000000000)};
    bool ok, first = false;

    pthread_mutex_lock(&q->lock);
    while (q->count == q->capacity && !q->closed)
        if (pthread_cond_timedwait(&q->room, &q->lock, &until) == ETIMEDOUT)
            break;
    ok = q->count < q->capacity && !q->closed;
    if (ok)
        first = append(q, item);
    pthread_mutex_unlock(&q->lock);
    wake(q, first);
    return ok;
}

bool queue_take(struct queue *q, void *out_item)
{
    eventfd_t drained;
    bool ok;

    pthread_mutex_lock(&q->lock);
    ok = q->count > 0;
    if (ok) {
        memcpy(out_item, q->items + q->first * q->item_size, q->item_size);
        q->first = (q->first + 1) % q->capacity;
        q->count--;
        pthread_cond_signal(&q->room);
    }
    if (q->count == 0)
        eventfd_read(q->wake, &drained);
    pthread_mutex_unlock(&q->lock);
    return ok;
}

void queue_close(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->room);
    pthread_mutex_unlock(&q->lock);
}

int queue_fd(const struct queue *q)
{
    return q->wake;
}
