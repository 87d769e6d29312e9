/*
 * test_postgres_lost.c - servers that restart, die, freeze or throw us out, and forks: what becomes
 * of a connection, and how soon a call comes back.
 */
#include "drive.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/postgres.h"

static struct engine engine = {.driver = &driver_postgres, .blob_type = "BYTEA"};
static char *database;

/* Waits for what the server says last, without a statement. */
static void wait_for_last_words(const hg_conn *conn)
{
    struct pollfd end = {.fd = conn->driver->descriptor(conn), .events = POLLIN};

    assert_int_equal(poll(&end, 1, 20000), 1);
}

static void a_notification_does_not_make_a_connection_look_dead(void **state)
{
    hg_conn *conn = connect_to(*state), *other = connect_to(*state);

    run(conn, "LISTEN something");
    run(other, "NOTIFY something");
    wait_for_last_words(conn);
    assert_true(conn->driver->alive(conn));
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(other);
    disconnect(conn);
}

static void a_terminated_connection_is_noticed_without_a_round_trip(void **state)
{
    hg_conn *conn = connect_to(*state), *other = connect_to(*state);
    char sql[64];

    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%lld)",
             (long long)hg_conn_backend_pid(conn));
    run(other, sql);
    wait_for_last_words(conn);
    while (conn->driver->alive(conn)) /* the end of the stream comes behind the last words */
        wait_for_last_words(conn);
    disconnect(other);
    disconnect(conn);
}

static void a_statement_on_a_terminated_connection_says_why(void **state)
{
    hg_conn *conn = connect_to(*state), *other = connect_to(*state);
    hg_error err;
    char sql[64];

    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%lld, 20000)",
             (long long)hg_conn_backend_pid(conn));
    run(other, sql);
    err = refused(conn, "SELECT 1");
    assert_int_equal(err.code, HG_LOST);
    assert_string_equal(err.sqlstate, "57P01");
    assert_true(hg_conn_lost(conn));
    disconnect(other);
    disconnect(conn);
}

static void a_restarted_server_leaves_only_lost_connections(void **state)
{
    hg_conn *idle = connect_to(*state), *busy = connect_to(*state);

    assert_true(hg_conn_begin(busy, soon(), NULL));
    postgres_restart(POSTGRES_IMMEDIATE);
    assert_false(idle->driver->alive(idle));
    assert_int_equal(refused(busy, "SELECT 1").code, HG_LOST);
    assert_false(hg_conn_in_transaction(busy));
    assert_int_equal(refused(idle, "SELECT 1").code, HG_LOST);
    disconnect(busy);
    disconnect(idle);
    disconnect(connect_to(*state));
}

static void a_server_that_dies_under_a_statement_is_a_lost_connection(void **state)
{
    struct statement_apart endless = {.conn = connect_to(*state), .sql = ENDLESS};
    hg_conn *other = connect_to(*state);
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, run_apart, &endless), 0);
    while (ask(other, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'WITH RECURSIVE%' "
                      "AND state = 'active' AND pid <> pg_backend_pid()")
           == 0)
        continue;
    postgres_restart(POSTGRES_IMMEDIATE);
    pthread_join(thread, NULL);
    assert_false(endless.ok);
    assert_int_equal(endless.err.code, HG_LOST);
    disconnect(other);
    disconnect(endless.conn);
}

static void a_frozen_server_costs_a_call_its_deadline_and_the_connection(void **state)
{
    static const char *const hosts[] = {NULL, "127.0.0.1"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct engine there = {.driver = &driver_postgres,
                               .url = postgres_url_as(hosts[i], NULL, NULL, database)};
        hg_conn *asking = connect_to(&there), *pinging = connect_to(&there);
        hg_error err = {0}, ping_err = {0};
        int64_t begun = clock_now_ns(), closing;
        double took_ms, close_ms;

        postgres_freeze();
        (void)hg_conn_execute(asking, "SELECT 1", NULL, 0, hg_deadline_in_ms(200), NULL, &err);
        took_ms = clock_since_ms(begun);
        (void)pinging->driver->ping(pinging, hg_deadline_in_ms(200), &ping_err);
        closing = clock_now_ns();
        assert_true(hg_conn_lost(asking) && hg_conn_lost(pinging));
        disconnect(asking);
        disconnect(pinging);
        close_ms = clock_since_ms(closing);
        postgres_thaw();
        hg_url_free(there.url);
        assert_int_equal(err.code, HG_TIMEOUT);
        assert_int_equal(ping_err.code, HG_TIMEOUT);
        assert_in_range((int64_t)took_ms, 200, PROMPT_MS);
        assert_in_range((int64_t)close_ms, 0, PROMPT_MS);
    }
}

