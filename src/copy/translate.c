/*
 * translate.c - token by token; the spaces between them stay.
 */
#include "translate.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "schema/names.h"

struct walk {
    const struct scope *scope;
    const struct tokens *tokens;
    struct arena arena;
    struct buf *out;
    char *why;
    bool truth; /* what stands beside a literal now is a boolean column */
};

static bool refuse(struct walk *w, const char *what, size_t i)
{
    const struct lex_token *token = &w->tokens->items[i];

    snprintf(w->why, WHY_SIZE, "%s: %.*s", what, token->size > 60 ? 60 : (int)token->size,
             w->tokens->text + token->offset);
    return false;
}

static bool is(const struct walk *w, size_t i, const char *lower)
{
    return token_is(w->tokens, i, lower);
}

static bool touches(const struct walk *w, size_t i)
{
    const struct lex_token *before = &w->tokens->items[i - 1];

    return before->offset + before->size == w->tokens->items[i].offset;
}

static void put_source(struct walk *w, size_t i)
{
    tokens_source(w->tokens, i, i + 1, w->out);
}

/* --- words --- */

static const char *const expression_words[] = {
    "and",  "or",   "not", "null", "in",    "between", "case",    "when",
    "then", "else", "end", "true", "false", "isnull",  "notnull", NULL};

static const char *const query_words[] = {
    "select", "distinct", "all",   "from",   "join",      "left",   "inner", "outer",  "cross",
    "on",     "using",    "where", "group",  "by",        "having", "order", "asc",    "desc",
    "limit",  "offset",   "union", "except", "intersect", "as",     "with",  "exists", NULL};

static const struct function {
    const char *sqlite, *postgres;
    bool query; /* an aggregate */
} functions[] = {
    {"abs", "abs", false},         {"coalesce", "coalesce", false},
    {"ifnull", "coalesce", false}, {"nullif", "nullif", false},
    {"length", "length", false},   {"lower", "lower", false},
    {"upper", "upper", false},     {"trim", "btrim", false},
    {"ltrim", "ltrim", false},     {"rtrim", "rtrim", false},
    {"substr", "substr", false},   {"replace", "replace", false},
    {"round", "round", false},     {"count", "count", true},
    {"sum", "sum", true},          {"avg", "avg", true},
    {"min", "min", true},          {"max", "max", true},
};

static bool is_among(const struct walk *w, size_t i, const char *const *list)
{
    for (; *list != NULL; list++)
        if (is(w, i, *list))
            return true;
    return false;
}

static bool put_function(struct walk *w, size_t i)
{
    for (size_t k = 0; k < sizeof functions / sizeof *functions; k++)
        if (is(w, i, functions[k].sqlite) && (w->scope->query || !functions[k].query)) {
            buf_text(w->out, functions[k].postgres);
            return true;
        }
    return refuse(w, "a function that is not translated", i);
}

/* As it is spelled, else without regard to case. */
static const struct known_name *find(const struct walk *w, const char *name)
{
    const struct known_name *found = NULL;

    for (size_t i = 0; i < w->scope->count; i++) {
        if (strcmp(w->scope->names[i].name, name) == 0)
            return &w->scope->names[i];
        if (found == NULL && strcasecmp(w->scope->names[i].name, name) == 0)
            found = &w->scope->names[i];
    }
    return found;
}

/* In an expression a quoted name that is none is a string: SQLite takes it for one. */
static bool put_name(struct walk *w, size_t i)
{
    const char *name = token_name(w->tokens, i, &w->arena);
    const struct known_name *known = name == NULL ? NULL : find(w, name);

    if (name == NULL)
        return refuse(w, "out of memory", i);
    w->truth = known != NULL && known->truth;
    if (known != NULL || w->scope->query)
        name_put(w->out, known != NULL ? known->name : name);
    else if (w->tokens->items[i].kind == LEX_QUOTED
             && w->tokens->text[w->tokens->items[i].offset] == '"')
        literal_put(w->out, name);
    else
        return refuse(w, "a name that is not a column", i);
    return true;
}

/* IS compares everything in SQLite. */
static size_t put_is(struct walk *w, size_t i)
{
    bool negated = is(w, i + 1, "not");
    size_t next = i + 1 + negated;

    if (is(w, next, "null") || is(w, next, "true") || is(w, next, "false"))
        buf_text(w->out, negated ? "IS NOT" : "IS");
    else
        buf_text(w->out, negated ? "IS DISTINCT FROM" : "IS NOT DISTINCT FROM");
    return next;
}

