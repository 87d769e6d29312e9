/*
 * python.c - what one of Alembic's revision files says about itself.
 *
 * As much of Python's grammar as tells where a logical line begins and ends: strings of every kind,
 * comments, brackets, continued lines.
 */
#include "python.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

enum token_kind { END, NEWLINE, NAME, STRING, MARK };

struct token {
    enum token_kind kind;
    size_t offset, size; /* of a string: what stands between its quotes */
    bool raw, column_one;
    int line;
    size_t line_start;
};

struct reader {
    const char *path, *text;
    size_t size, at, line_start;
    int line, depth; /* of brackets that are open */
    struct token token;
    struct arena *arena;
    struct python_revision found;
    hg_error *err;
};

static bool no_memory(const struct reader *r)
{
    return hg_fail(r->err, HG_NOMEM, "could not read \"%s\": out of memory", r->path);
}

/* --- tokens --- */

static void new_line(struct reader *r)
{
    r->line++;
    r->line_start = r->at;
}

/* Blanks, comments, continued lines; inside of brackets line ends too. */
static void skip_blanks(struct reader *r)
{
    while (r->at < r->size) {
        char c = r->text[r->at];

        if (c == '#') {
            while (r->at < r->size && r->text[r->at] != '\n')
                r->at++;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
            r->at++;
        } else if ((c == '\n' && r->depth > 0) || (c == '\\' && r->text[r->at + 1] == '\n')) {
            r->at += c == '\n' ? 1 : 2;
            new_line(r);
        } else {
            return;
        }
    }
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (c & 0x80) != 0;
}

/* Letters before a quote that make it a string of another kind; how many there are. */
static size_t prefix_size(const struct reader *r)
{
    size_t n = strspn(r->text + r->at, "rRbBuUfF");

    return n <= 2 && (r->text[r->at + n] == '"' || r->text[r->at + n] == '\'') ? n : 0;
}

static void take_string(struct reader *r, struct token *t)
{
    const char *prefix = r->text + r->at;
    size_t n = prefix_size(r), quotes;
    char quote = r->text[r->at + n];

    t->kind = STRING;
    t->raw = memchr(prefix, 'r', n) != NULL || memchr(prefix, 'R', n) != NULL;
    r->at += n;
    quotes = r->text[r->at + 1] == quote && r->text[r->at + 2] == quote ? 3 : 1;
    r->at += quotes;
    t->offset = r->at;
    while (r->at < r->size
           && (r->text[r->at] != quote
               || (quotes == 3 && (r->text[r->at + 1] != quote || r->text[r->at + 2] != quote)))) {
        if (quotes == 1 && r->text[r->at] == '\n')
            break; /* not closed: Python would not read this file at all */
        r->at += r->text[r->at] == '\\' && r->at + 1 < r->size ? 1 : 0;
        if (r->text[r->at++] == '\n')
            new_line(r);
    }
    t->size = r->at - t->offset;
    r->at += quotes;
    if (r->at > r->size)
        r->at = r->size;
}

/* Moves on to the next token; `r->token` is it. */
static void next(struct reader *r)
{
    struct token *t = &r->token;
    char c;

    skip_blanks(r);
    *t = (struct token){.kind = MARK,
                        .offset = r->at,
                        .size = 1,
                        .line = r->line,
                        .line_start = r->line_start,
                        .column_one = r->at == r->line_start};
    if (r->at >= r->size) {
        t->kind = END;
        return;
    }
    c = r->text[r->at];
    if (c == '"' || c == '\'' || prefix_size(r) > 0) {
        take_string(r, t);
    } else if (is_word(c)) {
        t->kind = NAME;
        while (r->at < r->size && is_word(r->text[r->at]))
            r->at++;
        t->size = r->at - t->offset;
    } else {
        r->at++;
        r->depth += strchr("([{", c) != NULL                   ? 1
                    : strchr(")]}", c) != NULL && r->depth > 0 ? -1
                                                               : 0;
        if (c == '\n') {
            t->kind = NEWLINE;
            new_line(r);
        }
    }
}

static bool is_mark(const struct reader *r, char c)
{
    return r->token.kind == MARK && r->text[r->token.offset] == c;
}

static bool is_name(const struct reader *r, const char *name)
{
    return r->token.kind == NAME && strlen(name) == r->token.size
           && memcmp(r->text + r->token.offset, name, r->token.size) == 0;
}

static void skip_line(struct reader *r)
{
    while (r->token.kind != NEWLINE && r->token.kind != END)
        next(r);
}

static bool fault(const struct reader *r, const char *name)
{
    hg_fail(r->err, HG_FILE, "the value of %s is not plain text, so only Python could tell it",
            name);
    hg_error_place(r->err, r->path, r->token.line,
                   (int)(r->token.offset - r->token.line_start) + 1);
    hg_error_excerpt(r->err, r->text, r->size, r->token.offset);
    hg_error_hint(r->err, "Write it as Alembic does: None, a text, or a tuple of texts.");
    return false;
}

/* --- values --- */

