/*
 * test_run_sqlite.c - migrations on SQLite: the common suite, and what is SQLite's alone.
 */
#include "scenarios.h"

static hg_url *new_database(const char *dir)
{
    static int number;
    char text[512];
    hg_url *url = NULL;

    snprintf(text, sizeof text, "sqlite:///%s/app%d.db", dir, number++);
    assert_true(hg_url_parse(text, &url, NULL));
    return url;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIOS,
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
