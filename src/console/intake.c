/*
 * intake.c - what jobs say, on its way into the model.
 */
#include <stdio.h>
#include <string.h>

#include "update.h"

enum {
    REFRESH_MS = 1000,
    POOLS_LATER_MS = 200 /* the pools wait this long for the answer that they follow */
};

static struct feed *feed_of(struct model *m, enum job_kind kind)
{
    return kind == JOB_POOLS ? &m->pools_feed : kind == JOB_STATUS ? &m->status_feed : NULL;
}

/*
 * The pools are read right after the database has been asked: our own connection is back by then,
 * and does not blink on the screen as one in use. Without an answer they are read all the same.
 */
static void pools_follow(struct model *m)
{
    if (m->pools_feed.due_ms - m->now_ms < REFRESH_MS)
        m->pools_feed.due_ms = m->now_ms;
}

/* The next time to ask: a period after the last asking, so that a slow answer does not stretch it,
 * but never at once. */
static void feed_answered(struct model *m, struct feed *feed)
{
    feed->due_ms = feed->asked_ms + REFRESH_MS;
    if (feed->due_ms <= m->now_ms)
        feed->due_ms = m->now_ms + REFRESH_MS;
    feed->asked_ms = 0;
}

void intake_started(struct model *m, const struct message *message)
{
    struct feed *feed = feed_of(m, message->request.kind);

    if (feed != NULL && message->job == 0) {
        feed_answered(m, feed);
    } else if (feed == NULL && message->job == 0) {
        note_add(m, ROLE_WARN, "the one before has not ended yet: try again in a moment");
        m->change.running = false;
        page_close(m, PAGE_PLAN);
        page_close(m, PAGE_RUN);
    } else if (message->request.kind == JOB_PLAN) {
        m->change.plan_job = message->job;
    } else if (message->request.kind == JOB_RUN) {
        m->change.job = message->job;
    }
}

void intake_progress(struct model *m, const struct message *message)
{
    if (m->change.running && message->job == m->change.job)
        change_progress(m, &message->event);
}

static void discard(struct effects *effects, struct job_result *result)
{
    if (result != NULL)
        effect_add(effects, (struct effect){.kind = EFFECT_DISCARD, .result = result});
}

/* The past of a pool, taking the place of the one that was silent longest when it is new. */
static struct pool_past *past_of(struct model *m, const hg_pool_snapshot *pool)
{
    struct pool_past *found = (struct pool_past *)model_past(m, pool), *oldest = &m->past[0];

    if (found != NULL)
        return found;
    for (size_t i = 1; i < POOLS_REMEMBERED; i++)
        if (m->past[i].newest < oldest->newest)
            oldest = &m->past[i];
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
    int64_t now = m->now_ms / SAMPLE_MS, from = past->newest;

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
    struct selection *selected = &m->selected[PANE_POOLS];
    const hg_pool_snapshot *shown = model_pool(m);
    size_t best = first_pool(pools, count);

    if (selected->key[0] != '\0'
        && (selected->touched || shown == NULL || is_an_application(shown)
            || !is_an_application(&pools[best])))
        return;
    selected->key[0] = '\0';
    selected->index = best;
    selection_follow(m, PANE_POOLS);
}

/* After news of the pools: their past, and the selection. */
static void follow_pools(struct model *m)
{
    size_t count;
    const hg_pool_snapshot *pools = model_pools(m, &count);

    for (size_t i = 0; i < count; i++)
        if (pools[i].alive)
            remember(m, &pools[i]);
    if (m->selected[PANE_POOLS].key[0] != '\0')
        selection_follow(m, PANE_POOLS);
    choose_pool(m, pools, count);
    selection_follow(m, PANE_CONNECTIONS);
}

static void take_pools(struct model *m, struct job_result *result, struct effects *effects)
{
    feed_answered(m, &m->pools_feed);
    m->pools_feed.due_ms += POOLS_LATER_MS;
    if (!result->ok) {
        note_add(m, ROLE_WARN, "pools: %s", result->error.message);
        discard(effects, result);
        return;
    }
    discard(effects, m->pools);
    m->pools = result;
    follow_pools(m);
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

/* Says once when the database stops answering and when it is back. */
static void note_turns(struct model *m, bool answered, const struct job_result *result)
{
    bool before = m->status == NULL || (m->status->readiness != NULL && m->status->readiness->db);

    if (before && !answered)
        note_add(m, ROLE_FAIL, "the database does not answer%s%s",
                 cause(result)[0] == '\0' ? "" : ": ", cause(result));
    else if (!before && answered)
        note_add(m, ROLE_OK, "the database answers again");
    if (m->checks_asked && result->readiness != NULL)
        note_add(m, result->readiness->status == HG_FAIL ? ROLE_FAIL : ROLE_OK, "%s in %.0f ms",
                 verdict(result->readiness->status), result->duration_ms);
    m->checks_asked = false;
}

static void take_status(struct model *m, struct job_result *result, struct effects *effects)
{
    bool answered = result->readiness != NULL && result->readiness->db;
    struct job_result *before = m->status;

    feed_answered(m, &m->status_feed);
    pools_follow(m);
    note_turns(m, answered, result);
    m->status = result;
    if (answered)
        m->known_wall_ms = m->wall_ms;
    if (before != m->known)
        discard(effects, before);
    if (result->readiness != NULL && result->readiness->history != NULL) {
        discard(effects, m->known);
        m->known = result;
    }
    if (m->pools != NULL && m->pools->pools.count == 0)
        follow_pools(m);
    selection_follow(m, PANE_MIGRATIONS);
    selection_follow(m, PANE_CHECKS);
}

void intake_result(struct model *m, const struct message *message, struct effects *effects)
{
    struct job_result *result = message->result;

    switch (result->request.kind) {
    case JOB_POOLS:
        take_pools(m, result, effects);
        return;
    case JOB_STATUS:
        take_status(m, result, effects);
        return;
    case JOB_PLAN:
        if (m->change.plan_job != 0 && message->job == m->change.plan_job) {
            change_planned(m, result, effects);
            return;
        }
        break;
    case JOB_RUN:
        if (m->change.running && message->job == m->change.job) {
            change_ended(m, result, effects);
            return;
        }
        break;
    }
    discard(effects, result);
}
