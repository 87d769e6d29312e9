/*
 * wizard.c - the guided cutover: what is read of it and when, what is asked about it, and what is
 * said to the process that carries it out.
 *
 * That process needs no console. Whatever is done here is an order that it is free to refuse, and
 * what it has done is only known by reading its journal again.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "list.h"
#include "update.h"

enum {
    FIRST_MS = 2000,  /* after the console was opened, unless somebody wants to see it sooner */
    SELDOM_MS = 5000, /* while nobody looks and no run is open */
    SOON_MS = 200,    /* after an order */
    WATCH_AGAIN_MS = 2000
};

static void discard(struct effects *effects, struct job_result *result)
{
    if (result != NULL)
        effect_add(effects, (struct effect){.kind = EFFECT_DISCARD, .result = result});
}

static void start(struct effects *effects, struct job_request request)
{
    effect_add(effects, (struct effect){.kind = EFFECT_START, .request = request});
}

/* --- reading --- */

static int64_t period_ms(const struct model *m)
{
    bool seen = m->screen == SCREEN_CUTOVER || model_cutover_open(m) != NULL;
    int refresh = model_refresh_ms(m);

    return seen || refresh == 0 || refresh > SELDOM_MS ? refresh : SELDOM_MS;
}

static void read_run(struct model *m, struct effects *effects)
{
    struct wizard *w = &m->wizard;

    if (w->asked_ms != 0)
        return;
    w->asked_ms = m->now_ms;
    w->news = false;
    start(effects, (struct job_request){.kind = JOB_CUTOVER, .budget_ms = w->budget_ms});
}

static struct job_request new_run(const struct model *m, enum job_kind kind)
{
    struct job_request request = {.kind = kind, .budget_ms = m->wizard.budget_ms};

    text_copy(request.file, sizeof request.file, m->wizard.runbook);
    return request;
}

static void make_plan(struct model *m, struct effects *effects)
{
    m->wizard.planning = true;
    m->wizard.plan_asked_ms = m->now_ms;
    start(effects, new_run(m, JOB_CUTOVER_PLAN));
}

/* Where no run has ever been begun, and one could be. A plan reads all of the source: that of a
 * production is only read because somebody has passed by when that is what the console was opened
 * for. */
static bool wants_plan(const struct model *m)
{
    const struct wizard *w = &m->wizard;

    return (m->facts.cutover || !m->facts.production) && m->screen == SCREEN_CUTOVER && !w->planning
           && w->plan == NULL && w->run != NULL && !w->run->ok && w->run->error.code == HG_FAILED;
}

/* The process is listened to while somebody looks: how far a copy is no journal tells. */
static bool wants_watch(const struct model *m)
{
    const hg_cutover *run = model_cutover_open(m);

    return m->screen == SCREEN_CUTOVER && run != NULL && run->working && !m->wizard.watching
           && m->now_ms >= m->wizard.watch_due_ms;
}

void wizard_tick(struct model *m, struct effects *effects)
{
    struct wizard *w = &m->wizard;

    if (w->due_ms == 0)
        w->due_ms = m->now_ms + FIRST_MS;
    if (m->screen == SCREEN_CUTOVER && (w->run == NULL || w->due_ms > m->now_ms + period_ms(m)))
        w->due_ms = period_ms(m) == 0 && w->run != NULL ? INT64_MAX : m->now_ms;
    if ((m->now_ms >= w->due_ms || w->news) && !model_paused(m))
        read_run(m, effects);
    if (wants_plan(m))
        make_plan(m, effects);
    if (wants_watch(m)) {
        w->watching = true;
        start(effects, (struct job_request){.kind = JOB_CUTOVER_WATCH});
    }
}

void wizard_refresh(struct model *m, struct effects *effects)
{
    read_run(m, effects);
}

/* --- what jobs say --- */

bool wizard_started(struct model *m, const struct message *message)
{
    struct wizard *w = &m->wizard;
    bool started = message->job != 0;

    switch (message->request.kind) {
    case JOB_CUTOVER:
        if (!started)
            w->asked_ms = 0;
        return true;
    case JOB_CUTOVER_PLAN:
        w->plan_job = message->job;
        w->planning = started;
        return true;
    case JOB_CUTOVER_WATCH:
        w->watch_job = message->job;
        w->watching = started;
        w->watch_due_ms = m->now_ms + WATCH_AGAIN_MS;
        return true;
    case JOB_CUTOVER_BEGIN:
    case JOB_CUTOVER_WORK:
    case JOB_CUTOVER_ORDER:
        w->acting = started;
        if (!started)
            note_add(m, ROLE_WARN, "cutover: the order before is on its way still");
        return true;
    default:
        return false;
    }
}

