/*
 * moving.c - from screen to screen, pane to pane and row to row. What is selected stays selected.
 */
#include <string.h>

#include "list.h"
#include "update.h"
#include "view.h"
#include "widget.h"

static size_t newest_migration(const hg_history *history)
{
    for (size_t i = 0; i < history->revision_count; i++)
        if (history->revisions[i].state == HG_REVISION_PENDING)
            return i;
    return history->revision_count - 1;
}

/* By how bad it is to come out so. */
static size_t worst_check(const struct model *m)
{
    size_t worst = 0;

    for (size_t i = 1; i < model_check_count(m); i++)
        if (model_check(m, i)->status > model_check(m, worst)->status)
            worst = i;
    return worst;
}

/* The row that a number of all rows is shown as; the first when it is not shown. */
static size_t shown_as(const struct model *m, enum pane list, size_t row)
{
    for (size_t i = 0; i < model_rows(m, list); i++)
        if (model_row(m, list, i) == row)
            return i;
    return 0;
}

/* Where an untouched selection goes: among the migrations to the first that is pending, or else to
 * the newest; among the checks to the worst; among the steps of a cutover to the one that comes
 * next; elsewhere to the first row. There are rows. */
static size_t news_row(const struct model *m, enum pane list)
{
    if (list == PANE_MIGRATIONS)
        return shown_as(m, list, newest_migration(model_history(m)));
    if (list == PANE_STEPS)
        return shown_as(m, list, model_cutover(m)->at);
    return list == PANE_CHECKS ? shown_as(m, list, worst_check(m)) : 0;
}

static bool has_key(const struct model *m, enum pane list, size_t index, const char *key)
{
    char other[sizeof m->lists[0].key];

    list_of(m, list)->key(m, model_row(m, list, index), other, sizeof other);
    return strcmp(other, key) == 0;
}

/* Where the row with this key is shown, most likely where it was. */
static size_t find_row(const struct model *m, enum pane list, const struct looking *l)
{
    size_t rows = model_rows(m, list);

    if (l->index < rows && has_key(m, list, l->index, l->key))
        return l->index;
    for (size_t i = 0; i < rows; i++)
        if (has_key(m, list, i, l->key))
            return i;
    return rows;
}

static void select_index(struct model *m, enum pane list, size_t index)
{
    struct looking *l = &m->lists[list];
    char before[sizeof l->key];

    memcpy(before, l->key, sizeof before);
    l->index = index;
    list_of(m, list)->key(m, model_row(m, list, index), l->key, sizeof l->key);
    if (strcmp(before, l->key) != 0 && model_subject(m) == list) {
        m->detail_top[m->screen] = 0;
        m->detail_seeking[m->screen].line = SIZE_MAX;
    }
}

/* The selection stays on its row; when the row is gone, on its place. */
void selection_follow(struct model *m, enum pane list)
{
    struct looking *l = &m->lists[list];
    size_t rows = model_rows(m, list), index = rows;
    struct layout layout;

    if (rows == 0) {
        l->index = l->top = 0;
        return;
    }
    if (!l->touched && list != PANE_POOLS)
        index = news_row(m, list);
    else if (l->key[0] != '\0')
        index = find_row(m, list, l);
    if (index == rows)
        index = l->index < rows ? l->index : rows - 1;
    select_index(m, list, index);
    model_layout(m, &layout);
    l->top = widget_top(!l->touched && list == PANE_MIGRATIONS ? rows : l->top, index, rows,
                        layout_list_rows(&layout, list));
}

void list_refresh(struct model *m, enum pane list)
{
    list_arrange(m, list);
    selection_follow(m, list);
}

static void follow_all(struct model *m)
{
    for (int list = 0; list < LISTS; list++)
        selection_follow(m, (enum pane)list);
}

void select_row(struct model *m, enum pane list, int64_t index)
{
    int64_t last = (int64_t)model_rows(m, list) - 1;

    if (last < 0)
        return;
    index = index > last ? last : index;
    m->lists[list].touched = true;
    select_index(m, list, index < 0 ? 0 : (size_t)index);
    if (list == PANE_POOLS) {
        struct looking *connections = &m->lists[PANE_CONNECTIONS];

        connections->key[0] = '\0';
        connections->index = connections->top = 0;
        connections->touched = false;
        list_refresh(m, PANE_CONNECTIONS);
    }
    selection_follow(m, list); /* the others stand where they stood: a key costs the same in lists
                                  of any length */
}

static int64_t within(int64_t top, size_t lines, size_t shown)
{
    int64_t last = lines > shown ? (int64_t)(lines - shown) : 0;

    top = top > last ? last : top;
    return top < 0 ? 0 : top;
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

static void move_detail(struct model *m, enum command command)
{
    size_t shown, lines = view_text_lines(m, &shown);
    int64_t top = moved(command, (int64_t)m->detail_top[m->screen], shown);

    m->detail_top[m->screen] = (size_t)within(top, lines, shown);
}

/* Whoever goes to the end of a run follows it again. */
static void move_page(struct model *m, enum command command)
{
    struct page_entry *page = model_page_entry(m);
    size_t shown = 0, lines = view_text_lines(m, &shown);
    int64_t top = (int64_t)view_page_top(m, lines, shown);

    page->top = (size_t)within(moved(command, top, shown), lines, shown);
    page->moved = command != COMMAND_LAST;
}

void move_by(struct model *m, enum command command)
{
    enum pane focus = model_focus(m);
    struct layout layout;
    size_t shown = 0;

    if (model_page(m) != PAGE_NONE) {
        move_page(m, command);
    } else if (focus == PANE_DETAIL) {
        move_detail(m, command);
    } else {
        model_layout(m, &layout);
        shown = layout_list_rows(&layout, focus);
        select_row(m, focus, moved(command, (int64_t)m->lists[focus].index, shown));
    }
}

void focus_pane(struct model *m, enum pane pane)
{
    m->focus[m->screen] = pane;
    if (pane < LISTS)
        m->subject[m->screen] = pane;
    follow_all(m);
}

void zoom_pane(struct model *m, bool zoomed)
{
    m->zoomed[m->screen] = zoomed;
    follow_all(m);
}

void move_to_pane(struct model *m, int by)
{
    enum pane order[PANE_COUNT];
    struct layout layout;
    size_t n, at = 0;

    model_layout(m, &layout);
    n = layout_tab_order(m->screen, &layout, order);
    while (at < n - 1 && order[at] != model_focus(m))
        at++;
    focus_pane(m, order[(at + n + (size_t)(by + (int)n)) % n]);
}

/* After a change of the size the focus may stand in a pane that has no room any more. */
static void focus_what_is_there(struct model *m)
{
    struct layout layout;

    model_layout(m, &layout);
    if (model_focus(m) == PANE_DETAIL && !layout.detail)
        m->focus[m->screen] = model_subject(m);
    if (m->screen == SCREEN_CUTOVER && !layout.journal)
        m->focus[m->screen] = m->subject[m->screen] = PANE_STEPS;
}

void screen_open(struct model *m, enum screen_id screen)
{
    m->screen = screen;
    list_arrange(m, PANE_CHECKS); /* they are others on their own screen */
    focus_what_is_there(m);
    follow_all(m);
    if (model_page(m) != PAGE_NONE) { /* it may have become shorter meanwhile */
        size_t shown, lines = view_text_lines(m, &shown);

        model_page_entry(m)->top = (size_t)within((int64_t)model_page_entry(m)->top, lines, shown);
    }
}
