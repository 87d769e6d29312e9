/*
 * portable.h - one schema file for both engines. Pure.
 *
 * Between "-- @postgresql" or "-- @sqlite" and "-- @end", lines of their own, stands what one
 * engine alone is to read. A file that says "-- @portable" is written in PostgreSQL's words
 * otherwise, and SQLite gets them token by token as its own: types, identities, enums, and defaults
 * that ask for the time or a UUID. "-- @store text" behind a numeric column keeps all its digits,
 * as text. Whatever else SQLite does not understand it says itself, with the place.
 */
#ifndef SCHEMA_PORTABLE_H
#define SCHEMA_PORTABLE_H

#include <headgate/error.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

struct portable_enum {
    const char *name, *labels;
};

/* Bytes of the file, such as a guard of this engine's holds. */
struct portable_range {
    size_t from, to;
};

struct portable {
    bool said; /* the file says that it is portable */
    struct arena arena;
    VEC(struct portable_range) own;
    VEC(struct portable_range) stored; /* parts of lines that end with "-- @store text" */
    VEC(struct portable_enum) enums;   /* that were made so far */
};

void portable_release(struct portable *portable); /* a zeroed one is fine */

/*
 * Overwrites what is for the other engine, and the guards, with spaces; every place stays what it
 * was. err: HG_FILE with line and column, without the path; HG_NOMEM.
 */
bool portable_guards(struct portable *portable, hg_driver dialect, char *text, size_t size,
                     hg_error *err);

/* Whether the statement that begins at byte `at` is to be translated for SQLite. */
bool portable_applies(const struct portable *portable, hg_driver dialect, size_t at);

/*
 * Appends a statement of a portable file, size bytes from offset, as SQLite's; nothing for what
 * SQLite has no use for. Lines stay what they were. err: HG_FILE with the character's number in the
 * statement as its column, HG_NOMEM.
 */
bool portable_statement(struct portable *portable, const char *file, size_t offset, size_t size,
                        struct buf *out, hg_error *err);

#endif
