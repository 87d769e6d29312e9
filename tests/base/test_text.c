/*
 * test_text.c - UTF-8, columns, and that no text can do more to a terminal than be read.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/near.h"
#include "base/text.h"

static const char *visible_n(const char *bytes, size_t n)
{
    static char shown[1024];
    struct buf b = BUF_INIT(4096);

    text_visible(&b, bytes, n);
    assert_false(buf_failed(&b));
    snprintf(shown, sizeof shown, "%s", b.bytes);
    buf_release(&b);
    return shown;
}

static const char *visible(const char *text)
{
    return visible_n(text, strlen(text));
}

static const char *visible_code(uint32_t code)
{
    char text[8] = "a";
    size_t n = text_encode(code, text + 1);

    return visible_n(text, n + 1) + 1;
}

static int set_c_locale(void **state)
{
    (void)state;
    return setlocale(LC_CTYPE, "C") == NULL;
}

static int set_utf8_locale(void **state)
{
    (void)state;
    return setlocale(LC_CTYPE, "C.UTF-8") == NULL;
}

static void every_character_survives_encoding_and_decoding(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char bytes[4];
        uint32_t again = 0;
        size_t n = text_encode(code, bytes);

        if (code >= 0xD800 && code <= 0xDFFF) {
            assert_int_equal(text_decode(bytes, n, &again), 0);
            continue;
        }
        assert_int_equal(text_decode(bytes, n, &again), n);
        assert_int_equal(again, code);
        assert_int_equal(text_decode(bytes, n - 1, &again), 0);
    }
}

static void what_is_not_utf8_is_not_decoded(void **state)
{
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC3",
                                      "\xC3\x28",
                                      "\xE0\x80\x80",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xE2\x82",
                                      "\xF0\x80\x80\x80",
                                      "\xF0\x9F\x92",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t code;

        assert_int_equal(text_decode(bad[i], strlen(bad[i]), &code), 0);
        assert_false(text_valid(bad[i], strlen(bad[i])));
    }
    assert_true(text_valid("\xE2\x82\xAC\xF0\x9F\x92\xA9", 7));
    assert_true(text_valid("", 0));
    assert_true(text_valid("a\0b", 3));
}

static void hexadecimal_digits_have_values_and_nothing_else_has(void **state)
{
    static const char digits[] = "0123456789abcdef", capitals[] = "ABCDEF";
    int known = 0;

    (void)state;
    for (int i = 0; i < 16; i++)
        assert_int_equal(text_hex_digit(digits[i]), i);
    for (int i = 0; i < 6; i++)
        assert_int_equal(text_hex_digit(capitals[i]), 10 + i);
    for (int c = 0; c < 256; c++)
        known += text_hex_digit((char)c) >= 0;
    assert_int_equal(known, 22);
}

static void every_control_character_becomes_visible(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 0xA0; code++) {
        const char *shown = visible_code(code);

        if (code >= ' ' && code < 0x7F)
            assert_int_equal(strlen(shown), 1);
        else
            assert_int_equal(shown[0], '\\');
        for (; *shown != '\0'; shown++)
            assert_in_range((unsigned char)*shown, ' ', '~');
    }
    assert_string_equal(visible("a\nb\tc\rd"), "a\\nb\\tc\\rd");
    assert_string_equal(visible("\x1b]0;owned\x07"), "\\x1b]0;owned\\x07");
    assert_string_equal(visible("\xC2\x9b"
                                "31m"),
                        "\\u{9b}31m");
    assert_string_equal(visible_n("a\0b", 3), "a\\x00b");
}

static void what_hides_or_reorders_becomes_visible(void **state)
{
    static const uint32_t codes[] = {0xAD,    0x34F,   0x61C,   0x115F, 0x1160, 0x17B4,  0x180E,
                                     0x200B,  0x200C,  0x200D,  0x200E, 0x200F, 0x2028,  0x2029,
                                     0x202A,  0x202E,  0x2060,  0x2066, 0x2069, 0x206F,  0x3164,
                                     0xFE00,  0xFE0F,  0xFEFF,  0xFFA0, 0xFFF9, 0x1D173, 0xE0001,
                                     0xE007F, 0xE0100, 0xE01EF, 0x0378, 0xFFFF, 0x10FFFF};

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char expected[16];

        snprintf(expected, sizeof expected, "\\u{%x}", codes[i]);
        assert_string_equal(visible_code(codes[i]), expected);
    }
}

static void invalid_bytes_become_visible_one_by_one(void **state)
{
    (void)state;
    for (int byte = 0x80; byte <= 0xFF; byte++) {
        char text[4] = {'a', (char)byte, 'b', '\0'}, expected[16];

        snprintf(expected, sizeof expected, "a\\x%02xb", byte);
        assert_string_equal(visible(text), expected);
    }
    assert_string_equal(visible("\xE2\x82"), "\\xe2\\x82");
    assert_string_equal(visible("\xED\xA0\x80"), "\\xed\\xa0\\x80");
}

static void letters_of_all_scripts_stay_as_they_are(void **state)
{
    static const char *const texts[] = {
        "caf\xC3\xA9",
        "\xE6\x97\xA5\xE6\x9C\xAC",
        "\xD0\x9F\xD1\x80",
        "\xF0\x9F\x9A\x80",
        "\xD7\xA9",
        "\xE2\x94\x80\xE2\x96\x88",
        "e\xCC\x81",                            /* one mark */
        "e\xCC\xA3\xCC\x82",                    /* two, as Vietnamese has */
        "\xE0\xB8\x97\xE0\xB8\xB5\xE0\xB9\x88", /* Thai: vowel and tone above one letter */
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(visible(texts[i]), texts[i]);
}

