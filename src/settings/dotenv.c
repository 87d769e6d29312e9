/*
 * dotenv.c - reads .env text with one finger on it.
 * Pure. Must not know which names mean something to headgate, nor where the text comes from.
 */
#include "dotenv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/vec.h"

enum {
    VALUE_LIMIT = 256 * 1024,      /* of one value, after interpolation */
    VALUES_LIMIT = 4 * 1024 * 1024 /* of all: ${A}${A} doubles with every line */
};

struct reader {
    const char *text, *at, *end;
    const char *file;
    dotenv_lookup *lookup;
    void *context;
    struct dotenv entries;
    size_t values_size;
    const char *counted; /* up to where lines have been counted */
    int line;            /* of `counted` */
    bool may_show;       /* what is being read is no secret */
    hg_error *err;
};

static int line_of(struct reader *r, const char *at)
{
    if (at < r->counted) {
        r->counted = r->text;
        r->line = 1;
    }
    for (; r->counted < at; r->counted++)
        r->line += *r->counted == '\n';
    return r->line;
}

static int column_of(const struct reader *r, const char *at)
{
    int column = 1;

    for (; at > r->text && at[-1] != '\n'; at--)
        column += ((unsigned char)at[-1] & 0xC0) != 0x80;
    return column;
}

/* A URL may stand under any name. */
static bool line_has_url(const struct reader *r, const char *at)
{
    const char *start = at, *end = at;

    while (start > r->text && start[-1] != '\n')
        start--;
    while (end < r->end && *end != '\n')
        end++;
    return memmem(start, (size_t)(end - start), "://", 3) != NULL;
}

__attribute__((format(printf, 3, 4))) static bool fault(struct reader *r, const char *at,
                                                        const char *format, ...)
{
    char message[200];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    hg_fail(r->err, HG_CONFIG, "%s", message);
    hg_error_place(r->err, r->file, line_of(r, at), column_of(r, at));
    if (r->may_show && !line_has_url(r, at))
        hg_error_excerpt(r->err, r->text, (size_t)(r->end - r->text), (size_t)(at - r->text));
    return false;
}

static bool fail_memory(struct reader *r)
{
    return hg_fail(r->err, HG_NOMEM, "could not read \"%s\": out of memory", r->file);
}

/* Python's \s beyond ASCII; a no-break space comes along when a line is copied from a web page. */
static bool is_space(uint32_t code)
{
    return code == ' ' || (code >= '\t' && code <= '\r') || (code >= 0x1C && code <= 0x1F)
           || code == 0x85 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A)
           || code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F
           || code == 0x3000;
}

/* Bytes of the space at `at`, 0 when there is none. */
static size_t space_at(const struct reader *r, const char *at)
{
    uint32_t code = 0;
    size_t n = text_decode(at, (size_t)(r->end - at), &code);

    return n > 0 && is_space(code) ? n : 0;
}

static bool at_line_end(const struct reader *r)
{
    return r->at == r->end || *r->at == '\n' || *r->at == '\r';
}

static void skip_blanks(struct reader *r)
{
    size_t n;

    while (!at_line_end(r) && (n = space_at(r, r->at)) > 0)
        r->at += n;
}

static void skip_spaces(struct reader *r)
{
    size_t n;

    while (r->at < r->end && (n = space_at(r, r->at)) > 0)
        r->at += n;
}

static void skip_line(struct reader *r)
{
    while (!at_line_end(r))
        r->at++;
}

static void skip_export(struct reader *r)
{
    const char *start = r->at;

    if ((size_t)(r->end - r->at) < 7 || memcmp(r->at, "export", 6) != 0)
        return;
    r->at += 6;
    if (at_line_end(r) || space_at(r, r->at) == 0) {
        r->at = start;
        return;
    }
    skip_blanks(r);
}

static bool contains(const char *text, size_t n, const char *word)
{
    size_t m = strlen(word);

    for (size_t i = 0; i + m <= n; i++)
        if (strncasecmp(text + i, word, m) == 0)
            return true;
    return false;
}

