/*
 * contract_values.h - what every engine promises of values: they come back as they were sent, and
 * each finds its placeholder.
 */
#ifndef DRIVER_CONTRACT_VALUES_H
#define DRIVER_CONTRACT_VALUES_H

#include "drive.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

#endif
