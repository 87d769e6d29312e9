/*
 * tokens.c - a statement as the list of its tokens.
 */
#include "tokens.h"

#include <string.h>

bool tokens_cut(struct arena *arena, hg_driver dialect, const char *text, size_t size,
                struct tokens *out)
{
    struct lex_token token = {LEX_SPACE, 0, 0, true};
    size_t count = 1, n = 0;
    struct lex_token *items;

    for (size_t at = 0; token.kind != LEX_END; at = token.offset + token.size, count++)
        token = lex_token(dialect, text, size, at);
    items = arena_alloc(arena, count, sizeof *items);
    if (items == NULL)
        return false;
    for (size_t at = 0;; at = token.offset + token.size) {
        token = lex_token(dialect, text, size, at);
        if (token.kind == LEX_SPACE || token.kind == LEX_LINE_COMMENT
            || token.kind == LEX_BLOCK_COMMENT)
            continue;
        items[n] = token;
        if (token.kind == LEX_END)
            break;
        n++;
    }
    *out = (struct tokens){text, items, n};
    return true;
}

bool token_is(const struct tokens *tokens, size_t i, const char *lower)
{
    const struct lex_token *t = &tokens->items[i];

    return i < tokens->count && (t->kind == LEX_WORD || t->kind == LEX_MARK)
           && lex_is(tokens->text + t->offset, t->size, lower);
}

size_t token_behind(const struct tokens *tokens, size_t i)
{
    size_t depth = 0;

    for (; i < tokens->count; i++) {
        if (token_is(tokens, i, "("))
            depth++;
        else if (token_is(tokens, i, ")") && --depth == 0)
            return i + 1;
    }
    return i;
}

char *token_name(const struct tokens *tokens, size_t i, struct arena *arena)
{
    const struct lex_token *t = &tokens->items[i];
    const char *from = tokens->text + t->offset;
    char *name, *to;
    char close;

    if (t->kind != LEX_QUOTED && t->kind != LEX_STRING)
        return arena_text_n(arena, from, t->size);
    name = to = arena_alloc(arena, t->size + 1, 1);
    close = from[0] == '[' ? ']' : from[0];
    for (size_t k = 1; name != NULL && k + 1 < t->size; k++) {
        *to++ = from[k];
        if (from[k] == close && from[k + 1] == close && close != ']')
            k++;
    }
    return name;
}

static bool is_plain(const char *name, size_t n)
{
    if (n == 0 || (name[0] >= '0' && name[0] <= '9'))
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = name[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
              || c == '_'))
            return false;
    }
    return true;
}

static void put_lower(const char *bytes, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        buf_char(out, (char)(bytes[i] >= 'A' && bytes[i] <= 'Z' ? bytes[i] - 'A' + 'a' : bytes[i]));
}

static void put_quoted(const char *bytes, size_t n, struct buf *out)
{
    buf_char(out, '"');
    for (size_t i = 0; i < n; i++) {
        put_lower(bytes + i, 1, out);
        if (bytes[0] == '[' && bytes[i] == '"')
            buf_char(out, '"');
    }
    buf_char(out, '"');
}

static void put_token(const struct tokens *tokens, size_t i, struct buf *out)
{
    const struct lex_token *t = &tokens->items[i];
    const char *bytes = tokens->text + t->offset;

    if (t->kind == LEX_STRING || t->kind == LEX_MARK)
        buf_bytes(out, bytes, t->size);
    else if (t->kind == LEX_WORD)
        put_lower(bytes, t->size, out);
    else if (t->size >= 2 && is_plain(bytes + 1, t->size - 2))
        put_lower(bytes + 1, t->size - 2, out);
    else if (t->size >= 2)
        put_quoted(bytes + 1, t->size - 2, out);
}

void tokens_squeeze(const struct tokens *tokens, size_t from, size_t to, struct buf *out)
{
    for (size_t i = from; i < to && i < tokens->count; i++) {
        bool apart =
            i > from && tokens->items[i].kind != LEX_MARK && tokens->items[i - 1].kind != LEX_MARK;

        if (apart)
            buf_char(out, ' ');
        put_token(tokens, i, out);
    }
}

void tokens_source(const struct tokens *tokens, size_t from, size_t to, struct buf *out)
{
    const struct lex_token *first = &tokens->items[from], *last;

    to = to < tokens->count ? to : tokens->count;
    if (from >= to)
        return;
    last = &tokens->items[to - 1];
    buf_bytes(out, tokens->text + first->offset, last->offset + last->size - first->offset);
}
