/*
 * paint.c - runs of cells that differ, and the order they are written in.
 */
#include "paint.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

enum {
    BATCH = 96,       /* runs that are put in order; more than that are of a new screen */
    BRIDGE = 4,       /* bytes between two runs that are written rather than passed over */
    ERASE_LEAST = 4,  /* cells that it pays to erase, to the end of a row */
    ERASE_WITHIN = 12 /* and before it */
};

/* Cells of a row, one behind the other, that are written in one style or erased. */
struct run {
    int x, y, end;
    struct style style;
    bool blank; /* spaces alone, which any style will do for that they look the same in */
    bool erase;
};

struct painter {
    struct pen *pen;
    struct canvas *was; /* NULL: a cleared screen */
    const struct canvas *now;
    const struct theme *theme;
    enum depth depth;
    int width, height; /* what the canvas and the terminal both have */
    int x, y;          /* where the next run is looked for */
    struct run runs[BATCH];
    int count;
    struct buf *out;
};

static const struct style plain = {-1, -1, 0};

/* --- what a cell looks like --- */

static const struct cell cleared = {.width = 1}; /* has no text, and no role */

void paint_clear(struct cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cells[i] = cleared;
}

static bool is_cleared(const struct cell *cell)
{
    return cell->text[0] == '\0' && cell->width == 1;
}

static bool is_space(const struct cell *cell)
{
    return is_cleared(cell) || (cell->text[0] == ' ' && cell->text[1] == '\0');
}

static struct style style_of(const struct painter *p, const struct cell *cell)
{
    if (is_cleared(cell))
        return plain;
    return pen_shown(p->pen,
                     theme_style(p->theme, p->depth, (enum role)cell->role, (enum role)cell->over));
}

/* Whether a space looks the same in both styles. */
static bool same_ground(struct style a, struct style b)
{
    return a.bg == b.bg && ((a.attributes | b.attributes) & (ATTR_UNDERLINE | ATTR_REVERSE)) == 0;
}

/* Whether writing a cell in a style does no harm. */
static bool goes_with(const struct painter *p, const struct cell *cell, struct style style)
{
    struct style own = style_of(p, cell);

    return style_same(own, style) || (is_space(cell) && same_ground(own, style));
}

static const struct cell *before(const struct painter *p, int x, int y)
{
    return p->was == NULL ? &cleared : canvas_at(p->was, x, y);
}

static bool looks_same(const struct painter *p, int x, int y)
{
    const struct cell *a = before(p, x, y), *b = canvas_at(p->now, x, y);

    if (memcmp(a, b, sizeof *a) == 0)
        return true;
    return a->width == b->width && (strcmp(a->text, b->text) == 0 || (is_space(a) && is_space(b)))
           && goes_with(p, b, style_of(p, a));
}

/* --- runs --- */

/* What a space has to be written in: not the colour of letters. */
static struct style ground_of(struct style style)
{
    return same_ground(style, style) ? (struct style){-1, style.bg, 0} : style;
}

/* Whether erasing would leave this cell as it should look, with nothing but a background said. */
static bool can_erase(const struct painter *p, const struct cell *cell)
{
    struct style style = style_of(p, cell);

    return is_space(cell) && same_ground(style, style) && (style.bg < 0 || p->pen->kind.fills);
}

/* How far from here on stand spaces alone, on one ground. */
static int end_of_blank(const struct painter *p, int x, int y)
{
    struct style ground = style_of(p, canvas_at(p->now, x, y));

    while (x < p->width && can_erase(p, canvas_at(p->now, x, y))
           && same_ground(ground, style_of(p, canvas_at(p->now, x, y))))
        x++;
    return x;
}

/* Where erasing from here on would end; x: it would not be shorter than writing spaces. */
static int end_of_erased(const struct painter *p, int x, int y)
{
    int end = end_of_blank(p, x, y), least = end == p->width ? ERASE_LEAST : ERASE_WITHIN;
    int changed = 0;

    for (int i = x; i < end; i++)
        changed += !looks_same(p, i, y);
    return changed >= least && (end == p->width || p->pen->kind.erases) ? end : x;
}