/* Adds what a string says; escapes that no revision has any use for stay as they are. */
static void add_string(struct buf *out, const struct reader *r)
{
    const char *from = r->text + r->token.offset;

    for (size_t i = 0; i < r->token.size; i++) {
        if (from[i] == '\\' && !r->token.raw && i + 1 < r->token.size) {
            i++;
            if (from[i] == '\n')
                continue;
            buf_char(out, from[i] == 'n' ? '\n' : from[i] == 't' ? '\t' : from[i]);
        } else {
            buf_char(out, from[i]);
        }
    }
}

/* One text; strings side by side are one. */
static bool take_text(struct reader *r, const char **out)
{
    struct buf text = BUF_INIT(1 << 20);

    for (; r->token.kind == STRING; next(r))
        add_string(&text, r);
    *out = buf_failed(&text) ? NULL : arena_text(r->arena, text.bytes);
    buf_release(&text);
    return *out != NULL || no_memory(r);
}

typedef VEC(const char *) texts;

static bool keep(struct reader *r, const texts *list, struct python_names *out)
{
    const char **items = arena_alloc(r->arena, list->count + 1, sizeof *items);

    if (items == NULL)
        return no_memory(r);
    if (list->count > 0)
        memcpy(items, list->items, list->count * sizeof *items);
    *out = (struct python_names){items, list->count};
    return true;
}

static bool take_items(struct reader *r, const char *name, texts *list)
{
    bool ok = true;

    while (ok && (is_mark(r, '(') || is_mark(r, '[') || is_mark(r, '{')))
        next(r);
    while (ok && r->token.kind == STRING) {
        const char *text = NULL, **item = VEC_PUSH(list);

        ok = item != NULL ? take_text(r, &text) : no_memory(r);
        if (ok)
            *item = text;
        if (is_mark(r, ','))
            next(r);
    }
    while (ok && (is_mark(r, ')') || is_mark(r, ']') || is_mark(r, '}')))
        next(r);
    if (ok && r->token.kind != NEWLINE && r->token.kind != END)
        ok = fault(r, name);
    return ok;
}

/* What stands behind "name" on a logical line; out untouched when it is no assignment. */
static bool take_value(struct reader *r, const char *name, struct python_names *out)
{
    texts list = VEC_INIT;
    bool ok = true;

    next(r);
    if (is_mark(r, ':'))
        while (!(is_mark(r, '=') && r->depth == 0) && r->token.kind != NEWLINE
               && r->token.kind != END)
            next(r);
    if (!is_mark(r, '='))
        return true;
    next(r);
    if (is_mark(r, '=')) /* a comparison */
        return true;
    if (is_name(r, "None"))
        next(r);
    ok = take_items(r, name, &list) && keep(r, &list, out);
    VEC_RELEASE(&list);
    return ok;
}

/* --- the docstring --- */

static long long created_in(const char *text, size_t size)
{
    static const char mark[] = "Create Date:";
    const char *at = memmem(text, size, mark, sizeof mark - 1);
    int year, month, day, hour, minute, second;

    if (at == NULL
        || sscanf(at + sizeof mark - 1, " %4d-%2d-%2d%*[ T]%2d:%2d:%2d", &year, &month, &day, &hour,
                  &minute, &second)
               != 6)
        return 0;
    return ((((year * 100LL + month) * 100 + day) * 100 + hour) * 100 + minute) * 100 + second;
}

static bool take_docstring(struct reader *r)
{
    const char *from = r->text + r->token.offset;
    size_t start = 0, n;

    while (start < r->token.size && isspace((unsigned char)from[start]))
        start++;
    n = strcspn(from + start, "\n");
    n = n < r->token.size - start ? n : r->token.size - start;
    while (n > 0 && isspace((unsigned char)from[start + n - 1]))
        n--;
    r->found.message = arena_text_n(r->arena, from + start, n);
    r->found.created = created_in(from, r->token.size);
    return r->found.message != NULL || no_memory(r);
}

/* --- the file --- */

static bool take_line(struct reader *r, bool first)
{
    struct python_names revision = {0};

    if (first && r->token.kind == STRING)
        return take_docstring(r);
    if (!r->token.column_one || r->token.kind != NAME)
        return true;
    if (is_name(r, "down_revision"))
        return take_value(r, "down_revision", &r->found.down_revision);
    if (is_name(r, "depends_on"))
        return take_value(r, "depends_on", &r->found.depends_on);
    if (is_name(r, "branch_labels"))
        return take_value(r, "branch_labels", &r->found.branch_labels);
    if (!is_name(r, "revision"))
        return true;
    if (!take_value(r, "revision", &revision))
        return false;
    if (revision.count > 1)
        return fault(r, "revision");
    if (revision.count == 1)
        r->found.revision = revision.items[0];
    return true;
}

bool python_read(const char *path, const char *text, size_t size, struct arena *arena,
                 struct python_revision *out, hg_error *err)
{
    struct reader r = {.path = path,
                       .text = text,
                       .size = size,
                       .line = 1,
                       .arena = arena,
                       .found = {.message = ""},
                       .err = err};
    bool first = true;

    for (next(&r); r.token.kind != END; next(&r)) {
        if (r.token.kind == NEWLINE)
            continue;
        if (!take_line(&r, first))
            return false;
        first = false;
        skip_line(&r);
    }
    *out = r.found;
    return true;
}
