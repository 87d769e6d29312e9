/*
 * split.h - SQL text → statements with their places, for either engine. Pure, streaming over the
 * caller's bytes, without copies and without allocation. Must not know what a migration is.
 *
 * A statement ends at a semicolon that stands outside literals and comments and, as the engine in
 * question reads it, outside parentheses and BEGIN ATOMIC ... END (PostgreSQL) or CREATE TRIGGER
 * ... END (SQLite). The rows behind COPY ... FROM stdin belong to their statement. What only psql
 * or the sqlite3 shell can carry out is refused with its place.
 */
#ifndef SQL_SPLIT_H
#define SQL_SPLIT_H

#include <headgate/error.h>

#include "lex.h"

enum {
    SPLIT_WORDS = 6,
    SPLIT_ROWS = 1 << 20 /* bytes of a COPY's rows in one token, and the line that these end in */
};

/* The words a statement begins with, as ranges of the text: enough to tell what it is. */
struct split_word {
    size_t offset, size;
};

/* What is known of the statement that is being read. */
struct split_state {
    struct split_word words[SPLIT_WORDS];
    int word_count;
    struct split_word last; /* the word that was read last; size 0: the last token was no word */
    int parentheses;        /* that are open */
    int blocks;             /* BEGIN ATOMIC and CASE that are open */
    bool started;           /* something stood in it that is neither space nor comment */
    bool concurrently;      /* the word was among its words */
    bool copy;              /* COPY ... FROM stdin */
    bool trigger;           /* SQLite's CREATE TRIGGER */
    bool after_semicolon;   /* inside a trigger */
    bool after_end;         /* inside a trigger, END right behind a semicolon */
    bool rows_follow;       /* the semicolon behind a COPY has been read */
    bool rows_begun;        /* and some of its rows */
};

struct split_token {
    enum lex_kind kind;
    size_t offset, size;
    int line;
    size_t line_start;
    bool ends_statement; /* a semicolon that does */
    bool rows;           /* what follows a COPY ... FROM stdin; kind is LEX_STRING */
    bool goes_on;        /* and more of it follows */
};

struct split {
    hg_driver dialect; /* may be changed between two tokens */
    const char *text;
    size_t size;
    size_t at;
    int line;          /* of `at`, from 1 */
    size_t line_start; /* where that line begins */
    struct split_state state;
    struct split_state ended; /* of the statement that ended last */
    struct split_token rows;  /* where those begin that are being read */

    /* Told before each token how far the text is read: nobody comes back to what stands before, but
     * for the statement's own bytes. NULL: nobody wants to know. */
    void (*passed)(void *context, size_t at);
    void *context;
};

struct split_statement {
    size_t offset, size;           /* without the final semicolon and what stands around it */
    int line, column;              /* where it begins; the column in characters */
    size_t rows_offset, rows_size; /* COPY ... FROM stdin: its rows without the closing \. */
    struct split_state state;
};

/* Starts at byte `at` of the text, which is on `line`, at its beginning; stops at byte `size`. */
void split_init(struct split *s, hg_driver dialect, const char *text, size_t size, size_t at,
                int line);

/*
 * The next token. At the end its kind is LEX_END. err: HG_FILE with line, column and excerpt for a
 * literal or comment that is not closed, rows that are not, and commands of psql and sqlite3.
 */
bool split_token(struct split *s, struct split_token *out, hg_error *err);

enum split_answer { SPLIT_STATEMENT, SPLIT_END, SPLIT_FAULT };

/* The next statement; empty ones are passed over. err: as split_token(). */
enum split_answer split_next(struct split *s, struct split_statement *out, hg_error *err);

/* The column, in characters from 1, of byte `offset` in the line that begins at line_start. */
int split_column(const char *text, size_t line_start, size_t offset);

#endif
