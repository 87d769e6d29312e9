/*
 * mirror.c - the table headgate_cutover: a row a record, and its comment.
 */
#include "mirror.h"

#include <string.h>

#include "base/buf.h"

enum { LINE_LIMIT = 64 << 20 };

#define IS_THERE "to_regclass('headgate_cutover') IS NOT NULL"

/* Lines after the last one that is there, or all of them. */
static const char last_sql[] =
    "SELECT seq, line FROM headgate_cutover WHERE run = $1 ORDER BY seq DESC LIMIT 1";

static bool execute(hg_pool *target, const char *sql, hg_deadline by, hg_error *err)
{
    hg_conn *conn = NULL;
    bool ok;

    if (!hg_pool_checkout(target, "cutover", by, &conn, err))
        return false;
    ok = hg_conn_execute(conn, sql, NULL, 0, by, NULL, err);
    hg_pool_return(target, conn);
    return ok;
}

bool mirror_make(hg_pool *target, hg_deadline by, hg_error *err)
{
    return execute(target,
                   "CREATE TABLE IF NOT EXISTS headgate_cutover (run text NOT NULL, seq bigint NOT"
                   " NULL, line text NOT NULL, at timestamptz NOT NULL DEFAULT now(),"
                   " PRIMARY KEY (run, seq))",
                   by, err);
}

/* COMMENT takes no parameters; a run's name has digits and hyphens alone. */
bool mirror_announce(hg_pool *target, const char *run, hg_deadline by, hg_error *err)
{
    struct buf sql = BUF_INIT(4096);
    bool ok;

    buf_text(&sql, "DO $$BEGIN IF " IS_THERE " THEN COMMENT ON TABLE headgate_cutover IS ");
    if (run == NULL)
        buf_text(&sql, "NULL");
    else
        buf_printf(&sql, "'planned read-only: cutover %.*s'", (int)strspn(run, "0123456789-"), run);
    buf_text(&sql, "; END IF; END$$");
    ok = execute(target, sql.bytes, by, err);
    buf_release(&sql);
    return ok;
}

static bool is_there(hg_conn *conn, hg_deadline by, bool *out_there, hg_error *err)
{
    hg_rows *rows = NULL;
    bool ok;

    if (!hg_conn_query(conn, "SELECT " IS_THERE, NULL, 0, by, &rows, err))
        return false;
    ok = hg_rows_next(rows, by, err) == HG_ROW;
    *out_there = ok && hg_rows_integer(rows, 0) != 0;
    hg_rows_close(rows);
    return ok;
}

typedef bool errand(hg_conn *conn, const struct journal *journal, hg_deadline by, hg_error *err);

/* Does something on a connection to the target, where that has the table. */
static bool at_target(hg_pool *target, const struct journal *journal, errand *work, hg_deadline by,
                      hg_error *err)
{
    hg_conn *conn = NULL;
    bool ok, there = false;

    if (!hg_pool_checkout(target, "cutover", by, &conn, err))
        return false;
    ok = is_there(conn, by, &there, err) && (!there || work(conn, journal, by, err));
    hg_pool_return(target, conn);
    return ok;
}

/* The last record of the run that is there, and its number: 0 when none is. out_line: NULL is fine.
 */
static bool read_last(hg_conn *conn, const struct journal *journal, hg_deadline by,
                      int64_t *out_seq, struct buf *out_line, hg_error *err)
{
    char key[JOURNAL_KEY_SIZE];
    hg_value params[1];
    hg_rows *rows = NULL;
    hg_step step;

    journal_key(journal, key);
    params[0] = hg_text(key);
    if (!hg_conn_query(conn, last_sql, params, 1, by, &rows, err))
        return false;
    step = hg_rows_next(rows, by, err);
    *out_seq = step == HG_ROW ? hg_rows_integer(rows, 0) : 0;
    if (step == HG_ROW && out_line != NULL)
        buf_text(out_line, hg_rows_text(rows, 1));
    hg_rows_close(rows);
    return step != HG_ERROR;
}

