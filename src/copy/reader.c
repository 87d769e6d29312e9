/*
 * reader.c - SQLite gives up where a value is too large, before it reads it: then the row is read
 * without that value, and the others behind it.
 */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/buf.h"
#include "far.h"
#include "schema/names.h"

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read a row: out of memory");
}

static bool is_too_large(const hg_error *err)
{
    return strcmp(err->sqlstate, "54000") == 0; /* program_limit_exceeded */
}

/* The rows that are left. It may be the first row already. */
static bool open_from(struct reader *r, int64_t lo, hg_error *err)
{
    hg_value range[] = {hg_integer(lo), hg_integer(r->hi)};
    struct buf rest = BUF_INIT(1 << 21);
    hg_error said = {HG_OK};
    bool ok, keyless = r->table->source->rowid == NULL;

    buf_text(&rest, r->table->select);
    if (keyless && r->count > 0)
        buf_printf(&rest, " LIMIT -1 OFFSET %lld", (long long)r->count);
    ok = buf_failed(&rest) ? no_memory(&said)
                           : hg_conn_query(r->conn, rest.bytes, range, keyless ? 0 : 2,
                                           hg_deadline_never(), &r->rows, &said);
    buf_release(&rest);
    r->stuck = !ok && is_too_large(&said);
    if (!ok && !r->stuck && err != NULL)
        *err = said;
    return ok || r->stuck;
}

static bool has_pieces(const struct table *table)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (table->columns[i].pieces_most > 0)
            return true;
    return false;
}

bool reader_open(hg_conn *conn, const struct table *table, enum reading reading, int64_t lo,
                 int64_t hi, struct reader *out, hg_error *err)
{
    bool far = reading == READ_FAR && has_pieces(table);

    *out = (struct reader){.conn = conn, .table = table, .reading = reading, .lo = lo, .hi = hi};
    out->most = bulk_limit_values(conn, FAR_FROM);
    out->limit = far && out->most > FAR_FROM ? FAR_FROM : out->most;
    (void)bulk_limit_values(conn, out->limit);
    return open_from(out, lo, err);
}

static void close_special(struct reader *r)
{
    struct bulk_value **value;

    VEC_EACH (&r->values, value)
        bulk_value_close(*value);
    r->values.count = 0;
    image_clear(&r->whole);
    hg_rows_close(r->special);
    r->special = NULL;
}

void reader_close(struct reader *r)
{
    hg_rows_close(r->rows);
    r->rows = NULL;
    close_special(r);
    VEC_RELEASE(&r->values);
    image_release(&r->whole);
    if (r->conn != NULL)
        (void)bulk_limit_values(r->conn, r->most);
}

/* --- a row with a value that is too large --- */

/* Of a table without rowids the row is the one behind those that there were. */
static bool put_query(const struct reader *r, const char *what, int64_t rowid, struct buf *sql,
                      hg_error *err)
{
    buf_truncate(sql, 0);
    buf_printf(sql, "SELECT %s FROM ", what);
    name_put(sql, r->table->source->name);
    if (r->table->order != NULL)
        buf_printf(sql, " ORDER BY %s LIMIT 1 OFFSET %lld", r->table->order, (long long)r->count);
    else
        buf_printf(sql, " WHERE %s = %lld", r->table->source->rowid, (long long)rowid);
    return !buf_failed(sql) || no_memory(err);
}

/* The rowid of the row that could not be read, if it has one. */
static bool find_row(struct reader *r, int64_t *out, hg_error *err)
{
    const char *rowid = r->table->source->rowid;
    hg_value from = hg_integer(r->any ? r->last + 1 : r->lo);
    struct buf sql = BUF_INIT(1 << 16);
    bool ok;

    if (rowid == NULL)
        return true;
    buf_printf(&sql, "SELECT min(%s) FROM ", rowid);
    name_put(&sql, r->table->source->name);
    buf_printf(&sql, " WHERE %s >= $1", rowid);
    ok = buf_failed(&sql)
             ? no_memory(err)
             : ask_integer(r->conn, sql.bytes, &from, 1, hg_deadline_never(), out, err);
    buf_release(&sql);
    return ok;
}

