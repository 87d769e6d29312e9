/*
 * intake.c - what jobs say, on its way into the model.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "list.h"
#include "update.h"
#include "view.h"

void intake_started(struct model *m, const struct message *message)
{
    enum feed_id id;
    bool started = message->job != 0;

    if (wizard_started(m, message))
        return;
    if (feed_of(m, message->request.kind, &id) != NULL) {
        feed_started(m, message);
    } else if (message->request.kind == JOB_SOURCE) {
        m->source.job = message->job;
    } else if (message->request.kind == JOB_SMOKE) {
        m->smoke_job = message->job;
        m->smoke_done = m->smoke_total = 0;
    } else if (message->request.kind == JOB_COPY || message->request.kind == JOB_COPY_WATCH) {
        m->transfer.job = message->job;
        m->transfer.running = started;
        if (!started)
            note_add(m, ROLE_WARN, "the one before has not ended yet: try again in a moment");
    } else if (message->request.kind == JOB_WRITE) {
        export_started(m, started);
    } else if (message->request.kind == JOB_COPY_PAST || message->request.kind == JOB_COPY_SEEN) {
        return; /* the next console asks again */
    } else if (message->request.kind == JOB_DRIFT) {
        m->drift_job = message->job;
    } else if (message->request.kind == JOB_END) {
        if (!started)
            note_add(m, ROLE_WARN, "the one before has not been ended yet: try again in a moment");
    } else if (!started) {
        note_add(m, ROLE_WARN, "the one before has not ended yet: try again in a moment");
        m->change.running = false;
        page_close(m, PAGE_PLAN);
        page_close(m, PAGE_RUN);
    } else if (message->request.kind == JOB_PLAN) {
        m->change.plan_job = message->job;
    } else {
        m->change.job = message->job;
    }
}

void intake_progress(struct model *m, const struct message *message)
{
    if (m->change.running && message->job == m->change.job)
        running_progress(m, &message->event);
    if (m->transfer.running && message->job == m->transfer.job)
        transfer_progress(m, &message->event);
    if (m->wizard.watch_job != 0 && message->job == m->wizard.watch_job)
        wizard_progress(m, &message->event);
    if (m->smoke_job != 0 && message->job == m->smoke_job && message->event.total > 0) {
        m->smoke_done = message->event.done;
        m->smoke_total = message->event.total;
    }
}

static void discard(struct effects *effects, struct job_result *result)
{
    if (result != NULL)
        effect_add(effects, (struct effect){.kind = EFFECT_DISCARD, .result = result});
}

/* The past of a pool, taking the place of the one that was silent longest when it is new. Of more
 * pools than there are places each keeps the one that it has; NULL: there is none. */
static struct pool_past *past_of(struct model *m, const hg_pool_snapshot *pool)
{
    struct pool_past *found = (struct pool_past *)model_past(m, pool), *oldest = &m->past[0];

    if (found != NULL)
        return found;
    for (size_t i = 1; i < POOLS_REMEMBERED; i++)
        if (m->past[i].newest < oldest->newest)
            oldest = &m->past[i];
    if (oldest->newest >= m->now_ms / SAMPLE_MS && oldest->pid != 0)
        return NULL;
    *oldest = (struct pool_past){.pid = pool->pid, .checkouts_per_s = -1};
    snprintf(oldest->name, sizeof oldest->name, "%s", pool->name);
    for (size_t i = 0; i < SAMPLES; i++)
        oldest->in_use[i] = oldest->waiting[i] = -1;
    return oldest;
}

static void note_most(int16_t *sample, int value)
{
    if (value > *sample)
        *sample = (int16_t)(value > INT16_MAX ? INT16_MAX : value);
}

