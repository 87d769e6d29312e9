/*
 * test_canvas.c - cells: clipping, wide and combining characters, and nothing raw.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "console/canvas.h"

static struct canvas canvas;
static struct area all;

static int setup(void **state)
{
    (void)state;
    if (!canvas_init(&canvas, 10, 2, true))
        return -1;
    all = area_of(&canvas);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    canvas_release(&canvas);
    return 0;
}

static void assert_screen(const char *expected)
{
    struct buf out = BUF_INIT(4096);

    canvas_print(&canvas, false, &out);
    assert_string_equal(out.bytes, expected);
    buf_release(&out);
}

static void text_stands_where_it_was_put(void **state)
{
    (void)state;
    assert_int_equal(area_put(all, 2, 1, ROLE_OK, "abc"), 3);
    assert_screen("\n  abc\n");
    assert_int_equal(canvas_at(&canvas, 2, 1)->role, ROLE_OK);
    assert_int_equal(canvas_at(&canvas, 5, 1)->role, ROLE_TEXT);
}

static void what_does_not_fit_ends_in_an_ellipsis(void **state)
{
    (void)state;
    assert_int_equal(area_put(all, 0, 0, ROLE_TEXT, "0123456789a"), 10);
    assert_int_equal(area_put_cut(all, 0, 1, 4, ROLE_TEXT, "0123456789"), 4);
    assert_screen("012345678…\n012…\n");
}

static void an_area_cuts_at_its_own_edges(void **state)
{
    struct area part = area_part(all, 3, 0, 4, 1);

    (void)state;
    area_put(part, 0, 0, ROLE_TEXT, "abcdefgh");
    area_put(part, 0, 1, ROLE_TEXT, "below it");
    area_put(part, -1, 0, ROLE_TEXT, "left of it");
    area_put(area_part(all, 8, 0, 40, 40), 0, 1, ROLE_TEXT, "xyz");
    assert_screen("   abc…\n        x…\n");
}

static void half_a_wide_character_is_never_left_standing(void **state)
{
    (void)state;
    area_put(all, 0, 0, ROLE_TEXT, "日本語");
    assert_screen("日本語\n\n");
    area_put(all, 1, 0, ROLE_TEXT, "x"); /* over the right half of the first */
    area_put(all, 2, 0, ROLE_TEXT, "y"); /* over the left half of the second */
    assert_screen(" xy 語\n\n");
}

static void a_wide_character_that_does_not_fit_is_left_out(void **state)
{
    (void)state;
    assert_int_equal(area_put_cut(all, 0, 0, 4, ROLE_TEXT, "a日本"), 4);
    assert_screen("a日…\n\n");
    assert_int_equal(area_put_cut(all, 0, 1, 3, ROLE_TEXT, "日本"), 3);
    assert_screen("a日…\n日…\n");
}

static void marks_stay_with_their_letter(void **state)
{
    (void)state;
    assert_int_equal(area_put(all, 0, 0, ROLE_TEXT, "e\xCC\x81x"), 2);
    assert_string_equal(canvas_at(&canvas, 0, 0)->text, "e\xCC\x81");
    assert_string_equal(canvas_at(&canvas, 1, 0)->text, "x");
}

static void marks_do_not_pile_up(void **state)
{
    char heap[200] = "e";

    (void)state;
    for (int i = 0; i < 60; i++)
        strcat(heap, "\xCC\x81");
    assert_int_equal(area_put(all, 0, 0, ROLE_TEXT, heap), 10);
    assert_true(strlen(canvas_at(&canvas, 0, 0)->text) < CELL_BYTES);
    assert_string_equal(canvas_at(&canvas, 1, 0)->text, "\\");
}

static void what_could_drive_a_terminal_is_shown_not_done(void **state)
{
    (void)state;
    area_put(all, 0, 0, ROLE_TEXT, "\033[2J");
    area_put(all, 0, 1, ROLE_TEXT,
             "a\xE2\x80\xAE"
             "b");
    assert_screen("\\x1b[2J\na\\u{202e}b\n");
}

static void ten_megabytes_of_one_line_stay_one_row(void **state)
{
    size_t size = 10 << 20;
    char *text = malloc(size + 1);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', size);
    text[size] = '\0';
    assert_int_equal(area_put(all, 0, 0, ROLE_TEXT, text), 10);
    assert_screen("xxxxxxxxx…\n\n");
    free(text);
}

static void roles_are_printed_as_runs(void **state)
{
    struct buf out = BUF_INIT(4096);

    (void)state;
    area_put(all, 0, 0, ROLE_FAIL, "FAIL");
    area_over(all, 1, ROLE_SELECT);
    area_cursor(all, 3, 1, true);
    canvas_print(&canvas, true, &out);
    assert_string_equal(out.bytes, "FAIL\n\n@0:0-3 fail\n@1:0-9 text under select\n"
                                   "@cursor 1:3 visible\n");
    buf_release(&out);
}

static void canvases_are_equal_when_every_cell_is(void **state)
{
    struct canvas other;

    (void)state;
    assert_true(canvas_init(&other, 10, 2, true));
    assert_true(canvas_equal(&canvas, &other));
    area_put(area_of(&other), 9, 1, ROLE_OK, " ");
    assert_false(canvas_equal(&canvas, &other));
    canvas_clear(&other);
    area_cursor(area_of(&other), 1, 0, false);
    assert_false(canvas_equal(&canvas, &other));
    canvas_release(&other);
}

static void without_utf8_the_glyphs_are_ascii(void **state)
{
    (void)state;
    for (int g = 0; g < GLYPH_COUNT; g++)
        for (const char *s = glyph(false, (enum glyph)g); *s != '\0'; s++)
            assert_in_range((unsigned char)*s, ' ', '~');
}

int main(void)
{
#define IN(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        IN(text_stands_where_it_was_put),
        IN(what_does_not_fit_ends_in_an_ellipsis),
        IN(an_area_cuts_at_its_own_edges),
        IN(half_a_wide_character_is_never_left_standing),
        IN(a_wide_character_that_does_not_fit_is_left_out),
        IN(marks_stay_with_their_letter),
        IN(marks_do_not_pile_up),
        IN(what_could_drive_a_terminal_is_shown_not_done),
        IN(ten_megabytes_of_one_line_stay_one_row),
        IN(roles_are_printed_as_runs),
        IN(canvases_are_equal_when_every_cell_is),
        IN(without_utf8_the_glyphs_are_ascii),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
