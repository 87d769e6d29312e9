/*
 * test_sqlite.c - what is SQLite's own of statements, and locks between connections.
 */
#include "sqlite_place.h"

#include <math.h>
#include <stdio.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "driver/sqlite.h"

/* --- statements that come often --- */

static sqlite3 *handle_of(const hg_conn *conn)
{
    return ((const struct sqlite_conn *)conn)->db;
}

static size_t kept_statements(const hg_conn *conn)
{
    sqlite3_stmt *stmt = NULL;
    size_t count = 0;

    while ((stmt = sqlite3_next_stmt(handle_of(conn), stmt)) != NULL)
        count++;
    return count;
}

static void a_statement_is_kept_when_it_comes_the_third_time(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);

    run_often(conn, "SELECT 1", 2);
    assert_int_equal(kept_statements(conn), 0);
    run_often(conn, "SELECT 1", 5);
    assert_int_equal(kept_statements(conn), 1);
    assert_int_equal(
        sqlite3_stmt_status(sqlite3_next_stmt(handle_of(conn), NULL), SQLITE_STMTSTATUS_RUN, 0), 5);
    disconnect(conn);
}

static void a_limited_number_of_statements_is_kept(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    char sql[32];

    for (int i = 0; i < 300; i++) {
        snprintf(sql, sizeof sql, "SELECT %d", i);
        run_often(conn, sql, 3);
    }
    assert_in_range(kept_statements(conn), 32, 64);
    disconnect(conn);
}

static void a_kept_statement_holds_neither_a_lock_nor_a_value(void **state)
{
    const hg_value secret = hg_text("tr0ub4dor");
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine), *other = connect_to(&place->engine);
    char *sql;

    run(conn, "CREATE TABLE t (a TEXT)");
    for (int i = 0; i < 5; i++)
        assert_true(
            hg_conn_execute(conn, "SELECT * FROM t WHERE a = $1", &secret, 1, soon(), NULL, NULL));
    assert_int_equal(kept_statements(conn), 1);
    sql = sqlite3_expanded_sql(sqlite3_next_stmt(handle_of(conn), NULL));
    assert_string_equal(sql, "SELECT * FROM t WHERE a = NULL");
    sqlite3_free(sql);
    run(other, "DROP TABLE t");
    assert_int_equal(ask(other, "PRAGMA wal_checkpoint(TRUNCATE)"), 0); /* no reader in the way */
    disconnect(other);
    disconnect(conn);
}

static void a_pragma_does_its_work_each_time(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);

    for (int i = 0; i < 5; i++) {
        run(conn, "PRAGMA foreign_keys = OFF");
        assert_int_equal(ask(conn, "PRAGMA foreign_keys"), 0);
        run(conn, "PRAGMA foreign_keys = ON");
        assert_int_equal(ask(conn, "PRAGMA foreign_keys"), 1);
    }
    disconnect(conn);
}

static void after_a_full_reset_no_statement_is_left(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    bool was_open;

    run_often(conn, "SELECT 1", 5);
    assert_true(conn->driver->reset(conn, HG_RESET_ROLLBACK, soon(), &was_open, NULL));
    assert_int_equal(kept_statements(conn), 1);
    assert_true(conn->driver->reset(conn, HG_RESET_FULL, soon(), &was_open, NULL));
    assert_int_equal(kept_statements(conn), 0);
    disconnect(conn);
}

/* --- locks --- */

static void a_write_lock_is_waited_for_until_the_deadline(void **state)
{
    const struct place *place = *state;
    hg_conn *holder = connect_to(&place->engine), *waiter = connect_to(&place->engine);
    int64_t begun;
    hg_error err = {0};

    run(holder, "CREATE TABLE t (i INTEGER)");
    run(holder, "BEGIN IMMEDIATE");
    begun = clock_now_ns();
    assert_false(hg_conn_execute(waiter, "INSERT INTO t VALUES (1)", NULL, 0,
                                 hg_deadline_in_ms(200), NULL, &err));
    assert_in_range((int64_t)clock_since_ms(begun), 190, PROMPT_MS);
    assert_int_equal(err.code, HG_LOCKED);
    assert_string_equal(err.sqlstate, "55P03");
    assert_int_not_equal(err.hint[0], '\0');
    run(holder, "COMMIT");
    run(waiter, "INSERT INTO t VALUES (1)");
    disconnect(waiter);
    disconnect(holder);
}

