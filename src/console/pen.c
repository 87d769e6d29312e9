/*
 * pen.c - every way there is, and the shortest of them.
 */
#include "pen.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static const struct style plain = {-1, -1, 0};

void pen_begin(struct pen *p, int width, int height)
{
    p->width = width;
    p->height = height;
    p->x = -1;
    p->y = -1;
    p->style = plain;
}

/* --- the way of the cursor --- */

/* Bytes of one sequence or of some behind each other; without a NUL. */
struct way {
    char bytes[PEN_ROOM];
    int size;
};

static void add_byte(struct way *w, char byte)
{
    if (w->size < PEN_ROOM)
        w->bytes[w->size++] = byte;
}

static void add_number(struct way *w, int n)
{
    if (n >= 10)
        add_number(w, n / 10);
    add_byte(w, (char)('0' + n % 10));
}

static void add_text(struct way *w, const char *text)
{
    for (; *text != '\0'; text++)
        add_byte(w, *text);
}

/* A control sequence with one number, which is left out where it is the one that is meant then. */
static void add_sequence(struct way *w, int n, char final)
{
    add_text(w, "\033[");
    if (n != 1)
        add_number(w, n);
    add_byte(w, final);
}

static void add_all(struct way *w, const struct way *more)
{
    memcpy(w->bytes + w->size, more->bytes, (size_t)more->size);
    w->size += more->size;
}

static struct way shorter(struct way a, struct way b)
{
    return b.size < a.size ? b : a;
}

static struct way by_place(int x, int y)
{
    struct way w = {.size = 0};

    if (x == 0) {
        add_sequence(&w, y + 1, 'H');
        return w;
    }
    add_text(&w, "\033[");
    add_number(&w, y + 1);
    add_byte(&w, ';');
    add_number(&w, x + 1);
    add_byte(&w, 'H');
    return w;
}

static struct way by_bytes(char byte, int count)
{
    struct way w = {.size = 0};

    for (int i = 0; i < count; i++)
        add_byte(&w, byte);
    return w;
}

static struct way by_sequence(int n, char final)
{
    struct way w = {.size = 0};

    add_sequence(&w, n, final);
    return w;
}

enum { STEPS_MOST = 8 }; /* no sequence is longer */

/* Line feeds go down and keep the column, for nothing on our side makes more of them. */
static struct way up_or_down(const struct pen *p, int y)
{
    int down = y - p->y;
    struct way w = {.size = 0};

    if (down == 0)
        return w;
    w = down < 0 ? by_sequence(-down, 'A') : by_sequence(down, 'B');
    if (down > 0 && down <= STEPS_MOST)
        w = shorter(w, by_bytes('\n', down));
    return p->kind.to_row ? shorter(w, by_sequence(y + 1, 'd')) : w;
}

static struct way along(const struct pen *p, int x)
{
    int right = x - p->x;
    struct way w = {.size = 0}, from_left = {.size = 0};

    if (right == 0)
        return w;
    w = right < 0 ? by_sequence(-right, 'D') : by_sequence(right, 'C');
    if (right < 0 && -right <= STEPS_MOST)
        w = shorter(w, by_bytes('\b', -right));
    add_byte(&from_left, '\r');
    if (x > 0)
        add_sequence(&from_left, x, 'C');
    w = shorter(w, from_left);
    return p->kind.to_column ? shorter(w, by_sequence(x + 1, 'G')) : w;
}

int pen_way(const struct pen *p, int x, int y, char out[PEN_ROOM])
{
    struct way best = by_place(x, y);

    if (p->x >= 0) {
        struct way w = up_or_down(p, y), across = along(p, x);

        add_all(&w, &across);
        best = shorter(w, best);
    }
    memcpy(out, best.bytes, (size_t)best.size);
    return best.size;
}

void pen_move(struct pen *p, int x, int y, struct buf *out)
{
    char way[PEN_ROOM];

    buf_bytes(out, way, (size_t)pen_way(p, x, y, way));
    p->x = x;
    p->y = y;
}

