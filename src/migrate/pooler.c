/*
 * pooler.c - whether a session is one session behind a pooler.
 *
 * A pooler that gives a server process out for a transaction lets another connection have ours as
 * soon as we are idle. So another connection opens a transaction while we are: where it gets our
 * process, or we get another one afterwards, they are shared. Asking ourselves alone would prove
 * nothing: while nobody else is there, the same process comes back each time. In session mode
 * neither can ever happen; where processes are shared, that neither happens in so many rounds takes
 * more luck than there is: the pooler hands out the process that was returned last, or each in
 * turn.
 */
#include "pooler.h"

#include <stdio.h>

enum { ROUNDS = 8, PATIENCE_MS = 3000, LOST_PEER_CHECK_MS = 1000 };

static bool fail_shared(hg_error *err)
{
    hg_fail(err, HG_UNSUPPORTED,
            "the deployers' lock does not hold through a pooler that shares sessions");
    hg_error_hint(err, "Use the URL of the server itself for migrations, or that of a pooler in "
                       "session mode: this one gives every transaction to another session.");
    return false;
}

static bool fail_unknown(const hg_error *cause, hg_error *err)
{
    hg_fail(err, HG_UNSUPPORTED,
            "a pooler stands between here and the server, and whether it shares sessions, so that "
            "the deployers' lock would not hold, could not be found out: %s",
            cause->message);
    hg_error_hint(err, "Use the URL of the server itself for migrations, not that of PgBouncer.");
    return false;
}

/* The process that serves the connection at this moment. */
static bool ask_process(hg_conn *conn, hg_deadline by, int64_t *out, hg_error *err)
{
    hg_rows *rows = NULL;
    bool ok = hg_conn_query(conn, "SELECT pg_catalog.pg_backend_pid()", NULL, 0, by, &rows, err)
              && hg_rows_next(rows, by, err) == HG_ROW;

    if (ok)
        *out = hg_rows_integer(rows, 0);
    hg_rows_close(rows);
    return ok;
}

/* Which process another connection gets for a transaction while ours is idle. */
static bool ask_other(hg_conn *other, hg_deadline by, int64_t *out, hg_error *err)
{
    bool ok = hg_conn_begin(other, by, err) && ask_process(other, by, out, err);

    return hg_conn_rollback(other, by, ok ? err : NULL) && ok;
}

static bool compare(hg_conn *conn, hg_conn *other, hg_deadline by, int64_t *out_pid,
                    bool *out_shared, hg_error *err)
{
    int64_t first, again, theirs;

    if (!ask_process(conn, by, &first, err))
        return false;
    for (int i = 0; i < ROUNDS; i++) {
        if (!ask_other(other, by, &theirs, err) || !ask_process(conn, by, &again, err))
            return false;
        *out_shared = *out_shared || theirs == first || again != first;
    }
    *out_pid = first;
    return true;
}

/* What a session of our own gets when it is opened: that the server notices when its client dies.
 */
static bool set_up(hg_conn *conn, hg_deadline by, hg_error *err)
{
    char interval[16];
    hg_value value;

    snprintf(interval, sizeof interval, "%dms", LOST_PEER_CHECK_MS);
    value = hg_text(interval);
    return hg_conn_server_version_number(conn) < 140000
           || hg_conn_execute(conn,
                              "SELECT pg_catalog.set_config('client_connection_check_interval', "
                              "$1, false)",
                              &value, 1, by, NULL, err);
}

bool pooler_check(hg_pool *pool, hg_conn *conn, int64_t *out_pid, hg_error *err)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);
    hg_conn *other = NULL;
    hg_error cause = {0};
    bool shared = false;
    bool ok = hg_pool_checkout(pool, "migrate", by, &other, &cause)
              && compare(conn, other, by, out_pid, &shared, &cause);

    if (other != NULL)
        hg_pool_discard(pool, other);
    if (!ok)
        return fail_unknown(&cause, err);
    return shared ? fail_shared(err) : set_up(conn, by, err);
}
