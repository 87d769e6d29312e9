/*
 * together.c - all steps of a run in one transaction.
 *
 * On PostgreSQL the short ones share their round trips: nobody can see what is done of them before
 * the last one, and waiting for each answer would take longer than half of the statements.
 */
#include "batch.h"

#include "base/clock.h"

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(RUN_QUERY_MS);
}

static bool wants_rebuild(const struct run *r)
{
    for (size_t i = 0; i < r->prepared->script_count; i++)
        if (r->prepared->scripts[i].section.rebuild)
            return true;
    return false;
}

static bool begin_step(struct task *first, size_t i, struct task *out, hg_error *err)
{
    if (!task_init(first->run, i, out, err))
        return false;
    out->retries = first->retries;
    return true;
}

/* *last, here and below: the step that came last, or that failed. */
static bool run_sqlite(struct task *first, struct task *last, hg_error *err)
{
    struct run *r = first->run;

    if (!apply_rebuild_begin(first, wants_rebuild(r), err))
        return false;
    for (size_t i = 0; i < r->prepared->decided.step_count; i++) {
        if (!begin_step(first, i, last, err) || !apply_inside(last, err))
            return false;
        task_done(last);
    }
    return apply_rebuild_commit(first, err);
}

/* --- PostgreSQL --- */

/* Steps that share a round trip. */
struct company {
    struct batch batch;
    struct task tasks[BATCH_STEPS];
    size_t count;
};

/* Of those that travelled together, each is told to have taken an equal part of the time; the
 * history has it from the server. */
static bool arrive(struct company *c, bool commit, struct task *last, hg_error *err)
{
    struct task *failed = NULL;
    int64_t share_ns;

    if (!batch_flush(&c->batch, commit, &failed, err)) {
        *last = *failed;
        return false;
    }
    share_ns = c->count == 0 ? 0 : (clock_now_ns() - c->tasks[0].started_ns) / (int64_t)c->count;
    for (size_t i = 0; i < c->count; i++) {
        c->tasks[i].started_ns = clock_now_ns() - share_ns;
        task_done(&c->tasks[i]);
    }
    c->count = 0;
    return true;
}

/* What the step before may have set in the session does not reach the next one. */
static bool turn(struct company *c, struct task *first, size_t i, struct task *last, hg_error *err)
{
    struct run *r = first->run;
    const struct script *scripts = r->prepared->scripts;
    const struct task next = {.run = r, .script = &scripts[i], .retries = first->retries};
    bool dirty = i > 0 && guc_may_change(HG_POSTGRESQL, &scripts[i - 1]);

    if ((dirty || !batch_takes(&c->batch, &next)) && !arrive(c, false, last, err))
        return false;
    if (!dirty)
        return true;
    batch_restored(&c->batch);
    return guc_restore(&r->guc, r->conn, soon(), err);
}

static bool join(struct company *c, struct task *first, size_t i, struct task *last, hg_error *err)
{
    struct task *task;

    if (!turn(c, first, i, last, err))
        return false;
    task = &c->tasks[c->count];
    if (!begin_step(first, i, task, err))
        return false;
    c->count++;
    (i == 0 ? batch_open : batch_turn)(&c->batch, task);
    if (batch_step(&c->batch, task, err))
        return true;
    *last = *task;
    return false;
}

static bool run_postgresql(struct task *first, struct task *last, hg_error *err)
{
    size_t count = first->run->prepared->decided.step_count;
    struct company c = {.count = 0};
    bool ok = true;

    batch_init(&c.batch, first->run);
    for (size_t i = 0; ok && i < count; i++)
        ok = join(&c, first, i, last, err);
    ok = ok && arrive(&c, true, last, err);
    batch_release(&c.batch);
    return ok;
}

/* --- both --- */

/* One attempt; `first` is the first step's task, whose retries are counted. */
static bool attempt(struct task *first, hg_error *err)
{
    struct run *r = first->run;
    struct task last = *first;
    bool ok;

    r->result->applied_count = 0;
    ok = (r->prepared->driver == HG_POSTGRESQL ? run_postgresql : run_sqlite)(first, &last, err);
    if (!ok)
        apply_undo(r);
    apply_rebuild_end(r);
    if (!ok) {
        r->result->applied_count = 0;
        task_record_failure(&last, err);
        task_fail(&last, err);
    }
    return ok;
}

bool together_run(struct run *r, hg_error *err)
{
    struct task first;

    first = (struct task){.run = r,
                          .step = &r->prepared->decided.steps[0],
                          .script = &r->prepared->scripts[0],
                          .revision =
                              prepared_revision(r->prepared, r->prepared->decided.steps[0].node)};
    if (!guc_remember(&r->guc, r->conn, soon(), err) || !apply_patiently(&first, attempt, err))
        return false;
    for (size_t i = 0; i < r->prepared->decided.step_count; i++)
        task_move_current(r, &r->prepared->decided.steps[i]);
    return guc_restore(&r->guc, r->conn, soon(), err);
}
