/*
 * model.c - questions to the model.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LATE_MS = 3000 };

void model_init(struct model *m, const struct facts *facts, int width, int height, bool utf8)
{
    memset(m, 0, sizeof *m);
    m->facts = *facts;
    m->width = width;
    m->height = height;
    m->utf8 = utf8;
    m->focus = PANE_MIGRATIONS;
}

enum page model_page(const struct model *m)
{
    return m->pages[m->page_depth].page;
}

enum context model_context(const struct model *m)
{
    if (m->ask != ASK_NOTHING)
        return IN_ASK;
    switch (model_page(m)) {
    case PAGE_PLAN:
        return m->plan == NULL ? IN_PAGE : m->change.consent == CONSENT_TYPED ? IN_PROMPT : IN_PLAN;
    case PAGE_RUN:
        return m->change.running ? IN_RUN : IN_RESULT;
    case PAGE_DETAIL:
    case PAGE_HELP:
    case PAGE_LOG:
        return IN_PAGE;
    case PAGE_OVERVIEW:
        break;
    }
    return IN_OVERVIEW;
}

void model_layout(const struct model *m, struct layout *out)
{
    layout_make(m->width, m->height, m->focus, model_rows(m, PANE_POOLS), out);
}

const hg_history *model_history(const struct model *m)
{
    return m->known == NULL ? NULL : m->known->readiness->history;
}

const hg_readiness *model_readiness(const struct model *m)
{
    return m->status == NULL ? NULL : m->status->readiness;
}

const hg_pool_snapshot *model_pools(const struct model *m, size_t *out_count)
{
    const hg_readiness *readiness = model_readiness(m);

    *out_count = m->pools == NULL ? 0 : m->pools->pools.count;
    if (*out_count > 0)
        return m->pools->pools.pools;
    *out_count = readiness != NULL && readiness->pool.size > 0 ? 1 : 0;
    return *out_count == 0 ? NULL : &readiness->pool;
}

const hg_pool_snapshot *model_pool(const struct model *m)
{
    size_t i = m->selected[PANE_POOLS].index, count;
    const hg_pool_snapshot *pools = model_pools(m, &count);

    return i < count ? &pools[i] : NULL;
}

bool model_looks_on(const hg_pool_snapshot *pool)
{
    return strcmp(pool->role, "console") == 0;
}

const struct pool_past *model_past(const struct model *m, const hg_pool_snapshot *pool)
{
    for (size_t i = 0; i < POOLS_REMEMBERED; i++)
        if (m->past[i].pid == pool->pid && strcmp(m->past[i].name, pool->name) == 0)
            return &m->past[i];
    return NULL;
}

bool model_db_answers(const struct model *m)
{
    if (m->status_feed.asked_ms != 0 && m->now_ms - m->status_feed.asked_ms >= LATE_MS)
        return false;
    return m->status == NULL || (m->status->readiness != NULL && m->status->readiness->db);
}

size_t model_rows(const struct model *m, enum pane pane)
{
    const hg_history *history = model_history(m);
    const hg_readiness *readiness = model_readiness(m);
    const hg_pool_snapshot *pool;
    size_t pools;

    switch (pane) {
    case PANE_POOLS:
        model_pools(m, &pools);
        return pools;
    case PANE_CONNECTIONS:
        pool = model_pool(m);
        return pool == NULL ? 0 : pool->connection_count;
    case PANE_MIGRATIONS:
        return history == NULL ? 0 : history->revision_count;
    case PANE_CHECKS:
        return readiness == NULL ? 0 : readiness->check_count;
    case PANE_COUNT:
        break;
    }
    return 0;
}

void model_row_key(const struct model *m, enum pane pane, size_t row, char *out, size_t size)
{
    const hg_pool_connection *order[HG_POOL_SLOTS_MAX];
    const hg_pool_snapshot *pool;
    size_t pools;

    out[0] = '\0';
    if (row >= model_rows(m, pane))
        return;
    switch (pane) {
    case PANE_POOLS:
        pool = &model_pools(m, &pools)[row];
        snprintf(out, size, "%lld %s", (long long)pool->pid, pool->name);
        break;
    case PANE_CONNECTIONS:
        model_connections(m, order);
        snprintf(out, size, "%d", order[row]->slot);
        break;
    case PANE_MIGRATIONS:
        snprintf(out, size, "%s", model_history(m)->revisions[row].revision);
        break;
    case PANE_CHECKS:
        snprintf(out, size, "%s", model_readiness(m)->checks[row].id);
        break;
    case PANE_COUNT:
        break;
    }
}

/* Orders of the connections: by what, and the larger first. */
static int64_t by_held(const hg_pool_connection *c)
{
    return -c->held_ms;
}

static int64_t by_slot(const hg_pool_connection *c)
{
    return c->slot;
}

static int64_t by_age(const hg_pool_connection *c)
{
    return -c->age_ms;
}

static int64_t by_uses(const hg_pool_connection *c)
{
    return -(int64_t)c->checkouts;
}

static const struct sort {
    const char *name;
    int64_t (*value)(const hg_pool_connection *c);
} sorts[SORTS] = {
    {"longest held first", by_held},
    {"by slot", by_slot},
    {"oldest first", by_age},
    {"most used first", by_uses},
};

const char *model_sort_name(const struct model *m)
{
    return sorts[m->sort % SORTS].name;
}

static int compare_connections(const void *a, const void *b, void *context)
{
    const hg_pool_connection *left = *(const hg_pool_connection *const *)a;
    const hg_pool_connection *right = *(const hg_pool_connection *const *)b;
    const struct sort *sort = context;
    int64_t l = sort->value(left), r = sort->value(right);

    if (l != r)
        return l < r ? -1 : 1;
    return left->slot - right->slot;
}

size_t model_connections(const struct model *m, const hg_pool_connection *out[HG_POOL_SLOTS_MAX])
{
    const hg_pool_snapshot *pool = model_pool(m);
    size_t n = pool == NULL ? 0 : pool->connection_count;
    struct sort sort = sorts[m->sort % SORTS];

    for (size_t i = 0; i < n; i++)
        out[i] = &pool->connections[i];
    if (n > 1)
        qsort_r(out, n, sizeof(hg_pool_connection *), compare_connections, &sort);
    return n;
}

const struct note *model_note(const struct model *m, size_t age)
{
    if (age >= m->note_count || age >= NOTES)
        return NULL;
    return &m->notes[(m->note_count - 1 - age) % NOTES];
}

const struct action *model_action(hg_migrate_kind kind)
{
    static const char *const names[] = {
        [HG_MIGRATE_UP] = "up", [HG_MIGRATE_DOWN] = "down", [HG_MIGRATE_RESET] = "reset"};

    return action_find(names[kind]);
}

const char *model_refusal(const struct model *m, enum command command)
{
    if (!keys_row(command)->changes)
        return NULL;
    if (m->facts.read_only)
        return "this console is read-only: nothing can be changed from here";
    if (m->change.running)
        return "a change is under way: wait for it or stop it first";
    return NULL;
}

int64_t model_wake_ms(const struct model *m)
{
    int64_t wake = INT64_MAX;
    const struct feed *feeds[] = {&m->pools_feed, &m->status_feed};

    for (size_t i = 0; i < 2; i++) {
        int64_t at = feeds[i]->asked_ms == 0 ? feeds[i]->due_ms : feeds[i]->asked_ms + LATE_MS;

        if (at > m->now_ms && at < wake)
            wake = at;
    }
    if (m->change.ready_ms > m->now_ms && m->change.ready_ms < wake)
        wake = m->change.ready_ms;
    return wake;
}