/* Of a step that is under way, or of a part of it. */
void wizard_progress(struct model *m, const struct job_event *event)
{
    struct wizard *w = &m->wizard;
    bool moves = event->kind == HG_EVENT_STEP_PROGRESS;
    bool of_run = strcmp(event->unit, "step") == 0;

    w->news = w->news || (of_run && !moves);
    if (event->kind == HG_EVENT_STEP_FAILED)
        return; /* the journal has it */
    w->done = moves ? event->done : 0;
    w->total = moves ? event->total : 0;
    text_copy(w->part, sizeof w->part, of_run ? "" : event->subject);
    text_copy(w->doing, sizeof w->doing, of_run ? "" : event->message);
}

static void note_stand(struct model *m, enum stand before)
{
    const hg_cutover *c = model_cutover(m);
    enum stand now = model_stand(m);
    const char *id = c != NULL && c->at < c->step_count ? c->steps[c->at].id : "";
    const char *where = m->screen == SCREEN_CUTOVER ? "" : "; 6 shows it";

    if (now == before || c == NULL || before == STAND_PLAN || before == STAND_NOTHING)
        return;
    switch (now) {
    case STAND_ASKS:
        note_add(m, ROLE_WARN, "cutover: %s asks%s", id, where);
        break;
    case STAND_STALLED:
        note_add(m, ROLE_FAIL, "cutover: %s has failed and waits%s", id, where);
        break;
    case STAND_PAUSED:
    case STAND_POSTPONED:
        note_add(m, ROLE_INFO, "cutover: waits before %s", id);
        break;
    case STAND_LEFT:
    case STAND_LEFT_BACK:
        note_add(m, ROLE_FAIL, "cutover: nobody works on it any more%s", where);
        break;
    case STAND_BACK:
        note_add(m, ROLE_WARN, "cutover: all is being taken back");
        break;
    case STAND_DONE:
        note_add(m, ROLE_OK, "cutover: done");
        break;
    case STAND_ABORTED:
        note_add(m, ROLE_WARN, "cutover: all was taken back");
        break;
    default:
        break;
    }
}

/* A question that is open is about a run, and of a step: when either has gone on it is closed, and
 * what was typed is lost rather than said to another question. */
static bool asked_about_now(const struct model *m)
{
    const struct wizard *w = &m->wizard;
    const hg_cutover *run = model_cutover_open(m);
    bool same = run != NULL && strcmp(run->run, w->run_asked) == 0;
    const char *step = same && run->at < run->step_count ? run->steps[run->at].id : "";

    switch (w->ask) {
    case WIZARD_NOTHING:
        return true;
    case WIZARD_BEGIN:
        return run == NULL;
    case WIZARD_ABORT:
    case WIZARD_REMARK:
        return same;
    default:
        return same && strcmp(step, w->step_asked) == 0 && model_wizard_next(m) == w->ask;
    }
}

static void close_stale_question(struct model *m)
{
    if ((m->ask != ASK_WIZARD && m->ask != ASK_WIZARD_YES) || asked_about_now(m))
        return;
    m->ask = ASK_NOTHING;
    m->wizard.ask = WIZARD_NOTHING;
    note_add(m, ROLE_WARN, "cutover: it has gone on meanwhile; nothing was said to it");
}

static void forget_progress(struct wizard *w)
{
    w->part[0] = w->doing[0] = '\0';
    w->done = w->total = 0;
}

/* Whether a reading that failed is news: there is mostly no run to be read, and nowhere to move to.
 */
static bool is_news(const struct job_result *result)
{
    hg_code code = result->error.code;

    return !result->ok && code != HG_FAILED && code != HG_CONFIG && code != HG_UNSUPPORTED;
}

static void take_run(struct model *m, struct job_result *result, struct effects *effects)
{
    struct wizard *w = &m->wizard;
    enum stand before = w->stand;
    bool had_failed = w->run != NULL && !w->run->ok;

    if (is_news(result) && !had_failed)
        note_add(m, ROLE_FAIL, "cutover: %s", result->error.message);
    discard(effects, w->run);
    w->run = result;
    w->read_ms = m->now_ms;
    w->asked_ms = 0;
    w->due_ms = period_ms(m) == 0 ? INT64_MAX : m->now_ms + period_ms(m);
    if (model_cutover_open(m) == NULL || model_cutover_open(m)->at != w->at)
        forget_progress(w);
    w->at = model_cutover_open(m) == NULL ? 0 : model_cutover_open(m)->at;
    w->stand = model_stand(m);
    note_stand(m, before);
    close_stale_question(m);
    list_refresh(m, PANE_STEPS);
    list_refresh(m, PANE_JOURNAL);
}

