/*
 * table.c - columns as wide as their widest cell, two spaces between them, nothing behind the last.
 * Pure.
 */
#include "table.h"

#include "base/buf.h"
#include "base/text.h"

enum { COLUMNS_MAX = 16 };

static void visible(struct buf *out, const char *cell)
{
    buf_truncate(out, 0);
    text_show(out, cell == NULL ? "-" : cell);
}

static void spaces(struct buf *out, int n)
{
    for (; n > 0; n--)
        buf_char(out, ' ');
}

static void put_cell(struct buf *out, struct buf *cell, const struct table_column *column,
                     int width, int last)
{
    int padding = width - text_width(cell->bytes);

    if (column->align == ALIGN_RIGHT)
        spaces(out, padding);
    buf_text(out, cell->bytes);
    if (column->align == ALIGN_LEFT && !last)
        spaces(out, padding);
    buf_text(out, last ? "\n" : "  ");
}

void table_print(struct buf *out, const struct table_column *columns, size_t column_count,
                 const char *const *cells, size_t row_count)
{
    struct buf cell = BUF_INIT(1 << 20);
    int widths[COLUMNS_MAX] = {0};

    for (size_t c = 0; c < column_count; c++) {
        widths[c] = text_width(columns[c].title);
        for (size_t r = 0; r < row_count; r++) {
            int width;

            visible(&cell, cells[r * column_count + c]);
            width = text_width(cell.bytes);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    for (size_t r = 0; r <= row_count; r++)
        for (size_t c = 0; c < column_count; c++) {
            visible(&cell, r == 0 ? columns[c].title : cells[(r - 1) * column_count + c]);
            put_cell(out, &cell, &columns[c], widths[c], c + 1 == column_count);
        }
    buf_release(&cell);
}
