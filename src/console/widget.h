/*
 * widget.h - what several screens are made of: rules with titles, gauges, sparklines, tables.
 * Pure: draws values into an area. Must not know the model.
 */
#ifndef CONSOLE_WIDGET_H
#define CONSOLE_WIDGET_H

#include "canvas.h"

/* A line across the area with a title at its left and a note at its right end. */
struct rule {
    const char *title;
    const char *subject; /* behind the title, plainer; "" for none */
    const char *note;    /* "" for none */
    enum role note_role;
    bool focused; /* the pane below it has the keys */
    bool zoomed;  /* and the whole screen, which is said */
    bool production;
};
void widget_rule(struct area a, int y, const struct rule *rule);

/* A bar whose parts are drawn in proportion to `whole`; a part that is not 0 is at least one column
 * as long as there is room. What is left is filled with `rest`. */
struct gauge_part {
    int64_t amount;
    enum glyph glyph;
    enum role role;
};
void widget_gauge(struct area a, int x, int y, int width, const struct gauge_part *parts, size_t n,
                  int64_t whole, struct gauge_part rest);

/* Columns of eighths over `height` rows; each sample has its own role. Samples are right-aligned;
 * what is 0 or not known (negative) is left blank, so that a quiet past stays quiet. */
struct spark {
    const int *samples;
    const uint8_t *roles;
    size_t count;
    int whole; /* the amount that fills the height */
};
void widget_spark(struct area a, const struct spark *spark);

/* A table with one selected row that is always in view. */
struct column {
    const char *title;
    int width;
    bool right; /* numbers */
    bool grows; /* takes what the others leave; one a table */
    int drop;   /* when it is too narrow the highest goes first; 0 stays */
    bool sorts; /* the table can be sorted by it */
    bool full;  /* only in a table with heads */
};
struct table_cell {
    const char *text;
    enum role role;
    bool whole;        /* rather nothing than a part of it */
    int width;         /* of its column; set before it is asked for; 0: not known */
    char scratch[200]; /* room for a text that has to be made */
};
struct table {
    const struct column *columns;
    size_t column_count;
    size_t row_count, top, selected;
    bool focused;
    bool head;
    int sorted;        /* by this column; -1: by none */
    bool descends;     /* the largest first */
    const char *empty; /* what to say when there are no rows */
    void (*cell)(const void *context, size_t row, size_t column, struct table_cell *out);
    const void *context;
};
void widget_table(struct area a, const struct table *table);

/* The rows of a table that an area of this height shows. */
size_t widget_table_rows(int height, bool head);

/* The first row to show so that `selected` is in view, moved as little as possible from `top`. */
size_t widget_top(size_t top, size_t selected, size_t rows, size_t shown);

#endif
