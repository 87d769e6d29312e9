/*
 * test_digest.c - a row has one digest, however it comes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "copy/digest.h"

enum { ROW = 100000 };

static char row[ROW];

static void a_row_in_pieces_has_the_digest_of_the_whole_row(void **state)
{
    (void)state;
    for (size_t size = 0; size < ROW; size = size * 3 + 1) {
        struct digest whole = {0}, pieces = {0};
        struct digest_run *run = digest_begin();

        digest_row(&whole, row, size);
        assert_non_null(run);
        for (size_t at = 0, n; at < size; at += n) {
            n = 1 + at * 7 % 4096;
            n = n < size - at ? n : size - at;
            digest_piece(run, row + at, n);
        }
        digest_end(run, &pieces);
        assert_true(digest_same(&whole, &pieces));
    }
}

static void a_row_that_is_given_up_is_not_counted(void **state)
{
    struct digest digest = {0};
    struct digest_run *run = digest_begin();

    (void)state;
    digest_piece(run, row, ROW);
    digest_end(run, NULL);
    digest_end(NULL, &digest);
    assert_int_equal(digest.rows, 0);
}

static void the_order_of_rows_does_not_matter_but_every_byte_does(void **state)
{
    struct digest forth = {0}, back = {0}, other = {0};

    (void)state;
    digest_row(&forth, row, 10);
    digest_row(&forth, row + 10, 20);
    digest_row(&back, row + 10, 20);
    digest_row(&back, row, 10);
    digest_row(&other, row, 10);
    digest_row(&other, row + 11, 20);
    assert_true(digest_same(&forth, &back));
    assert_false(digest_same(&forth, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_in_pieces_has_the_digest_of_the_whole_row),
        cmocka_unit_test(a_row_that_is_given_up_is_not_counted),
        cmocka_unit_test(the_order_of_rows_does_not_matter_but_every_byte_does),
    };

    for (size_t i = 0; i < ROW; i++)
        row[i] = (char)(i * 2654435761U >> 13);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
