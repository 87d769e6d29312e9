/*
 * loans.c - the memory of handles. It only grows, to what the most pools that were open at once
 * needed.
 */
#include "loans.h"

#include <pthread.h>

#include "base/alloc.h"

static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER; /* taken under a pool's lock */
static struct loans *spares;

struct loans *loans_take(struct slot *slot)
{
    struct loans *loans;

    pthread_mutex_lock(&spare_lock);
    loans = spares;
    if (loans != NULL)
        spares = loans->next_spare;
    pthread_mutex_unlock(&spare_lock);
    if (loans == NULL && (loans = alloc_lines(sizeof *loans)) != NULL)
        for (int i = 0; i < LOANS; i++)
            loans->loan[i].lent.driver = &driver_lent;
    for (int i = 0; loans != NULL && i < LOANS; i++)
        loans->loan[i].slot = slot;
    return loans;
}

void loans_give_back(struct loans *loans)
{
    if (loans == NULL)
        return;
    pthread_mutex_lock(&spare_lock);
    loans->next_spare = spares;
    spares = loans;
    pthread_mutex_unlock(&spare_lock);
}

void loans_begin_as_child(void)
{
    pthread_mutex_init(&spare_lock, NULL);
}
