/*
 * test_postgres.c - what is PostgreSQL's own: its types, its errors, its locks, COPY, notices, and
 * what a reset brings back.
 */
#include "drive.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "support/postgres.h"

static struct engine engine = {.driver = &driver_postgres, .blob_type = "BYTEA"};
static char *database;

/* --- types --- */

static void a_number_that_is_none_comes_back_as_such(void **state)
{
    const hg_value value = hg_real(NAN);
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;

    assert_true(
        hg_conn_query(conn, "SELECT $1, '-Infinity'::float4", &value, 1, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_int_equal(hg_rows_value(rows, 0).type, HG_REAL);
    assert_true(isnan(hg_rows_value(rows, 0).as.real));
    assert_string_equal(hg_rows_text(rows, 0), "NaN");
    assert_true(isinf(hg_rows_value(rows, 1).as.real));
    assert_string_equal(hg_rows_text(rows, 1), "-Infinity");
    hg_rows_close(rows);
    disconnect(conn);
}

static void a_text_is_taken_for_what_the_server_needs(void **state)
{
    const hg_value values[] = {hg_text("2026-11-23"), hg_text("12.340"), hg_text("{\"a\": 1}")};
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;

    assert_true(hg_conn_query(conn, "SELECT $1::date + 1, $2::numeric, $3::jsonb -> 'a', 5::int2",
                              values, 3, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_string_equal(hg_rows_text(rows, 0), "2026-11-24");
    assert_string_equal(hg_rows_text(rows, 1), "12.340");
    assert_int_equal(hg_rows_integer(rows, 2), 1);
    assert_int_equal(hg_rows_value(rows, 3).type, HG_INTEGER);
    hg_rows_close(rows);
    disconnect(conn);
}

static void a_text_with_a_zero_byte_is_refused_before_it_is_cut(void **state)
{
    const hg_value value = hg_text_n("a\0b", 3);
    hg_conn *conn = connect_to(*state);
    hg_error err = {0};

    assert_false(hg_conn_execute(conn, "SELECT $1::text", &value, 1, soon(), NULL, &err));
    assert_string_equal(err.sqlstate, "22021");
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

static void a_value_larger_than_every_buffer_goes_both_ways(void **state)
{
    const size_t size = 20 * 1024 * 1024;
    hg_conn *conn = connect_to(*state);
    char *bytes = malloc(size);
    hg_rows *rows = NULL;
    hg_value value;

    assert_non_null(bytes);
    memset(bytes, 'x', size);
    value = hg_text_n(bytes, size);
    assert_true(hg_conn_query(conn, "SELECT $1::text || 'y'", &value, 1, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    value = hg_rows_value(rows, 0);
    assert_int_equal(value.as.bytes.size, size + 1);
    assert_memory_equal(value.as.bytes.data, bytes, size);
    hg_rows_close(rows);
    free(bytes);
    disconnect(conn);
}

static void a_blob_is_read_however_the_server_writes_it(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;

    run(conn, "SET bytea_output = 'escape'");
    assert_true(hg_conn_query(conn, "SELECT '\\x005c41ff'::bytea", NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_string_equal(hg_rows_text(rows, 0), "\\x005c41ff");
    hg_rows_close(rows);
    disconnect(conn);
}

/* --- errors --- */

static void an_error_says_all_that_the_server_says(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_error err;

    run(conn, "CREATE TABLE once (i integer PRIMARY KEY)");
    run(conn, "INSERT INTO once VALUES (1)");
    err = refused(conn, "INSERT INTO once VALUES (1)");
    assert_non_null(strstr(err.message, "once_pkey"));
    assert_non_null(strstr(err.message, "(Key (i)=(1) already exists)"));
    err = refused(conn, "DO $$ BEGIN RAISE EXCEPTION 'no more' USING HINT = 'Stop it.'; END $$");
    assert_string_equal(err.sqlstate, "P0001");
    assert_non_null(strstr(err.message, "no more"));
    assert_non_null(strstr(err.message, "PL/pgSQL"));
    assert_string_equal(err.hint, "Stop it.");
    run(conn, "DROP TABLE once");
    disconnect(conn);
}

static void a_failed_transaction_is_not_committed_in_silence(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_error err = {0};

    assert_true(hg_conn_begin(conn, soon(), NULL));
    (void)refused(conn, "SELECT 1 / 0");
    assert_true(hg_conn_in_transaction(conn));
    assert_string_equal(refused(conn, "SELECT 1").sqlstate, "25P02");
    assert_false(hg_conn_commit(conn, soon(), &err));
    assert_string_equal(err.sqlstate, "25P02");
    assert_false(hg_conn_in_transaction(conn));
    disconnect(conn);
}

static void a_commit_that_a_constraint_refuses_is_an_error(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_error err = {0};

    run(conn, "CREATE TABLE late (i integer UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    assert_true(hg_conn_begin(conn, soon(), NULL));
    run(conn, "INSERT INTO late VALUES (1), (1)");
    assert_false(hg_conn_commit(conn, soon(), &err));
    assert_int_equal(err.code, HG_CONSTRAINT);
    assert_false(hg_conn_in_transaction(conn));
    run(conn, "DROP TABLE late");
    disconnect(conn);
}

static void the_servers_own_statement_timeout_is_a_timeout(void **state)
{
    const struct driver_options hasty = {.statement_timeout_ms = 100};
    hg_conn *conn = connect_with(*state, &hasty);
    hg_error err = refused(conn, "SELECT pg_sleep(30)");

    assert_int_equal(err.code, HG_TIMEOUT);
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

static void a_cancel_by_somebody_else_is_a_cancel(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_error err = refused(conn, "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(30)");

    assert_int_equal(err.code, HG_CANCELLED);
    assert_false(hg_conn_lost(conn));
    disconnect(conn);
}

/* --- concurrency --- */

static void a_concurrent_update_is_a_serialization_failure(void **state)
{
    hg_conn *one = connect_to(*state), *other = connect_to(*state);
    hg_error err;

    run(one, "CREATE TABLE shared (i integer)");
    run(one, "INSERT INTO shared VALUES (1)");
    run(one, "BEGIN ISOLATION LEVEL REPEATABLE READ");
    assert_int_equal(ask(one, "SELECT i FROM shared"), 1);
    run(other, "UPDATE shared SET i = 2");
    err = refused(one, "UPDATE shared SET i = 3");
    assert_int_equal(err.code, HG_SERIALIZATION);
    assert_string_equal(err.sqlstate, "40001");
    assert_true(hg_conn_rollback(one, soon(), NULL));
    run(one, "DROP TABLE shared");
    disconnect(other);
    disconnect(one);
}

static void a_deadlock_ends_one_of_the_two(void **state)
{
    struct statement_apart there = {.conn = connect_to(*state),
                                    .sql = "UPDATE pair SET v = 2 WHERE i = 1"};
    struct statement_apart here = {.conn = connect_to(*state),
                                   .sql = "UPDATE pair SET v = 2 WHERE i = 2"};
    pthread_t thread;

    run(here.conn, "CREATE TABLE pair (i integer PRIMARY KEY, v integer)");
    run(here.conn, "INSERT INTO pair VALUES (1, 0), (2, 0)");
    run(here.conn, "BEGIN");
    run(there.conn, "BEGIN");
    run(here.conn, "UPDATE pair SET v = 1 WHERE i = 1");
    run(there.conn, "UPDATE pair SET v = 1 WHERE i = 2");
    assert_int_equal(pthread_create(&thread, NULL, run_apart, &there), 0);
    (void)run_apart(&here);
    if (!here.ok) /* lets the other one go on */
        assert_true(hg_conn_rollback(here.conn, soon(), NULL));
    pthread_join(thread, NULL);
    assert_int_equal(here.ok + there.ok, 1);
    assert_int_equal((here.ok ? there : here).err.code, HG_SERIALIZATION);
    assert_string_equal((here.ok ? there : here).err.sqlstate, "40P01");
    assert_true(hg_conn_rollback(there.conn, soon(), NULL));
    assert_true(hg_conn_rollback(here.conn, soon(), NULL));
    run(here.conn, "DROP TABLE pair");
    disconnect(there.conn);
    disconnect(here.conn);
}

/* --- COPY, notices, statements on the server --- */

static void copy_is_refused_and_the_connection_stays_usable(void **state)
{
    hg_conn *conn = connect_to(*state);

    run(conn, "CREATE TABLE copied (i integer)");
    run(conn, "INSERT INTO copied SELECT generate_series(1, 100000)");
    assert_int_equal(refused(conn, "COPY copied FROM STDIN").code, HG_UNSUPPORTED);
    assert_int_equal(ask(conn, "SELECT count(*) FROM copied"), 100000);
    assert_int_equal(refused(conn, "COPY copied TO STDOUT").code, HG_UNSUPPORTED);
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    assert_true(hg_conn_begin(conn, soon(), NULL));
    assert_int_equal(refused(conn, "COPY copied TO STDOUT").code, HG_UNSUPPORTED);
    assert_true(hg_conn_rollback(conn, soon(), NULL));
    run(conn, "DROP TABLE copied");
    disconnect(conn);
}

static void keep_line(void *context, enum log_level level, const char *line)
{
    (void)level;
    snprintf(context, 512, "%s", line);
}

static void notices_go_to_the_log(void **state)
{
    hg_conn *conn = connect_to(*state);
    char line[512] = "";

    log_to(keep_line, line, LOG_INFO);
    run(conn, "DO $$ BEGIN RAISE WARNING 'mind the gap'; END $$");
    log_to(NULL, NULL, LOG_INFO);
    assert_non_null(strstr(line, "mind the gap"));
    disconnect(conn);
}

static void closed_statements_do_not_pile_up_on_the_server(void **state)
{
    hg_conn *conn = connect_to(*state);

    for (int i = 0; i < 100; i++) {
        hg_statement *statement = NULL;

        assert_true(hg_conn_prepare(conn, "SELECT 1", soon(), &statement, NULL));
        hg_statement_close(statement);
    }
    assert_int_equal(ask(conn, "SELECT count(*) FROM pg_prepared_statements"), 1);
    disconnect(conn);
}

static void a_full_reset_restores_the_sessions_settings(void **state)
{
    const struct driver_options options = {.lock_timeout_ms = 3000};
    hg_conn *conn = connect_with(*state, &options);
    bool was_open = false;

    run(conn, "SET lock_timeout = 1");
    run(conn, "SET search_path = somewhere");
    assert_true(conn->driver->reset(conn, HG_RESET_FULL, soon(), &was_open, NULL));
    assert_int_equal(ask(conn, "SELECT count(*) FROM pg_settings WHERE "
                               "(name = 'lock_timeout' AND setting = '3000') OR "
                               "(name = 'search_path' AND setting = '\"$user\", public')"),
                     2);
    disconnect(conn);
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
        cmocka_unit_test(a_number_that_is_none_comes_back_as_such),
        cmocka_unit_test(a_text_is_taken_for_what_the_server_needs),
        cmocka_unit_test(a_text_with_a_zero_byte_is_refused_before_it_is_cut),
        cmocka_unit_test(a_value_larger_than_every_buffer_goes_both_ways),
        cmocka_unit_test(a_blob_is_read_however_the_server_writes_it),
        cmocka_unit_test(an_error_says_all_that_the_server_says),
        cmocka_unit_test(a_failed_transaction_is_not_committed_in_silence),
        cmocka_unit_test(a_commit_that_a_constraint_refuses_is_an_error),
        cmocka_unit_test(the_servers_own_statement_timeout_is_a_timeout),
        cmocka_unit_test(a_cancel_by_somebody_else_is_a_cancel),
        cmocka_unit_test(a_concurrent_update_is_a_serialization_failure),
        cmocka_unit_test(a_deadlock_ends_one_of_the_two),
        cmocka_unit_test(copy_is_refused_and_the_connection_stays_usable),
        cmocka_unit_test(notices_go_to_the_log),
        cmocka_unit_test(closed_statements_do_not_pile_up_on_the_server),
        cmocka_unit_test(a_full_reset_restores_the_sessions_settings),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
