/*
 * change.c - what changes the database: the plan, the question, the run, and stopping it.
 *
 *   asked for --> planned --> confirmed --> running --> ended
 *       |            |                        |
 *       +--- Esc ----+                        +-- Ctrl-C, then y --> stopping --> ended
 *
 * Nothing runs without the id of the plan that was on screen, and Enter alone confirms nothing.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "update.h"

/* Keys that arrive this soon after the question opened were typed for something else. */
enum {
    DEAD_MS = 300,
    EXPIRE_MS = 60000, /* a question that nobody answers closes */
    ARMED_MS = 600000
};

static const char *const verbs[] = {"apply", "roll back", "reset"};

/* "" for all that is pending; the selected pending migration when it is not the last one. */
static void choose_target(const struct model *m, hg_migrate_kind kind, char *out, size_t size)
{
    const hg_revision *r = model_revision(m);

    out[0] = '\0';
    if (kind == HG_MIGRATE_UP && r != NULL && model_subject(m) == PANE_MIGRATIONS
        && m->lists[PANE_MIGRATIONS].touched && r->state == HG_REVISION_PENDING && !r->head)
        text_copy(out, size, r->revision);
}

static void drop_plan(struct model *m, struct effects *effects)
{
    if (m->plan != NULL)
        effect_add(effects, (struct effect){.kind = EFFECT_DISCARD, .result = m->plan});
    if (m->run != NULL)
        effect_add(effects, (struct effect){.kind = EFFECT_DISCARD, .result = m->run});
    m->plan = m->run = NULL;
}

/* The question is open from now on, after a moment for keys that were meant for something else. */
static void open_question(struct model *m)
{
    m->change.ready_ms = m->now_ms + DEAD_MS;
    m->change.expires_ms = m->now_ms + EXPIRE_MS;
}

void change_ask(struct model *m, hg_migrate_kind kind, const char *target, bool asks,
                struct effects *effects)
{
    struct effect plan = {.kind = EFFECT_START, .request = {.kind = JOB_PLAN, .migrate = kind}};
    enum screen_id from = m->screen;

    if (model_page(m) == PAGE_PLAN || model_page(m) == PAGE_RUN)
        from = m->change.from;
    page_close(m, PAGE_PLAN);
    page_close(m, PAGE_RUN);
    drop_plan(m, effects);
    if (target[0] == '\0')
        choose_target(m, kind, plan.request.target, sizeof plan.request.target);
    else
        text_copy(plan.request.target, sizeof plan.request.target, target);
    m->change = (struct change){
        .kind = kind, .from = from, .asking = asks, .asked_ms = m->now_ms, .expires_ms = INT64_MAX};
    m->change.consent = action_consent(model_action(kind), m->facts.production, m->facts.read_only);
    effect_add(effects, plan);
    screen_open(m, SCREEN_MIGRATIONS);
    page_open(m, PAGE_PLAN);
}

/* Back to where the change was asked for; nothing has happened. */
void change_leave(struct model *m, struct effects *effects)
{
    if (m->change.plan_job != 0)
        effect_add(effects, (struct effect){.kind = EFFECT_CANCEL, .job = m->change.plan_job});
    m->change.plan_job = 0;
    drop_plan(m, effects);
    page_close(m, PAGE_PLAN);
    screen_open(m, m->change.from);
    if (m->change.asking)
        note_add(m, ROLE_INFO, "%s: left, nothing was changed", verbs[m->change.kind]);
    m->change.asking = false;
}

/* A production does not run what the plan warns of unless it was accepted by name, which takes the
 * command line: then there is nothing to ask. */
static void refuse_dangers(struct model *m)
{
    hg_error refused = {0};

    if (!m->change.asking || !m->facts.production || hg_plan_allowed(m->plan->plan, &refused))
        return;
    m->change.asking = false;
    note_add(m, ROLE_FAIL, "refused: %s", refused.message);
}

void change_planned(struct model *m, struct job_result *result, struct effects *effects)
{
    const char *verb = verbs[m->change.kind];
    bool empty = result->ok && (result->plan == NULL || result->plan->step_count == 0);

    m->change.plan_job = 0;
    if (result->ok && !empty) {
        m->plan = result;
        open_question(m);
        refuse_dangers(m);
        return;
    }
    if (empty)
        note_add(m, ROLE_INFO, "nothing to %s: the database is where it should be", verb);
    else
        note_add(m, ROLE_FAIL, "could not plan to %s: %s", verb, result->error.message);
    m->run = result->ok ? NULL : result;
    if (result->ok)
        effect_add(effects, (struct effect){.kind = EFFECT_DISCARD, .result = result});
    page_close(m, PAGE_PLAN);
    m->change.asking = false;
    if (m->run != NULL && m->screen == SCREEN_MIGRATIONS)
        page_open(m, PAGE_RUN);
    else
        screen_open(m, m->change.from);
}

/* Runs the plan that is in view. */
static void start(struct model *m, struct effects *effects)
{
    struct effect run = {.kind = EFFECT_START, .request = m->plan->request};
    struct layout layout;

    model_layout(m, &layout);
    if (layout.form == FORM_LINE) {
        note_add(m, ROLE_WARN, "the plan cannot be seen: make the window larger");
        return;
    }
    run.request.kind = JOB_RUN;
    memcpy(run.request.plan_id, m->plan->plan->id, sizeof run.request.plan_id);
    m->change.running = true;
    m->change.asking = false;
    m->change.job = 0;
    m->change.started_ms = m->change.step_started_ms = m->now_ms;
    effect_add(effects, run);
    page_close(m, PAGE_PLAN);
    page_open(m, PAGE_RUN);
    note_add(m, ROLE_INFO, "%s: started, plan %s", verbs[m->change.kind], m->plan->plan->id);
}

