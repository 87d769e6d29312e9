/*
 * tokens.h - a statement as the list of its tokens, without spaces and comments. Pure.
 */
#ifndef SCHEMA_TOKENS_H
#define SCHEMA_TOKENS_H

#include "base/arena.h"
#include "base/buf.h"
#include "sql/lex.h"

struct tokens {
    const char *text;
    struct lex_token *items; /* ended by one of kind LEX_END */
    size_t count;
};

/* Cuts a text; items live in the arena. False: memory ran out. */
bool tokens_cut(struct arena *arena, hg_driver dialect, const char *text, size_t size,
                struct tokens *out);

/* Whether token i is this unquoted word, given in lower case, or this mark. */
bool token_is(const struct tokens *tokens, size_t i, const char *lower);

/* The token behind the parenthesis that token i opens. */
size_t token_behind(const struct tokens *tokens, size_t i);

/* A name without its quotes, in the arena; NULL when memory ran out. */
char *token_name(const struct tokens *tokens, size_t i, struct arena *arena);

/*
 * Appends tokens [from, to) in the one spelling that comparing needs: words in lower case, names
 * without quotes where they need none, single spaces between what would run together.
 */
void tokens_squeeze(const struct tokens *tokens, size_t from, size_t to, struct buf *out);

/* Appends tokens [from, to) as they were written, comments between them included. */
void tokens_source(const struct tokens *tokens, size_t from, size_t to, struct buf *out);

#endif
