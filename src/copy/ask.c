/*
 * ask.c - a query, a loop, and its end.
 */
#include "ask.h"

bool ask_rows(hg_conn *conn, const char *sql, const hg_value *params, size_t n,
              bool (*each)(void *context, hg_rows *rows, hg_error *err), void *context,
              hg_deadline by, hg_error *err)
{
    hg_rows *rows = NULL;
    hg_step step = HG_ROW;
    bool ok = hg_conn_query(conn, sql, params, n, by, &rows, err);

    while (ok && (step = hg_rows_next(rows, by, err)) == HG_ROW)
        ok = each(context, rows, err);
    hg_rows_close(rows);
    return ok && step == HG_END;
}

static bool take_integer(void *context, hg_rows *rows, hg_error *err)
{
    (void)err;
    *(int64_t *)context = hg_rows_integer(rows, 0);
    return true;
}

bool ask_integer(hg_conn *conn, const char *sql, const hg_value *params, size_t n, hg_deadline by,
                 int64_t *out, hg_error *err)
{
    *out = 0;
    return ask_rows(conn, sql, params, n, take_integer, out, by, err);
}