/* LIKE knows no case in SQLite; without letters that makes no difference. */
static bool put_like(struct walk *w, size_t i)
{
    const struct lex_token *pattern = &w->tokens->items[i + 1];

    if (pattern->kind != LEX_STRING)
        return refuse(w, "LIKE without regard to case", i);
    for (size_t k = 0; k < pattern->size; k++) {
        unsigned char c = (unsigned char)w->tokens->text[pattern->offset + k];

        if (isalpha(c) || c >= 0x80 || c == '\\')
            return refuse(w, "LIKE without regard to case", i + 1);
    }
    buf_text(w->out, "LIKE");
    return true;
}

static bool is_number(const struct walk *w, size_t i)
{
    return isdigit((unsigned char)w->tokens->text[w->tokens->items[i].offset]) != 0;
}

static bool put_number(struct walk *w, size_t i)
{
    if (w->tokens->items[i].size > 1
        && (w->tokens->text[w->tokens->items[i].offset + 1] | 32) == 'x')
        return refuse(w, "a hexadecimal number", i);
    if (w->truth && (is(w, i, "0") || is(w, i, "1")))
        buf_text(w->out, is(w, i, "0") ? "false" : "true");
    else
        put_source(w, i);
    return true;
}

/* *io_i: the token; afterwards the last one that was taken. */
static bool put_word(struct walk *w, size_t *io_i, size_t to)
{
    size_t i = *io_i;

    if (is_number(w, i))
        return put_number(w, i);
    if (is(w, i, "is")) {
        *io_i = put_is(w, i) - 1;
        return true;
    }
    if (is(w, i, "like"))
        return put_like(w, i);
    if (is_among(w, i, expression_words) || (w->scope->query && is_among(w, i, query_words))) {
        w->truth = w->truth && (is(w, i, "in") || is(w, i, "not"));
        put_source(w, i);
        return true;
    }
    if (i + 1 < to && is(w, i + 1, "("))
        return put_function(w, i);
    return put_name(w, i);
}

static bool put_mark(struct walk *w, size_t *io_i)
{
    size_t i = *io_i;
    char c = w->tokens->text[w->tokens->items[i].offset];

    if (strchr("+-*/%(),<>=!|.", c) == NULL)
        return refuse(w, "an operator that is not translated", i);
    if (strchr("=!<>(,", c) == NULL)
        w->truth = false;
    buf_char(w->out, c);
    if (c == '=' && is(w, i + 1, "="))
        *io_i = i + 1;
    return true;
}

static bool put_token(struct walk *w, size_t *io_i, size_t to)
{
    size_t i = *io_i;

    switch (w->tokens->items[i].kind) {
    case LEX_WORD:
        if (i + 1 < to && w->tokens->items[i + 1].kind == LEX_STRING && touches(w, i + 1))
            return refuse(w, "bytes as a literal", i);
        return put_word(w, io_i, to);
    case LEX_QUOTED:
        return put_name(w, i);
    case LEX_STRING:
        put_source(w, i);
        return true;
    case LEX_MARK:
        return put_mark(w, io_i);
    default:
        return refuse(w, "something that is not SQL", i);
    }
}

bool translate(const struct scope *scope, const struct tokens *tokens, size_t from, size_t to,
               struct buf *out, char why[WHY_SIZE])
{
    struct walk w = {.scope = scope, .tokens = tokens, .arena = ARENA_INIT, .out = out, .why = why};
    bool ok = true;

    why[0] = '\0';
    for (size_t i = from; ok && i < to; i++) {
        if (i > from && !touches(&w, i))
            buf_char(out, ' ');
        ok = put_token(&w, &i, to);
    }
    arena_release(&w.arena);
    return ok;
}

/* --- defaults --- */

/* What the time now is called; in lower case, without spaces. */
static const struct moment {
    const char *sqlite;
    enum pg_type type;
    const char *postgres;
} moments[] = {
    // clang-format off
    {"current_timestamp", PG_TIMESTAMPTZ, "CURRENT_TIMESTAMP"},
    {"current_timestamp", PG_TIMESTAMP,   "(now() AT TIME ZONE 'UTC')"},
    {"current_timestamp", PG_TEXT,        "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"},
    {"current_date",      PG_DATE,        "(now() AT TIME ZONE 'UTC')::date"},
    {"current_date",      PG_TEXT,        "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD')"},
    {"current_time",      PG_TIME,        "(now() AT TIME ZONE 'UTC')::time(0)"},
    {"current_time",      PG_TEXT,        "to_char(now() AT TIME ZONE 'UTC', 'HH24:MI:SS')"},
    {"unixepoch()",       PG_INT8,        "extract(epoch FROM now())::bigint"},
    // clang-format on
};

