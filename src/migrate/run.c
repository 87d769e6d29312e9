/*
 * run.c - carries a plan out: lock, plan anew, one step after the other, history.
 *
 * The ledger is read before the lock is taken and again behind it: with nothing to do nobody waits
 * for anybody, and what another deployer did meanwhile is not done twice.
 */
#include "batch.h"
#include "changed.h"
#include "other.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"
#include "plan_explain.h"
#include "pooler.h"
#include "safety.h"

enum { LOCK_WAIT_MS = 10 * 60 * 1000, POLL_MS = 100, POLL_FIRST_MS = 10, TELL_EVERY = 8 };

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(RUN_QUERY_MS);
}

hg_migrate_options hg_migrate_options_default(const char *dir)
{
    return (hg_migrate_options){
        .dir = dir, .kind = HG_MIGRATE_UP, .lock_wait_ms = LOCK_WAIT_MS, .lock_timeout_ms = -1};
}

/* --- the lock --- */

/*
 * A session that cannot write hears it before it waits for anything: by a statement that changes
 * nothing. Whatever else is wrong with it, the migration will meet in its place.
 */
static bool check_writable(struct run *r, hg_error *err)
{
    const struct ledger_place *place = &r->prepared->place;
    hg_deadline by = place->driver == HG_SQLITE ? hg_deadline_in_ms(1) : soon();
    hg_error cause = {0};
    char sql[640];

    snprintf(sql, sizeof sql, "UPDATE %s SET version_num = version_num WHERE 1 = 0",
             place->versions);
    if (!place->has_versions || hg_conn_execute(r->conn, sql, NULL, 0, by, NULL, &cause)
        || cause.code != HG_READ_ONLY)
        return true;
    *err = cause;
    return false;
}

/* A lock of the session holds where the session is ours to its end. */
static bool check_session(struct run *r, hg_error *err)
{
    if (hg_conn_backend_pid(r->conn) != 0) /* 0: a pooler stands in between */
        return true;
    if (!pooler_check(r->pool, r->conn, &r->author.backend_pid, err))
        return false;
    r->lookout.backend_pid = r->author.backend_pid;
    return true;
}

/* The lock of a process that has just died, or is done, is free in a moment; of one at work, not
 * for long. Half as much more by chance, so that those who wait do not ask in step. */
static int64_t poll_ms(int tries)
{
    int64_t ms = tries < 4 ? POLL_FIRST_MS << tries : POLL_MS;

    return ms + rand_below(ms + ms / 2);
}

/* Tries for the lock once; when somebody else has it, says so and waits a moment. */
static bool try_lock(struct run *r, hg_deadline patience, int tries, hg_error *err)
{
    char who[400];
    hg_error cause = {0};

    snprintf(who, sizeof who, "%s@%s", r->author.operator_name, r->author.host);
    switch (lock_try(&r->lock, who, &cause)) {
    case LOCK_TAKEN:
        return true;
    case LOCK_FAILED:
        *err = cause;
        return false;
    case LOCK_BUSY:
        break;
    }
    lock_holder(&r->lock, who, sizeof who);
    if (hg_deadline_left_ms(patience) == 0) {
        hg_fail(err, HG_LOCKED, "gave up waiting for the deployers' lock: %s has it", who);
        hg_error_hint(err, "Let the other deployer finish; the lock goes with its connection.");
        return false;
    }
    if (tries % TELL_EVERY == 0)
        progress_say(r->observer, HG_EVENT_WAITING, "", "%s holds the deployers' lock", who);
    return progress_pause(r->observer, poll_ms(tries), err);
}

/* What one look found out, and whether it was the last that is needed. */
static bool look_again(struct run *r, bool (*look)(struct run *, bool *, hg_error *),
                       bool *out_enough, hg_error *err)
{
    bool idle = false;

    prepare_free(r->prepared);
    r->prepared = NULL;
    if (!look(r, &idle, err))
        return false;
    *out_enough = idle || r->lock.held;
    return true;
}

bool run_acquire(struct run *r, bool (*look)(struct run *, bool *, hg_error *), hg_error *err)
{
    int64_t wait_ms = r->options->lock_wait_ms;
    hg_deadline patience = wait_ms < 0 ? hg_deadline_never() : hg_deadline_in_ms(wait_ms);
    int64_t start = clock_now_ns();

    for (int tries = 0;; tries++) {
        bool enough;

        if (!look_again(r, look, &enough, err))
            return false;
        if (enough)
            return true;
        if (tries == 0 && (!check_writable(r, err) || !check_session(r, err)))
            return false;
        if (tries == 0)
            lock_init(&r->lock, r->pool, r->conn, &r->prepared->place);
        if (!try_lock(r, patience, tries, err))
            return false;
        r->lock_wait_ms = (int64_t)clock_since_ms(start);
    }
}

