/*
 * digest.h - count and order-free digest of rows: the sums of two halves of each row's hash.
 * Pure. Must not know what a row is: the same bytes have the same digest, whole or in pieces.
 */
#ifndef COPY_DIGEST_H
#define COPY_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest {
    int64_t rows;
    uint64_t sum[2];
};

void digest_row(struct digest *digest, const char *bytes, size_t size);
void digest_add(struct digest *digest, const struct digest *more);
bool digest_same(const struct digest *a, const struct digest *b);

/* 32 hexadecimal digits and a NUL. */
void digest_text(const struct digest *digest, char out[33]);

/* A row that comes in pieces. */
struct digest_run;

struct digest_run *digest_begin(void); /* NULL: out of memory */
void digest_piece(struct digest_run *run, const char *bytes, size_t size);

/* Adds the row and frees the run. digest: NULL: the row is given up. run: NULL is fine. */
void digest_end(struct digest_run *run, struct digest *digest);

#endif