/* Other spellings of the same. */
static const char *const spellings[][2] = {
    {"datetime('now')", "current_timestamp"},
    {"strftime('%Y-%m-%d %H:%M:%S','now')", "current_timestamp"},
    {"date('now')", "current_date"},
    {"time('now')", "current_time"},
    {"unixepoch('now')", "unixepoch()"},
    {"strftime('%s','now')", "unixepoch()"},
};

static bool put_moment(const struct target *target, const char *sql, struct buf *out)
{
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        if (strcmp(sql, spellings[i][0]) == 0)
            sql = spellings[i][1];
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        if (strcmp(sql, moments[i].sqlite) == 0 && target->type == moments[i].type) {
            buf_text(out, moments[i].postgres);
            return true;
        }
    return false;
}

/* A text that fits the column as the copy itself would have it. */
static bool fits(const struct target *target, const char *text, enum cell_class class)
{
    struct cell cell = {.class = class, .size = (uint32_t)strlen(text), .as = {.bytes = text}};
    struct image image = {0};
    bool ok = image_reserve(&image, IMAGE_FIXED)
              && finding_fits(convert_to(target->type)(target, &cell, &image));

    image_release(&image);
    return ok;
}

static bool put_literal(const struct target *target, const char *text, struct buf *out)
{
    bool one = strcmp(text, "1") == 0;

    if (target->type == PG_BOOL && (one || strcmp(text, "0") == 0))
        buf_text(out, one ? "true" : "false");
    else if (fits(target, text, CELL_TEXT))
        literal_put(out, text);
    else
        return false;
    return true;
}

static bool put_number_default(const struct target *target, const char *text, struct buf *out)
{
    bool whole = text[strspn(text, "-0123456789")] == '\0';

    switch (target->type) {
    case PG_INT2:
    case PG_INT4:
    case PG_INT8:
    case PG_FLOAT8:
    case PG_NUMERIC:
        buf_text(out, text);
        return whole || target->type == PG_FLOAT8 || target->type == PG_NUMERIC;
    default:
        return put_literal(target, text, out);
    }
}

/* The whole in the spelling that tables are written in, outer parentheses off. */
static void unwrap(const struct tokens *tokens, struct buf *out)
{
    size_t from = 0, to = tokens->count;

    while (from < to && token_is(tokens, from, "(") && token_behind(tokens, from) == to) {
        from++;
        to--;
    }
    tokens_squeeze(tokens, from, to, out);
}

static bool put_default(const struct target *target, const struct tokens *tokens, struct buf *plain,
                        struct arena *arena, struct buf *out, bool *out_none)
{
    const char *text;

    unwrap(tokens, plain);
    text = plain->bytes;
    *out_none = strcmp(text, "null") == 0;
    if (*out_none || put_moment(target, text, out))
        return true;
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return put_literal(target, text[0] == 't' ? "1" : "0", out);
    if (text[0] == '\'' || text[0] == '"') {
        size_t i = 0;

        while (token_is(tokens, i, "("))
            i++;
        text = token_name(tokens, i, arena);
        return text != NULL && !token_is(tokens, i + 1, "|") && put_literal(target, text, out);
    }
    if (text[0] == '+')
        text++;
    return text[0] != '\0' && strspn(text, "-0123456789.e+") == strlen(text)
           && put_number_default(target, text, out);
}

bool translate_default(const struct target *target, const char *sql, struct buf *out,
                       bool *out_none, char why[WHY_SIZE])
{
    struct arena arena = ARENA_INIT;
    struct buf plain = BUF_INIT(1 << 20);
    struct tokens tokens;
    bool ok = tokens_cut(&arena, HG_SQLITE, sql, strlen(sql), &tokens)
              && put_default(target, &tokens, &plain, &arena, out, out_none);

    snprintf(why, WHY_SIZE, "%.100s", sql);
    buf_release(&plain);
    arena_release(&arena);
    return ok;
}
