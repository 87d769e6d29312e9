/*
 * canvas.c - cells, clipping, and the one filter before a terminal.
 */
#include "canvas.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"

/* No column needs more bytes than this: longer texts are cut before anybody looks at them. */
enum { BYTES_PER_COLUMN = 16 };

static const struct cell blank = {.text = " ", .width = 1};

static const struct {
    const char *utf8, *ascii;
} glyphs[GLYPH_COUNT] = {
    [GLYPH_RULE] = {"─", "-"},          [GLYPH_RULE_PROD] = {"═", "="},
    [GLYPH_WALL] = {"│", "|"},          [GLYPH_ELLIPSIS] = {"…", ".."},
    [GLYPH_USED] = {"█", "#"},          [GLYPH_OVERFLOW] = {"▓", "%"},
    [GLYPH_IDLE] = {"▒", ":"},          [GLYPH_FREE] = {"·", "."},
    [GLYPH_DONE] = {"█", "#"},          [GLYPH_TODO] = {"░", "."},
    [GLYPH_DASH] = {"–", "-"},          [GLYPH_DOT] = {"·", "-"},
    [GLYPH_ARROW] = {"→", "->"},        [GLYPH_MARK] = {"▌", ">"},
    [GLYPH_LARGEST_FIRST] = {"▾", "v"}, [GLYPH_SMALLEST_FIRST] = {"▴", "^"},
    [GLYPH_SPARK_0] = {" ", " "},       [GLYPH_SPARK_0 + 1] = {"▁", "."},
    [GLYPH_SPARK_0 + 2] = {"▂", ":"},   [GLYPH_SPARK_0 + 3] = {"▃", "-"},
    [GLYPH_SPARK_0 + 4] = {"▄", "="},   [GLYPH_SPARK_0 + 5] = {"▅", "+"},
    [GLYPH_SPARK_0 + 6] = {"▆", "*"},   [GLYPH_SPARK_0 + 7] = {"▇", "%"},
    [GLYPH_SPARK_8] = {"█", "#"},
};

const char *glyph(bool utf8, enum glyph which)
{
    return utf8 ? glyphs[which].utf8 : glyphs[which].ascii;
}

bool canvas_init(struct canvas *c, int width, int height, bool utf8)
{
    struct canvas made = {.width = width < 1 ? 1 : width, .height = height < 1 ? 1 : height};

    made.utf8 = utf8;
    made.cells = alloc_zero((size_t)made.width * (size_t)made.height, sizeof *made.cells);
    if (made.cells == NULL)
        return false;
    canvas_clear(&made);
    *c = made;
    return true;
}

void canvas_release(struct canvas *c)
{
    alloc_free(c->cells);
    *c = (struct canvas){0};
}

void canvas_clear(struct canvas *c)
{
    for (int i = 0; i < c->width * c->height; i++)
        c->cells[i] = blank;
    c->cursor_x = c->cursor_y = 0;
    c->cursor_visible = false;
}

const struct cell *canvas_at(const struct canvas *c, int x, int y)
{
    return &c->cells[y * c->width + x];
}

static bool cell_equal(const struct cell *a, const struct cell *b)
{
    return a->role == b->role && a->over == b->over && a->width == b->width
           && strcmp(a->text, b->text) == 0;
}

bool canvas_equal(const struct canvas *a, const struct canvas *b)
{
    if (a->width != b->width || a->height != b->height || a->cursor_visible != b->cursor_visible
        || a->cursor_x != b->cursor_x || a->cursor_y != b->cursor_y)
        return false;
    for (int i = 0; i < a->width * a->height; i++)
        if (!cell_equal(&a->cells[i], &b->cells[i]))
            return false;
    return true;
}

static const char *role_name(uint8_t role)
{
    static const char *const names[] = {
#define ROLE_NAME(name, theme_name, mono) theme_name,
        ROLE_TABLE(ROLE_NAME)
#undef ROLE_NAME
    };

    return names[role];
}

static void print_row(const struct canvas *c, int y, struct buf *out)
{
    size_t start = out->size, end = start;

    for (int x = 0; x < c->width; x++) {
        const struct cell *cell = canvas_at(c, x, y);

        buf_text(out, cell->text);
        if (cell->text[0] != '\0' && strcmp(cell->text, " ") != 0)
            end = out->size;
    }
    buf_truncate(out, end);
    buf_char(out, '\n');
}

static void print_roles(const struct canvas *c, int y, struct buf *out)
{
    for (int x = 0, end; x < c->width; x = end) {
        const struct cell *first = canvas_at(c, x, y);

        for (end = x + 1; end < c->width; end++)
            if (canvas_at(c, end, y)->role != first->role
                || canvas_at(c, end, y)->over != first->over)
                break;
        if (first->role == ROLE_TEXT && first->over == ROLE_TEXT)
            continue;
        buf_printf(out, "@%d:%d-%d %s", y, x, end - 1, role_name(first->role));
        if (first->over != ROLE_TEXT)
            buf_printf(out, " under %s", role_name(first->over));
        buf_char(out, '\n');
    }
}

void canvas_print(const struct canvas *c, bool roles, struct buf *out)
{
    for (int y = 0; y < c->height; y++)
        print_row(c, y, out);
    if (!roles)
        return;
    for (int y = 0; y < c->height; y++)
        print_roles(c, y, out);
    buf_printf(out, "@cursor %d:%d %s\n", c->cursor_y, c->cursor_x,
               c->cursor_visible ? "visible" : "hidden");
}

struct area area_of(struct canvas *c)
{
    return (struct area){c, 0, 0, c->width, c->height};
}

static int between(int low, int value, int high)
{
    return value < low ? low : value > high ? high : value;
}

