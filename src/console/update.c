/*
 * update.c - keys, ticks and sizes.
 */
#include "update.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "view.h"
#include "widget.h"

void effect_add(struct effects *effects, struct effect effect)
{
    assert(effects->count < EFFECTS_MAX);
    effects->items[effects->count++] = effect;
}

void note_add(struct model *m, enum role role, const char *format, ...)
{
    struct note *note = &m->notes[m->note_count++ % NOTES];
    va_list args;

    note->wall_ms = m->wall_ms;
    note->role = role;
    va_start(args, format);
    vsnprintf(note->text, sizeof note->text, format, args);
    va_end(args);
}

void page_open(struct model *m, enum page page)
{
    if (model_page(m) == page)
        return;
    assert(m->page_depth + 1 < sizeof m->pages / sizeof *m->pages);
    m->pages[++m->page_depth] = (struct page_entry){.page = page};
}

void page_close(struct model *m, enum page page)
{
    for (size_t i = 1; i <= m->page_depth; i++)
        if (m->pages[i].page == page)
            m->page_depth = i - 1;
}

static size_t newest_migration(const hg_history *history)
{
    for (size_t i = 0; i < history->revision_count; i++)
        if (history->revisions[i].state == HG_REVISION_PENDING)
            return i;
    return history->revision_count - 1;
}

static size_t worst_check(const hg_readiness *readiness)
{
    for (size_t i = 0; i < readiness->check_count; i++)
        if (readiness->checks[i].status == readiness->status)
            return i;
    return 0;
}

/* Where an untouched selection goes: among the migrations to the first that is pending, or else to
 * the newest; among the checks to the worst; elsewhere to the first row. There are rows. */
static size_t news_row(const struct model *m, enum pane pane)
{
    if (pane == PANE_MIGRATIONS)
        return newest_migration(model_history(m));
    return pane == PANE_CHECKS ? worst_check(model_readiness(m)) : 0;
}

static size_t find_row(const struct model *m, enum pane pane, const char *key, size_t rows)
{
    char other[sizeof m->selected[0].key];

    for (size_t i = 0; i < rows; i++) {
        model_row_key(m, pane, i, other, sizeof other);
        if (strcmp(other, key) == 0)
            return i;
    }
    return rows;
}

/* The selection stays on its row; when the row is gone, on its place. */
void selection_follow(struct model *m, enum pane pane)
{
    struct selection *s = &m->selected[pane];
    size_t rows = model_rows(m, pane), row = rows;
    struct layout layout;

    if (rows == 0) {
        s->index = s->top = 0;
        return;
    }
    if (!s->touched && pane != PANE_POOLS)
        row = news_row(m, pane);
    else if (s->key[0] != '\0')
        row = find_row(m, pane, s->key, rows);
    if (row == rows)
        row = s->index < rows ? s->index : rows - 1;
    s->index = row;
    model_row_key(m, pane, row, s->key, sizeof s->key);
    model_layout(m, &layout);
    s->top = widget_top(!s->touched && pane == PANE_MIGRATIONS ? rows : s->top, row, rows,
                        layout_list_rows(&layout, pane));
}

static void follow_all(struct model *m)
{
    for (int pane = 0; pane < PANE_COUNT; pane++)
        selection_follow(m, (enum pane)pane);
}

static void select_row(struct model *m, int64_t row)
{
    struct selection *s = &m->selected[m->focus];
    int64_t last = (int64_t)model_rows(m, m->focus) - 1;

    row = row > last ? last : row;
    s->index = row < 0 ? 0 : (size_t)row;
    s->touched = true;
    model_row_key(m, m->focus, s->index, s->key, sizeof s->key);
    if (m->focus == PANE_POOLS)
        m->selected[PANE_CONNECTIONS] = (struct selection){.key = ""};
    follow_all(m);
}

static void scroll_page(struct model *m, int64_t top)
{
    size_t shown = 0, lines = view_page_lines(m, &shown);
    int64_t last = lines > shown ? (int64_t)(lines - shown) : 0;

    top = top > last ? last : top;
    m->pages[m->page_depth].top = top < 0 ? 0 : (size_t)top;
}

/* Moves the selection of the focused pane, or a page's text. */
static void move(struct model *m, enum command command)
{
    bool list = model_page(m) == PAGE_OVERVIEW;
    size_t shown = 0;
    struct layout layout;
    int64_t at, page;

    if (list) {
        model_layout(m, &layout);
        shown = layout_list_rows(&layout, m->focus);
        at = (int64_t)m->selected[m->focus].index;
    } else {
        view_page_lines(m, &shown);
        at = (int64_t)m->pages[m->page_depth].top;
    }
    page = shown > 1 ? (int64_t)shown - 1 : 1;
    at = command == COMMAND_UP          ? at - 1
         : command == COMMAND_DOWN      ? at + 1
         : command == COMMAND_PAGE_UP   ? at - page
         : command == COMMAND_PAGE_DOWN ? at + page
         : command == COMMAND_FIRST     ? 0
                                        : INT32_MAX;
    if (list)
        select_row(m, at);
    else
        scroll_page(m, at);
}

static void focus_move(struct model *m, int by)
{
    m->focus = (enum pane)(((int)m->focus + PANE_COUNT + by) % PANE_COUNT);
    follow_all(m);
}

static void start(struct model *m, struct feed *feed, enum job_kind kind, struct effects *effects)
{
    if (feed->asked_ms != 0)
        return;
    feed->asked_ms = m->now_ms;
    effect_add(effects, (struct effect){.kind = EFFECT_START, .request = {.kind = kind}});
}

