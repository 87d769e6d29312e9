/*
 * sqlite_bulk.c - rows as SQLite stores them, value by value with its storage class.
 */
#include "bulk.h"

#include "lent.h"
#include "sqlite.h"
#include "sqlstate.h"

static bool take_bytes(sqlite3_value *value, enum cell_class class, struct cell *cell)
{
    const void *bytes = class == CELL_TEXT ? sqlite3_value_text(value) : sqlite3_value_blob(value);

    cell->class = class;
    cell->size = (uint32_t)sqlite3_value_bytes(value);
    cell->as.bytes = bytes == NULL ? "" : bytes;
    return bytes != NULL || (cell->size == 0 && class == CELL_BLOB);
}

/* false: memory ran out. */
static bool take_cell(sqlite3_value *value, struct cell *cell)
{
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        cell->class = CELL_INTEGER;
        cell->as.integer = sqlite3_value_int64(value);
        return true;
    case SQLITE_FLOAT:
        cell->class = CELL_REAL;
        cell->as.real = sqlite3_value_double(value);
        return true;
    case SQLITE_TEXT:
        return take_bytes(value, CELL_TEXT, cell);
    case SQLITE_BLOB:
        return take_bytes(value, CELL_BLOB, cell);
    default:
        cell->class = CELL_NULL;
        return true;
    }
}

hg_step bulk_cells(hg_rows *base, struct cell *cells, hg_deadline by, hg_error *err)
{
    sqlite3_stmt *stmt = ((struct sqlite_rows *)base)->stmt;
    hg_step step = hg_rows_next(base, by, err);

    if (step != HG_ROW)
        return step;
    for (size_t i = 0; i < base->column_count; i++)
        if (!take_cell(sqlite3_column_value(stmt, (int)i), &cells[i])) {
            sqlstate_no_memory(err);
            return HG_ERROR;
        }
    return HG_ROW;
}

void bulk_limit_values(hg_conn *handle, int64_t bytes)
{
    struct sqlite_conn *conn =
        (struct sqlite_conn *)conn_in_hand(handle, "limit the size of values", NULL);
    int most = bytes > 0 && bytes < INT32_MAX ? (int)bytes : INT32_MAX; /* SQLite cuts that */

    if (conn != NULL && conn->base.driver->id == HG_SQLITE)
        sqlite3_limit(conn->db, SQLITE_LIMIT_LENGTH, most);
}
