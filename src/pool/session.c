/*
 * session.c - the unit of work: a transaction, scopes inside it as savepoints, and the way back out
 * of both.
 */
#include <headgate/session.h>

#include <stdio.h>
#include <time.h>

#include "base/alloc.h"
#include "base/rand.h"
#include "pool_state.h"
#include "retry.h"

struct hg_session {
    hg_pool *pool;
    hg_conn *conn;
    int depth; /* scopes that are open; the first is the transaction */
};

bool hg_session_open(hg_pool *pool, const char *tag, hg_deadline by, hg_session **out_session,
                     hg_error *err)
{
    hg_session *session = alloc_zero(1, sizeof *session);

    if (session == NULL)
        return hg_fail(err, HG_NOMEM, "could not open a session: out of memory");
    session->pool = pool;
    if (!hg_pool_checkout(pool, tag, by, &session->conn, err)) {
        alloc_free(session);
        return false;
    }
    *out_session = session;
    return true;
}

void hg_session_close(hg_session *session)
{
    if (session == NULL)
        return;
    if (session->depth > 0 && !hg_conn_lost(session->conn)) {
        hg_conn_set_interrupt(session->conn, NULL, NULL);
        (void)hg_conn_rollback(session->conn, hg_deadline_in_ms(5000), NULL);
    }
    pool_give_back(session->pool, session->conn, __builtin_return_address(0));
    alloc_free(session);
}

hg_conn *hg_session_conn(hg_session *session)
{
    return session->conn;
}

int hg_session_depth(const hg_session *session)
{
    return session->depth;
}

/* Runs "WHAT hg_N" for the savepoint of the innermost scope. */
static bool savepoint(hg_session *session, const char *what, hg_deadline by, hg_error *err)
{
    char sql[64];

    snprintf(sql, sizeof sql, "%s hg_%d", what, session->depth);
    return hg_conn_execute(session->conn, sql, NULL, 0, by, NULL, err);
}

/* Whether the transaction around a scope is still there. An engine may have rolled all of it back
 * by itself; SQLite would then take a savepoint for a transaction of its own and commit with it. */
static bool still_open(const hg_session *session, hg_error *err)
{
    if (hg_conn_in_transaction(session->conn) || hg_conn_lost(session->conn))
        return true;
    hg_fail(err, HG_SQL, "the transaction is gone: an error has rolled all of it back");
    hg_error_sqlstate(err, "25P01");
    return false;
}

static bool in_scope(const hg_session *session, const char *verb, hg_error *err)
{
    return session->depth > 0
           || hg_fail(err, HG_MISUSE, "could not %s: the session has no open scope", verb);
}

bool hg_session_begin(hg_session *session, hg_deadline by, hg_error *err)
{
    bool ok;

    session->depth++;
    ok = session->depth == 1 ? hg_conn_begin(session->conn, by, err)
                             : still_open(session, err) && savepoint(session, "SAVEPOINT", by, err);
    session->depth -= !ok;
    return ok;
}

static bool undo(hg_session *session, hg_deadline by, hg_error *err)
{
    if (session->depth == 1)
        return hg_conn_rollback(session->conn, by, err);
    return still_open(session, err) && savepoint(session, "ROLLBACK TO SAVEPOINT", by, err)
           && savepoint(session, "RELEASE SAVEPOINT", by, err);
}

static bool keep(hg_session *session, hg_deadline by, hg_error *err)
{
    if (session->depth == 1)
        return hg_conn_commit(session->conn, by, err);
    return still_open(session, err) && savepoint(session, "RELEASE SAVEPOINT", by, err);
}

bool hg_session_commit(hg_session *session, hg_deadline by, hg_error *err)
{
    bool ok;

    if (!in_scope(session, "commit", err))
        return false;
    ok = keep(session, by, err);
    if (!ok && session->depth > 1) /* the first error counts */
        (void)undo(session, by, NULL);
    session->depth--;
    return ok;
}

bool hg_session_rollback(hg_session *session, hg_deadline by, hg_error *err)
{
    bool ok;

    if (!in_scope(session, "roll back", err))
        return false;
    ok = undo(session, by, err);
    session->depth--;
    return ok;
}

static void pause_for(int64_t ns, hg_deadline by)
{
    int64_t left_ns = by.at_ns - clock_now_ns();
    struct timespec pause;

    if (ns > left_ns)
        ns = left_ns;
    if (ns <= 0)
        return;
    pause.tv_sec = (time_t)(ns / 1000000000);
    pause.tv_nsec = (long)(ns % 1000000000);
    (void)nanosleep(&pause, NULL); /* woken early is early enough */
}

struct job {
    hg_pool *pool;
    const char *tag;
    hg_deadline by;
    bool (*work)(hg_session *session, void *context, hg_error *err);
    void *context;
};

static bool attempt_once(const struct job *job, hg_error *err)
{
    hg_session *session = NULL;
    bool ok = hg_session_open(job->pool, job->tag, job->by, &session, err)
              && hg_session_begin(session, job->by, err) && job->work(session, job->context, err)
              && hg_session_commit(session, job->by, err);

    hg_session_close(session);
    return ok;
}

bool hg_session_run(hg_pool *pool, const char *tag, int attempts, hg_deadline by,
                    bool (*work)(hg_session *session, void *context, hg_error *err), void *context,
                    hg_error *err)
{
    const struct job job = {pool, tag, by, work, context};
    hg_error failure = {HG_OK};
    bool ok = false;

    for (int attempt = 1; !(ok = attempt_once(&job, &failure)); attempt++) {
        double luck = (double)rand_below(1 << 20) / (1 << 20);

        if (!retry_work(failure.code, attempt, attempts) || hg_deadline_left_ms(by) == 0)
            break;
        pause_for(retry_work_pause_ns(attempt, luck), by);
    }
    if (!ok && err != NULL)
        *err = failure;
    return ok;
}
