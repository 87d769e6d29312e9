/*
 * grammar.h - PostgreSQL's own grammar (libpg_query, that of version 15): one statement → its tree.
 * The only door to libpg_query. Any thread; what the library allocates for a thread goes with it.
 *
 * The library writes a tree by recursion: a statement of many thousand tokens, which only data can
 * have, is not given to it.
 */
#ifndef SQL_GRAMMAR_H
#define SQL_GRAMMAR_H

#include "tree.h"

enum { GRAMMAR_VERSION = 150000 }; /* a server up to this one knows no syntax beyond the grammar */

enum grammar_answer {
    GRAMMAR_READ,
    GRAMMAR_FAULT, /* a syntax error, or newer syntax */
    GRAMMAR_LARGE, /* more tokens than it is asked for */
    GRAMMAR_NOMEM
};

struct grammar_result {
    const struct tree_node *statement; /* GRAMMAR_READ: its key says what it is: "IndexStmt" */
    char message[160];                 /* GRAMMAR_FAULT: as the server would say it */
    int character;                     /* where, from 1; 0: not known */
};

/* sql: size bytes. Everything in out lives in the arena. */
enum grammar_answer grammar_read(struct arena *arena, const char *sql, size_t size,
                                 struct grammar_result *out);

#endif