void change_yes(struct model *m, struct effects *effects)
{
    if (m->plan != NULL && m->now_ms >= m->change.ready_ms)
        start(m, effects);
}

void change_type(struct model *m, uint32_t key, struct effects *effects)
{
    struct change *c = &m->change;

    if (m->now_ms < c->ready_ms)
        return;
    c->wrong = false;
    if (key == KEYS_PASTE)
        note_add(m, ROLE_WARN, "what was pasted is dropped: the name has to be typed");
    else if (entry_edit(c->typed, sizeof c->typed, key))
        return;
    else if (key == KEYS_ENTER && action_typed_matches(c->typed, m->facts.database_name))
        start(m, effects);
    else if (key == KEYS_ENTER && c->typed[0] != '\0')
        c->wrong = true;
}

void change_stop(struct model *m, enum ask ask)
{
    m->ask = ask;
    m->ask_expires_ms = m->now_ms + EXPIRE_MS;
    m->change.ready_ms = m->now_ms + DEAD_MS;
}

void change_arm(struct model *m)
{
    if (model_armed(m)) {
        m->armed_until_ms = 0;
        note_add(m, ROLE_OK, "production is guarded again");
    } else {
        change_stop(m, ASK_ARM);
    }
}

static void armed(struct model *m)
{
    m->armed_until_ms = m->now_ms + ARMED_MS;
    m->ask = ASK_NOTHING;
    note_add(m, ROLE_WARN, "changes of production are allowed for ten minutes");
}

void change_touched(struct model *m)
{
    if (m->change.asking && m->plan != NULL)
        m->change.expires_ms = m->now_ms + EXPIRE_MS;
}

void change_expire(struct model *m)
{
    if (m->ask != ASK_NOTHING && m->now_ms >= m->ask_expires_ms) {
        m->ask = ASK_NOTHING;
        note_add(m, ROLE_INFO, "nobody answered: all goes on as it was");
    }
    if (m->change.asking && m->plan != NULL && m->now_ms >= m->change.expires_ms) {
        m->change.asking = false;
        note_add(m, ROLE_INFO, "nobody answered: the question is closed, nothing was changed");
    }
    if (m->armed_until_ms != 0 && m->now_ms >= m->armed_until_ms) {
        m->armed_until_ms = 0;
        note_add(m, ROLE_OK, "production is guarded again");
    }
}

/* Yes to "stop it?": the first time the job is asked to; a quit that was answered before means that
 * the job does not obey, and then the console goes without it. */
void change_stop_yes(struct model *m, struct effects *effects)
{
    struct change *c = &m->change;

    if (m->now_ms < c->ready_ms)
        return;
    if (m->ask == ASK_ARM) {
        armed(m);
        return;
    }
    if (m->ask == ASK_QUIT && c->quit_after) {
        effect_add(effects, (struct effect){.kind = EFFECT_QUIT});
    } else if (!c->cancel_asked) {
        c->cancel_asked = true;
        effect_add(effects, (struct effect){.kind = EFFECT_CANCEL, .job = c->job});
        note_add(m, ROLE_WARN, "%s: asked to stop", verbs[c->kind]);
    }
    c->quit_after = c->quit_after || m->ask == ASK_QUIT;
    m->ask = ASK_NOTHING;
}

/* The step that an event speaks of, from the present one on: a reset has each revision twice. */
static size_t step_of(const struct model *m, const struct job_event *event)
{
    const hg_plan *plan = m->plan->plan;
    char revision[sizeof event->subject];

    for (size_t i = m->change.step; i < plan->step_count; i++)
        if (strcmp(text_visible_copy(revision, sizeof revision, plan->steps[i].revision),
                   event->subject)
            == 0)
            return i;
    return m->change.step;
}

void change_progress(struct model *m, const struct job_event *event)
{
    struct change *c = &m->change;

    if (event->kind == HG_EVENT_NOTE) {
        note_add(m, ROLE_INFO, "%s", event->message);
        return;
    }
    if (event->kind == HG_EVENT_STEP_STARTED) {
        c->step = step_of(m, event);
        c->step_started_ms = m->now_ms;
        c->begun = true;
    } else if (event->kind == HG_EVENT_STEP_DONE) {
        c->step = step_of(m, event) + 1;
    }
    c->waiting = event->kind == HG_EVENT_WAITING;
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
    const char *verb = verbs[m->change.kind];

    if (result->ok)
        note_add(m, ROLE_OK, "%s: done, %zu migration%s in %.1f s", verb, result->run.applied_count,
                 result->run.applied_count == 1 ? "" : "s", result->duration_ms / 1000);
    else if (result->error.code == HG_CANCELLED)
        note_add(m, ROLE_WARN, "%s: stopped; what was open has been rolled back", verb);
    else
        note_add(m, ROLE_FAIL, "%s: %s", verb, result->error.message);
}

void change_ended(struct model *m, struct job_result *result, struct effects *effects)
{
    m->change.running = false;
    m->change.ended_ms = m->now_ms;
    if (m->ask != ASK_ARM)
        m->ask = ASK_NOTHING;
    m->run = result;
    note_end(m, result);
    m->feeds[FEED_STATUS].due_ms = m->now_ms;
    m->source.file[0] = '\0';
    if (m->change.quit_after)
        effect_add(effects, (struct effect){.kind = EFFECT_QUIT});
}
