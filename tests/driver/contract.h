/*
 * contract.h - what every engine promises, as one suite that each engine's test program runs on
 * itself.
 *
 * Not a header in the usual sense: the two test programs include it. The group's state is a struct
 * engine.
 */
#ifndef DRIVER_CONTRACT_H
#define DRIVER_CONTRACT_H

#include "drive.h"

#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* --- values --- */

/* Sends a value through "SELECT $1" with a cast, and gives what comes back to check(). */
static inline void round_trip(hg_conn *conn, const char *sql, hg_value value,
                              void (*check)(hg_value sent, hg_value got, const char *text))
{
    hg_rows *rows = NULL;
    hg_error err = {0};

    if (!hg_conn_query(conn, sql, &value, 1, soon(), &rows, &err))
        fail_msg("%s: %s", sql, err.message);
    assert_int_equal(hg_rows_next(rows, soon(), &err), HG_ROW);
    check(value, hg_rows_value(rows, 0), hg_rows_text(rows, 0));
    assert_int_equal(hg_rows_next(rows, soon(), &err), HG_END);
    hg_rows_close(rows);
}

static inline void same_integer(hg_value sent, hg_value got, const char *text)
{
    char expected[32];

    assert_int_equal(got.type, HG_INTEGER);
    assert_true(got.as.integer == sent.as.integer);
    snprintf(expected, sizeof expected, "%lld", (long long)sent.as.integer);
    assert_string_equal(text, expected);
}

static inline void same_real(hg_value sent, hg_value got, const char *text)
{
    assert_int_equal(got.type, HG_REAL);
    assert_true(got.as.real == sent.as.real);
    assert_true(strtod(text, NULL) == sent.as.real);
}

static inline void same_bytes(hg_value sent, hg_value got, const char *text)
{
    (void)text;
    assert_int_equal(got.type, sent.type);
    assert_int_equal(got.as.bytes.size, sent.as.bytes.size);
    assert_memory_equal(got.as.bytes.data, sent.as.bytes.data, sent.as.bytes.size);
    if (got.type == HG_TEXT)
        assert_int_equal(((const char *)got.as.bytes.data)[got.as.bytes.size], '\0');
}

static inline void is_null(hg_value sent, hg_value got, const char *text)
{
    (void)sent;
    assert_int_equal(got.type, HG_NULL);
    assert_string_equal(text, "");
}

static inline void integers_come_back_to_their_extremes(void **state)
{
    static const int64_t values[] = {0, 1, -1, INT32_MIN, INT64_MAX, INT64_MIN};
    hg_conn *conn = connect_to(*state);

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        round_trip(conn, "SELECT $1", hg_integer(values[i]), same_integer);
    disconnect(conn);
}

static inline void reals_come_back_to_the_last_bit(void **state)
{
    static const double values[] = {0.0, 0.1, -1.5, 1e308, 4.9e-324, 3.141592653589793, INFINITY};
    hg_conn *conn = connect_to(*state);

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        round_trip(conn, "SELECT $1", hg_real(values[i]), same_real);
    disconnect(conn);
}

static inline void texts_come_back_in_utf8_and_empty(void **state)
{
    static const char *const values[] = {"", "a", "Grüße, 世界 \xF0\x9F\x8C\x8D",
                                         "it's \"quoted\"\n"};
    hg_conn *conn = connect_to(*state);

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        round_trip(conn, "SELECT CAST($1 AS text)", hg_text(values[i]), same_bytes);
    round_trip(conn, "SELECT CAST($1 AS text)", hg_text_n("cut here", 3), same_bytes);
    disconnect(conn);
}

static inline void blobs_come_back_with_zero_bytes_and_empty(void **state)
{
    hg_conn *conn = connect_to(*state);

    round_trip(conn, "SELECT $1", hg_blob("", 0), same_bytes);
    round_trip(conn, "SELECT $1", hg_blob("a\0b\xFF\\x00", 8), same_bytes);
    disconnect(conn);
}

static inline void null_is_null_for_every_type(void **state)
{
    hg_conn *conn = connect_to(*state);

    round_trip(conn, "SELECT CAST($1 AS text)", hg_null(), is_null);
    round_trip(conn, "SELECT CAST($1 AS bigint)", hg_text(NULL), is_null);
    disconnect(conn);
}

