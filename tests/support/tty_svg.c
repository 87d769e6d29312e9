/*
 * tty_svg.c - a terminal's screen as a picture: what a cell holds becomes text, boxes and blocks
 * become shapes.
 */
#include "tty_parts.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

enum { CELL_WIDTH = 9, CELL_HEIGHT = 20, MARGIN = 10 };

static unsigned rgb_of(struct tty *t, VTermColor color, unsigned own)
{
    static const unsigned first[16] = {0x1b1f26, 0xc0392b, 0x4e9a51, 0xb58900, 0x3b78b8, 0x9b59b6,
                                       0x2aa198, 0xc8ccd2, 0x6b7280, 0xff6b6b, 0x8fce8a, 0xf0c674,
                                       0x61afef, 0xc792ea, 0x56d4c8, 0xffffff};

    if (VTERM_COLOR_IS_DEFAULT_FG(&color) || VTERM_COLOR_IS_DEFAULT_BG(&color))
        return own;
    if (VTERM_COLOR_IS_INDEXED(&color) && color.indexed.idx < 16)
        return first[color.indexed.idx];
    vterm_screen_convert_color_to_rgb(t->screen, &color);
    return (unsigned)color.rgb.red << 16 | (unsigned)color.rgb.green << 8 | color.rgb.blue;
}

static void rectangle(FILE *out, double x, double y, double width, double height, unsigned color,
                      double opacity)
{
    fprintf(out,
            "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"#%06x\" "
            "fill-opacity=\"%g\"/>\n",
            x, y, width, height, color, opacity);
}

/* Bars, shades and rules are drawn, so that they meet; false: it is a letter. */
static bool draw_shape(FILE *out, uint32_t code, double x, double y, unsigned color)
{
    const double w = CELL_WIDTH, h = CELL_HEIGHT;

    if (code >= 0x2581 && code <= 0x2588) {
        double part = h * (code - 0x2580) / 8;

        rectangle(out, x, y + h - part, w, part, color, 1);
    } else if (code >= 0x2591 && code <= 0x2593) {
        rectangle(out, x, y, w, h, color, 0.25 * (code - 0x2590));
    } else if (code == 0x2500) {
        rectangle(out, x, y + h / 2, w, 1, color, 1);
    } else if (code == 0x2550) {
        rectangle(out, x, y + h / 2 - 2, w, 1, color, 1);
        rectangle(out, x, y + h / 2 + 1, w, 1, color, 1);
    } else {
        return false;
    }
    return true;
}

/* How a cell is to be painted. */
struct paint {
    unsigned fg, bg;
    bool bold, underline;
};

static struct paint paint_of(struct tty *t, const VTermScreenCell *cell,
                             const struct tty_colors *own)
{
    unsigned own_fg = own->text, own_bg = own->background;
    bool reverse = cell->attrs.reverse;

    return (struct paint){
        .fg = rgb_of(t, reverse ? cell->bg : cell->fg, reverse ? own_bg : own_fg),
        .bg = rgb_of(t, reverse ? cell->fg : cell->bg, reverse ? own_fg : own_bg),
        .bold = cell->attrs.bold,
        .underline = cell->attrs.underline != 0,
    };
}

static bool same_paint(struct paint a, struct paint b)
{
    return a.fg == b.fg && a.bg == b.bg && a.bold == b.bold && a.underline == b.underline;
}

/* The length is said, so that a viewer with another font keeps the columns. */
static void begin_text(FILE *out, double x, double y, int columns, struct paint paint)
{
    fprintf(out, "<text x=\"%g\" y=\"%g\" textLength=\"%d\" fill=\"#%06x\"%s%s>", x,
            y + CELL_HEIGHT - 6, columns * CELL_WIDTH, paint.fg,
            paint.bold ? " font-weight=\"bold\"" : "",
            paint.underline ? " text-decoration=\"underline\"" : "");
}

static void put_letter(FILE *out, uint32_t code)
{
    if (code == '<' || code == '>' || code == '&' || code >= 0x80)
        fprintf(out, "&#%u;", code);
    else
        fputc((int)code, out);
}

/* The cells [from, to) of a row, all painted alike. */
static void draw_run(struct tty *t, int row, int from, int to, struct paint paint, unsigned own_bg,
                     FILE *out)
{
    double y = MARGIN + row * CELL_HEIGHT;
    VTermScreenCell cell;

    if (paint.bg != own_bg)
        rectangle(out, MARGIN + from * CELL_WIDTH, y, (to - from) * CELL_WIDTH, CELL_HEIGHT,
                  paint.bg, 1);
    for (int column = from; column < to;) {
        int start = column;

        for (; column < to; column++) {
            vterm_screen_get_cell(t->screen, (VTermPos){.row = row, .col = column}, &cell);
            if (cell.chars[0] == 0 || cell.chars[0] == (uint32_t)-1 || cell.chars[0] == ' '
                || draw_shape(out, cell.chars[0], MARGIN + column * CELL_WIDTH, y, paint.fg))
                break;
        }
        if (column > start) {
            begin_text(out, MARGIN + start * CELL_WIDTH, y, column - start, paint);
            for (int i = start; i < column; i++) {
                vterm_screen_get_cell(t->screen, (VTermPos){.row = row, .col = i}, &cell);
                for (int n = 0; n < VTERM_MAX_CHARS_PER_CELL && cell.chars[n] != 0; n++)
                    put_letter(out, cell.chars[n]);
            }
            fputs("</text>\n", out);
        }
        column += column < to;
    }
}

static void draw_line(struct tty *t, int row, int width, const struct tty_colors *own, FILE *out)
{
    unsigned own_bg = own->background;
    VTermScreenCell cell;

    for (int from = 0, to; from < width; from = to) {
        struct paint paint;

        vterm_screen_get_cell(t->screen, (VTermPos){.row = row, .col = from}, &cell);
        paint = paint_of(t, &cell, own);
        for (to = from + 1; to < width; to++) {
            vterm_screen_get_cell(t->screen, (VTermPos){.row = row, .col = to}, &cell);
            if (!same_paint(paint, paint_of(t, &cell, own)))
                break;
        }
        draw_run(t, row, from, to, paint, own_bg, out);
    }
}

void tty_svg(struct tty *t, const struct tty_colors *own, FILE *out)
{
    int width, height;

    vterm_get_size(t->emulator, &height, &width);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"15\">\n"
            "<rect width=\"100%%\" height=\"100%%\" rx=\"6\" fill=\"#%06x\"/>\n",
            width * CELL_WIDTH + 2 * MARGIN, height * CELL_HEIGHT + 2 * MARGIN, own->background);
    for (int row = 0; row < height; row++)
        draw_line(t, row, width, own, out);
    fputs("</svg>\n", out);
}
