/*
 * test_env_file.c - a .env file is moved to another database and back, by whole lines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <headgate/settings.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "support/temp.h"

#define LIKE "HEADGATE_CUTOVER_URL"

static char *dir, *file, *keep;

static int begin(void **state)
{
    (void)state;
    dir = temp_dir_make();
    file = temp_path(dir, ".env");
    keep = temp_path(dir, "kept");
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(file);
    free(keep);
    temp_dir_remove(dir);
    return 0;
}

static void write_file(const char *text)
{
    hg_error err = {0};

    if (!file_write(file, text, strlen(text), 0640, &err))
        fail_msg("%s", err.message);
}

static void assert_file(const char *path, const char *expected)
{
    struct buf text = BUF_INIT(1 << 16);

    assert_true(file_read(path, &text, NULL));
    assert_string_equal(text.bytes, expected);
    buf_release(&text);
}

static bool points(void)
{
    bool same = false;

    assert_true(hg_env_file_points(file, "DATABASE_URL", LIKE, &same, NULL));
    return same;
}

static void point(void)
{
    hg_error err = {0};

    if (!hg_env_file_point(file, "DATABASE_URL", LIKE, keep, &err))
        fail_msg("%s", err.message);
}

static void restore(void)
{
    hg_error err = {0};

    if (!hg_env_file_restore(file, "DATABASE_URL", LIKE, keep, &err))
        fail_msg("%s", err.message);
}

static void a_variable_takes_the_other_ones_line_and_gives_it_back(void **state)
{
    static const char before[] = "# ours\nexport DATABASE_URL=sqlite:///a.db # file\nX=1\n" LIKE
                                 "='postgresql://u:p%40ss@h/db' # new\n";
    struct stat status;

    (void)state;
    write_file(before);
    assert_false(points());
    point();
    assert_file(file, "# ours\nexport DATABASE_URL='postgresql://u:p%40ss@h/db' # new\nX=1\n" LIKE
                      "='postgresql://u:p%40ss@h/db' # new\n");
    assert_file(keep, before);
    assert_true(points());
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(stat(keep, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    restore();
    assert_file(file, before);
    assert_file(keep, before);
}

static void a_variable_that_was_not_there_is_added_and_taken_out_again(void **state)
{
    (void)state;
    write_file("X=1\n" LIKE "=postgresql://h/db"); /* without a line end */
    point();
    assert_file(file, "X=1\n" LIKE "=postgresql://h/db\nDATABASE_URL=postgresql://h/db\n");
    restore();
    assert_file(file, "X=1\n" LIKE "=postgresql://h/db"); /* to the byte */
}

static void the_last_of_several_lines_counts(void **state)
{
    (void)state;
    write_file("DATABASE_URL=a\nDATABASE_URL=b\n" LIKE "=c\n");
    point();
    assert_file(file, "DATABASE_URL=a\nDATABASE_URL=c\n" LIKE "=c\n");
}

static void again_changes_nothing_and_keeps_what_was_kept(void **state)
{
    (void)state;
    write_file("DATABASE_URL=a\n" LIKE "=b\n");
    point();
    point();
    assert_file(keep, "DATABASE_URL=a\n" LIKE "=b\n");
    restore();
    restore();
    assert_file(file, "DATABASE_URL=a\n" LIKE "=b\n");
}

static void what_others_changed_meanwhile_stays(void **state)
{
    (void)state;
    write_file("DATABASE_URL=a\n" LIKE "=b\n");
    point();
    write_file("NEW=1\nDATABASE_URL=b\n" LIKE "=b\n");
    restore();
    assert_file(file, "NEW=1\nDATABASE_URL=a\n" LIKE "=b\n");
}

static void what_cannot_be_done_is_said_and_changes_nothing(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"DATABASE_URL=a\n", "does not stand in"},
        {"DATABASE_URL=a\n" LIKE "=\n", "does not stand in"},
        {"DATABASE_URL=a\n" LIKE "=\"b\nc\"\n", "one line"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hg_error err = {0};

        write_file(cases[i].text);
        assert_false(hg_env_file_point(file, "DATABASE_URL", LIKE, keep, &err));
        assert_int_equal(err.code, HG_CONFIG);
        if (strstr(err.message, cases[i].said) == NULL)
            fail_msg("%s", err.message);
        assert_file(file, cases[i].text);
        assert_false(file_exists(keep));
    }
}

#define file_test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        file_test(a_variable_takes_the_other_ones_line_and_gives_it_back),
        file_test(a_variable_that_was_not_there_is_added_and_taken_out_again),
        file_test(the_last_of_several_lines_counts),
        file_test(again_changes_nothing_and_keeps_what_was_kept),
        file_test(what_others_changed_meanwhile_stays),
        file_test(what_cannot_be_done_is_said_and_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
