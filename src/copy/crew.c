/*
 * crew.c - threads, one lock, one condition.
 */
#include "crew.h"

#include <time.h>

#include "base/clock.h"

enum { REPORT_MS = 100 };

bool crew_stopping(void *context)
{
    const struct crew *crew = context;

    return atomic_load_explicit(&crew->stop, memory_order_relaxed);
}

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not start the workers: out of memory");
}

bool crew_open(hg_pool *source, const hg_observer *observer, int size, int64_t largest,
               struct crew *out, hg_error *err)
{
    bool ok = true;

    *out = (struct crew){
        .source_pool = source, .observer = observer, .size = size, .largest = largest};
    out->hands = alloc_zero((size_t)size, sizeof *out->hands);
    if (out->hands == NULL)
        return no_memory(err);
    pthread_mutex_init(&out->lock, NULL);
    pthread_cond_init(&out->changed, NULL);
    for (int i = 0; ok && i < size; i++) {
        struct hand *hand = &out->hands[i];

        hand->crew = out;
        hand->number = i;
        hand->encoder.tally = &hand->tally;
        ok = hg_pool_checkout(source, "copy", hg_pool_deadline(source), &hand->source, err);
        if (ok) {
            hg_conn_set_interrupt(hand->source, crew_stopping, out);
            bulk_limit_values(hand->source, largest);
        }
    }
    if (!ok)
        crew_close(out);
    return ok;
}

bool crew_connect(struct crew *crew, hg_pool *target, hg_error *err)
{
    crew->target_pool = target;
    for (int i = 0; i < crew->size; i++) {
        struct hand *hand = &crew->hands[i];

        if (hand->target != NULL)
            continue;
        if (!hg_pool_checkout(target, "copy", hg_pool_deadline(target), &hand->target, err))
            return false;
        hg_conn_set_interrupt(hand->target, crew_stopping, crew);
    }
    return true;
}

bool crew_cells(struct crew *crew, size_t cells, hg_error *err)
{
    for (int i = 0; i < crew->size; i++) {
        alloc_free(crew->hands[i].cells);
        crew->hands[i].cells = alloc_zero(cells, sizeof *crew->hands[i].cells);
        if (crew->hands[i].cells == NULL)
            return no_memory(err);
    }
    return true;
}

/* Under the lock. */
static void stop_all(struct crew *crew, const hg_error *why)
{
    if (!crew->failed)
        crew->error = *why;
    crew->failed = true;
    atomic_store(&crew->stop, true);
    pthread_cond_broadcast(&crew->changed);
}

/* Under the lock, which is let go while a task runs. false: there is nothing left to do. */
static bool do_one(struct crew *crew, struct hand *hand)
{
    const struct crew_work *work = crew->work;
    hg_error err = {HG_OK};
    void *task = NULL;
    enum crew_said said = crew->failed ? CREW_OVER : work->next(work->context, hand, &task);
    bool ok;

    if (said == CREW_OVER)
        return false;
    if (said == CREW_WAIT) {
        pthread_cond_wait(&crew->changed, &crew->lock);
        return true;
    }
    pthread_mutex_unlock(&crew->lock);
    ok = work->run(work->context, hand, task, &err);
    pthread_mutex_lock(&crew->lock);
    if (!ok)
        stop_all(crew, &err);
    else if (work->done != NULL)
        work->done(work->context, hand, task);
    pthread_cond_broadcast(&crew->changed);
    return true;
}

static void *labour(void *context)
{
    struct hand *hand = context;
    struct crew *crew = hand->crew;

    pthread_mutex_lock(&crew->lock);
    while (do_one(crew, hand))
        continue;
    crew->busy--;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* Under the lock. */
static void start_all(struct crew *crew)
{
    for (int i = 0; i < crew->size; i++) {
        struct hand *hand = &crew->hands[i];

        hand->started = pthread_create(&hand->thread, NULL, labour, hand) == 0;
        crew->busy += hand->started;
    }
    if (crew->busy == 0) {
        hg_error err = {HG_OK};

        hg_fail(&err, HG_NOMEM, "could not start a thread");
        stop_all(crew, &err);
    }
}

/* Under the lock, which is let go while the observer is asked. */
static void look_around(struct crew *crew)
{
    const hg_observer *observer = crew->observer;
    const struct crew_work *work = crew->work;
    bool cancelled;

    pthread_mutex_unlock(&crew->lock);
    cancelled =
        observer != NULL && observer->cancelled != NULL && observer->cancelled(observer->context);
    if (work->report != NULL)
        work->report(work->context);
    pthread_mutex_lock(&crew->lock);
    if (cancelled && !crew->failed) {
        hg_error err = {HG_OK};

        hg_fail(&err, HG_CANCELLED, "interrupted");
        crew->cancelled = true;
        stop_all(crew, &err);
    }
}

static void wait_a_little(struct crew *crew)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += REPORT_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&crew->changed, &crew->lock, &until);
}

bool crew_run(struct crew *crew, const struct crew_work *work, hg_error *err)
{
    int64_t report_ns = 0;

    pthread_mutex_lock(&crew->lock);
    crew->work = work;
    crew->failed = false;
    crew->busy = 0;
    atomic_store(&crew->stop, false);
    start_all(crew);
    while (crew->busy > 0) {
        wait_a_little(crew);
        if (clock_now_ns() < report_ns)
            continue;
        report_ns = clock_now_ns() + REPORT_MS * INT64_C(1000000);
        look_around(crew);
    }
    pthread_mutex_unlock(&crew->lock);
    for (int i = 0; i < crew->size; i++)
        if (crew->hands[i].started)
            pthread_join(crew->hands[i].thread, NULL);
    atomic_store(&crew->stop, false);
    if (crew->failed && err != NULL)
        *err = crew->error;
    return !crew->failed;
}

void crew_collect(struct crew *crew, struct tally *out)
{
    for (int i = 0; i < crew->size; i++)
        tally_merge(out, &crew->hands[i].tally);
}

static void release_hand(struct crew *crew, struct hand *hand)
{
    if (hand->source != NULL) {
        hg_conn_set_interrupt(hand->source, NULL, NULL);
        bulk_limit_values(hand->source, 0);
        hg_pool_return(crew->source_pool, hand->source);
    }
    if (hand->target != NULL) {
        hg_conn_set_interrupt(hand->target, NULL, NULL);
        hg_pool_discard(crew->target_pool, hand->target);
    }
    tally_release(&hand->tally);
    encoder_release(&hand->encoder);
    alloc_free(hand->cells);
}

void crew_close(struct crew *crew)
{
    if (crew->hands == NULL)
        return;
    for (int i = 0; i < crew->size; i++)
        release_hand(crew, &crew->hands[i]);
    alloc_free(crew->hands);
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->lock);
    *crew = (struct crew){0};
}