static inline void create_values(const struct engine *engine, hg_conn *conn)
{
    char sql[256];

    snprintf(sql, sizeof sql,
             "CREATE TABLE kinds (i BIGINT, r DOUBLE PRECISION, t TEXT, b %s, f BOOLEAN)",
             engine->blob_type);
    run(conn, "DROP TABLE IF EXISTS kinds");
    run(conn, sql);
}

static inline void a_row_of_a_table_keeps_the_type_of_each_field(void **state)
{
    const hg_value values[] = {hg_integer(42), hg_real(2.5), hg_text("é"), hg_blob("\0\1", 2),
                               hg_boolean(true)};
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;
    int64_t affected = 0;

    create_values(*state, conn);
    assert_true(hg_conn_execute(conn, "INSERT INTO kinds VALUES ($1, $2, $3, $4, $5)", values, 5,
                                soon(), &affected, NULL));
    assert_int_equal(affected, 1);
    assert_true(hg_conn_query(conn, "SELECT i, r, t, b, f, f AS again FROM kinds", NULL, 0, soon(),
                              &rows, NULL));
    assert_int_equal(hg_rows_column_count(rows), 6);
    assert_string_equal(hg_rows_column_name(rows, 5), "again");
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(hg_rows_value(rows, i).type, values[i].type);
    assert_string_equal(hg_rows_text(rows, 0), "42");
    assert_string_equal(hg_rows_text(rows, 1), "2.5");
    assert_string_equal(hg_rows_text(rows, 2), "é");
    assert_string_equal(hg_rows_text(rows, 3), "\\x0001");
    assert_string_equal(hg_rows_text(rows, 4), "true");
    assert_int_equal(hg_rows_integer(rows, 5), 1);
    hg_rows_close(rows);
    run(conn, "DROP TABLE kinds");
    disconnect(conn);
}

