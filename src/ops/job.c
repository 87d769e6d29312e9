/*
 * job.c - jobs on threads; results and progress go through one queue.
 *
 * A job that is started never waits for another one: where no thread is free there is a new one.
 * One that is done stays for the next job, so that what is asked every second costs no thread;
 * others end.
 */
#include "job.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/queue.h"
#include "base/text.h"
#include "copy_pools.h"
#include "copy_sides.h"
#include "job_cutover.h"
#include "json_read.h"
#include "launcher.h"
#include "ops.h"
#include "pulse.h"

enum {
    RUNNING_MAX = JOB_KINDS,    /* one of each kind */
    QUEUE_ROOM = 64,            /* messages */
    SOURCE_BYTES_MAX = 1 << 20, /* more of a file than this is not read on a screen */
    SESSIONS_MS = 3000,         /* nothing interrupts this; nobody waits longer for it to end */
    SMOKE_MS = 60000,
    DRIFT_MS = 10 * 60 * 1000,
    SMOKE_WORDS_MAX = 64,
    DELIVERY_WAIT_MS = 5000, /* a result waits this long for a receiver that does not take */
    THREADS_FREE = 1         /* that stay */
};

struct job {
    struct jobs *jobs;
    uint64_t id; /* 0: this place is free */
    struct job_request request;
    atomic_bool cancelled, left;
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
    hg_copy_result_free(result->copy);
    hg_plan_free(result->plan);
    hg_cutover_free(result->cutover);
    hg_run_result_release(&result->run);
    alloc_free(result);
}

static bool is_cancelled(void *context)
{
    struct job *job = context;

    return atomic_load_explicit(&job->cancelled, memory_order_relaxed);
}

/* What an operation tells becomes a message; only news of the kind that the next one replaces may
 * be lost. */
static void forward(void *context, const hg_event *event)
{
    struct job *job = context;
    struct job_message message = {.job = job->id};

    message.event.kind = event->kind;
    text_visible_copy(message.event.subject, sizeof message.event.subject, event->subject);
    text_visible_copy(message.event.message, sizeof message.event.message, event->message);
    text_copy(message.event.unit, sizeof message.event.unit, event->unit);
    message.event.done = event->done;
    message.event.total = event->total;
    message.event.duration_ms = event->duration_ms;
    if (event->kind == HG_EVENT_STEP_PROGRESS || event->kind == HG_EVENT_WAITING)
        queue_offer(job->jobs->queue, &message);
    else
        queue_put(job->jobs->queue, &message, hg_deadline_in_ms(DELIVERY_WAIT_MS));
}

static bool do_pools(struct job *job, struct job_result *result)
{
    const char *dir = hg_settings_runtime_dir(job->jobs->ops->settings);

    return hg_pool_list_read(dir, &result->pools, &result->error);
}

static bool do_ping(struct job *job, struct job_result *result)
{
    const hg_observer observer = {.cancelled = is_cancelled, .context = job};

    return pulse_run(job->jobs->pulse, job->jobs->ops, &observer, result);
}

static bool find_worker(const struct ops *ops, struct worker_info *out)
{
    return worker_find(hg_settings_runtime_dir(ops->settings),
                       hg_url_redacted(hg_settings_url(ops->settings)), true, out);
}

static bool do_holder(struct job *job, struct job_result *result)
{
    const struct ops *ops = job->jobs->ops;

    return hg_migrate_holder(ops->pool, ops_inspection_deadline(ops), result->holder,
                             sizeof result->holder, &result->error);
}

static bool do_status(struct job *job, struct job_result *result)
{
    const struct ops *ops = job->jobs->ops;
    const hg_observer observer = {.cancelled = is_cancelled, .context = job};

    result->readiness = alloc_zero(1, sizeof *result->readiness);
    if (result->readiness == NULL)
        return hg_fail(&result->error, HG_NOMEM, "could not run the checks: out of memory");
    hg_readiness_run(ops->settings, ops->pool, ops_inspection_deadline(ops), &observer,
                     result->readiness);
    if (result->readiness->db) {
        find_worker(ops, &result->worker);
        do_holder(job, result);
    }
    return true;
}

/* The sessions in the order of their blocking trees, and the room that the pools of this host have
 * beside them. */
static bool arrange(const struct ops *ops, struct job_result *result)
{
    const hg_sessions *sessions = result->sessions;
    const hg_url *url = hg_settings_url(ops->settings);

    if (sessions->driver != HG_POSTGRESQL)
        return true;
    result->order = alloc_zero(sessions->session_count + 1, sizeof *result->order);
    result->holders = alloc_zero(sessions->session_count + 1, sizeof *result->holders);
    if (result->order == NULL || result->holders == NULL
        || !blocking_order(sessions, result->order, &result->in_trees))
        return hg_fail(&result->error, HG_NOMEM, "could not read the sessions: out of memory");
    if (!hg_pool_list_read(hg_settings_runtime_dir(ops->settings), &result->pools, NULL))
        return true;
    hg_headroom_measure(sessions, url, &result->pools, &result->headroom);
    for (size_t i = 0; i < sessions->session_count; i++)
        result->holders[i].connection = hg_server_session_holder(
            &sessions->sessions[i], url, &result->pools, &result->holders[i].pool);
    return true;
}

