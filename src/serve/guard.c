/*
 * guard.c - connections in a list, and the sweep.
 */
#include "guard.h"

#include <sys/socket.h>

#include "base/alloc.h"
#include "base/clock.h"

void guard_init(struct guard *guard, int64_t first_ms, int64_t next_ms)
{
    pthread_mutex_init(&guard->lock, NULL);
    guard->first = NULL;
    guard->first_ms = first_ms;
    guard->next_ms = next_ms;
}

void guard_release(struct guard *guard)
{
    while (guard->first != NULL)
        guard_remove(guard, guard->first);
    pthread_mutex_destroy(&guard->lock);
}

struct guard_entry *guard_add(struct guard *guard, int fd)
{
    struct guard_entry *entry = alloc_zero(1, sizeof *entry);

    if (entry == NULL)
        return NULL;
    entry->fd = fd;
    entry->by_ns = clock_now_ns() + guard->first_ms * 1000000;
    pthread_mutex_lock(&guard->lock);
    entry->next = guard->first;
    entry->link = &guard->first;
    if (entry->next != NULL)
        entry->next->link = &entry->next;
    guard->first = entry;
    pthread_mutex_unlock(&guard->lock);
    return entry;
}

void guard_answered(struct guard *guard, struct guard_entry *entry)
{
    pthread_mutex_lock(&guard->lock);
    entry->by_ns = clock_coarse_ns() + guard->next_ms * 1000000;
    pthread_mutex_unlock(&guard->lock);
}

void guard_remove(struct guard *guard, struct guard_entry *entry)
{
    if (entry == NULL)
        return;
    pthread_mutex_lock(&guard->lock);
    *entry->link = entry->next;
    if (entry->next != NULL)
        entry->next->link = entry->link;
    pthread_mutex_unlock(&guard->lock);
    alloc_free(entry);
}

size_t guard_sweep(struct guard *guard)
{
    int64_t now_ns = clock_now_ns();
    size_t late = 0;

    pthread_mutex_lock(&guard->lock);
    for (struct guard_entry *e = guard->first; e != NULL; e = e->next)
        if (now_ns > e->by_ns) {
            shutdown(e->fd, SHUT_RDWR);
            late++;
        }
    pthread_mutex_unlock(&guard->lock);
    return late;
}
