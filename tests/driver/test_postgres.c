/*
 * test_postgres.c - what is PostgreSQL's own: its types, its locks, COPY, notices, servers that
 * restart, freeze or throw us out, poolers and forks.
 */
#include "drive.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "support/pooler.h"
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

struct update {
    hg_conn *conn;
    const char *sql;
    hg_error err;
    bool ok;
};

static void *update_on_thread(void *context)
{
    struct update *update = context;

    update->ok = hg_conn_execute(update->conn, update->sql, NULL, 0, soon(), NULL, &update->err);
    return NULL;
}

static void a_deadlock_ends_one_of_the_two(void **state)
{
    struct update there = {.conn = connect_to(*state), .sql = "UPDATE pair SET v = 2 WHERE i = 1"};
    struct update here = {.conn = connect_to(*state), .sql = "UPDATE pair SET v = 2 WHERE i = 2"};
    pthread_t thread;

    run(here.conn, "CREATE TABLE pair (i integer PRIMARY KEY, v integer)");
    run(here.conn, "INSERT INTO pair VALUES (1, 0), (2, 0)");
    run(here.conn, "BEGIN");
    run(there.conn, "BEGIN");
    run(here.conn, "UPDATE pair SET v = 1 WHERE i = 1");
    run(there.conn, "UPDATE pair SET v = 1 WHERE i = 2");
    assert_int_equal(pthread_create(&thread, NULL, update_on_thread, &there), 0);
    (void)update_on_thread(&here);
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

/* --- statements that come often --- */

static hg_url *url_with(const char *parameter)
{
    char *text = postgres_url_text(database), with[1024];
    hg_url *url = NULL;

    snprintf(with, sizeof with, "%s%c%s", text, strchr(text, '?') == NULL ? '?' : '&', parameter);
    assert_true(hg_url_parse(with, &url, NULL));
    free(text);
    return url;
}

static void run_often(hg_conn *conn, const char *sql, int times)
{
    for (int i = 0; i < times; i++)
        run(conn, sql);
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

/* --- bad days --- */

/* Waits for what the server says last, without a statement. */
static void wait_for_last_words(const hg_conn *conn)
{
    struct pollfd end = {.fd = conn->driver->descriptor(conn), .events = POLLIN};

    assert_int_equal(poll(&end, 1, 20000), 1);
}

static void a_notification_does_not_make_a_connection_look_dead(void **state)
{
    hg_conn *conn = connect_to(*state), *other = connect_to(*state);

    run(conn, "LISTEN something");
    run(other, "NOTIFY something");
    wait_for_last_words(conn);
    assert_true(conn->driver->alive(conn));
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(other);
    disconnect(conn);
}

static void a_terminated_connection_is_noticed_without_a_round_trip(void **state)
{
    hg_conn *conn = connect_to(*state), *other = connect_to(*state);
    char sql[64];

    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%lld)",
             (long long)hg_conn_backend_pid(conn));
    run(other, sql);
    wait_for_last_words(conn);
    while (conn->driver->alive(conn)) /* the end of the stream comes behind the last words */
        wait_for_last_words(conn);
    disconnect(other);
    disconnect(conn);
}

static void a_statement_on_a_terminated_connection_says_why(void **state)
{
    hg_conn *conn = connect_to(*state), *other = connect_to(*state);
    hg_error err;
    char sql[64];

    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%lld, 20000)",
             (long long)hg_conn_backend_pid(conn));
    run(other, sql);
    err = refused(conn, "SELECT 1");
    assert_int_equal(err.code, HG_LOST);
    assert_string_equal(err.sqlstate, "57P01");
    assert_true(hg_conn_lost(conn));
    disconnect(other);
    disconnect(conn);
}

static void a_restarted_server_leaves_only_lost_connections(void **state)
{
    hg_conn *idle = connect_to(*state), *busy = connect_to(*state);

    assert_true(hg_conn_begin(busy, soon(), NULL));
    postgres_restart(POSTGRES_IMMEDIATE);
    assert_false(idle->driver->alive(idle));
    assert_int_equal(refused(busy, "SELECT 1").code, HG_LOST);
    assert_false(hg_conn_in_transaction(busy));
    assert_int_equal(refused(idle, "SELECT 1").code, HG_LOST);
    disconnect(busy);
    disconnect(idle);
    disconnect(connect_to(*state));
}

static void a_server_that_dies_under_a_statement_is_a_lost_connection(void **state)
{
    struct update endless = {.conn = connect_to(*state), .sql = ENDLESS};
    hg_conn *other = connect_to(*state);
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, update_on_thread, &endless), 0);
    while (ask(other, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'WITH RECURSIVE%' "
                      "AND state = 'active' AND pid <> pg_backend_pid()")
           == 0)
        continue;
    postgres_restart(POSTGRES_IMMEDIATE);
    pthread_join(thread, NULL);
    assert_false(endless.ok);
    assert_int_equal(endless.err.code, HG_LOST);
    disconnect(other);
    disconnect(endless.conn);
}