static bool do_sessions(struct job *job, struct job_result *result)
{
    const struct ops *ops = job->jobs->ops;

    return hg_sessions_read(ops->pool, hg_deadline_in_ms(SESSIONS_MS), &result->sessions,
                            &result->error)
           && arrange(ops, result);
}

static bool do_source(struct job *job, struct job_result *result)
{
    struct buf text = BUF_INIT(SOURCE_BYTES_MAX);

    if (!file_read(job->request.file, &text, &result->error)) {
        buf_release(&text);
        return false;
    }
    result->text = buf_take(&text);
    return result->text != NULL
           || hg_fail(&result->error, HG_NOMEM, "could not read the file: out of memory");
}

/* Splits a text in place at its spaces; returns how many words there are. */
static size_t split_words(char *text, const char *words[], size_t most)
{
    size_t n = 0;
    char *word;

    while (n < most && (word = strsep(&text, " ")) != NULL)
        if (word[0] != '\0')
            words[n++] = word;
    return n;
}

static bool do_smoke(struct job *job, struct job_result *result)
{
    const struct ops *ops = job->jobs->ops;
    const hg_observer observer = {forward, is_cancelled, job};
    char only[sizeof job->request.only];
    const char *words[SMOKE_WORDS_MAX];
    hg_smoke_options options = {.only = words, .checks_dir = hg_settings_checks_dir(ops->settings)};

    text_copy(only, sizeof only, job->request.only);
    options.only_count = split_words(only, words, SMOKE_WORDS_MAX);
    return hg_smoke_run(ops->settings, ops->pool, &options, hg_deadline_in_ms(SMOKE_MS), &observer,
                        &result->smoke, &result->error);
}

static bool do_plan(struct job *job, struct job_result *result)
{
    const struct ops *ops = job->jobs->ops;
    const hg_observer observer = {.cancelled = is_cancelled, .context = job};
    hg_migrate_options options =
        ops_migrate_options(ops, job->request.migrate, job->request.target);

    options.observer = &observer;
    return hg_plan_make(ops->pool, &options, ops_plan_deadline(ops, &options), &result->plan,
                        &result->error);
}

static bool run_here(struct job *job, struct job_result *result)
{
    const struct ops *ops = job->jobs->ops;
    hg_migrate_options options =
        ops_migrate_options(ops, job->request.migrate, job->request.target);
    const hg_observer observer = {forward, is_cancelled, job};

    if (job->request.plan_id[0] != '\0')
        options.plan_id = job->request.plan_id;
    return hg_migrate_run(ops->pool, &options, &observer, &result->run, &result->error);
}

/* --- runs in workers --- */

struct watching {
    struct job *job;
    struct job_result *result;
};

static void forward_event(void *context, const hg_event *event)
{
    forward(((struct watching *)context)->job, event);
}

static void take_outcome(void *context, const struct worker_outcome *outcome)
{
    struct job_result *result = ((struct watching *)context)->result;

    result->ok = json_read_run(outcome->document, &result->run, &result->error);
}

static bool is_left(void *context)
{
    return atomic_load_explicit(&((struct watching *)context)->job->left, memory_order_relaxed);
}

static bool is_stopped(void *context)
{
    return is_cancelled(((struct watching *)context)->job) && !is_left(context);
}

static bool watch(struct job *job, const struct worker_info *worker, struct job_result *result)
{
    struct watching watching = {job, result};
    const struct worker_watcher watcher = {forward_event, take_outcome, is_left, is_stopped,
                                           &watching};
    const char *dir = hg_settings_runtime_dir(job->jobs->ops->settings);

    switch (worker_watch(dir, worker->id, &watcher, &result->error)) {
    case WORKER_ENDED:
        return result->ok;
    case WORKER_LEFT:
        return hg_fail(&result->error, HG_CANCELLED, "left; the run goes on");
    case WORKER_DIED:
        hg_fail(&result->error, HG_FAILED, "process %lld of the run was killed before it ended",
                (long long)worker->pid);
        hg_error_hint(&result->error, "Apply again: it goes on where that one stopped.");
        return false;
    case WORKER_FAILED:
        break;
    }
    return false;
}

static bool do_run(struct job *job, struct job_result *result)
{
    struct launcher *launcher = job->jobs->ops->launcher;
    struct worker_info worker;

    if (launcher == NULL)
        return run_here(job, result);
    return launcher_start(launcher, &job->request, &worker, &result->error)
           && watch(job, &worker, result);
}

