/*
 * json.h - is a text JSON (RFC 8259), and how does jsonb write it: keys by length and bytes, the
 * last of equal ones, no space but behind ':' and ',', numbers without exponent, no escape that is
 * not needed.
 * Pure. The normal form is what both sides of a comparison are brought to, so that two jsonb values
 * are equal exactly when their texts are.
 */
#ifndef COPY_JSON_H
#define COPY_JSON_H

#include "image.h"

enum json_verdict {
    JSON_FINE,
    JSON_BAD,         /* not JSON, or nested deeper than JSON_DEPTH */
    JSON_NOT_IN_JSONB /* has \u0000, half a surrogate pair, or a number beyond numeric */
};

enum { JSON_DEPTH = 500 };

/* Only looks: what the type json takes. */
enum json_verdict json_check(const char *bytes, size_t size);

/* Appends the normal form to out; after another verdict than JSON_FINE some of it may stand there.
 */
enum json_verdict json_normal(const char *bytes, size_t size, struct image *out);

#endif
