/*
 * lex.c - one token of SQL at a time.
 */
#include "lex.h"

#include <string.h>

/* What a token is being cut from. */
struct source {
    hg_driver dialect;
    const char *text;
    size_t size;
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_name_part(char c)
{
    return is_name_start(c) || is_digit(c) || c == '$';
}

static char peek(const struct source *s, size_t at)
{
    return at < s->size ? s->text[at] : '\0';
}

static struct lex_token token(enum lex_kind kind, size_t from, size_t to, bool closed)
{
    return (struct lex_token){kind, from, to - from, closed};
}

static struct lex_token space(const struct source *s, size_t from)
{
    size_t at = from + 1;

    while (at < s->size && is_space(s->text[at]))
        at++;
    return token(LEX_SPACE, from, at, true);
}

/* PostgreSQL ends a line at a carriage return too, SQLite at a line feed alone. */
static struct lex_token line_comment(const struct source *s, size_t from)
{
    const char *start = s->text + from, *end = memchr(start, '\n', s->size - from);
    size_t n = end == NULL ? s->size - from : (size_t)(end - start);

    if (s->dialect == HG_POSTGRESQL) {
        const char *carriage = memchr(start, '\r', n);

        n = carriage == NULL ? n : (size_t)(carriage - start);
    }
    return token(LEX_LINE_COMMENT, from, from + n, true);
}

/* PostgreSQL's comments nest, as the SQL standard wants; SQLite's do not. */
static struct lex_token block_comment(const struct source *s, size_t from)
{
    size_t at = from + 2;
    size_t depth = 1;

    while (at < s->size && depth > 0) {
        if (s->text[at] == '*' && peek(s, at + 1) == '/') {
            depth--;
            at += 2;
        } else if (s->dialect == HG_POSTGRESQL && s->text[at] == '/' && peek(s, at + 1) == '*') {
            depth++;
            at += 2;
        } else {
            at++;
        }
    }
    return token(LEX_BLOCK_COMMENT, from, at, depth == 0);
}

/* From an opening quote at `from` to behind its closing one; a doubled quote stands for itself. */
static size_t quoted_end(const struct source *s, size_t from, char quote, bool *out_closed)
{
    size_t at = from + 1;

    *out_closed = false;
    while (at < s->size) {
        const char *found = memchr(s->text + at, quote, s->size - at);

        if (found == NULL)
            return s->size;
        at = (size_t)(found - s->text) + 1;
        if (peek(s, at) != quote || at >= s->size) {
            *out_closed = true;
            return at;
        }
        at++;
    }
    return at;
}

/* The same where a backslash takes the next byte with it. */
static size_t escaped_end(const struct source *s, size_t from, bool *out_closed)
{
    size_t at = from + 1;

    *out_closed = false;
    while (at < s->size) {
        char c = s->text[at];

        if (c == '\\') {
            at = at + 2 < s->size ? at + 2 : s->size;
        } else if (c == '\'' && peek(s, at + 1) == '\'') {
            at += 2;
        } else if (c == '\'') {
            *out_closed = true;
            return at + 1;
        } else {
            at++;
        }
    }
    return at;
}

/*
 * A string goes on in the same mode when only white space with a line end, and comments, stand
 * before the next quote. Returns where that quote is, or `at`.
 */
static size_t continuation(const struct source *s, size_t at)
{
    bool line_end = false;
    size_t next = at;

    while (next < s->size) {
        if (is_space(s->text[next])) {
            line_end = line_end || s->text[next] == '\n' || s->text[next] == '\r';
            next++;
        } else if (s->text[next] == '-' && peek(s, next + 1) == '-') {
            next += line_comment(s, next).size;
        } else {
            break;
        }
    }
    return line_end && peek(s, next) == '\'' ? next : at;
}

static struct lex_token escape_string(const struct source *s, size_t from)
{
    size_t quote = from + 1, end;
    bool closed;

    for (;;) {
        end = escaped_end(s, quote, &closed);
        quote = closed ? continuation(s, end) : end;
        if (quote == end)
            return token(LEX_STRING, from, end, closed);
    }
}

static struct lex_token quoted(const struct source *s, size_t from, enum lex_kind kind)
{
    bool closed;
    size_t end = quoted_end(s, from, s->text[from], &closed);

    return token(kind, from, end, closed);
}

static struct lex_token bracketed(const struct source *s, size_t from)
{
    const char *end = memchr(s->text + from, ']', s->size - from);

    return token(LEX_QUOTED, from, end == NULL ? s->size : (size_t)(end - s->text) + 1,
                 end != NULL);
}

/* The size of $tag$ at `from`, or 0 when there is none. */
static size_t dollar_tag(const struct source *s, size_t from)
{
    size_t at = from + 1;

    if (is_digit(peek(s, at)))
        return 0;
    while (at < s->size && is_name_part(s->text[at]) && s->text[at] != '$')
        at++;
    return peek(s, at) == '$' ? at + 1 - from : 0;
}

static struct lex_token dollar(const struct source *s, size_t from)
{
    size_t tag = dollar_tag(s, from), at = from + 1;
    const char *body, *end;

    if (tag == 0) { /* $1, or a stray sign */
        while (at < s->size && is_digit(s->text[at]))
            at++;
        return token(at > from + 1 ? LEX_WORD : LEX_MARK, from, at, true);
    }
    body = s->text + from + tag;
    end = memmem(body, s->size - from - tag, s->text + from, tag);
    return token(LEX_STRING, from, end == NULL ? s->size : (size_t)(end - s->text) + tag,
                 end != NULL);
}

static struct lex_token word(const struct source *s, size_t from)
{
    size_t at = from + 1;

    while (at < s->size && is_name_part(s->text[at]))
        at++;
    return token(LEX_WORD, from, at, true);
}

/* What the two engines read differently; LEX_END when it is nothing of the kind. */
static struct lex_token by_dialect(const struct source *s, size_t from)
{
    char c = s->text[from];

    if (s->dialect == HG_POSTGRESQL) {
        if (c == '$')
            return dollar(s, from);
        if ((c == 'e' || c == 'E') && peek(s, from + 1) == '\'')
            return escape_string(s, from);
    } else {
        if (c == '`')
            return quoted(s, from, LEX_QUOTED);
        if (c == '[')
            return bracketed(s, from);
        if (c == '$')
            return word(s, from);
    }
    return token(LEX_END, from, from, true);
}

struct lex_token lex_token(hg_driver dialect, const char *text, size_t size, size_t at)
{
    const struct source s = {dialect, text, size};
    char c = peek(&s, at);
    struct lex_token special;

    if (at >= size)
        return token(LEX_END, size, size, true);
    if (is_space(c))
        return space(&s, at);
    if (c == '-' && peek(&s, at + 1) == '-')
        return line_comment(&s, at);
    if (c == '/' && peek(&s, at + 1) == '*')
        return block_comment(&s, at);
    if (c == '\'')
        return quoted(&s, at, LEX_STRING);
    if (c == '"')
        return quoted(&s, at, LEX_QUOTED);
    special = by_dialect(&s, at);
    if (special.kind != LEX_END)
        return special;
    if (is_name_start(c) || is_digit(c))
        return word(&s, at);
    return token(LEX_MARK, at, at + 1, true);
}

bool lex_is(const char *bytes, size_t n, const char *lower)
{
    for (size_t i = 0; i < n; i++) {
        char c = bytes[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c != lower[i] || c == '\0')
            return false;
    }
    return lower[n] == '\0';
}
