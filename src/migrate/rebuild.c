/*
 * rebuild.c - SQLite: what building a table anew needs around its transaction.
 */
#include "rebuild.h"

static bool execute(struct rebuild *rebuild, const char *sql, hg_deadline by, hg_error *err)
{
    return hg_conn_execute(rebuild->conn, sql, NULL, 0, by, NULL, err);
}

/* The first number that a query gives. */
static bool ask(const struct rebuild *rebuild, const char *sql, hg_deadline by, int64_t *out,
                hg_error *err)
{
    hg_rows *rows = NULL;
    bool ok = hg_conn_query(rebuild->conn, sql, NULL, 0, by, &rows, err)
              && hg_rows_next(rows, by, err) == HG_ROW;

    if (ok)
        *out = hg_rows_integer(rows, 0);
    hg_rows_close(rows);
    return ok;
}

bool rebuild_begin(struct rebuild *rebuild, hg_conn *conn, bool wanted, hg_deadline by,
                   hg_error *err)
{
    int64_t on = 1;

    *rebuild = (struct rebuild){.broken = -1};
    if (!wanted || hg_conn_driver(conn) != HG_SQLITE)
        return true;
    rebuild->conn = conn;
    if (!execute(rebuild, "PRAGMA foreign_keys = OFF", by, err)
        || !execute(rebuild, "PRAGMA legacy_alter_table = ON", by, err)
        || !ask(rebuild, "PRAGMA foreign_keys", by, &on, err))
        return false;
    return on == 0 || hg_fail(err, HG_SQL, "SQLite did not switch foreign keys off");
}

static const char count_sql[] = "SELECT count(*) FROM pragma_foreign_key_check";

bool rebuild_count(struct rebuild *rebuild, hg_deadline by, hg_error *err)
{
    hg_error cause = {0};

    if (rebuild->conn == NULL || ask(rebuild, count_sql, by, &rebuild->broken, &cause))
        return true;
    rebuild->broken = -1; /* a reference to columns that are no key: it was wrong before us */
    if (cause.code == HG_SQL)
        return true;
    if (err != NULL)
        *err = cause;
    return false;
}

/* Names one of them. */
static bool refuse(const struct rebuild *rebuild, int64_t more, hg_deadline by, hg_error *err)
{
    hg_rows *rows = NULL;
    hg_error ignored = {0};

    hg_fail(err, HG_CONSTRAINT, "%lld references lead nowhere now that did not before",
            (long long)more);
    if (hg_conn_query(rebuild->conn, "SELECT \"table\", parent FROM pragma_foreign_key_check", NULL,
                      0, by, &rows, &ignored)
        && hg_rows_next(rows, by, &ignored) == HG_ROW)
        hg_error_hint(err, "Look at the rows of \"%s\", which refer to \"%s\".",
                      hg_rows_text(rows, 0), hg_rows_text(rows, 1));
    hg_rows_close(rows);
    return false;
}

bool rebuild_check(const struct rebuild *rebuild, hg_deadline by, hg_error *err)
{
    int64_t broken = 0;

    if (rebuild->conn == NULL || rebuild->broken < 0)
        return true;
    if (!ask(rebuild, count_sql, by, &broken, err))
        return false;
    return broken <= rebuild->broken || refuse(rebuild, broken - rebuild->broken, by, err);
}

bool rebuild_end(struct rebuild *rebuild, hg_deadline by)
{
    bool ok = rebuild->conn == NULL
              || (execute(rebuild, "PRAGMA legacy_alter_table = OFF", by, NULL)
                  && execute(rebuild, "PRAGMA foreign_keys = ON", by, NULL));

    rebuild->conn = NULL;
    return ok;
}