static bool bring_one(hg_conn *conn, const struct journal *journal, size_t index, hg_deadline by,
                      hg_error *err)
{
    struct buf line = BUF_INIT(LINE_LIMIT);
    char key[JOURNAL_KEY_SIZE];
    hg_value params[3];
    bool ok = journal_line(journal, index, &line)
              || hg_fail(err, HG_NOMEM, "could not copy a record: out of memory");

    journal_key(journal, key);
    params[0] = hg_text(key);
    params[1] = hg_integer((int64_t)index + 1);
    params[2] = hg_text(line.bytes);
    ok = ok
         && hg_conn_execute(conn,
                            "INSERT INTO headgate_cutover (run, seq, line) VALUES ($1, $2, $3)"
                            " ON CONFLICT DO NOTHING",
                            params, 3, by, NULL, err);
    buf_release(&line);
    return ok;
}

static bool bring_rest(hg_conn *conn, const struct journal *journal, hg_deadline by, hg_error *err)
{
    int64_t seq = 0;
    bool ok = read_last(conn, journal, by, &seq, NULL, err);

    for (size_t i = (size_t)seq; ok && i < journal_count(journal); i++)
        ok = bring_one(conn, journal, i, by, err);
    return ok;
}

bool mirror_bring(hg_pool *target, const struct journal *journal, hg_deadline by, hg_error *err)
{
    return at_target(target, journal, bring_rest, by, err);
}

/* The same number of records with another last one means that all of them were written anew. */
static bool is_known(const struct journal *journal, int64_t seq, const struct buf *line)
{
    struct buf ours = BUF_INIT(LINE_LIMIT);
    bool same =
        seq == 0
        || ((size_t)seq <= journal_count(journal) && journal_line(journal, (size_t)seq - 1, &ours)
            && strcmp(ours.bytes, line->bytes) == 0);

    buf_release(&ours);
    return same;
}

static bool compare(hg_conn *conn, const struct journal *journal, hg_deadline by, hg_error *err)
{
    struct buf line = BUF_INIT(LINE_LIMIT);
    char key[JOURNAL_KEY_SIZE];
    int64_t seq = 0;
    bool ok = read_last(conn, journal, by, &seq, &line, err);

    if (ok && !is_known(journal, seq, &line)) {
        journal_key(journal, key);
        ok = hg_fail(err, HG_FILE,
                     "the journal is not the one that the target knows %lld records of",
                     (long long)seq);
        hg_error_hint(err,
                      "Put it back: SELECT rtrim(line, E'\\n') FROM headgate_cutover WHERE run ="
                      " '%s' ORDER BY seq",
                      key);
    }
    buf_release(&line);
    return ok;
}

bool mirror_compare(hg_pool *target, const struct journal *journal, hg_deadline by, hg_error *err)
{
    return at_target(target, journal, compare, by, err);
}

static bool refuse_other(hg_conn *conn, const struct journal *journal, hg_deadline by,
                         hg_error *err)
{
    const struct journal_record *open = journal_at(journal, 0);
    char key[JOURNAL_KEY_SIZE];
    hg_value params[2];
    hg_rows *rows = NULL;
    hg_step step;

    journal_key(journal, key);
    params[0] = hg_text(key);
    params[1] = hg_real((double)open->at_ms / 1000);
    if (!hg_conn_query(conn,
                       "SELECT run FROM headgate_cutover WHERE run <> $1 AND at > to_timestamp($2)"
                       " LIMIT 1",
                       params, 2, by, &rows, err))
        return false;
    step = hg_rows_next(rows, by, err);
    if (step == HG_ROW) {
        hg_fail(err, HG_REFUSED, "the cutover %s has worked on this target since this one began",
                hg_rows_text(rows, 0));
        hg_error_hint(err, "The target is that run's now: find out who began it.");
    }
    hg_rows_close(rows);
    return step == HG_END;
}

bool mirror_alone(hg_pool *target, const struct journal *journal, hg_deadline by, hg_error *err)
{
    return at_target(target, journal, refuse_other, by, err);
}
