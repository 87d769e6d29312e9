/*
 * drive.c - forward and back through a runbook.
 *
 *     PENDING --INTENT--> BEGUN --DONE--> DONE
 *                           +---FAILED--> FAILED --INTENT--> BEGUN, the next time
 *
 * An abort takes the last step back first: BEGUN, DONE, FAILED --UNDO--> UNDOING --UNDONE-->
 * UNDONE.
 */
#include "drive.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char *const state_names[STEP_STATES] = {"pending", "begun",   "done",
                                                     "failed",  "undoing", "undone"};
static const char *const class_names[STEP_CLASSES] = {"harmless", "reversible", "by operator",
                                                      "no return"};

const char *step_state_name(enum step_state state)
{
    return state_names[state];
}

const char *step_class_name(enum step_class class)
{
    return class_names[class];
}

/* Only these events move a step. */
static bool moves(enum journal_event event, enum step_state *out)
{
    switch (event) {
    case JOURNAL_INTENT:
        *out = STEP_BEGUN;
        return true;
    case JOURNAL_DONE:
        *out = STEP_DONE;
        return true;
    case JOURNAL_FAILED:
        *out = STEP_FAILED;
        return true;
    case JOURNAL_UNDO:
        *out = STEP_UNDOING;
        return true;
    case JOURNAL_UNDONE:
        *out = STEP_UNDONE;
        return true;
    default:
        return false;
    }
}

enum step_state drive_state(const struct journal *journal, const struct step *step)
{
    enum step_state state;

    for (size_t i = journal_count(journal); i-- > 0;) {
        const struct journal_record *r = journal_at(journal, i);

        if (strcmp(r->step, step->id) == 0 && moves(r->event, &state))
            return state;
    }
    return STEP_PENDING;
}

static bool closed(const struct drive *d)
{
    return journal_last(d->journal, "", JOURNAL_CLOSE) != NULL;
}

static bool aborting(const struct drive *d)
{
    return journal_last(d->journal, "", JOURNAL_ABORT) != NULL;
}

static const struct action *action_of(const struct drive *d, const struct step *step)
{
    for (size_t i = 0; i < d->action_count; i++)
        if (strcmp(d->actions[i].name, step->action) == 0)
            return &d->actions[i];
    return NULL;
}

static void tell(const struct drive *d, hg_event_kind kind, size_t index, const char *message)
{
    const hg_event event = {.kind = kind,
                            .subject = d->runbook->steps[index].id,
                            .message = message,
                            .unit = "step",
                            .done = (int64_t)index,
                            .total = (int64_t)d->runbook->count};

    if (d->observer != NULL && d->observer->on_event != NULL)
        d->observer->on_event(d->observer->context, &event);
}

static bool wanted_to_stop(const struct drive *d)
{
    return d->observer != NULL && d->observer->cancelled != NULL
           && d->observer->cancelled(d->observer->context);
}

bool drive_past_return(const struct drive *d)
{
    for (size_t i = 0; i < d->runbook->count; i++) {
        const struct step *step = &d->runbook->steps[i];
        enum step_state state = drive_state(d->journal, step);

        if (step->class == STEP_NO_RETURN && state != STEP_PENDING && state != STEP_UNDONE
            && journal_last(d->journal, step->id, JOURNAL_INTENT) != NULL)
            return true;
    }
    return false;
}

static const struct step *step_named(const struct runbook *book, const char *id)
{
    for (size_t i = 0; id != NULL && i < book->count; i++)
        if (strcmp(book->steps[i].id, id) == 0)
            return &book->steps[i];
    return NULL;
}

/* The first intent counts: a second attempt does not give the time back that the first one took. */
int64_t drive_frozen_ms(const struct drive *d)
{
    const struct step *freeze = step_named(d->runbook, d->runbook->freeze);
    enum step_state state = freeze == NULL ? STEP_PENDING : drive_state(d->journal, freeze);

    if (state == STEP_PENDING || state == STEP_UNDONE)
        return -1;
    for (size_t i = 0; i < journal_count(d->journal); i++) {
        const struct journal_record *r = journal_at(d->journal, i);

        if (r->event == JOURNAL_INTENT && strcmp(r->step, freeze->id) == 0)
            return journal_since_ms(r);
    }
    return -1;
}

int64_t drive_patience_ms(const struct drive *d)
{
    const struct step *commit = step_named(d->runbook, d->runbook->commit);
    bool waits = commit != NULL && drive_state(d->journal, commit) != STEP_DONE;

    return waits && d->budget_ms > 0 ? d->budget_ms + d->budget_ms / 2 : 0;
}

bool drive_past_budget(const struct drive *d)
{
    return drive_patience_ms(d) > 0 && drive_frozen_ms(d) > d->budget_ms;
}

