/*
 * view.c - the frame of every screen: header, message, hints, and the page between them.
 */
#include "view.h"

#include <stdio.h>
#include <string.h>

#include "format.h"
#include "list.h"
#include "palette.h"
#include "widget.h"

enum {
    NAME_FROM_WIDTH = 100, /* the program's own name is the first thing that goes */
    SINCE_FROM_WIDTH = 60,
    COPY_WIDTH = 200, /* of the lines of a page that is copied */
    FRESH_MS = 10000  /* how long a message takes the place of what always has to be said */
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

    if (model_source_frozen(m)) {
        snprintf(out, size, "%s FROZEN", engine);
        return ROLE_WARN;
    }
    if (model_db_answers(m) && model_still_wall_ms(m) != 0) {
        snprintf(out, size, m->width < SINCE_FROM_WIDTH ? "PAUSED" : "PAUSED since %s",
                 format_moment(model_still_wall_ms(m), since));
        return ROLE_WARN;
    }
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

/* Whether changes are possible from here; development needs no word for it. */
static void write_state(const struct model *m, char *out, size_t size)
{
    int64_t left = m->armed_until_ms - m->now_ms;

    out[0] = '\0';
    if (m->facts.read_only)
        snprintf(out, size, "READ-ONLY");
    else if (m->facts.production && left > 0)
        snprintf(out, size, "ARMED %dm", (int)((left + 59999) / 60000));
    else if (m->facts.production && m->width >= SINCE_FROM_WIDTH)
        snprintf(out, size, "guarded");
}

/* The link when it is slow, which explains much, and a pace that is not the usual one. */
static void pace_state(const struct model *m, char *out, size_t size)
{
    static const int steps[] = {10000, 5000, 2000, 1000, 500, 300};
    size_t at = 0;

    out[0] = '\0';
    while (at < sizeof steps / sizeof *steps && steps[at] > m->link_ms)
        at++;
    if (at < sizeof steps / sizeof *steps)
        snprintf(out, size, "link %gs", steps[at] / 1000.0);
    else if (m->refresh_ms != MODEL_REFRESH_MS && m->refresh_ms > 0 && m->width >= NAME_FROM_WIDTH)
        snprintf(out, size, "every %gs", m->refresh_ms / 1000.0);
}

/* The right end of the header, built from the right: clock, pace, write state, server. */
static int header_right(const struct model *m, struct area a, enum role bar)
{
    char clock[FORMAT_ROOM], text[64], server[64];
    enum role server_role = server_state(m, server, sizeof server);
    int end = a.width - 1;

    snprintf(text, sizeof text, a.width < SINCE_FROM_WIDTH ? "%sZ" : "%s UTC",
             format_clock(m->wall_ms, clock));
    end = area_put_right(a, end, 0, bar, text) - 2;
    if (a.width >= SINCE_FROM_WIDTH)
        pace_state(m, text, sizeof text);
    if (a.width >= SINCE_FROM_WIDTH && text[0] != '\0')
        end = area_put_right(a, end, 0, bar, text) - 2;
    write_state(m, text, sizeof text);
    if (text[0] != '\0')
        end = area_put_right(a, end, 0, model_armed(m) ? ROLE_DANGER : bar, text) - 2;
    if (a.width >= SINCE_FROM_WIDTH || server_role == ROLE_FAIL || model_still_wall_ms(m) != 0)
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

static const char *const names[SCREEN_COUNT] = {
    [SCREEN_OVERVIEW] = "Overview", [SCREEN_POOLS] = "Pools",
    [SCREEN_SESSIONS] = "Sessions", [SCREEN_MIGRATIONS] = "Migrations",
    [SCREEN_CHECKS] = "Checks",     [SCREEN_CUTOVER] = "Cutover",
    [SCREEN_LOG] = "Log",
};

const char *view_screen_name(enum screen_id screen)
{
    return names[screen];
}

/* Columns of the tabs; what runs stands behind them. */
static int tabs_room(const struct model *m, int width)
{
    char running[96];

    view_running(m, running, sizeof running);
    return running[0] == '\0' ? width : width - 3 - shown_width(running);
}

/* Columns of a screen's number and, unless it is `brief`, its name. */
static int tab_width(const struct model *m, enum screen_id screen, bool brief)
{
    return brief && screen != m->screen ? 1 : 2 + (int)strlen(names[screen]);
}

/* Where a screen's number stands; -1: there is no room for it. */
static int tab_place(const struct model *m, enum screen_id screen, bool brief, int room)
{
    int x = 1;

    for (int i = 0; i < (int)screen; i++)
        x += tab_width(m, (enum screen_id)i, brief) + 2;
    return x + tab_width(m, screen, brief) > room ? -1 : x;
}

/* The open screen has its name in any case: the others go down to their numbers for it. */
static bool tabs_are_brief(const struct model *m, int room)
{
    return tab_place(m, m->screen, false, room) < 0;
}

bool view_tab_at(const struct model *m, int x, enum screen_id *out)
{
    int room = tabs_room(m, m->width);
    bool brief = tabs_are_brief(m, room);

    for (int i = 0; i < SCREEN_COUNT; i++) {
        int at = tab_place(m, (enum screen_id)i, brief, room);

        if (at >= 0 && x >= at && x < at + tab_width(m, (enum screen_id)i, brief)) {
            *out = (enum screen_id)i;
            return true;
        }
    }
    return false;
}

/* The screens with their keys, and at the right what runs and who started it. */
static void draw_tabs(const struct model *m, struct area a)
{
    int room = tabs_room(m, a.width);
    bool brief = tabs_are_brief(m, room);
    char running[96], number[4];

    view_running(m, running, sizeof running);
    area_put_right(a, a.width - 1, 0, ROLE_STEP_RUN, running);
    for (int screen = 0; screen < SCREEN_COUNT; screen++) {
        bool open = (enum screen_id)screen == m->screen;
        int x = tab_place(m, (enum screen_id)screen, brief, room);

        if (x < 0)
            break;
        if (open) /* with a space at each end */
            area_repeat(a, x - 1, 0, tab_width(m, (enum screen_id)screen, false) + 2, ROLE_TAB_OPEN,
                        " ");
        snprintf(number, sizeof number, open ? "%d " : "%d", screen + 1);
        area_put(a, x, 0, open ? ROLE_TAB_OPEN : ROLE_KEY, number);
        if (open || !brief)
            area_put(a, x + 2, 0, open ? ROLE_TAB_OPEN : ROLE_TAB, names[screen]);
    }
}

/* What stands in the message line when there is nothing new to say. */
static void draw_standing(const struct model *m, struct area a, enum form form)
{
    if (m->facts.prod_url_missing)
        area_put_cut(a, 1, 0, a.width - 2, ROLE_WARN,
                     "DATABASE_URL_PROD is not set: this is the database of DATABASE_URL");
    else if (form == FORM_SMALL && model_page(m) == PAGE_NONE)
        area_put_cut(a, 1, 0, a.width - 2, ROLE_DIM, "1-7 screens, Tab panes; 80x24: more");
}

/* The line that is typed at. */
static void draw_entry(const struct model *m, struct area a)
{
    static const char *const starts[] = {[LINE_FILTER] = "/",
                                         [LINE_SEARCH] = "/",
                                         [LINE_COMMAND] = ":",
                                         [LINE_EXPORT] = "write to "};
    char found[48];
    int x = 1;

    x += area_put(a, x, 0, ROLE_KEY, starts[m->entry.use]);
    x += area_put(a, x, 0, ROLE_INPUT, m->entry.text);
    area_cursor(a, x, 0, true);
    if (m->entry.use != LINE_FILTER)
        return;
    snprintf(found, sizeof found, "%zu of %zu", model_rows(m, model_subject(m)),
             list_of(m, model_subject(m))->count(m));
    if (x + 2 + (int)strlen(found) < a.width)
        area_put_right(a, a.width - 1, 0, ROLE_DIM, found);
}

static void draw_message(const struct model *m, struct area a, enum form form)
{
    const struct note *note = model_note(m, 0);
    char when[FORMAT_ROOM], running[96];
    int x = 1;

    if (m->entry.use != LINE_NONE) {
        draw_entry(m, a);
        return;
    }
    view_running(m, running, sizeof running);
    if (form == FORM_SMALL && running[0] != '\0' && model_page(m) != PAGE_RUN) {
        area_put_cut(a, x, 0, a.width - 2, ROLE_STEP_RUN, running);
        return;
    }

    if (note == NULL || (form == FORM_SMALL && m->wall_ms - note->wall_ms >= FRESH_MS)) {
        draw_standing(m, a, form);
        return;
    }
    if (form != FORM_SMALL)
        x += area_put(a, x, 0, ROLE_DIM, format_moment(note->wall_ms, when)) + 2;
    area_put_cut(a, x, 0, a.width - x - 1, note->role, note->text);
}

/* The words that can stand where a command is being typed, and what the first of them does. */
static void draw_words(const struct model *m, struct area a)
{
    struct palette_word words[PALETTE_WORDS_MAX];
    size_t typed, n = palette_matches(m, m->entry.text, words, &typed);
    int x = 1;

    for (size_t i = 0; i < n && x + shown_width(words[i].name) + 2 < a.width; i++) {
        x += area_put(a, x, 0, i == 0 ? ROLE_KEY : ROLE_DIM, words[i].name) + 1;
        if (n == 1 && words[i].arguments[0] != '\0')
            x += area_put(a, x, 0, ROLE_TEXT, words[i].arguments) + 1;
        x += n == 1 ? 1 : 0;
    }
    if (n == 1)
        area_put_cut(a, x, 0, a.width - x - 1, ROLE_KEY_HINT, words[0].help);
}

static int draw_hint(const struct model *m, struct area a, int x, const struct key_row *row)
{
    bool refused = model_refusal(m, row->command) != NULL;

    if (x + (int)(strlen(row->name) + strlen(row->hint)) + 1 >= a.width)
        return x;
    x += area_put(a, x, 0, refused ? ROLE_DIM : ROLE_KEY, row->name) + 1;
    return x + area_put(a, x, 0, refused ? ROLE_DIM : ROLE_KEY_HINT, row->hint) + 2;
}

static int draw_own_hints(const struct model *m, struct area a, int x)
{
    const struct own_keys *own = &m->facts.own_keys;

    for (size_t i = 0; i < own->count; i++) {
        const struct own_key *key = &own->keys[i];

        if (own_keys_find(own, model_context(m), key->key) == NULL
            || x + shown_width(key->name) + shown_width(key->line) + 1 >= a.width)
            continue;
        x += area_put(a, x, 0, ROLE_KEY, key->name) + 1;
        x += area_put(a, x, 0, ROLE_KEY_HINT, key->line) + 2;
    }
    return x;
}

/* As many hints as fit, in the order of the key table; what cannot be done now is dim. */
static void draw_hints(const struct model *m, struct area a)
{
    enum context context = model_context(m);
    size_t count;
    const struct key_row *rows = keys_rows(&count);
    int x = 1;

    if (m->entry.use == LINE_COMMAND) {
        draw_words(m, a);
        return;
    }
    for (size_t i = 0; i < 2 * count; i++) { /* first the others, then the shy ones */
        const struct key_row *row = &rows[i % count];

        if (i == count)
            x = draw_own_hints(m, a, x);
        if ((row->contexts & context) != 0 && row->hint[0] != '\0' && row->shy == (i >= count))
            x = draw_hint(m, a, x, row);
    }
}

/* Pages of text: how they are titled and what is in them. */
static void help_title(const struct model *m, struct page_title *out)
{
    (void)m;
    *out = (struct page_title){.title = "HELP", .subject = "every key, by what it is for"};
}

static void copy_title(const struct model *m, struct page_title *out)
{
    (void)m;
    *out = (struct page_title){.title = "COPY", .subject = "mark it with the mouse"};
}

static void fill_copy(const struct model *m, struct document *d)
{
    document_text(d, 0, ROLE_TEXT, m->copied == NULL ? "" : m->copied);
}

static const struct page_view {
    void (*title)(const struct model *m, struct page_title *out);
    void (*fill)(const struct model *m, struct document *d);
} page_views[] = {
    [PAGE_DETAIL] = {view_detail_title, view_detail},
    [PAGE_HELP] = {help_title, view_help},
    [PAGE_COPY] = {copy_title, fill_copy},
    [PAGE_PLAN] = {view_change_title, view_plan},
    [PAGE_RUN] = {view_change_title, view_run},
    [PAGE_HOLDER] = {view_holder_title, view_holder},
    [PAGE_DRIFT] = {view_drift_title, view_drift},
    [PAGE_TRANSFER] = {view_transfer_title, view_transfer},
};

/* The lines of a page, below its title and above its question. */
static struct area page_text(const struct model *m, struct area body)
{
    int above = 1 + view_gauge_rows(m);

    return area_part(body, 2, above, body.width - 4, body.height - above - view_question_rows(m));
}

size_t view_page_top(const struct model *m, size_t lines, size_t shown)
{
    const struct page_entry *page = &m->pages[m->screen][m->page_depth[m->screen]];
    size_t top = page->top;

    if (page->page == PAGE_RUN && m->change.running && !page->moved && m->change.step > shown / 2)
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
    top = view_page_top(m, d.lines.count, shown);
    if (model_seeking(m)->on)
        title.note_role = view_hits_note(m, &d, title.note, sizeof title.note);
    else if (d.lines.count > shown && title.note[0] == '\0')
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
    if (model_seeking(m)->on)
        view_hits(m, &d, text, top);
    document_release(&d);
    if (view_gauge_rows(m) > 0)
        view_gauge(m, area_rows(body, 1, 1));
    if (view_question_rows(m) > 0)
        view_question(m, area_rows(body, body.height - view_question_rows(m), body.height));
}

/* A question over a screen takes its last rows. */
static void draw_question_over(const struct model *m, struct area body)
{
    struct area rows = area_rows(body, body.height - view_question_rows(m), view_question_rows(m));

    area_fill(rows, ROLE_TEXT);
    view_question(m, rows);
}

void view_text(const struct model *m, struct document *d, size_t *out_shown)
{
    bool page = model_page(m) != PAGE_NONE;
    struct layout layout;
    int height;

    model_layout(m, &layout);
    height = page ? layout.body.height - 1 - view_gauge_rows(m) - view_question_rows(m)
                  : layout.panes[PANE_DETAIL].height - 1;
    *out_shown = height < 0 ? 0 : (size_t)height;
    document_init(d, page ? layout.body.width - 4 : layout.panes[PANE_DETAIL].width - 3);
    if (page)
        page_views[model_page(m)].fill(m, d);
    else
        view_detail(m, d);
}

size_t view_text_lines(const struct model *m, size_t *out_shown)
{
    struct document d;
    size_t lines;

    view_text(m, &d, out_shown);
    lines = d.lines.count;
    document_release(&d);
    return lines;
}

void view_page_title(const struct model *m, struct page_title *out)
{
    page_views[model_page(m)].title(m, out);
}

void view_page_text(const struct model *m, struct buf *out)
{
    struct document d;
    const struct line *line;

    document_init(&d, COPY_WIDTH);
    page_views[model_page(m)].fill(m, &d);
    VEC_EACH (&d.lines, line) {
        const char *label = line->label == NULL ? "" : line->label;
        int gap = label[0] == '\0' ? line->indent : line->indent - (int)strlen(label);

        buf_printf(out, "%s%*s%s\n", label, gap < 0 ? 0 : gap, "", line->text);
    }
    document_release(&d);
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
    if (layout.tabs.height > 0)
        draw_tabs(m, area_at(c, layout.tabs));
    if (model_page(m) != PAGE_NONE)
        draw_page(m, area_at(c, layout.body));
    else
        view_panes(m, area_of(c), &layout);
    if (model_page(m) == PAGE_NONE && view_question_rows(m) > 0)
        draw_question_over(m, area_at(c, layout.body));
    draw_message(m, area_at(c, layout.message), layout.form);
    draw_hints(m, area_at(c, layout.hints));
}
