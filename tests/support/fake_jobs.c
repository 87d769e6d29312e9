/*
 * fake_jobs.c - answers at once, from what stands in a scene.
 */
#include "fake_jobs.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "console/loop.h"
#include "scene.h"

enum { QUEUE = 32 };

struct fake {
    struct scene *scene;
    bool hangs, endless, crashes, still;
    int wake;
    uint64_t last, run;
    struct job_message queue[QUEUE];
    size_t first, count;
};

static void put(struct fake *f, struct job_message message)
{
    f->queue[(f->first + f->count++) % QUEUE] = message;
    eventfd_write(f->wake, 1);
}

static void plan(struct fake *f, uint64_t job, const struct job_request *request)
{
    if (f->crashes)
        raise(SIGSEGV);
    scene_plan(f->scene); /* fills f->scene->plan */
    f->scene->plan.request = *request;
    put(f, (struct job_message){.job = job, .result = &f->scene->plan});
}

static void run(struct fake *f, uint64_t job, const struct job_request *request)
{
    struct job_event started = {.kind = HG_EVENT_STEP_STARTED, .subject = "0042", .total = 2};
    struct job_event waits = {.kind = HG_EVENT_WAITING, .message = "pid 4211 holds users"};

    f->run = job;
    put(f, (struct job_message){.job = job, .event = started});
    put(f, (struct job_message){.job = job, .event = waits});
    if (f->endless)
        return;
    scene_end(f->scene, true); /* fills f->scene->run */
    f->scene->run.request = *request;
    put(f, (struct job_message){.job = job, .result = &f->scene->run});
}

static void sessions(struct fake *f, uint64_t job)
{
    scene_deliver_sessions(f->scene); /* fills f->scene->seen */
    put(f, (struct job_message){.job = job, .result = &f->scene->seen});
}

static void source(struct fake *f, uint64_t job)
{
    scene_deliver_source(f->scene); /* fills f->scene->source */
    put(f, (struct job_message){.job = job, .result = &f->scene->source});
}

static void smoke(struct fake *f, uint64_t job)
{
    scene_deliver_smoke(f->scene); /* fills f->scene->smoked */
    put(f, (struct job_message){.job = job, .result = &f->scene->smoked});
}

static uint64_t start(void *context, const struct job_request *request)
{
    struct fake *f = context;
    uint64_t job = ++f->last;

    if (request->kind == JOB_POOLS && !(f->still && job > 2))
        put(f, (struct job_message){.job = job, .result = &f->scene->pools});
    else if (request->kind == JOB_STATUS && !f->hangs)
        put(f, (struct job_message){.job = job, .result = &f->scene->status});
    else if (request->kind == JOB_PING && !f->hangs)
        put(f, (struct job_message){.job = job, .result = &f->scene->ping});
    else if (request->kind == JOB_SESSIONS && !f->hangs)
        sessions(f, job);
    else if (request->kind == JOB_SOURCE)
        source(f, job);
    else if (request->kind == JOB_SMOKE)
        smoke(f, job);
    else if (request->kind == JOB_WRITE)
        alloc_free(request->content); /* nothing is written, and nobody hears of it */
    else if (request->kind == JOB_PLAN)
        plan(f, job, request);
    else if (request->kind == JOB_RUN)
        run(f, job, request);
    return job;
}

static void cancel(void *context, uint64_t job)
{
    struct fake *f = context;

    if (job != f->run)
        return;
    scene_end(f->scene, false);
    f->scene->run.error = (hg_error){.code = HG_CANCELLED, .message = "interrupted"};
    put(f, (struct job_message){.job = job, .result = &f->scene->run});
}

static void leave(void *context, uint64_t job)
{
    (void)context;
    (void)job; /* nobody runs it */
}

static bool take(void *context, struct job_message *out)
{
    struct fake *f = context;
    eventfd_t drained;

    if (f->count == 0)
        return false;
    *out = f->queue[f->first];
    f->first = (f->first + 1) % QUEUE;
    if (--f->count == 0)
        eventfd_read(f->wake, &drained);
    return true;
}

static int fd(void *context)
{
    return ((struct fake *)context)->wake;
}

static int64_t beat(void *context)
{
    (void)context; /* every question is asked once */
    return 0;
}

static void discard(void *context, struct job_result *result)
{
    (void)context;
    (void)result; /* the scene's */
}

int fake_console(const char *name, const char *theme)
{
    static const char *const folders[] = {TEST_SOURCE_DIR "/themes", NULL};
    struct fake f = {.hangs = strcmp(name, "hang") == 0,
                     .endless = strcmp(name, "endless") == 0,
                     .crashes = strcmp(name, "crash") == 0,
                     .still = strncmp(name, "still", 5) == 0};
    const struct job_source source = {&f, start, cancel, leave, take, fd, beat, discard};
    struct stage_options stage = {
        .source = &source, .theme = theme == NULL ? "dark" : theme, .theme_folders = folders};
    hg_error err = {.code = HG_OK};
    bool ok;

    setlocale(LC_ALL, "");
    f.scene = scene_new(80, 24, true, strstr(name, "prod") != NULL);
    f.scene->wall_ms = clock_wall_ms();
    if (strcmp(name, "idle") == 0)
        scene_idle(f.scene);
    else if (strcmp(name, "calm") == 0)
        scene_calm(f.scene);
    else
        scene_busy(f.scene);
    f.scene->model.facts.takes_mouse = strstr(name, "mouse") != NULL;
    f.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    stage.facts = &f.scene->model.facts;
    ok = loop_run(&stage, COLOR_AUTO, &err);
    scene_free(f.scene);
    if (!ok)
        fprintf(stderr, "%s\n%s\n", err.message, err.hint);
    return hg_code_exit_status(err.code);
}
