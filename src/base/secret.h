/*
 * secret.h - a password in a type that cannot be printed, and the one place that removes passwords
 * from text.
 *
 * While a secret exists, secret_scrub() replaces it (as it is, and percent-encoded) by ***. Errors
 * and logs pass through it. Secrets under three bytes are not searched for: they would blot out
 * ordinary text.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret;

struct secret *secret_new(const char *bytes, size_t n); /* a copy; NULL when memory ran out */
void secret_free(struct secret *secret);                /* wipes; NULL is fine */

/* The plain text, for the one call that hands it to a database driver. Borrowed. */
const char *secret_reveal(const struct secret *secret);

/* Replaces every living secret in a NUL-terminated text of `room` bytes, in place; never grows
 * beyond room. */
void secret_scrub(char *text, size_t room);

/* Whether n bytes are the secret; the time that takes does not tell where they differ. */
bool secret_equals(const struct secret *secret, const char *bytes, size_t n);

#endif
