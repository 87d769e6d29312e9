/*
 * import_ledger.c - what another tool's version table says is applied.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "import.h"

struct scan {
    struct import *import;
    bool *items;
    hg_error *err;
};

/* The columns of a row: the version, then what a tool says about it. */
struct version_table {
    const char *name;
    const char *columns; /* and in which order */
    bool (*take)(struct scan *scan, hg_rows *rows);
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the version table: out of memory");
}

/* --- rows --- */

static bool refuse_unknown(const struct scan *scan, const char *version)
{
    hg_fail(scan->err, HG_DRIFT, "the version table says that \"%s\" is applied, which no file has",
            version);
    hg_error_hint(scan->err, "Name the folder that the tool was used with.");
    return false;
}

static bool mark(struct scan *scan, const char *version, bool applied)
{
    for (size_t i = 0; i < scan->import->items.count; i++) {
        if (strcmp(scan->import->items.items[i].revision, version) != 0)
            continue;
        scan->items[i] = applied;
        return true;
    }
    return !applied || refuse_unknown(scan, version);
}

/* Up to and with a version: the items stand in order. */
static bool mark_through(struct scan *scan, const char *version)
{
    if (!mark(scan, version, true))
        return false;
    for (size_t i = 0; strcmp(scan->import->items.items[i].revision, version) != 0; i++)
        scan->items[i] = true;
    return true;
}

static bool take_dbmate(struct scan *scan, hg_rows *rows)
{
    const char *version = hg_rows_text(rows, 0);

    for (size_t i = 0; i < scan->import->items.count; i++) {
        const char *name = scan->import->items.items[i].copy_as;

        /* dbmate knows a file by the digits of its name, whatever revision its header says */
        if (strspn(name, "0123456789") == strlen(version)
            && strncmp(name, version, strlen(version)) == 0) {
            scan->items[i] = true;
            return true;
        }
    }
    return refuse_unknown(scan, version);
}

/* One row each time; the last one of a version is the truth. Version 0 is the empty database. */
static bool take_goose(struct scan *scan, hg_rows *rows)
{
    const char *version = hg_rows_text(rows, 0);

    return strcmp(version, "0") == 0 || mark(scan, version, hg_rows_integer(rows, 1) != 0);
}

static bool take_golang_migrate(struct scan *scan, hg_rows *rows)
{
    const char *version = hg_rows_text(rows, 0);

    if (hg_rows_integer(rows, 1) == 0)
        return hg_rows_integer(rows, 0) < 0 || mark_through(scan, version);
    hg_fail(scan->err, HG_DRIFT, "golang-migrate calls version %s dirty: it failed half way",
            version);
    hg_error_hint(scan->err, "Repair the schema and say migrate force VERSION, then import again.");
    return false;
}

static bool take_flyway(struct scan *scan, hg_rows *rows)
{
    const char *version = hg_rows_text(rows, 0), *type = hg_rows_text(rows, 1);

    if (version[0] == '\0') /* a repeatable one, or a marker */
        return true;
    if (hg_rows_integer(rows, 2) == 0) {
        hg_fail(scan->err, HG_DRIFT, "Flyway's history says that version %s failed", version);
        hg_error_hint(scan->err, "Repair the schema and say flyway repair, then import again.");
        return false;
    }
    if (strncmp(type, "UNDO", 4) == 0)
        return mark(scan, version, false);
    return strstr(type, "BASELINE") != NULL ? mark_through(scan, version)
                                            : mark(scan, version, true);
}

/* Alembic's table is ours too: there is nothing to translate. */
static const struct version_table tables[] = {
    [HG_IMPORT_DBMATE] = {"schema_migrations", "version FROM %s ORDER BY version", take_dbmate},
    [HG_IMPORT_GOOSE] = {"goose_db_version", "version_id, is_applied FROM %s ORDER BY id",
                         take_goose},
    [HG_IMPORT_GOLANG_MIGRATE] = {"schema_migrations", "version, dirty FROM %s",
                                  take_golang_migrate},
    [HG_IMPORT_FLYWAY] = {"flyway_schema_history",
                          "coalesce(version, ''), type, success FROM %s ORDER BY installed_rank",
                          take_flyway},
};

/* --- the table --- */

static bool locate(hg_conn *conn, const char *name, char *out, size_t size, hg_deadline by,
                   hg_error *err)
{
    const hg_value value = hg_text(name);
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;

    out[0] = '\0';
    if (hg_conn_query(conn,
                      hg_conn_driver(conn) == HG_POSTGRESQL
                          ? "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)"
                            " FROM pg_catalog.pg_class c"
                            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                            " WHERE c.oid = pg_catalog.to_regclass($1)"
                          : "SELECT 'main.\"' || name || '\"' FROM sqlite_master"
                            " WHERE type = 'table' AND name = $1",
                      &value, 1, by, &rows, err))
        step = hg_rows_next(rows, by, err);
    if (step == HG_ROW)
        text_copy(out, size, hg_rows_text(rows, 0));
    hg_rows_close(rows);
    return step != HG_ERROR;
}

static bool read_rows(struct scan *scan, hg_conn *conn, const struct version_table *table,
                      const char *place, hg_deadline by)
{
    char sql[900];
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;
    bool ok = true;
    int n = snprintf(sql, sizeof sql, "SELECT ");
    const char *cut = strstr(table->columns, "%s");

    snprintf(sql + n, sizeof sql - (size_t)n, "%.*s%s%s", (int)(cut - table->columns),
             table->columns, place, cut + 2);
    if (hg_conn_query(conn, sql, NULL, 0, by, &rows, scan->err))
        while (ok && (step = hg_rows_next(rows, by, scan->err)) == HG_ROW)
            ok = table->take(scan, rows);
    hg_rows_close(rows);
    return ok && step == HG_END;
}

bool import_read_applied(struct import *import, hg_conn *conn, hg_deadline by,
                         struct import_applied *out, hg_error *err)
{
    const struct version_table *table = &tables[import->options->kind];
    struct scan scan = {.import = import, .err = err};

    out->table[0] = '\0';
    out->items = scan.items =
        arena_alloc(&import->arena, import->items.count + 1, sizeof *scan.items);
    if (scan.items == NULL)
        return no_memory(err);
    if (import->options->kind == HG_IMPORT_ALEMBIC)
        return true;
    return locate(conn, table->name, out->table, sizeof out->table, by, err)
           && (out->table[0] == '\0' || read_rows(&scan, conn, table, out->table, by));
}
