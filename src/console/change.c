/*
 * change.c - what changes the database: the plan, and the question before it runs.
 *
 *   asked for --> planned --> confirmed --> running --> ended
 *       |            |                        |
 *       +--- Esc ----+                        +-- Ctrl-C, then c --> stopping --> ended
 *                                             +-- Ctrl-C, then d --> goes on without us
 *
 * Nothing runs without the id of the plan that was on screen, and Enter alone confirms nothing.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "update.h"

const char *change_verb(const struct model *m)
{
    static const char *const verbs[] = {"apply", "roll back", "reset"};

    return verbs[m->change.kind];
}

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
    m->change.ready_ms = m->now_ms + QUESTION_DEAD_MS;
    m->change.expires_ms = m->now_ms + QUESTION_MS;
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
        note_add(m, ROLE_INFO, "%s: left, nothing was changed", change_verb(m));
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
    const char *verb = change_verb(m);
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
    m->change.steps = m->plan->plan->step_count;
    m->change.started_ms = m->change.step_started_ms = m->now_ms;
    effect_add(effects, run);
    page_close(m, PAGE_PLAN);
    page_open(m, PAGE_RUN);
    note_add(m, ROLE_INFO, "%s: started, plan %s", change_verb(m), m->plan->plan->id);
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
