/*
 * test_connection.c - what the public calls do before and after the engine, on the fake one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "driver/driver.h"
#include "support/fake_driver.h"

static hg_conn *opened(void)
{
    const struct driver_options options = {0};
    hg_conn *conn = NULL;

    fake_reset();
    assert_true(fake_driver.open(NULL, &options, hg_deadline_in_ms(5000), &conn, NULL));
    return conn;
}

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static void a_second_result_is_refused_until_the_first_is_closed(void **state)
{
    hg_conn *conn = opened();
    hg_rows *first = NULL, *second = NULL;
    hg_error err = {0};

    (void)state;
    assert_true(hg_conn_query(conn, "SELECT 1", NULL, 0, soon(), &first, &err));
    assert_false(hg_conn_query(conn, "SELECT 2", NULL, 0, soon(), &second, &err));
    assert_int_equal(err.code, HG_MISUSE);
    assert_null(second);
    hg_rows_close(first);
    assert_true(hg_conn_query(conn, "SELECT 2", NULL, 0, soon(), &second, &err));
    hg_rows_close(second);
    fake_driver.close(conn);
    assert_string_equal(fake_statements(), "SELECT 1; SELECT 2");
}

static void a_lost_connection_runs_nothing_more(void **state)
{
    hg_conn *conn = opened();
    hg_error err = {0};

    (void)state;
    fake_kill(conn);
    assert_false(hg_conn_execute(conn, "SELECT 1", NULL, 0, soon(), NULL, &err));
    assert_int_equal(err.code, HG_LOST);
    assert_true(hg_conn_lost(conn));
    assert_false(hg_conn_execute(conn, "SELECT 2", NULL, 0, soon(), NULL, &err));
    assert_int_equal(err.code, HG_LOST);
    assert_string_equal(err.sqlstate, "08003");
    fake_driver.close(conn);
    assert_string_equal(fake_statements(), "SELECT 1");
}

static void a_transaction_inside_a_transaction_is_refused(void **state)
{
    hg_conn *conn = opened();
    hg_error err = {0};

    (void)state;
    assert_true(hg_conn_begin(conn, soon(), &err));
    assert_false(hg_conn_begin(conn, soon(), &err));
    assert_int_equal(err.code, HG_MISUSE);
    assert_string_equal(err.sqlstate, "25001");
    assert_true(hg_conn_commit(conn, soon(), &err));
    fake_driver.close(conn);
    assert_string_equal(fake_statements(), "BEGIN; COMMIT");
}

static void a_commit_without_a_transaction_is_an_error_and_a_rollback_is_not(void **state)
{
    hg_conn *conn = opened();
    hg_error err = {0};

    (void)state;
    assert_true(hg_conn_rollback(conn, soon(), &err));
    assert_false(hg_conn_commit(conn, soon(), &err));
    assert_string_equal(err.sqlstate, "25P01");
    fake_driver.close(conn);
    assert_string_equal(fake_statements(), "");
}

static void a_commit_that_fails_leaves_no_transaction_behind(void **state)
{
    hg_conn *conn = opened();
    hg_error err = {0};

    (void)state;
    assert_true(hg_conn_begin(conn, soon(), &err));
    fake_fail(FAKE_QUERY, 1, HG_CONSTRAINT);
    assert_false(hg_conn_commit(conn, soon(), &err));
    assert_int_equal(err.code, HG_CONSTRAINT);
    assert_false(hg_conn_in_transaction(conn));
    fake_driver.close(conn);
    assert_string_equal(fake_statements(), "BEGIN; COMMIT; ROLLBACK");
}

static void closing_a_connection_ends_what_its_user_forgot(void **state)
{
    hg_conn *conn = opened();
    hg_statement *statement = NULL, *other = NULL;
    hg_rows *rows = NULL;

    (void)state;
    assert_true(hg_conn_prepare(conn, "SELECT 1", soon(), &statement, NULL));
    assert_true(hg_conn_prepare(conn, "SELECT 2", soon(), &other, NULL));
    hg_statement_close(statement);
    assert_true(hg_statement_query(other, NULL, 0, soon(), &rows, NULL));
    fake_driver.close(conn); /* the leak checker has the last word */
    assert_int_equal(fake_open_now(), 0);
}

static void keep_line(void *context, enum log_level level, const char *line)
{
    (void)level;
    snprintf(context, 512, "%s", line);
}

static void the_log_shows_statements_and_no_values(void **state)
{
    const hg_value value = hg_text("tr0ub4dor");
    hg_conn *conn = opened();
    char line[512] = "";

    (void)state;
    log_to(keep_line, line, LOG_DEBUG);
    assert_true(hg_conn_execute(conn, "SELECT $1 AS it", &value, 1, soon(), NULL, NULL));
    log_to(NULL, NULL, LOG_INFO);
    fake_driver.close(conn);
    assert_non_null(strstr(line, "SELECT $1 AS it"));
    assert_null(strstr(line, "tr0ub4dor"));
}

static void an_identifier_is_quoted_and_measured_like_snprintf_does(void **state)
{
    char out[8] = "";

    (void)state;
    assert_int_equal(hg_quote_identifier("a\"b", out, sizeof out), 6);
    assert_string_equal(out, "\"a\"\"b\"");
    assert_int_equal(hg_quote_identifier("accounts", out, sizeof out), 10);
    assert_string_equal(out, "\"accoun");
    assert_int_equal(hg_quote_identifier("", NULL, 0), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_result_is_refused_until_the_first_is_closed),
        cmocka_unit_test(a_lost_connection_runs_nothing_more),
        cmocka_unit_test(a_transaction_inside_a_transaction_is_refused),
        cmocka_unit_test(a_commit_without_a_transaction_is_an_error_and_a_rollback_is_not),
        cmocka_unit_test(a_commit_that_fails_leaves_no_transaction_behind),
        cmocka_unit_test(closing_a_connection_ends_what_its_user_forgot),
        cmocka_unit_test(the_log_shows_statements_and_no_values),
        cmocka_unit_test(an_identifier_is_quoted_and_measured_like_snprintf_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
