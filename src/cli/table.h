/*
 * table.h - values as columns for people. Cells pass text_visible(); widths are columns of the
 * screen, not bytes. Pure.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>

struct buf;

struct table_column {
    const char *title;
    enum { ALIGN_LEFT, ALIGN_RIGHT } align;
};

/* cells: rows * columns texts, row by row; NULL shows as "-". Appends a title line and one line a
 * row. */
void table_print(struct buf *out, const struct table_column *columns, size_t column_count,
                 const char *const *cells, size_t row_count);

#endif
