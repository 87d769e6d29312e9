/*
 * lex.h - one token of SQL at a time, by the rules of the engine that will read it. Pure, without
 * state and without copies. Must not know what a statement or a migration is.
 *
 * Only what decides where something ends is told apart: strings, quoted names, dollar bodies and
 * comments are one token each, words (names, keywords, numbers) another, every other byte a mark.
 * PostgreSQL: §4.1 of its manual, with standard_conforming_strings on. SQLite: lang_keywords.html
 * and its tokenizer.
 */
#ifndef SQL_LEX_H
#define SQL_LEX_H

#include <headgate/types.h>

enum lex_kind {
    LEX_END, /* of the text; size 0 */
    LEX_SPACE,
    LEX_LINE_COMMENT, /* without its line end */
    LEX_BLOCK_COMMENT,
    LEX_WORD,   /* a name, keyword, number or parameter */
    LEX_STRING, /* '...' E'...' $tag$...$tag$ */
    LEX_QUOTED, /* a quoted name: "..." and, on SQLite, `...` and [...] */
    LEX_MARK    /* any other byte */
};

struct lex_token {
    enum lex_kind kind;
    size_t offset, size;
    bool closed; /* false: the text ended inside of it */
};

/* The token that starts at byte `at` of size bytes; at must be a token's start. */
struct lex_token lex_token(hg_driver dialect, const char *text, size_t size, size_t at);

/* Whether n bytes are this word, which is given in lower case; ASCII letters compare without case.
 */
bool lex_is(const char *bytes, size_t n, const char *lower);

#endif
