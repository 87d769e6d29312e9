/*
 * test_accounted.c - the list of situations beside this file names tests that are there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/accounted.h"

static void every_situation_has_a_test_that_is_there(void **state)
{
    (void)state;
    accounted_check("migrate", 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_situation_has_a_test_that_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
