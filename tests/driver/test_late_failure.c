/*
 * test_late_failure.c - a statement of its own transaction that fails when it is committed, behind
 * the server's word that it is complete, has failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "support/callers.h"
#include "support/postgres.h"

static char *database;
static hg_pool *pool;

static int begin(void **state)
{
    hg_pool_options options = pool_of(1, 0);
    hg_url *url;

    (void)state;
    database = postgres_database();
    postgres_run(database, "CREATE TABLE users (id int PRIMARY KEY)");
    postgres_run(database, "CREATE TABLE orders (user_id int REFERENCES users (id) DEFERRABLE "
                           "INITIALLY DEFERRED)");
    url = postgres_url(database);
    assert_true(hg_pool_open(url, &options, &pool, NULL));
    hg_url_free(url);
    return 0;
}

static int end(void **state)
{
    (void)state;
    hg_pool_close(pool, hg_deadline_in_ms(1000));
    free(database);
    return 0;
}

static void what_fails_at_the_commit_of_a_statement_has_failed(void **state)
{
    static const char *const statements[] = {
        "INSERT INTO orders VALUES (1)",
        "INSERT INTO orders VALUES ($1)",
    };
    const hg_value one[] = {hg_integer(1)};
    hg_deadline by = hg_deadline_in_ms(30000);
    hg_conn *conn = NULL;
    char *rows;

    (void)state;
    assert_true(hg_pool_checkout(pool, "test", by, &conn, NULL));
    for (size_t i = 0; i < 8; i++) { /* often enough to be kept prepared */
        hg_error err = {0};

        assert_false(hg_conn_execute(conn, statements[i % 2], one, i % 2, by, NULL, &err));
        assert_int_equal(err.code, HG_CONSTRAINT);
        assert_string_equal(err.sqlstate, "23503");
    }
    assert_true(hg_conn_execute(conn, "INSERT INTO users VALUES (1)", NULL, 0, by, NULL, NULL));
    assert_true(hg_conn_execute(conn, statements[1], one, 1, by, NULL, NULL));
    hg_pool_return(pool, conn);
    rows = postgres_ask(database, "SELECT count(*) FROM orders");
    assert_string_equal(rows, "1");
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_fails_at_the_commit_of_a_statement_has_failed, begin,
                                        end),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
