/*
 * view_panes.c - the panes that screens are made of: lists, what is known about the selected row,
 * and how full the server is.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "list.h"
#include "view.h"
#include "widget.h"

enum { FITTED_ROWS = 100 /* looked at for the width of a column */ };

/* The lists with a column that is as wide as its rows need, at most as wide as it says, since they
 * differ from database to database. */
static const struct {
    bool fits;
    size_t column;
} fitted[LISTS] = {
    [PANE_POOLS] = {true, 0}, [PANE_MIGRATIONS] = {true, 0}, [PANE_CHECKS] = {true, 1},
    [PANE_STEPS] = {true, 1}, [PANE_JOURNAL] = {true, 1},
};

struct cells {
    const struct model *m;
    const struct list *list;
    enum pane pane;
};

static void cell(const void *context, size_t row, size_t column, struct table_cell *out)
{
    const struct cells *cells = context;

    cells->list->cell(cells->m, model_row(cells->m, cells->pane, row), column, out);
}

/* "1-9 of 16", or nothing when all are in view. */
static void place_note(const struct model *m, enum pane pane, const struct layout *layout,
                       char *out, size_t size)
{
    size_t rows = model_rows(m, pane), shown = layout_list_rows(layout, pane);
    size_t top = m->lists[pane].top;

    out[0] = '\0';
    if (rows > shown && shown > 0)
        snprintf(out, size, "%zu%s%zu of %zu", top + 1, glyph(m->utf8, GLYPH_DASH),
                 top + shown > rows ? rows : top + shown, rows);
}

/* Where we are in the list, and what the list has to say. */
static enum role list_note(const struct model *m, enum pane pane, const struct layout *layout,
                           char *out, size_t size)
{
    char place[48] = "", says[64];
    enum role role = list_of(m, pane)->note(m, says, sizeof says);

    if (layout->heads[pane])
        place_note(m, pane, layout, place, sizeof place);
    snprintf(out, size, "%s%s%s", place, place[0] == '\0' || says[0] == '\0' ? "" : ", ", says);
    return role;
}

/* What a backend does only a server can tell: on SQLite the holder has its place. */
static size_t used_columns(const struct model *m, enum pane pane, struct column *columns)
{
    size_t count = list_of(m, pane)->column_count;

    if (pane != PANE_CONNECTIONS || (m->screen == SCREEN_POOLS && m->facts.driver == HG_POSTGRESQL))
        return count;
    columns[count - 2].grows = true;
    return count - 1;
}

static void fit_column(const struct model *m, enum pane pane, struct column *columns)
{
    struct column *column = &columns[fitted[pane].column];
    size_t rows = model_rows(m, pane), top = m->lists[pane].top;
    int width = shown_width(column->title);

    if (!fitted[pane].fits)
        return;
    width = width > 4 ? width : 4;
    for (size_t i = top; i < rows && i < top + FITTED_ROWS; i++) {
        struct table_cell c = {.text = ""};
        int this;

        list_of(m, pane)->cell(m, model_row(m, pane, i), fitted[pane].column, &c);
        this = shown_width(c.text);
        width = this > width ? this : width;
    }
    column->width = width < column->width ? width : column->width;
}

void view_list(const struct model *m, struct area a, enum pane pane, const struct layout *layout)
{
    const struct list *list = list_of(m, pane);
    const struct looking *looking = &m->lists[pane];
    const struct cells context = {m, list, pane};
    struct column columns[LIST_COLUMNS_MAX];
    char note[128], filter[96] = "";
    struct rule rule = {.title = list->title,
                        .subject = filter,
                        .note = note,
                        .note_role = list_note(m, pane, layout, note, sizeof note),
                        .focused = model_focus(m) == pane,
                        .zoomed = m->zoomed[m->screen],
                        .production = m->facts.production};
    size_t used;

    if (looking->filter[0] != '\0')
        snprintf(filter, sizeof filter, "/%s", looking->filter);
    widget_rule(a, 0, &rule);
    memcpy(columns, list->columns, list->column_count * sizeof *columns);
    used = used_columns(m, pane, columns);
    if (!layout->heads[pane])
        for (size_t i = 0; i < list->column_count; i++)
            columns[i].title = "";
    fit_column(m, pane, columns);
    widget_table(
        area_rows(a, 1, a.height - 1),
        &(struct table){.columns = columns,
                        .column_count = used,
                        .row_count = model_rows(m, pane),
                        .top = looking->top,
                        .selected = looking->index,
                        .focused = rule.focused,
                        .head = layout->heads[pane],
                        .sorted = looking->order,
                        .descends = list_descends(list, looking),
                        .empty = filter[0] != '\0' ? "nothing has these words" : list->empty(m),
                        .cell = cell,
                        .context = &context});
}

