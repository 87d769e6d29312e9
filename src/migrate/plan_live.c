/*
 * plan_live.c - the live database's word on the tables of a plan.
 */
#include "plan_live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"

enum { NAMES_LIMIT = 16 << 20, SIZES_MS = 500 };

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not look at the tables: out of memory");
}

/* schema.name → "schema"."name"; a name with a point in it is taken for two. */
static void put_quoted(struct buf *out, const char *name)
{
    const char *point = strchr(name, '.');

    buf_char(out, '"');
    for (const char *c = name; *c != '\0'; c++) {
        if (c == point) {
            buf_text(out, "\".\"");
            continue;
        }
        if (*c == '"')
            buf_char(out, '"');
        buf_char(out, *c);
    }
    buf_char(out, '"');
}

/* The names as the text of an array of quoted names. */
static void put_array(struct buf *out, const char *const *names, size_t count)
{
    buf_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        struct buf name = BUF_INIT(NAMES_LIMIT);

        put_quoted(&name, names[i]);
        buf_text(out, i == 0 ? "\"" : ",\"");
        for (size_t c = 0; c < name.size; c++) {
            if (name.bytes[c] == '"' || name.bytes[c] == '\\')
                buf_char(out, '\\');
            buf_char(out, name.bytes[c]);
        }
        buf_char(out, '"');
        buf_release(&name);
    }
    buf_char(out, '}');
}

// clang-format off
static const char postgres_sql[] =
    "SELECT n.at, ns.nspname || '.' || c.relname,"
    " CASE WHEN c.reltuples >= 0 THEN c.reltuples::int8 ELSE pg_stat_get_live_tuples(c.oid) END, %s"
    " FROM unnest($1::text[]) WITH ORDINALITY n(name, at)"
    " JOIN pg_class r ON r.oid = to_regclass(n.name)"
    " LEFT JOIN pg_index i ON i.indexrelid = r.oid"
    " JOIN pg_class c ON c.oid = coalesce(i.indrelid, r.oid)"
    " JOIN pg_namespace ns ON ns.oid = c.relnamespace";

/* pg_total_relation_size() waits for whoever has the table. */
static const char size_sql[] =
    "CASE WHEN c.relkind = 'p' THEN (SELECT sum(pg_total_relation_size(p.relid))::int8 FROM pg_partition_tree(c.oid) p)"
    " ELSE pg_total_relation_size(c.oid) END";

static const char sqlite_sql[] =
    "SELECT name, tbl_name, type IN ('table', 'index')"
    " AND coalesce(sql, '') NOT LIKE 'CREATE VIRTUAL%',"
    " (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)"
    " FROM sqlite_master";
// clang-format on

static bool take(struct live *live, struct arena *arena, hg_rows *rows)
{
    size_t at = (size_t)hg_rows_integer(rows, 0) - 1;
    struct live_table *t = &live->tables[at];

    if (at >= live->count)
        return true;
    t->exists = true;
    t->full = arena_text(arena, hg_rows_text(rows, 1));
    t->rows = hg_rows_integer(rows, 2);
    t->size_bytes = hg_rows_integer(rows, 3);
    return t->full != NULL;
}

static bool read_postgres(hg_conn *conn, struct arena *arena, const char *array, const char *size,
                          hg_deadline by, struct live *live, hg_error *err)
{
    const hg_value parameter = hg_text(array);
    char sql[2048];
    hg_rows *rows = NULL;
    hg_step step;
    bool ok = true;

    snprintf(sql, sizeof sql, postgres_sql, size);
    if (!hg_conn_query(conn, sql, &parameter, 1, by, &rows, err))
        return false;
    while (ok && (step = hg_rows_next(rows, by, err)) == HG_ROW)
        ok = take(live, arena, rows) || no_memory(err);
    hg_rows_close(rows);
    return ok && step == HG_END;
}

/* Sizes are worth half a second; without them everything else still is. */
static bool ask_postgres(hg_conn *conn, struct arena *arena, const char *array, bool sizes,
                         hg_deadline by, struct live *live, hg_error *err)
{
    hg_deadline patience = hg_deadline_first(by, hg_deadline_in_ms(SIZES_MS));

    if (sizes && read_postgres(conn, arena, array, size_sql, patience, live, NULL))
        return true;
    return !hg_conn_lost(conn) && read_postgres(conn, arena, array, "-1::int8", by, live, err);
}

/*
 * SQLite keeps no number of rows. Between the first and the last rowid there are no more than that,
 * and most tables have few gaps; where there are more than the file has bytes for, somebody chose
 * the numbers and nothing is known. Two steps down a tree each.
 */
