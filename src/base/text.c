/*
 * text.c - UTF-8 and what of it may meet a terminal.
 */
#include "text.h"

#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "buf.h"

enum { MARKS_MOST = 4 }; /* on one character; living scripts need three */

size_t text_decode(const char *bytes, size_t n, uint32_t *out_code)
{
    const unsigned char *s = (const unsigned char *)bytes;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code;
    size_t length;

    if (n == 0)
        return 0;
    if (s[0] < 0x80) {
        *out_code = s[0];
        return 1;
    }
    length = s[0] >= 0xF0 && s[0] <= 0xF4  ? 4
             : s[0] >= 0xE0 && s[0] < 0xF0 ? 3
             : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
                                           : 0;
    if (length == 0 || length > n)
        return 0;
    code = s[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3Fu);
    }
    if (code < least[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    *out_code = code;
    return length;
}

size_t text_encode(uint32_t code, char out[4])
{
    unsigned char *to = (unsigned char *)out;

    if (code < 0x80) {
        to[0] = (unsigned char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (unsigned char)(0xC0 | code >> 6);
        to[1] = (unsigned char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (unsigned char)(0xE0 | code >> 12);
        to[1] = (unsigned char)(0x80 | (code >> 6 & 0x3F));
        to[2] = (unsigned char)(0x80 | (code & 0x3F));
        return 3;
    }
    to[0] = (unsigned char)(0xF0 | code >> 18);
    to[1] = (unsigned char)(0x80 | (code >> 12 & 0x3F));
    to[2] = (unsigned char)(0x80 | (code >> 6 & 0x3F));
    to[3] = (unsigned char)(0x80 | (code & 0x3F));
    return 4;
}

bool text_valid(const char *bytes, size_t n)
{
    while (n > 0) {
        uint32_t code;
        size_t length = text_decode(bytes, n, &code);

        if (length == 0)
            return false;
        bytes += length;
        n -= length;
    }
    return true;
}

bool text_locale_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Characters that libc calls printable but that are not seen, or that move, hide or reorder what
 * stands beside them: bidi controls, joiners, fillers, variation selectors, tags. */
static bool deceives(uint32_t code)
{
    // clang-format off
    static const struct { uint32_t first, last; } ranges[] = {
        {0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x061C, 0x061C}, {0x115F, 0x1160}, {0x17B4, 0x17B5},
        {0x180B, 0x180F}, {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},
        {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF9, 0xFFFB},
        {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
    };
    // clang-format on
    size_t i = 0;

    while (i + 1 < sizeof ranges / sizeof *ranges && code > ranges[i].last)
        i++;
    return code >= ranges[i].first && code <= ranges[i].last;
}

int text_char_width(uint32_t code)
{
    if (code < 0x80)
        return code >= ' ' && code != 0x7F ? 1 : -1;
    if (deceives(code) || !text_locale_utf8())
        return -1;
    return wcwidth((wchar_t)code);
}

int text_width(const char *text)
{
    size_t n = strlen(text);
    int columns = 0;

    while (n > 0) {
        uint32_t code = 0;
        size_t length = text_decode(text, n, &code);
        int width = length == 0 ? 1 : text_char_width(code);

        if (length == 0)
            length = 1;
        columns += width < 0 ? 1 : width;
        text += length;
        n -= length;
    }
    return columns;
}

size_t text_fit(const char *text, int columns)
{
    size_t n = strlen(text), fits = 0;

    while (fits < n) {
        uint32_t code = 0;
        size_t length = text_decode(text + fits, n - fits, &code);
        int width = length == 0 ? 1 : text_char_width(code);

        if (length == 0)
            length = 1;
        width = width < 0 ? 1 : width;
        if (width > columns)
            break;
        columns -= width;
        fits += length;
    }
    return fits;
}

char *text_copy(char *to, size_t room, const char *text)
{
    size_t n = strlen(text);

    if (room == 0)
        return to;
    if (n >= room) {
        n = room - 1;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
            n--;
    }
    memmove(to, text, n);
    to[n] = '\0';
    return to;
}

static void show_code(struct buf *out, uint32_t code)
{
    if (code == '\n')
        buf_text(out, "\\n");
    else if (code == '\t')
        buf_text(out, "\\t");
    else if (code == '\r')
        buf_text(out, "\\r");
    else if (code < 0x80)
        buf_printf(out, "\\x%02x", code);
    else
        buf_printf(out, "\\u{%x}", code);
}

void text_visible(struct buf *out, const char *bytes, size_t n)
{
    int marks = 0; /* combining marks that may follow: something stands before them */

    while (n > 0) {
        uint32_t code = 0;
        size_t length = text_decode(bytes, n, &code);
        int width = length == 0 ? -1 : text_char_width(code);

        if (length == 0)
            buf_printf(out, "\\x%02x", (unsigned char)*bytes);
        else if (width < 0 || (width == 0 && marks == 0))
            show_code(out, code);
        else
            buf_bytes(out, bytes, length);
        marks = width > 0 ? MARKS_MOST : width == 0 && marks > 0 ? marks - 1 : 0;
        if (length == 0)
            length = 1;
        bytes += length;
        n -= length;
    }
}

void text_show(struct buf *out, const char *text)
{
    text_visible(out, text, strlen(text));
}

char *text_visible_copy(char *to, size_t room, const char *text)
{
    struct buf b = BUF_INIT(8 * strlen(text) + 16);

    text_show(&b, text);
    text_copy(to, room, buf_failed(&b) ? "?" : b.bytes);
    buf_release(&b);
    return to;
}
