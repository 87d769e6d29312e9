/*
 * guard.c - the ids that a parent has: two numbers where none between them is missing, otherwise
 * one bit for each that it could have.
 */
#include "guard.h"

#include <limits.h>
#include <strings.h>

#include "ask.h"
#include "base/buf.h"
#include "schema/names.h"

enum {
    BITS_MAX = 1 << 26,   /* of one parent: 8 MB; more would be said of ids that are far apart */
    BYTES_MAX = 12 << 20, /* of all */
    WORD = 64
};

/* The ids of one table. */
struct ids {
    const struct source_table *table;
    int64_t least;
    uint64_t span;  /* ids from the least on that it could have */
    uint64_t *bits; /* NULL: it has all of them */
};

/* One foreign key. */
struct guard {
    size_t column; /* of the row's cells */
    size_t ids;
};

struct guarded {
    struct guard *guards; /* as many as the table has foreign keys */
    size_t count;         /* 0: the table is not guarded */
    atomic_bool missed;
};

struct guards {
    struct arena arena;
    VEC(struct ids) ids;
    struct guarded *tables; /* of the mapping */
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the keys: out of memory");
}

/* --- parents --- */

struct bounds {
    int64_t least, most, rows;
};

static bool take_bounds(void *context, hg_rows *rows, hg_error *err)
{
    struct bounds *bounds = context;

    (void)err;
    bounds->least = hg_rows_integer(rows, 0);
    bounds->most = hg_rows_integer(rows, 1);
    bounds->rows = hg_rows_integer(rows, 2);
    return true;
}

static bool set_bits(hg_conn *conn, struct ids *ids, const char *sql, hg_error *err)
{
    hg_rows *rows = NULL;
    struct cell cell;
    hg_step step = HG_ROW;
    bool ok = hg_conn_query(conn, sql, NULL, 0, hg_deadline_never(), &rows, err);

    while (ok && (step = bulk_cells(rows, &cell, hg_deadline_never(), err)) == HG_ROW) {
        uint64_t at = (uint64_t)cell.as.integer - (uint64_t)ids->least;

        if (at < ids->span) /* which a damaged file may deny */
            ids->bits[at / WORD] |= UINT64_C(1) << at % WORD;
    }
    hg_rows_close(rows);
    return ok && step == HG_END;
}

/* Some of them are missing. */
static bool read_bits(hg_conn *conn, struct ids *ids, const char *name, hg_error *err)
{
    struct buf sql = BUF_INIT(1 << 18);
    bool ok;

    ids->bits = alloc_zero(ids->span / WORD + 1, sizeof *ids->bits);
    buf_printf(&sql, "SELECT %s FROM %s", ids->table->rowid, name);
    ok = ids->bits != NULL && !buf_failed(&sql) ? set_bits(conn, ids, sql.bytes, err)
                                                : no_memory(err);
    if (!ok)
        alloc_free(ids->bits);
    buf_release(&sql);
    return ok;
}

/* name: quoted. */
static bool read_bounds(hg_conn *conn, const struct source_table *table, const char *name,
                        struct bounds *out, hg_error *err)
{
    struct buf sql = BUF_INIT(1 << 18);
    bool ok;

    buf_printf(&sql,
               "SELECT (SELECT min(%s) FROM %s), (SELECT max(%s) FROM %s), (SELECT count(*) FROM "
               "%s)",
               table->rowid, name, table->rowid, name, name);
    ok = buf_failed(&sql)
             ? no_memory(err)
             : ask_rows(conn, sql.bytes, NULL, 0, take_bounds, out, hg_deadline_never(), err);
    buf_release(&sql);
    return ok;
}

static bool keep_ids(struct guards *g, const struct ids *ids, size_t *out_ids, hg_error *err)
{
    struct ids *kept = VEC_PUSH(&g->ids);

    if (kept == NULL) {
        alloc_free(ids->bits);
        return no_memory(err);
    }
    *kept = *ids;
    *out_ids = g->ids.count - 1;
    return true;
}

/* *out_ids: which of all; SIZE_MAX: its ids are too far apart. */
static bool read_parent(struct guards *g, hg_conn *conn, const struct source_table *table,
                        size_t *io_bytes, size_t *out_ids, hg_error *err)
{
    struct buf name = BUF_INIT(1 << 16);
    struct ids ids = {.table = table};
    struct bounds bounds;
    uint64_t width;
    bool ok;

    *out_ids = SIZE_MAX;
    name_put(&name, table->name);
    ok = read_bounds(conn, table, name.bytes, &bounds, err);
    if (ok) {
        width = (uint64_t)bounds.most - (uint64_t)bounds.least;
        ids.least = bounds.least;
        ids.span = bounds.rows == 0 ? 0 : width + 1;
        if (bounds.rows == 0 || width == (uint64_t)bounds.rows - 1) {
            ok = keep_ids(g, &ids, out_ids, err);
        } else if (width < BITS_MAX && *io_bytes + width / CHAR_BIT <= BYTES_MAX) {
            *io_bytes += width / CHAR_BIT;
            ok = read_bits(conn, &ids, name.bytes, err) && keep_ids(g, &ids, out_ids, err);
        }
    }
    buf_release(&name);
    return ok;
}

