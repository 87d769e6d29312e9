/*
 * layout.c - arithmetic of panes.
 */
#include "layout.h"

#include <string.h>

enum {
    SMALL_WIDTH = 40,
    SMALL_HEIGHT = 10,
    STANDARD_WIDTH = 72,
    STANDARD_HEIGHT = 18,
    WIDE_WIDTH = 120,
    WIDE_HEIGHT = 28,
    HEADS_WIDTH = 72,   /* of the migrations on the overview, with the columns that heads bring */
    POOL_FIXED_ROWS = 3 /* rule, gauge, waits; the history comes on top */
};

static int between(int low, int value, int high)
{
    return value < low ? low : value > high ? high : value;
}

static enum form form_of(int width, int height)
{
    if (width < SMALL_WIDTH || height < SMALL_HEIGHT)
        return FORM_LINE;
    if (width < STANDARD_WIDTH || height < STANDARD_HEIGHT)
        return FORM_SMALL;
    return width < WIDE_WIDTH || height < WIDE_HEIGHT ? FORM_STANDARD : FORM_WIDE;
}

/* Cuts rows off the top of a rectangle. */
static struct rect take_rows(struct rect *from, int height)
{
    struct rect taken = *from;

    taken.height = between(0, height, from->height);
    from->y += taken.height;
    from->height -= taken.height;
    return taken;
}

/* Cuts columns off the left, and one more that separates. */
static struct rect take_columns(struct rect *from, int width)
{
    struct rect taken = *from;

    taken.width = width;
    from->x += width + 1;
    from->width -= width + 1;
    return taken;
}

/* Rows of the list of pools: none for a single one. */
static int listed_pools(size_t pools, int most)
{
    return pools < 2 ? 0 : between(2, pools > 1000 ? most : (int)pools, most);
}

/* --- the overview --- */

/* The top pane keeps its numbers; the focused one of the others gets what is left. */
static void overview_small(struct layout *l, enum pane focus, size_t pools)
{
    struct rect body = l->body;

    l->spark_rows = 0;
    if (focus == PANE_POOLS) {
        l->panes[PANE_POOLS] = body;
        l->spark_rows = 1;
        l->pool_rows = listed_pools(pools, body.height - POOL_FIXED_ROWS - 1);
        return;
    }
    l->panes[PANE_POOLS] = take_rows(&body, 2);
    l->panes[focus] = body;
}

static void overview_standard(struct layout *l, size_t pools)
{
    struct rect body = l->body;
    int bottom = between(4, body.height * 2 / 7, 16);

    l->spark_rows = body.height > 24 ? 2 : 1;
    l->pool_rows = listed_pools(pools, between(2, body.height / 7, 8));
    l->panes[PANE_POOLS] = take_rows(&body, POOL_FIXED_ROWS + l->spark_rows + l->pool_rows);
    l->panes[PANE_CONNECTIONS] = take_rows(&body, body.height - bottom);
    l->panes[PANE_MIGRATIONS] = take_columns(&body, body.width / 2);
    l->panes[PANE_CHECKS] = body;
}

static void overview_wide(struct layout *l, size_t pools)
{
    struct rect right = l->body, left = take_columns(&right, l->body.width * 58 / 100);

    l->spark_rows = l->body.height >= 36 ? 4 : 2;
    l->pool_rows = listed_pools(pools, between(2, l->body.height / 6, 12));
    l->panes[PANE_POOLS] = take_rows(&left, POOL_FIXED_ROWS + l->spark_rows + l->pool_rows);
    l->panes[PANE_CONNECTIONS] = left;
    l->panes[PANE_MIGRATIONS] = take_rows(&right, right.height * 6 / 10);
    l->panes[PANE_CHECKS] = right;
}

static void place_overview(struct layout *l, enum pane focus, size_t pools)
{
    if (l->form == FORM_SMALL)
        overview_small(l, focus, pools);
    else if (l->form == FORM_STANDARD)
        overview_standard(l, pools);
    else
        overview_wide(l, pools);
    l->heads[PANE_CONNECTIONS] = true;
    l->heads[PANE_MIGRATIONS] = l->panes[PANE_MIGRATIONS].width >= HEADS_WIDTH;
}

