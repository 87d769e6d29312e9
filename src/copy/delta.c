/*
 * delta.c - what changed, as the source's own log has it: see triggers.h.
 *
 * Of a table whose rowid is a column of the target the rowids are read, as those that pages are
 * compared for; of one with another primary key the rows are read straight through the log. A table
 * that has neither, or none that can be relied on, is brought over as a whole once the log names
 * it.
 */
#include <string.h>

#include "ask.h"
#include "base/buf.h"
#include "catchup.h"
#include "schema/names.h"

enum { SQL_MOST = 1 << 20 };

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the source's log: out of memory");
}

/* --- which tables --- */

struct finder {
    struct catchup *c;
    hg_conn *source;
    bool *named; /* of each table of the mapping: the log has something about it */
};

static bool take_name(void *context, hg_rows *rows, hg_error *err)
{
    struct finder *f = context;
    const struct mapping *mapping = &f->c->run->mapping;

    for (size_t i = 0; i < mapping->table_count; i++)
        if (strcmp(mapping->tables[i].source->name, hg_rows_text(rows, 0)) == 0) {
            f->named[i] = true;
            return true;
        }
    hg_fail(err, HG_USAGE, "rows of table \"%s\" have changed, which is not to be brought over now",
            hg_rows_text(rows, 0));
    hg_error_hint(err, "Name the tables and the rules that the copy was begun with.");
    return false;
}

static bool read_names(struct finder *f, hg_error *err)
{
    hg_value position = hg_integer(f->c->run->delta.position);

    return ask_rows(f->source, "SELECT DISTINCT tab FROM headgate_delta WHERE seq > $1", &position,
                    1, take_name, f, copy_soon(), err);
}

/* --- rows with a number --- */

static bool take_rowid(void *context, hg_rows *rows, hg_error *err)
{
    struct change *change = context;
    int64_t *kept =
        hg_rows_integer(rows, 1) != 0 ? VEC_PUSH(&change->put) : VEC_PUSH(&change->gone);

    if (kept == NULL)
        return no_memory(err);
    *kept = hg_rows_integer(rows, 0);
    return true;
}

static bool find_rowids(struct finder *f, size_t number, hg_error *err)
{
    const struct source_table *table = f->c->run->mapping.tables[number].source;
    hg_value of[] = {hg_integer(f->c->run->delta.position), hg_text(table->name)};
    struct buf sql = BUF_INIT(SQL_MOST);
    bool ok;

    buf_text(&sql, "SELECT d.k, EXISTS (SELECT 1 FROM ");
    name_put(&sql, table->name);
    buf_printf(&sql,
               " AS t WHERE t.%s = d.k) FROM (SELECT DISTINCT key1 AS k FROM headgate_delta "
               "WHERE seq > $1 AND tab = $2) AS d ORDER BY 1",
               table->rowid);
    ok = buf_failed(&sql) ? no_memory(err)
                          : ask_rows(f->source, sql.bytes, of, 2, take_rowid,
                                     &f->c->changes[number], hg_deadline_never(), err);
    buf_release(&sql);
    return ok;
}

/* --- rows with another key --- */

/* What is read from a table in another way than by ranges of rowids. */
static struct table *derive(const struct table *table, const char *select, struct arena *arena)
{
    struct table *derived = arena_alloc(arena, 1, sizeof *derived);
    struct source_table *source = arena_alloc(arena, 1, sizeof *source);
    const char *kept = arena_text(arena, select);

    if (derived == NULL || source == NULL || kept == NULL)
        return NULL;
    *source = *table->source;
    source->rowid = NULL;
    source->rowid_column = -1;
    *derived = *table;
    derived->source = source;
    derived->rowid_cell = -1;
    derived->cell_count = derived->column_count;
    derived->select = kept;
    derived->order = NULL;
    return derived;
}

/* In the order of the table's columns, as apply.c matches them. */
static size_t keep_keys(struct table *keys, const struct table *table)
{
    keys->column_count = 0;
    for (size_t i = 0; i < table->column_count; i++)
        if (table_is_key(table, i))
            keys->columns[keys->column_count++] = table->columns[i];
    keys->cell_count = keys->column_count;
    return keys->column_count;
}

const struct table *delta_keys(const struct table *table, const char *select, struct arena *arena)
{
    struct table *keys = derive(table, select, arena);

    if (keys == NULL)
        return NULL;
    keys->columns = arena_alloc(arena, table->column_count, sizeof *keys->columns);
    if (keys->columns == NULL)
        return NULL;
    keep_keys(keys, table);
    return keys;
}

/* The place in the log's key of a column of the primary key, from 1. */
static size_t place_in_log(const struct source_table *table, const struct source_column *column)
{
    size_t i = 0;

    while (triggers_key_column(table, i) != column)
        i++;
    return i + 1;
}

bool delta_has_key(const struct table *table)
{
    size_t count = 0;

    for (size_t i = 0; i < table->column_count; i++)
        count += table_is_key(table, i);
    return table->key != NULL || (count > 0 && count == triggers_key(table->source));
}

