/*
 * test_server.c - the database's own view on PostgreSQL: who is connected, who blocks whom, and
 * what a role does not get to see.
 */
#include "looking.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/postgres.h"

/* The session of a backend, or NULL. */
static const hg_server_session *find(const hg_sessions *sessions, int64_t pid)
{
    for (size_t i = 0; i < sessions->session_count; i++)
        if (sessions->sessions[i].pid == pid)
            return &sessions->sessions[i];
    return NULL;
}

static int count_in(const hg_sessions *sessions, const char *state)
{
    for (size_t i = 0; i < sessions->state_count; i++) {
        const char *other = sessions->states[i].state;

        if (state == other || (state != NULL && other != NULL && strcmp(state, other) == 0))
            return sessions->states[i].count;
    }
    return 0;
}

static void without_memory_the_sessions_are_an_error(void **state)
{
    hg_pool *pool = open_pool(postgres_url("postgres"), false);

    (void)state;
    fail_every_allocation(pool);
    hg_pool_close(pool, soon());
}

static void the_connection_that_asks_is_marked_and_the_server_is_counted(void **state)
{
    hg_pool *pool = open_pool(postgres_url("postgres"), false);
    hg_sessions *sessions = read_sessions(pool);
    char *most = postgres_ask(NULL, "SHOW max_connections");
    char *reserved = postgres_ask(NULL, "SHOW superuser_reserved_connections");
    int own = 0, counted = 0;

    (void)state;
    assert_int_equal(sessions->driver, HG_POSTGRESQL);
    assert_int_equal(sessions->max_connections, atoi(most));
    assert_int_equal(sessions->reserved, atoi(reserved));
    for (size_t i = 0; i < sessions->session_count; i++)
        if (sessions->sessions[i].own) {
            own++;
            assert_string_equal(sessions->sessions[i].state, "active");
            assert_string_equal(sessions->sessions[i].client, "local");
            assert_string_equal(sessions->sessions[i].database, "postgres");
            assert_non_null(strstr(sessions->sessions[i].query, "pg_blocking_pids"));
            assert_true(sessions->sessions[i].backend_start_ms > 0);
            assert_true(sessions->sessions[i].backend_start_ms <= sessions->read_ms);
        }
    for (size_t i = 0; i < sessions->state_count; i++)
        counted += sessions->states[i].count;
    assert_int_equal(own, 1);
    assert_int_equal(counted, sessions->used);
    free(reserved);
    free(most);
    hg_sessions_free(sessions);
    hg_pool_close(pool, soon());
}

/* A thread that runs a statement which has to wait. */
static void *wait_for_lock(void *conn)
{
    return hg_conn_execute(conn, "UPDATE stock SET n = n + 1", NULL, 0, soon(), NULL, NULL) ? conn
                                                                                            : NULL;
}

/* Reads until the backend is blocked; NULL: it never was. */
static hg_sessions *read_until_blocked(hg_pool *pool, int64_t pid)
{
    for (hg_deadline by = soon(); hg_deadline_left_ms(by) > 0;) {
        hg_sessions *sessions = read_sessions(pool);
        const hg_server_session *s = find(sessions, pid);

        if (s != NULL && s->blocked_by_count > 0)
            return sessions;
        hg_sessions_free(sessions);
    }
    return NULL;
}

static void a_blocked_session_is_shown_with_its_blocker(void **state)
{
    hg_pool *pool = open_pool(postgres_url("postgres"), false);
    hg_conn *holder = take(pool), *waiter = take(pool);
    const hg_server_session *s;
    hg_sessions *sessions;
    pthread_t thread;
    void *done;

    (void)state;
    run(holder, "CREATE TABLE stock AS SELECT 1 AS n");
    run(holder, "BEGIN");
    run(holder, "UPDATE stock SET n = 2");
    assert_int_equal(pthread_create(&thread, NULL, wait_for_lock, waiter), 0);
    sessions = read_until_blocked(pool, hg_conn_backend_pid(waiter));
    assert_non_null(sessions);
    s = find(sessions, hg_conn_backend_pid(waiter));
    assert_int_equal(s->blocked_by_count, 1);
    assert_int_equal(s->blocked_by[0], hg_conn_backend_pid(holder));
    assert_string_equal(s->query, "UPDATE stock SET n = n + 1");
    s = find(sessions, hg_conn_backend_pid(holder));
    assert_non_null(s);
    assert_int_equal(s->blocked_by_count, 0);
    assert_string_equal(s->state, "idle in transaction");
    assert_true(s->xact_start_ms > 0);
    assert_int_equal(count_in(sessions, "idle in transaction"), 1);
    hg_sessions_free(sessions);
    run(holder, "COMMIT");
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_ptr_equal(done, waiter);
    hg_pool_return(pool, holder);
    hg_pool_return(pool, waiter);
    hg_pool_close(pool, soon());
}

