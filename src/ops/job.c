/*
 * job.c - jobs on threads; results and progress go through one queue.
 *
 * A job that is started never waits for another one: where no thread is free there is a new one.
 * One that is done stays for the next job, so that what is asked every second costs no thread;
 * others end.
 */
#include "job_task.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/queue.h"
#include "base/text.h"
#include "ops.h"
#include "pulse.h"

enum {
    RUNNING_MAX = JOB_KINDS, /* one of each kind */
    QUEUE_ROOM = 64,         /* messages */
    DELIVERY_WAIT_MS = 5000, /* a message waits this long for a receiver that does not take */
    THREADS_FREE = 1         /* that stay */
};

struct job {
    struct jobs *jobs;
    uint64_t id; /* 0: this place is free */
    struct job_request request;
    struct task task;
    bool begun; /* a thread has it */
};

struct hand {
    struct jobs *jobs;
    pthread_t thread;
    enum { HAND_NONE, HAND_FREE, HAND_BUSY, HAND_ENDED } state; /* ENDED: to be joined */
};

struct jobs {
    struct ops *ops;
    struct queue *queue;
    struct pulse *pulse;
    pthread_mutex_t lock;   /* guards what follows; nothing is locked under it */
    pthread_cond_t started; /* a job, for a free hand; or nobody starts any more */
    bool closing;
    uint64_t last_id;
    struct job running[RUNNING_MAX];
    struct hand hands[RUNNING_MAX];
};

void job_result_free(struct job_result *result)
{
    if (result == NULL)
        return;
    hg_pool_list_release(&result->pools);
    if (result->readiness != NULL)
        hg_readiness_release(result->readiness);
    alloc_free(result->readiness);
    hg_sessions_free(result->sessions);
    alloc_free(result->order);
    alloc_free(result->holders);
    alloc_free(result->text);
    hg_smoke_free(result->smoke);
    hg_schema_diff_free(result->drift);
    if (result->copy_memory.last == NULL)
        hg_copy_result_free(result->copy);
    arena_release(&result->copy_memory);
    hg_plan_free(result->plan);
    hg_cutover_free(result->cutover);
    hg_run_result_release(&result->run);
    alloc_free(result);
}

static struct job *job_of(void *task)
{
    return (struct job *)((char *)task - offsetof(struct job, task));
}

bool task_cancelled(void *task)
{
    return atomic_load_explicit(&((struct task *)task)->cancelled, memory_order_relaxed);
}

/* Also progress waits for room: it may be the last for a long time. */
void task_tell(void *task, const hg_event *event)
{
    struct job *job = job_of(task);
    struct job_message message = {.job = job->id};

    message.event.kind = event->kind;
    text_visible_copy(message.event.subject, sizeof message.event.subject, event->subject);
    text_visible_copy(message.event.message, sizeof message.event.message, event->message);
    text_copy(message.event.unit, sizeof message.event.unit, event->unit);
    message.event.done = event->done;
    message.event.total = event->total;
    message.event.duration_ms = event->duration_ms;
    queue_put(job->jobs->queue, &message, hg_deadline_in_ms(DELIVERY_WAIT_MS));
}

static task_function *const functions[] = {
    [JOB_POOLS] = task_pools,
    [JOB_PING] = task_ping,
    [JOB_STATUS] = task_status,
    [JOB_SESSIONS] = task_sessions,
    [JOB_SOURCE] = task_source,
    [JOB_WRITE] = task_write,
    [JOB_PLAN] = task_plan,
    [JOB_RUN] = task_run,
    [JOB_SMOKE] = task_smoke,
    [JOB_WATCH] = task_watch,
    [JOB_HOLDER] = task_holder,
    [JOB_END] = task_end,
    [JOB_DRIFT] = task_drift,
    [JOB_COPY] = task_copy,
    [JOB_COPY_WATCH] = task_copy_watch,
    [JOB_COPY_PAST] = task_copy_past,
    [JOB_COPY_SEEN] = task_copy_seen,
    [JOB_CUTOVER] = task_cutover,
    [JOB_CUTOVER_PLAN] = task_cutover,
    [JOB_CUTOVER_BEGIN] = task_cutover,
    [JOB_CUTOVER_WORK] = task_cutover,
    [JOB_CUTOVER_ORDER] = task_cutover,
    [JOB_CUTOVER_WATCH] = task_cutover_watch,
};

