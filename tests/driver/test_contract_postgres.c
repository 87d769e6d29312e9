/*
 * test_contract_postgres.c - the contract of an engine, kept by PostgreSQL.
 */
#include "contract.h"

#include "support/postgres.h"

static struct engine engine = {.driver = &driver_postgres, .blob_type = "BYTEA"};

static int setup(void **state)
{
    char *database;

    postgres_start();
    database = postgres_database();
    engine.url = postgres_url(database);
    free(database);
    *state = &engine;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hg_url_free(engine.url);
    return 0;
}

int main(void)
{
    return cmocka_run_group_tests(contract_tests, setup, teardown);
}