static void refresh(struct model *m, struct effects *effects)
{
    start(m, &m->pools_feed, JOB_POOLS, effects);
    start(m, &m->status_feed, JOB_STATUS, effects);
}

static void run_checks(struct model *m, struct effects *effects)
{
    m->checks_asked = true;
    m->focus = PANE_CHECKS;
    m->page_depth = 0;
    note_add(m, ROLE_INFO, "running the readiness checks");
    start(m, &m->status_feed, JOB_STATUS, effects);
    follow_all(m);
}

static void quit(struct model *m, struct effects *effects)
{
    if (m->change.running)
        change_stop(m, ASK_QUIT);
    else
        effect_add(effects, (struct effect){.kind = EFFECT_QUIT});
}

static void back(struct model *m, struct effects *effects)
{
    if (m->ask != ASK_NOTHING)
        m->ask = ASK_NOTHING;
    else if (model_page(m) == PAGE_PLAN)
        change_leave(m, effects);
    else
        page_close(m, model_page(m));
}

static void sort_next(struct model *m)
{
    m->sort = (m->sort + 1) % SORTS;
    note_add(m, ROLE_INFO, "connections: %s", model_sort_name(m));
    follow_all(m);
}

static void interrupt(struct model *m, struct effects *effects)
{
    if (m->ask == ASK_NOTHING && m->change.running)
        change_stop(m, ASK_STOP);
    else if (m->ask == ASK_NOTHING && model_page(m) == PAGE_PLAN)
        change_leave(m, effects);
    else
        quit(m, effects);
}

static void act(struct model *m, enum command command, struct effects *effects)
{
    switch (command) {
    case COMMAND_UP:
    case COMMAND_DOWN:
    case COMMAND_PAGE_UP:
    case COMMAND_PAGE_DOWN:
    case COMMAND_FIRST:
    case COMMAND_LAST:
        move(m, command);
        break;
    case COMMAND_NEXT_PANE:
        focus_move(m, 1);
        break;
    case COMMAND_PREVIOUS_PANE:
        focus_move(m, -1);
        break;
    case COMMAND_OPEN:
        if (model_rows(m, m->focus) > 0)
            page_open(m, PAGE_DETAIL);
        break;
    case COMMAND_BACK:
        back(m, effects);
        break;
    case COMMAND_SORT:
        sort_next(m);
        break;
    case COMMAND_HELP:
        page_open(m, PAGE_HELP);
        break;
    case COMMAND_LOG:
        page_open(m, PAGE_LOG);
        break;
    case COMMAND_CHECKS:
        run_checks(m, effects);
        break;
    case COMMAND_REFRESH:
        refresh(m, effects);
        break;
    case COMMAND_APPLY:
        change_ask(m, HG_MIGRATE_UP, effects);
        break;
    case COMMAND_ROLL_BACK:
        change_ask(m, HG_MIGRATE_DOWN, effects);
        break;
    case COMMAND_RESET:
        change_ask(m, HG_MIGRATE_RESET, effects);
        break;
    case COMMAND_YES:
        if (m->ask != ASK_NOTHING)
            change_stop_yes(m, effects);
        else
            change_yes(m, effects);
        break;
    case COMMAND_STOP:
        change_stop(m, ASK_STOP);
        break;
    case COMMAND_INTERRUPT:
        interrupt(m, effects);
        break;
    case COMMAND_THEME:
        effect_add(effects, (struct effect){.kind = EFFECT_THEME});
        break;
    case COMMAND_REDRAW:
        effect_add(effects, (struct effect){.kind = EFFECT_REDRAW});
        break;
    case COMMAND_SUSPEND:
        effect_add(effects, (struct effect){.kind = EFFECT_SUSPEND});
        break;
    case COMMAND_QUIT:
        quit(m, effects);
        break;
    case COMMAND_NONE:
        break;
    }
}

static void take_key(struct model *m, uint32_t key, struct effects *effects)
{
    enum command command = keys_find(model_context(m), key);
    const char *refusal = command == COMMAND_NONE ? NULL : model_refusal(m, command);

    if (refusal != NULL)
        note_add(m, ROLE_WARN, "%s: %s", keys_row(command)->hint, refusal);
    else if (command != COMMAND_NONE)
        act(m, command, effects);
    else if (model_context(m) == IN_PROMPT)
        change_type(m, key, effects);
}

static void tick(struct model *m, struct effects *effects)
{
    if (m->now_ms >= m->pools_feed.due_ms)
        start(m, &m->pools_feed, JOB_POOLS, effects);
    if (m->now_ms >= m->status_feed.due_ms)
        start(m, &m->status_feed, JOB_STATUS, effects);
}

void update(struct model *m, const struct message *message, struct effects *effects)
{
    effects->count = 0;
    m->now_ms = message->now_ms;
    m->wall_ms = message->wall_ms;
    switch (message->kind) {
    case MSG_TICK:
        break;
    case MSG_KEY:
        take_key(m, message->key, effects);
        break;
    case MSG_RESIZE:
        m->width = message->width;
        m->height = message->height;
        follow_all(m);
        scroll_page(m, (int64_t)m->pages[m->page_depth].top);
        break;
    case MSG_STARTED:
        intake_started(m, message);
        break;
    case MSG_PROGRESS:
        intake_progress(m, message);
        break;
    case MSG_RESULT:
        intake_result(m, message, effects);
        break;
    case MSG_NOTE:
        note_add(m, message->role, "%s", message->text);
        break;
    }
    tick(m, effects);
}
