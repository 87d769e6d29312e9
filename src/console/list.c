/*
 * list.c - the table of lists; their order and their filter.
 */
#include "list.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"

static const struct list *const lists[LISTS] = {
    [PANE_POOLS] = &list_pools,       [PANE_CONNECTIONS] = &list_connections,
    [PANE_SESSIONS] = &list_sessions, [PANE_MIGRATIONS] = &list_migrations,
    [PANE_CHECKS] = &list_checks,     [PANE_STEPS] = &list_steps,
    [PANE_JOURNAL] = &list_journal,   [PANE_LOG] = &list_log,
};

const struct list *list_of(const struct model *m, enum pane pane)
{
    if (pane == PANE_SESSIONS && m->facts.driver == HG_SQLITE)
        return &list_files;
    if (pane == PANE_CHECKS && !model_smoked(m))
        return &list_readiness;
    return lists[pane];
}

void list_field(struct document *d, const char *label, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    document_field(d, label, text);
}

/* --- filter: words that some cell of a row has to hold, or with ! must not --- */

static bool some_cell_has(const struct model *m, const struct list *list, size_t row,
                          const char *word)
{
    for (size_t column = 0; column < list->column_count; column++) {
        struct table_cell cell = {.text = ""};

        list->cell(m, row, column, &cell);
        if (strcasestr(cell.text, word) != NULL)
            return true;
    }
    return false;
}

static bool passes(const struct model *m, const struct list *list, size_t row, const char *filter)
{
    char words[sizeof m->lists[0].filter], *rest = words;
    const char *word;

    snprintf(words, sizeof words, "%s", filter);
    while ((word = strsep(&rest, " ")) != NULL) {
        bool without = word[0] == '!';

        if (word[without] != '\0' && some_cell_has(m, list, row, word + without) == without)
            return false;
    }
    return true;
}

bool list_passes(const struct model *m, enum pane pane, size_t row, const char *filter)
{
    return passes(m, list_of(m, pane), row, filter);
}

/* --- order --- */

struct ordering {
    const struct model *m;
    const struct list *list;
    int column;
    bool descends;
};

static int compare_values(struct sort_value a, struct sort_value b)
{
    if (a.text != NULL && b.text != NULL)
        return strcasecmp(a.text, b.text);
    return (a.number > b.number) - (a.number < b.number);
}

static int compare_rows(const void *a, const void *b, void *context)
{
    const struct ordering *o = context;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int difference = compare_values(o->list->value(o->m, x, (size_t)o->column),
                                    o->list->value(o->m, y, (size_t)o->column));

    if (difference != 0)
        return o->descends ? -difference : difference;
    return (x > y) - (x < y);
}

bool list_descends(const struct list *list, const struct looking *looking)
{
    bool numbers = looking->order >= 0 && list->columns[looking->order].right;

    return numbers != looking->reversed;
}

int list_next_order(const struct list *list, int order)
{
    for (int column = order + 1; column < (int)list->column_count; column++)
        if (list->columns[column].sorts)
            return column;
    return LIST_AS_IT_COMES;
}

static void turn_round(uint32_t *rows, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        uint32_t kept = rows[i];

        rows[i] = rows[count - 1 - i];
        rows[count - 1 - i] = kept;
    }
}

static bool has_room(struct looking *looking, size_t count)
{
    uint32_t *rows;

    if (looking->room >= count)
        return true;
    rows = alloc_resize(looking->rows, count, sizeof *rows);
    if (rows == NULL)
        return false;
    looking->rows = rows;
    looking->room = count;
    return true;
}

/* Rows that pass the filter; of a list that is not sorted those that stand behind come last. */
static void choose_rows(const struct model *m, const struct list *list, struct looking *looking,
                        size_t count)
{
    bool apart = list->behind != NULL && looking->order < 0;

    looking->count = 0;
    for (int behind = 0; behind <= (apart ? 1 : 0); behind++)
        for (size_t row = 0; row < count; row++)
            if ((!apart || list->behind(m, row) == (behind == 1))
                && (looking->filter[0] == '\0' || passes(m, list, row, looking->filter)))
                looking->rows[looking->count++] = (uint32_t)row;
}

void list_arrange(struct model *m, enum pane pane)
{
    const struct list *list = list_of(m, pane);
    struct looking *looking = &m->lists[pane];
    struct ordering ordering = {m, list, looking->order, list_descends(list, looking)};
    size_t count = list->count(m);

    if (!has_room(looking, count)) { /* shown as they come, rather than not at all */
        alloc_free(looking->rows);
        looking->rows = NULL;
        looking->room = 0;
        looking->count = count;
        return;
    }
    choose_rows(m, list, looking, count);
    if (looking->order >= 0 && looking->count > 1)
        qsort_r(looking->rows, looking->count, sizeof *looking->rows, compare_rows, &ordering);
    else if (looking->reversed)
        turn_round(looking->rows, looking->count);
}
