/*
 * task.c - a step from its beginning to its end, as the result, the history and the observer have
 * it. Must not know how its statements reach the database.
 */
#include "run.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

static bool join_parents(struct run *r, struct task *task, hg_error *err)
{
    const struct graph_node *node = &r->prepared->project.graph.nodes[task->step->node];
    struct buf names = BUF_INIT(1 << 20);

    for (size_t i = 0; i < node->revises_count; i++)
        buf_printf(&names, "%s%s", i == 0 ? "" : ",", node->revises[i]);
    task->parents = buf_failed(&names) ? NULL : arena_text(&r->prepared->arena, names.bytes);
    buf_release(&names);
    return task->parents != NULL
           || hg_fail(err, HG_NOMEM, "could not run the migrations: out of memory");
}

static bool make_spent(struct run *r, struct task *task, hg_error *err)
{
    task->spent = arena_alloc(&r->prepared->arena, task->script->count + 1, sizeof *task->spent);
    for (size_t i = 0; task->spent != NULL && i < task->script->count; i++)
        task->spent[i] = -1;
    return task->spent != NULL
           || hg_fail(err, HG_NOMEM, "could not run the migrations: out of memory");
}

static void tell_step(const struct task *task, hg_event_kind kind, const char *message)
{
    progress_tell(task->run->observer,
                  &(hg_event){.kind = kind,
                              .subject = task->revision,
                              .message = message,
                              .unit = "step",
                              .done = (int64_t)task->index + (kind == HG_EVENT_STEP_DONE),
                              .total = (int64_t)task->run->prepared->decided.step_count,
                              .duration_ms = clock_since_ms(task->started_ns)});
}

/* For those who wait: which migration of how many. */
static void sign_lock(const struct task *task)
{
    struct run *r = task->run;
    char who[400], doing[200];

    snprintf(who, sizeof who, "%s@%s", r->author.operator_name, r->author.host);
    snprintf(doing, sizeof doing, ": %s, %zu of %zu", task->revision, task->index + 1,
             r->prepared->decided.step_count);
    lock_sign(&r->lock, who, doing);
}

bool task_init(struct run *r, size_t i, struct task *out, hg_error *err)
{
    const struct plan_step *step = &r->prepared->decided.steps[i];

    *out = (struct task){.run = r,
                         .index = i,
                         .step = step,
                         .script = &r->prepared->scripts[i],
                         .revision = prepared_revision(r->prepared, step->node),
                         .started_ms = clock_wall_ms(),
                         .started_ns = clock_now_ns()};
    if (!join_parents(r, out, err) || !make_spent(r, out, err))
        return false;
    sign_lock(out);
    tell_step(out, HG_EVENT_STEP_STARTED, r->prepared->plan.steps[i].message);
    return true;
}

/* --- done --- */

static void count_step(struct run *r, const struct task *task)
{
    hg_applied *applied = &r->result->applied[r->result->applied_count++];

    text_copy(applied->revision, sizeof applied->revision, task->revision);
    applied->direction = task->step->direction;
    applied->duration_ms = clock_since_ms(task->started_ns);
    applied->statements = (int)task->script->count;
}

void task_done(struct task *task)
{
    count_step(task->run, task);
    tell_step(task, HG_EVENT_STEP_DONE, task->step->direction == HG_UP ? "applied" : "rolled back");
}

void task_move_current(struct run *r, const struct plan_step *step)
{
    for (size_t i = 0; i < step->remove_count; i++)
        r->current[step->removes[i]] = false;
    for (size_t i = 0; i < step->add_count; i++)
        r->current[step->adds[i]] = true;
}

/* --- failed --- */

void task_record_failure(struct task *task, const hg_error *err)
{
    struct run *r = task->run;
    struct ledger_event event = apply_event(task, "failed");
    hg_error trouble;
    int64_t id;

    if (hg_conn_lost(r->conn) || hg_conn_in_transaction(r->conn))
        return;
    apply_event_error(&event, err);
    run_unwatch(r);
    if (!ledger_append(r->conn, &r->prepared->place, &r->author, &event,
                       hg_deadline_in_ms(RUN_QUERY_MS), &id, &trouble))
        log_line(LOG_WARN, "migrate", "the failure is not in the history", "error", trouble.message,
                 NULL);
    run_watch(r);
}

/* What is left of a step that failed, and what to do: the error itself says why. */
static void tell_state(const struct task *task, const hg_error *err)
{
    const struct run *r = task->run;
    const char *again = err->code == HG_CANCELLED ? "run the command again to go on"
                                                  : "run the command again when its cause is gone";

    if (hg_conn_lost(r->conn))
        progress_say(r->observer, HG_EVENT_NOTE, task->revision,
                     "the connection is lost; run the command again: it finds out how far \"%s\" "
                     "came, and goes on from there",
                     task->revision);
    else if (task->script->section.transaction)
        progress_say(r->observer, HG_EVENT_NOTE, task->revision, "nothing of \"%s\" stays; %s",
                     task->revision, again);
    else
        progress_say(
            r->observer, HG_EVENT_NOTE, task->revision,
            "%zu of %zu statements of \"%s\" are done and stay, for it is no transaction; %s",
            task->done, task->script->count, task->revision, again);
}

void task_fail(struct task *task, hg_error *err)
{
    tell_state(task, err);
    hg_error_context(err, "revision \"%s\"", task->revision);
    tell_step(task, HG_EVENT_STEP_FAILED, err->message);
}
