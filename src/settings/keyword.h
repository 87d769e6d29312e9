/*
 * keyword.h - the parameters a database URL may carry.
 * Pure. The names are libpq's and those of Python's sqlite3; values with a closed set are checked.
 */
#ifndef SETTINGS_KEYWORD_H
#define SETTINGS_KEYWORD_H

#include <stdbool.h>

#include <headgate/types.h>

struct keyword {
    const char *name;
    enum keyword_kind {
        KEYWORD_TEXT,
        KEYWORD_NUMBER,
        KEYWORD_CHOICE,
        KEYWORD_SECRET,
        KEYWORD_PLACE /* says again what stands in the URL itself: host, port, dbname, user, ... */
    } kind;
    const char *choices; /* of a choice: "disable|allow" */
};

/* The row of a parameter of this engine, or NULL. */
const struct keyword *keyword_find(hg_driver driver, const char *name);

/* Whether the value is one that the keyword can have. */
bool keyword_allows(const struct keyword *keyword, const char *value);

/* What to do about a parameter that the engine does not have: a full sentence, or NULL. */
const char *keyword_advice(hg_driver driver, const char *name);

/* The parameter that was probably meant, or NULL. */
const char *keyword_near(hg_driver driver, const char *name);

#endif
