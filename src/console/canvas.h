/*
 * canvas.h - a screen as a value: cells of text and role, drawn into, compared, printed as text.
 *
 * Pure. The one way for text to reach a terminal: whatever is put here goes through
 * text_visible(), so a cell holds one printable character with the marks that combine with it.
 * Must not know what a terminal or a theme is.
 */
#ifndef CONSOLE_CANVAS_H
#define CONSOLE_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "role.h"

struct buf;

enum { CELL_BYTES = 21 }; /* a character and the four marks that text_visible() leaves on it */

struct cell {
    char text[CELL_BYTES]; /* UTF-8, NUL-terminated; "" for the right half of a wide character */
    uint8_t width;         /* 1 or 2; 0: the right half of its neighbour */
    uint8_t role;
    uint8_t over; /* a role laid over the whole row, as the selection; ROLE_TEXT: none */
};

struct canvas {
    int width, height;
    struct cell *cells; /* height rows of width */
    bool utf8;          /* which glyphs to draw with */
    int cursor_x, cursor_y;
    bool cursor_visible; /* a prompt is being typed into */
};

/* Makes an empty canvas; false: memory ran out, and *c is as it was. */
bool canvas_init(struct canvas *c, int width, int height, bool utf8);
void canvas_release(struct canvas *c);

void canvas_clear(struct canvas *c); /* spaces in ROLE_TEXT, cursor hidden at the origin */
bool canvas_equal(const struct canvas *a, const struct canvas *b);
const struct cell *canvas_at(const struct canvas *c, int x, int y);

/* Rows of text without the spaces at their ends; then, when `roles` is asked for, runs of cells
 * that are not plain text, as "@y:x0-x1 role", and the cursor. */
void canvas_print(const struct canvas *c, bool roles, struct buf *out);

/* The glyphs that are not letters, in UTF-8 and in ASCII. */
enum glyph {
    GLYPH_RULE,
    GLYPH_RULE_PROD, /* production's rules are double: it differs from all else without colour */
    GLYPH_WALL,
    GLYPH_ELLIPSIS,
    GLYPH_USED,
    GLYPH_OVERFLOW,
    GLYPH_IDLE,
    GLYPH_FREE,
    GLYPH_DONE,
    GLYPH_TODO,
    GLYPH_DASH,
    GLYPH_DOT,
    GLYPH_ARROW,
    GLYPH_MARK, /* of the selected row */
    GLYPH_LARGEST_FIRST,
    GLYPH_SMALLEST_FIRST,
    GLYPH_SPARK_0, /* nothing; GLYPH_SPARK_0 + n: n eighths of a cell */
    GLYPH_SPARK_8 = GLYPH_SPARK_0 + 8,
    GLYPH_COUNT
};
const char *glyph(bool utf8, enum glyph which);

/* A rectangle of a canvas. Everything is drawn through one, in its coordinates, and cut at its
 * edges. */
struct area {
    struct canvas *canvas;
    int x, y, width, height;
};

struct area area_of(struct canvas *c);
struct area area_part(struct area a, int x, int y, int width, int height);
struct area area_rows(struct area a, int from, int count);

/* Puts text that may hold anything; returns the columns it took. */
int area_put(struct area a, int x, int y, enum role role, const char *text);

/* The same in at most `width` columns, with an ellipsis where it was cut. */
int area_put_cut(struct area a, int x, int y, int width, enum role role, const char *text);

/* The same so that it ends before column `end`; returns the column where it starts. */
int area_put_right(struct area a, int end, int y, enum role role, const char *text);

/* `count` times the same glyph. */
void area_repeat(struct area a, int x, int y, int count, enum role role, const char *text);

/* Lays a role over a row of the area. */
void area_over(struct area a, int y, enum role over);

/* Gives every cell of the area this role and no text. */
void area_fill(struct area a, enum role role);

void area_cursor(struct area a, int x, int y, bool visible);

/* Columns that area_put() would take on a canvas without edges. */
int shown_width(const char *text);

#endif
