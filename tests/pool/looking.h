/*
 * looking.h - a pool that asks who else uses its database, for the tests of either engine's answer.
 */
#ifndef POOL_LOOKING_H
#define POOL_LOOKING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <headgate/server.h>

#include "base/alloc.h"
#include "support/callers.h"

static inline hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static inline hg_pool *open_pool(hg_url *url, bool may_create)
{
    hg_pool_options options = pool_of(3, 0);
    hg_pool *pool = NULL;
    hg_error err = {HG_OK};

    options.may_create = may_create;
    if (!hg_pool_open(url, &options, &pool, &err))
        fail_msg("%s", err.message);
    hg_url_free(url);
    return pool;
}

static inline void run(hg_conn *conn, const char *sql)
{
    hg_error err = {HG_OK};

    if (!hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, &err))
        fail_msg("%s: %s", sql, err.message);
}

static inline hg_sessions *read_sessions(hg_pool *pool)
{
    hg_sessions *sessions = NULL;
    hg_error err = {HG_OK};

    if (!hg_sessions_read(pool, soon(), &sessions, &err))
        fail_msg("%s", err.message);
    return sessions;
}

/* Lets one allocation after the other fail, until all pass: what is told is whole, or an error. */
static inline void fail_every_allocation(hg_pool *pool)
{
    hg_sessions *all = read_sessions(pool), *sessions;
    bool reached = true;

    for (long n = 1; reached; n++) {
        hg_error err = {HG_OK};
        bool ok;

        sessions = NULL;
        alloc_fail_at(n);
        ok = hg_sessions_read(pool, soon(), &sessions, &err);
        reached = alloc_failed();
        alloc_fail_at(0);
        if (ok) {
            assert_int_equal(sessions->process_count, all->process_count);
            for (size_t i = 0; i < sessions->process_count; i++)
                assert_non_null(sessions->processes[i].name);
            for (size_t i = 0; i < sessions->session_count; i++) {
                const hg_server_session *s = &sessions->sessions[i];

                assert_true(!s->own || (s->user && s->database && s->application && s->query));
            }
        } else if (err.code != HG_NOMEM || sessions != NULL) {
            fail_msg("allocation %ld: %s", n, err.message);
        }
        assert_true(ok || reached);
        hg_sessions_free(sessions);
    }
    hg_sessions_free(all);
}

#endif
