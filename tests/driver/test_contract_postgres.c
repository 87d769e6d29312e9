/*
 * test_contract_postgres.c - the contract of an engine, kept by PostgreSQL, whether its statements
 * have names on the server or not.
 */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/postgres.h"

static const char *prepared;

static struct engine engine = {.driver = &driver_postgres, .blob_type = "BYTEA"};

static int setup(void **state)
{
    char *database, *text, with[1024];

    postgres_start();
    database = postgres_database();
    text = postgres_url_text(database);
    snprintf(with, sizeof with, "%s%cprepared=%s", text, strchr(text, '?') == NULL ? '?' : '&',
             prepared);
    assert_true(hg_url_parse(with, &engine.url, NULL));
    free(text);
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
    static const char *const modes[] = {"named", "unnamed", "off"};
    int failed = 0;

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        prepared = modes[i];
        failed += cmocka_run_group_tests_name(prepared, contract_tests, setup, teardown);
    }
    return failed;
}
