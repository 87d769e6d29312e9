/*
 * translate.h - SQL of SQLite as SQL of PostgreSQL, where both surely mean the same.
 * Pure. What is not on the list of what is understood is not guessed at: it is said why, and a
 * person decides.
 */
#ifndef COPY_TRANSLATE_H
#define COPY_TRANSLATE_H

#include "convert.h"
#include "schema/tokens.h"

/* A table, column or view that the text may name. */
struct known_name {
    const char *name; /* as the target spells it */
    bool truth;       /* a boolean column: 0 and 1 beside it are false and true */
};

struct scope {
    const struct known_name *names;
    size_t count;
    bool query; /* a SELECT, which may have names of its own; otherwise an expression */
};

enum { WHY_SIZE = 160 };

/* Appends tokens [from, to) as PostgreSQL reads them. False: it does not translate, `why` says what
 * is in the way; memory running out shows in the buffer. */
bool translate(const struct scope *scope, const struct tokens *tokens, size_t from, size_t to,
               struct buf *out, char why[WHY_SIZE]);

/* The same for a DEFAULT of a column of this type. *out_none: it is NULL, which needs none. */
bool translate_default(const struct target *target, const char *sql, struct buf *out,
                       bool *out_none, char why[WHY_SIZE]);

#endif
