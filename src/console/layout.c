/*
 * layout.c - arithmetic of panes.
 */
#include "layout.h"

enum {
    SMALL_WIDTH = 40,
    SMALL_HEIGHT = 10,
    STANDARD_WIDTH = 72,
    STANDARD_HEIGHT = 18,
    WIDE_WIDTH = 120,
    WIDE_HEIGHT = 28,
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

/* Rows of the list of pools: none for a single one. */
static int listed_pools(size_t pools, int most)
{
    return pools < 2 ? 0 : between(2, pools > 1000 ? most : (int)pools, most);
}

/* The top pane keeps its numbers; the focused one of the others gets what is left. */
static void place_small(struct layout *l, enum pane focus, size_t pools)
{
    struct rect body = l->body;

    l->spark_rows = 0;
    if (focus == PANE_POOLS) {
        l->panes[PANE_POOLS] = body;
        l->spark_rows = 1;
        l->pool_rows = listed_pools(pools, body.height - POOL_FIXED_ROWS - 1);
        return;
    }
    l->panes[PANE_POOLS] = (struct rect){body.x, body.y, body.width, 2};
    l->panes[focus] = (struct rect){body.x, body.y + 2, body.width, body.height - 2};
}

static void place_standard(struct layout *l, size_t pools)
{
    struct rect body = l->body;
    int bottom = between(4, body.height * 2 / 7, 16);
    int left = body.width / 2;
    int top;

    l->spark_rows = body.height > 24 ? 2 : 1;
    l->pool_rows = listed_pools(pools, between(2, body.height / 7, 8));
    top = POOL_FIXED_ROWS + l->spark_rows + l->pool_rows;
    l->panes[PANE_POOLS] = (struct rect){body.x, body.y, body.width, top};
    l->panes[PANE_CONNECTIONS] =
        (struct rect){body.x, body.y + top, body.width, body.height - top - bottom};
    l->panes[PANE_MIGRATIONS] = (struct rect){body.x, body.y + body.height - bottom, left, bottom};
    l->panes[PANE_CHECKS] = (struct rect){body.x + left + 1, body.y + body.height - bottom,
                                          body.width - left - 1, bottom};
}

static void place_wide(struct layout *l, size_t pools)
{
    struct rect body = l->body;
    int left = body.width * 58 / 100, right = body.width - left - 1;
    int upper = body.height * 6 / 10, top;

    l->spark_rows = body.height >= 36 ? 4 : 2;
    l->pool_rows = listed_pools(pools, between(2, body.height / 6, 12));
    top = POOL_FIXED_ROWS + l->spark_rows + l->pool_rows;
    l->panes[PANE_POOLS] = (struct rect){body.x, body.y, left, top};
    l->panes[PANE_CONNECTIONS] = (struct rect){body.x, body.y + top, left, body.height - top};
    l->panes[PANE_MIGRATIONS] = (struct rect){body.x + left + 1, body.y, right, upper};
    l->panes[PANE_CHECKS] =
        (struct rect){body.x + left + 1, body.y + upper, right, body.height - upper};
}

void layout_make(int width, int height, enum pane focus, size_t pools, struct layout *out)
{
    *out = (struct layout){.form = form_of(width, height)};
    if (out->form == FORM_LINE) {
        out->body = (struct rect){0, 0, width, height};
        return;
    }
    out->header = (struct rect){0, 0, width, 1};
    out->body = (struct rect){0, 1, width, height - 3};
    out->message = (struct rect){0, height - 2, width, 1};
    out->hints = (struct rect){0, height - 1, width, 1};
    if (out->form == FORM_SMALL)
        place_small(out, focus, pools);
    else if (out->form == FORM_STANDARD)
        place_standard(out, pools);
    else
        place_wide(out, pools);
}

size_t layout_list_rows(const struct layout *l, enum pane pane)
{
    /* clang-format off */
    static const int above[PANE_COUNT] = {
        [PANE_CONNECTIONS] = 2, /* rule, heads of the columns */
        [PANE_MIGRATIONS] = 1,
        [PANE_CHECKS] = 1,
    };
    /* clang-format on */
    int rows = pane == PANE_POOLS ? l->pool_rows : l->panes[pane].height - above[pane];

    return rows < 0 ? 0 : (size_t)rows;
}
