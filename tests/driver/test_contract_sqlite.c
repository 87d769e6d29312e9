/*
 * test_contract_sqlite.c - the contract of an engine, kept by SQLite.
 */
#include "contract.h"

#include <stdio.h>

#include "support/temp.h"

static char *dir;
static struct engine engine = {.driver = &driver_sqlite, .blob_type = "BLOB"};

static int setup(void **state)
{
    char url[4096];

    dir = temp_dir_make();
    snprintf(url, sizeof url, "sqlite:///%s/app.db", dir);
    *state = &engine;
    return hg_url_parse(url, &engine.url, NULL) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    hg_url_free(engine.url);
    temp_dir_remove(dir);
    return 0;
}

int main(void)
{
    return cmocka_run_group_tests(contract_tests, setup, teardown);
}