static void remember(struct model *m, const hg_pool_snapshot *pool)
{
    struct pool_past *past = past_of(m, pool);
    int64_t now = m->now_ms / SAMPLE_MS, from = past == NULL ? 0 : past->newest;

    if (past == NULL)
        return;
    if (from == 0 || now - from > SAMPLES)
        from = now < SAMPLES ? -1 : now - SAMPLES;
    for (int64_t i = from + 1; i <= now; i++)
        past->in_use[i % SAMPLES] = past->waiting[i % SAMPLES] = -1;
    past->newest = now;
    note_most(&past->in_use[now % SAMPLES], pool->in_use);
    note_most(&past->waiting[now % SAMPLES], pool->waiting);
    if (past->checkouts_ms != 0 && m->now_ms > past->checkouts_ms
        && pool->checkouts >= past->checkouts)
        past->checkouts_per_s = (double)(pool->checkouts - past->checkouts) * 1000
                                / (double)(m->now_ms - past->checkouts_ms);
    past->checkouts = pool->checkouts;
    past->checkouts_ms = m->now_ms;
}

/* The pool that is looked at first: a living one, no console's, the busiest. */
static size_t first_pool(const hg_pool_snapshot *pools, size_t count)
{
    size_t best = 0;
    int best_worth = -1;

    for (size_t i = 0; i < count; i++) {
        const hg_pool_snapshot *p = &pools[i];
        int busy = p->in_use + p->waiting < 1000 ? p->in_use + p->waiting : 1000;
        int worth = !p->alive ? 0 : model_looks_on(p) ? 1 : 2 + busy;

        if (worth > best_worth) {
            best_worth = worth;
            best = i;
        }
    }
    return best;
}

static bool is_an_application(const hg_pool_snapshot *pool)
{
    return pool->alive && !model_looks_on(pool);
}

/* As long as nobody has chosen, a pool that an application works with is worth more than what there
 * was to look at before it came, or after it went. */
static void choose_pool(struct model *m, const hg_pool_snapshot *pools, size_t count)
{
    struct looking *looking = &m->lists[PANE_POOLS];
    const hg_pool_snapshot *shown = model_pool(m);
    size_t best = first_pool(pools, count);

    if (count == 0
        || (looking->key[0] != '\0'
            && (looking->touched || shown == NULL || is_an_application(shown)
                || !is_an_application(&pools[best]))))
        return;
    for (size_t i = 0; i < model_rows(m, PANE_POOLS); i++)
        if (model_row(m, PANE_POOLS, i) == best)
            looking->index = i;
    looking->key[0] = '\0';
    selection_follow(m, PANE_POOLS);
}

/* After news of the pools: their past, and the selection. */
static void follow_pools(struct model *m)
{
    size_t count;
    const hg_pool_snapshot *pools = model_pools(m, &count);

    m->pools_in_use = m->pools_waiting = 0;
    for (size_t i = 0; i < count; i++) {
        if (!pools[i].alive)
            continue;
        m->pools_in_use += pools[i].in_use;
        m->pools_waiting += pools[i].waiting;
        remember(m, &pools[i]);
    }
    list_arrange(m, PANE_POOLS);
    if (m->lists[PANE_POOLS].key[0] != '\0')
        selection_follow(m, PANE_POOLS);
    choose_pool(m, pools, count);
    list_refresh(m, PANE_CONNECTIONS);
}

static void take_pools(struct model *m, struct job_result *result, struct effects *effects)
{
    feed_answered(m, FEED_POOLS);
    if (!result->ok) {
        note_add(m, ROLE_WARN, "pools: %s", result->error.message);
        discard(effects, result);
        return;
    }
    discard(effects, m->pools);
    m->pools = result;
    transfer_others(m, &result->copying, effects);
    follow_pools(m);
}

static void take_ping(struct model *m, struct job_result *result, struct effects *effects)
{
    int64_t due = m->feeds[FEED_PING].asked_ms;

    feed_answered(m, FEED_PING);
    if (result->error.code == HG_CANCELLED)
        m->feeds[FEED_PING].due_ms = due; /* it was taken back before it was asked */
    else
        feed_database_answered(m, result->ok, result->error.message);
    if (result->ok)
        feed_marked(m, result->mark);
    discard(effects, result);
}