static bool find_parent(struct guards *g, hg_conn *conn, const struct source_table *table,
                        size_t *io_bytes, size_t *out_ids, hg_error *err)
{
    for (size_t i = 0; i < g->ids.count; i++)
        if (g->ids.items[i].table == table) {
            *out_ids = i;
            return true;
        }
    return read_parent(g, conn, table, io_bytes, out_ids, err);
}

/* --- children --- */

/* The table that a foreign key leads to, if it leads to its rowid; else NULL. */
static const struct source_table *parent_of(const struct run *run,
                                            const struct source_reference *reference)
{
    const struct source_table *parent = source_find(&run->source, reference->table);

    return parent != NULL && parent->rowid_column >= 0 && reference->column_count == 1
                   && reference->referenced[0] != NULL
                   && strcasecmp(reference->referenced[0],
                                 parent->columns[parent->rowid_column].name)
                          == 0
               ? parent
               : NULL;
}

/* Which cell of a row is the column; column_count: none. */
static size_t cell_of(const struct table *table, const char *column)
{
    size_t i = 0;

    while (i < table->column_count && strcasecmp(table->columns[i].source->name, column) != 0)
        i++;
    return i;
}

/* All of a table's foreign keys, or none of them. */
static bool guard_table(struct run *run, struct guarded *guarded, const struct table *table,
                        size_t *io_bytes, hg_error *err)
{
    const struct source_table *source = table->source;
    size_t count = 0;

    guarded->guards =
        arena_alloc(&run->guards->arena, source->reference_count, sizeof *guarded->guards);
    if (guarded->guards == NULL)
        return no_memory(err);
    for (; count < source->reference_count; count++) {
        const struct source_table *parent = parent_of(run, &source->references[count]);
        size_t cell = cell_of(table, source->references[count].columns[0]), ids;

        if (parent == NULL || cell == table->column_count)
            return true;
        if (!find_parent(run->guards, run->crew.hands[0].source, parent, io_bytes, &ids, err))
            return false;
        if (ids == SIZE_MAX)
            return true;
        guarded->guards[count] = (struct guard){cell, ids};
    }
    guarded->count = count;
    return true;
}

bool guards_make(struct run *run, hg_error *err)
{
    struct guards *g = alloc_zero(1, sizeof *g);
    size_t bytes = 0;
    bool ok = g != NULL || no_memory(err);

    guards_release(run->guards);
    run->guards = g;
    if (ok) {
        g->arena = (struct arena)ARENA_INIT;
        g->tables = arena_alloc(&g->arena, run->mapping.table_count, sizeof *g->tables);
        ok = g->tables != NULL || no_memory(err);
    }
    for (size_t i = 0; ok && i < run->mapping.table_count; i++)
        if (run->mapping.tables[i].source->reference_count > 0)
            ok = guard_table(run, &g->tables[i], &run->mapping.tables[i], &bytes, err);
    return ok;
}

void guards_release(struct guards *g)
{
    struct ids *ids;

    if (g == NULL)
        return;
    VEC_EACH (&g->ids, ids)
        alloc_free(ids->bits);
    VEC_RELEASE(&g->ids);
    arena_release(&g->arena);
    alloc_free(g);
}

/* --- rows --- */

static bool has(const struct ids *ids, const struct cell *cell)
{
    uint64_t at = (uint64_t)cell->as.integer - (uint64_t)ids->least;

    return cell->class == CELL_NULL
           || (cell->class == CELL_INTEGER && at < ids->span
               && (ids->bits == NULL || (ids->bits[at / WORD] >> at % WORD & 1) != 0));
}

void guards_look(struct guards *g, size_t table, const struct cell *cells)
{
    struct guarded *guarded = &g->tables[table];

    for (size_t i = 0; i < guarded->count; i++)
        if (!has(&g->ids.items[guarded->guards[i].ids], &cells[guarded->guards[i].column]))
            atomic_store_explicit(&guarded->missed, true, memory_order_relaxed);
}

bool guards_vouch(const struct guards *g, size_t table)
{
    return g->tables[table].count > 0 && !atomic_load(&g->tables[table].missed);
}
