/*
 * test_table.c - columns for people: aligned by what a screen shows, harmless whatever is in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>

#include "base/buf.h"
#include "cli/table.h"

static const struct table_column columns[] = {
    {"NAME", ALIGN_LEFT}, {"N", ALIGN_RIGHT}, {"TEXT", ALIGN_LEFT}};

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    const char *cells[] = {"a", "1000", "x", "longer", "2", NULL};
    struct buf out = BUF_INIT(4096);

    (void)state;
    table_print(&out, columns, 3, cells, 2);
    assert_string_equal(out.bytes, "NAME       N  TEXT\n"
                                   "a       1000  x\n"
                                   "longer     2  -\n");
    buf_release(&out);
}

static void width_is_columns_of_the_screen_not_bytes(void **state)
{
    const char *cells[] = {"\xe6\xbc\xa2", "1", "wide", "\xc3\xa9t\xc3\xa9", "1", "two"};
    struct buf out = BUF_INIT(4096);

    (void)state;
    table_print(&out, columns, 3, cells, 2);
    assert_string_equal(out.bytes, "NAME  N  TEXT\n"
                                   "\xe6\xbc\xa2    1  wide\n"
                                   "\xc3\xa9t\xc3\xa9   1  two\n");
    buf_release(&out);
}

static void a_cell_cannot_drive_the_terminal_or_break_the_row(void **state)
{
    const char *cells[] = {"\x1b]0;owned\a", "\n", "\xe2\x80\xae"};
    struct buf out = BUF_INIT(4096);

    (void)state;
    table_print(&out, columns, 3, cells, 1);
    assert_string_equal(out.bytes, "NAME               N  TEXT\n"
                                   "\\x1b]0;owned\\x07  \\n  \\u{202e}\n");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(width_is_columns_of_the_screen_not_bytes),
        cmocka_unit_test(a_cell_cannot_drive_the_terminal_or_break_the_row),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