/* --- the style --- */

bool style_same(struct style a, struct style b)
{
    return a.fg == b.fg && a.bg == b.bg && a.attributes == b.attributes;
}

struct style pen_shown(const struct pen *p, struct style style)
{
    style.attributes &= p->kind.attributes;
    if (style.fg >= 0 || style.bg >= 0)
        style.attributes &= ~p->kind.uncolored;
    return style;
}

static const char *ink(struct pen *p, int color, bool behind)
{
    int at = color % INKS;

    if (p->inks[behind][at].text[0] == '\0' || p->inks[behind][at].color != color) {
        p->kind.ink(color, behind, p->inks[behind][at].text);
        p->inks[behind][at].color = color;
    }
    return p->inks[behind][at].text;
}

static void add_parameter(struct way *w, const char *text)
{
    if (w->size > 2)
        add_byte(w, ';');
    add_text(w, text);
}

/* What has to be said to come to a style from one of which nothing has to be taken away. */
static void add_difference(struct pen *p, struct way *w, struct style from, struct style to)
{
    static const struct {
        unsigned bit;
        const char *parameter;
    } attributes[] = {
        {ATTR_BOLD, "1"}, {ATTR_DIM, "2"}, {ATTR_UNDERLINE, "4"}, {ATTR_REVERSE, "7"}};

    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if ((to.attributes & ~from.attributes & attributes[i].bit) != 0)
            add_parameter(w, attributes[i].parameter);
    if (to.fg >= 0 && to.fg != from.fg)
        add_parameter(w, ink(p, to.fg, false));
    if (to.bg >= 0 && to.bg != from.bg)
        add_parameter(w, ink(p, to.bg, true));
}

/* Not every terminal can take back a colour or an attribute alone: all of them are, then. */
static bool takes_away(struct style from, struct style to)
{
    return (from.attributes & ~to.attributes) != 0 || (from.fg >= 0 && to.fg < 0)
           || (from.bg >= 0 && to.bg < 0);
}

int pen_change(struct pen *p, struct style style, char out[PEN_ROOM])
{
    struct way w = {.size = 0};
    struct style from = p->style;

    if (style_same(style, from))
        return 0;
    add_text(&w, "\033[");
    if (takes_away(from, style)) {
        from = plain;
        if (!style_same(style, plain))
            add_byte(&w, '0');
    }
    add_difference(p, &w, from, style);
    add_byte(&w, 'm');
    memcpy(out, w.bytes, (size_t)w.size);
    return w.size;
}

void pen_style(struct pen *p, struct style style, struct buf *out)
{
    char change[PEN_ROOM];

    buf_bytes(out, change, (size_t)pen_change(p, style, change));
    p->style = style;
}

/* --- what is written --- */

void pen_text(struct pen *p, const char *text, int columns, bool sure, struct buf *out)
{
    buf_text(out, text);
    if (p->x >= 0)
        p->x += columns;
    if (!sure || p->x >= p->width) /* behind the last column terminals differ */
        p->x = -1;
}

static void write_way(const struct way *w, struct buf *out)
{
    buf_bytes(out, w->bytes, (size_t)w->size);
}

void pen_erase(int cells, struct buf *out)
{
    struct way w = by_sequence(cells, 'X');

    if (cells == 0)
        buf_text(out, "\033[K");
    else
        write_way(&w, out);
}

void pen_scroll(struct pen *p, int top, int end, int up, struct buf *out)
{
    struct way w = {.size = 0};

    add_text(&w, "\033[");
    add_number(&w, top + 1);
    add_byte(&w, ';');
    add_number(&w, end);
    add_byte(&w, 'r');
    add_sequence(&w, up > 0 ? end : top + 1, 'H');
    write_way(&w, out);
    for (int i = 0; i < abs(up); i++)
        buf_text(out, up > 0 ? "\n" : "\033M");
    buf_text(out, "\033[r");
    p->x = p->y = 0; /* setting a region does that */
}
