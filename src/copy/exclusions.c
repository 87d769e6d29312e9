/*
 * exclusions.c - rows that an EXCLUDE constraint of the target does not let be beside one another.
 *
 * Which ones those are only the constraint itself knows, so a second temporary table has it, and
 * holds all rows that it lets in. Unlike the first one it grows with the table, on the server.
 */
#include "court.h"

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not look into the exclusions: out of memory");
}

/* Its name goes by the place of the constraint among the conditions. */
static void put_name(const struct court *c, const struct condition *condition, struct buf *sql)
{
    buf_printf(sql, "pg_temp.headgate_kept%zu", (size_t)(condition - c->task->conditions.items));
}

bool exclusion_make(struct court *c, struct condition *condition, hg_error *err)
{
    struct buf sql = BUF_INIT(1 << 20);
    bool ok;

    buf_text(&sql, "CREATE TEMPORARY TABLE ");
    put_name(c, condition, &sql);
    buf_text(&sql, " (LIKE " PROBE "); ALTER TABLE ");
    put_name(c, condition, &sql);
    buf_printf(&sql, " ADD %s", condition->check->exclude);
    ok = buf_failed(&sql) ? no_memory(err) : court_try(c, condition, &sql, err);
    buf_release(&sql);
    return ok;
}

bool exclusion_count(struct court *c, struct condition *condition, hg_error *err)
{
    struct buf sql = BUF_INIT(1 << 16);
    hg_rows *rows = NULL;
    bool ok;

    buf_text(&sql, "WITH kept AS (INSERT INTO ");
    put_name(c, condition, &sql);
    buf_text(&sql,
             " SELECT * FROM " PROBE " ON CONFLICT DO NOTHING RETURNING headgate_row) SELECT "
             "count(*), min(headgate_row) FROM " PROBE " p WHERE NOT EXISTS (SELECT FROM kept "
             "WHERE kept.headgate_row = p.headgate_row)");
    ok = (!buf_failed(&sql) || no_memory(err))
         && hg_conn_query(c->hand->target, sql.bytes, NULL, 0, hg_deadline_never(), &rows, err)
         && hg_rows_next(rows, hg_deadline_never(), err) == HG_ROW;
    if (ok && condition->count == 0)
        condition->first = hg_rows_integer(rows, 1);
    if (ok)
        condition->count += hg_rows_integer(rows, 0);
    hg_rows_close(rows);
    buf_release(&sql);
    return ok;
}

bool exclusion_drop(struct court *c, const struct condition *condition, hg_error *err)
{
    struct buf sql = BUF_INIT(1 << 16);
    bool ok;

    buf_text(&sql, "DROP TABLE IF EXISTS ");
    put_name(c, condition, &sql);
    ok = buf_failed(&sql) ? no_memory(err)
                          : bulk_script(c->hand->target, sql.bytes, copy_soon(), err);
    buf_release(&sql);
    return ok;
}
