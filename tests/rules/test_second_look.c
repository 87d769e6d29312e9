/*
 * test_second_look.c - .ci/second-look tells a test that fails from one that failed once, and keeps
 * what each of them printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "support/process.h"
#include "support/temp.h"

/* A test that prints something and fails where it was not run before, and one that always does. */
#define FAILS_ONCE(file, words) \
    "\"sh\" \"-c\" \"test -e " file " || { touch " file "; echo '" words "'; exit 1; }\")\n"
#define FAILS(words) "\"sh\" \"-c\" \"echo '" words "'; exit 1\")\n"

static char *dir;

static int make_folder(void **state)
{
    (void)state;
    dir = temp_dir_make();
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temp_dir_remove(dir);
    return 0;
}

/* Runs the tests of a folder that is nothing but a list of them; what was reported. */
static char *look_again(const char *tests, struct process_result *result)
{
    struct process_result first;
    struct buf report = BUF_INIT(1 << 20);
    char *path = temp_path(dir, "report");

    temp_write(dir, "CTestTestfile.cmake", tests);
    temp_write(dir, "report", "");
    first = process_run(dir, NULL, (const char *const[]){"ctest", NULL});
    assert_int_not_equal(first.status, 0);
    *result = process_run(
        dir, NULL, (const char *const[]){TEST_SOURCE_DIR "/.ci/second-look", ".", "report", NULL});
    assert_int_equal(result->status, 0);
    assert_true(file_read(path, &report, NULL));
    process_release(&first);
    free(path);
    return buf_take(&report);
}

static void assert_ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), of_end = strlen(end);

    assert_true(n >= of_end);
    assert_string_equal(text + n - of_end, end);
}

static void a_test_that_passes_alone_is_unsteady(void **state)
{
    struct process_result result;
    char *report = look_again("add_test(a/good \"true\")\n"
                              "add_test(a/once " FAILS_ONCE("ran", "went wrong"),
                              &result);

    (void)state;
    assert_ends_with(result.out, "\n1 unsteady\n");
    assert_non_null(strstr(report, "-- a/once in .: unsteady: failed, and passed when run alone\n"
                                   "went wrong\n"));
    assert_null(strstr(report, "a/good"));
    process_release(&result);
    free(report);
}

static void a_test_that_fails_alone_too_has_failed(void **state)
{
    struct process_result result;
    char *report = look_again("add_test(a/never " FAILS("as ever") /* its name begins another's */
                              "add_test(a/never_ever " FAILS("no better"),
                              &result);

    (void)state;
    assert_ends_with(result.out, "\n0 unsteady\n");
    assert_non_null(strstr(report, "-- a/never in .: failed, and failed when run alone\nas ever"));
    assert_non_null(strstr(report, "-- a/never_ever in .: failed, and failed when run alone\n"
                                   "no better\n"));
    process_release(&result);
    free(report);
}

static void what_a_sanitizer_found_is_no_matter_of_luck(void **state)
{
    struct process_result result;
    // clang-format off
    char *report = look_again(
        "add_test(a/race " FAILS_ONCE("r", "WARNING: ThreadSanitizer: data race")
        "add_test(a/leak " FAILS_ONCE("l", "ERROR: LeakSanitizer: detected memory leaks")
        "add_test(a/free " FAILS_ONCE("f", "ERROR: AddressSanitizer: heap-use-after-free")
        "add_test(a/shift " FAILS_ONCE("s", "x.c:1:2: runtime error: shift exponent 40"),
        &result);
    // clang-format on

    (void)state;
    assert_string_equal(result.out, "0 unsteady\n"); /* and none was run again */
    for (const char *test = "race\0leak\0free\0shift\0"; *test != '\0'; test += strlen(test) + 1) {
        char expected[80];

        snprintf(expected, sizeof expected, "-- a/%s in .: failed, a sanitizer found something\n",
                 test);
        assert_non_null(strstr(report, expected));
    }
    process_release(&result);
    free(report);
}

static void the_end_of_a_long_output_is_kept(void **state)
{
    struct process_result result;
    char *report = look_again("add_test(a/long \"sh\" \"-c\" \"seq 1 1000; exit 1\")\n", &result);

    (void)state;
    assert_non_null(strstr(report, "\n1000\n"));
    assert_null(strstr(report, "\n900\n"));
    process_release(&result);
    free(report);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_test_that_passes_alone_is_unsteady),
        TEST(a_test_that_fails_alone_too_has_failed),
        TEST(what_a_sanitizer_found_is_no_matter_of_luck),
        TEST(the_end_of_a_long_output_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
