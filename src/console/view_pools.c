/*
 * view_pools.c - the selected pool: gauge, numbers, recent past; and the list of pools.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "list.h"
#include "view.h"
#include "widget.h"

/* A value and what it is, as "12 in use", where both fit; returns the column behind them. */
static int put_value(struct area a, int x, int y, enum role role, const char *value,
                     const char *what)
{
    if (x + (int)(strlen(value) + strlen(what)) + 1 > a.width)
        return x;
    x += area_put(a, x, y, role, value) + 1;
    return x + area_put(a, x, y, ROLE_DIM, what) + 3;
}

static int put_number(struct area a, int x, int y, enum role role, uint64_t n, const char *what)
{
    char text[FORMAT_ROOM];

    return put_value(a, x, y, role, format_count(n, text), what);
}

int view_capacity(const hg_pool_snapshot *pool)
{
    int open = pool->in_use + pool->idle + pool->opening;
    int most = pool->max_overflow < 0 ? open : pool->size + pool->max_overflow;

    most = most < open ? open : most;
    return most < 1 ? 1 : most;
}

static void draw_gauge(const hg_pool_snapshot *pool, struct area a, int x, int y, int width)
{
    int within = pool->in_use < pool->size ? pool->in_use : pool->size;
    const struct gauge_part parts[] = {
        {within, GLYPH_USED, ROLE_POOL_USED},
        {pool->in_use - within, GLYPH_OVERFLOW, ROLE_POOL_OVERFLOW},
        {pool->idle, GLYPH_IDLE, ROLE_POOL_IDLE},
    };

    widget_gauge(a, x, y, width, parts, 3, view_capacity(pool),
                 (struct gauge_part){0, GLYPH_FREE, ROLE_POOL_FREE});
}

static void draw_numbers(const hg_pool_snapshot *pool, struct area a, int x, int y)
{
    x = put_number(a, x, y, ROLE_VALUE, (uint64_t)pool->in_use, "in use");
    x = put_number(a, x, y, ROLE_VALUE, (uint64_t)pool->idle, "idle");
    x = put_number(a, x, y, pool->waiting > 0 ? ROLE_POOL_WAITING : ROLE_VALUE,
                   (uint64_t)pool->waiting, "waiting");
    if (pool->overflow > 0)
        put_number(a, x, y, ROLE_POOL_OVERFLOW, (uint64_t)pool->overflow, "overflow");
}

/* The recent past, a column every five seconds; columns in which somebody waited stand out. */
static void draw_past(const struct pool_past *past, const hg_pool_snapshot *pool, struct area a)
{
    int samples[SAMPLES];
    uint8_t roles[SAMPLES];
    size_t n = (size_t)a.width < SAMPLES ? (size_t)a.width : SAMPLES;

    for (size_t i = 0; i < n; i++) {
        int64_t at = past->newest - (int64_t)(n - 1 - i);
        size_t ring = (size_t)(at < 0 ? 0 : at % SAMPLES);

        samples[i] = at < 0 ? -1 : past->in_use[ring];
        roles[i] = past->waiting[ring] > 0           ? ROLE_POOL_WAITING
                   : past->in_use[ring] > pool->size ? ROLE_POOL_OVERFLOW
                                                     : ROLE_POOL_USED;
    }
    widget_spark(a, &(struct spark){samples, roles, n, view_capacity(pool)});
}

static int peak(const struct pool_past *past, int columns)
{
    int most = 0;

    for (int64_t at = past->newest; at > past->newest - columns && at >= 0; at--)
        if (past->in_use[at % SAMPLES] > most)
            most = past->in_use[at % SAMPLES];
    return most;
}

/* Each number has its room: what stands behind it does not move when it grows. */
static void draw_waits(const struct model *m, const hg_pool_snapshot *pool, struct area a, int y)
{
    const struct pool_past *past = model_past(m, pool);
    char text[3][FORMAT_ROOM], line[96];
    int x = 2;

    if (model_looks_on(pool)) {
        area_put_cut(a, x, y, a.width - x, ROLE_DIM,
                     "a console's own pool; the application's appear here while it runs");
        return;
    }
    snprintf(line, sizeof line, "wait p50 %-5s  p99 %-5s  max %-5s",
             format_took(pool->wait_p50_ms, text[0]), format_took(pool->wait_p99_ms, text[1]),
             format_took(pool->wait_max_ms, text[2]));
    x += area_put(a, x, y, ROLE_TEXT, line) + 3;
    snprintf(line, sizeof line, "%4s",
             past == NULL || past->checkouts_per_s < 0
                 ? "-"
                 : format_count((uint64_t)(past->checkouts_per_s + 0.5), text[0]));
    x = put_value(a, x, y, ROLE_VALUE, line, "checkouts/s");
    x = put_number(a, x, y, pool->timeouts > 0 ? ROLE_WARN : ROLE_VALUE, pool->timeouts,
                   "timeouts");
    if (x + 20 < a.width)
        put_number(a, x, y, pool->connect_failures > 0 ? ROLE_WARN : ROLE_VALUE,
                   pool->connect_failures, "failed connects");
}

/* Who a pool belongs to: "web 4211", or that it is gone. */
static void pool_owner(const hg_pool_snapshot *pool, char *out, size_t size)
{
    snprintf(out, size, "%s %lld%s", pool->process, (long long)pool->pid,
             pool->alive ? "" : " gone");
}