/* --- what is known about the selected row --- */

static size_t detail_top(const struct model *m, size_t lines, size_t shown)
{
    size_t top = m->detail_top[m->screen];

    return lines <= shown ? 0 : top > lines - shown ? lines - shown : top;
}

static void draw_detail(const struct model *m, struct area a)
{
    struct area text = area_part(a, 2, 1, a.width - 3, a.height - 1);
    size_t shown = (size_t)text.height, top;
    struct page_title title;
    struct document d;
    struct rule rule;

    document_init(&d, text.width);
    view_detail_title(m, &title);
    view_detail(m, &d);
    top = detail_top(m, d.lines.count, shown);
    if (model_seeking(m)->on)
        title.note_role = view_hits_note(m, &d, title.note, sizeof title.note);
    else if (d.lines.count > shown)
        snprintf(title.note, sizeof title.note, "%zu%s%zu of %zu", top + 1,
                 glyph(m->utf8, GLYPH_DASH), top + shown, d.lines.count);
    rule = (struct rule){.title = title.title,
                         .subject = title.subject,
                         .note = title.note,
                         .note_role = title.note_role == ROLE_TEXT ? ROLE_DIM : title.note_role,
                         .focused = model_focus(m) == PANE_DETAIL,
                         .zoomed = m->zoomed[m->screen],
                         .production = m->facts.production};
    widget_rule(a, 0, &rule);
    document_draw(&d, text, top);
    if (model_seeking(m)->on)
        view_hits(m, &d, text, top);
    document_release(&d);
}

/* --- the server --- */

static int count_of(const hg_sessions *sessions, const char *state)
{
    for (size_t i = 0; i < sessions->state_count; i++)
        if (sessions->states[i].state != NULL && strcmp(sessions->states[i].state, state) == 0)
            return sessions->states[i].count;
    return 0;
}

static void draw_connections_left(const struct model *m, const hg_sessions *sessions, struct area a)
{
    int width = a.width - 52 < 10 ? 10 : a.width - 52 > 60 ? 60 : a.width - 52;
    int active = count_of(sessions, "active"), in_transaction = 0, y = 1;
    const struct gauge_part parts[] = {
        {active, GLYPH_USED, ROLE_POOL_USED},
        {sessions->used - active, GLYPH_IDLE, ROLE_POOL_IDLE},
    };
    char text[160];

    in_transaction = count_of(sessions, "idle in transaction")
                     + count_of(sessions, "idle in transaction (aborted)");
    widget_gauge(a, 2, y, width, parts, 2, sessions->max_connections,
                 (struct gauge_part){0, GLYPH_FREE, ROLE_POOL_FREE});
    snprintf(text, sizeof text, "%d/%d  active %d  idle %d  in transaction %d", sessions->used,
             sessions->max_connections, active, count_of(sessions, "idle"), in_transaction);
    area_put_cut(a, width + 4, y++, a.width - width - 4, ROLE_TEXT, text);
    area_put_cut(a, 2, y, a.width - 3, m->sessions->headroom.spare < 0 ? ROLE_WARN : ROLE_DIM,
                 m->sessions->headroom.message);
}

static void draw_file(const hg_sessions *sessions, struct area a)
{
    size_t open = sessions->process_count;
    char text[160];

    area_put_cut(a, 2, 1, a.width - 3, ROLE_TEXT,
                 sessions->path == NULL ? "in memory" : sessions->path);
    snprintf(text, sizeof text, "%zu process%s it open%s", open, open == 1 ? " has" : "es have",
             sessions->complete ? "" : "; those of other users only root sees");
    area_put_cut(a, 2, 2, a.width - 3, ROLE_DIM, text);
}

/* What one reading costs the server, in steps so coarse that a quiet screen stays quiet. */
static const char *cost(double ms)
{
    return ms < 2 ? "<2ms" : ms < 5 ? "<5ms" : ms < 20 ? "<20ms" : ms < 100 ? "<100ms" : ">100ms";
}

/* How many are blocked, since when the oldest transaction is open, and what it costs to ask. */
static void server_note(const struct model *m, char *out, size_t size)
{
    const hg_sessions *sessions = model_sessions(m);
    int64_t oldest_ms = 0;
    size_t blocked = 0;
    char text[FORMAT_ROOM];

    for (size_t i = 0; i < sessions->session_count; i++) {
        const hg_server_session *s = &sessions->sessions[i];
        int64_t open_ms =
            s->own || s->xact_start_ms == 0 ? 0 : sessions->read_ms - s->xact_start_ms;

        oldest_ms = open_ms > oldest_ms ? open_ms : oldest_ms;
        blocked += s->blocked_by_count > 0;
    }
    snprintf(out, size, "%zu blocked, oldest transaction %s, read in %s", blocked,
             oldest_ms == 0 ? "-" : format_ago(oldest_ms, text), cost(m->sessions->duration_ms));
}

