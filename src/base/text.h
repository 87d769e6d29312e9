/*
 * text.h - UTF-8: validate, measure in columns, cut to columns, make what could drive a terminal
 * visible.
 *
 * Width is libc's wcwidth(), because ncursesw believes it too. Call setlocale(LC_CTYPE, "") once at
 * start; where the locale is not UTF-8, every byte beyond ASCII counts as something to be made
 * visible.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Decodes one character of n bytes into *out_code; returns its length, or 0 when the bytes are not
 * UTF-8 (RFC 3629). */
size_t text_decode(const char *bytes, size_t n, uint32_t *out_code);

/* Encodes a character into up to 4 bytes; returns how many. */
size_t text_encode(uint32_t code, char out[4]);

/* The value of a hexadecimal digit; -1: it is none. */
static inline int text_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool text_valid(const char *bytes, size_t n);

/* Whether this locale can show characters beyond ASCII. */
bool text_locale_utf8(void);

/* Columns of one character: 0 combining, 1, 2 wide, -1 not printable in this locale. */
int text_char_width(uint32_t code);

/* Columns of a text that text_visible() made. */
int text_width(const char *text);

/* How many bytes of the text fit into `columns`; whole characters, with the marks that combine with
 * them. */
size_t text_fit(const char *text, int columns);

/* Copies a text into room bytes, cut at a whole character; NUL-terminated, returns `to`. */
char *text_copy(char *to, size_t room, const char *text);

/*
 * Appends n bytes so that they can do nothing but be read: control characters, DEL, C1, bidi
 * controls, invisible and unassigned characters, marks that pile up and invalid bytes appear as \n,
 * \t, \x1b or \u{202e}. The result is one line of valid text.
 */
void text_visible(struct buf *out, const char *bytes, size_t n);

/* The same of a whole text. */
void text_show(struct buf *out, const char *text);

/* The same into room bytes, cut at a whole character; returns `to`. */
char *text_visible_copy(char *to, size_t room, const char *text);

#endif
