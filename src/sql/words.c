/*
 * words.c - a statement word by word.
 */
#include "words.h"

#include <string.h>

#include "base/arena.h"

/* Moves on to the token at or behind byte `at` that says something. */
static void settle(struct words *w, size_t at)
{
    do {
        w->token = lex_token(w->dialect, w->text, w->size, at);
        at += w->token.size;
    } while (w->token.kind != LEX_END && w->token.kind < LEX_WORD);
}

void words_init(struct words *w, hg_driver dialect, const char *text, size_t size)
{
    *w = (struct words){.dialect = dialect, .text = text, .size = size};
    settle(w, 0);
}

void words_next(struct words *w)
{
    settle(w, w->token.offset + w->token.size);
}

static bool is(const struct words *w, const char *lower, size_t n)
{
    char word[32];

    if (w->token.kind != LEX_WORD || n >= sizeof word)
        return false;
    memcpy(word, lower, n);
    word[n] = '\0';
    return lex_is(w->text + w->token.offset, w->token.size, word);
}

bool words_take(struct words *w, const char *lower)
{
    bool taken = is(w, lower, strlen(lower));

    if (taken)
        words_next(w);
    return taken;
}

bool words_take_all(struct words *w, const char *lower)
{
    struct words before = *w;

    while (*lower != '\0') {
        size_t n = strcspn(lower, " ");

        if (!is(w, lower, n)) {
            *w = before;
            return false;
        }
        words_next(w);
        lower += n + (lower[n] == ' ');
    }
    return true;
}

static bool is_mark(const struct words *w, char mark)
{
    return w->token.kind == LEX_MARK && w->text[w->token.offset] == mark;
}

bool words_mark(struct words *w, char mark)
{
    bool taken = is_mark(w, mark);

    if (taken)
        words_next(w);
    return taken;
}

/* A quoted name without its quotes; a doubled one stands for itself. */
static size_t unquote(const char *from, size_t n, char *to)
{
    char close = from[0] == '[' ? ']' : from[0];
    size_t size = 0;

    for (size_t i = 1; i + 1 < n; i++) {
        to[size++] = from[i];
        if (from[i] == close && from[i + 1] == close && i + 2 < n)
            i++;
    }
    return size;
}

static size_t fold(const char *from, size_t n, char *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] - 'A' + 'a') : from[i];
    return n;
}

/* Whether a name can begin here; SQLite takes strings for names too. */
static bool at_name(const struct words *w)
{
    return w->token.kind == LEX_WORD || w->token.kind == LEX_QUOTED
           || (w->token.kind == LEX_STRING && w->dialect == HG_SQLITE);
}

const char *words_name(struct words *w, struct arena *arena)
{
    char *name = arena_alloc(arena, w->size - w->token.offset + 1, 1);
    size_t size = 0;

    if (name == NULL)
        return NULL;
    while (at_name(w)) {
        const char *from = w->text + w->token.offset;

        if (w->token.kind == LEX_WORD)
            size += fold(from, w->token.size, name + size);
        else
            size += unquote(from, w->token.size, name + size);
        words_next(w);
        if (!words_mark(w, '.'))
            break;
        name[size++] = '.';
    }
    return name;
}

bool words_ahead(const struct words *w, const char *lower)
{
    struct words ahead = *w;
    int depth = 0;

    for (; ahead.token.kind != LEX_END; words_next(&ahead)) {
        struct words here = ahead;

        depth += is_mark(&ahead, '(');
        depth -= is_mark(&ahead, ')');
        if (depth == 0 && words_take_all(&here, lower))
            return true;
    }
    return false;
}
