/*
 * table.h - values as columns for people. Cells pass text_visible(); widths are columns of the
 * screen, not bytes. Pure.
 *
 *     struct table t = TABLE_INIT(columns);
 *     const char **row = table_row(&t);
 *     row[0] = name;
 *     row[1] = arena_printf(&t.arena, "%d", count);
 *     table_end(&t, out);
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/vec.h"

struct buf;

enum { TABLE_COLUMNS_MAX = 16 };

struct table_column {
    const char *title;
    enum { ALIGN_LEFT, ALIGN_RIGHT } align;
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    VEC(const char **) rows;
    struct arena arena;                   /* for texts that a cell needs until the end */
    const char *spare[TABLE_COLUMNS_MAX]; /* the row of who comes when memory ran out */
    bool failed;                          /* a row is missing: none is shown */
};

/* columns: an array, kept until the end. */
#define TABLE_INIT(columns)                                                              \
    {                                                                                    \
        (columns), sizeof(columns) / sizeof *(columns), VEC_INIT, ARENA_INIT, {0}, false \
    }

/* The next row: a cell a column, at first NULL, which shows as "-". Never fails; table_end() shows
 * nothing where memory ran out. */
const char **table_row(struct table *t);

/* Appends a title line and one line a row; nothing when there is no row. Releases the table. */
void table_end(struct table *t, struct buf *out);

#endif