/* --- the others --- */

static void place_pools(struct layout *l, enum pane focus, size_t pools)
{
    struct rect body = l->body;
    int rows = 2 + (pools > 1000 ? 1000 : (int)pools); /* with rule and heads */

    l->heads[PANE_POOLS] = l->heads[PANE_CONNECTIONS] = true;
    if (l->form == FORM_SMALL && focus == PANE_POOLS) {
        l->panes[PANE_POOLS] = body;
        return;
    }
    if (l->form == FORM_SMALL) {
        l->panes[PANE_POOL] = take_rows(&body, 2);
        l->panes[PANE_CONNECTIONS] = body;
        return;
    }
    l->panes[PANE_POOLS] = take_rows(&body, between(4, rows, body.height * 2 / 5));
    l->spark_rows = l->form == FORM_WIDE ? 4 : 1;
    if (l->form == FORM_WIDE) {
        struct rect left = take_columns(&body, body.width * 58 / 100);

        l->panes[PANE_DETAIL] = body;
        body = left;
    }
    l->panes[PANE_POOL] = take_rows(&body, POOL_FIXED_ROWS + l->spark_rows);
    l->panes[PANE_CONNECTIONS] = body;
}

/* A list, and beside or below it what is known about its selected row. */
static void place_list(struct layout *l, enum pane list, struct rect body)
{
    l->heads[list] = true;
    if (l->form == FORM_WIDE)
        l->panes[list] = take_columns(&body, body.width * 56 / 100);
    else if (l->form == FORM_STANDARD)
        l->panes[list] = take_rows(&body, body.height * 11 / 20);
    else
        l->panes[list] = take_rows(&body, body.height);
    l->panes[PANE_DETAIL] = body;
}

static void place_sessions(struct layout *l, enum pane focus, size_t pools)
{
    struct rect body = l->body;

    (void)focus;
    (void)pools;
    if (l->form != FORM_SMALL)
        l->panes[PANE_SERVER] = take_rows(&body, 3);
    place_list(l, PANE_SESSIONS, body);
}

static void place_migrations(struct layout *l, enum pane focus, size_t pools)
{
    (void)focus;
    (void)pools;
    place_list(l, PANE_MIGRATIONS, l->body);
}

static void place_checks(struct layout *l, enum pane focus, size_t pools)
{
    struct rect body = l->body;

    (void)focus;
    (void)pools;
    if (l->form != FORM_SMALL)
        l->panes[PANE_LIGHTS] = take_rows(&body, 3);
    place_list(l, PANE_CHECKS, body);
}

/* The steps and where they stand belong together; a plan has no journal. */
static void place_cutover(struct layout *l, enum pane focus, size_t records)
{
    struct rect body = l->body;

    l->journal = records > 0;
    l->heads[PANE_STEPS] = l->form != FORM_SMALL;
    l->heads[PANE_JOURNAL] = l->form == FORM_WIDE;
    if (l->form == FORM_SMALL && focus == PANE_JOURNAL) {
        l->panes[PANE_JOURNAL] = body;
        return;
    }
    if (l->form == FORM_SMALL) {
        l->panes[PANE_NOW] = take_rows(&body, between(4, body.height / 2, 9));
    } else if (l->form == FORM_STANDARD) {
        struct rect top = take_rows(&body, body.height - (l->journal ? body.height / 5 : 0));

        l->panes[PANE_JOURNAL] = body;
        body = take_rows(&top, top.height - between(l->journal ? 8 : 7, top.height * 2 / 5, 12));
        l->panes[PANE_NOW] = top;
    } else {
        struct rect top =
            take_rows(&body, l->journal ? between(14, body.height * 6 / 11, 26) : body.height);

        l->panes[PANE_JOURNAL] = body;
        body = take_columns(&top, top.width * 60 / 100);
        l->panes[PANE_NOW] = top;
    }
    l->panes[PANE_STEPS] = body;
}