/* --- results --- */

static bool prepare_result(struct run *r, hg_error *err)
{
    size_t steps = r->prepared->decided.step_count, nodes = r->prepared->project.graph.count;

    r->current = arena_alloc(&r->prepared->arena, nodes + 1, sizeof *r->current);
    r->result->applied = alloc_zero(steps + 1, sizeof *r->result->applied);
    r->result->current = alloc_zero(nodes + 1, sizeof *r->result->current);
    if (r->current == NULL || r->result->applied == NULL || r->result->current == NULL)
        return hg_fail(err, HG_NOMEM, "could not run the migrations: out of memory");
    memcpy(r->current, r->prepared->project.current, nodes * sizeof *r->current);
    return true;
}

static void fill_current(struct run *r)
{
    const struct graph *graph = &r->prepared->project.graph;

    for (size_t i = 0; i < graph->count; i++)
        if (r->current[graph->order[i]])
            text_copy(r->result->current[r->result->current_count++], HG_REVISION_SIZE,
                      graph->nodes[graph->order[i]].revision);
}

void hg_run_result_release(hg_run_result *result)
{
    if (result == NULL)
        return;
    alloc_free(result->applied);
    alloc_free(result->current);
    alloc_free(result->safety_copy);
    *result = (hg_run_result){0};
}

/* --- steps --- */

/* The session as it was before the file, for the next one and for the ledger. */
static bool tidy_session(struct run *r, const struct script *script, hg_error *err)
{
    if (!guc_may_change(r->prepared->driver, script))
        return true;
    return guc_restore(&r->guc, r->conn, soon(), err);
}

static bool run_step(struct run *r, size_t i, hg_error *err)
{
    const struct script *script = &r->prepared->scripts[i];
    struct task task;
    bool ok;

    if (!task_init(r, i, &task, err))
        return false;
    ok =
        !guc_may_change(r->prepared->driver, script) || guc_remember(&r->guc, r->conn, soon(), err);
    if (ok && script->section.transaction) {
        ok = apply_patiently(&task, apply_transaction, err);
        if (!ok)
            task_record_failure(&task, err);
    } else if (ok) {
        ok = journal_run(&task, err);
    }
    if (!ok) {
        task_fail(&task, err);
        return false;
    }
    task_move_current(r, task.step);
    task_done(&task);
    return tidy_session(r, script, err);
}

/* What the next step will likely take: as the history says, else as long as the longest so far. */
static double expected_ms(const struct run *r, size_t i)
{
    double longest = 0;

    if (r->prepared->plan.steps[i].predicted_ms >= 0)
        return r->prepared->plan.steps[i].predicted_ms;
    for (size_t k = 0; k < r->result->applied_count; k++)
        if (r->result->applied[k].duration_ms > longest)
            longest = r->result->applied[k].duration_ms;
    return longest;
}

static bool check_deadline(const struct run *r, size_t i, hg_error *err)
{
    double left_ms = (double)r->options->deadline_ms - clock_since_ms(r->begun_ns);
    double expected = expected_ms(r, i);

    if (r->options->deadline_ms <= 0 || (left_ms > 0 && expected <= left_ms))
        return true;
    hg_fail(err, HG_REFUSED,
            "stopped before revision \"%s\": it is expected to take %.1f s, and %.1f s are left "
            "until the deadline",
            prepared_revision(r->prepared, r->prepared->decided.steps[i].node), expected / 1000,
            left_ms > 0 ? left_ms / 1000 : 0.0);
    hg_error_hint(err, "%zu of %zu migrations are done; run the command again for the rest.", i,
                  r->prepared->decided.step_count);
    return false;
}

static bool run_each(struct run *r, hg_error *err)
{
    for (size_t i = 0; i < r->prepared->decided.step_count; i++)
        if (!check_deadline(r, i, err) || !safety_copy(r, i, i, err) || !run_step(r, i, err))
            return false;
    return true;
}

static bool run_together(struct run *r, hg_error *err)
{
    return safety_copy(r, 0, r->prepared->decided.step_count - 1, err) && together_run(r, err);
}

/* --- all of it --- */

/* Nothing runs before every statement has been read, and in production nothing that may stop the
 * application or lose data unless somebody said so by name. */
static bool check_plan(const struct run *r, hg_error *err)
{
    hg_migrate_options options = *r->options;

    options.observer = r->observer;
    return plan_explain(r->pool, r->conn, r->prepared, &options, EXPLAIN_TO_RUN, soon(), err)
           && (!options.production || hg_plan_allowed(&r->prepared->plan, err));
}

