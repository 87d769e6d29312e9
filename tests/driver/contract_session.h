/*
 * contract_session.h - what every engine promises of a session: transactions, errors, being
 * stopped, locks, its end.
 */
#ifndef DRIVER_CONTRACT_SESSION_H
#define DRIVER_CONTRACT_SESSION_H

#include "drive.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "base/clock.h"

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
    assert_in_range((int64_t)clock_since_ms(begun), 200, PROMPT_MS);
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
    assert_in_range((int64_t)clock_since_ms(begun), 0, PROMPT_MS);
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
    assert_in_range((int64_t)clock_since_ms(begun), 140, PROMPT_MS);
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

#endif