static void pool_rule(const struct model *m, const hg_pool_snapshot *pool, struct area a)
{
    char subject[128] = "", note[64] = "", owner[80];
    struct rule rule = {.title = "POOL",
                        .subject = subject,
                        .note = note,
                        .note_role = ROLE_DIM,
                        .focused = m->screen == SCREEN_OVERVIEW && model_focus(m) == PANE_POOLS,
                        .zoomed = m->zoomed[m->screen],
                        .production = m->facts.production};

    if (pool != NULL) {
        pool_owner(pool, owner, sizeof owner);
        snprintf(subject, sizeof subject, "%s  %s", pool->name, owner);
        if (pool->max_overflow < 0)
            snprintf(note, sizeof note, "size %d, overflow without limit", pool->size);
        else
            snprintf(note, sizeof note, "size %d + overflow %d", pool->size, pool->max_overflow);
    }
    widget_rule(a, 0, &rule);
}

static void pool_cell(const void *context, size_t row, size_t column, struct table_cell *out)
{
    const struct model *m = context;
    size_t count;
    const hg_pool_snapshot *pool = &model_pools(m, &count)[model_row(m, PANE_POOLS, row)];

    out->text = out->scratch;
    out->role = pool->alive ? ROLE_TEXT : ROLE_DIM;
    if (column == 0)
        pool_owner(pool, out->scratch, sizeof out->scratch);
    else if (column == 1)
        out->text = pool->name;
    else if (column == 2)
        snprintf(out->scratch, sizeof out->scratch, "%d of %d in use", pool->in_use,
                 view_capacity(pool));
    else if (column == 3)
        snprintf(out->scratch, sizeof out->scratch, "%d idle", pool->idle);
    else
        snprintf(out->scratch, sizeof out->scratch, "%d waiting", pool->waiting);
    if (column == 4 && pool->waiting > 0)
        out->role = ROLE_POOL_WAITING;
}

static void draw_pool_list(const struct model *m, struct area a)
{
    /* clang-format off */
    static const struct column columns[] = {
        {"", 24, .drop = 0},
        {"", 8, .grows = true, .drop = 2},
        {"", 16, .right = true},
        {"", 8, .right = true, .drop = 3},
        {"", 11, .right = true, .drop = 1},
    };
    /* clang-format on */
    const struct looking *s = &m->lists[PANE_POOLS];

    widget_table(a, &(struct table){.columns = columns,
                                    .column_count = 5,
                                    .row_count = model_rows(m, PANE_POOLS),
                                    .top = s->top,
                                    .selected = s->index,
                                    .focused = model_focus(m) == PANE_POOLS,
                                    .sorted = LIST_AS_IT_COMES,
                                    .empty = "",
                                    .cell = pool_cell,
                                    .context = m});
}

static const char *no_pool(const struct model *m)
{
    return m->pools == NULL ? "reading the pools of this host" : "no pool is open on this host";
}

static int gauge_width(int width)
{
    int room = width - 52; /* the numbers beside it, with an overflow */

    return room < 12 ? 12 : room > 80 ? 80 : room;
}

static void draw_past_row(const struct model *m, const hg_pool_snapshot *pool, struct area a, int y,
                          int rows)
{
    const struct pool_past *past = model_past(m, pool);
    int width = gauge_width(a.width);
    char text[64], span[FORMAT_ROOM];

    if (past == NULL || rows == 0)
        return;
    draw_past(past, pool, area_part(a, 2, y, width, rows));
    format_age((int64_t)(width < SAMPLES ? width : SAMPLES) * SAMPLE_MS, span);
    snprintf(text, sizeof text, "peak %d of %d in %s", peak(past, width), view_capacity(pool),
             span);
    area_put_cut(a, width + 4, y + rows - 1, a.width - width - 4, ROLE_DIM, text);
}

void view_pools(const struct model *m, struct area a, const struct layout *layout)
{
    const hg_pool_snapshot *pool = model_pool(m);
    int width = gauge_width(a.width), y = 1;

    pool_rule(m, pool, a);
    if (pool == NULL) {
        area_put(a, 2, y, ROLE_DIM, no_pool(m));
        return;
    }
    draw_gauge(pool, a, 2, y, width);
    draw_numbers(pool, a, width + 4, y++);
    draw_past_row(m, pool, a, y, layout->spark_rows);
    y += layout->spark_rows;
    draw_waits(m, pool, a, y++);
    if (layout->pool_rows > 0)
        draw_pool_list(m, area_rows(a, y, layout->pool_rows));
}

/* The same in two rows without a rule, for a small screen. */
void view_pools_small(const struct model *m, struct area a)
{
    const hg_pool_snapshot *pool = model_pool(m);
    char text[128], owner[80];
    int x = 1;

    if (pool == NULL) {
        area_put(a, x, 0, ROLE_DIM, no_pool(m));
        return;
    }
    draw_gauge(pool, a, x, 0, a.width - 2);
    pool_owner(pool, owner, sizeof owner);
    x = put_number(a, x, 1, ROLE_VALUE, (uint64_t)pool->in_use, "in use");
    x = put_number(a, x, 1, ROLE_VALUE, (uint64_t)pool->idle, "idle");
    x = put_number(a, x, 1, pool->waiting > 0 ? ROLE_POOL_WAITING : ROLE_VALUE,
                   (uint64_t)pool->waiting, "waiting");
    snprintf(text, sizeof text, "%s  %s", pool->name, owner);
    area_put_cut(a, x, 1, a.width - x - 1, ROLE_DIM, text);
}
