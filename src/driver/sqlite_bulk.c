/*
 * sqlite_bulk.c - rows as SQLite stores them, value by value with its storage class.
 */
#include "bulk.h"

#include "base/alloc.h"
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

int64_t bulk_limit_values(hg_conn *handle, int64_t bytes)
{
    struct sqlite_conn *conn =
        (struct sqlite_conn *)conn_in_hand(handle, "limit the size of values", NULL);
    int most = bytes > 0 && bytes < INT32_MAX ? (int)bytes : INT32_MAX; /* SQLite cuts that */

    if (conn == NULL || conn->base.driver->id != HG_SQLITE)
        return 0;
    return sqlite3_limit(conn->db, SQLITE_LIMIT_LENGTH, most);
}

/* --- one value in pieces --- */

struct bulk_value {
    struct sqlite_conn *conn;
    sqlite3_blob *blob;
    bool text;
};

bool bulk_value_open(hg_conn *handle, const char *table, const char *column, int64_t rowid,
                     bool text, struct bulk_value **out, hg_error *err)
{
    struct sqlite_conn *conn = (struct sqlite_conn *)conn_in_hand(handle, "read a value", err);
    struct bulk_value *value;

    if (conn == NULL)
        return false;
    if (conn->base.driver->id != HG_SQLITE)
        return hg_fail(err, HG_MISUSE, "only SQLite reads values in pieces");
    value = alloc_zero(1, sizeof *value);
    if (value == NULL)
        return sqlstate_no_memory(err);
    *value = (struct bulk_value){.conn = conn, .text = text};
    if (sqlite3_blob_open(conn->db, "main", table, column, rowid, 0, &value->blob) != SQLITE_OK) {
        sqlite_fail(conn, NULL, err);
        alloc_free(value);
        return false;
    }
    *out = value;
    return true;
}

void bulk_value_close(struct bulk_value *value)
{
    if (value == NULL)
        return;
    sqlite3_blob_close(value->blob);
    alloc_free(value);
}

uint32_t bulk_value_size(const struct bulk_value *value)
{
    return (uint32_t)sqlite3_blob_bytes(value->blob);
}

bool bulk_value_is_text(const struct bulk_value *value)
{
    return value->text;
}

bool bulk_value_read(struct bulk_value *value, uint32_t at, uint32_t size, void *out, hg_error *err)
{
    return sqlite3_blob_read(value->blob, out, (int)size, (int)at) == SQLITE_OK
           || sqlite_fail(value->conn, NULL, err);
}