static bool do_watch(struct job *job, struct job_result *result)
{
    struct worker_info worker;

    if (!find_worker(job->jobs->ops, &worker))
        return hg_fail(&result->error, HG_FAILED, "the run has ended");
    return watch(job, &worker, result);
}

static bool do_drift(struct job *job, struct job_result *result)
{
    const struct ops *ops = job->jobs->ops;
    const hg_observer observer = {.cancelled = is_cancelled, .context = job};
    const char *file = hg_settings_schema_file(ops->settings);

    text_copy(result->request.file, sizeof result->request.file, file);
    return !file_exists(file)
           || hg_schema_diff_make(ops->pool, file, hg_deadline_in_ms(DRIFT_MS), &observer,
                                  &result->drift, &result->error);
}

static bool do_copy(struct job *job, struct job_result *result)
{
    const hg_observer observer = {forward, is_cancelled, job};
    hg_copy_options options = hg_copy_options_default();
    struct copy_pools pools = {NULL, NULL};
    struct copy_sides sides = {.source = NULL};
    bool ok;

    options.mode = job->request.copy;
    options.resume = options.mode == HG_COPY_RUN;
    ok = copy_sides_find(job->jobs->ops->reading, &sides, &result->error)
         && copy_pools_open(sides.settings, sides.source, sides.target, &options, &pools,
                            &result->error)
         && hg_copy(pools.source, pools.target, &options, &observer, &result->copy, &result->error);
    copy_pools_close(&pools);
    copy_sides_release(&sides);
    return ok;
}

static bool do_end(struct job *job, struct job_result *result)
{
    const struct job_request *r = &job->request;
    const hg_server_session session = {
        .pid = r->pid, .visible = true, .backend_start_ms = r->backend_start_ms};
    hg_pool *pool = job->jobs->ops->pool;
    hg_deadline by = hg_deadline_in_ms(SESSIONS_MS);

    return r->terminate ? hg_server_session_terminate(pool, &session, by, &result->error)
                        : hg_server_session_cancel(pool, &session, by, &result->error);
}

static bool do_cutover(struct job *job, struct job_result *result)
{
    const hg_observer planning = {.cancelled = is_cancelled, .context = job};

    return job_cutover(job->jobs->ops, &job->request, &planning, result);
}

/* How it ended the journal tells. */
static void ignore_outcome(void *context, const struct worker_outcome *outcome)
{
    (void)context;
    (void)outcome;
}

static bool do_cutover_watch(struct job *job, struct job_result *result)
{
    struct watching watching = {job, result};
    const struct worker_watcher watcher = {.on_event = forward_event,
                                           .on_outcome = ignore_outcome,
                                           .leave = is_left,
                                           .context = &watching};

    return job_cutover_watch(job->jobs->ops, &watcher, result);
}

typedef bool job_function(struct job *job, struct job_result *result);

static job_function *const functions[] = {
    [JOB_POOLS] = do_pools,
    [JOB_PING] = do_ping,
    [JOB_STATUS] = do_status,
    [JOB_SESSIONS] = do_sessions,
    [JOB_SOURCE] = do_source,
    [JOB_PLAN] = do_plan,
    [JOB_RUN] = do_run,
    [JOB_SMOKE] = do_smoke,
    [JOB_WATCH] = do_watch,
    [JOB_HOLDER] = do_holder,
    [JOB_END] = do_end,
    [JOB_DRIFT] = do_drift,
    [JOB_COPY] = do_copy,
    [JOB_CUTOVER] = do_cutover,
    [JOB_CUTOVER_PLAN] = do_cutover,
    [JOB_CUTOVER_BEGIN] = do_cutover,
    [JOB_CUTOVER_WORK] = do_cutover,
    [JOB_CUTOVER_ORDER] = do_cutover,
    [JOB_CUTOVER_WATCH] = do_cutover_watch,
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
    result->ok = functions[job->request.kind](job, result);
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
    struct job pools = {.jobs = jobs, .request = {.kind = JOB_POOLS}};
    struct job_message messages[2] = {{.job = job->id}, {.job = 0}};
    bool is_small = job->request.kind == JOB_PING || job->request.kind == JOB_POOLS;

    messages[0].result = alloc_zero(1, sizeof *messages[0].result);
    if (messages[0].result != NULL)
        carry_out(job, messages[0].result);
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
    atomic_store(&place->cancelled, false);
    atomic_store(&place->left, false);
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
            atomic_store(&jobs->running[i].cancelled, true);
    pthread_mutex_unlock(&jobs->lock);
    pulse_stir(jobs->pulse);
}

void jobs_leave(struct jobs *jobs, uint64_t id)
{
    pthread_mutex_lock(&jobs->lock);
    for (int i = 0; i < RUNNING_MAX; i++)
        if (jobs->running[i].id == id && id != 0)
            atomic_store(&jobs->running[i].left, true);
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
        atomic_store(&jobs->running[i].left, true); /* before it is cancelled */
        atomic_store(&jobs->running[i].cancelled, true);
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