static void take_plan(struct model *m, struct job_result *result, struct effects *effects)
{
    m->wizard.planning = false;
    m->wizard.plan_job = 0;
    discard(effects, m->wizard.plan);
    m->wizard.plan = result;
    if (!result->ok && result->error.code != HG_CONFIG) /* the screen tells what is missing */
        note_add(m, ROLE_FAIL, "cutover: %s", result->error.message);
    list_refresh(m, PANE_STEPS);
    list_refresh(m, PANE_JOURNAL);
}

static void take_answer(struct model *m, struct job_result *result, struct effects *effects)
{
    m->wizard.acting = false;
    if (!result->ok)
        note_add(m, ROLE_FAIL, "cutover: %s", result->error.message);
    m->wizard.due_ms = m->now_ms + SOON_MS;
    m->wizard.watch_due_ms = m->now_ms;
    discard(effects, result);
}

bool wizard_result(struct model *m, const struct message *message, struct effects *effects)
{
    struct job_result *result = message->result;

    switch (result->request.kind) {
    case JOB_CUTOVER:
        take_run(m, result, effects);
        return true;
    case JOB_CUTOVER_PLAN:
        take_plan(m, result, effects);
        return true;
    case JOB_CUTOVER_BEGIN:
    case JOB_CUTOVER_WORK:
    case JOB_CUTOVER_ORDER:
        take_answer(m, result, effects);
        return true;
    case JOB_CUTOVER_WATCH:
        m->wizard.watching = false;
        m->wizard.watch_job = 0;
        m->wizard.watch_due_ms = m->now_ms + WATCH_AGAIN_MS;
        m->wizard.due_ms = m->now_ms; /* the process has ended: how? */
        discard(effects, result);
        return true;
    default:
        return false;
    }
}

/* --- orders --- */

static void act(struct model *m, struct job_request request, struct effects *effects)
{
    m->wizard.acting = true;
    start(effects, request);
}

static void say(struct model *m, hg_cutover_order order, const char *text, struct effects *effects)
{
    struct job_request request = {.kind = JOB_CUTOVER_ORDER, .order = order};

    text_copy(request.text, sizeof request.text, text);
    act(m, request, effects);
}

static void work(struct model *m, bool back, struct effects *effects)
{
    struct job_request request = {.kind = JOB_CUTOVER_WORK, .back = back};

    text_copy(request.text, sizeof request.text, m->wizard.run_asked);
    act(m, request, effects);
}

static const char *const said[WIZARD_ASKS] = {
    [WIZARD_ANSWER] = "answered",
    [WIZARD_CONTINUE] = "told to go on",
    [WIZARD_UNPOSTPONE] = "told that it may freeze",
    [WIZARD_ABORT] = "told to take all of it back",
    [WIZARD_REMARK] = "remark left for the journal",
};

static const hg_cutover_order orders[WIZARD_ASKS] = {
    [WIZARD_ANSWER] = HG_CUTOVER_ANSWER,         [WIZARD_CONTINUE] = HG_CUTOVER_CONTINUE,
    [WIZARD_UNPOSTPONE] = HG_CUTOVER_UNPOSTPONE, [WIZARD_ABORT] = HG_CUTOVER_ABORT,
    [WIZARD_REMARK] = HG_CUTOVER_NOTE,
};

/* What was asked is done; the run tells whether to a process or by a new one. */
static void do_it(struct model *m, struct effects *effects)
{
    const hg_cutover *run = model_cutover_open(m);
    enum wizard_ask ask = m->wizard.ask;

    m->ask = ASK_NOTHING;
    m->wizard.ask = WIZARD_NOTHING;
    if (ask == WIZARD_BEGIN) {
        note_add(m, ROLE_WARN, "cutover: begun");
        act(m, new_run(m, JOB_CUTOVER_BEGIN), effects);
    } else if (ask == WIZARD_RESUME) {
        note_add(m, ROLE_WARN, "cutover: goes on with %s", m->wizard.run_asked);
        work(m, run != NULL && run->aborting, effects);
    } else if (ask == WIZARD_ABORT && run != NULL && !run->working) {
        note_add(m, ROLE_WARN, "cutover: takes %s back", m->wizard.run_asked);
        work(m, true, effects);
    } else {
        note_add(m, ROLE_INFO, "cutover: %s", said[ask]);
        say(m, orders[ask], ask == WIZARD_ABORT ? m->wizard.run_asked : m->wizard.typed, effects);
    }
}

/* --- questions --- */

