/*
 * pen.h - where a terminal's cursor stands and in what style it writes, and the shortest bytes that
 * move the one and change the other.
 *
 * Pure. For terminals that understand the sequences of ECMA-48 as xterm does, which says
 * terminal_kind.c; the rest are left to ncurses. Must not know what is drawn.
 */
#ifndef CONSOLE_PEN_H
#define CONSOLE_PEN_H

#include "theme.h"

struct buf;

enum { PEN_ROOM = 96, INK_ROOM = 24, INKS = 64 };

/* What the terminal can do beyond placing its cursor, changing its style and erasing to the end of
 * a row. */
struct pen_kind {
    bool to_column, to_row; /* goes to a column, to a row, and keeps the other (CHA, VPA) */
    bool erases;            /* a number of cells, without moving (ECH) */
    bool fills;             /* what is erased takes the background of the style */
    bool scrolls;           /* a part of its rows (DECSTBM) */
    unsigned attributes;    /* ATTR_ that it shows */
    unsigned uncolored;     /* those of them that it does not show in colour */
    /* The parameters of SGR for a colour; INK_ROOM bytes. */
    void (*ink)(int color, bool behind, char *out);
};

struct pen {
    struct pen_kind kind;
    int width, height;
    int x, y; /* x < 0: not known */
    struct style style;
    struct {
        int color;
        char text[INK_ROOM]; /* "": none yet */
    } inks[2][INKS];         /* of what was asked before: of letters, and behind them */
};

/* Forgets where the cursor is; the style is plain, as it is when a screen has been cleared. */
void pen_begin(struct pen *p, int width, int height);

bool style_same(struct style a, struct style b);

/* A style as this terminal shows it. */
struct style pen_shown(const struct pen *p, struct style style);

/* The bytes, without a NUL, that move the cursor or change the style; how many. Nothing is taken to
 * have happened. */
int pen_way(const struct pen *p, int x, int y, char out[PEN_ROOM]);
int pen_change(struct pen *p, struct style style, char out[PEN_ROOM]);

/* Writes them. */
void pen_move(struct pen *p, int x, int y, struct buf *out);
void pen_style(struct pen *p, struct style style, struct buf *out);

/* Writes text that takes so many columns. sure: on every terminal; otherwise it is not relied
 * upon where the cursor is then. */
void pen_text(struct pen *p, const char *text, int columns, bool sure, struct buf *out);

/* Erases so many cells from the cursor on, which stays; 0: to the end of the row. The style has no
 * attribute that shows on a space. */
void pen_erase(int cells, struct buf *out);

/* Moves the rows from `top` to before `end` up by so many, or down when it is less than 0. Rows
 * without anything come in. The style must be plain. */
void pen_scroll(struct pen *p, int top, int end, int up, struct buf *out);

#endif
