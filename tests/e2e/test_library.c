/*
 * test_library.c - a program in C uses the installed library as its documentation shows:
 * pkg-config, one header, the example of doc/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

static char *prefix; /* where the library is installed */

static struct process_result shell(const char *setting, const char *command)
{
    const char *const settings[] = {setting, NULL};
    const char *const argv[] = {"sh", "-c", command, NULL};

    return process_run(prefix, settings, argv);
}

static void assert_shell(const char *setting, const char *command, const char *says)
{
    struct process_result result = shell(setting, command);

    if (result.status != 0 || strcmp(result.out, says) != 0)
        fail_msg("%s: exit %d\n%s%s", command, result.status, result.out, result.err);
    process_release(&result);
}

/* Installs into a folder of its own and builds the example against it, with nothing of the source
 * tree. */
static int install(void **state)
{
    char command[2048];
    struct process_result result;

    (void)state;
    prefix = temp_dir_make();
    snprintf(command, sizeof command,
             "cmake --install '%s' --prefix '%s' >/dev/null && export PKG_CONFIG_PATH=$(dirname "
             "$(find '%s' -name headgate.pc))"
             " && cc -Wall -Werror %s '%s/doc/example/orders.c' $(pkg-config "
             "--define-variable=prefix='%s' --cflags --libs headgate)"
             " -Wl,-rpath,$(pkg-config --define-variable=prefix='%s' --variable=libdir headgate) "
             "-o orders",
             TEST_BINARY_DIR, prefix, prefix,
             TEST_SANITIZE[0] == '\0' ? "" : "-fsanitize=" TEST_SANITIZE, TEST_SOURCE_DIR, prefix,
             prefix);
    result = shell("A=", command);
    if (result.status != 0)
        fprintf(stderr, "%s%s", result.out, result.err);
    process_release(&result);
    return result.status != 0 || postgres_setup(state) != 0;
}

static int uninstall(void **state)
{
    (void)state;
    temp_dir_remove(prefix);
    return 0;
}

static void the_example_counts_its_orders_on_sqlite(void **state)
{
    (void)state;
    assert_shell("DATABASE_URL=sqlite:///orders.db", "./orders 3", "3 orders, 600 cents\n");
    assert_shell("DATABASE_URL=sqlite:///orders.db", "./orders 1", "4 orders, 700 cents\n");
}

static void the_example_counts_its_orders_on_postgres(void **state)
{
    char *database = postgres_database(), *url = postgres_url_text(database), setting[512];

    (void)state;
    snprintf(setting, sizeof setting, "DATABASE_URL=%s", url);
    assert_shell(setting, "./orders 3", "3 orders, 600 cents\n");
    free(url);
    free(database);
}

static void a_setting_that_is_wrong_is_named_by_the_engine(void **state)
{
    struct process_result result = shell("DB_POOL_SIZE=ten", "./orders");

    (void)state;
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "DB_POOL_SIZE"));
    process_release(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_counts_its_orders_on_sqlite),
        cmocka_unit_test(the_example_counts_its_orders_on_postgres),
        cmocka_unit_test(a_setting_that_is_wrong_is_named_by_the_engine),
    };

    return cmocka_run_group_tests(tests, install, uninstall);
}
