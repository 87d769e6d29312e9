/*
 * checksum.h - SHA-256 (FIPS 180-4) of bytes, and of SQL as the engine understands it. Pure.
 *
 * The checksum of SQL is taken over its tokens: white space and comments outside of literals do not
 * count, neither do the case of unquoted words, empty statements and the last semicolon. A
 * formatter does not change it; a different statement does.
 */
#ifndef MIGRATE_CHECKSUM_H
#define MIGRATE_CHECKSUM_H

#include "sql/split.h"

enum { CHECKSUM_BYTES = 32, CHECKSUM_DIGITS = 64 };

struct checksum {
    uint64_t state[16]; /* the library's own */
    size_t pending_size;
    char pending[256];
    bool in_statement; /* something of a statement has been added since the last semicolon */
};

void checksum_init(struct checksum *c);
void checksum_bytes(struct checksum *c, const void *bytes, size_t n);
void checksum_text(struct checksum *c, const char *text); /* with its NUL, as a separator */
/* A token of SQL as split_token() gave it out. */
void checksum_token(struct checksum *c, const char *text, const struct split_token *token);
/* The digest as lower-case hexadecimal digits and a NUL. */
void checksum_hex(struct checksum *c, char out[CHECKSUM_DIGITS + 1]);

#endif