static void closing_never_waits_for_a_frozen_server(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;
    int64_t begun;
    double took_ms;

    assert_true(hg_conn_query(conn, MILLION, NULL, 0, soon(), &rows, NULL));
    postgres_freeze();
    begun = clock_now_ns();
    disconnect(conn); /* with rows still open */
    took_ms = clock_since_ms(begun);
    postgres_thaw();
    assert_in_range((int64_t)took_ms, 0, PROMPT_MS);
}

static void a_cancel_never_waits_for_a_frozen_server(void **state)
{
    hg_conn *conn = connect_to(*state);
    int64_t begun;
    double took_ms;

    postgres_freeze();
    begun = clock_now_ns();
    hg_conn_cancel(conn);
    took_ms = clock_since_ms(begun);
    postgres_thaw();
    assert_in_range((int64_t)took_ms, 0, PROMPT_MS);
    disconnect(conn);
}

static void given_up_by_a_child(const struct engine *there)
{
    hg_conn *conn = connect_to(there);
    int status = -1;
    pid_t child;

    run_often(conn, "SELECT 1", 5);
    assert_true(hg_conn_begin(conn, soon(), NULL));
    child = fork();
    if (child == 0) {
        conn->driver->abandon(conn);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(hg_conn_in_transaction(conn));
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

static void a_childs_copy_is_given_up_without_a_word_to_the_server(void **state)
{
    struct engine encrypted = {.driver = &driver_postgres,
                               .url = postgres_url_as("127.0.0.1", NULL, NULL, database)};

    given_up_by_a_child(*state);
    given_up_by_a_child(&encrypted);
    hg_url_free(encrypted.url);
}

static void an_encrypted_statement_ends_at_its_deadline_too(void **state)
{
    struct engine encrypted = {.driver = &driver_postgres,
                               .url = postgres_url_as("127.0.0.1", NULL, NULL, database)};
    hg_conn *conn = connect_to(&encrypted);
    hg_error err = {0};

    (void)state;
    assert_int_equal(
        ask(conn, "SELECT count(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"), 1);
    assert_false(hg_conn_execute(conn, ENDLESS, NULL, 0, hg_deadline_in_ms(100), NULL, &err));
    assert_int_equal(err.code, HG_TIMEOUT);
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    assert_true(conn->driver->alive(conn));
    disconnect(conn);
    hg_url_free(encrypted.url);
}

static int setup(void **state)
{
    postgres_start();
    database = postgres_database();
    engine.url = postgres_url(database);
    *state = &engine;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hg_url_free(engine.url);
    free(database);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notification_does_not_make_a_connection_look_dead),
        cmocka_unit_test(a_terminated_connection_is_noticed_without_a_round_trip),
        cmocka_unit_test(a_statement_on_a_terminated_connection_says_why),
        cmocka_unit_test(a_restarted_server_leaves_only_lost_connections),
        cmocka_unit_test(a_server_that_dies_under_a_statement_is_a_lost_connection),
        cmocka_unit_test(a_frozen_server_costs_a_call_its_deadline_and_the_connection),
        cmocka_unit_test(closing_never_waits_for_a_frozen_server),
        cmocka_unit_test(a_cancel_never_waits_for_a_frozen_server),
        cmocka_unit_test(a_childs_copy_is_given_up_without_a_word_to_the_server),
        cmocka_unit_test(an_encrypted_statement_ends_at_its_deadline_too),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
