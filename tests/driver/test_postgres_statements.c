/*
 * test_postgres_statements.c - statements that come often get a name on the server, and what closes
 * or outdates them; through a pooler there are none.
 */
#include "drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/pooler.h"
#include "support/postgres.h"

static struct engine engine = {.driver = &driver_postgres, .blob_type = "BYTEA"};
static char *database;

static hg_url *url_with(const char *parameter)
{
    char *text = postgres_url_text(database), with[1024];
    hg_url *url = NULL;

    snprintf(with, sizeof with, "%s%c%s", text, strchr(text, '?') == NULL ? '?' : '&', parameter);
    assert_true(hg_url_parse(with, &url, NULL));
    free(text);
    return url;
}

/* How many statements have a name; a text of its own each time, so that asking changes nothing. */
static int64_t named_statements(hg_conn *conn)
{
    static int asked;
    char sql[128];

    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM pg_prepared_statements WHERE statement NOT LIKE '%%%d'",
             ++asked);
    return ask(conn, sql);
}

static void a_statement_gets_a_name_when_it_comes_the_third_time(void **state)
{
    hg_conn *conn = connect_to(*state);

    run_often(conn, "SELECT 1", 2);
    assert_int_equal(named_statements(conn), 0);
    run_often(conn, "SELECT 1", 5);
    assert_int_equal(named_statements(conn), 1);
    assert_int_equal(ask(conn, "SELECT generic_plans + custom_plans FROM pg_prepared_statements "
                               "WHERE statement = 'SELECT 1'"),
                     5);
    disconnect(conn);
}

static void the_server_keeps_a_limited_number_of_names(void **state)
{
    hg_conn *conn = connect_to(*state);
    char sql[32];

    for (int i = 0; i < 300; i++) {
        snprintf(sql, sizeof sql, "SELECT %d", i);
        run_often(conn, sql, 3);
    }
    assert_in_range(named_statements(conn), 32, 65);
    disconnect(conn);
}

static void without_names_nothing_is_prepared(void **state)
{
    static const char *const modes[] = {"prepared=unnamed", "prepared=off"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct engine there = {.driver = &driver_postgres, .url = url_with(modes[i])};
        hg_conn *conn = connect_to(&there);
        hg_statement *statement = NULL;

        run_often(conn, "SELECT 1", 10);
        assert_true(hg_conn_prepare(conn, "SELECT 8", soon(), &statement, NULL));
        assert_int_equal(named_statements(conn), 0);
        disconnect(conn);
        hg_url_free(there.url);
    }
}

static void statements_that_others_have_closed_are_sent_again(void **state)
{
    static const char *const ways[] = {"DEALLOCATE ALL", "DISCARD ALL",
                                       "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$",
                                       "SELECT forget_statements()"};
    hg_conn *conn = connect_to(*state);

    run(conn, "CREATE FUNCTION forget_statements() RETURNS void LANGUAGE plpgsql AS "
              "$$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        hg_statement *statement = NULL;

        run_often(conn, "SELECT 1", 5);
        run_often(conn, "SELECT 2", 5);
        assert_true(hg_conn_prepare(conn, "SELECT 3", soon(), &statement, NULL));
        run(conn, ways[i]);
        hg_statement_close(statement);
        run_often(conn, "SELECT 1", 5);
        run_often(conn, "SELECT 2", 5);
        assert_true(hg_conn_prepare(conn, "SELECT 4", soon(), &statement, NULL));
        hg_statement_close(statement);
        assert_true(named_statements(conn) > 0);
    }
    run(conn, "DROP FUNCTION forget_statements()");
    disconnect(conn);
}

