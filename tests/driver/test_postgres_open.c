/*
 * test_postgres_open.c - opening a PostgreSQL connection on good days: every kind of address, what
 * the session then is, several hosts, the phases on the way, and the environment's say.
 */
#include "opening.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "driver/resolve.h"

static char *answer(hg_conn *conn, const char *sql)
{
    hg_deadline by = hg_deadline_in_ms(20000);
    hg_rows *rows = NULL;
    hg_error err = {0};
    char *text;

    if (!hg_conn_query(conn, sql, NULL, 0, by, &rows, &err)
        || hg_rows_next(rows, by, &err) != HG_ROW)
        fail_msg("%s: %s", sql, err.message);
    text = strdup(hg_rows_text(rows, 0));
    hg_rows_close(rows);
    return text;
}

static void assert_answer(hg_conn *conn, const char *sql, const char *expected)
{
    char *text = answer(conn, sql);

    assert_string_equal(text, expected);
    free(text);
}

/* --- ways in --- */

static void every_kind_of_address_leads_to_the_server(void **state)
{
    static const char *const hosts[] = {NULL, "127.0.0.1", "localhost", "::1"};

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        hg_conn *conn = opened(postgres_url_as(hosts[i], NULL, NULL, NULL));

        assert_answer(conn, "SELECT current_database()", "postgres");
        driver_postgres.close(conn);
    }
}

static void the_session_is_what_the_options_say(void **state)
{
    const struct driver_options options = {.application_name = "headgate/app@here:1",
                                           .statement_timeout_ms = 12000,
                                           .lock_timeout_ms = 3000,
                                           .read_only = true};
    hg_url *url = postgres_url(NULL);
    hg_conn *conn = NULL;

    (void)state;
    assert_true(driver_postgres.open(url, &options, hg_deadline_in_ms(20000), &conn, NULL));
    hg_url_free(url);
    assert_answer(conn, "SHOW application_name", "headgate/app@here:1");
    assert_answer(conn, "SHOW statement_timeout", "12s");
    assert_answer(conn, "SHOW lock_timeout", "3s");
    assert_answer(conn, "SHOW transaction_read_only", "on");
    assert_answer(conn, "SHOW client_encoding", "UTF8");
    if (hg_conn_server_version_number(conn) >= 140000)
        assert_answer(conn, "SHOW client_connection_check_interval", "1s");
    driver_postgres.close(conn);
}

static void the_session_says_who_it_is_on_both_sides(void **state)
{
    hg_conn *conn = opened(postgres_url(NULL));
    char *pid = answer(conn, "SELECT pg_backend_pid()");
    char *version = answer(conn, "SHOW server_version_num");

    (void)state;
    assert_int_equal(strtoll(pid, NULL, 10), hg_conn_backend_pid(conn));
    assert_int_equal(strtoll(version, NULL, 10), hg_conn_server_version_number(conn));
    assert_int_equal(strtol(hg_conn_server_version(conn), NULL, 10),
                     hg_conn_server_version_number(conn) / 10000);
    free(pid);
    free(version);
    driver_postgres.close(conn);
}

static void the_parameters_of_the_url_reach_the_server(void **state)
{
    hg_conn *conn = opened(parse("postgresql://postgres@127.0.0.1:%d/postgres"
                                 "?application_name=mine&options=-csearch_path%%3Dsomewhere",
                                 postgres_port()));

    (void)state;
    assert_answer(conn, "SHOW application_name", "mine");
    assert_answer(conn, "SHOW search_path", "somewhere");
    driver_postgres.close(conn);
}

static void a_guarded_role_gets_in_with_its_password(void **state)
{
    hg_conn *conn = opened(postgres_url_as("127.0.0.1", "guarded", PASSWORD, "postgres"));

    (void)state;
    assert_answer(conn, "SELECT current_user", "guarded");
    driver_postgres.close(conn);
}