static void what_a_role_may_not_see_is_unknown_and_still_counted(void **state)
{
    hg_pool *admin = open_pool(postgres_url("postgres"), false), *pool;
    hg_conn *conn = take(admin);
    const hg_server_session *s;
    hg_sessions *sessions;

    (void)state;
    run(conn, "CREATE ROLE plain LOGIN");
    run(conn, "SELECT 'nobody''s business'");
    pool = open_pool(postgres_url_as("127.0.0.1", "plain", NULL, "postgres"), false);
    sessions = read_sessions(pool);
    s = find(sessions, hg_conn_backend_pid(conn));
    assert_non_null(s);
    assert_false(s->visible);
    assert_string_equal(s->user, "postgres");
    assert_null(s->state);
    assert_null(s->query);
    assert_null(s->client);
    assert_null(s->wait);
    assert_int_equal(s->backend_start_ms, 0);
    assert_true(count_in(sessions, NULL) >= 1);
    assert_int_equal(count_in(sessions, "active"), 1);
    assert_true(sessions->used >= 2);
    hg_sessions_free(sessions);
    hg_pool_close(pool, soon());
    hg_pool_return(admin, conn);
    hg_pool_close(admin, soon());
}

static void a_session_that_is_hidden_still_names_itself_as_blocker(void **state)
{
    hg_pool *admin = open_pool(postgres_url("postgres"), false), *pool;
    hg_conn *holder = take(admin), *waiter;
    hg_sessions *sessions;
    pthread_t thread;
    void *done;

    (void)state;
    run(holder, "CREATE ROLE clerk LOGIN");
    run(holder, "DROP TABLE IF EXISTS stock");
    run(holder, "CREATE TABLE stock AS SELECT 1 AS n");
    run(holder, "GRANT ALL ON stock TO clerk");
    run(holder, "BEGIN");
    run(holder, "UPDATE stock SET n = 2");
    pool = open_pool(postgres_url_as("127.0.0.1", "clerk", NULL, "postgres"), false);
    waiter = take(pool);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_lock, waiter), 0);
    sessions = read_until_blocked(pool, hg_conn_backend_pid(waiter));
    assert_non_null(sessions);
    assert_int_equal(find(sessions, hg_conn_backend_pid(waiter))->blocked_by[0],
                     hg_conn_backend_pid(holder));
    assert_false(find(sessions, hg_conn_backend_pid(holder))->visible);
    hg_sessions_free(sessions);
    run(holder, "ROLLBACK");
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_ptr_equal(done, waiter);
    hg_pool_return(pool, waiter);
    hg_pool_close(pool, soon());
    hg_pool_return(admin, holder);
    hg_pool_close(admin, soon());
}

static void a_password_that_is_known_does_not_show_in_a_query(void **state)
{
    hg_pool *admin = open_pool(postgres_url("postgres"), false), *pool;
    hg_conn *conn = take(admin);
    hg_sessions *sessions;

    (void)state;
    run(conn, "CREATE ROLE teller LOGIN PASSWORD 'open-s3same' IN ROLE guards");
    pool = open_pool(postgres_url_as("127.0.0.1", "teller", "open-s3same", "postgres"), false);
    run(conn, "SELECT 'open-s3same'");
    sessions = read_sessions(admin);
    assert_string_equal(find(sessions, hg_conn_backend_pid(conn))->query, "SELECT '***'");
    hg_sessions_free(sessions);
    hg_pool_close(pool, soon());
    hg_pool_return(admin, conn);
    hg_pool_close(admin, soon());
}

static void sessions_of_other_databases_are_listed_too(void **state)
{
    char *name = postgres_database();
    hg_pool *here = open_pool(postgres_url("postgres"), false);
    hg_pool *there = open_pool(postgres_url(name), false);
    hg_conn *conn = take(there);
    hg_sessions *sessions;
    const hg_server_session *s;

    (void)state;
    sessions = read_sessions(here);
    s = find(sessions, hg_conn_backend_pid(conn));
    assert_non_null(s);
    assert_string_equal(s->database, name);
    hg_sessions_free(sessions);
    hg_pool_return(there, conn);
    hg_pool_close(there, soon());
    hg_pool_close(here, soon());
    free(name);
}

static void an_answer_that_does_not_come_in_time_is_an_error(void **state)
{
    hg_pool *pool = open_pool(postgres_url("postgres"), false);
    hg_sessions *untouched = NULL;
    hg_error err = {HG_OK};

    (void)state;
    hg_sessions_free(read_sessions(pool));
    postgres_freeze();
    assert_false(hg_sessions_read(pool, hg_deadline_in_ms(200), &untouched, &err));
    postgres_thaw();
    assert_null(untouched);
    assert_int_equal(hg_code_exit_status(err.code), 3);
    hg_pool_close(pool, soon());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_connection_that_asks_is_marked_and_the_server_is_counted),
        cmocka_unit_test(a_blocked_session_is_shown_with_its_blocker),
        cmocka_unit_test(what_a_role_may_not_see_is_unknown_and_still_counted),
        cmocka_unit_test(a_session_that_is_hidden_still_names_itself_as_blocker),
        cmocka_unit_test(a_password_that_is_known_does_not_show_in_a_query),
        cmocka_unit_test(sessions_of_other_databases_are_listed_too),
        cmocka_unit_test(without_memory_the_sessions_are_an_error),
        cmocka_unit_test(an_answer_that_does_not_come_in_time_is_an_error),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
