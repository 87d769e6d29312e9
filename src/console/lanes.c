/*
 * lanes.c - which lane a revision stands in, and what is drawn beside it.
 *
 * From the first row on: a lane belongs to the revision above that has children to come. A revision
 * takes over the lane of a parent whose last child it is, or else the first free one behind it.
 */
#include "lanes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { NO_LANE = -1 };

struct node {
    size_t children; /* still to come */
    int lane;
};

struct weaving {
    const hg_history *history;
    uint32_t *by_name; /* rows, sorted by revision */
    struct node *nodes;
    size_t open[LANES_MAX]; /* revisions in each lane that have children to come */
    size_t used;
};

/* --- finding a parent --- */

static int compare_names(const void *a, const void *b, void *context)
{
    const hg_history *h = context;

    return strcmp(h->revisions[*(const uint32_t *)a].revision,
                  h->revisions[*(const uint32_t *)b].revision);
}

/* The row of a revision above `before`, or `before` when no such row has it. */
static size_t row_of(const struct weaving *w, const char *name, size_t before)
{
    size_t low = 0, high = w->history->revision_count;

    while (low < high) {
        size_t middle = (low + high) / 2, row = w->by_name[middle];
        int order = strcmp(w->history->revisions[row].revision, name);

        if (order == 0)
            return row < before ? row : before;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return before;
}

/* --- a row --- */

static int free_lane(const struct weaving *w, int from)
{
    for (int lane = from < 0 ? 0 : from; lane < LANES_MAX; lane++)
        if (w->open[lane] == 0)
            return lane;
    for (int lane = 0; lane < from && lane < LANES_MAX; lane++)
        if (w->open[lane] == 0)
            return lane;
    return LANES_MAX - 1;
}

static void connect(struct lane_row *row, int a, int b)
{
    int left = a < b ? a : b, right = a < b ? b : a;

    if (left == right)
        return;
    row->cells[left] |= LANE_RIGHT;
    row->cells[right] |= LANE_LEFT;
    for (int lane = left + 1; lane < right; lane++)
        row->cells[lane] |= LANE_LEFT | LANE_RIGHT | LANE_CROSSED;
}

/* The lane that a revision goes on in: that of the leftmost parent that has no other child to come.
 * The parents' children are counted down. */
static int choose_lane(struct weaving *w, size_t row)
{
    const hg_revision *r = &w->history->revisions[row];
    int taken = NO_LANE, beside = NO_LANE;

    for (size_t i = 0; i < r->revises_count; i++) {
        size_t parent = row_of(w, r->revises[i], row);
        struct node *node = &w->nodes[parent];

        if (parent == row)
            continue;
        if (--node->children == 0) {
            w->open[node->lane]--;
            if (taken == NO_LANE || node->lane < taken)
                taken = node->lane;
        } else if (node->lane > beside) {
            beside = node->lane;
        }
    }
    return taken != NO_LANE ? taken : free_lane(w, beside + 1);
}

static void weave(struct weaving *w, size_t row, struct lane_row *out)
{
    const hg_revision *r = &w->history->revisions[row];
    struct node *node = &w->nodes[row];

    for (int lane = 0; lane < LANES_MAX; lane++)
        out->cells[lane] = w->open[lane] > 0 ? LANE_UP : 0;
    node->lane = choose_lane(w, row);
    for (size_t i = 0; i < r->revises_count; i++) {
        size_t parent = row_of(w, r->revises[i], row);

        if (parent != row)
            connect(out, w->nodes[parent].lane, node->lane);
    }
    w->open[node->lane] += node->children > 0;
    for (int lane = 0; lane < LANES_MAX; lane++) {
        out->cells[lane] |= w->open[lane] > 0 ? LANE_DOWN : 0;
        if (out->cells[lane] != 0 && (size_t)lane >= w->used)
            w->used = (size_t)lane + 1;
    }
    out->cells[node->lane] |= LANE_NODE;
    if ((size_t)node->lane >= w->used)
        w->used = (size_t)node->lane + 1;
}

static void count_children(struct weaving *w)
{
    size_t n = w->history->revision_count;

    for (size_t row = 0; row < n; row++)
        w->by_name[row] = (uint32_t)row;
    qsort_r(w->by_name, n, sizeof *w->by_name, compare_names, (void *)(uintptr_t)w->history);
    for (size_t row = 0; row < n; row++) {
        const hg_revision *r = &w->history->revisions[row];

        for (size_t i = 0; i < r->revises_count; i++) {
            size_t parent = row_of(w, r->revises[i], row);

            if (parent != row)
                w->nodes[parent].children++;
        }
    }
}

size_t lanes_make(const hg_history *history, struct lane_row *rows)
{
    size_t n = history->revision_count;
    struct weaving w = {.history = history,
                        .by_name = alloc_zero(n + 1, sizeof *w.by_name),
                        .nodes = alloc_zero(n + 1, sizeof *w.nodes)};

    if (w.by_name != NULL && w.nodes != NULL) {
        count_children(&w);
        for (size_t row = 0; row < n; row++)
            weave(&w, row, &rows[row]);
    }
    alloc_free(w.by_name);
    alloc_free(w.nodes);
    return w.used;
}

/* --- as text --- */

static const char *node_mark(const hg_revision *r, bool utf8)
{
    if (r->state == HG_REVISION_PENDING)
        return utf8 ? "○" : "o";
    if (r->state == HG_REVISION_MISSING || (r->checksum_known && !r->checksum_ok))
        return utf8 ? "◆" : "x";
    return utf8 ? "●" : "*";
}

void lanes_text(const struct lane_row *row, size_t lanes, const hg_revision *revision, bool utf8,
                char *out, size_t size)
{
    /* by up, down, left, right */
    static const char *const lines[16] = {" ", "│", "│", "│", "─", "╯", "╮", "┤",
                                          "─", "╰", "╭", "├", "─", "┴", "┬", "┼"};
    static const char ascii[] = " |||-'.+-`.+-+++";
    size_t used = 0;

    out[0] = '\0';
    for (size_t lane = 0; lane < lanes && used < size; lane++) {
        unsigned cell = row->cells[lane], line = cell & 15;
        bool over = (cell & LANE_CROSSED) != 0 && (cell & (LANE_UP | LANE_DOWN)) != 0;
        char letter[2] = {ascii[over ? LANE_UP : line], '\0'};
        const char *mark = (cell & LANE_NODE) != 0 ? node_mark(revision, utf8)
                           : utf8                  ? lines[over ? LANE_UP : line]
                                                   : letter;
        bool goes_on = (cell & LANE_RIGHT) != 0;

        used += (size_t)snprintf(out + used, size - used, "%s%s", mark,
                                 !goes_on ? " "
                                 : utf8   ? "─"
                                          : "-");
    }
}