static bool at_once(void *context)
{
    (void)context;
    return true;
}

static void waiting_for_a_lock_can_be_interrupted(void **state)
{
    const struct place *place = *state;
    hg_conn *holder = connect_to(&place->engine), *waiter = connect_to(&place->engine);
    int64_t begun;

    run(holder, "CREATE TABLE t (i INTEGER)");
    run(holder, "BEGIN IMMEDIATE");
    hg_conn_set_interrupt(waiter, at_once, NULL);
    begun = clock_now_ns();
    assert_int_equal(refused(waiter, "INSERT INTO t VALUES (1)").code, HG_CANCELLED);
    assert_in_range((int64_t)clock_since_ms(begun), 0, PROMPT_MS);
    disconnect(waiter);
    disconnect(holder);
}

static void a_read_that_has_grown_old_cannot_write(void **state)
{
    const struct place *place = *state;
    hg_conn *one = connect_to(&place->engine), *other = connect_to(&place->engine);
    hg_error err;

    run(one, "CREATE TABLE t (i INTEGER)");
    assert_true(hg_conn_begin(one, soon(), NULL));
    assert_int_equal(ask(one, "SELECT count(*) FROM t"), 0);
    run(other, "INSERT INTO t VALUES (1)");
    err = refused(one, "INSERT INTO t VALUES (2)");
    assert_int_equal(err.code, HG_SERIALIZATION);
    assert_string_equal(err.sqlstate, "40001");
    assert_true(hg_conn_rollback(one, soon(), NULL));
    run(one, "INSERT INTO t VALUES (2)");
    disconnect(other);
    disconnect(one);
}

static void a_locked_database_can_be_opened(void **state)
{
    const struct place *place = *state;
    const struct driver_options looks = {0};
    hg_conn *holder = connect_to(&place->engine), *conn;

    run(holder, "PRAGMA journal_mode = DELETE");
    run(holder, "CREATE TABLE t (i INTEGER)");
    run(holder, "BEGIN EXCLUSIVE");
    conn = connect_with(&place->engine, &looks);
    run(holder, "COMMIT");
    assert_int_equal(ask(conn, "SELECT count(*) FROM t"), 0);
    disconnect(conn);
    disconnect(holder);
}

/* --- statements --- */

static void foreign_keys_are_on_again_after_each_return(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    bool was_open = false;

    run(conn, "PRAGMA foreign_keys = OFF");
    assert_int_equal(ask(conn, "PRAGMA foreign_keys"), 0);
    assert_true(conn->driver->reset(conn, HG_RESET_ROLLBACK, soon(), &was_open, NULL));
    assert_int_equal(ask(conn, "PRAGMA foreign_keys"), 1);
    disconnect(conn);
}

