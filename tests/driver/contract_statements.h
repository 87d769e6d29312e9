/*
 * contract_statements.h - what every engine promises of statements: rows that stream and may be
 * left, statements that are prepared or come often.
 */
#ifndef DRIVER_CONTRACT_STATEMENTS_H
#define DRIVER_CONTRACT_STATEMENTS_H

#include "contract_values.h"
#include "drive.h"

#include <stdio.h>
#include <unistd.h>

/* --- rows --- */

static inline long resident_kb(void)
{
    long pages = 0, all;
    FILE *in = fopen("/proc/self/statm", "re");

    if (in == NULL || fscanf(in, "%ld %ld", &all, &pages) != 2)
        fail_msg("statm");
    fclose(in);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A sanitizer keeps freed memory for a while. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_LIMIT_KB (600 * 1024)
#else
#define MEMORY_LIMIT_KB (8 * 1024)
#endif

static inline void a_million_rows_stream_through_flat_memory(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;
    int64_t count = 0, sum = 0;
    long before;

    assert_true(hg_conn_query(conn, MILLION, NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    before = resident_kb();
    do {
        count++;
        sum += hg_rows_integer(rows, 0);
    } while (hg_rows_next(rows, soon(), NULL) == HG_ROW);
    assert_int_equal(count, 1000000);
    assert_true(sum == INT64_C(500000500000));
    assert_in_range(resident_kb(), 0, before + MEMORY_LIMIT_KB);
    assert_int_equal(hg_rows_affected(rows), -1);
    hg_rows_close(rows);
    disconnect(conn);
}

static inline void rows_closed_early_leave_the_connection_ready(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;

    assert_true(hg_conn_query(conn, MILLION, NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    hg_rows_close(rows);
    assert_false(hg_conn_lost(conn));
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

static inline void rows_closed_early_leave_the_transaction_alive(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;

    run(conn, "DROP TABLE IF EXISTS kept");
    assert_true(hg_conn_begin(conn, soon(), NULL));
    run(conn, "CREATE TABLE kept (i BIGINT)");
    /* all of them are read, for which a slow machine has thirty seconds */
    assert_true(hg_conn_query(conn, ROWS(200000), NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_true(hg_conn_in_transaction(conn));
    hg_rows_close(rows);
    assert_true(hg_conn_in_transaction(conn));
    assert_true(hg_conn_commit(conn, soon(), NULL));
    run(conn, "DROP TABLE kept");
    disconnect(conn);
}

static inline void a_statement_has_run_when_its_rows_are_closed_unread(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;

    run(conn, "DROP TABLE IF EXISTS done");
    run(conn, "CREATE TABLE done (i BIGINT)");
    assert_true(
        hg_conn_query(conn, "INSERT INTO done VALUES (1), (2)", NULL, 0, soon(), &rows, NULL));
    hg_rows_close(rows);
    assert_int_equal(ask(conn, "SELECT count(*) FROM done"), 2);
    run(conn, "DROP TABLE done");
    disconnect(conn);
}

static inline void changed_rows_are_counted_where_that_means_something(void **state)
{
    hg_conn *conn = connect_to(*state);
    int64_t affected = 0;

    run(conn, "DROP TABLE IF EXISTS counted");
    run(conn, "CREATE TABLE counted (i BIGINT)");
    assert_true(hg_conn_execute(conn, "INSERT INTO counted VALUES (1), (2), (3)", NULL, 0, soon(),
                                &affected, NULL));
    assert_int_equal(affected, 3);
    assert_true(hg_conn_execute(conn, "/* why */ UPDATE counted SET i = 0 WHERE i > 1", NULL, 0,
                                soon(), &affected, NULL));
    assert_int_equal(affected, 2);
    assert_true(
        hg_conn_execute(conn, "DELETE FROM counted WHERE i = 9", NULL, 0, soon(), &affected, NULL));
    assert_int_equal(affected, 0);
    assert_true(hg_conn_execute(conn, "DROP TABLE counted", NULL, 0, soon(), &affected, NULL));
    assert_int_equal(affected, -1);
    assert_true(hg_conn_execute(conn, "SELECT 1", NULL, 0, soon(), &affected, NULL));
    assert_int_equal(affected, -1);
    disconnect(conn);
}

static inline void a_second_result_is_refused(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;
    hg_error err;

    assert_true(hg_conn_query(conn, "SELECT 1", NULL, 0, soon(), &rows, NULL));
    err = refused(conn, "SELECT 2");
    assert_int_equal(err.code, HG_MISUSE);
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_int_equal(hg_rows_integer(rows, 0), 1);
    hg_rows_close(rows);
    disconnect(conn);
}

/* --- prepared statements --- */

static inline void a_prepared_statement_runs_again_with_other_values(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_statement *statement = NULL;
    hg_rows *rows = NULL;
    hg_error err = {0};

    if (!hg_conn_prepare(conn, "SELECT CAST($1 AS bigint) + 1", soon(), &statement, &err))
        fail_msg("%s", err.message);
    for (int64_t i = 0; i < 3; i++) {
        const hg_value value = hg_integer(i);

        assert_true(hg_statement_query(statement, &value, 1, soon(), &rows, NULL));
        assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
        assert_int_equal(hg_rows_integer(rows, 0), i + 1);
        hg_rows_close(rows);
    }
    hg_statement_close(statement);
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

static inline void a_prepared_statement_takes_values_of_every_type(void **state)
{
    const hg_value values[] = {hg_integer(INT64_MIN), hg_real(0.1), hg_text("é"),
                               hg_blob("\0\xFF", 2), hg_boolean(false)};
    hg_conn *conn = connect_to(*state);
    hg_statement *statement = NULL;
    hg_rows *rows = NULL;

    create_values(*state, conn);
    assert_true(hg_conn_prepare(conn, "INSERT INTO kinds VALUES ($1, $2, $3, $4, $5)", soon(),
                                &statement, NULL));
    assert_true(hg_statement_query(statement, values, 5, soon(), &rows, NULL));
    hg_rows_close(rows);
    hg_statement_close(statement);
    assert_true(hg_conn_query(conn, "SELECT * FROM kinds", NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_true(hg_rows_value(rows, 0).as.integer == INT64_MIN);
    assert_true(hg_rows_value(rows, 1).as.real == 0.1);
    assert_string_equal(hg_rows_text(rows, 2), "é");
    assert_string_equal(hg_rows_text(rows, 3), "\\x00ff");
    assert_string_equal(hg_rows_text(rows, 4), "false");
    hg_rows_close(rows);
    run(conn, "DROP TABLE kinds");
    disconnect(conn);
}

static inline void a_wrong_statement_is_refused_when_it_is_prepared(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_statement *statement = NULL;
    hg_error err = {0};

    assert_false(hg_conn_prepare(conn, "SELECT nosuch FROM nowhere", soon(), &statement, &err));
    assert_string_equal(err.sqlstate, "42P01");
    assert_null(statement);
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

static inline void a_thousand_statements_are_prepared_and_closed(void **state)
{
    hg_conn *conn = connect_to(*state);

    for (int i = 0; i < 1000; i++) {
        hg_statement *statement = NULL;

        assert_true(hg_conn_prepare(conn, "SELECT 1", soon(), &statement, NULL));
        hg_statement_close(statement);
    }
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

/* --- statements that come often, which an engine may prepare behind our back --- */

enum { OFTEN = 8 };

/* The first field of the first row, with one value. */
static inline int64_t ask_with(hg_conn *conn, const char *sql, hg_value value)
{
    hg_rows *rows = NULL;
    hg_error err = {0};
    int64_t answer;

    if (!hg_conn_query(conn, sql, &value, 1, soon(), &rows, &err)
        || hg_rows_next(rows, soon(), &err) != HG_ROW)
        fail_msg("%s: %s", sql, err.message);
    answer = hg_rows_integer(rows, 0);
    hg_rows_close(rows);
    return answer;
}

static inline size_t columns_of(hg_conn *conn, const char *sql)
{
    hg_rows *rows = NULL;
    hg_error err = {0};
    size_t count;

    if (!hg_conn_query(conn, sql, NULL, 0, soon(), &rows, &err))
        fail_msg("%s: %s", sql, err.message);
    count = hg_rows_column_count(rows);
    hg_rows_close(rows);
    return count;
}

static inline void a_statement_that_comes_often_takes_each_value_as_the_first_time(void **state)
{
    static const struct {
        hg_value value;
        hg_type type;
    } rounds[] = {
        {{HG_INTEGER, .as.integer = 5}, HG_INTEGER},
        {{HG_REAL, .as.real = 2.5}, HG_REAL},
        {{HG_NULL}, HG_NULL},
        {{HG_TEXT, .as.bytes = {"five", 4}}, HG_TEXT},
    };
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;

    for (size_t i = 0; i < OFTEN * 4; i++) {
        assert_true(
            hg_conn_query(conn, "SELECT $1 AS v", &rounds[i % 4].value, 1, soon(), &rows, NULL));
        assert_string_equal(hg_rows_column_name(rows, 0), "v");
        assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
        assert_int_equal(hg_rows_value(rows, 0).type, rounds[i % 4].type);
        hg_rows_close(rows);
    }
    disconnect(conn);
}

static inline void more_statements_than_are_kept_come_often(void **state)
{
    hg_conn *conn = connect_to(*state);
    char sql[64];

    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 100; i++)
            for (int64_t times = 0; times < 4; times++) {
                snprintf(sql, sizeof sql, "SELECT %d + CAST($1 AS bigint)", i);
                assert_int_equal(ask_with(conn, sql, hg_integer(times)), i + times);
            }
    disconnect(conn);
}

static inline void a_statement_that_comes_often_counts_its_rows_each_time(void **state)
{
    const hg_value value = hg_integer(7);
    hg_conn *conn = connect_to(*state);
    int64_t affected;

    run(conn, "DROP TABLE IF EXISTS often");
    run(conn, "CREATE TABLE often (i BIGINT)");
    for (int i = 0; i < OFTEN; i++) {
        affected = -7;
        assert_true(hg_conn_execute(conn, "INSERT INTO often VALUES ($1), ($1)", &value, 1, soon(),
                                    &affected, NULL));
        assert_int_equal(affected, 2);
    }
    assert_int_equal(ask(conn, "SELECT count(*) FROM often"), 2 * OFTEN);
    run(conn, "DROP TABLE often");
    disconnect(conn);
}

static inline void a_statement_that_comes_often_may_fail_and_be_left_half_read(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;

    run(conn, "DROP TABLE IF EXISTS often");
    run(conn, "CREATE TABLE often (i BIGINT PRIMARY KEY)");
    for (int64_t i = 0; i < OFTEN; i++) {
        const hg_value value = hg_integer(i / 2); /* every second one is there already */
        hg_error err = {0};
        bool ok =
            hg_conn_execute(conn, "INSERT INTO often VALUES ($1)", &value, 1, soon(), NULL, &err);

        assert_int_equal(ok, i % 2 == 0);
        assert_int_equal(err.code, ok ? HG_OK : HG_CONSTRAINT);
        assert_true(hg_conn_query(conn, MILLION, NULL, 0, soon(), &rows, NULL));
        assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
        assert_int_equal(hg_rows_integer(rows, 0), 1);
        hg_rows_close(rows);
    }
    run(conn, "DROP TABLE often");
    disconnect(conn);
}

static inline void a_statement_that_comes_often_sees_a_table_as_it_is_now(void **state)
{
    hg_conn *conn = connect_to(*state), *other = connect_to(*state);
    hg_error err = {0};

    run(conn, "DROP TABLE IF EXISTS often");
    run(conn, "CREATE TABLE often (a BIGINT)");
    for (int i = 0; i < OFTEN; i++)
        assert_int_equal(columns_of(conn, "SELECT * FROM often"), 1);
    run(other, "ALTER TABLE often ADD COLUMN b BIGINT");
    assert_int_equal(columns_of(conn, "SELECT * FROM often"), 2);
    for (int i = 0; i < OFTEN; i++)
        assert_int_equal(columns_of(conn, "SELECT * FROM often"), 2);
    run(other, "DROP TABLE often");
    err = refused(conn, "SELECT * FROM often");
    assert_string_equal(err.sqlstate, "42P01");
    disconnect(other);
    disconnect(conn);
}

static inline void a_transaction_may_change_what_its_own_statements_read(void **state)
{
    hg_conn *conn = connect_to(*state);

    run(conn, "DROP TABLE IF EXISTS often");
    run(conn, "CREATE TABLE often (a BIGINT)");
    for (int i = 0; i < OFTEN; i++)
        assert_int_equal(columns_of(conn, "SELECT * FROM often"), 1);
    for (int i = 0; i < 2; i++) {
        assert_true(hg_conn_begin(conn, soon(), NULL));
        assert_int_equal(columns_of(conn, "SELECT * FROM often"), 1);
        run(conn, "ALTER TABLE often ADD COLUMN b BIGINT");
        for (int times = 0; times < OFTEN; times++)
            assert_int_equal(columns_of(conn, "SELECT * FROM often"), 2);
        assert_true(hg_conn_rollback(conn, soon(), NULL));
        assert_true(hg_conn_begin(conn, soon(), NULL));
        for (int times = 0; times < OFTEN; times++)
            assert_int_equal(columns_of(conn, "SELECT * FROM often"), 1);
        assert_true(hg_conn_rollback(conn, soon(), NULL));
    }
    run(conn, "DROP TABLE often");
    disconnect(conn);
}

static inline void a_full_reset_costs_statements_that_come_often_nothing(void **state)
{
    hg_conn *conn = connect_to(*state);
    bool was_open;

    for (int round = 0; round < 3; round++) {
        for (int64_t i = 0; i < OFTEN; i++)
            assert_int_equal(ask_with(conn, "SELECT CAST($1 AS bigint)", hg_integer(i)), i);
        assert_true(conn->driver->reset(conn, HG_RESET_FULL, soon(), &was_open, NULL));
    }
    disconnect(conn);
}

#endif