static void place_log(struct layout *l, enum pane focus, size_t pools)
{
    (void)focus;
    (void)pools;
    l->panes[PANE_LOG] = l->body;
}

/* --- all of them --- */

typedef void place(struct layout *l, enum pane focus, size_t pools);

/* clang-format off */
static const struct {
    place *place;
    enum pane panes[5]; /* in the order of Tab; ended by PANE_COUNT */
} screens[SCREEN_COUNT] = {
    [SCREEN_OVERVIEW]   = {place_overview,   {PANE_POOLS, PANE_CONNECTIONS, PANE_MIGRATIONS, PANE_CHECKS, PANE_COUNT}},
    [SCREEN_POOLS]      = {place_pools,      {PANE_POOLS, PANE_CONNECTIONS, PANE_DETAIL, PANE_COUNT}},
    [SCREEN_SESSIONS]   = {place_sessions,   {PANE_SESSIONS, PANE_DETAIL, PANE_COUNT}},
    [SCREEN_MIGRATIONS] = {place_migrations, {PANE_MIGRATIONS, PANE_DETAIL, PANE_COUNT}},
    [SCREEN_CHECKS]     = {place_checks,     {PANE_CHECKS, PANE_DETAIL, PANE_COUNT}},
    [SCREEN_CUTOVER]    = {place_cutover,    {PANE_STEPS, PANE_JOURNAL, PANE_COUNT}},
    [SCREEN_LOG]        = {place_log,        {PANE_LOG, PANE_COUNT}},
};
/* clang-format on */

void layout_make(int width, int height, enum screen_id screen, enum pane focus, size_t pools,
                 struct layout *out)
{
    struct rect left = {0, 0, width, height};

    *out = (struct layout){.form = form_of(width, height)};
    if (out->form == FORM_LINE) {
        out->body = left;
        return;
    }
    out->header = take_rows(&left, 1);
    if (out->form != FORM_SMALL)
        out->tabs = take_rows(&left, 1);
    out->body = take_rows(&left, left.height - 2);
    out->message = take_rows(&left, 1);
    out->hints = left;
    screens[screen].place(out, focus, pools);
    out->detail = out->panes[PANE_DETAIL].height > 0;
}

/* The numbers of a pool have no more rows than they need; its past and the others get the rest. */
void layout_zoom(struct layout *l, enum screen_id screen, enum pane pane, size_t listed)
{
    if (l->form == FORM_LINE)
        return;
    memset(l->panes, 0, sizeof l->panes);
    l->panes[pane] = l->body;
    if (screen == SCREEN_OVERVIEW && pane == PANE_POOLS) {
        l->pool_rows = listed_pools(listed, l->body.height / 2);
        l->spark_rows = between(1, l->body.height - POOL_FIXED_ROWS - l->pool_rows, 12);
    } else if (pane < LISTS) {
        l->heads[pane] = true;
    }
}

size_t layout_list_rows(const struct layout *l, enum pane pane)
{
    int rows = l->panes[pane].height - 1 - (l->heads[pane] ? 1 : 0);

    if (pane == PANE_POOLS && !l->heads[pane]) /* it stands below the numbers of one */
        rows = l->pool_rows;
    return rows < 0 ? 0 : (size_t)rows;
}

int layout_list_top(const struct layout *l, enum pane pane)
{
    if (pane == PANE_POOLS && !l->heads[pane])
        return l->panes[pane].height - l->pool_rows;
    return l->heads[pane] ? 2 : 1;
}

/* A list that is not in view is reached by Tab too: then it is. What is known about a row has a
 * page of its own where it has no pane. */
size_t layout_tab_order(enum screen_id screen, const struct layout *l, enum pane out[PANE_COUNT])
{
    size_t n = 0;

    for (const enum pane *pane = screens[screen].panes; *pane != PANE_COUNT; pane++)
        if ((*pane != PANE_DETAIL || l->detail) && (*pane != PANE_JOURNAL || l->journal))
            out[n++] = *pane;
    return n;
}
