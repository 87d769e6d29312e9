/*
 * view_overview.c - the dashboard: connections, migrations, readiness, and the pools above them.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "view.h"
#include "widget.h"

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
        view_pools_small(m, parts[PANE_POOLS]);
    else
        view_pools(m, parts[PANE_POOLS], layout);
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
        snprintf(facts[1], sizeof facts[1], "pool %d/%d%s", pool->in_use, view_capacity(pool),
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
