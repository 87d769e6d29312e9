/*
 * view_overview.c - the dashboard: pool, connections, migrations, readiness.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "view.h"
#include "widget.h"

/* clang-format off */
static const struct {
    const char *word;
    enum role role;
} statuses[] = {
    [HG_PASS]    = {"OK",   ROLE_OK},
    [HG_SKIP]    = {"skip", ROLE_DIM},
    [HG_WARN]    = {"WARN", ROLE_WARN},
    [HG_UNKNOWN] = {"?",    ROLE_UNKNOWN},
    [HG_FAIL]    = {"FAIL", ROLE_FAIL},
}, slots[] = {
    [HG_SLOT_EMPTY]     = {"empty",     ROLE_CONN_IDLE},
    [HG_SLOT_OPENING]   = {"opening",   ROLE_CONN_CHANGING},
    [HG_SLOT_IDLE]      = {"idle",      ROLE_CONN_IDLE},
    [HG_SLOT_IN_USE]    = {"in use",    ROLE_CONN_USED},
    [HG_SLOT_CHECKING]  = {"checking",  ROLE_CONN_CHANGING},
    [HG_SLOT_RESETTING] = {"resetting", ROLE_CONN_CHANGING},
    [HG_SLOT_CLOSING]   = {"closing",   ROLE_CONN_CHANGING},
}, revisions[] = {
    [HG_REVISION_PENDING] = {"PENDING", ROLE_MIG_PENDING},
    [HG_REVISION_APPLIED] = {"applied", ROLE_MIG_APPLIED},
    [HG_REVISION_MISSING] = {"MISSING", ROLE_MIG_BROKEN},
};
/* clang-format on */

const char *view_status_word(hg_status status)
{
    return statuses[status].word;
}

enum role view_status_role(hg_status status)
{
    return statuses[status].role;
}

/* A connection in use beyond the pool's size is called by that. */
static bool is_overflow(const hg_pool_connection *c)
{
    return c->overflow && c->state == HG_SLOT_IN_USE;
}

const char *view_slot_word(const hg_pool_connection *c)
{
    return is_overflow(c) ? "overflow" : slots[c->state].word;
}

enum role view_slot_role(const hg_pool_connection *c)
{
    return is_overflow(c) ? ROLE_POOL_OVERFLOW : slots[c->state].role;
}

static bool is_edited(const hg_revision *r)
{
    return r->state == HG_REVISION_APPLIED && r->checksum_known && !r->checksum_ok;
}

const char *view_revision_word(const hg_revision *r)
{
    return is_edited(r) ? "EDITED" : revisions[r->state].word;
}

enum role view_revision_role(const hg_revision *r)
{
    return is_edited(r) ? ROLE_MIG_BROKEN : revisions[r->state].role;
}

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

static int capacity(const hg_pool_snapshot *pool)
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

    widget_gauge(a, x, y, width, parts, 3, capacity(pool),
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
    widget_spark(a, &(struct spark){samples, roles, n, capacity(pool)});
}