/* What becomes of a column in a row with values that are too large. */
enum lot {
    LOT_READ,
    LOT_FAR, /* it can be read in pieces */
    LOT_LOST
};

/* Whether a value is larger than the connection's limit. */
static bool exceeds(struct reader *r, const char *name, int64_t rowid, bool *out, hg_error *err)
{
    struct buf sql = BUF_INIT(1 << 16);
    hg_error said = {HG_OK};
    hg_rows *rows = NULL;
    bool ok = put_query(r, name, rowid, &sql, err);

    *out = false;
    if (ok
        && (!hg_conn_query(r->conn, sql.bytes, NULL, 0, hg_deadline_never(), &rows, &said)
            || hg_rows_next(rows, hg_deadline_never(), &said) == HG_ERROR)) {
        *out = is_too_large(&said);
        ok = *out;
        if (!ok && err != NULL)
            *err = said;
    }
    hg_rows_close(rows);
    buf_release(&sql);
    return ok;
}

/* name: quoted. */
static bool draw_lot(struct reader *r, const struct column *column, const char *name, int64_t rowid,
                     enum lot *out, hg_error *err)
{
    bool large = false, ok;

    (void)bulk_limit_values(r->conn, r->limit);
    ok = exceeds(r, name, rowid, &large, err);
    (void)bulk_limit_values(r->conn, r->most);
    *out = large && column->pieces_most > 0 ? LOT_FAR : LOT_READ;
    if (!ok || !large || *out == LOT_FAR)
        return ok;
    ok = exceeds(r, name, rowid, &large, err);
    *out = large ? LOT_LOST : LOT_READ;
    return ok;
}

/* The row with the size of what cannot be read, if it is known, and the class of what is far. */
static bool open_special(struct reader *r, int64_t rowid, enum lot *lots, hg_error *err)
{
    struct buf columns = BUF_INIT(1 << 20), name = BUF_INIT(1 << 16), sql = BUF_INIT(2 << 20);
    bool ok = true;

    for (size_t i = 0; ok && i < r->table->column_count; i++) {
        const struct column *column = &r->table->columns[i];

        buf_truncate(&name, 0);
        name_put(&name, column->source->name);
        ok = draw_lot(r, column, name.bytes, rowid, &lots[i], err);
        buf_text(&columns, i == 0 ? "" : ", ");
        if (lots[i] == LOT_FAR)
            buf_printf(&columns, "typeof(%s)", name.bytes);
        else if (lots[i] == LOT_LOST) /* of a BLOB the length is known without looking at it */
            buf_printf(&columns, "CASE typeof(%s) WHEN 'blob' THEN length(%s) END", name.bytes,
                       name.bytes);
        else
            buf_text(&columns, name.bytes);
    }
    if (r->table->cell_count > r->table->column_count)
        buf_printf(&columns, ", %s", r->table->source->rowid);
    ok = ok && put_query(r, columns.bytes, rowid, &sql, err)
         && hg_conn_query(r->conn, sql.bytes, NULL, 0, hg_deadline_never(), &r->special, err);
    buf_release(&columns);
    buf_release(&name);
    buf_release(&sql);
    return ok;
}

/* cell: the name of its class. */
static bool open_far(struct reader *r, const struct column *column, int64_t rowid,
                     struct cell *cell, hg_error *err)
{
    bool text = cell->size == strlen("text") && memcmp(cell->as.bytes, "text", cell->size) == 0;
    struct bulk_value *value = NULL, **kept;

    if (!bulk_value_open(r->conn, r->table->source->name, column->source->name, rowid, text, &value,
                         err))
        return false;
    kept = VEC_PUSH(&r->values);
    if (kept == NULL) {
        bulk_value_close(value);
        return no_memory(err);
    }
    *kept = value;
    *cell = (struct cell){.class = CELL_LARGE};
    cell->size = bulk_value_size(value);
    if (cell->size <= column->pieces_most)
        cell->as.far = value;
    return true;
}

