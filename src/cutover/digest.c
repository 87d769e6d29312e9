/*
 * digest.c - reads a whole SQLite database, in one transaction, and takes its digest.
 */
#include "digest.h"

#include <stdio.h>

#include "base/text.h"
#include "base/vec.h"
#include "migrate/checksum.h"

enum { NAME_ROOM = 512 };

struct table {
    char name[NAME_ROOM];
};

typedef VEC(struct table) tables;

/* With its type and, where it has one, its size: no two values look alike. */
static void add_value(struct checksum *sum, const hg_value *v)
{
    checksum_bytes(sum, &v->type, sizeof v->type);
    if (v->type == HG_TEXT || v->type == HG_BLOB) {
        checksum_bytes(sum, &v->as.bytes.size, sizeof v->as.bytes.size);
        checksum_bytes(sum, v->as.bytes.data, v->as.bytes.size);
    } else if (v->type == HG_REAL) {
        checksum_bytes(sum, &v->as.real, sizeof v->as.real);
    } else if (v->type == HG_INTEGER) {
        checksum_bytes(sum, &v->as.integer, sizeof v->as.integer);
    }
}

static void add_row(struct checksum *sum, hg_rows *rows)
{
    for (size_t i = 0; i < hg_rows_column_count(rows); i++) {
        const hg_value value = hg_rows_value(rows, i);

        add_value(sum, &value);
    }
}

/* All rows of a query; names: their first column is kept, too. */
static bool add_rows(hg_conn *conn, const char *sql, struct checksum *sum, tables *names,
                     hg_error *err)
{
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;

    if (!hg_conn_query(conn, sql, NULL, 0, hg_deadline_never(), &rows, err))
        return false;
    while ((step = hg_rows_next(rows, hg_deadline_never(), err)) == HG_ROW) {
        struct table *t = names == NULL ? NULL : VEC_PUSH(names);

        add_row(sum, rows);
        if (t != NULL)
            text_copy(t->name, sizeof t->name, hg_rows_text(rows, 0));
    }
    hg_rows_close(rows);
    return step == HG_END;
}

static bool add_table(hg_conn *conn, const char *name, struct checksum *sum, hg_error *err)
{
    char quoted[2 * NAME_ROOM + 3], sql[sizeof quoted + 32];

    hg_quote_identifier(name, quoted, sizeof quoted);
    snprintf(sql, sizeof sql, "SELECT * FROM main.%s", quoted);
    return add_rows(conn, sql, sum, NULL, err);
}

static bool add_all(hg_conn *conn, struct checksum *sum, hg_error *err)
{
    tables names = VEC_INIT;
    bool ok = add_rows(conn, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2",
                       sum, NULL, err)
              && add_rows(conn,
                          "SELECT name FROM sqlite_schema WHERE type = 'table'"
                          " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1",
                          sum, &names, err);

    for (size_t i = 0; ok && i < names.count; i++)
        ok = add_table(conn, names.items[i].name, sum, err);
    VEC_RELEASE(&names);
    return ok;
}

bool digest_of_source(struct world *w, char out[DIGEST_SIZE], hg_error *err)
{
    struct checksum sum;
    hg_conn *conn = NULL;
    bool ok;

    checksum_init(&sum);
    if (!hg_pool_checkout(w->reader, "cutover", hg_pool_deadline(w->reader), &conn, err))
        return false;
    hg_conn_set_interrupt(conn, world_stopped, w);
    ok = hg_conn_begin(conn, hg_deadline_never(), err) && add_all(conn, &sum, err);
    hg_conn_set_interrupt(conn, NULL, NULL);
    hg_pool_return(w->reader, conn);
    if (ok)
        checksum_hex(&sum, out);
    return ok;
}
