/*
 * pace.h - keeps all workers together at a number of rows a second, which may change meanwhile.
 * Must not know what is done with a row.
 */
#ifndef COPY_PACE_H
#define COPY_PACE_H

#include <pthread.h>

#include <headgate/copy.h>

#include "crew.h"

struct pace {
    int64_t (*rate)(void *context); /* NULL: as fast as it goes */
    void *context;
    pthread_mutex_t lock; /* guards what follows; nothing is called under it */
    double owed;          /* rows that were done before it was their time */
    int64_t settled_ns;   /* when that was so */
};

void pace_init(struct pace *pace, const hg_copy_options *options);
void pace_release(struct pace *pace);

/* Accounts for the rows that the worker did since it last did so, and waits until they are due. */
void pace_settle(struct pace *pace, struct hand *hand);

/* One more row was done. */
static inline void pace_row(struct pace *pace, struct hand *hand)
{
    if (++hand->rows >= hand->rows_free)
        pace_settle(pace, hand);
}

#endif
