/*
 * running.c - what runs: how far it is, how it ended, and runs that somebody else has started.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "update.h"

/* The step of the plan that an event speaks of, from the present one on: a reset has each revision
 * twice. Without a plan the event's own count is all there is. */
static size_t step_of(const struct model *m, const struct job_event *event)
{
    const hg_plan *plan = m->plan == NULL ? NULL : m->plan->plan;
    char revision[sizeof event->subject];

    if (plan == NULL)
        return event->done > 0 ? (size_t)event->done : 0;
    for (size_t i = m->change.step; i < plan->step_count; i++)
        if (strcmp(text_visible_copy(revision, sizeof revision, plan->steps[i].revision),
                   event->subject)
            == 0)
            return i + (event->kind == HG_EVENT_STEP_DONE);
    return m->change.step;
}

static void take_step(struct model *m, const struct job_event *event)
{
    struct change *c = &m->change;

    c->step = step_of(m, event);
    if (event->total > 0)
        c->steps = (size_t)event->total;
    if (event->kind == HG_EVENT_STEP_DONE)
        return;
    text_copy(c->revision, sizeof c->revision, event->subject);
    c->step_started_ms = m->now_ms;
    c->begun = true;
}

/* How long it waits until it tries again. */
static void take_wait(struct model *m, const struct job_event *event)
{
    struct change *c = &m->change;

    c->waiting = event->kind == HG_EVENT_WAITING;
    c->retry_ms = 0;
    if (!c->waiting || strcmp(event->unit, "attempt") != 0)
        return;
    c->retry_ms = m->now_ms + (int64_t)event->duration_ms;
    c->attempt = event->done;
    c->attempts = event->total;
}

void running_progress(struct model *m, const struct job_event *event)
{
    struct change *c = &m->change;

    if (event->kind == HG_EVENT_NOTE) {
        note_add(m, ROLE_INFO, "%s", event->message);
        return;
    }
    if (event->kind == HG_EVENT_STEP_STARTED || event->kind == HG_EVENT_STEP_DONE)
        take_step(m, event);
    take_wait(m, event);
    if (event->kind == HG_EVENT_STEP_PROGRESS) {
        c->done = event->done;
        c->total = event->total;
        text_copy(c->unit, sizeof c->unit, event->unit);
    } else if (!c->waiting) {
        c->done = c->total = 0;
    }
    text_copy(c->message, sizeof c->message, c->total > 0 || c->waiting ? event->message : "");
}

static void note_end(struct model *m, const struct job_result *result)
{
    const char *verb = change_verb(m);

    if (result->ok)
        note_add(m, ROLE_OK, "%s: done, %zu migration%s in %.1f s", verb, result->run.applied_count,
                 result->run.applied_count == 1 ? "" : "s",
                 (double)(m->now_ms - m->change.started_ms) / 1000);
    else if (result->error.code == HG_CANCELLED)
        note_add(m, ROLE_WARN, "%s: stopped; what was open has been rolled back", verb);
    else
        note_add(m, ROLE_FAIL, "%s: %s", verb, result->error.message);
}

void running_ended(struct model *m, struct job_result *result, struct effects *effects)
{
    m->change.running = false;
    m->change.ended_ms = m->now_ms;
    if (m->ask == ASK_STOP || m->ask == ASK_QUIT)
        m->ask = ASK_NOTHING;
    m->run = result;
    page_rewind(m, PAGE_RUN); /* how it ended stands above */
    note_end(m, result);
    m->holder[0] = '\0';
    m->worker.pid = 0;
    m->feeds[FEED_STATUS].due_ms = m->now_ms;
    m->source.file[0] = '\0';
    if (m->change.quit_after)
        effect_add(effects, (struct effect){.kind = EFFECT_QUIT});
}

/* --- somebody else's --- */

static hg_migrate_kind kind_of(const char *command)
{
    return strcmp(command, "down") == 0    ? HG_MIGRATE_DOWN
           : strcmp(command, "reset") == 0 ? HG_MIGRATE_RESET
                                           : HG_MIGRATE_UP;
}

/* A worker of this user is watched as one's own run; of whoever else is at work the database tells
 * what there is to know. */
void running_attach(struct model *m, struct effects *effects)
{
    enum screen_id from = m->screen;
    bool runs = m->worker.pid != 0 || m->holder[0] != '\0';

    if (m->copying.pid != 0 && (!runs || model_page(m) == PAGE_TRANSFER)) {
        transfer_attach(m, effects);
        return;
    }
    if (m->worker.pid == 0) {
        screen_open(m, SCREEN_MIGRATIONS);
        page_open(m, PAGE_HOLDER);
        return;
    }
    if (m->plan != NULL)
        effect_add(effects, (struct effect){.kind = EFFECT_DISCARD, .result = m->plan});
    if (m->run != NULL)
        effect_add(effects, (struct effect){.kind = EFFECT_DISCARD, .result = m->run});
    m->plan = m->run = NULL;
    page_close(m, PAGE_PLAN);
    page_close(m, PAGE_RUN);
    m->change = (struct change){.kind = kind_of(m->worker.command),
                                .from = from,
                                .running = true,
                                .attached = true,
                                .step_started_ms = m->now_ms,
                                .started_ms = m->now_ms - (m->wall_ms - m->worker.started_ms)};
    effect_add(effects, (struct effect){.kind = EFFECT_START, .request = {.kind = JOB_WATCH}});
    screen_open(m, SCREEN_MIGRATIONS);
    page_open(m, PAGE_RUN);
}

/* What was heard of who changes the schema; during a run of ours it is we. */
void running_others(struct model *m, const struct worker_info *worker, const char *holder)
{
    bool before = m->holder[0] != '\0';

    if (m->change.running)
        return;
    if (worker != NULL)
        m->worker = *worker;
    text_visible_copy(m->holder, sizeof m->holder, holder);
    if (!before && holder[0] != '\0') {
        note_add(m, ROLE_INFO, "somebody changes the schema; a shows who");
        m->feeds[FEED_HOLDER].due_ms = m->now_ms + m->refresh_ms;
    } else if (before && holder[0] == '\0') {
        note_add(m, ROLE_INFO, "nobody changes the schema any more");
        m->worker.pid = 0;
        m->feeds[FEED_STATUS].due_ms = m->now_ms;
    }
}