static void take_sessions(struct model *m, struct job_result *result, struct effects *effects)
{
    feed_answered(m, FEED_SESSIONS);
    if (m->facts.driver == HG_POSTGRESQL) /* a file's processes are asked of the kernel */
        feed_database_answered(m, result->ok, result->error.message);
    if (!result->ok) {
        discard(effects, result);
        return;
    }
    discard(effects, m->sessions);
    m->sessions = result;
    m->sessions_wall_ms = m->wall_ms;
    list_refresh(m, PANE_SESSIONS);
}

static const char *verdict(hg_status status)
{
    return status == HG_PASS   ? "ready: every check passed"
           : status == HG_FAIL ? "not ready: see the checks that failed"
                               : "ready, with warnings";
}

/* Why there is no answer: what the job says, or the first check that failed. */
static const char *cause(const struct job_result *result)
{
    const hg_readiness *readiness = result->readiness;

    for (size_t i = 0; readiness != NULL && i < readiness->check_count; i++)
        if (readiness->checks[i].status == HG_FAIL)
            return readiness->checks[i].observed;
    return result->error.message;
}

static struct check_past *check_past_of(struct model *m, const char *id)
{
    struct check_past *past = m->checks_past, *last = past + CHECKS_REMEMBERED - 1;

    while (past < last && past->id[0] != '\0' && strcmp(past->id, id) != 0)
        past++;
    if (strcmp(past->id, id) != 0) {
        memset(past->runs, -1, sizeof past->runs);
        text_copy(past->id, sizeof past->id, id);
    }
    return past;
}

/* Writes down how each check came out. */
static void remember_checks(struct model *m, const hg_check_result *checks, size_t count)
{
    size_t now = ++m->checks_newest % RUNS_REMEMBERED;

    for (size_t i = 0; i < CHECKS_REMEMBERED; i++)
        m->checks_past[i].runs[now] = -1;
    for (size_t i = 0; i < count; i++)
        check_past_of(m, checks[i].id)->runs[now] = (int8_t)checks[i].status;
}

static void note_checks(struct model *m, const struct job_result *result)
{
    if (m->checks_asked && result->readiness != NULL) {
        remember_checks(m, result->readiness->checks, result->readiness->check_count);
        note_add(m, result->readiness->status == HG_FAIL ? ROLE_FAIL : ROLE_OK, "%s in %.0f ms",
                 verdict(result->readiness->status), result->duration_ms);
    }
    m->checks_asked = false;
}

/* A history that never branches needs no lanes. */
static void draw_lanes(struct model *m, const hg_history *history)
{
    struct lane_row *rows = alloc_zero(history->revision_count + 1, sizeof *rows);

    alloc_free(m->lanes);
    m->lane_count = rows == NULL ? 0 : lanes_make(history, rows);
    m->lanes = m->lane_count > 1 ? rows : NULL;
    if (m->lanes == NULL)
        alloc_free(rows);
}

/* Once for all that is drawn until the next answer. */
static void count_revisions(struct model *m, const hg_history *history)
{
    m->applied_count = m->broken_count = 0;
    for (size_t i = 0; i < history->revision_count; i++) {
        m->applied_count += history->revisions[i].state != HG_REVISION_PENDING;
        m->broken_count += view_revision_role(&history->revisions[i]) == ROLE_MIG_BROKEN;
    }
}

static void take_status(struct model *m, struct job_result *result, struct effects *effects)
{
    bool answered = result->readiness != NULL && result->readiness->db;
    struct job_result *before = m->status;
    bool present;

    present = feed_answered(m, FEED_STATUS);
    feed_database_answered(m, answered, answered ? "" : cause(result));
    if (answered && present)
        running_others(m, &result->worker, result->holder);
    note_checks(m, result);
    m->status = result;
    if (before != m->known)
        discard(effects, before);
    if (result->readiness != NULL && result->readiness->history != NULL) {
        discard(effects, m->known);
        m->known = result;
        draw_lanes(m, result->readiness->history);
        count_revisions(m, result->readiness->history);
    }
    if (m->pools == NULL || m->pools->pools.count == 0)
        follow_pools(m);
    list_refresh(m, PANE_MIGRATIONS);
    list_refresh(m, PANE_CHECKS);
}

