/*
 * table.c - columns as wide as their widest cell, two spaces between them, nothing behind the last.
 * Pure.
 */
#include "table.h"

#include "base/buf.h"
#include "base/text.h"

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

/* The cell as it is shown; row 0 is the titles. */
static const char *cell_at(const struct table *t, size_t row, size_t column)
{
    return row == 0 ? t->columns[column].title : t->rows.items[row - 1][column];
}

static int width_of(const struct table *t, size_t column, struct buf *cell)
{
    int widest = 0;

    for (size_t row = 0; row <= t->rows.count; row++) {
        int width;

        visible(cell, cell_at(t, row, column));
        width = text_width(cell->bytes);
        widest = width > widest ? width : widest;
    }
    return widest;
}

static void print(const struct table *t, struct buf *out)
{
    struct buf cell = BUF_INIT(1 << 20);
    int widths[TABLE_COLUMNS_MAX];

    for (size_t c = 0; c < t->column_count; c++)
        widths[c] = width_of(t, c, &cell);
    for (size_t row = 0; row <= t->rows.count; row++)
        for (size_t c = 0; c < t->column_count; c++) {
            visible(&cell, cell_at(t, row, c));
            put_cell(out, &cell, &t->columns[c], widths[c], c + 1 == t->column_count);
        }
    buf_release(&cell);
}

const char **table_row(struct table *t)
{
    const char **cells = arena_alloc(&t->arena, t->column_count, sizeof *cells);
    const char ***row = cells == NULL ? NULL : VEC_PUSH(&t->rows);

    if (row == NULL) {
        t->failed = true;
        return t->spare;
    }
    return *row = cells;
}

void table_end(struct table *t, struct buf *out)
{
    if (!t->failed && t->rows.count > 0)
        print(t, out);
    VEC_RELEASE(&t->rows);
    arena_release(&t->arena);
}