static void marks_need_a_letter_and_do_not_pile_up(void **state)
{
    const char *shown;

    (void)state;
    assert_string_equal(visible("\xCC\x81x"), "\\u{301}x");
    assert_string_equal(visible("\n\xCC\x81"), "\\n\\u{301}");
    shown = visible("e\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81");
    assert_string_equal(shown, "e\xCC\x81\xCC\x81\xCC\x81\xCC\x81\\u{301}\\u{301}");
    assert_int_equal(text_width(shown), 15);
}

static void whatever_goes_in_one_line_of_text_comes_out(void **state)
{
    uint32_t random = 12345;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char bytes[24];
        const char *shown;

        for (size_t i = 0; i < sizeof bytes; i++) {
            random = random * 1664525 + 1013904223;
            bytes[i] = (char)(random >> 24);
        }
        shown = visible_n(bytes, sizeof bytes);
        assert_true(text_valid(shown, strlen(shown)));
        assert_string_equal(visible(shown), shown);
    }
}

static void without_a_utf8_locale_nothing_beyond_ascii_passes(void **state)
{
    (void)state;
    assert_false(text_locale_utf8());
    assert_string_equal(visible("caf\xC3\xA9 \xE2\x82\xAC\xFF"), "caf\\u{e9} \\u{20ac}\\xff");
    assert_int_equal(text_char_width(0xE9), -1);
    assert_int_equal(text_char_width('a'), 1);
}

static void width_is_counted_in_columns(void **state)
{
    (void)state;
    assert_true(text_locale_utf8());
    assert_int_equal(text_width(""), 0);
    assert_int_equal(text_width("abc"), 3);
    assert_int_equal(text_width("caf\xC3\xA9"), 4);
    assert_int_equal(text_width("\xE6\x97\xA5\xE6\x9C\xAC"), 4);
    assert_int_equal(text_width("e\xCC\x81"), 1);
    assert_int_equal(text_char_width(0x301), 0);
    assert_int_equal(text_char_width(0x1b), -1);
    assert_int_equal(text_char_width(0x7f), -1);
}

