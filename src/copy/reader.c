/*
 * reader.c - SQLite gives up where a value is too large, before it reads it: then the row is read
 * without that value, and the others behind it.
 */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/buf.h"
#include "schema/names.h"

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read a row: out of memory");
}

static bool is_too_large(const hg_error *err)
{
    return strcmp(err->sqlstate, "54000") == 0; /* program_limit_exceeded */
}

/* It may be the first row already. */
static bool open_from(struct reader *r, int64_t lo, hg_error *err)
{
    hg_value range[] = {hg_integer(lo), hg_integer(r->hi)};
    hg_error said = {HG_OK};
    bool ok =
        hg_conn_query(r->conn, r->table->select, range, r->table->source->rowid == NULL ? 0 : 2,
                      hg_deadline_never(), &r->rows, &said);

    r->stuck = !ok && is_too_large(&said);
    if (!ok && !r->stuck && err != NULL)
        *err = said;
    return ok || r->stuck;
}

bool reader_open(hg_conn *conn, const struct table *table, int64_t lo, int64_t hi,
                 struct reader *out, hg_error *err)
{
    *out = (struct reader){.conn = conn, .table = table, .lo = lo, .hi = hi};
    return open_from(out, lo, err);
}

void reader_close(struct reader *r)
{
    hg_rows_close(r->rows);
    hg_rows_close(r->special);
    r->rows = r->special = NULL;
}

/* --- a row with a value that is too large --- */

static bool put_query(const struct reader *r, const char *what, int64_t rowid, struct buf *sql,
                      hg_error *err)
{
    buf_truncate(sql, 0);
    buf_printf(sql, "SELECT %s FROM ", what);
    name_put(sql, r->table->source->name);
    buf_printf(sql, " WHERE %s = %lld", r->table->source->rowid, (long long)rowid);
    return !buf_failed(sql) || no_memory(err);
}

/* The rowid of the row that could not be read. */
static bool find_row(struct reader *r, int64_t *out, hg_error *err)
{
    const char *rowid = r->table->source->rowid;
    hg_value from = hg_integer(r->any ? r->last + 1 : r->lo);
    struct buf sql = BUF_INIT(1 << 16);
    bool ok;

    buf_printf(&sql, "SELECT min(%s) FROM ", rowid);
    name_put(&sql, r->table->source->name);
    buf_printf(&sql, " WHERE %s >= $1", rowid);
    ok = buf_failed(&sql)
             ? no_memory(err)
             : ask_integer(r->conn, sql.bytes, &from, 1, hg_deadline_never(), out, err);
    buf_release(&sql);
    return ok;
}

/* Whether a value cannot be read. */
static bool ask_column(struct reader *r, const char *name, int64_t rowid, bool *out, hg_error *err)
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

/* The row with NULL in the place of what cannot be read. large: of each column. */
static bool open_special(struct reader *r, int64_t rowid, bool *large, hg_error *err)
{
    struct buf columns = BUF_INIT(1 << 20), name = BUF_INIT(1 << 16), sql = BUF_INIT(2 << 20);
    bool ok = true;

    for (size_t i = 0; ok && i < r->table->column_count; i++) {
        buf_truncate(&name, 0);
        name_put(&name, r->table->columns[i].source->name);
        ok = ask_column(r, name.bytes, rowid, &large[i], err);
        buf_printf(&columns, "%s%s", i == 0 ? "" : ", ", large[i] ? "NULL" : name.bytes);
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

static hg_step read_special(struct reader *r, struct cell *cells, hg_error *err)
{
    bool *large = alloc_zero(r->table->column_count + 1, sizeof *large);
    int64_t rowid = 0;
    hg_step step = HG_ERROR;

    if (large == NULL)
        no_memory(err);
    else if (find_row(r, &rowid, err) && open_special(r, rowid, large, err))
        step = bulk_cells(r->special, cells, hg_deadline_never(), err);
    for (size_t i = 0; step == HG_ROW && i < r->table->column_count; i++)
        if (large[i])
            cells[i] = (struct cell){.class = CELL_LARGE};
    alloc_free(large);
    return step;
}

/* --- rows --- */

static hg_step fail_keyless(const struct reader *r, hg_error *err)
{
    hg_fail(err, HG_FAILED, "table \"%s\" holds a value that is too large to be carried",
            r->table->source->name);
    hg_error_hint(err, "In a table without rowids it cannot be gone around. Leave the table out "
                       "with a rule, or let larger values be carried with --max-value.");
    return HG_ERROR;
}

/* The row that SQLite gave up at, without what it gave up for. */
static hg_step go_around(struct reader *r, struct cell *cells, hg_error *err)
{
    r->stuck = false;
    hg_rows_close(r->rows);
    r->rows = NULL;
    return r->table->rowid_cell < 0 ? fail_keyless(r, err) : read_special(r, cells, err);
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
        hg_rows_close(r->special);
        r->special = NULL;
        if (r->last >= r->hi)
            return HG_END;
        if (!open_from(r, r->last + 1, err))
            return HG_ERROR;
    }
    if (!r->stuck)
        step = read_row(r, cells, err);
    if (r->stuck)
        step = go_around(r, cells, err);
    if (step == HG_ROW && r->table->rowid_cell >= 0) {
        r->last = cells[r->table->rowid_cell].as.integer;
        r->any = true;
    }
    return step;
}
