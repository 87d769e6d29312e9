/*
 * view.c - the frame of every screen: header, message, hints, and the page between them.
 */
#include "view.h"

#include <stdio.h>
#include <string.h>

#include "format.h"
#include "widget.h"

enum {
    NAME_FROM_WIDTH = 100, /* the program's own name is the first thing that goes */
    SINCE_FROM_WIDTH = 60,
    FRESH_MS = 10000 /* how long a message takes the place of what always has to be said */
};

static struct area area_at(struct canvas *c, struct rect r)
{
    return area_part(area_of(c), r.x, r.y, r.width, r.height);
}

const char *view_target(const struct model *m, char *out, size_t size)
{
    const char *url = m->facts.database, *start = strstr(url, "://");
    char *end;

    start = start == NULL ? url : start + 3;
    if (m->facts.driver == HG_SQLITE && start[0] == '/')
        start++;
    snprintf(out, size, "%s", start);
    if ((end = strchr(out, '?')) != NULL)
        *end = '\0';
    if ((end = strstr(out, ":***@")) != NULL)
        memmove(end, end + 4, strlen(end + 4) + 1);
    return out;
}

/* Engine and version, or since when nothing is heard. */
static enum role server_state(const struct model *m, char *out, size_t size)
{
    const hg_readiness *known = m->known == NULL ? NULL : m->known->readiness;
    const char *engine = m->facts.driver == HG_SQLITE ? "SQLite" : "PostgreSQL";
    char since[FORMAT_ROOM];

    if (model_db_answers(m)) {
        snprintf(out, size, "%s%s%s", engine, known == NULL ? "" : " ",
                 known == NULL ? "" : known->server_version);
        return ROLE_TEXT;
    }
    if (m->known_wall_ms == 0 || m->width < SINCE_FROM_WIDTH)
        snprintf(out, size, "NO ANSWER");
    else
        snprintf(out, size, "NO ANSWER since %s", format_moment(m->known_wall_ms, since));
    return ROLE_FAIL;
}

static enum role env_role(const struct model *m)
{
    if (m->facts.production)
        return ROLE_ENV_PROD;
    return strcmp(m->facts.env, "development") == 0 ? ROLE_ENV_DEV : ROLE_ENV_OTHER;
}

/* The right end of the header, built from the right: clock, write state, server. */
static int header_right(const struct model *m, struct area a, enum role bar)
{
    char clock[FORMAT_ROOM], text[64], server[64];
    enum role server_role = server_state(m, server, sizeof server);
    int end = a.width - 1;

    snprintf(text, sizeof text, a.width < SINCE_FROM_WIDTH ? "%sZ" : "%s UTC",
             format_clock(m->wall_ms, clock));
    end = area_put_right(a, end, 0, bar, text) - 2;
    if (m->facts.read_only)
        end = area_put_right(a, end, 0, bar, "READ-ONLY") - 2;
    if (a.width >= SINCE_FROM_WIDTH || server_role == ROLE_FAIL)
        end = area_put_right(a, end, 0, server_role == ROLE_FAIL ? ROLE_FAIL : bar, server) - 2;
    return end;
}

static void draw_header(const struct model *m, struct area a)
{
    enum role bar = m->facts.production ? ROLE_ENV_PROD : ROLE_BAR;
    char env[40], target[sizeof m->facts.database], upper[sizeof m->facts.env];
    int x = 1, end;

    area_fill(a, bar);
    end = header_right(m, a, bar);
    snprintf(upper, sizeof upper, "%s", m->facts.env);
    for (char *s = upper; m->facts.production && *s != '\0'; s++)
        *s = *s >= 'a' && *s <= 'z' ? (char)(*s - 'a' + 'A') : *s;
    snprintf(env, sizeof env, "[%s]", upper);
    if (a.width >= NAME_FROM_WIDTH)
        x += area_put(a, x, 0, bar, "headgate") + 2;
    x += area_put_cut(a, x, 0, end - x, env_role(m), env) + 2;
    view_target(m, target, sizeof target);
    if (shown_width(target) > end - x) /* the name says more than half a host */
        x += area_put_cut(a, x, 0, end - x, bar, m->facts.database_name) + 2;
    area_put_cut(a, x, 0, end - x, bar, target);
}

/* What stands in the message line when there is nothing new to say. */
static void draw_standing(const struct model *m, struct area a, enum form form)
{
    if (m->facts.prod_url_missing)
        area_put_cut(a, 1, 0, a.width - 2, ROLE_WARN,
                     "DATABASE_URL_PROD is not set: this is the database of DATABASE_URL");
    else if (form == FORM_SMALL && model_page(m) == PAGE_OVERVIEW)
        area_put_cut(a, 1, 0, a.width - 2, ROLE_DIM, "Tab shows the other panes; 80x24 all");
}