bool drive_over_budget(const struct drive *d)
{
    int64_t patience = drive_patience_ms(d);

    return patience > 0 && drive_frozen_ms(d) > patience;
}

bool drive_question(const struct drive *d, const struct step *step, struct question *q)
{
    const char *run = journal_run_id(d->journal);

    *q = (struct question){.step = step};
    switch (step->confirmation) {
    case CONFIRM_RUN:
        text_copy(q->expected, sizeof q->expected, run);
        break;
    case CONFIRM_CUTOVER:
        snprintf(q->expected, sizeof q->expected, "CUTOVER %s %s", d->database, run);
        break;
    case CONFIRM_NO_RETURN:
        snprintf(q->expected, sizeof q->expected, "NO RETURN %s", run);
        break;
    default:
        break;
    }
    if (q->expected[0] != '\0')
        snprintf(q->text, sizeof q->text, "Type %s to go on", q->expected);
    else
        snprintf(q->text, sizeof q->text, "Say who vouches for this, and how it is known");
    return step->confirmation != CONFIRM_NOTHING;
}

static bool ask(struct drive *d, const struct step *step, hg_error *err)
{
    struct question q = {0};
    struct reply reply = {0};
    json_t *data;
    bool right;

    if (!drive_question(d, step, &q))
        return true;
    if (d->ask == NULL || !d->ask(d->context, &q, &reply)) {
        hg_fail(err, HG_REFUSED, "\"%s\" waits for an answer", step->title);
        hg_error_hint(err, "Go on with `headgate cutover --resume`, on a terminal.");
        return false;
    }
    right = q.expected[0] == '\0' ? reply.text[0] != '\0' : strcmp(reply.text, q.expected) == 0;
    data = json_pack("{s:s, s:b}", "answer", reply.text, "accepted", (int)right);
    if (reply.by[0] != '\0')
        json_object_set_new(data, "by", json_string(reply.by));
    if (!journal_append(d->journal, step->id,
                        step->confirmation == CONFIRM_ATTEST ? JOURNAL_ATTEST : JOURNAL_DECISION,
                        data, err))
        return false;
    if (right)
        return true;
    hg_fail(err, HG_REFUSED, "\"%s\" was not confirmed", step->title);
    hg_error_hint(err, "%s.", q.text);
    return false;
}

static json_t *error_facts(const hg_error *err)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "code", hg_code_name(err->code), "sqlstate",
                     err->sqlstate, "message", err->message, "hint", err->hint);
}

/* A failure is written down; that it could not be is not worth hiding the failure for. */
static bool record_failure(struct drive *d, size_t index, hg_error *failure, hg_error *err)
{
    const struct step *step = &d->runbook->steps[index];

    tell(d, HG_EVENT_STEP_FAILED, index, failure->message);
    (void)journal_append(d->journal, step->id, JOURNAL_FAILED, error_facts(failure), NULL);
    hg_error_context(failure, "step %s, \"%s\"", step->id, step->title);
    if (err != NULL)
        *err = *failure;
    return false;
}

static bool act(struct drive *d, const struct step *step, const struct action *action, bool needed,
                json_t *facts, hg_error *err)
{
    return (!needed || action->apply == NULL || action->apply(d->world, step, facts, err))
           && (action->verify == NULL || action->verify(d->world, step, err));
}

/* Steps without an effect have nothing to probe for: they are simply done again. */
static enum probe look(struct drive *d, const struct step *step, const struct action *action,
                       hg_error *err)
{
    return action->probe == NULL ? PROBE_NOT_DONE : action->probe(d->world, step, err);
}

/* What was begun before is asked about first; what is going to act is written down first. */
static bool take(struct drive *d, size_t index, hg_error *err)
{
    const struct step *step = &d->runbook->steps[index];
    const struct action *action = action_of(d, step);
    enum step_state state = drive_state(d->journal, step);
    enum probe found = PROBE_NOT_DONE;
    hg_error failure = {0};
    json_t *facts;

    tell(d, HG_EVENT_STEP_STARTED, index, step->title);
    if (state != STEP_PENDING)
        found = look(d, step, action, &failure);
    if (found == PROBE_FAILED)
        return record_failure(d, index, &failure, err);
    /* what was begun had been confirmed: whoever goes on with the run wants that, too */
    if (found != PROBE_DONE && state != STEP_BEGUN && !ask(d, step, err))
        return false;
    if (state != STEP_BEGUN && !journal_append(d->journal, step->id, JOURNAL_INTENT, NULL, err))
        return false;
    facts = json_object();
    if (!act(d, step, action, found != PROBE_DONE, facts, &failure)) {
        json_decref(facts);
        return record_failure(d, index, &failure, err);
    }
    if (!journal_append(d->journal, step->id, JOURNAL_DONE, facts, err))
        return false;
    tell(d, HG_EVENT_STEP_DONE, index, found == PROBE_DONE ? "had been done" : "done");
    return true;
}