/* cell: its size, or NULL. The value is opened for nothing but that; where it cannot be, the size
 * is not told. */
static void take_lost(const struct reader *r, const struct column *column, int64_t rowid,
                      struct cell *cell)
{
    struct bulk_value *value = NULL;
    uint32_t size = cell->class == CELL_INTEGER ? (uint32_t)cell->as.integer : 0;

    if (size == 0 && r->table->source->rowid != NULL
        && bulk_value_open(r->conn, r->table->source->name, column->source->name, rowid, true,
                           &value, NULL))
        size = bulk_value_size(value);
    bulk_value_close(value);
    *cell = (struct cell){.class = CELL_LARGE, .size = size};
}

static hg_step read_special(struct reader *r, struct cell *cells, hg_error *err)
{
    enum lot *lots = alloc_zero(r->table->column_count + 1, sizeof *lots);
    int64_t rowid = 0;
    hg_step step = HG_ERROR;
    bool ok = true;

    if (lots == NULL)
        no_memory(err);
    else if (find_row(r, &rowid, err) && open_special(r, rowid, lots, err))
        step = bulk_cells(r->special, cells, hg_deadline_never(), err);
    for (size_t i = 0; ok && step == HG_ROW && i < r->table->column_count; i++)
        if (lots[i] == LOT_LOST)
            take_lost(r, &r->table->columns[i], rowid, &cells[i]);
        else if (lots[i] == LOT_FAR)
            ok = open_far(r, &r->table->columns[i], rowid, &cells[i], err);
    if (ok && step == HG_ROW && r->reading == READ_WHOLE)
        ok = far_fetch(cells, r->table->column_count, &r->whole, err);
    alloc_free(lots);
    return ok ? step : HG_ERROR;
}

/* --- rows --- */

/* The table's name comes to it above. */
static hg_step fail_here(const struct reader *r, hg_error *err)
{
    hg_fail(err, HG_FAILED, "row %lld holds a value of more than %lld MB", (long long)r->count + 1,
            (long long)(r->most >> 20));
    hg_error_hint(err,
                  "Such a table has no key by which it could be gone around. Leave it out with a "
                  "rule, or let larger values be carried with --max-value.");
    return HG_ERROR;
}

/* The row that SQLite gave up at, without what it gave up for. */
static hg_step go_around(struct reader *r, struct cell *cells, hg_error *err)
{
    r->stuck = false;
    hg_rows_close(r->rows);
    r->rows = NULL;
    return r->table->source->rowid == NULL && r->table->order == NULL ? fail_here(r, err)
                                                                      : read_special(r, cells, err);
}

/* The row from the ordinary rows, unless it is one of those. */
static hg_step read_row(struct reader *r, struct cell *cells, hg_error *err)
{
    hg_error said = {HG_OK};
    hg_step step = bulk_cells(r->rows, cells, hg_deadline_never(), &said);

    r->stuck = step == HG_ERROR && is_too_large(&said);
    if (step == HG_ERROR && !r->stuck && err != NULL)
        *err = said;
    return step;
}

hg_step reader_next(struct reader *r, struct cell *cells, hg_error *err)
{
    hg_step step = HG_ERROR;

    if (r->special != NULL) {
        close_special(r);
        (void)bulk_limit_values(r->conn, r->limit);
        if (r->table->rowid_cell >= 0 && r->last >= r->hi)
            return HG_END;
        if (!open_from(r, r->last + 1, err))
            return HG_ERROR;
    }
    if (!r->stuck)
        step = read_row(r, cells, err);
    if (r->stuck)
        step = go_around(r, cells, err);
    r->count += step == HG_ROW;
    if (step == HG_ROW && r->table->rowid_cell >= 0) {
        r->last = cells[r->table->rowid_cell].as.integer;
        r->any = true;
    }
    return step;
}