bool dotenv_name_is_secret(const char *name)
{
    static const char *const words[] = {"pass",   "pwd",  "secret", "token", "key",
                                        "url",    "uri",  "dsn",    "cred",  "auth",
                                        "cookie", "salt", "cert",   "pin",   "signature"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (contains(name, strlen(name), words[i]))
            return true;
    return false;
}

/* A shell's idea of a name. python-dotenv takes more, but only such a one is repeated in errors. */
static bool is_plain_name(const char *name)
{
    size_t n = strlen(name);

    return n > 0 && n <= 64
           && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static const char *shown(const char *name)
{
    return is_plain_name(name) ? name : "this name";
}

static bool keep_name(struct reader *r, struct dotenv_entry *e, const char *start, size_t n)
{
    e->name = alloc_text_n(start, n);
    return e->name != NULL || fail_memory(r);
}

static bool take_quoted_name(struct reader *r, struct dotenv_entry *e)
{
    const char *start = ++r->at;

    while (!at_line_end(r) && *r->at != '\'')
        r->at++;
    if (at_line_end(r) || r->at == start)
        return fault(r, start - 1, "a quoted name is empty or not closed on its line");
    r->at++;
    return keep_name(r, e, start, (size_t)(r->at - 1 - start));
}

static bool take_name(struct reader *r, struct dotenv_entry *e)
{
    const char *start = r->at;

    r->may_show = false;
    e->line = line_of(r, start);
    if (start < r->end && *start == '\'')
        return take_quoted_name(r, e);
    while (r->at < r->end && *r->at != '=' && *r->at != '#' && space_at(r, r->at) == 0)
        r->at++;
    if (r->at == start)
        return fault(r, start, "a name is missing");
    return keep_name(r, e, start, (size_t)(r->at - start));
}

/* The byte that a backslash and `c` stand for inside `quote`, or 0. */
static char unescape(char quote, char c)
{
    static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
    const char *found = c == '\0' ? NULL : strchr(from, c);

    if (found == NULL || (quote == '\'' && c != '\\' && c != '\''))
        return '\0';
    return to[found - from];
}

/* Up to the closing quote; a line end inside is part of the value, as "\n" however it is written.
 */
static bool take_quoted(struct reader *r, const struct dotenv_entry *e, struct buf *raw)
{
    const char *open = r->at;
    char quote = *r->at++;

    while (r->at < r->end && *r->at != quote) {
        char c = *r->at++;
        char escaped = c == '\\' && r->at < r->end ? unescape(quote, *r->at) : '\0';

        if (escaped != '\0') {
            c = escaped;
            r->at++;
        } else if (c == '\r') {
            c = '\n';
            r->at += r->at < r->end && *r->at == '\n';
        }
        buf_char(raw, c);
    }
    if (r->at == r->end) {
        fault(r, open, "the quote of %s is never closed", shown(e->name));
        hg_error_hint(r->err,
                      "Close it with %c; inside, a quote is written as \\%c and a backslash "
                      "as \\\\.",
                      quote, quote);
        return false;
    }
    r->at++;
    return true;
}

/* Up to the line's end or a comment: a "#" with a space before it. */
static void take_unquoted(struct reader *r, struct buf *raw)
{
    const char *start = r->at, *behind = r->at;

    while (!at_line_end(r)) {
        size_t n = space_at(r, r->at);

        if (*r->at == '#' && r->at > start && behind < r->at)
            break;
        r->at += n > 0 ? n : 1;
        if (n == 0)
            behind = r->at;
    }
    buf_bytes(raw, start, (size_t)(behind - start));
    skip_line(r);
}

/* A name means the environment's, else the file's above: not the entry that is being read. */
static const char *value_of(const struct reader *r, const char *name)
{
    const char *value = r->lookup == NULL ? NULL : r->lookup(r->context, name);
    struct dotenv above = {.items = r->entries.items, .count = r->entries.count - 1};
    const struct dotenv_entry *entry;

    if (value != NULL)
        return value;
    entry = dotenv_find(&above, name);
    if (entry == NULL)
        return NULL;
    return entry->value == NULL ? "" : entry->value;
}

/* Appends what ${name} or ${name:-default} stands for; inside: what is between the braces. */
static bool interpolate_one(struct reader *r, const char *inside, size_t n, struct buf *out)
{
    const char *colon = memchr(inside, ':', n);
    size_t name_size = colon == NULL ? n : (size_t)(colon - inside);
    char *name = alloc_text_n(inside, name_size);
    const char *value;

    if (name == NULL)
        return fail_memory(r);
    value = value_of(r, name);
    if (value != NULL)
        buf_text(out, value);
    else if (colon != NULL)
        buf_bytes(out, colon + 2, n - name_size - 2);
    alloc_free(name);
    return true;
}

/* The end of a ${...} that starts at `at`, at its brace; NULL: it is ordinary text. */
static const char *interpolation_end(const char *at, const char *end)
{
    const char *close, *colon;

    if (end - at < 3 || at[0] != '$' || at[1] != '{')
        return NULL;
    close = memchr(at, '}', (size_t)(end - at));
    colon = close == NULL ? NULL : memchr(at, ':', (size_t)(close - at));
    return colon != NULL && colon[1] != '-' ? NULL : close;
}

static bool interpolate(struct reader *r, const struct buf *raw, struct buf *out)
{
    const char *at = raw->bytes, *end = raw->bytes + raw->size;

    while (at < end) {
        const char *close = interpolation_end(at, end);

        if (close == NULL) {
            buf_char(out, *at++);
            continue;
        }
        if (!interpolate_one(r, at + 2, (size_t)(close - at - 2), out))
            return false;
        at = close + 1;
    }
    return true;
}

static void wipe(struct buf *b)
{
    if (b->room > 0)
        explicit_bzero(b->bytes, b->room);
    buf_release(b);
}

/* Turns what stands behind "=" into the entry's value. */
static bool take_value(struct reader *r, struct dotenv_entry *e)
{
    struct buf raw = BUF_INIT(VALUE_LIMIT), out = BUF_INIT(VALUE_LIMIT);
    bool quoted = r->at < r->end && (*r->at == '"' || *r->at == '\'');
    const char *start = r->at + quoted;
    bool ok = true;

    e->value_line = line_of(r, start);
    e->value_column = column_of(r, start);
    if (quoted)
        ok = take_quoted(r, e, &raw);
    else
        take_unquoted(r, &raw);
    ok = ok && interpolate(r, &raw, &out);
    if (ok && out.size + r->values_size > VALUES_LIMIT)
        ok = fault(r, start, "the values of this file grow beyond %d bytes", VALUES_LIMIT);
    if (ok && (buf_failed(&raw) || buf_failed(&out)))
        ok = out.size + raw.size > VALUE_LIMIT / 2 ? fault(r, start, "a value is too long")
                                                   : fail_memory(r);
    if (ok) {
        r->values_size += out.size;
        e->verbatim = out.size <= (size_t)(r->end - start)
                      && memcmp(out.bytes, start, out.size) == 0
                      && memchr(out.bytes, '\n', out.size) == NULL;
        e->value = alloc_text_n(out.bytes, out.size);
        ok = e->value != NULL || fail_memory(r);
    }
    wipe(&raw);
    wipe(&out);
    return ok;
}

/* Behind a name or value only a comment may follow. */
static bool take_rest(struct reader *r, const struct dotenv_entry *e)
{
    skip_blanks(r);
    if (!at_line_end(r) && *r->at == '#')
        skip_line(r);
    if (at_line_end(r))
        return true;
    if (e->value == NULL) {
        r->may_show = false; /* whatever this is, it was not meant as a name */
        fault(r, r->at, "\"=\" is missing behind %s", shown(e->name));
        hg_error_hint(r->err, "Write NAME=value; a name has no spaces.");
    } else {
        fault(r, r->at, "something follows the closing quote of %s", shown(e->name));
        hg_error_hint(r->err, "Inside double quotes, write a quote as \\\".");
    }
    return false;
}

static bool take_entry(struct reader *r)
{
    struct dotenv_entry *e;

    skip_export(r);
    if (r->at < r->end && *r->at == '#') {
        skip_line(r);
        return true;
    }
    e = VEC_PUSH(&r->entries);
    if (e == NULL)
        return fail_memory(r);
    if (!take_name(r, e))
        return false;
    r->may_show = is_plain_name(e->name) && !dotenv_name_is_secret(e->name);
    skip_blanks(r);
    if (r->at < r->end && *r->at == '=') {
        r->at++;
        skip_blanks(r);
        if (!take_value(r, e))
            return false;
    }
    return take_rest(r, e);
}

/* Whether all of it is text; what an editor saved as UTF-16 or Latin-1 is named as such. */
static bool check_text(struct reader *r)
{
    const char *at = r->at;

    while (at < r->end) {
        uint32_t code = 0;
        size_t n = text_decode(at, (size_t)(r->end - at), &code);

        if (n == 0 || code == 0) {
            fault(r, at, n == 0 ? "this is not UTF-8 text" : "this is not text: a zero byte");
            hg_error_hint(r->err, "Save the file as UTF-8 text.");
            return false;
        }
        at += n;
    }
    return true;
}

bool dotenv_parse(const char *text, size_t size, const char *file, dotenv_lookup *lookup,
                  void *context, struct dotenv *out_entries, hg_error *err)
{
    struct reader r = {.text = text,
                       .at = text,
                       .end = text + size,
                       .counted = text,
                       .line = 1,
                       .file = file,
                       .lookup = lookup,
                       .context = context,
                       .err = err};
    bool ok;

    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        r.at += 3;
    ok = check_text(&r);
    while (ok) {
        skip_spaces(&r);
        if (r.at == r.end)
            break;
        ok = take_entry(&r);
    }
    if (ok)
        *out_entries = r.entries;
    else
        dotenv_release(&r.entries);
    return ok;
}

const struct dotenv_entry *dotenv_find(const struct dotenv *entries, const char *name)
{
    for (size_t i = entries->count; i > 0; i--)
        if (entries->items[i - 1].name != NULL && strcmp(entries->items[i - 1].name, name) == 0)
            return &entries->items[i - 1];
    return NULL;
}

void dotenv_release(struct dotenv *entries)
{
    struct dotenv_entry *e;

    VEC_EACH (entries, e) {
        if (e->value != NULL)
            explicit_bzero(e->value, strlen(e->value));
        alloc_free(e->value);
        alloc_free(e->name);
    }
    VEC_RELEASE(entries);
}