/* Hands a message over; what nobody takes is freed. */
static void deliver(struct jobs *jobs, struct job_message *message)
{
    if (!queue_put(jobs->queue, message, hg_deadline_in_ms(DELIVERY_WAIT_MS)))
        job_result_free(message->result);
}

static void carry_out(struct job *job, struct job_result *result)
{
    int64_t started_ns = clock_now_ns();

    result->request = job->request;
    result->ok = functions[job->request.kind](&job->task, result);
    result->request.content = NULL;
    if (result->finished_ms == 0)
        result->finished_ms = clock_wall_ms();
    result->duration_ms = clock_since_ms(started_ns);
}

/* Whether this kind is asked of the database again and again. */
static bool is_periodic(enum job_kind kind)
{
    return kind == JOB_PING || kind == JOB_STATUS || kind == JOB_SESSIONS || kind == JOB_HOLDER;
}

/*
 * The job, and behind it the pools: whoever asks the database again and again wants to see them
 * then, when our own connection is back, and is woken once for both.
 */
static void work_on(struct job *job)
{
    struct jobs *jobs = job->jobs;
    struct job pools = {.jobs = jobs, .task.ops = jobs->ops, .request = {.kind = JOB_POOLS}};
    struct job_message messages[2] = {{.job = job->id}, {.job = 0}};
    bool is_small = job->request.kind == JOB_PING || job->request.kind == JOB_POOLS;

    messages[0].result = alloc_zero(1, sizeof *messages[0].result);
    if (messages[0].result != NULL)
        carry_out(job, messages[0].result);
    alloc_free(job->request.content);
    if (is_periodic(job->request.kind))
        messages[1].result = alloc_zero(1, sizeof *messages[1].result);
    if (messages[1].result != NULL)
        carry_out(&pools, messages[1].result);
    /* The place is free before the receiver can know, so that it can start the next one at once. */
    pthread_mutex_lock(&jobs->lock);
    job->id = 0;
    pthread_mutex_unlock(&jobs->lock);
    for (int i = 0; i < 2; i++)
        if (messages[i].result != NULL)
            deliver(jobs, &messages[i]);
    if (!is_small)
        malloc_trim(0); /* a console is open for days, and rests */
}

/* Under the lock. */
static struct job *find_waiting(struct jobs *jobs)
{
    for (int i = 0; i < RUNNING_MAX; i++)
        if (jobs->running[i].id != 0 && !jobs->running[i].begun)
            return &jobs->running[i];
    return NULL;
}

static int count_waiting(const struct jobs *jobs)
{
    int n = 0;

    for (int i = 0; i < RUNNING_MAX; i++)
        n += jobs->running[i].id != 0 && !jobs->running[i].begun;
    return n;
}

static int count_hands(const struct jobs *jobs, int state)
{
    int n = 0;

    for (int i = 0; i < RUNNING_MAX; i++)
        n += (int)jobs->hands[i].state == state;
    return n;
}

/* Under the lock: the next job for this hand, waiting for one if it may stay; NULL: it is to end.
 */
static struct job *next_job(struct jobs *jobs, struct hand *hand)
{
    struct job *job = find_waiting(jobs);

    while (job == NULL && !jobs->closing) {
        if (hand->state != HAND_FREE && count_hands(jobs, HAND_FREE) >= THREADS_FREE)
            return NULL;
        hand->state = HAND_FREE;
        pthread_cond_wait(&jobs->started, &jobs->lock);
        job = find_waiting(jobs);
    }
    hand->state = HAND_BUSY;
    if (job != NULL)
        job->begun = true;
    return job;
}

static void *work(void *argument)
{
    struct hand *hand = argument;
    struct jobs *jobs = hand->jobs;
    struct job *job;

    pthread_mutex_lock(&jobs->lock);
    while ((job = next_job(jobs, hand)) != NULL) {
        pthread_mutex_unlock(&jobs->lock);
        work_on(job);
        pthread_mutex_lock(&jobs->lock);
    }
    hand->state = HAND_ENDED;
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

struct jobs *jobs_new(struct ops *ops)
{
    struct jobs *jobs = alloc_zero(1, sizeof *jobs);

    if (jobs == NULL)
        return NULL;
    jobs->queue = queue_new(sizeof(struct job_message), QUEUE_ROOM);
    if (jobs->queue != NULL)
        jobs->pulse = pulse_new(queue_fd(jobs->queue));
    if (jobs->pulse == NULL) {
        queue_free(jobs->queue);
        alloc_free(jobs);
        return NULL;
    }
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->started, NULL);
    jobs->ops = ops;
    return jobs;
}

