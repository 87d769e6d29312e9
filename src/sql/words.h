/*
 * words.h - a statement word by word, without comments: for those who read it by its words. Pure.
 */
#ifndef SQL_WORDS_H
#define SQL_WORDS_H

#include "lex.h"

struct arena;

struct words {
    hg_driver dialect;
    const char *text;
    size_t size;
    struct lex_token token; /* the next one that is neither space nor comment; LEX_END: none */
};

void words_init(struct words *w, hg_driver dialect, const char *text, size_t size);
void words_next(struct words *w);

/* Whether the next token is this word, given in lower case; takes it when it is. */
bool words_take(struct words *w, const char *lower);

/* The same for words that follow each other, separated by spaces: all of them or none. */
bool words_take_all(struct words *w, const char *lower);

/* Whether the next token is this mark; takes it when it is. */
bool words_mark(struct words *w, char mark);

/* Takes a name, with its schema: unquoted, folded as the engine does. "" when none stands here;
 * NULL when memory ran out. */
const char *words_name(struct words *w, struct arena *arena);

/* Whether the words, given like those of words_take_all(), follow somewhere outside parentheses.
 * Takes nothing. */
bool words_ahead(const struct words *w, const char *lower);

#endif
