/*
 * lookout.c - what a statement that takes its time is doing.
 */
#include "lookout.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "progress.h"

enum {
    FIRST_MS = 300,
    PAUSE_MS = 1000,
    PAUSE_MAX_MS = 10 * 1000,
    CHECKOUT_MS = 50, /* the pool opens it meanwhile; the next look has it */
    QUERY_MS = 500,   /* nobody asks the observer in that time */
    FAILURES = 5
};

/* Who holds the lock, or the snapshot, that is waited for, the oldest first. */
static const char blocked_sql[] =
    "SELECT b.pid, coalesce(nullif(a.application_name, ''), a.backend_type,"
    " 'a prepared transaction'),"
    " coalesce(a.usename::text, ''), coalesce(pg_catalog.host(a.client_addr), ''),"
    " coalesce(a.state, ''), coalesce(extract(epoch FROM pg_catalog.clock_timestamp()"
    " - coalesce(a.xact_start, a.query_start))::bigint, 0),"
    " pg_catalog.left(coalesce(a.query, ''), 60), count(*) OVER (),"
    " (SELECT count(*) FROM pg_catalog.pg_stat_activity q WHERE q.wait_event_type = 'Lock'"
    " AND $1::int = ANY (pg_catalog.pg_blocking_pids(q.pid)))"
    " FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1::int)) b(pid)"
    " LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid"
    " ORDER BY a.xact_start LIMIT 1";

static const struct view {
    int since; /* server version */
    const char *sql;
} views[] = {
    {120000, "SELECT 'create index', phase, CASE WHEN tuples_total > 0 THEN tuples_done"
             " WHEN blocks_total > 0 THEN blocks_done ELSE partitions_done END,"
             " CASE WHEN tuples_total > 0 THEN tuples_total WHEN blocks_total > 0"
             " THEN blocks_total ELSE partitions_total END"
             " FROM pg_catalog.pg_stat_progress_create_index WHERE pid = $1"},
    {120000, "SELECT pg_catalog.lower(command), phase, heap_blks_scanned, heap_blks_total"
             " FROM pg_catalog.pg_stat_progress_cluster WHERE pid = $1"},
    {90600, "SELECT 'vacuum', phase, heap_blks_scanned, heap_blks_total"
            " FROM pg_catalog.pg_stat_progress_vacuum WHERE pid = $1"},
    {130000, "SELECT 'analyze', phase, sample_blks_scanned, sample_blks_total"
             " FROM pg_catalog.pg_stat_progress_analyze WHERE pid = $1"},
    {140000, "SELECT 'copy', pg_catalog.lower(command), bytes_processed, bytes_total"
             " FROM pg_catalog.pg_stat_progress_copy WHERE pid = $1"},
};

static void pause_for(struct lookout *l, int64_t ms)
{
    l->next_ns = clock_now_ns() + ms * 1000000;
}

void lookout_begin(struct lookout *l, hg_conn *conn, const char *subject, int64_t lock_ms)
{
    if (l->observer == NULL || hg_conn_driver(conn) != HG_POSTGRESQL)
        return;
    l->pid = l->backend_pid != 0 ? l->backend_pid : hg_conn_backend_pid(conn);
    l->subject = subject;
    l->pause_ms = PAUSE_MS;
    l->blocker[0] = '\0';
    pause_for(l, lock_ms > 0 && lock_ms / 2 < FIRST_MS ? lock_ms / 2 : FIRST_MS);
}

void lookout_end(struct lookout *l)
{
    l->pid = 0;
}

void lookout_close(struct lookout *l)
{
    if (l->conn != NULL)
        hg_pool_return(l->pool, l->conn);
    l->conn = NULL;
}

/* --- looking --- */

/* Asks about the process; true: there is a row. */
static bool ask(struct lookout *l, const char *sql, hg_rows **out_rows)
{
    const hg_value pid = hg_integer(l->pid);
    hg_deadline by = hg_deadline_in_ms(QUERY_MS);
    hg_step step = HG_ERROR;

    *out_rows = NULL;
    if (hg_conn_query(l->conn, sql, &pid, 1, by, out_rows, NULL))
        step = hg_rows_next(*out_rows, by, NULL);
    l->failures += step == HG_ERROR;
    return step == HG_ROW;
}

/* "process 4711 (psql, app from 10.0.0.5, idle in transaction for 34 s)" and what it last ran. */
static void describe(struct lookout *l, hg_rows *rows)
{
    char from[80] = "", others[40] = "";

    if (hg_rows_text(rows, 3)[0] != '\0')
        snprintf(from, sizeof from, " from %s", hg_rows_text(rows, 3));
    if (hg_rows_integer(rows, 7) > 1)
        snprintf(others, sizeof others, ", and %lld more", (long long)hg_rows_integer(rows, 7) - 1);
    snprintf(l->blocker, sizeof l->blocker, "process %lld (%s, %s%s, %s for %lld s: %s)%s",
             (long long)hg_rows_integer(rows, 0), hg_rows_text(rows, 1), hg_rows_text(rows, 2),
             from, hg_rows_text(rows, 4), (long long)hg_rows_integer(rows, 5),
             hg_rows_text(rows, 6), others);
}

static bool look_for_blockers(struct lookout *l)
{
    hg_rows *rows;
    bool found = ask(l, blocked_sql, &rows);
    long long behind = found ? (long long)hg_rows_integer(rows, 8) : 0;

    if (found)
        describe(l, rows);
    hg_rows_close(rows);
    if (found)
        progress_say(l->observer, HG_EVENT_WAITING, l->subject,
                     "%s is in the way; %lld session%s behind us", l->blocker, behind,
                     behind == 1 ? " waits" : "s wait");
    return found;
}

static void look_for_progress(struct lookout *l)
{
    int version = hg_conn_server_version_number(l->conn);
    struct buf sql = BUF_INIT(8192);
    hg_rows *rows;
    char message[160];

    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (version >= views[i].since)
            buf_printf(&sql, "%s%s", sql.size == 0 ? "" : " UNION ALL ", views[i].sql);
    if (ask(l, sql.bytes, &rows)) {
        snprintf(message, sizeof message, "%s: %s", hg_rows_text(rows, 0), hg_rows_text(rows, 1));
        progress_tell(l->observer, &(hg_event){.kind = HG_EVENT_STEP_PROGRESS,
                                               .subject = l->subject,
                                               .message = message,
                                               .unit = "part",
                                               .done = hg_rows_integer(rows, 2),
                                               .total = hg_rows_integer(rows, 3)});
    }
    hg_rows_close(rows);
    buf_release(&sql);
}

void lookout_look(struct lookout *l)
{
    if (l->pid == 0 || l->failures >= FAILURES || clock_now_ns() < l->next_ns)
        return;
    if (l->conn != NULL && hg_conn_lost(l->conn))
        lookout_close(l);
    if (l->conn == NULL
        && !hg_pool_checkout(l->pool, "lookout", hg_deadline_in_ms(CHECKOUT_MS), &l->conn, NULL))
        l->failures++;
    else if (!look_for_blockers(l))
        look_for_progress(l);
    pause_for(l, l->pause_ms);
    if (l->pause_ms < PAUSE_MAX_MS)
        l->pause_ms *= 2;
}