/* A thread must not take the signals that the front end waits for. */
static bool start_thread(struct hand *hand)
{
    sigset_t all, before;
    bool ok;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ok = pthread_create(&hand->thread, NULL, work, hand) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

/* Under the lock: a thread for the job that waits. There are as many places as jobs at once; a
 * thread that has ended has nothing left to do but return. */
static bool find_hand(struct jobs *jobs)
{
    struct hand *place = NULL;

    if (count_waiting(jobs) <= count_hands(jobs, HAND_FREE))
        return true;
    for (int i = 0; i < RUNNING_MAX && place == NULL; i++)
        if (jobs->hands[i].state == HAND_NONE || jobs->hands[i].state == HAND_ENDED)
            place = &jobs->hands[i];
    if (place == NULL) /* one of them is about to look for its next job */
        return true;
    if (place->state == HAND_ENDED)
        pthread_join(place->thread, NULL);
    *place = (struct hand){.jobs = jobs, .state = HAND_BUSY};
    if (!start_thread(place))
        place->state = HAND_NONE;
    return place->state == HAND_BUSY;
}

uint64_t jobs_start(struct jobs *jobs, const struct job_request *request)
{
    struct job *place = NULL;
    uint64_t id = 0;

    pthread_mutex_lock(&jobs->lock);
    for (int i = 0; i < RUNNING_MAX; i++) {
        struct job *job = &jobs->running[i];

        if (job->id == 0)
            place = job;
        else if (job->request.kind == request->kind)
            goto out;
    }
    if (place == NULL)
        goto out;
    place->jobs = jobs;
    place->id = id = ++jobs->last_id;
    place->request = *request;
    place->begun = false;
    place->task.ops = jobs->ops;
    place->task.pulse = jobs->pulse;
    atomic_store(&place->task.cancelled, false);
    atomic_store(&place->task.left, false);
    if (!find_hand(jobs))
        place->id = id = 0;
out:
    pthread_mutex_unlock(&jobs->lock);
    pthread_cond_signal(&jobs->started); /* a free one takes it up: it finds the lock free */
    return id;
}

void jobs_cancel(struct jobs *jobs, uint64_t id)
{
    pthread_mutex_lock(&jobs->lock);
    for (int i = 0; i < RUNNING_MAX; i++)
        if (jobs->running[i].id == id && id != 0)
            atomic_store(&jobs->running[i].task.cancelled, true);
    pthread_mutex_unlock(&jobs->lock);
    pulse_stir(jobs->pulse);
}

void jobs_leave(struct jobs *jobs, uint64_t id)
{
    pthread_mutex_lock(&jobs->lock);
    for (int i = 0; i < RUNNING_MAX; i++)
        if (jobs->running[i].id == id && id != 0)
            atomic_store(&jobs->running[i].task.left, true);
    pthread_mutex_unlock(&jobs->lock);
}

bool jobs_take(struct jobs *jobs, struct job_message *out)
{
    bool there = queue_take(jobs->queue, out);

    if (!there)
        pulse_silence(jobs->pulse);
    return there;
}

int64_t jobs_beat_ms(const struct jobs *jobs)
{
    return pulse_beat_ms(jobs->pulse);
}

int jobs_fd(const struct jobs *jobs)
{
    return pulse_fd(jobs->pulse);
}

void jobs_free(struct jobs *jobs)
{
    struct job_message message;
    bool made[RUNNING_MAX]; /* threads: from here on none is added */

    if (jobs == NULL)
        return;
    pthread_mutex_lock(&jobs->lock);
    jobs->closing = true;
    for (int i = 0; i < RUNNING_MAX; i++) {
        made[i] = jobs->hands[i].state != HAND_NONE;
        atomic_store(&jobs->running[i].task.left, true); /* before it is cancelled */
        atomic_store(&jobs->running[i].task.cancelled, true);
    }
    pthread_cond_broadcast(&jobs->started);
    pthread_mutex_unlock(&jobs->lock);
    queue_close(jobs->queue);
    pulse_stir(jobs->pulse);
    hg_pool_drain(jobs->ops->pool);
    for (int i = 0; i < RUNNING_MAX; i++)
        if (made[i])
            pthread_join(jobs->hands[i].thread, NULL);
    while (queue_take(jobs->queue, &message))
        job_result_free(message.result);
    pulse_free(jobs->pulse);
    queue_free(jobs->queue);
    pthread_cond_destroy(&jobs->started);
    pthread_mutex_destroy(&jobs->lock);
    alloc_free(jobs);
}