static void a_certificate_is_checked_against_the_hosts_name(void **state)
{
    hg_conn *conn = opened(parse("postgresql://postgres@localhost:%d/postgres"
                                 "?sslmode=verify-full&sslrootcert=%s/server.crt",
                                 postgres_port(), postgres_socket_dir()));
    hg_error err;

    (void)state;
    assert_answer(conn, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", "true");
    driver_postgres.close(conn);
    err = not_opened(parse("postgresql://postgres@127.0.0.1:%d/postgres"
                           "?sslmode=verify-full&sslrootcert=%s/server.crt",
                           postgres_port(), postgres_socket_dir()),
                     20000);
    assert_int_equal(err.code, HG_UNAVAILABLE);
    assert_non_null(strstr(err.message, "certificate"));
}

/* --- several hosts --- */

static void a_host_that_refuses_is_followed_by_the_next(void **state)
{
    int port, fd = refuse_on(&port);
    hg_conn *conn = opened(
        parse("postgresql://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres", port, postgres_port()));

    (void)state;
    assert_answer(conn, "SELECT 1", "1");
    driver_postgres.close(conn);
    close(fd);
}

static void a_host_that_is_silent_leaves_time_for_the_next(void **state)
{
    int port, fd = listen_in_silence(&port);
    hg_url *url =
        parse("postgresql://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres", port, postgres_port());
    hg_conn *conn = NULL;
    hg_error err = {0};

    (void)state;
    if (!open_url(url, 4000, &conn, &err))
        fail_msg("%s", err.message);
    assert_answer(conn, "SELECT 1", "1");
    driver_postgres.close(conn);
    hg_url_free(url);
    close(fd);
}

static void when_all_hosts_fail_each_is_named(void **state)
{
    int one, other, first = refuse_on(&one), second = refuse_on(&other);
    char name[32];
    hg_error err = not_opened(
        parse("postgresql://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres", one, other), 20000);

    (void)state;
    assert_int_equal(err.code, HG_UNAVAILABLE);
    snprintf(name, sizeof name, "port %d", one);
    assert_non_null(strstr(err.message, name));
    snprintf(name, sizeof name, "port %d", other);
    assert_non_null(strstr(err.message, name));
    close(first);
    close(second);
}

static void the_session_that_is_wanted_is_looked_for_on_every_host(void **state)
{
    hg_error err = not_opened(parse("postgresql://postgres@127.0.0.1:%d/postgres"
                                    "?target_session_attrs=standby",
                                    postgres_port()),
                              20000);
    hg_conn *conn = opened(parse("postgresql://postgres@127.0.0.1:%d,localhost:%d/postgres"
                                 "?target_session_attrs=prefer-standby&load_balance_hosts=random",
                                 postgres_port(), postgres_port()));

    (void)state;
    assert_int_equal(err.code, HG_UNAVAILABLE);
    assert_answer(conn, "SELECT pg_is_in_recovery()", "false");
    driver_postgres.close(conn);
}

/* --- phases --- */

static void note_phase(void *context, hg_connect_phase phase)
{
    struct buf *phases = context;

    buf_printf(phases, "%s ", hg_connect_phase_name(phase));
}

/* One where nobody listens, and the server's. */
static int two_addresses(const char *host, const char *service, const struct addrinfo *wanted,
                         struct addrinfo **out)
{
    struct addrinfo *list = NULL;

    (void)host;
    if (getaddrinfo("127.0.0.9", service, wanted, &list) != 0)
        return EAI_FAIL;
    *out = list;
    return getaddrinfo("127.0.0.1", service, wanted, &list->ai_next);
}

/* What opening the URL goes through; takes the URL. */
static void assert_phases(hg_url *url, const char *expected)
{
    struct buf phases = BUF_INIT(1000);
    const struct driver_options options = {.on_phase = note_phase, .on_phase_context = &phases};
    hg_conn *conn = NULL;
    hg_error err = {0};

    if (!driver_postgres.open(url, &options, hg_deadline_in_ms(20000), &conn, &err))
        fail_msg("%s", err.message);
    assert_string_equal(phases.bytes, expected);
    driver_postgres.close(conn);
    buf_release(&phases);
    hg_url_free(url);
}

static void opening_tells_what_it_is_about(void **state)
{
    (void)state;
    assert_phases(postgres_url(NULL), "tcp auth setup ");
    assert_phases(postgres_url_as("127.0.0.1", NULL, NULL, NULL), "tcp tls auth setup ");
    resolve_set_fake(two_addresses);
    assert_phases(
        parse("postgresql://postgres@db.internal:%d/postgres?sslmode=disable", postgres_port()),
        "resolve tcp tcp auth setup ");
    resolve_set_fake(NULL);
}

/* --- the environment --- */

static void no_variable_leads_to_another_database(void **state)
{
    static const char *const names[] = {"PGHOST", "PGPORT", "PGDATABASE", "PGUSER"};
    hg_conn *conn;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        setenv(names[i], "1", 1);
    conn = opened(postgres_url(NULL));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    assert_answer(conn, "SELECT current_user || '/' || current_database()", "postgres/postgres");
    driver_postgres.close(conn);
}

static void an_address_variable_cannot_lead_a_socket_astray(void **state)
{
    int port, fd = listen_in_silence(&port);
    hg_error err;

    (void)state;
    setenv("PGHOSTADDR", "127.0.0.1", 1);
    err = not_opened(parse("postgresql://u@%%2Ftmp:%d/x", port), 20000);
    unsetenv("PGHOSTADDR");
    assert_int_equal(err.code, HG_CONFIG);
    assert_non_null(strstr(err.message, "PGHOSTADDR"));
    close(fd);
}

static void a_password_may_come_from_the_environment(void **state)
{
    hg_conn *conn;

    (void)state;
    setenv("PGPASSWORD", PASSWORD, 1);
    conn = opened(postgres_url_as(NULL, "guarded", NULL, "postgres"));
    unsetenv("PGPASSWORD");
    driver_postgres.close(conn);
}

static int setup(void **state)
{
    (void)state;
    postgres_start();
    postgres_run(NULL, "CREATE ROLE guarded LOGIN PASSWORD '" PASSWORD "' IN ROLE guards");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_address_leads_to_the_server),
        cmocka_unit_test(the_session_is_what_the_options_say),
        cmocka_unit_test(the_session_says_who_it_is_on_both_sides),
        cmocka_unit_test(the_parameters_of_the_url_reach_the_server),
        cmocka_unit_test(a_guarded_role_gets_in_with_its_password),
        cmocka_unit_test(a_certificate_is_checked_against_the_hosts_name),
        cmocka_unit_test(a_host_that_refuses_is_followed_by_the_next),
        cmocka_unit_test(a_host_that_is_silent_leaves_time_for_the_next),
        cmocka_unit_test(when_all_hosts_fail_each_is_named),
        cmocka_unit_test(the_session_that_is_wanted_is_looked_for_on_every_host),
        cmocka_unit_test(opening_tells_what_it_is_about),
        cmocka_unit_test(no_variable_leads_to_another_database),
        cmocka_unit_test(an_address_variable_cannot_lead_a_socket_astray),
        cmocka_unit_test(a_password_may_come_from_the_environment),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