static void ask_rows(hg_conn *conn, hg_deadline by, int64_t file_bytes, struct live_table *t)
{
    enum { LEAST_ROW = 4 /* bytes, in its page */ };
    struct buf sql = BUF_INIT(1 << 16);
    hg_rows *rows = NULL;

    buf_text(&sql, "SELECT coalesce((SELECT max(rowid) FROM ");
    put_quoted(&sql, t->full);
    buf_text(&sql, ") - (SELECT min(rowid) FROM ");
    put_quoted(&sql, t->full);
    buf_text(&sql, ") + 1, 0)");
    if (!buf_failed(&sql) && hg_conn_query(conn, sql.bytes, NULL, 0, by, &rows, NULL)
        && hg_rows_next(rows, by, NULL) == HG_ROW && hg_rows_value(rows, 0).type == HG_INTEGER
        && hg_rows_integer(rows, 0) >= 0 && hg_rows_integer(rows, 0) <= file_bytes / LEAST_ROW)
        t->rows = hg_rows_integer(rows, 0);
    hg_rows_close(rows);
    buf_release(&sql);
}

static bool take_sqlite(struct live *live, struct arena *arena, hg_rows *rows, hg_error *err)
{
    for (size_t i = 0; i < live->count; i++) {
        struct live_table *t = &live->tables[i];

        if (strcasecmp(t->name, hg_rows_text(rows, 0)) != 0)
            continue;
        t->exists = true;
        t->countable = hg_rows_integer(rows, 2) != 0;
        t->full = arena_text(arena, hg_rows_text(rows, 1));
        if (t->full == NULL)
            return no_memory(err);
    }
    return true;
}

static bool ask_sqlite(hg_conn *conn, struct arena *arena, hg_deadline by, struct live *live,
                       hg_error *err)
{
    hg_deadline patience = hg_deadline_first(by, hg_deadline_in_ms(SIZES_MS));
    int64_t file_bytes = 0;
    hg_rows *rows = NULL;
    hg_step step;
    bool ok = true;

    if (!hg_conn_query(conn, sqlite_sql, NULL, 0, by, &rows, err))
        return false;
    while (ok && (step = hg_rows_next(rows, by, err)) == HG_ROW) {
        file_bytes = hg_rows_integer(rows, 3);
        ok = take_sqlite(live, arena, rows, err);
    }
    hg_rows_close(rows);
    for (size_t i = 0; ok && i < live->count; i++)
        if (live->tables[i].countable)
            ask_rows(conn, patience, file_bytes, &live->tables[i]);
    return ok && step == HG_END;
}

bool live_read(hg_conn *conn, struct arena *arena, const char *const *names, size_t count,
               bool sizes, hg_deadline by, struct live *out, hg_error *err)
{
    struct live live = {arena_alloc(arena, count + 1, sizeof *live.tables), count};
    struct buf array = BUF_INIT(NAMES_LIMIT);
    bool ok = live.tables != NULL || no_memory(err);

    for (size_t i = 0; ok && i < count; i++)
        live.tables[i] =
            (struct live_table){.name = names[i], .full = names[i], .rows = -1, .size_bytes = -1};
    if (ok && count > 0 && hg_conn_driver(conn) == HG_SQLITE) {
        ok = ask_sqlite(conn, arena, by, &live, err);
    } else if (ok && count > 0) {
        put_array(&array, names, count);
        ok = (!buf_failed(&array) || no_memory(err))
             && ask_postgres(conn, arena, array.bytes, sizes, by, &live, err);
    }
    buf_release(&array);
    if (ok)
        *out = live;
    return ok;
}

static int by_name(const void *key, const void *table)
{
    return strcmp(key, ((const struct live_table *)table)->name);
}

const struct live_table *live_find(const struct live *live, const char *name)
{
    if (live == NULL || live->count == 0)
        return NULL;
    return bsearch(name, live->tables, live->count, sizeof *live->tables, by_name);
}

bool live_count(hg_conn *conn, const char *full, hg_deadline by, int64_t *out_rows)
{
    struct buf sql = BUF_INIT(1 << 16);
    hg_rows *rows = NULL;
    bool ok;

    buf_text(&sql, "SELECT count(*) FROM ");
    put_quoted(&sql, full);
    ok = !buf_failed(&sql) && hg_conn_query(conn, sql.bytes, NULL, 0, by, &rows, NULL)
         && hg_rows_next(rows, by, NULL) == HG_ROW;
    if (ok)
        *out_rows = hg_rows_integer(rows, 0);
    hg_rows_close(rows);
    buf_release(&sql);
    return ok;
}