/* The target's name, which has to be typed where a production is begun with. */
static void name_target(const hg_cutover *c, char *out, size_t size)
{
    const char *slash = strrchr(c->target, '/');
    const char *name = slash == NULL ? c->target : slash + 1;

    snprintf(out, size, "%.*s", (int)strcspn(name, "?"), name);
}

/* The words that have to be typed; "" where a plain yes is enough, or any will do. */
static void choose_words(const struct model *m, enum wizard_ask ask, char *out, size_t size)
{
    const hg_cutover *c = model_cutover(m);

    out[0] = '\0';
    if (ask == WIZARD_ANSWER)
        text_copy(out, size, c->expected);
    else if (ask == WIZARD_ABORT || (ask == WIZARD_RESUME && m->facts.production))
        text_copy(out, size, c->run);
    else if (ask == WIZARD_BEGIN && m->facts.production)
        name_target(c, out, size);
}

static void ask_about(struct model *m, enum wizard_ask ask)
{
    const hg_cutover *c = model_cutover(m);
    struct wizard *w = &m->wizard;
    bool typed;

    m->lists[PANE_STEPS].touched = false; /* what it is asked about is in view */
    list_refresh(m, PANE_STEPS);
    w->ask = ask;
    w->wrong = false;
    w->typed[0] = '\0';
    choose_words(m, ask, w->answer, sizeof w->answer);
    text_copy(w->run_asked, sizeof w->run_asked, c->run);
    text_copy(w->step_asked, sizeof w->step_asked, c->at < c->step_count ? c->steps[c->at].id : "");
    typed = w->answer[0] != '\0' || ask == WIZARD_ANSWER || ask == WIZARD_REMARK;
    question_open(m, typed ? ASK_WIZARD : ASK_WIZARD_YES);
}

void wizard_command(struct model *m, enum command command, struct effects *effects)
{
    const hg_cutover *run = model_cutover_open(m);

    switch (command) {
    case COMMAND_NEXT:
        ask_about(m, model_wizard_next(m));
        break;
    case COMMAND_BACK_OUT:
        ask_about(m, WIZARD_ABORT);
        break;
    case COMMAND_REMARK:
        ask_about(m, WIZARD_REMARK);
        break;
    case COMMAND_PAUSE:
        note_add(m, ROLE_INFO, run->paused ? "cutover: told to go on" : "cutover: told to pause");
        say(m, run->paused ? HG_CUTOVER_CONTINUE : HG_CUTOVER_PAUSE, "", effects);
        break;
    case COMMAND_PLAN:
        m->wizard.replanned = true;
        make_plan(m, effects);
        break;
    case COMMAND_LEAVE:
        if (run != NULL)
            note_add(m, ROLE_INFO, "the cutover goes on without this console; 6 shows it again");
        screen_open(m, SCREEN_OVERVIEW);
        break;
    default:
        break;
    }
}

void wizard_plan_by(struct model *m, const char *runbook, struct effects *effects)
{
    screen_open(m, SCREEN_CUTOVER);
    if (runbook[0] == '\0')
        return;
    if (model_cutover_open(m) != NULL) {
        note_add(m, ROLE_WARN, "cutover: one is open, and keeps its own runbook");
        return;
    }
    text_copy(m->wizard.runbook, sizeof m->wizard.runbook, runbook);
    m->wizard.replanned = true;
    if (!m->wizard.planning)
        make_plan(m, effects);
}

void wizard_yes(struct model *m, struct effects *effects)
{
    if (m->now_ms >= m->change.ready_ms)
        do_it(m, effects);
}

static bool matches(const struct wizard *w)
{
    return w->answer[0] == '\0' ? w->typed[0] != '\0' : strcmp(w->typed, w->answer) == 0;
}

void wizard_type(struct model *m, uint32_t key, struct effects *effects)
{
    struct wizard *w = &m->wizard;

    if (m->now_ms < m->change.ready_ms)
        return;
    w->wrong = false;
    m->ask_expires_ms = m->now_ms + QUESTION_MS;
    if (key == KEYS_PASTE && w->answer[0] != '\0')
        note_add(m, ROLE_WARN, "what was pasted is dropped: it has to be typed");
    else if (entry_edit(w->typed, sizeof w->typed, key))
        return;
    else if (key == KEYS_ENTER && matches(w))
        do_it(m, effects);
    else if (key == KEYS_ENTER && w->typed[0] != '\0')
        w->wrong = true;
}

void wizard_leave(struct model *m)
{
    m->wizard.ask = WIZARD_NOTHING;
    note_add(m, ROLE_INFO, "cutover: left, nothing was said to it");
}
