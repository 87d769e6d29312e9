/*
 * test_bulk.c - COPY in both directions, scripts, and cells: what moving much data stands on.
 */
#include "drive.h"

#include <stdlib.h>
#include <string.h>

#include "driver/bulk.h"
#include "support/postgres.h"
#include "support/temp.h"

static struct engine engine = {.driver = &driver_postgres};
static hg_conn *conn;

static int setup(void **state)
{
    char *database;

    (void)state;
    postgres_start();
    database = postgres_database();
    engine.url = postgres_url(database);
    free(database);
    conn = connect_to(&engine);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    disconnect(conn);
    hg_url_free(engine.url);
    return 0;
}

static void begin_copy(const char *sql)
{
    hg_error err = {0};

    if (!bulk_copy_in(conn, sql, soon(), &err))
        fail_msg("%s: %s", sql, err.message);
}

static void a_script_runs_in_one_round_trip_and_whole_or_not_at_all(void **state)
{
    hg_error err = {0};

    (void)state;
    assert_true(bulk_script(conn, "CREATE TABLE s (n int); INSERT INTO s VALUES (1); SELECT 1",
                            soon(), &err));
    assert_int_equal(ask(conn, "SELECT count(*) FROM s"), 1);
    assert_false(bulk_script(conn, "INSERT INTO s VALUES (2); INSERT INTO nowhere VALUES (1)",
                             soon(), &err));
    assert_string_equal(err.sqlstate, "42P01");
    assert_int_equal(ask(conn, "SELECT count(*) FROM s"), 1);
}

static void a_script_says_how_far_it_came_and_where_it_failed(void **state)
{
    static const char sql[] =
        "CREATE TABLE c (n int); INSERT INTO c VALUES (1); SELECT oops; SELECT 1";
    hg_error err = {0};
    size_t done = 99;

    (void)state;
    assert_false(bulk_script_counted(conn, sql, soon(), &done, &err));
    assert_int_equal(done, 2);
    assert_int_equal(err.column, (int)(strstr(sql, "oops") - sql) + 1);
    assert_true(bulk_script_counted(conn, "SELECT 1; SELECT 2;", soon(), &done, NULL));
    assert_int_equal(done, 2);
}

static void rows_that_are_sent_arrive_and_are_counted(void **state)
{
    static const char line[] = "7\tseven\n";
    hg_error err = {0};
    int64_t rows = 0;

    (void)state;
    run(conn, "CREATE TABLE numbers (n int, name text)");
    begin_copy("COPY numbers FROM STDIN");
    for (int i = 0; i < 100000; i++)
        assert_true(bulk_send(conn, line, strlen(line), soon(), &err));
    assert_true(bulk_copy_end(conn, NULL, soon(), &rows, &err));
    assert_int_equal(rows, 100000);
    assert_int_equal(ask(conn, "SELECT sum(n) FROM numbers"), 700000);
}

static void what_the_server_refuses_is_told_at_the_end(void **state)
{
    hg_error err = {0};

    (void)state;
    run(conn, "CREATE TABLE strict (n int)");
    begin_copy("COPY strict FROM STDIN");
    assert_true(bulk_send(conn, "seven\n", 6, soon(), &err));
    assert_false(bulk_copy_end(conn, NULL, soon(), NULL, &err));
    assert_string_equal(err.sqlstate, "22P02");
    assert_int_equal(ask(conn, "SELECT count(*) FROM strict"), 0);
}

static void a_copy_that_is_given_up_leaves_nothing(void **state)
{
    hg_error err = {0};

    (void)state;
    run(conn, "CREATE TABLE given_up (n int)");
    begin_copy("COPY given_up FROM STDIN");
    assert_true(bulk_send(conn, "1\n", 2, soon(), &err));
    assert_true(bulk_copy_end(conn, "changed my mind", soon(), NULL, &err));
    assert_int_equal(ask(conn, "SELECT count(*) FROM given_up"), 0);
}

static void a_copy_that_cannot_begin_leaves_the_connection_usable(void **state)
{
    hg_error err = {0};

    (void)state;
    assert_false(bulk_copy_in(conn, "COPY nowhere FROM STDIN", soon(), &err));
    assert_string_equal(err.sqlstate, "42P01");
    assert_false(bulk_copy_in(conn, "SELECT 1", soon(), &err));
    assert_int_equal(err.code, HG_MISUSE);
    assert_int_equal(ask(conn, "SELECT 1"), 1);
}

static void rows_come_out_one_message_each(void **state)
{
    const char *bytes = NULL;
    size_t size = 0, rows = 0;
    hg_error err = {0};
    hg_step step;

    (void)state;
    assert_true(
        bulk_copy_out(conn, "COPY (SELECT generate_series(1, 50000)) TO STDOUT", soon(), &err));
    while ((step = bulk_receive(conn, &bytes, &size, soon(), &err)) == HG_ROW)
        rows++;
    assert_int_equal(step, HG_END);
    assert_int_equal(rows, 50000);
    assert_int_equal(ask(conn, "SELECT 1"), 1);
}