/* What is to be written from here on in one style, over a few cells that are what they were. */
static void find_text(const struct painter *p, struct run *run)
{
    int between = 0;

    for (int x = run->x; x < p->width && between <= BRIDGE; x++) {
        const struct cell *cell = canvas_at(p->now, x, run->y);

        if (run->blank && !is_space(cell)
            && (x == run->x || same_ground(run->style, style_of(p, cell)))) {
            run->style = style_of(p, cell);
            run->blank = false;
        }
        if (cell->width > 0 && !goes_with(p, cell, run->style))
            break;
        between += (int)strlen(cell->text);
        if (looks_same(p, x, run->y))
            continue;
        if (is_space(cell) && end_of_erased(p, x, run->y) > x)
            break;
        run->end = x + 1;
        between = 0;
    }
}

static void begin_run(const struct painter *p, struct run *run, const struct cell *cell)
{
    int x = p->x - (cell->width == 0 && p->x > 0); /* half a character is not written */

    *run = (struct run){.x = x, .y = p->y, .end = x, .blank = true};
    run->style = ground_of(style_of(p, canvas_at(p->now, x, p->y)));
    if (is_space(cell))
        run->end = end_of_erased(p, x, p->y);
    run->erase = run->end > x;
    if (!run->erase)
        find_text(p, run);
}

/* The next run behind the last one, row by row; false: that was all. */
static bool find_run(struct painter *p, struct run *run)
{
    for (; p->y < p->height; p->y++, p->x = 0)
        for (; p->x < p->width; p->x++) {
            const struct cell *cell = canvas_at(p->now, p->x, p->y);

            if (looks_same(p, p->x, p->y))
                continue;
            begin_run(p, run, cell);
            p->x = run->end > p->x ? run->end : p->x + 1;
            return true;
        }
    return false;
}

/* --- in what order --- */

/* Whether the terminal will do the same with it wherever the text comes from. */
static bool is_sure(const struct cell *cell)
{
    uint32_t code;

    return cell->width == 1 && text_decode(cell->text, CELL_BYTES, &code) == strlen(cell->text);
}

static void write_text(struct painter *p, const struct run *run)
{
    for (int x = run->x; x < run->end; x++) {
        const struct cell *cell = canvas_at(p->now, x, run->y);

        if (cell->width > 0)
            pen_text(p->pen, cell->text, cell->width, is_sure(cell), p->out);
    }
}

static bool needs_style(const struct painter *p, const struct run *run)
{
    return !(run->blank && same_ground(run->style, p->pen->style));
}

static void write_run(struct painter *p, const struct run *run)
{
    pen_move(p->pen, run->x, run->y, p->out);
    if (needs_style(p, run))
        pen_style(p->pen, run->style, p->out);
    if (run->erase)
        pen_erase(run->end == p->width ? 0 : run->end - run->x, p->out);
    else
        write_text(p, run);
}

static int cost(const struct painter *p, const struct run *run)
{
    char bytes[PEN_ROOM];

    return pen_way(p->pen, run->x, run->y, bytes)
           + (needs_style(p, run) ? pen_change(p->pen, run->style, bytes) : 0);
}

/* Always the one that it costs least to begin with, of several the first. */
static void write_batch(struct painter *p)
{
    while (p->count > 0) {
        int best = 0, least = PEN_ROOM * 2;

        for (int i = 0; i < p->count; i++) {
            int bytes = cost(p, &p->runs[i]);

            if (bytes < least) {
                least = bytes;
                best = i;
            }
        }
        write_run(p, &p->runs[best]);
        p->count--;
        memmove(p->runs + best, p->runs + best + 1, (size_t)(p->count - best) * sizeof *p->runs);
    }
}

void paint(struct pen *pen, struct canvas *was, const struct canvas *now, const struct theme *theme,
           enum depth depth, struct buf *out)
{
    struct painter p = {
        .pen = pen, .was = was, .now = now, .theme = theme, .depth = depth, .out = out};

    if (was != NULL && pen->kind.scrolls)
        paint_rows(pen, was, now, out);
    p.width = now->width < pen->width ? now->width : pen->width;
    p.height = now->height < pen->height ? now->height : pen->height;
    do {
        while (p.count < BATCH && find_run(&p, &p.runs[p.count]))
            p.count++;
        write_batch(&p);
    } while (p.y < p.height);
    if (pen->x != now->cursor_x || pen->y != now->cursor_y)
        pen_move(pen, now->cursor_x, now->cursor_y, out);
}