static void a_text_is_cut_between_characters_and_keeps_their_marks(void **state)
{
    (void)state;
    assert_int_equal(text_fit("abc", 2), 2);
    assert_int_equal(text_fit("abc", 9), 3);
    assert_int_equal(text_fit("abc", 0), 0);
    assert_int_equal(text_fit("\xE6\x97\xA5\xE6\x9C\xAC", 3), 3); /* half of a wide one is none */
    assert_int_equal(text_fit("e\xCC\x81x", 1), 3);
    assert_int_equal(text_fit("e\xCC\x81x", 2), 4);
}

static void a_copy_is_cut_between_characters(void **state)
{
    char room[6];

    (void)state;
    assert_string_equal(text_copy(room, sizeof room, "abcde"), "abcde");
    assert_string_equal(text_copy(room, sizeof room, "abcdef"), "abcde");
    assert_string_equal(text_copy(room, sizeof room, "abcd\xC3\xA9"), "abcd");
    assert_string_equal(text_copy(room, sizeof room, "\xF0\x9F\x9A\x80\xF0\x9F\x9A\x80"),
                        "\xF0\x9F\x9A\x80");
    assert_string_equal(text_copy(room, 1, "abc"), "");
    room[0] = '#';
    text_copy(room, 0, "abc");
    assert_int_equal(room[0], '#');
}

static void a_visible_copy_fits_its_room(void **state)
{
    char room[8];

    (void)state;
    assert_string_equal(text_visible_copy(room, sizeof room, "a\nb"), "a\\nb");
    assert_string_equal(text_visible_copy(room, sizeof room, "\x1b[31mred"), "\\x1b[31");
}

static void a_slip_of_the_finger_is_near(void **state)
{
    (void)state;
    assert_int_equal(near_distance("size", "size"), 0);
    assert_int_equal(near_distance("DB_POOL_SZIE", "db_pool_size"), 1);
    assert_int_equal(near_distance("pol", "pool"), 1);
    assert_int_equal(near_distance("pool", "pol"), 1);
    assert_int_equal(near_distance("", "abc"), 3);
    assert_int_equal(near_distance("kitten", "sitting"), 3);
    assert_true(near_enough("stauts", "status"));
    assert_true(near_enough("hsitroy", "history"));
    assert_false(near_enough("up", "down"));
    assert_false(near_enough("xy", "up"));
}

static void a_word_without_end_is_near_to_nothing(void **state)
{
    char endless[200];

    (void)state;
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_true(near_distance(endless, "a") == SIZE_MAX);
    assert_false(near_enough("a", endless));
    endless[63] = '\0';
    assert_int_equal(near_distance(endless, endless), 0);
}

#define in_c_locale(name) cmocka_unit_test_setup_teardown(name, set_c_locale, set_utf8_locale)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_survives_encoding_and_decoding),
        cmocka_unit_test(what_is_not_utf8_is_not_decoded),
        cmocka_unit_test(hexadecimal_digits_have_values_and_nothing_else_has),
        cmocka_unit_test(every_control_character_becomes_visible),
        cmocka_unit_test(what_hides_or_reorders_becomes_visible),
        cmocka_unit_test(invalid_bytes_become_visible_one_by_one),
        cmocka_unit_test(letters_of_all_scripts_stay_as_they_are),
        cmocka_unit_test(marks_need_a_letter_and_do_not_pile_up),
        cmocka_unit_test(whatever_goes_in_one_line_of_text_comes_out),
        in_c_locale(without_a_utf8_locale_nothing_beyond_ascii_passes),
        cmocka_unit_test(width_is_counted_in_columns),
        cmocka_unit_test(a_text_is_cut_between_characters_and_keeps_their_marks),
        cmocka_unit_test(a_copy_is_cut_between_characters),
        cmocka_unit_test(a_visible_copy_fits_its_room),
        cmocka_unit_test(a_slip_of_the_finger_is_near),
        cmocka_unit_test(a_word_without_end_is_near_to_nothing),
    };

    if (set_utf8_locale(NULL) != 0)
        return 99;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
