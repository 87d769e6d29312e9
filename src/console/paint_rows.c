/*
 * paint_rows.c - lists that were turned by some rows: they are moved on the screen, and only what
 * came in is written.
 */
#include <stdlib.h>
#include <string.h>

#include "paint.h"

enum {
    ROWS_MOST = 256,
    ROWS_LEAST = 3, /* that changed, for a look at where they may have gone */
    WAY_COST = 4,   /* bytes, to where something differs */
    MOVE_COST = 24  /* bytes, of setting a region and of a style that is changed for it */
};

/* Rows [top, end) of the new frame stand `up` rows further down in the old one. */
struct shift {
    int top, end, up, saved;
};

struct rows {
    struct canvas *was;
    const struct canvas *now;
    int differ[ROWS_MOST], letters[ROWS_MOST]; /* bytes; 0 of a row that is as it was */
};

static bool rows_equal(const struct rows *r, int was, int now)
{
    return memcmp(canvas_at(r->was, 0, was), canvas_at(r->now, 0, now),
                  (size_t)r->now->width * sizeof *r->now->cells)
           == 0;
}

/* About what it costs to write the cells that differ, and those that are not empty. */
static void count_row(struct rows *r, int y)
{
    bool before = false, differs;

    for (int x = 0; x < r->now->width; x++, before = differs) {
        const struct cell *was = canvas_at(r->was, x, y), *now = canvas_at(r->now, x, y);

        differs = memcmp(was, now, sizeof *now) != 0;
        r->differ[y] += (differs ? 1 : 0) + (differs && !before ? WAY_COST : 0);
        r->letters[y] += strcmp(now->text, " ") != 0;
    }
}

/* Returns how many rows differ. */
static int count_rows(struct rows *r)
{
    int changed = 0;

    for (int y = 0; y < r->now->height; y++)
        if (!rows_equal(r, y, y)) {
            count_row(r, y);
            changed++;
        }
    return changed;
}

/* What it saves: the rows that need not be written, less those that have to be since they are
 * empty afterwards. A row that was right and is emptied counts in full. */
static int weigh(const struct rows *r, const struct shift *s)
{
    int from = s->up > 0 ? s->end : s->top + s->up, saved = -MOVE_COST;

    for (int y = s->top; y < s->end; y++)
        saved += r->differ[y];
    for (int y = from; y < from + abs(s->up); y++)
        saved -= r->differ[y] == 0 ? r->now->width : r->letters[y] - r->differ[y];
    return saved;
}

/* The best of the shifts by so many rows. */
static void try_shift(const struct rows *r, int up, struct shift *best)
{
    int y = up > 0 ? 0 : -up, last = up > 0 ? r->now->height - up : r->now->height;

    for (; y < last; y++) {
        struct shift s = {.top = y, .up = up};

        if (r->differ[y] == 0)
            continue;
        while (y < last && rows_equal(r, y + up, y))
            y++;
        s.end = y;
        s.saved = s.end > s.top ? weigh(r, &s) : 0;
        if (s.saved > best->saved)
            *best = s;
    }
}

/* The same in what is known of the screen. */
static void shift_rows(struct canvas *was, const struct shift *s)
{
    size_t width = (size_t)was->width, count = (size_t)abs(s->up);
    int empty = s->up > 0 ? s->end : s->top + s->up;

    memmove(&was->cells[(size_t)s->top * width], &was->cells[(size_t)(s->top + s->up) * width],
            (size_t)(s->end - s->top) * width * sizeof *was->cells);
    paint_clear(&was->cells[(size_t)empty * width], count * width);
}

void paint_rows(struct pen *pen, struct canvas *was, const struct canvas *now, struct buf *out)
{
    struct rows rows = {.was = was, .now = now};
    struct shift best = {.saved = 0};
    int top, end;

    if (now->width != pen->width || now->height != pen->height || now->height > ROWS_MOST
        || count_rows(&rows) < ROWS_LEAST)
        return;
    for (int up = -now->height / 2; up <= now->height / 2; up++)
        if (up != 0)
            try_shift(&rows, up, &best);
    if (best.saved <= 0)
        return;
    top = best.up > 0 ? best.top : best.top + best.up;
    end = best.up > 0 ? best.end + best.up : best.end;
    pen_style(pen, (struct style){-1, -1, 0}, out);
    pen_scroll(pen, top, end, best.up, out);
    shift_rows(was, &best);
}