static void take_holder(struct model *m, struct job_result *result, struct effects *effects)
{
    bool present = feed_answered(m, FEED_HOLDER);

    feed_database_answered(m, result->ok, result->error.message);
    if (result->ok && present)
        running_others(m, NULL, result->holder);
    discard(effects, result);
}

static void note_smoke(struct model *m, const hg_smoke *smoke)
{
    const size_t *n = smoke->counts;
    enum role role = smoke->status == HG_FAIL   ? ROLE_FAIL
                     : smoke->status == HG_PASS ? ROLE_OK
                                                : ROLE_WARN;

    note_add(m, role, "checks: %zu passed, %zu warned, %zu failed, %zu not known in %.1f s",
             n[HG_PASS], n[HG_WARN], n[HG_FAIL], n[HG_UNKNOWN], smoke->duration_ms / 1000);
}

static void take_smoke(struct model *m, struct job_result *result, struct effects *effects)
{
    bool whole = result->request.only[0] == '\0';

    m->smoke_job = 0;
    if (!result->ok) {
        note_add(m, ROLE_FAIL, "checks: %s", result->error.message);
        discard(effects, result);
        return;
    }
    note_smoke(m, result->smoke);
    remember_checks(m, result->smoke->checks, result->smoke->check_count);
    discard(effects, m->smoke_again);
    m->smoke_again = NULL;
    if (whole || m->smoke == NULL) {
        discard(effects, m->smoke);
        m->smoke = result;
    } else {
        m->smoke_again = result;
    }
    list_refresh(m, PANE_CHECKS);
}

static void take_drift(struct model *m, struct job_result *result, struct effects *effects)
{
    size_t count = result->drift == NULL ? 0 : result->drift->change_count;

    m->drift_job = 0;
    discard(effects, m->drift);
    m->drift = result;
    if (!result->ok)
        note_add(m, ROLE_FAIL, "drift: %s", result->error.message);
    else if (result->drift == NULL)
        note_add(m, ROLE_INFO, "drift: there is no schema file to compare with");
    else
        note_add(m, count == 0 ? ROLE_OK : ROLE_WARN, "drift: %zu object%s differ%s", count,
                 count == 1 ? "" : "s", count == 1 ? "s" : "");
}

static void take_source(struct model *m, struct job_result *result, struct effects *effects)
{
    m->source.job = 0;
    discard(effects, m->source.result);
    m->source.result = result;
}

void intake_result(struct model *m, const struct message *message, struct effects *effects)
{
    struct job_result *result = message->result;

    if (wizard_result(m, message, effects))
        return;
    switch (result->request.kind) {
    case JOB_POOLS:
        take_pools(m, result, effects);
        return;
    case JOB_PING:
        take_ping(m, result, effects);
        return;
    case JOB_STATUS:
        take_status(m, result, effects);
        return;
    case JOB_SESSIONS:
        take_sessions(m, result, effects);
        return;
    case JOB_SMOKE:
        take_smoke(m, result, effects);
        return;
    case JOB_SOURCE:
        take_source(m, result, effects);
        return;
    case JOB_PLAN:
        if (m->change.plan_job != 0 && message->job == m->change.plan_job) {
            change_planned(m, result, effects);
            return;
        }
        break;
    case JOB_RUN:
    case JOB_WATCH:
        if (m->change.running && message->job == m->change.job) {
            running_ended(m, result, effects);
            return;
        }
        break;
    case JOB_HOLDER:
        take_holder(m, result, effects);
        return;
    case JOB_COPY:
    case JOB_COPY_WATCH: /* of one that was left nothing more is wanted */
        if (m->transfer.running && message->job == m->transfer.job) {
            transfer_ended(m, result, effects);
            return;
        }
        break;
    case JOB_COPY_PAST:
        transfer_past(m, result, effects);
        return;
    case JOB_DRIFT:
        take_drift(m, result, effects);
        return;
    case JOB_END:
        question_ended(m, result);
        break;
    case JOB_WRITE:
        export_written(m, result);
        break;
    default:
        break;
    }
    discard(effects, result);
}