static void a_boolean_is_what_was_declared_as_one(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    hg_rows *rows = NULL;

    run(conn, "CREATE TABLE t (a BOOLEAN, b bool, c INTEGER, d BOOLEAN, e BOOLEAN)");
    run(conn, "INSERT INTO t VALUES (1, 0, 1, 7, 'yes')");
    assert_true(hg_conn_query(conn, "SELECT * FROM t", NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_int_equal(hg_rows_value(rows, 0).type, HG_BOOLEAN);
    assert_int_equal(hg_rows_value(rows, 1).type, HG_BOOLEAN);
    assert_int_equal(hg_rows_value(rows, 2).type, HG_INTEGER);
    assert_int_equal(hg_rows_value(rows, 3).type, HG_INTEGER); /* 7 is neither */
    assert_int_equal(hg_rows_value(rows, 4).type, HG_TEXT);
    hg_rows_close(rows);
    disconnect(conn);
}

static void a_number_that_is_none_is_not_made_a_null(void **state)
{
    const struct place *place = *state;
    const hg_value value = hg_real(NAN);
    hg_conn *conn = connect_to(&place->engine);
    hg_error err = {0};

    assert_false(hg_conn_execute(conn, "SELECT $1", &value, 1, soon(), NULL, &err));
    assert_string_equal(err.sqlstate, "22003");
    disconnect(conn);
}

static void only_numbered_placeholders_are_taken(void **state)
{
    const hg_value value = hg_integer(1);
    const struct place *place = *state;
    static const char *const statements[] = {"SELECT ?", "SELECT $name", "SELECT :1", "SELECT $01",
                                             "SELECT $0"};
    hg_conn *conn = connect_to(&place->engine);

    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        hg_error err = {0};

        assert_false(hg_conn_execute(conn, statements[i], &value, 1, soon(), NULL, &err));
        assert_string_equal(err.sqlstate, "42P02");
    }
    disconnect(conn);
}

static void a_statement_that_was_stopped_in_a_transaction_says_so_at_commit(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    hg_error err = {0};

    run(conn, "CREATE TABLE t (i INTEGER)");
    assert_true(hg_conn_begin(conn, soon(), NULL));
    run(conn, "INSERT INTO t VALUES (1)");
    assert_false(hg_conn_execute(conn,
                                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                                 "INSERT INTO t SELECT i FROM n",
                                 NULL, 0, hg_deadline_in_ms(100), NULL, &err));
    assert_int_equal(err.code, HG_TIMEOUT);
    assert_false(hg_conn_commit(conn, soon(), &err)); /* SQLite has rolled all of it back */
    assert_string_equal(err.sqlstate, "25P01");
    assert_int_equal(ask(conn, "SELECT count(*) FROM t"), 0);
    disconnect(conn);
}

static void a_full_disk_is_told_as_such(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    hg_error err;

    run(conn, "CREATE TABLE t (b BLOB)");
    run(conn, "PRAGMA max_page_count = 10"); /* SQLite's own bound fails as a full disk does */
    err = refused(conn, "INSERT INTO t VALUES (zeroblob(1000000))");
    assert_int_equal(err.code, HG_DISK_FULL);
    assert_string_equal(err.sqlstate, "53100");
    disconnect(conn);
}

static void a_trigger_speaks_for_itself(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    hg_error err;

    run(conn, "CREATE TABLE t (i INTEGER)");
    run(conn, "CREATE TRIGGER g BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'keep it'); END");
    run(conn, "INSERT INTO t VALUES (1)");
    err = refused(conn, "DELETE FROM t");
    assert_string_equal(err.sqlstate, "P0001");
    assert_string_equal(err.message, "keep it");
    disconnect(conn);
}

static void a_childs_copy_is_given_up_and_the_parents_works_on(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    int status = -1;
    pid_t child;

    run(conn, "CREATE TABLE t (i INTEGER)");
    assert_true(hg_conn_begin(conn, soon(), NULL));
    run(conn, "INSERT INTO t VALUES (1)");
    run_often(conn, "SELECT 1", 5);
    child = fork();
    if (child == 0) {
        conn->driver->abandon(conn);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(hg_conn_commit(conn, soon(), NULL));
    assert_int_equal(ask(conn, "SELECT count(*) FROM t"), 1);
    disconnect(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SQLITE_TEST(a_statement_is_kept_when_it_comes_the_third_time),
        SQLITE_TEST(a_limited_number_of_statements_is_kept),
        SQLITE_TEST(a_kept_statement_holds_neither_a_lock_nor_a_value),
        SQLITE_TEST(a_pragma_does_its_work_each_time),
        SQLITE_TEST(after_a_full_reset_no_statement_is_left),
        SQLITE_TEST(a_write_lock_is_waited_for_until_the_deadline),
        SQLITE_TEST(waiting_for_a_lock_can_be_interrupted),
        SQLITE_TEST(a_read_that_has_grown_old_cannot_write),
        SQLITE_TEST(a_locked_database_can_be_opened),
        SQLITE_TEST(foreign_keys_are_on_again_after_each_return),
        SQLITE_TEST(a_boolean_is_what_was_declared_as_one),
        SQLITE_TEST(a_number_that_is_none_is_not_made_a_null),
        SQLITE_TEST(only_numbered_placeholders_are_taken),
        SQLITE_TEST(a_statement_that_was_stopped_in_a_transaction_says_so_at_commit),
        SQLITE_TEST(a_full_disk_is_told_as_such),
        SQLITE_TEST(a_trigger_speaks_for_itself),
        SQLITE_TEST(a_childs_copy_is_given_up_and_the_parents_works_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
