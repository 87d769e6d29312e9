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

    if (last < 0)
        return;
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

/* Where a key leads from row or line `at`, when `shown` are in view. */
static int64_t moved(enum command command, int64_t at, size_t shown)
{
    int64_t page = shown > 1 ? (int64_t)shown - 1 : 1;

    switch (command) {
    case COMMAND_UP:
        return at - 1;
    case COMMAND_DOWN:
        return at + 1;
    case COMMAND_PAGE_UP:
        return at - page;
    case COMMAND_PAGE_DOWN:
        return at + page;
    case COMMAND_FIRST:
        return 0;
    default:
        return INT32_MAX;
    }
}

/* Moves the selection of the focused pane, or a page's text. */
static void move(struct model *m, enum command command, struct effects *effects)
{
    struct layout layout;
    size_t shown = 0;

    (void)effects;
    if (model_page(m) == PAGE_OVERVIEW) {
        model_layout(m, &layout);
        shown = layout_list_rows(&layout, m->focus);
        select_row(m, moved(command, (int64_t)m->selected[m->focus].index, shown));
    } else {
        view_page_lines(m, &shown);
        scroll_page(m, moved(command, (int64_t)m->pages[m->page_depth].top, shown));
    }
}

static void focus(struct model *m, enum command command, struct effects *effects)
{
    int by = command == COMMAND_NEXT_PANE ? 1 : PANE_COUNT - 1;

    (void)effects;
    m->focus = (enum pane)(((int)m->focus + by) % PANE_COUNT);
    follow_all(m);
}

static void open_page(struct model *m, enum command command, struct effects *effects)
{
    (void)effects;
    if (command != COMMAND_OPEN)
        page_open(m, command == COMMAND_HELP ? PAGE_HELP : PAGE_LOG);
    else if (model_rows(m, m->focus) > 0)
        page_open(m, PAGE_DETAIL);
}

static void start(struct model *m, struct feed *feed, enum job_kind kind, struct effects *effects)
{
    if (feed->asked_ms != 0)
        return;
    feed->asked_ms = m->now_ms;
    effect_add(effects, (struct effect){.kind = EFFECT_START, .request = {.kind = kind}});
}

static void refresh(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    start(m, &m->pools_feed, JOB_POOLS, effects);
    start(m, &m->status_feed, JOB_STATUS, effects);
}

static void run_checks(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    m->checks_asked = true;
    m->focus = PANE_CHECKS;
    m->page_depth = 0;
    note_add(m, ROLE_INFO, "running the readiness checks");
    start(m, &m->status_feed, JOB_STATUS, effects);
    follow_all(m);
}

static void sort_next(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    (void)effects;
    m->sort = (m->sort + 1) % SORTS;
    note_add(m, ROLE_INFO, "connections: %s", model_sort_name(m));
    follow_all(m);
}

static void quit(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    if (m->change.running)
        change_stop(m, ASK_QUIT);
    else
        effect_add(effects, (struct effect){.kind = EFFECT_QUIT});
}

static void back(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    if (m->ask != ASK_NOTHING)
        m->ask = ASK_NOTHING;
    else if (model_page(m) == PAGE_PLAN)
        change_leave(m, effects);
    else
        page_close(m, model_page(m));
}

static void interrupt(struct model *m, enum command command, struct effects *effects)
{
    if (m->ask == ASK_NOTHING && m->change.running)
        change_stop(m, ASK_STOP);
    else if (m->ask == ASK_NOTHING && model_page(m) == PAGE_PLAN)
        change_leave(m, effects);
    else
        quit(m, command, effects);
}

static void change(struct model *m, enum command command, struct effects *effects)
{
    change_ask(m,
               command == COMMAND_APPLY       ? HG_MIGRATE_UP
               : command == COMMAND_ROLL_BACK ? HG_MIGRATE_DOWN
                                              : HG_MIGRATE_RESET,
               effects);
}

static void yes(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    if (m->ask != ASK_NOTHING)
        change_stop_yes(m, effects);
    else
        change_yes(m, effects);
}

static void stop(struct model *m, enum command command, struct effects *effects)
{
    (void)command;
    (void)effects;
    change_stop(m, ASK_STOP);
}

/* What only the world can do. */
static void ask_world(struct model *m, enum command command, struct effects *effects)
{
    (void)m;
    effect_add(effects, (struct effect){.kind = command == COMMAND_THEME    ? EFFECT_THEME
                                                : command == COMMAND_REDRAW ? EFFECT_REDRAW
                                                                            : EFFECT_SUSPEND});
}

typedef void carry_out(struct model *m, enum command command, struct effects *effects);

/* clang-format off */
static carry_out *const commands[COMMAND_COUNT] = {
    [COMMAND_UP] = move,          [COMMAND_DOWN] = move,
    [COMMAND_PAGE_UP] = move,     [COMMAND_PAGE_DOWN] = move,
    [COMMAND_FIRST] = move,       [COMMAND_LAST] = move,
    [COMMAND_NEXT_PANE] = focus,  [COMMAND_PREVIOUS_PANE] = focus,
    [COMMAND_OPEN] = open_page,   [COMMAND_HELP] = open_page,
    [COMMAND_LOG] = open_page,    [COMMAND_BACK] = back,
    [COMMAND_SORT] = sort_next,   [COMMAND_REFRESH] = refresh,
    [COMMAND_CHECKS] = run_checks,
    [COMMAND_APPLY] = change,     [COMMAND_ROLL_BACK] = change,
    [COMMAND_RESET] = change,     [COMMAND_YES] = yes,
    [COMMAND_STOP] = stop,        [COMMAND_INTERRUPT] = interrupt,
    [COMMAND_QUIT] = quit,        [COMMAND_THEME] = ask_world,
    [COMMAND_REDRAW] = ask_world, [COMMAND_SUSPEND] = ask_world,
};
/* clang-format on */

static void take_key(struct model *m, uint32_t key, struct effects *effects)
{
    enum command command = keys_find(model_context(m), key);
    const char *refusal = command == COMMAND_NONE ? NULL : model_refusal(m, command);

    if (refusal != NULL)
        note_add(m, ROLE_WARN, "%s: %s", keys_row(command)->hint, refusal);
    else if (command != COMMAND_NONE)
        commands[command](m, command, effects);
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
