/*
 * portable_guards.c - the remarks of a schema file that say what is for which engine, and how.
 */
#include <string.h>

#include "portable.h"
#include "sql/split.h"

static bool guard_fault(const struct split_token *t, const char *text, const char *message,
                        hg_error *err)
{
    hg_fail(err, HG_FILE, "%s", message);
    hg_error_place(err, "", t->line, split_column(text, t->line_start, t->offset));
    return false;
}

static bool only_blanks(const char *text, size_t from, size_t to)
{
    while (from < to && (text[from] == ' ' || text[from] == '\t'))
        from++;
    return from == to;
}

/* The word behind "-- @" of a comment that has its line to itself; size 0: none. */
static struct lex_token guard_word(const char *text, const struct split_token *t)
{
    struct lex_token word = {.offset = t->offset + 2};
    size_t end = t->offset + t->size;

    while (word.offset < end && (text[word.offset] == ' ' || text[word.offset] == '\t'))
        word.offset++;
    if (!only_blanks(text, t->line_start, t->offset) || word.offset == end
        || text[word.offset] != '@')
        return (struct lex_token){0};
    while (word.offset + word.size < end && strchr(" \t\r", text[word.offset + word.size]) == NULL)
        word.size++;
    return word;
}

static void blank(char *text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (text[i] != '\n')
            text[i] = ' ';
}

struct guards {
    struct portable *portable;
    hg_driver dialect;
    char *text;
    struct split split;
    struct split_token open; /* the guard that is open; size 0: none */
    hg_error *err;
};

/* What was for the other engine goes when it is known where it ends; what is for this one is
 * remembered. */
static bool leave(struct guards *g, size_t to)
{
    struct portable_range *range;

    if (g->open.size == 0)
        return true;
    if (g->split.dialect != g->dialect) {
        blank(g->text, g->open.offset, to);
        return true;
    }
    range = VEC_PUSH(&g->portable->own);
    if (range == NULL)
        return hg_fail(g->err, HG_NOMEM, "could not read the schema file: out of memory");
    *range = (struct portable_range){g->open.offset, to};
    return true;
}

static bool read_guard(struct guards *g, const struct split_token *t, const char *word, size_t n)
{
    bool postgres = lex_is(word, n, "@postgresql"), sqlite = lex_is(word, n, "@sqlite");
    bool end = lex_is(word, n, "@end");

    if (lex_is(word, n, "@portable")) {
        g->portable->said = true;
        return true;
    }
    if (!postgres && !sqlite && !end)
        return true; /* a remark of another kind */
    if (end && g->open.size == 0)
        return guard_fault(t, g->text, "-- @end without a guard before it", g->err);
    if (!leave(g, t->offset))
        return false;
    g->open = *t;
    g->open.size = end ? 0 : t->size;
    g->split.dialect = postgres ? HG_POSTGRESQL : sqlite ? HG_SQLITE : g->dialect;
    return true;
}

/* "-- @store text" behind a column: it holds for the line that it ends. */
static bool read_store(struct guards *g, const struct split_token *t)
{
    static const char said[] = "@store text";
    const char *at = g->text + t->offset + 2, *end = g->text + t->offset + t->size;
    struct portable_range *range;

    at += strspn(at, " \t");
    if (end - at < (ptrdiff_t)sizeof said - 1 || memcmp(at, said, sizeof said - 1) != 0)
        return true;
    range = VEC_PUSH(&g->portable->stored);
    if (range == NULL)
        return hg_fail(g->err, HG_NOMEM, "could not read the schema file: out of memory");
    *range = (struct portable_range){t->line_start, t->offset};
    return true;
}

bool portable_guards(struct portable *portable, hg_driver dialect, char *text, size_t size,
                     hg_error *err)
{
    struct guards g = {.portable = portable, .dialect = dialect, .text = text, .err = err};
    struct split_token t = {0};

    split_init(&g.split, dialect, text, size, 0, 1);
    do {
        struct lex_token word;

        if (!split_token(&g.split, &t, err))
            return false;
        word = t.kind == LEX_LINE_COMMENT ? guard_word(text, &t) : (struct lex_token){0};
        if (word.size > 0 && !read_guard(&g, &t, text + word.offset, word.size))
            return false;
        if (t.kind == LEX_LINE_COMMENT && !read_store(&g, &t))
            return false;
    } while (t.kind != LEX_END);
    return g.open.size == 0
           || guard_fault(&g.open, text, "this guard is not closed by -- @end", err);
}

bool portable_applies(const struct portable *portable, hg_driver dialect, size_t at)
{
    const struct portable_range *range;

    VEC_EACH (&portable->own, range)
        if (at >= range->from && at < range->to)
            return false;
    return portable->said && dialect == HG_SQLITE;
}
