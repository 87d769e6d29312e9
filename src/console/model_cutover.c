/*
 * model_cutover.c - questions to the model about the guided cutover.
 */
#include <string.h>

#include "model.h"

static const hg_cutover *read_run(const struct model *m)
{
    return m->wizard.run == NULL || !m->wizard.run->ok ? NULL : m->wizard.run->cutover;
}

const hg_cutover *model_cutover_open(const struct model *m)
{
    const hg_cutover *run = read_run(m);

    return run == NULL || run->closed ? NULL : run;
}

const hg_cutover *model_cutover(const struct model *m)
{
    const struct job_result *plan = m->wizard.plan;
    const hg_cutover *run = read_run(m);
    bool planned = plan != NULL && plan->ok;

    if (run != NULL && (!run->closed || !planned || !m->wizard.replanned))
        return run;
    return planned ? plan->cutover : NULL;
}

/* Of a run that somebody works on: an order to wait counts once its step has ended. */
static enum stand stand_at_work(const hg_cutover *c)
{
    bool between = c->at < c->step_count && strcmp(c->steps[c->at].state, "begun") != 0;

    if (c->stalled)
        return STAND_STALLED;
    if (c->paused && between)
        return STAND_PAUSED;
    if (c->question[0] != '\0')
        return STAND_ASKS;
    return c->postponed && between && c->frozen_ms < 0 && c->steps[c->at].asks ? STAND_POSTPONED
                                                                               : STAND_RUNS;
}

enum stand model_stand(const struct model *m)
{
    const hg_cutover *c = model_cutover(m);

    if (c == NULL)
        return STAND_NOTHING;
    if (c->run[0] == '\0')
        return STAND_PLAN;
    if (c->closed)
        return strcmp(c->outcome, "done") == 0 ? STAND_DONE : STAND_ABORTED;
    if (c->aborting)
        return c->working ? STAND_BACK : STAND_LEFT_BACK;
    return c->working ? stand_at_work(c) : STAND_LEFT;
}

int64_t model_frozen_ms(const struct model *m)
{
    const hg_cutover *run = model_cutover_open(m);

    return run == NULL || run->frozen_ms < 0 ? -1 : run->frozen_ms + m->now_ms - m->wizard.read_ms;
}

bool model_source_frozen(const struct model *m)
{
    return model_frozen_ms(m) >= 0 && m->wizard.run->moves_ours;
}

/* --- what can be done about it --- */

static const struct {
    enum wizard_ask next;
    const char *refusal; /* where there is nothing to ask */
} stands[STANDS] = {
    [STAND_NOTHING] = {WIZARD_NOTHING, "there is no plan yet: p makes one"},
    [STAND_PLAN] = {WIZARD_BEGIN, NULL},
    [STAND_RUNS] = {WIZARD_NOTHING, "nothing is asked now: it goes on by itself"},
    [STAND_ASKS] = {WIZARD_ANSWER, NULL},
    [STAND_STALLED] = {WIZARD_CONTINUE, NULL},
    [STAND_PAUSED] = {WIZARD_CONTINUE, NULL},
    [STAND_POSTPONED] = {WIZARD_UNPOSTPONE, NULL},
    [STAND_LEFT] = {WIZARD_RESUME, NULL},
    [STAND_BACK] = {WIZARD_NOTHING, "it goes back by itself"},
    [STAND_LEFT_BACK] = {WIZARD_RESUME, NULL},
    [STAND_DONE] = {WIZARD_NOTHING, "it is over; p plans another one"},
    [STAND_ABORTED] = {WIZARD_NOTHING, "it is over; p plans another one"},
};

enum wizard_ask model_wizard_next(const struct model *m)
{
    return stands[model_stand(m)].next;
}

/* A process is only started where changes are allowed; what is said to one that is at work is typed
 * by itself, and nothing has to be done before it: the source may be frozen. */
static const char *refuse_next(const struct model *m)
{
    enum wizard_ask next = model_wizard_next(m);

    if (next == WIZARD_NOTHING)
        return stands[model_stand(m)].refusal;
    if ((next == WIZARD_BEGIN || next == WIZARD_RESUME) && !model_armed(m))
        return "production is guarded: W allows changes for ten minutes";
    return NULL;
}

static const char *refuse_to_back_out(const struct model *m)
{
    const hg_cutover *run = model_cutover_open(m);

    return run == NULL        ? "no cutover is open"
           : run->past_return ? "the point of no return has been passed"
           : run->aborting    ? "it goes back already"
                              : NULL;
}

const char *model_wizard_refusal(const struct model *m, enum command command)
{
    const hg_cutover *run = model_cutover_open(m);

    if (command == COMMAND_PLAN)
        return run != NULL          ? "a cutover is open: these are its steps"
               : m->wizard.planning ? "the plan is being made"
                                    : NULL;
    if (command != COMMAND_NEXT && command != COMMAND_PAUSE && command != COMMAND_BACK_OUT
        && command != COMMAND_REMARK)
        return NULL;
    if (m->facts.read_only)
        return "this console is read-only: nothing can be changed from here";
    if (m->wizard.acting)
        return "what was asked for before is on its way";
    if (command == COMMAND_NEXT)
        return refuse_next(m);
    if (command == COMMAND_BACK_OUT)
        return refuse_to_back_out(m);
    return run == NULL || !run->working ? "nobody works on a cutover" : NULL;
}

int64_t model_wizard_wake_ms(const struct model *m)
{
    bool seen = m->screen == SCREEN_CUTOVER || model_cutover_open(m) != NULL;

    /* elsewhere it is read when something else wakes the console */
    return seen && m->wizard.asked_ms == 0 ? m->wizard.due_ms : INT64_MAX;
}