static void draw_message(const struct model *m, struct area a, enum form form)
{
    const struct note *note = model_note(m, 0);
    char when[FORMAT_ROOM];
    int x = 1;

    if (note == NULL || (form == FORM_SMALL && m->wall_ms - note->wall_ms >= FRESH_MS)) {
        draw_standing(m, a, form);
        return;
    }
    if (form != FORM_SMALL)
        x += area_put(a, x, 0, ROLE_DIM, format_moment(note->wall_ms, when)) + 2;
    area_put_cut(a, x, 0, a.width - x - 1, note->role, note->text);
}

/* As many hints as fit, in the order of the key table; what cannot be done now is dim. */
static void draw_hints(const struct model *m, struct area a)
{
    enum context context = model_context(m);
    size_t count;
    const struct key_row *row = keys_rows(&count);
    int x = 1;

    for (; count > 0; count--, row++) {
        bool refused = model_refusal(m, row->command) != NULL;
        int width = (int)(strlen(row->name) + strlen(row->hint)) + 1;

        if ((row->contexts & context) == 0 || row->hint[0] == '\0' || x + width >= a.width)
            continue;
        x += area_put(a, x, 0, refused ? ROLE_DIM : ROLE_KEY, row->name) + 1;
        x += area_put(a, x, 0, refused ? ROLE_DIM : ROLE_KEY_HINT, row->hint) + 2;
    }
}

/* Pages of text: how they are titled and what is in them. */
static void help_title(const struct model *m, struct page_title *out)
{
    (void)m;
    *out = (struct page_title){.title = "HELP", .subject = "every key, by what it is for"};
}

static void log_title(const struct model *m, struct page_title *out)
{
    *out = (struct page_title){.title = "LOG", .subject = "newest first"};
    snprintf(out->note, sizeof out->note, "%zu since start", m->note_count);
}

static const struct page_view {
    void (*title)(const struct model *m, struct page_title *out);
    void (*fill)(const struct model *m, struct document *d);
} page_views[] = {
    [PAGE_DETAIL] = {view_detail_title, view_detail},
    [PAGE_HELP] = {help_title, view_help},
    [PAGE_LOG] = {log_title, view_log},
    [PAGE_PLAN] = {view_change_title, view_plan},
    [PAGE_RUN] = {view_change_title, view_run},
};

/* The lines of a page, below its title and above its question. */
static struct area page_text(const struct model *m, struct area body)
{
    int above = 1 + view_gauge_rows(m);

    return area_part(body, 2, above, body.width - 4, body.height - above - view_question_rows(m));
}

static size_t page_top(const struct model *m, size_t lines, size_t shown)
{
    size_t top = m->pages[m->page_depth].top;

    if (model_page(m) == PAGE_RUN && m->change.running && m->change.step > shown / 2)
        top = m->change.step - shown / 2;
    return lines <= shown ? 0 : top > lines - shown ? lines - shown : top;
}

static void draw_page(const struct model *m, struct area body)
{
    const struct page_view *page = &page_views[model_page(m)];
    struct area text = page_text(m, body);
    size_t shown = (size_t)text.height;
    struct page_title title = {.title = ""};
    struct document d;
    struct rule rule;
    size_t top;

    document_init(&d, text.width);
    page->title(m, &title);
    page->fill(m, &d);
    top = page_top(m, d.lines.count, shown);
    if (d.lines.count > shown && title.note[0] == '\0')
        snprintf(title.note, sizeof title.note, "%zu%s%zu of %zu", top + 1,
                 glyph(m->utf8, GLYPH_DASH), top + shown, d.lines.count);
    rule = (struct rule){.title = title.title,
                         .subject = title.subject,
                         .note = title.note,
                         .note_role = title.note_role == ROLE_TEXT ? ROLE_DIM : title.note_role,
                         .focused = true,
                         .production = m->facts.production};
    widget_rule(body, 0, &rule);
    document_draw(&d, text, top);
    document_release(&d);
    if (view_gauge_rows(m) > 0)
        view_gauge(m, area_rows(body, 1, 1));
    if (view_question_rows(m) > 0)
        view_question(m, area_rows(body, body.height - view_question_rows(m), body.height));
}

size_t view_page_lines(const struct model *m, size_t *out_shown)
{
    struct layout layout;
    struct document d;
    size_t lines;
    int height;

    model_layout(m, &layout);
    height = layout.body.height - 1 - view_gauge_rows(m) - view_question_rows(m);
    *out_shown = height < 0 ? 0 : (size_t)height;
    if (model_page(m) == PAGE_OVERVIEW)
        return 0;
    document_init(&d, layout.body.width - 4);
    page_views[model_page(m)].fill(m, &d);
    lines = d.lines.count;
    document_release(&d);
    return lines;
}

void view(const struct model *m, struct canvas *c)
{
    struct layout layout;

    canvas_clear(c);
    model_layout(m, &layout);
    if (layout.form == FORM_LINE) {
        view_line(m, area_of(c));
        return;
    }
    draw_header(m, area_at(c, layout.header));
    if (model_page(m) == PAGE_OVERVIEW)
        view_overview(m, area_at(c, layout.body), &layout);
    else
        draw_page(m, area_at(c, layout.body));
    draw_message(m, area_at(c, layout.message), layout.form);
    draw_hints(m, area_at(c, layout.hints));
}
