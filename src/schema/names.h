/*
 * names.h - names as SQL: quoted where they need it, and only there. Pure.
 */
#ifndef SCHEMA_NAMES_H
#define SCHEMA_NAMES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"

/* Whether a name means itself without quotes, on both engines and in every place. */
bool name_is_plain(const char *name);

/* Appends a name, quoted when it needs to be. */
void name_put(struct buf *out, const char *name);

/* Appends schema.name; schema "" is left out. */
void name_put_qualified(struct buf *out, const char *schema, const char *name);

/* Appends a text as a string literal that both engines read, whatever is in it. */
void literal_put(struct buf *out, const char *text);

#endif