/* What is refused has written nothing, not even the tables of the ledger. */
static bool carry_out(struct run *r, hg_error *err)
{
    if (!prepare_load(r->conn, r->prepared, r->options, soon(), err) || !check_plan(r, err))
        return false;
    if (r->prepared->decided.step_count == 0)
        return true;
    if (!check_deadline(r, 0, err) || !apply_create_ledger(r, err) || !batch_prepare(r, err))
        return false;
    r->discard = r->prepared->driver == HG_POSTGRESQL; /* files leave more behind than settings */
    return r->options->single_transaction ? run_together(r, err) : run_each(r, err);
}

/* What runs is decided under the lock, from files that were all read then: those that were read
 * ahead, some of them perhaps from memory, may say that there is nothing to do. */
static bool look_for_steps(struct run *r, bool *out_idle, hg_error *err)
{
    struct prepared *ahead = r->ahead;

    r->ahead = NULL;
    if (!prepare_decide(r->conn, r->options, ahead, run_soon(r), &r->prepared, err))
        return false;
    *out_idle = r->prepared->decided.step_count == 0;
    return other_check(r->conn, r->prepared, *out_idle, run_soon(r), err);
}

static bool ask(void *context)
{
    struct run *r = context;

    lookout_look(&r->lookout);
    return progress_cancelled(r->observer);
}

void run_watch(struct run *r)
{
    if (r->observer != NULL)
        hg_conn_set_interrupt(r->conn, ask, r);
}

void run_unwatch(struct run *r)
{
    hg_conn_set_interrupt(r->conn, NULL, NULL);
}

/* While the pool connects. */
static bool read_ahead(struct run *r, hg_error *err)
{
    const struct folder_place place = {r->options->dir, r->options->memo_dir};

    hg_pool_warm(r->pool);
    return prepare_files(hg_url_driver(hg_pool_url(r->pool)), &place, &r->ahead, err);
}

bool run_open(struct run *r, hg_error *err)
{
    if (!hg_pool_checkout(r->pool, "migrate", hg_pool_deadline(r->pool), &r->conn, err))
        return false;
    r->lookout = (struct lookout){.pool = r->pool, .observer = r->observer};
    run_watch(r);
    ledger_author_init(&r->author, r->options->operator_name, r->options->release, r->conn);
    return true;
}

void run_close(struct run *r)
{
    prepare_free(r->ahead);
    if (r->conn == NULL)
        return;
    run_unwatch(r);
    lookout_close(&r->lookout);
    lock_release(&r->lock);
    if (r->discard)
        hg_pool_discard(r->pool, r->conn);
    else
        hg_pool_return(r->pool, r->conn);
    guc_release(&r->guc);
    prepare_free(r->prepared);
}

bool hg_migrate_holder(hg_pool *pool, hg_deadline by, char *out, size_t size, hg_error *err)
{
    struct prepared *prepared = NULL;
    struct lock lock;
    hg_conn *conn = NULL;
    hg_error unheard;
    bool ok;

    err = err == NULL ? &unheard : err;
    ok = hg_pool_checkout(pool, "migrate", by, &conn, err)
         && prepare_place(conn, by, &prepared, err);
    if (ok) {
        lock_init(&lock, pool, conn, &prepared->place);
        lock_peek(&lock, out, size);
    }
    prepare_free(prepared);
    if (conn != NULL)
        hg_pool_return(pool, conn);
    return ok;
}

/* Whoever stopped it wants to know where it stopped. */
static void explain_interrupt(const struct run *r, hg_error *err)
{
    size_t steps = r->prepared == NULL ? 0 : r->prepared->decided.step_count;

    if (err->code != HG_CANCELLED || err->hint[0] != '\0')
        return;
    if (steps == 0 || r->result->applied_count == 0)
        hg_error_hint(err, "No migration was finished; run the command again for all of them.");
    else
        hg_error_hint(err, "%zu of %zu migrations are done; run the command again for the rest.",
                      r->result->applied_count, steps);
}

bool hg_migrate_run(hg_pool *pool, const hg_migrate_options *options, const hg_observer *observer,
                    hg_run_result *out_result, hg_error *err)
{
    struct run r = {.pool = pool,
                    .options = options,
                    .observer = observer,
                    .guc = GUC_INIT,
                    .begun_ns = clock_now_ns(),
                    .result = out_result};
    hg_error unheard;
    bool ok;

    err = err == NULL ? &unheard : err;
    *out_result = (hg_run_result){0};
    ok = read_ahead(&r, err) && run_open(&r, err) && run_acquire(&r, look_for_steps, err)
         && prepare_result(&r, err);
    if (ok) {
        if (options->kind == HG_MIGRATE_UP)
            changed_tell(&r.prepared->project, observer);
        ok = carry_out(&r, err);
        fill_current(&r);
    }
    if (!ok)
        explain_interrupt(&r, err);
    run_close(&r);
    return ok;
}