/* Every step has an action: a runbook that was checked has. */
static bool know_all(const struct drive *d, hg_error *err)
{
    for (size_t i = 0; i < d->runbook->count; i++)
        if (action_of(d, &d->runbook->steps[i]) == NULL)
            return hg_fail(err, HG_MISUSE, "no action is called \"%s\"",
                           d->runbook->steps[i].action);
    return true;
}

static bool give_up(struct drive *d, hg_error *err)
{
    hg_error failure = {0};

    (void)journal_append(d->journal, "", JOURNAL_NOTE,
                         json_pack("{s:s, s:I}", "note", "the freeze budget is used up",
                                   "frozen_ms", (json_int_t)drive_frozen_ms(d)),
                         NULL);
    if (drive_abort(d, &failure)) {
        hg_fail(err, HG_FAILED,
                "the source was frozen for longer than its budget: all was taken back");
        hg_error_hint(err, "Find out what took so long, then rehearse again.");
        return false;
    }
    hg_error_context(
        &failure,
        "the source was frozen for longer than its budget, and not all could be taken back");
    if (err != NULL)
        *err = failure;
    return false;
}

/* Whoever is in the way of a step has made it fail; who only wants to stop has not. */
static bool enter(struct drive *d, size_t index, hg_error *err)
{
    hg_error failure = {0};

    if (d->enter == NULL || d->enter(d->context, &d->runbook->steps[index], &failure))
        return true;
    if (failure.code != HG_CANCELLED)
        return record_failure(d, index, &failure, err);
    if (err != NULL)
        *err = failure;
    return false;
}

bool drive_forward(struct drive *d, hg_error *err)
{
    if (!know_all(d, err))
        return false;
    if (closed(d))
        return true;
    if (aborting(d)) {
        hg_fail(err, HG_REFUSED, "the run is being aborted");
        hg_error_hint(err, "Finish that with `headgate cutover --abort`.");
        return false;
    }
    for (size_t i = 0; i < d->runbook->count; i++) {
        if (drive_state(d->journal, &d->runbook->steps[i]) == STEP_DONE)
            continue;
        if (wanted_to_stop(d))
            return hg_fail(err, HG_CANCELLED, "stopped before step %s", d->runbook->steps[i].id);
        if (drive_over_budget(d))
            return give_up(d, err);
        if (!enter(d, i, err) || !take(d, i, err))
            return drive_over_budget(d) ? give_up(d, err) : false;
    }
    return journal_append(d->journal, "", JOURNAL_CLOSE, json_pack("{s:s}", "outcome", "done"),
                          err);
}

static bool take_back(struct drive *d, size_t index, hg_error *err)
{
    const struct step *step = &d->runbook->steps[index];
    const struct action *action = action_of(d, step);
    enum step_state state = drive_state(d->journal, step);
    hg_error failure = {0};

    if (state == STEP_PENDING || state == STEP_UNDONE)
        return true;
    if (state != STEP_UNDOING && !journal_append(d->journal, step->id, JOURNAL_UNDO, NULL, err))
        return false;
    if (action->undo != NULL && !action->undo(d->world, step, &failure))
        return record_failure(d, index, &failure, err);
    if (!journal_append(d->journal, step->id, JOURNAL_UNDONE, NULL, err))
        return false;
    tell(d, HG_EVENT_STEP_DONE, index, "taken back");
    return true;
}

/* A point of no return that was announced may not have been passed: its probe knows. */
static bool may_return(struct drive *d, hg_error *err)
{
    for (size_t i = 0; i < d->runbook->count; i++) {
        const struct step *step = &d->runbook->steps[i];
        enum step_state state = drive_state(d->journal, step);
        enum probe found;

        if (step->class != STEP_NO_RETURN || state == STEP_PENDING || state == STEP_UNDONE)
            continue;
        found = state == STEP_DONE ? PROBE_DONE : look(d, step, action_of(d, step), err);
        if (found == PROBE_FAILED)
            return false;
        if (found != PROBE_NOT_DONE) {
            hg_fail(err, HG_REFUSED, "the point of no return has been passed");
            hg_error_hint(
                err, "Go on with `headgate cutover --resume`: the target has the only truth now.");
            return false;
        }
    }
    return true;
}

bool drive_abort(struct drive *d, hg_error *err)
{
    if (!know_all(d, err))
        return false;
    if (closed(d))
        return true;
    if (!may_return(d, err))
        return false;
    if (!aborting(d) && !journal_append(d->journal, "", JOURNAL_ABORT, NULL, err))
        return false;
    for (size_t i = d->runbook->count; i-- > 0;)
        if (!take_back(d, i, err))
            return false;
    return journal_append(d->journal, "", JOURNAL_CLOSE, json_pack("{s:s}", "outcome", "aborted"),
                          err);
}