static void a_copy_out_can_be_stopped_in_the_middle(void **state)
{
    const char *bytes = NULL;
    size_t size = 0;
    hg_error err = {0};

    (void)state;
    assert_true(bulk_copy_out(
        conn, "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 10000000)) TO STDOUT", soon(),
        &err));
    assert_int_equal(bulk_receive(conn, &bytes, &size, soon(), &err), HG_ROW);
    assert_int_equal(size, 1001);
    bulk_copy_out_stop(conn);
    assert_int_equal(ask(conn, "SELECT 1"), 1);
}

static bool at_once(void *context)
{
    (void)context;
    return true;
}

static void an_interrupt_ends_a_copy_and_not_the_connection(void **state)
{
    static char block[65536];
    hg_error err = {0};
    bool ok = true;

    (void)state;
    memset(block, 'x', sizeof block);
    run(conn, "CREATE TABLE slow (t text)");
    begin_copy("COPY slow FROM STDIN");
    hg_conn_set_interrupt(conn, at_once, NULL);
    for (int i = 0; ok && i < 100000; i++)
        ok = bulk_send(conn, block, sizeof block, soon(), &err);
    hg_conn_set_interrupt(conn, NULL, NULL);
    assert_false(ok);
    assert_int_equal(err.code, HG_CANCELLED);
    assert_true(bulk_copy_end(conn, "interrupted", soon(), NULL, &err));
    assert_int_equal(ask(conn, "SELECT count(*) FROM slow"), 0);
}

static void cells_show_what_is_stored_not_what_was_declared(void **state)
{
    struct engine sqlite = {.driver = &driver_sqlite};
    struct cell cells[5];
    hg_rows *rows = NULL;
    hg_error err = {0};
    hg_conn *file;

    (void)state;
    assert_true(hg_url_parse("sqlite://", &sqlite.url, NULL));
    file = connect_to(&sqlite);
    run(file, "CREATE TABLE t (a BOOLEAN, b INTEGER, c TEXT, d BLOB, e)");
    run(file, "INSERT INTO t VALUES (1, 'x', CAST(x'410042' AS TEXT), x'', 1.5)");
    assert_true(hg_conn_query(file, "SELECT * FROM t", NULL, 0, soon(), &rows, &err));
    assert_int_equal(bulk_cells(rows, cells, soon(), &err), HG_ROW);
    assert_int_equal(cells[0].class, CELL_INTEGER);
    assert_int_equal(cells[0].as.integer, 1);
    assert_int_equal(cells[1].class, CELL_TEXT);
    assert_int_equal(cells[2].size, 3);
    assert_memory_equal(cells[2].as.bytes, "A\0B", 3);
    assert_int_equal(cells[3].class, CELL_BLOB);
    assert_int_equal(cells[3].size, 0);
    assert_true(cells[4].class == CELL_REAL && cells[4].as.real == 1.5);
    assert_int_equal(bulk_cells(rows, cells, soon(), &err), HG_END);
    hg_rows_close(rows);
    disconnect(file);
    hg_url_free(sqlite.url);
}

static void a_value_is_read_in_pieces_whatever_the_limit(void **state)
{
    struct engine sqlite = {.driver = &driver_sqlite};
    struct bulk_value *value = NULL;
    hg_error err = {0};
    hg_conn *file;
    char piece[4];

    (void)state;
    assert_true(hg_url_parse("sqlite://", &sqlite.url, NULL));
    file = connect_to(&sqlite);
    run(file, "CREATE TABLE t (a TEXT, n INTEGER)");
    run(file, "INSERT INTO t (rowid, a, n) VALUES (7, hex(zeroblob(5000)) || 'abcd', 1)");
    assert_true(bulk_limit_values(file, 1000) > 1000);
    assert_true(bulk_value_open(file, "t", "a", 7, true, &value, &err));
    assert_int_equal(bulk_value_size(value), 10004);
    assert_true(bulk_value_is_text(value));
    assert_true(bulk_value_read(value, 10000, sizeof piece, piece, &err));
    assert_memory_equal(piece, "abcd", sizeof piece);
    assert_false(bulk_value_read(value, 10001, sizeof piece, piece, &err));
    bulk_value_close(value);
    assert_false(bulk_value_open(file, "t", "n", 7, false, &value, &err));
    assert_false(bulk_value_open(file, "t", "a", 8, true, &value, &err));
    assert_int_equal(bulk_limit_values(file, 0), 1000);
    disconnect(file);
    hg_url_free(sqlite.url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_runs_in_one_round_trip_and_whole_or_not_at_all),
        cmocka_unit_test(a_script_says_how_far_it_came_and_where_it_failed),
        cmocka_unit_test(rows_that_are_sent_arrive_and_are_counted),
        cmocka_unit_test(what_the_server_refuses_is_told_at_the_end),
        cmocka_unit_test(a_copy_that_is_given_up_leaves_nothing),
        cmocka_unit_test(a_copy_that_cannot_begin_leaves_the_connection_usable),
        cmocka_unit_test(rows_come_out_one_message_each),
        cmocka_unit_test(a_copy_out_can_be_stopped_in_the_middle),
        cmocka_unit_test(an_interrupt_ends_a_copy_and_not_the_connection),
        cmocka_unit_test(cells_show_what_is_stored_not_what_was_declared),
        cmocka_unit_test(a_value_is_read_in_pieces_whatever_the_limit),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
