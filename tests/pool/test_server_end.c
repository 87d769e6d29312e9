/*
 * test_server_end.c - having the server cancel a statement or end a session, and the limits that a
 * role or database has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <headgate/server.h>

#include "support/callers.h"
#include "support/postgres.h"

static hg_error err;

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static hg_pool *open_pool(hg_url *url)
{
    hg_pool_options options = pool_of(3, 0);
    hg_pool *pool = NULL;

    if (!hg_pool_open(url, &options, &pool, &err))
        fail_msg("%s", err.message);
    hg_url_free(url);
    return pool;
}

static hg_sessions *read_sessions(hg_pool *pool)
{
    hg_sessions *sessions = NULL;

    if (!hg_sessions_read(pool, soon(), &sessions, &err))
        fail_msg("%s", err.message);
    return sessions;
}

/* The session of a backend once it is in a state; the whole belongs to the caller. */
static const hg_server_session *await_session(hg_pool *pool, int64_t pid, const char *state,
                                              hg_sessions **out_sessions)
{
    for (hg_deadline by = soon(); hg_deadline_left_ms(by) > 0;) {
        hg_sessions *sessions = read_sessions(pool);

        for (size_t i = 0; i < sessions->session_count; i++) {
            const hg_server_session *s = &sessions->sessions[i];

            if (s->pid == pid && s->state != NULL && strcmp(s->state, state) == 0) {
                *out_sessions = sessions;
                return s;
            }
        }
        hg_sessions_free(sessions);
    }
    fail_msg("session %lld is never %s", (long long)pid, state);
    return NULL;
}

struct sleeper {
    hg_conn *conn;
    hg_error err;
    bool ok;
};

static void *sleep_long(void *context)
{
    struct sleeper *s = context;

    s->ok = hg_conn_execute(s->conn, "SELECT pg_sleep(600)", NULL, 0, hg_deadline_never(), NULL,
                            &s->err);
    return NULL;
}

/* Ends a session that sleeps, in the one way or the other; how its statement ended. */
static hg_code end_sleeper(bool (*how)(hg_pool *, const hg_server_session *, hg_deadline,
                                       hg_error *))
{
    hg_pool *pool = open_pool(postgres_url("postgres"));
    struct sleeper sleeper = {.conn = take(pool)};
    hg_sessions *sessions = NULL;
    const hg_server_session *s;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, sleep_long, &sleeper), 0);
    s = await_session(pool, hg_conn_backend_pid(sleeper.conn), "active", &sessions);
    if (!how(pool, s, soon(), &err))
        fail_msg("%s", err.message);
    pthread_join(thread, NULL);
    hg_sessions_free(sessions);
    hg_pool_return(pool, sleeper.conn);
    hg_pool_close(pool, soon());
    assert_false(sleeper.ok);
    return sleeper.err.code;
}

static void a_statement_is_cancelled_and_its_session_stays(void **state)
{
    (void)state;
    assert_int_equal(end_sleeper(hg_server_session_cancel), HG_CANCELLED);
}

static void a_session_is_ended(void **state)
{
    (void)state;
    assert_int_equal(end_sleeper(hg_server_session_terminate), HG_LOST);
}

static void another_session_of_the_same_number_is_left_alone(void **state)
{
    hg_pool *pool = open_pool(postgres_url("postgres"));
    hg_conn *conn = take(pool);
    hg_sessions *sessions = NULL;
    hg_server_session earlier = *await_session(pool, hg_conn_backend_pid(conn), "idle", &sessions);

    (void)state;
    earlier.backend_start_ms -= 1;
    assert_false(hg_server_session_terminate(pool, &earlier, soon(), &err));
    assert_int_equal(err.code, HG_FAILED);
    assert_non_null(strstr(err.message, "is gone"));
    assert_true(hg_conn_execute(conn, "SELECT 1", NULL, 0, soon(), NULL, &err));
    hg_sessions_free(sessions);
    hg_pool_return(pool, conn);
    hg_pool_close(pool, soon());
}

static void the_connection_that_asks_does_not_end_itself(void **state)
{
    hg_pool *pool = open_pool(postgres_url("postgres"));
    hg_sessions *sessions = read_sessions(pool);

    (void)state;
    for (size_t i = 0; i < sessions->session_count; i++)
        if (sessions->sessions[i].own) {
            assert_false(hg_server_session_terminate(pool, &sessions->sessions[i], soon(), &err));
            assert_int_equal(err.code, HG_MISUSE);
        }
    hg_sessions_free(sessions);
    hg_pool_close(pool, soon());
}

static void what_a_role_may_not_see_it_may_not_end(void **state)
{
    hg_pool *admin = open_pool(postgres_url("postgres")), *pool;
    hg_conn *conn = take(admin);
    hg_sessions *sessions;

    (void)state;
    postgres_run(NULL, "CREATE ROLE visitor LOGIN");
    pool = open_pool(postgres_url_as("127.0.0.1", "visitor", NULL, "postgres"));
    sessions = read_sessions(pool);
    for (size_t i = 0; i < sessions->session_count; i++)
        if (sessions->sessions[i].pid == hg_conn_backend_pid(conn)) {
            assert_false(hg_server_session_cancel(pool, &sessions->sessions[i], soon(), &err));
            assert_int_equal(err.code, HG_PRIVILEGE);
        }
    hg_sessions_free(sessions);
    hg_pool_close(pool, soon());
    hg_pool_return(admin, conn);
    hg_pool_close(admin, soon());
}

static void limits_of_role_and_database_are_read_with_what_counts_towards_them(void **state)
{
    char *name = postgres_database(), sql[200];
    hg_pool *pool;
    hg_conn *conn;
    hg_sessions *sessions;

    (void)state;
    postgres_run(NULL, "CREATE ROLE limited LOGIN CONNECTION LIMIT 7");
    snprintf(sql, sizeof sql, "ALTER DATABASE %s CONNECTION LIMIT 9", name);
    postgres_run(NULL, sql);
    pool = open_pool(postgres_url_as("127.0.0.1", "limited", NULL, name));
    conn = take(pool);
    sessions = read_sessions(pool);
    assert_string_equal(sessions->role_limit.name, "limited");
    assert_int_equal(sessions->role_limit.most, 7);
    assert_int_equal(sessions->role_limit.used, 2);
    assert_string_equal(sessions->database_limit.name, name);
    assert_int_equal(sessions->database_limit.most, 9);
    assert_int_equal(sessions->database_limit.used, 2);
    hg_sessions_free(sessions);
    hg_pool_return(pool, conn);
    hg_pool_close(pool, soon());
    pool = open_pool(postgres_url(name)); /* a superuser is bound by neither */
    sessions = read_sessions(pool);
    assert_int_equal(sessions->role_limit.most, -1);
    assert_int_equal(sessions->database_limit.most, -1);
    hg_sessions_free(sessions);
    hg_pool_close(pool, soon());
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_is_cancelled_and_its_session_stays),
        cmocka_unit_test(a_session_is_ended),
        cmocka_unit_test(another_session_of_the_same_number_is_left_alone),
        cmocka_unit_test(the_connection_that_asks_does_not_end_itself),
        cmocka_unit_test(what_a_role_may_not_see_it_may_not_end),
        cmocka_unit_test(limits_of_role_and_database_are_read_with_what_counts_towards_them),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
