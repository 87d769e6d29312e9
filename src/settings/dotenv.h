/*
 * dotenv.h - the text of a .env file as python-dotenv reads it, with the lines it stands on.
 *
 * Pure: text in, entries out. Whether a line is well formed, which quotes and escapes it may use
 * and what ${NAME} and ${NAME:-default} become follow python-dotenv (interpolation reaches every
 * value, single-quoted ones too). Where python-dotenv skips a line that it cannot understand with a
 * warning, here it is an error. Two deliberate differences: a byte order mark is skipped, and a
 * backslash pair always counts as a pair, so that "C:\dir\\" ends where it seems to.
 */
#ifndef SETTINGS_DOTENV_H
#define SETTINGS_DOTENV_H

#include <stdbool.h>
#include <stddef.h>

#include <headgate/error.h>

struct dotenv_entry {
    char *name;
    char *value;    /* NULL: a name without "=" */
    int line;       /* of the name */
    int value_line; /* where the value starts, behind its quote; 0 when there is none */
    int value_column;
    bool verbatim; /* the value stands in the file byte by byte: no escape, no interpolation */
};

struct dotenv {
    struct dotenv_entry *items; /* in the order of the file; the last of a name counts */
    size_t count, room;
};

#define DOTENV_INIT \
    {               \
        0           \
    }

/* The environment's value of a name, or NULL: it wins over the file in an interpolation. */
typedef const char *dotenv_lookup(void *context, const char *name);

/*
 * Parses a whole file. file: its name, for errors only. out_entries: on success the caller's until
 * dotenv_release(); untouched on failure. err: HG_CONFIG with file, line and column; the excerpt is
 * left out where it could show a secret. HG_NOMEM.
 */
bool dotenv_parse(const char *text, size_t size, const char *file, dotenv_lookup *lookup,
                  void *context, struct dotenv *out_entries, hg_error *err);

/* The entry of a name that counts, or NULL. */
const struct dotenv_entry *dotenv_find(const struct dotenv *entries, const char *name);

/* Whether a value under this name should not be shown: it names a password, key, token or URL. */
bool dotenv_name_is_secret(const char *name);

void dotenv_release(struct dotenv *entries); /* wipes the values */

#endif