struct area area_part(struct area a, int x, int y, int width, int height)
{
    int left = between(0, x, a.width), top = between(0, y, a.height);

    return (struct area){a.canvas, a.x + left, a.y + top, between(0, width, a.width - left),
                         between(0, height, a.height - top)};
}

struct area area_rows(struct area a, int from, int count)
{
    return area_part(a, 0, from, a.width, count);
}

/* Frees a cell of what reaches into it: half a wide character is never left standing. */
static void clear_cell(struct canvas *c, int x, int y)
{
    struct cell *cell = &c->cells[y * c->width + x];

    if (cell->width == 0 && x > 0) {
        memcpy(cell[-1].text, " ", 2);
        cell[-1].width = 1;
    }
    if (cell->width == 2 && x + 1 < c->width) {
        memcpy(cell[1].text, " ", 2);
        cell[1].width = 1;
    }
}

static void set_cell(struct area a, int x, int y, enum role role, const char *text, size_t n,
                     int width)
{
    struct canvas *c = a.canvas;
    struct cell *cell = &c->cells[(a.y + y) * c->width + a.x + x];

    for (int i = 0; i < width; i++) {
        clear_cell(c, a.x + x + i, a.y + y);
        cell[i] = (struct cell){.role = (uint8_t)role};
    }
    memcpy(cell->text, text, n);
    cell->width = (uint8_t)width;
}

/* Adds a combining mark to the cell before x, while there is room for it. */
static void add_mark(struct area a, int x, int y, const char *text, size_t n)
{
    struct canvas *c = a.canvas;
    struct cell *cell = &c->cells[(a.y + y) * c->width + a.x + x - 1];
    size_t used;

    if (x == 0)
        return;
    if (cell->width == 0)
        cell--;
    used = strlen(cell->text);
    if (used + n < CELL_BYTES)
        memcpy(cell->text + used, text, n); /* cells are zeroed behind their text */
}

/* Puts text that text_visible() made; returns the columns. */
static int put_visible(struct area a, int x, int y, int limit, enum role role, const char *text)
{
    size_t left = strlen(text);
    int start = x;

    while (left > 0) {
        uint32_t code = 0;
        size_t n = text_decode(text, left, &code);
        int width = n == 0 ? 1 : text_char_width(code);

        if (n == 0 || width < 0) { /* a glyph that this locale does not have */
            n = n == 0 ? 1 : n;
            width = 1;
        }
        if (width > limit - x)
            break;
        if (width == 0)
            add_mark(a, x, y, text, n);
        else if (code < 0x80 || text_char_width(code) > 0)
            set_cell(a, x, y, role, text, n, width);
        else
            set_cell(a, x, y, role, "?", 1, width);
        x += width;
        text += n;
        left -= n;
    }
    return x - start;
}

static bool is_plain(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return true;
}

/* As much of the text as `columns` can need, made harmless; *out_cut says that there is more. */
static void make_visible(struct buf *out, const char *text, int columns, bool *out_cut)
{
    size_t most = (size_t)columns * BYTES_PER_COLUMN, n = strnlen(text, most + 1);

    *out_cut = n > most;
    if (*out_cut)
        for (n = most; n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80; n--)
            continue;
    if (is_plain(text, n))
        buf_bytes(out, text, n);
    else
        text_visible(out, text, n);
}

int shown_width(const char *text)
{
    struct buf visible = BUF_INIT(1 << 16);
    bool cut;
    int width;

    make_visible(&visible, text, 1000, &cut);
    width = text_width(visible.bytes);
    buf_release(&visible);
    return width;
}

int area_put_cut(struct area a, int x, int y, int width, enum role role, const char *text)
{
    struct buf visible = BUF_INIT(1 << 16);
    const char *dots = glyph(a.canvas->utf8, GLYPH_ELLIPSIS);
    bool cut;
    int used, dots_width = a.canvas->utf8 ? 1 : 2;

    width = between(0, width, a.width - x);
    if (x < 0 || y < 0 || y >= a.height || width == 0)
        return 0;
    make_visible(&visible, text, width, &cut);
    cut = cut || text_fit(visible.bytes, width) < visible.size;
    if (cut && width <= dots_width)
        dots_width = 0;
    if (cut)
        buf_truncate(&visible, text_fit(visible.bytes, width - dots_width));
    used = put_visible(a, x, y, x + width, role, visible.bytes);
    if (cut && dots_width > 0)
        used += put_visible(a, x + used, y, x + width, role, dots);
    buf_release(&visible);
    return used;
}

int area_put(struct area a, int x, int y, enum role role, const char *text)
{
    return area_put_cut(a, x, y, a.width - x, role, text);
}

int area_put_right(struct area a, int end, int y, enum role role, const char *text)
{
    int start = between(0, end - shown_width(text), a.width);

    area_put_cut(a, start, y, end - start, role, text);
    return start;
}

void area_repeat(struct area a, int x, int y, int count, enum role role, const char *text)
{
    for (int i = between(0, x, a.width); y >= 0 && y < a.height && i < x + count && i < a.width;
         i++)
        put_visible(a, i, y, i + 1, role, text);
}

void area_over(struct area a, int y, enum role over)
{
    struct canvas *c = a.canvas;

    for (int x = 0; y >= 0 && y < a.height && x < a.width; x++)
        c->cells[(a.y + y) * c->width + a.x + x].over = (uint8_t)over;
}

void area_fill(struct area a, enum role role)
{
    for (int y = 0; y < a.height; y++)
        area_repeat(a, 0, y, a.width, role, " ");
}

void area_cursor(struct area a, int x, int y, bool visible)
{
    a.canvas->cursor_x = a.x + between(0, x, a.width - 1);
    a.canvas->cursor_y = a.y + between(0, y, a.height - 1);
    a.canvas->cursor_visible = visible;
}
