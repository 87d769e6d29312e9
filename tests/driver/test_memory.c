/*
 * test_memory.c - memory runs out at every single allocation of ours: an error each time, no crash,
 * and no leak (the leak checker has the last word).
 */
#include "drive.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "support/postgres.h"
#include "support/temp.h"

enum { ALLOCATIONS_MAX = 500 };

/* Everything that a connection can be asked for, once. */
static bool work(const struct engine *engine, hg_conn **out_conn, hg_error *err)
{
    const struct driver_options options = {.may_create = true, .application_name = "headgate/test"};
    const hg_value values[] = {hg_integer(1), hg_text("two"), hg_blob("three", 5), hg_real(4.0)};
    hg_statement *statement = NULL;
    hg_rows *rows = NULL;
    bool ok;

    ok = engine->driver->open(engine->url, &options, soon(), out_conn, err)
         && hg_conn_begin(*out_conn, soon(), err)
         && hg_conn_query(*out_conn, "SELECT $1, CAST($2 AS text), $3, $4", values, 4, soon(),
                          &rows, err)
         && hg_rows_next(rows, soon(), err) == HG_ROW;
    for (size_t i = 0; ok && i < 4; i++)
        (void)hg_rows_text(rows, i);
    hg_rows_close(rows);
    rows = NULL;
    for (int often = 0; ok && often < 4; often++)
        ok = hg_conn_execute(*out_conn, "SELECT CAST($1 AS bigint)", values, 1, soon(), NULL, err);
    ok = ok
         && hg_conn_prepare(*out_conn, "SELECT CAST($1 AS bigint), CAST($2 AS text)", soon(),
                            &statement, err)
         && hg_statement_query(statement, values, 2, soon(), &rows, err)
         && hg_rows_next(rows, soon(), err) == HG_ROW;
    hg_rows_close(rows);
    hg_statement_close(statement);
    return ok && hg_conn_commit(*out_conn, soon(), err);
}

static void every_allocation_may_fail(const struct engine *engine)
{
    long n = 0;
    bool reached = true;

    while (reached && n < ALLOCATIONS_MAX) {
        hg_conn *conn = NULL;
        hg_error err = {0};
        bool ok;

        alloc_fail_at(++n);
        ok = work(engine, &conn, &err);
        reached = alloc_failed();
        alloc_fail_at(0);
        if (!ok && err.code == HG_OK)
            fail_msg("allocation %ld: a failure without an error", n);
        if (!ok && err.code != HG_NOMEM)
            fail_msg("allocation %ld: %s: %s", n, hg_code_name(err.code), err.message);
        if (conn != NULL)
            disconnect(conn);
    }
    assert_in_range(n, 5, ALLOCATIONS_MAX - 1);
}

static void sqlite_survives_each(void **state)
{
    struct engine engine = {.driver = &driver_sqlite};
    char *dir = temp_dir_make();
    char url[4096];

    (void)state;
    snprintf(url, sizeof url, "sqlite:///%s/app.db", dir);
    assert_true(hg_url_parse(url, &engine.url, NULL));
    every_allocation_may_fail(&engine);
    hg_url_free(engine.url);
    temp_dir_remove(dir);
}

static void postgresql_survives_each(void **state)
{
    struct engine engine = {.driver = &driver_postgres};

    (void)state;
    postgres_start();
    engine.url = postgres_url_as("localhost", NULL, NULL, NULL);
    every_allocation_may_fail(&engine);
    hg_url_free(engine.url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sqlite_survives_each),
        cmocka_unit_test(postgresql_survives_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
