/*
 * test_table.c - columns for people: aligned by what a screen shows, harmless whatever is in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <locale.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "cli/table.h"

static const struct table_column columns[] = {
    {"NAME", ALIGN_LEFT}, {"N", ALIGN_RIGHT}, {"TEXT", ALIGN_LEFT}};

/* What is shown of these cells, row by row. */
static void show(struct buf *out, const char *const *cells, size_t rows)
{
    struct table t = TABLE_INIT(columns);

    for (size_t r = 0; r < rows; r++)
        memcpy(table_row(&t), cells + 3 * r, 3 * sizeof *cells);
    table_end(&t, out);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    const char *cells[] = {"a", "1000", "x", "longer", "2", NULL};
    struct buf out = BUF_INIT(4096);

    (void)state;
    show(&out, cells, 2);
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
    show(&out, cells, 2);
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
    show(&out, cells, 1);
    assert_string_equal(out.bytes, "NAME               N  TEXT\n"
                                   "\\x1b]0;owned\\x07  \\n  \\u{202e}\n");
    buf_release(&out);
}

static void a_table_without_rows_is_nothing(void **state)
{
    struct buf out = BUF_INIT(4096);

    (void)state;
    show(&out, NULL, 0);
    assert_int_equal(out.size, 0);
    buf_release(&out);
}

static void a_table_that_memory_does_not_suffice_for_is_not_shown_in_part(void **state)
{
    const char *cells[] = {"a", "1", "x", "b", "2", "y"};
    struct buf out = BUF_INIT(4096);

    (void)state;
    for (long nth = 1; nth <= 2; nth++) {
        alloc_fail_at(nth);
        show(&out, cells, 2);
        alloc_fail_at(0);
        assert_int_equal(out.size, 0);
    }
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(width_is_columns_of_the_screen_not_bytes),
        cmocka_unit_test(a_cell_cannot_drive_the_terminal_or_break_the_row),
        cmocka_unit_test(a_table_without_rows_is_nothing),
        cmocka_unit_test(a_table_that_memory_does_not_suffice_for_is_not_shown_in_part),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
