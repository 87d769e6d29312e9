/*
 * test_wire.c - fewer bytes for the same screen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "console/wire.h"

static const struct wire_case {
    const char *written, *said;
} cases[] = {
    {"", ""},
    {"plain text", "plain text"},
    {"\033[39m\033(B\033[mx", "\033[mx"},
    {"\033(B\033[0;1m\033[38;5;75mx", "\033[0;1;38;5;75mx"},
    {"\033[1m\033[38;5;75m\033[48;5;9mx", "\033[1;38;5;75;48;5;9mx"},
    {"\033[31mred\033[39m", "\033[31mred\033[39m"},
    {"\033[31m\033[2;3Hred", "\033[31m\033[2;3Hred"},
    {"\033[1m\033[0mx", "\033[mx"},
    {"\033[01mx\033[03;4m\033[1m", "\033[01mx\033[03;4;1m"},
    {"=\033[5b|", "======|"},
    {"\033[5b", "\033[5b"},
    {"\033[>4m\033[?25l\033[5n", "\033[>4m\033[?25l\033[5n"},
    {"\033[31", "\033[31"},
    {"\033", "\033"},
};

static void the_same_is_said_in_fewer_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = BUF_INIT(4096);
        bool chosen = true;

        wire_append(&out, cases[i].written, strlen(cases[i].written), &chosen);
        assert_string_equal(out.bytes, cases[i].said);
        buf_release(&out);
    }
}

static void ascii_is_chosen_once(void **state)
{
    static const char twice[] = "\033(Ba\033(Bb";
    struct buf out = BUF_INIT(4096);
    bool chosen = false;

    (void)state;
    wire_append(&out, twice, strlen(twice), &chosen);
    wire_append(&out, twice, strlen(twice), &chosen);
    assert_string_equal(out.bytes, "\033(Babab");
    buf_release(&out);
}

static void a_style_without_end_is_said_in_parts(void **state)
{
    struct buf written = BUF_INIT(1 << 16), out = BUF_INIT(1 << 16);
    bool chosen = true;

    (void)state;
    for (int i = 0; i < 100; i++)
        buf_text(&written, "\033[38;5;123m");
    wire_append(&out, written.bytes, written.size, &chosen);
    assert_true(out.size < written.size);
    assert_non_null(strstr(out.bytes, "38;5;123;38;5;123"));
    assert_int_equal(out.bytes[out.size - 1], 'm');
    buf_release(&written);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_said_in_fewer_bytes),
        cmocka_unit_test(ascii_is_chosen_once),
        cmocka_unit_test(a_style_without_end_is_said_in_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