void view_server(const struct model *m, struct area a)
{
    const hg_sessions *sessions = model_sessions(m);
    char note[96] = "";
    struct rule rule = {.title = m->facts.driver == HG_SQLITE ? "FILE" : "SERVER",
                        .subject = "",
                        .note = note,
                        .note_role = ROLE_WARN,
                        .production = m->facts.production};

    if (m->facts.driver == HG_POSTGRESQL)
        view_stale(m, m->sessions_wall_ms, note, sizeof note);
    if (note[0] == '\0' && sessions != NULL && sessions->driver == HG_POSTGRESQL) {
        server_note(m, note, sizeof note);
        rule.note_role = ROLE_DIM;
    }
    widget_rule(a, 0, &rule);
    if (sessions != NULL && sessions->driver == HG_SQLITE)
        draw_file(sessions, a);
    else if (sessions != NULL)
        draw_connections_left(m, sessions, a);
}

/* --- the checks by group --- */

static size_t group_size(const char *id)
{
    return strcspn(id, ".");
}

/* A group is as good as its worst check that counts. */
static hg_status worst_of(const struct model *m, const char *group, size_t n)
{
    hg_status worst = HG_SKIP;
    bool passed = false;

    for (size_t i = 0; i < model_check_count(m); i++) {
        const hg_check_result *c = model_check(m, i);

        if (group_size(c->id) != n || strncmp(c->id, group, n) != 0 || c->muted)
            continue;
        passed = passed || c->status == HG_PASS;
        worst = c->status > worst ? c->status : worst;
    }
    return worst == HG_SKIP && passed ? HG_PASS : worst;
}

static bool group_is_new(const struct model *m, size_t i)
{
    const char *id = model_check(m, i)->id;
    size_t n = group_size(id);

    for (size_t j = 0; j < i; j++)
        if (group_size(model_check(m, j)->id) == n && strncmp(model_check(m, j)->id, id, n) == 0)
            return false;
    return true;
}

static void draw_lights(const struct model *m, struct area a)
{
    char note[48];
    struct rule rule = {.title = "GROUPS",
                        .subject = "",
                        .note = "r runs all checks there are",
                        .note_role = ROLE_DIM,
                        .production = m->facts.production};
    int x = 2, y = 1;

    view_stale(m, m->known_wall_ms, note, sizeof note);
    if (note[0] != '\0') {
        rule.note = note;
        rule.note_role = ROLE_WARN;
    }
    widget_rule(a, 0, &rule);
    for (size_t i = 0; i < model_check_count(m); i++) {
        const char *id = model_check(m, i)->id;
        hg_status worst = worst_of(m, id, group_size(id));
        char name[32];

        if (!group_is_new(m, i))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)group_size(id), id);
        if (x + shown_width(name) + 8 > a.width) {
            x = 2;
            y++;
        }
        x += area_put(a, x, y, worst == HG_PASS || worst == HG_SKIP ? ROLE_DIM : ROLE_TEXT, name)
             + 1;
        x += area_put(a, x, y, view_status_role(worst), view_status_word(worst)) + 3;
    }
}

/* --- a screen --- */

static void draw_pane(const struct model *m, struct area a, enum pane pane,
                      const struct layout *layout)
{
    if (pane < LISTS)
        view_list(m, a, pane, layout);
    else if (pane == PANE_SERVER)
        view_server(m, a);
    else if (pane == PANE_LIGHTS)
        draw_lights(m, a);
    else if (pane == PANE_NOW)
        view_cutover_now(m, a);
    else if (pane == PANE_DETAIL)
        draw_detail(m, a);
    else if (layout->form == FORM_SMALL)
        view_pools_small(m, a);
    else
        view_pools(m, a, layout);
}

void view_panes(const struct model *m, struct area screen, const struct layout *layout)
{
    if (m->screen == SCREEN_OVERVIEW) {
        view_overview(m, screen, layout);
        return;
    }
    if (m->screen == SCREEN_CUTOVER && model_stand(m) == STAND_NOTHING) {
        struct rect r = layout->body;

        view_cutover_calm(m, area_part(screen, r.x, r.y, r.width, r.height));
        return;
    }
    for (int pane = 0; pane < PANE_COUNT; pane++) {
        struct rect r = layout->panes[pane];

        if (r.height > 0)
            draw_pane(m, area_part(screen, r.x, r.y, r.width, r.height), (enum pane)pane, layout);
    }
}
