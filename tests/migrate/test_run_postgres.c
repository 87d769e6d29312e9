/*
 * test_run_postgres.c - migrations on PostgreSQL: the common suite, and what is PostgreSQL's alone.
 */
#include "scenarios.h"

#include "support/postgres.h"

static hg_url *new_database(const char *dir)
{
    char *name = postgres_database();
    hg_url *url = postgres_url(name);

    (void)dir;
    free(name);
    return url;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIOS,
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