static void a_statement_that_was_outdated_in_a_transaction_says_to_run_it_again(void **state)
{
    hg_conn *conn = connect_to(*state), *other = connect_to(*state);
    hg_error err;

    run(conn, "CREATE TABLE changing (a integer)");
    run_often(conn, "SELECT * FROM changing", 5);
    run_often(conn, "SELECT *, 1 FROM changing", 5);
    run(other, "ALTER TABLE changing ADD COLUMN b integer");
    assert_true(hg_conn_begin(conn, soon(), NULL));
    err = refused(conn, "SELECT * FROM changing");
    assert_int_equal(err.code, HG_SERIALIZATION);
    assert_string_equal(err.sqlstate, "0A000");
    assert_non_null(strstr(err.hint, "again"));
    assert_true(hg_conn_rollback(conn, soon(), NULL));
    assert_true(hg_conn_begin(conn, soon(), NULL));
    run_often(conn, "SELECT * FROM changing", 5);
    run_often(conn, "SELECT *, 1 FROM changing", 5);
    assert_true(hg_conn_commit(conn, soon(), NULL));
    run(conn, "DROP TABLE changing");
    disconnect(other);
    disconnect(conn);
}

static void an_error_of_the_statement_itself_is_not_taken_for_an_outdated_one(void **state)
{
    hg_conn *conn = connect_to(*state);

    for (int i = 0; i < 5; i++) {
        assert_string_equal(refused(conn, "EXECUTE nosuch").sqlstate, "26000");
        assert_string_equal(refused(conn, "SELECT 1 / 0").sqlstate, "22012");
        assert_string_equal(refused(conn, "SELECT nosuch").sqlstate, "42703");
    }
    disconnect(conn);
}

static void a_kept_statement_that_is_cancelled_serves_again(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_error err = {0};

    for (int i = 0; i < 5; i++) {
        assert_false(hg_conn_execute(conn, "SELECT pg_sleep(30)", NULL, 0, hg_deadline_in_ms(50),
                                     NULL, &err));
        assert_int_equal(err.code, HG_TIMEOUT);
        assert_false(hg_conn_lost(conn));
    }
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

/* --- poolers --- */

static hg_url *pooled_url(int port)
{
    char text[128];
    hg_url *url = NULL;

    snprintf(text, sizeof text, "postgresql://postgres@127.0.0.1:%d/%s?sslmode=disable", port,
             database);
    assert_true(hg_url_parse(text, &url, NULL));
    return url;
}

static void through_a_pooler_the_session_is_left_alone(void **state)
{
    struct engine pooled = {.driver = &driver_postgres, .url = pooled_url(pooler_start())};
    const struct driver_options options = {.lock_timeout_ms = 3000};
    hg_conn *conn = connect_with(&pooled, &options);
    hg_statement *statement = NULL;
    hg_rows *rows = NULL;

    (void)state;
    assert_int_equal(hg_conn_backend_pid(conn), 0);
    assert_int_equal(ask(conn, "SELECT setting FROM pg_settings WHERE name = 'lock_timeout'"), 0);
    assert_true(hg_conn_prepare(conn, "SELECT 8", soon(), &statement, NULL));
    assert_true(hg_statement_query(statement, NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_int_equal(hg_rows_integer(rows, 0), 8);
    hg_rows_close(rows);
    run_often(conn, "SELECT 9", 10);
    assert_int_equal(ask(conn, "SELECT count(*) FROM pg_prepared_statements"), 0);
    disconnect(conn);
    pooler_stop();
    hg_url_free(pooled.url);
}

static void through_a_pooler_a_read_only_session_is_refused(void **state)
{
    const struct driver_options options = {.read_only = true};
    hg_url *url = pooled_url(pooler_start());
    hg_conn *conn = NULL;
    hg_error err = {0};

    (void)state;
    assert_false(driver_postgres.open(url, &options, soon(), &conn, &err));
    assert_int_equal(err.code, HG_UNSUPPORTED);
    pooler_stop();
    hg_url_free(url);
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
        cmocka_unit_test(a_statement_gets_a_name_when_it_comes_the_third_time),
        cmocka_unit_test(the_server_keeps_a_limited_number_of_names),
        cmocka_unit_test(without_names_nothing_is_prepared),
        cmocka_unit_test(statements_that_others_have_closed_are_sent_again),
        cmocka_unit_test(a_statement_that_was_outdated_in_a_transaction_says_to_run_it_again),
        cmocka_unit_test(an_error_of_the_statement_itself_is_not_taken_for_an_outdated_one),
        cmocka_unit_test(a_kept_statement_that_is_cancelled_serves_again),
        cmocka_unit_test(through_a_pooler_the_session_is_left_alone),
        cmocka_unit_test(through_a_pooler_a_read_only_session_is_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
