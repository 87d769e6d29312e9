/*
 * grammar.c - one statement through libpg_query.
 */
#include "grammar.h"

#include <pg_query.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "lex.h"

/* Of stack, half a token's depth costs 160 bytes: 2 MB of the 8 that a thread has. */
enum { TOKENS_MAX = 20000, SIZE_MAX_BYTES = 4 << 20 };

static bool is_large(const char *sql, size_t size)
{
    size_t tokens = 0, at = 0;

    while (at < size && tokens <= TOKENS_MAX) {
        struct lex_token token = lex_token(HG_POSTGRESQL, sql, size, at);

        tokens += token.kind >= LEX_WORD;
        at += token.size;
    }
    return tokens > TOKENS_MAX || size > SIZE_MAX_BYTES;
}

static enum grammar_answer take_fault(const PgQueryError *error, struct grammar_result *out)
{
    if (error->message != NULL && strstr(error->message, "memory") != NULL)
        return GRAMMAR_LARGE; /* nested more deeply than the grammar's own stack allows */
    text_copy(out->message, sizeof out->message, error->message == NULL ? "" : error->message);
    out->character = error->cursorpos;
    return GRAMMAR_FAULT;
}

static enum grammar_answer take_tree(struct arena *arena, const char *json,
                                     struct grammar_result *out)
{
    size_t n = strlen(json);
    char *copy = arena_text_n(arena, json, n);
    const struct tree_node *tree = copy == NULL ? NULL : tree_read(arena, copy, n);
    const struct tree_node *list = tree_get(tree, "stmts");

    if (tree == NULL)
        return GRAMMAR_NOMEM;
    out->statement = tree_first(tree_get(tree_first(list), "stmt"));
    if (out->statement != NULL && tree_first(list) == tree_last(list))
        return GRAMMAR_READ;
    text_copy(out->message, sizeof out->message, "not one statement");
    return GRAMMAR_FAULT;
}

enum grammar_answer grammar_read(struct arena *arena, const char *sql, size_t size,
                                 struct grammar_result *out)
{
    enum grammar_answer answer;
    PgQueryParseResult result;
    char *text;

    *out = (struct grammar_result){0};
    if (is_large(sql, size))
        return GRAMMAR_LARGE;
    text = arena_text_n(arena, sql, size);
    if (text == NULL)
        return GRAMMAR_NOMEM;
    result = pg_query_parse(text);
    if (result.error != NULL)
        answer = take_fault(result.error, out);
    else if (result.parse_tree == NULL)
        answer = GRAMMAR_NOMEM;
    else
        answer = take_tree(arena, result.parse_tree, out);
    pg_query_free_parse_result(result);
    return answer;
}
