/*
 * crew.h - workers that do tasks until there are none, each with a connection to either side.
 * Must not know what a task is.
 *
 * The calling thread hands out no work itself: it listens for a cancel and reports. The first
 * failure stops everybody; what the others then hear about being stopped is nobody's error.
 */
#ifndef COPY_CREW_H
#define COPY_CREW_H

#include <pthread.h>
#include <stdatomic.h>

#include <headgate/observer.h>
#include <headgate/pool.h>

#include "encode.h"

struct crew;

/* One worker. */
struct hand {
    struct crew *crew;
    int number;
    hg_conn *source, *target; /* NULL: not connected */
    struct encoder encoder;
    struct tally tally;
    struct cell *cells; /* as many as the widest table has */
    int64_t rows;       /* that were done, and not accounted for, */
    int64_t rows_free;  /* which need not be before they are so many: see pace.h */
    pthread_t thread;
    bool started;
};

enum crew_said { CREW_TASK, CREW_WAIT, CREW_OVER };

/* next() and done() run under the crew's lock, run() without it. */
struct crew_work {
    void *context;
    /* The next task: CREW_WAIT when there may be one once another is done. */
    enum crew_said (*next)(void *context, struct hand *hand, void **out_task);
    bool (*run)(void *context, struct hand *hand, void *task, hg_error *err);
    void (*done)(void *context, struct hand *hand, void *task); /* NULL: nothing to do */
    void (*report)(void *context); /* on the calling thread, several times a second; NULL is fine */
};

struct crew {
    hg_pool *source_pool, *target_pool;
    const hg_observer *observer; /* NULL: nobody listens */
    struct hand *hands;
    int size;
    int64_t largest; /* bytes of a value that is read */
    atomic_bool stop;
    bool cancelled; /* because the observer wants it */

    pthread_mutex_t lock; /* guards what follows, and what next() and done() work on */
    pthread_cond_t changed;
    const struct crew_work *work;
    int busy; /* threads that have not ended */
    bool failed;
    hg_error error; /* of the first failure */
};

/* Makes the workers with a connection to the source each, which reads values of so many bytes at
 * most. err: what the pool says, HG_NOMEM. */
bool crew_open(hg_pool *source, const hg_observer *observer, int size, int64_t largest,
               struct crew *out, hg_error *err);

/* Connects the workers to the target. */
bool crew_connect(struct crew *crew, hg_pool *target, hg_error *err);

/* Room for rows of so many cells. */
bool crew_cells(struct crew *crew, size_t cells, hg_error *err);

/* Does all of it; returns when every worker is at rest. err: of the first task that failed;
 * HG_CANCELLED. */
bool crew_run(struct crew *crew, const struct crew_work *work, hg_error *err);

/* Adds the workers' findings to one tally. */
void crew_collect(struct crew *crew, struct tally *out);

/* Gives the connections back: those to the source, which are as they were; those to the target are
 * closed, for their settings are not what anybody else wants. */
void crew_close(struct crew *crew);

/* Whether to stop; for hg_conn_set_interrupt(), and for loops that ask no database. */
bool crew_stopping(void *crew);

#endif