static int peak(const struct pool_past *past, int columns)
{
    int most = 0;

    for (int64_t at = past->newest; at > past->newest - columns && at >= 0; at--)
        if (past->in_use[at % SAMPLES] > most)
            most = past->in_use[at % SAMPLES];
    return most;
}

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
    snprintf(line, sizeof line, "wait p50 %s  p99 %s  max %s",
             format_took(pool->wait_p50_ms, text[0]), format_took(pool->wait_p99_ms, text[1]),
             format_took(pool->wait_max_ms, text[2]));
    x += area_put(a, x, y, ROLE_TEXT, line) + 3;
    if (past == NULL || past->checkouts_per_s < 0)
        x = put_value(a, x, y, ROLE_VALUE, "-", "checkouts/s");
    else
        x = put_number(a, x, y, ROLE_VALUE, (uint64_t)(past->checkouts_per_s + 0.5), "checkouts/s");
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
                        .focused = m->focus == PANE_POOLS,
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
    const hg_pool_snapshot *pool = &model_pools(m, &count)[row];

    out->text = out->scratch;
    out->role = pool->alive ? ROLE_TEXT : ROLE_DIM;
    if (column == 0)
        pool_owner(pool, out->scratch, sizeof out->scratch);
    else if (column == 1)
        out->text = pool->name;
    else if (column == 2)
        snprintf(out->scratch, sizeof out->scratch, "%d of %d in use", pool->in_use,
                 capacity(pool));
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
        {"", 20, .drop = 0},
        {"", 8, .grows = true, .drop = 2},
        {"", 16, .right = true},
        {"", 8, .right = true, .drop = 3},
        {"", 11, .right = true, .drop = 1},
    };
    /* clang-format on */
    const struct selection *s = &m->selected[PANE_POOLS];

    widget_table(a, &(struct table){.columns = columns,
                                    .column_count = 5,
                                    .row_count = model_rows(m, PANE_POOLS),
                                    .top = s->top,
                                    .selected = s->index,
                                    .focused = m->focus == PANE_POOLS,
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
    snprintf(text, sizeof text, "peak %d of %d in %s", peak(past, width), capacity(pool), span);
    area_put_cut(a, width + 4, y + rows - 1, a.width - width - 4, ROLE_DIM, text);
}

static void draw_pools(const struct model *m, struct area a, const struct layout *layout)
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
static void draw_pools_small(const struct model *m, struct area a)
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

/* The connections of a pool as they stand in the table. */
struct connections {
    const hg_pool_connection *order[HG_POOL_SLOTS_MAX];
    bool uncounted; /* a console's own: its uses would count our own looking */
};

static void connection_cell(const void *context, size_t row, size_t column, struct table_cell *out)
{
    const struct connections *all = context;
    const hg_pool_connection *c = all->order[row];

    out->text = out->scratch;
    out->role = c->state == HG_SLOT_IDLE ? ROLE_DIM : ROLE_TEXT;
    switch (column) {
    case 0:
        snprintf(out->scratch, sizeof out->scratch, "%d", c->slot);
        break;
    case 1:
        out->text = view_slot_word(c);
        out->role = view_slot_role(c);
        break;
    case 2:
        format_age(c->held_ms, out->scratch);
        break;
    case 3:
        format_ago(c->age_ms, out->scratch);
        break;
    case 4:
        if (all->uncounted)
            out->text = "-";
        else
            format_count(c->checkouts, out->scratch);
        break;
    case 5:
        if (c->backend_pid == 0)
            out->text = "-";
        else
            snprintf(out->scratch, sizeof out->scratch, "%lld", (long long)c->backend_pid);
        break;
    default:
        out->text = c->holder[0] == '\0' ? "-" : c->holder;
    }
}

/* "1-9 of 16", or nothing when all are in view. */
static void place_note(const struct model *m, enum pane pane, const struct layout *layout,
                       char *out, size_t size)
{
    size_t rows = model_rows(m, pane), shown = layout_list_rows(layout, pane);
    size_t top = m->selected[pane].top;

    out[0] = '\0';
    if (rows > shown && shown > 0)
        snprintf(out, size, "%zu%s%zu of %zu", top + 1, glyph(m->utf8, GLYPH_DASH),
                 top + shown > rows ? rows : top + shown, rows);
}

static void draw_connections(const struct model *m, struct area a, const struct layout *layout)
{
    /* clang-format off */
    static const struct column columns[] = {
        {"SLOT", 4, .right = true},
        {"STATE", 9},
        {"HELD", 5, .right = true},
        {"OPEN", 5, .right = true, .drop = 3},
        {"USES", 6, .right = true, .drop = 4},
        {"BACKEND", 8, .right = true, .drop = 2},
        {"HOLDER", 10, .grows = true, .drop = 1},
    };
    /* clang-format on */
    const struct selection *s = &m->selected[PANE_CONNECTIONS];
    const hg_pool_snapshot *pool = model_pool(m);
    struct connections all = {.uncounted = pool != NULL && model_looks_on(pool)};
    char place[48], note[96];
    struct rule rule = {.title = "CONNECTIONS",
                        .subject = "",
                        .note = note,
                        .note_role = ROLE_DIM,
                        .focused = m->focus == PANE_CONNECTIONS,
                        .production = m->facts.production};

    place_note(m, PANE_CONNECTIONS, layout, place, sizeof place);
    snprintf(note, sizeof note, "%s%s%s", place, place[0] == '\0' ? "" : ", ", model_sort_name(m));
    widget_rule(a, 0, &rule);
    widget_table(area_rows(a, 1, a.height - 1),
                 &(struct table){.columns = columns,
                                 .column_count = 7,
                                 .row_count = model_connections(m, all.order),
                                 .top = s->top,
                                 .selected = s->index,
                                 .focused = rule.focused,
                                 .head = true,
                                 .empty = "none is open",
                                 .cell = connection_cell,
                                 .context = &all});
}

static void migration_cell(const void *context, size_t row, size_t column, struct table_cell *out)
{
    const struct model *m = context;
    const hg_revision *r = &model_history(m)->revisions[row];

    out->text = out->scratch;
    if (column == 0)
        out->text = r->revision;
    else if (column == 1)
        out->text = r->message;
    else if (column == 2)
        out->text = view_revision_word(r);
    else if (r->applied_ms > 0)
        format_ago(m->wall_ms > r->applied_ms ? m->wall_ms - r->applied_ms : 0, out->scratch);
    out->role = column == 2 ? view_revision_role(r) : column == 3 ? ROLE_DIM : ROLE_TEXT;
}

/* What is counted at the end of the rule: "2 pending", and what is out of order before it. */
static enum role migrations_note(const struct model *m, const hg_history *history, char *out,
                                 size_t size)
{
    size_t broken = 0, applied = 0;
    char since[FORMAT_ROOM];

    if (history == NULL) {
        snprintf(out, size, "%s", m->status == NULL ? "reading" : "not known");
        return ROLE_DIM;
    }
    for (size_t i = 0; i < history->revision_count; i++) {
        applied += history->revisions[i].state != HG_REVISION_PENDING;
        broken += view_revision_role(&history->revisions[i]) == ROLE_MIG_BROKEN;
    }
    if (!model_db_answers(m))
        snprintf(out, size, "as of %s", format_moment(m->known_wall_ms, since));
    else if (broken > 0)
        snprintf(out, size, "%zu broken, %zu pending", broken, history->pending_count);
    else
        snprintf(out, size, "%zu applied, %zu pending", applied, history->pending_count);
    if (!model_db_answers(m))
        return ROLE_WARN;
    return broken > 0 ? ROLE_MIG_BROKEN : history->pending_count > 0 ? ROLE_MIG_PENDING : ROLE_OK;
}

static int revision_width(const hg_history *history)
{
    int width = 4;

    for (size_t i = 0; i < history->revision_count && width < 12; i++) {
        int this = shown_width(history->revisions[i].revision);

        width = this > width ? this : width;
    }
    return width > 12 ? 12 : width;
}

static void draw_migrations(const struct model *m, struct area a)
{
    /* clang-format off */
    struct column columns[] = {
        {"", 4},
        {"", 8, .grows = true, .drop = 2},
        {"", 7},
        {"", 4, .right = true, .drop = 1},
    };
    /* clang-format on */
    const hg_history *history = model_history(m);
    const struct selection *s = &m->selected[PANE_MIGRATIONS];
    char note[64];
    struct rule rule = {.title = "MIGRATIONS",
                        .subject = "",
                        .note = note,
                        .note_role = migrations_note(m, history, note, sizeof note),
                        .focused = m->focus == PANE_MIGRATIONS,
                        .production = m->facts.production};

    widget_rule(a, 0, &rule);
    if (history != NULL)
        columns[0].width = revision_width(history);
    widget_table(area_rows(a, 1, a.height - 1),
                 &(struct table){.columns = columns,
                                 .column_count = 4,
                                 .row_count = model_rows(m, PANE_MIGRATIONS),
                                 .top = s->top,
                                 .selected = s->index,
                                 .focused = rule.focused,
                                 .empty = history == NULL ? "" : "no migration files",
                                 .cell = migration_cell,
                                 .context = m});
}

static void check_cell(const void *context, size_t row, size_t column, struct table_cell *out)
{
    const struct model *m = context;
    const hg_check_result *check = &model_readiness(m)->checks[row];

    if (column == 0) {
        out->text = view_status_word(check->status);
        out->role = view_status_role(check->status);
    } else if (column == 1) {
        out->text = check->id;
    } else {
        /* what passed needs no numbers: they would change with every look */
        out->text = check->status == HG_PASS ? check->title : check->observed;
        out->role = check->status == HG_PASS ? ROLE_DIM : ROLE_TEXT;
        out->whole = check->status == HG_PASS;
    }
}

static enum role checks_note(const struct model *m, const hg_readiness *readiness, char *out,
                             size_t size)
{
    char since[FORMAT_ROOM];

    if (readiness == NULL) {
        snprintf(out, size, "%s", m->status == NULL ? "running" : "not known");
        return ROLE_DIM;
    }
    if (!model_db_answers(m) && m->status_feed.asked_ms != 0) {
        snprintf(out, size, "as of %s", format_moment(m->known_wall_ms, since));
        return ROLE_WARN;
    }
    snprintf(out, size, "%s",
             readiness->status == HG_FAIL   ? "NOT READY"
             : readiness->status == HG_PASS ? "READY"
                                            : "READY, warnings");
    return view_status_role(readiness->status);
}

static int id_width(const hg_readiness *readiness)
{
    int width = 8;

    for (size_t i = 0; readiness != NULL && i < readiness->check_count; i++) {
        int this = shown_width(readiness->checks[i].id);

        width = this > width ? this : width;
    }
    return width > 20 ? 20 : width;
}

static void draw_checks(const struct model *m, struct area a)
{
    /* clang-format off */
    struct column columns[] = {
        {"", 4},
        {"", 8},
        {"", 6, .grows = true, .drop = 1},
    };
    /* clang-format on */
    const hg_readiness *readiness = model_readiness(m);
    const struct selection *s = &m->selected[PANE_CHECKS];
    char note[64];
    struct rule rule = {.title = "READINESS",
                        .subject = "",
                        .note = note,
                        .note_role = checks_note(m, readiness, note, sizeof note),
                        .focused = m->focus == PANE_CHECKS,
                        .production = m->facts.production};

    widget_rule(a, 0, &rule);
    columns[1].width = id_width(readiness);
    widget_table(area_rows(a, 1, a.height - 1),
                 &(struct table){.columns = columns,
                                 .column_count = 3,
                                 .row_count = model_rows(m, PANE_CHECKS),
                                 .top = s->top,
                                 .selected = s->index,
                                 .focused = rule.focused,
                                 .empty = "",
                                 .cell = check_cell,
                                 .context = m});
}

void view_overview(const struct model *m, struct area body, const struct layout *layout)
{
    struct area parts[PANE_COUNT];

    for (int i = 0; i < PANE_COUNT; i++) {
        struct rect r = layout->panes[i];

        parts[i] = area_part(area_of(body.canvas), r.x, r.y, r.width, r.height);
    }
    if (layout->form == FORM_SMALL && m->focus != PANE_POOLS)
        draw_pools_small(m, parts[PANE_POOLS]);
    else
        draw_pools(m, parts[PANE_POOLS], layout);
    if (parts[PANE_CONNECTIONS].height > 0)
        draw_connections(m, parts[PANE_CONNECTIONS], layout);
    if (parts[PANE_MIGRATIONS].height > 0)
        draw_migrations(m, parts[PANE_MIGRATIONS]);
    if (parts[PANE_CHECKS].height > 0)
        draw_checks(m, parts[PANE_CHECKS]);
}

/* The state in as few words as it can be said, a fact a row, or all in one. */
void view_line(const struct model *m, struct area screen)
{
    const hg_pool_snapshot *pool = model_pool(m);
    const hg_history *history = model_history(m);
    const hg_readiness *readiness = model_readiness(m);
    char facts[5][64] = {""};
    int x = 0, y = 0;

    snprintf(facts[0], sizeof facts[0], "%s", m->facts.production ? "PRODUCTION" : m->facts.env);
    if (pool != NULL)
        snprintf(facts[1], sizeof facts[1], "pool %d/%d%s", pool->in_use, capacity(pool),
                 pool->waiting > 0 ? " waiting!" : "");
    if (history != NULL)
        snprintf(facts[2], sizeof facts[2], "%zu pending", history->pending_count);
    if (readiness != NULL)
        snprintf(facts[3], sizeof facts[3], "%s",
                 readiness->status == HG_FAIL ? "NOT READY" : "ready");
    snprintf(facts[4], sizeof facts[4], "(40x10 shows more)");
    for (size_t i = 0; i < 5; i++) {
        enum role role = i == 0 && m->facts.production ? ROLE_ENV_PROD : ROLE_TEXT;

        if (facts[i][0] == '\0')
            continue;
        if (x > 0 && x + (int)strlen(facts[i]) > screen.width && y + 1 < screen.height) {
            x = 0;
            y++;
        }
        x += area_put_cut(screen, x, y, screen.width - x, role, facts[i]) + 1;
    }
}
