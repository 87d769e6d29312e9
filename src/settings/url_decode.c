/*
 * url_decode.c - the text of a database URL without its percent-encoding (RFC 3986 §2.1), and what
 * is wrong with it. Pure. No error repeats more of a URL than its caller's format says.
 */
#include "url_parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

bool url_fault(struct url_parser *p, const char *at, const char *format, ...)
{
    char message[300];
    int column = 1;
    va_list args;

    for (const char *c = p->text; c < at; c++)
        column += ((unsigned char)*c & 0xC0) != 0x80;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    hg_fail(p->err, HG_CONFIG, "%s (character %d of the URL)", message, column);
    hg_error_place(p->err, NULL, 0, column);
    return false;
}

bool url_no_memory(struct url_parser *p)
{
    return hg_fail(p->err, HG_NOMEM, "could not read a database URL: out of memory");
}

/* Percent-decodes into a text of length(s) + 1 bytes (RFC 3986 §2.1). */
static bool decode_into(struct url_parser *p, struct span s, char *out)
{
    for (const char *at = s.at; at < s.end; at++) {
        int high, low;

        if (*at != '%') {
            *out++ = *at;
            continue;
        }
        high = s.end - at > 2 ? text_hex_digit(at[1]) : -1;
        low = s.end - at > 2 ? text_hex_digit(at[2]) : -1;
        if (high < 0 || low < 0) {
            url_fault(p, at, "a \"%%\" without two hexadecimal digits behind it");
            hg_error_hint(p->err, "Write a percent sign as %%25.");
            return false;
        }
        if (high == 0 && low == 0)
            return url_fault(p, at, "a zero byte (%%00)");
        *out++ = (char)(high << 4 | low);
        at += 2;
    }
    *out = '\0';
    return true;
}

static bool is_clean(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            return false;
    return text_valid(text, strlen(text));
}

bool url_decode(struct url_parser *p, struct span s, const char **out)
{
    char *text = arena_alloc(&p->url->arena, length(s) + 1, 1);

    if (text == NULL)
        return url_no_memory(p);
    if (!decode_into(p, s, text))
        return false;
    if (!is_clean(text))
        return url_fault(p, s.at,
                         "a control character, or bytes that are not UTF-8, in percent form");
    *out = text;
    return true;
}

bool url_decode_secret(struct url_parser *p, struct span s, struct secret **out)
{
    char *text = alloc_zero(length(s) + 1, 1);
    bool ok = text != NULL && decode_into(p, s, text);

    if (text == NULL)
        return url_no_memory(p);
    if (ok) {
        secret_free(*out);
        *out = text[0] == '\0' ? NULL : secret_new(text, strlen(text));
        ok = text[0] == '\0' || *out != NULL || url_no_memory(p);
    }
    explicit_bzero(text, length(s) + 1);
    alloc_free(text);
    return ok;
}

bool url_fail_raw(struct url_parser *p, const char *at, const char *where)
{
    url_fault(p, at, "a raw \"%c\" in %s", *at, where);
    hg_error_hint(p->err,
                  "Write it percent-encoded, as %%%02X. A password may need that for each "
                  "of @ : / ? # %% and a space.",
                  (unsigned)(unsigned char)*at);
    return false;
}