/* "key1, key2" as they stand for the table's columns; and those columns. */
static void put_keys(const struct table *table, struct buf *logged, struct buf *columns)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (!table_is_key(table, i))
            continue;
        buf_printf(logged, "%skey%zu", logged->size == 0 ? "" : ", ",
                   place_in_log(table->source, table->columns[i].source));
        buf_text(columns, columns->size == 0 ? "" : ", ");
        name_put(columns, table->columns[i].source->name);
    }
}

static void put_logged(struct finder *f, const struct table *table, const char *what,
                       struct buf *out)
{
    buf_printf(out, "SELECT %s FROM headgate_delta WHERE seq > %lld AND tab = ", what,
               (long long)f->c->run->delta.position);
    literal_put(out, table->source->name);
}

/* SQLite finds the rows by its index of the primary key, and each of them once. */
static void put_rows(const struct table *table, const char *columns, const char *logged,
                     struct buf *out)
{
    buf_text(out, "SELECT ");
    for (size_t i = 0; i < table->column_count; i++) {
        buf_text(out, i == 0 ? "" : ", ");
        name_put(out, table->columns[i].source->name);
    }
    buf_text(out, " FROM ");
    name_put(out, table->source->name);
    buf_printf(out, " WHERE (%s) IN (%s)", columns, logged);
}

/* A key with NULL in it says nothing about which row it is. */
static bool has_nulls(struct finder *f, const struct table *table, bool *out, hg_error *err)
{
    struct buf sql = BUF_INIT(SQL_MOST);
    int64_t count = 0;
    bool ok;

    put_logged(f, table, "count(*)", &sql);
    for (size_t i = 0; i < triggers_key(table->source); i++)
        buf_printf(&sql, "%skey%zu IS NULL", i == 0 ? " AND (" : " OR ", i + 1);
    buf_char(&sql, ')');
    ok = buf_failed(&sql)
             ? no_memory(err)
             : ask_integer(f->source, sql.bytes, NULL, 0, hg_deadline_never(), &count, err);
    buf_release(&sql);
    *out = count > 0;
    return ok;
}

static bool make_readers(struct finder *f, size_t number, hg_error *err)
{
    const struct table *table = &f->c->run->mapping.tables[number];
    struct change *change = &f->c->changes[number];
    struct buf logged = BUF_INIT(SQL_MOST), columns = BUF_INIT(SQL_MOST);
    struct buf keys = BUF_INIT(SQL_MOST), rows = BUF_INIT(SQL_MOST), what = BUF_INIT(SQL_MOST);

    put_keys(table, &logged, &columns);
    put_logged(f, table, logged.bytes, &rows);
    buf_printf(&what, "DISTINCT %s", logged.bytes);
    put_logged(f, table, what.bytes, &keys);
    buf_truncate(&what, 0);
    put_rows(table, columns.bytes, rows.bytes, &what);
    if (!buf_failed(&what) && !buf_failed(&keys) && !buf_failed(&rows)) {
        change->rows = derive(table, what.bytes, &f->c->arena);
        change->keys = delta_keys(table, keys.bytes, &f->c->arena);
    }
    buf_release(&what);
    buf_release(&rows);
    buf_release(&keys);
    buf_release(&columns);
    buf_release(&logged);
    return (change->rows != NULL && change->keys != NULL) || no_memory(err);
}

/* --- the whole --- */

static bool find_table(struct finder *f, size_t number, hg_error *err)
{
    const struct table *table = &f->c->run->mapping.tables[number];
    struct change *change = &f->c->changes[number];

    if (table->key != NULL)
        return find_rowids(f, number, err);
    change->whole = !delta_has_key(table);
    if (!change->whole && !has_nulls(f, table, &change->whole, err))
        return false;
    return change->whole || make_readers(f, number, err);
}

static bool find_tables(struct finder *f, bool touched, hg_error *err)
{
    bool ok = read_names(f, err);

    for (size_t i = 0; ok && i < f->c->run->mapping.table_count; i++) {
        struct change *change = &f->c->changes[i];

        change->whole = touched || f->c->run->mapping.tables[i].source->virtual;
        ok = change->whole || !f->named[i] || find_table(f, i, err);
    }
    return ok;
}

bool delta_find(struct catchup *c, int64_t *out_position, int64_t *out_version, hg_error *err)
{
    size_t tables = c->run->mapping.table_count;
    struct finder f = {.c = c, .source = c->run->crew.hands[0].source};
    bool touched = false, ok;

    f.named = alloc_zero(tables + 1, sizeof *f.named);
    c->changes = alloc_zero(tables + 1, sizeof *c->changes);
    ok = ((f.named != NULL && c->changes != NULL) || no_memory(err))
         && triggers_check(f.source, &c->run->delta, &touched, err)
         && ask_integer(f.source, "SELECT max(seq) FROM headgate_delta", NULL, 0, copy_soon(),
                        out_position, err)
         && triggers_version(f.source, out_version, err);
    if (ok && touched)
        copy_tell(c->run, HG_EVENT_NOTE, "",
                  "the source's schema was worked on, or it was vacuumed: all tables are compared "
                  "as a whole, this once",
                  0);
    ok = ok && find_tables(&f, touched, err);
    alloc_free(f.named);
    return ok;
}