static inline void the_texts_of_one_row_live_side_by_side(void **state)
{
    hg_conn *conn = connect_to(*state);
    const char *first, *second;
    hg_rows *rows = NULL;

    assert_true(hg_conn_query(conn, "SELECT 11, 22", NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    first = hg_rows_text(rows, 0);
    second = hg_rows_text(rows, 1);
    assert_string_equal(first, "11");
    assert_string_equal(second, "22");
    hg_rows_close(rows);
    disconnect(conn);
}

static inline void placeholders_may_repeat_and_come_in_any_order(void **state)
{
    const hg_value values[] = {hg_text("a"), hg_text("b")};
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;

    assert_true(hg_conn_query(conn,
                              "SELECT CAST($2 AS text) || CAST($1 AS text) || CAST($2 AS text)",
                              values, 2, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_string_equal(hg_rows_text(rows, 0), "bab");
    hg_rows_close(rows);
    disconnect(conn);
}

static inline void a_placeholder_without_a_value_is_refused(void **state)
{
    const hg_value value = hg_integer(1);
    hg_conn *conn = connect_to(*state);
    hg_error err = {0};

    assert_false(hg_conn_execute(conn, "SELECT $1 + $2", &value, 1, soon(), NULL, &err));
    assert_int_equal(err.code, HG_SQL);
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

static inline void only_one_statement_is_run_at_a_time(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_error err = refused(conn, "SELECT 1; SELECT 2");

    assert_string_equal(err.sqlstate, "42601");
    run(conn, "SELECT 1; -- a comment is no statement");
    disconnect(conn);
}

static inline void a_text_without_a_statement_has_no_rows(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;

    assert_true(hg_conn_query(conn, "-- nothing", NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_column_count(rows), 0);
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_END);
    hg_rows_close(rows);
    disconnect(conn);
}

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
    assert_true(hg_conn_query(conn, MILLION, NULL, 0, soon(), &rows, NULL));
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

/* --- transactions --- */

static inline void create_accounts(hg_conn *conn)
{
    run(conn, "DROP TABLE IF EXISTS orders");
    run(conn, "DROP TABLE IF EXISTS accounts");
    run(conn, "CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
              "age INTEGER CHECK (age >= 0))");
    run(conn, "CREATE TABLE orders (account INTEGER NOT NULL REFERENCES accounts (id))");
    run(conn, "INSERT INTO accounts VALUES (1, 'ada', 36)");
}

static inline void drop_accounts(hg_conn *conn)
{
    run(conn, "DROP TABLE orders");
    run(conn, "DROP TABLE accounts");
}

static inline void a_commit_keeps_and_a_rollback_drops(void **state)
{
    hg_conn *conn = connect_to(*state), *other = connect_to(*state);

    create_accounts(conn);
    assert_false(hg_conn_in_transaction(conn));
    assert_true(hg_conn_begin(conn, soon(), NULL));
    assert_true(hg_conn_in_transaction(conn));
    run(conn, "INSERT INTO accounts VALUES (2, 'bob', 1)");
    assert_true(hg_conn_rollback(conn, soon(), NULL));
    assert_int_equal(ask(other, "SELECT count(*) FROM accounts"), 1);
    assert_true(hg_conn_begin(conn, soon(), NULL));
    run(conn, "INSERT INTO accounts VALUES (2, 'bob', 1)");
    assert_true(hg_conn_commit(conn, soon(), NULL));
    assert_false(hg_conn_in_transaction(conn));
    assert_int_equal(ask(other, "SELECT count(*) FROM accounts"), 2);
    drop_accounts(conn);
    disconnect(other);
    disconnect(conn);
}

static inline void a_savepoint_undoes_a_part(void **state)
{
    hg_conn *conn = connect_to(*state);

    create_accounts(conn);
    assert_true(hg_conn_begin(conn, soon(), NULL));
    run(conn, "INSERT INTO accounts VALUES (2, 'bob', 1)");
    run(conn, "SAVEPOINT half");
    run(conn, "INSERT INTO accounts VALUES (3, 'eve', 1)");
    (void)refused(conn, "INSERT INTO accounts VALUES (3, 'eve', 1)");
    run(conn, "ROLLBACK TO SAVEPOINT half");
    run(conn, "RELEASE SAVEPOINT half");
    assert_true(hg_conn_commit(conn, soon(), NULL));
    assert_int_equal(ask(conn, "SELECT count(*) FROM accounts"), 2);
    drop_accounts(conn);
    disconnect(conn);
}

static inline void a_reset_ends_the_transaction_as_it_is_told(void **state)
{
    hg_conn *conn = connect_to(*state);
    bool was_open = true;

    create_accounts(conn);
    assert_true(conn->driver->reset(conn, HG_RESET_ROLLBACK, soon(), &was_open, NULL));
    assert_false(was_open);
    assert_true(hg_conn_begin(conn, soon(), NULL));
    run(conn, "INSERT INTO accounts VALUES (2, 'bob', 1)");
    assert_true(conn->driver->reset(conn, HG_RESET_ROLLBACK, soon(), &was_open, NULL));
    assert_true(was_open);
    assert_false(hg_conn_in_transaction(conn));
    assert_int_equal(ask(conn, "SELECT count(*) FROM accounts"), 1);
    assert_true(hg_conn_begin(conn, soon(), NULL));
    run(conn, "INSERT INTO accounts VALUES (2, 'bob', 1)");
    assert_true(conn->driver->reset(conn, HG_RESET_COMMIT, soon(), &was_open, NULL));
    assert_int_equal(ask(conn, "SELECT count(*) FROM accounts"), 2);
    drop_accounts(conn);
    disconnect(conn);
}

static inline void a_reset_ends_rows_and_statements_that_were_forgotten(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_statement *statement = NULL;
    hg_rows *rows = NULL;
    bool was_open = false;

    assert_true(hg_conn_begin(conn, soon(), NULL));
    assert_true(hg_conn_prepare(conn, MILLION, soon(), &statement, NULL));
    assert_true(hg_statement_query(statement, NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_true(conn->driver->reset(conn, HG_RESET_ROLLBACK, soon(), &was_open, NULL));
    assert_true(was_open);
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

static inline void a_full_reset_forgets_what_the_session_had(void **state)
{
    hg_conn *conn = connect_to(*state);
    bool was_open = false;

    run(conn, "CREATE TEMPORARY TABLE mine (i BIGINT)");
    assert_true(conn->driver->reset(conn, HG_RESET_FULL, soon(), &was_open, NULL));
    (void)refused(conn, "SELECT * FROM mine");
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

/* --- errors --- */

static inline void expect(hg_conn *conn, const char *sql, hg_code code, const char *sqlstate)
{
    hg_error err = refused(conn, sql);

    if (err.code != code || strcmp(err.sqlstate, sqlstate) != 0)
        fail_msg("%s: %s %s %s", sql, hg_code_name(err.code), err.sqlstate, err.message);
    assert_int_not_equal(err.message[0], '\0');
}

static inline void violated_constraints_are_told_alike(void **state)
{
    hg_conn *conn = connect_to(*state);

    create_accounts(conn);
    expect(conn, "INSERT INTO accounts VALUES (1, 'bob', 1)", HG_CONSTRAINT, "23505");
    expect(conn, "INSERT INTO accounts VALUES (2, 'ada', 1)", HG_CONSTRAINT, "23505");
    expect(conn, "INSERT INTO accounts VALUES (2, NULL, 1)", HG_CONSTRAINT, "23502");
    expect(conn, "INSERT INTO accounts VALUES (2, 'bob', -1)", HG_CONSTRAINT, "23514");
    expect(conn, "INSERT INTO orders VALUES (99)", HG_CONSTRAINT, "23503");
    drop_accounts(conn);
    disconnect(conn);
}

static inline void wrong_statements_are_told_alike(void **state)
{
    hg_conn *conn = connect_to(*state);

    create_accounts(conn);
    expect(conn, "SELEC 1", HG_SQL, "42601");
    expect(conn, "SELECT (1", HG_SQL, "42601");
    expect(conn, "SELECT * FROM nowhere", HG_SQL, "42P01");
    expect(conn, "SELECT nosuch FROM accounts", HG_SQL, "42703");
    expect(conn, "INSERT INTO accounts (nosuch) VALUES (1)", HG_SQL, "42703");
    expect(conn, "SELECT nosuch(1)", HG_SQL, "42883");
    expect(conn, "CREATE TABLE accounts (id INTEGER)", HG_SQL, "42P07");
    expect(conn, "CREATE TABLE twice (i INTEGER, i INTEGER)", HG_SQL, "42701");
    expect(conn, "DROP INDEX nosuch", HG_SQL, "42704");
    drop_accounts(conn);
    disconnect(conn);
}

static inline void the_place_of_an_error_is_told_in_characters(void **state)
{
    hg_conn *conn = connect_to(*state);

    assert_int_equal(refused(conn, "SELEC 1").column, 1);
    assert_int_equal(refused(conn, "SELECT 'é世',\n nosuch").column, 15);
    disconnect(conn);
}

/* --- stopping --- */

static inline void an_endless_statement_ends_at_its_deadline(void **state)
{
    hg_conn *conn = connect_to(*state);
    int64_t begun = clock_now_ns();
    hg_error err = {0};

    assert_false(hg_conn_execute(conn, ENDLESS, NULL, 0, hg_deadline_in_ms(200), NULL, &err));
    assert_int_equal(err.code, HG_TIMEOUT);
    assert_string_equal(err.sqlstate, "57014");
    assert_in_range((int64_t)clock_since_ms(begun), 200, 2000);
    assert_false(hg_conn_lost(conn));
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

static inline void a_deadline_that_has_passed_starts_nothing(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_error err = {0};

    assert_false(hg_conn_execute(conn, "SELECT 1", NULL, 0, hg_deadline_in_ms(0), NULL, &err));
    assert_int_equal(err.code, HG_TIMEOUT);
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

static inline bool always_interrupted(void *context)
{
    ++*(int *)context;
    return true;
}

static inline void an_interrupt_ends_a_statement(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_error err = {0};
    int asked = 0;

    hg_conn_set_interrupt(conn, always_interrupted, &asked);
    assert_false(hg_conn_execute(conn, ENDLESS, NULL, 0, soon(), NULL, &err));
    assert_int_equal(err.code, HG_CANCELLED);
    assert_int_equal(asked, 1);
    hg_conn_set_interrupt(conn, NULL, NULL);
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

/* Says that the owner is inside its call, by being asked there, and lets it go on. */
static inline bool post_and_go_on(void *context)
{
    sem_post(context);
    return false;
}

struct canceller {
    hg_conn *conn;
    sem_t inside;
};

static inline void *cancel_when_inside(void *context)
{
    struct canceller *canceller = context;

    while (sem_wait(&canceller->inside) != 0)
        continue;
    hg_conn_cancel(canceller->conn);
    return NULL;
}

static inline void a_cancel_from_another_thread_ends_a_statement(void **state)
{
    struct canceller canceller = {.conn = connect_to(*state)};
    int64_t begun = clock_now_ns();
    hg_error err = {0};
    pthread_t thread;

    sem_init(&canceller.inside, 0, 0);
    hg_conn_set_interrupt(canceller.conn, post_and_go_on, &canceller.inside);
    assert_int_equal(pthread_create(&thread, NULL, cancel_when_inside, &canceller), 0);
    assert_false(hg_conn_execute(canceller.conn, ENDLESS, NULL, 0, soon(), NULL, &err));
    assert_int_equal(err.code, HG_CANCELLED);
    assert_in_range((int64_t)clock_since_ms(begun), 0, 5000);
    pthread_join(thread, NULL);
    hg_conn_set_interrupt(canceller.conn, NULL, NULL);
    assert_int_equal(ask(canceller.conn, "SELECT 7"), 7);
    sem_destroy(&canceller.inside);
    disconnect(canceller.conn);
}

static inline void a_cancel_between_two_rows_ends_the_rest(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;
    hg_error err = {0};

    assert_true(hg_conn_query(conn, MILLION, NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    hg_conn_cancel(conn);
    while (hg_rows_next(rows, soon(), &err) == HG_ROW)
        continue;
    assert_int_equal(err.code, HG_CANCELLED);
    hg_rows_close(rows);
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

static inline void a_cancel_of_nothing_hits_no_later_statement(void **state)
{
    hg_conn *conn = connect_to(*state);

    for (int i = 0; i < 50; i++) {
        hg_conn_cancel(conn);
        assert_int_equal(ask(conn, "SELECT 7"), 7);
    }
    disconnect(conn);
}

/* --- locks --- */

static inline void waiting_for_a_lock_ends_with_the_lock_timeout(void **state)
{
    const struct driver_options patient = {.lock_timeout_ms = 150};
    hg_conn *holder = connect_to(*state), *waiter = connect_with(*state, &patient);
    int64_t begun;
    hg_error err;

    create_accounts(holder);
    assert_true(hg_conn_begin(holder, soon(), NULL));
    run(holder, "UPDATE accounts SET age = 1");
    begun = clock_now_ns();
    err = refused(waiter, "UPDATE accounts SET age = 2");
    assert_int_equal(err.code, HG_LOCKED);
    assert_string_equal(err.sqlstate, "55P03");
    assert_in_range((int64_t)clock_since_ms(begun), 140, 5000);
    assert_true(hg_conn_rollback(holder, soon(), NULL));
    run(waiter, "UPDATE accounts SET age = 2");
    drop_accounts(holder);
    disconnect(waiter);
    disconnect(holder);
}

/* --- the session --- */

static inline void a_read_only_session_reads_and_does_not_write(void **state)
{
    const struct driver_options options = {.read_only = true};
    hg_conn *writer = connect_to(*state), *reader;
    hg_error err;

    create_accounts(writer);
    reader = connect_with(*state, &options);
    assert_int_equal(ask(reader, "SELECT count(*) FROM accounts"), 1);
    err = refused(reader, "UPDATE accounts SET age = 2");
    assert_int_equal(err.code, HG_READ_ONLY);
    assert_string_equal(err.sqlstate, "25006");
    disconnect(reader);
    drop_accounts(writer);
    disconnect(writer);
}

static inline void a_fresh_connection_looks_alive_and_answers_a_ping(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_error err = {0};

    assert_true(conn->driver->alive(conn));
    assert_true(conn->driver->ping(conn, soon(), &err));
    assert_true(hg_conn_server_version_number(conn) > 3000000 || conn->driver->id == HG_POSTGRESQL);
    assert_int_not_equal(hg_conn_server_version(conn)[0], '\0');
    assert_true(hg_conn_backend_pid(conn) > 0);
    disconnect(conn);
}

static inline void closing_with_everything_open_leaks_nothing(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_statement *statement = NULL;
    hg_rows *rows = NULL;

    assert_true(hg_conn_begin(conn, soon(), NULL));
    assert_true(hg_conn_prepare(conn, "SELECT 1", soon(), &statement, NULL));
    assert_true(hg_conn_query(conn, MILLION, NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    disconnect(conn); /* the leak checker has the last word */
}

// clang-format off
static const struct CMUnitTest contract_tests[] = {
    cmocka_unit_test(integers_come_back_to_their_extremes),
    cmocka_unit_test(reals_come_back_to_the_last_bit),
    cmocka_unit_test(texts_come_back_in_utf8_and_empty),
    cmocka_unit_test(blobs_come_back_with_zero_bytes_and_empty),
    cmocka_unit_test(null_is_null_for_every_type),
    cmocka_unit_test(a_row_of_a_table_keeps_the_type_of_each_field),
    cmocka_unit_test(the_texts_of_one_row_live_side_by_side),
    cmocka_unit_test(placeholders_may_repeat_and_come_in_any_order),
    cmocka_unit_test(a_placeholder_without_a_value_is_refused),
    cmocka_unit_test(only_one_statement_is_run_at_a_time),
    cmocka_unit_test(a_text_without_a_statement_has_no_rows),
    cmocka_unit_test(a_million_rows_stream_through_flat_memory),
    cmocka_unit_test(rows_closed_early_leave_the_connection_ready),
    cmocka_unit_test(rows_closed_early_leave_the_transaction_alive),
    cmocka_unit_test(a_statement_has_run_when_its_rows_are_closed_unread),
    cmocka_unit_test(changed_rows_are_counted_where_that_means_something),
    cmocka_unit_test(a_second_result_is_refused),
    cmocka_unit_test(a_prepared_statement_runs_again_with_other_values),
    cmocka_unit_test(a_prepared_statement_takes_values_of_every_type),
    cmocka_unit_test(a_wrong_statement_is_refused_when_it_is_prepared),
    cmocka_unit_test(a_thousand_statements_are_prepared_and_closed),
    cmocka_unit_test(a_statement_that_comes_often_takes_each_value_as_the_first_time),
    cmocka_unit_test(more_statements_than_are_kept_come_often),
    cmocka_unit_test(a_statement_that_comes_often_counts_its_rows_each_time),
    cmocka_unit_test(a_statement_that_comes_often_may_fail_and_be_left_half_read),
    cmocka_unit_test(a_statement_that_comes_often_sees_a_table_as_it_is_now),
    cmocka_unit_test(a_transaction_may_change_what_its_own_statements_read),
    cmocka_unit_test(a_full_reset_costs_statements_that_come_often_nothing),
    cmocka_unit_test(a_commit_keeps_and_a_rollback_drops),
    cmocka_unit_test(a_savepoint_undoes_a_part),
    cmocka_unit_test(a_reset_ends_the_transaction_as_it_is_told),
    cmocka_unit_test(a_reset_ends_rows_and_statements_that_were_forgotten),
    cmocka_unit_test(a_full_reset_forgets_what_the_session_had),
    cmocka_unit_test(violated_constraints_are_told_alike),
    cmocka_unit_test(wrong_statements_are_told_alike),
    cmocka_unit_test(the_place_of_an_error_is_told_in_characters),
    cmocka_unit_test(an_endless_statement_ends_at_its_deadline),
    cmocka_unit_test(a_deadline_that_has_passed_starts_nothing),
    cmocka_unit_test(an_interrupt_ends_a_statement),
    cmocka_unit_test(a_cancel_from_another_thread_ends_a_statement),
    cmocka_unit_test(a_cancel_between_two_rows_ends_the_rest),
    cmocka_unit_test(a_cancel_of_nothing_hits_no_later_statement),
    cmocka_unit_test(waiting_for_a_lock_ends_with_the_lock_timeout),
    cmocka_unit_test(a_read_only_session_reads_and_does_not_write),
    cmocka_unit_test(a_fresh_connection_looks_alive_and_answers_a_ping),
    cmocka_unit_test(closing_with_everything_open_leaks_nothing),
};
// clang-format on

#endif