static void a_frozen_server_costs_a_call_its_deadline_and_the_connection(void **state)
{
    static const char *const hosts[] = {NULL, "127.0.0.1"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct engine there = {.driver = &driver_postgres,
                               .url = postgres_url_as(hosts[i], NULL, NULL, database)};
        hg_conn *asking = connect_to(&there), *pinging = connect_to(&there);
        hg_error err = {0}, ping_err = {0};
        int64_t begun = clock_now_ns(), closing;
        double took_ms, close_ms;

        postgres_freeze();
        (void)hg_conn_execute(asking, "SELECT 1", NULL, 0, hg_deadline_in_ms(200), NULL, &err);
        took_ms = clock_since_ms(begun);
        (void)pinging->driver->ping(pinging, hg_deadline_in_ms(200), &ping_err);
        closing = clock_now_ns();
        assert_true(hg_conn_lost(asking) && hg_conn_lost(pinging));
        disconnect(asking);
        disconnect(pinging);
        close_ms = clock_since_ms(closing);
        postgres_thaw();
        hg_url_free(there.url);
        assert_int_equal(err.code, HG_TIMEOUT);
        assert_int_equal(ping_err.code, HG_TIMEOUT);
        assert_in_range((int64_t)took_ms, 200, 2500);
        assert_in_range((int64_t)close_ms, 0, 500);
    }
}

static void closing_never_waits_for_a_frozen_server(void **state)
{
    hg_conn *conn = connect_to(*state);
    hg_rows *rows = NULL;
    int64_t begun;
    double took_ms;

    assert_true(hg_conn_query(conn, MILLION, NULL, 0, soon(), &rows, NULL));
    postgres_freeze();
    begun = clock_now_ns();
    disconnect(conn); /* with rows still open */
    took_ms = clock_since_ms(begun);
    postgres_thaw();
    assert_in_range((int64_t)took_ms, 0, 500);
}

static void a_cancel_never_waits_for_a_frozen_server(void **state)
{
    hg_conn *conn = connect_to(*state);
    int64_t begun;
    double took_ms;

    postgres_freeze();
    begun = clock_now_ns();
    hg_conn_cancel(conn);
    took_ms = clock_since_ms(begun);
    postgres_thaw();
    assert_in_range((int64_t)took_ms, 0, 500);
    disconnect(conn);
}

static void given_up_by_a_child(const struct engine *there)
{
    hg_conn *conn = connect_to(there);
    int status = -1;
    pid_t child;

    run_often(conn, "SELECT 1", 5);
    assert_true(hg_conn_begin(conn, soon(), NULL));
    child = fork();
    if (child == 0) {
        conn->driver->abandon(conn);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(hg_conn_in_transaction(conn));
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    disconnect(conn);
}

static void a_childs_copy_is_given_up_without_a_word_to_the_server(void **state)
{
    struct engine encrypted = {.driver = &driver_postgres,
                               .url = postgres_url_as("127.0.0.1", NULL, NULL, database)};

    given_up_by_a_child(*state);
    given_up_by_a_child(&encrypted);
    hg_url_free(encrypted.url);
}

static void an_encrypted_statement_ends_at_its_deadline_too(void **state)
{
    struct engine encrypted = {.driver = &driver_postgres,
                               .url = postgres_url_as("127.0.0.1", NULL, NULL, database)};
    hg_conn *conn = connect_to(&encrypted);
    hg_error err = {0};

    (void)state;
    assert_int_equal(
        ask(conn, "SELECT count(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"), 1);
    assert_false(hg_conn_execute(conn, ENDLESS, NULL, 0, hg_deadline_in_ms(100), NULL, &err));
    assert_int_equal(err.code, HG_TIMEOUT);
    assert_int_equal(ask(conn, "SELECT 7"), 7);
    assert_true(conn->driver->alive(conn));
    disconnect(conn);
    hg_url_free(encrypted.url);
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
        cmocka_unit_test(a_statement_gets_a_name_when_it_comes_the_third_time),
        cmocka_unit_test(the_server_keeps_a_limited_number_of_names),
        cmocka_unit_test(without_names_nothing_is_prepared),
        cmocka_unit_test(statements_that_others_have_closed_are_sent_again),
        cmocka_unit_test(a_statement_that_was_outdated_in_a_transaction_says_to_run_it_again),
        cmocka_unit_test(an_error_of_the_statement_itself_is_not_taken_for_an_outdated_one),
        cmocka_unit_test(a_kept_statement_that_is_cancelled_serves_again),
        cmocka_unit_test(a_notification_does_not_make_a_connection_look_dead),
        cmocka_unit_test(a_terminated_connection_is_noticed_without_a_round_trip),
        cmocka_unit_test(a_statement_on_a_terminated_connection_says_why),
        cmocka_unit_test(a_restarted_server_leaves_only_lost_connections),
        cmocka_unit_test(a_server_that_dies_under_a_statement_is_a_lost_connection),
        cmocka_unit_test(a_frozen_server_costs_a_call_its_deadline_and_the_connection),
        cmocka_unit_test(closing_never_waits_for_a_frozen_server),
        cmocka_unit_test(a_cancel_never_waits_for_a_frozen_server),
        cmocka_unit_test(a_childs_copy_is_given_up_without_a_word_to_the_server),
        cmocka_unit_test(an_encrypted_statement_ends_at_its_deadline_too),
        cmocka_unit_test(through_a_pooler_the_session_is_left_alone),
        cmocka_unit_test(through_a_pooler_a_read_only_session_is_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
