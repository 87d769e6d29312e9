/*
 * encode.h - rows as binary COPY, rules applied, everything noted that is not simply so.
 * Pure, but for the file of rejects.
 *
 * The format is PostgreSQL's (COPY, "Binary Format"): a header, rows of fields with their lengths,
 * a trailer. A row's digest is of exactly these bytes, so the same function serves what is sent and
 * what comes back.
 */
#ifndef COPY_ENCODE_H
#define COPY_ENCODE_H

#include "mapping.h"
#include "rejects.h"
#include "tally.h"

/* What one worker encodes with. */
struct encoder {
    const struct table *table;
    size_t table_number; /* in the mapping */
    struct image image;
    struct image scratch; /* of values that rules make */
    struct tally *tally;
    struct rejects *rejects; /* NULL: nobody wants to know */
    bool dry;                /* misfits are listed one by one, and rows go nowhere */
};

enum encoded {
    ROW_FITS,
    ROW_REJECTED, /* by a rule, or because a value does not fit; the image is as before */
    ROW_FAILED    /* out of memory, or the file of rejects cannot be written */
};

void encode_header(struct image *image);
void encode_trailer(struct image *image);

/* Appends a row to the encoder's image. err: of ROW_FAILED. */
enum encoded encode_row(struct encoder *encoder, const struct cell *cells, hg_error *err);

/* The bytes of a field of a row that was encoded, or read back; *out_size: UINT32_MAX for a NULL.
 * The four bytes in front of it are its length. */
const char *row_field(const char *row, size_t column, uint32_t *out_size);

/* Count and order-free digest of rows: the sums of two halves of each row's hash. */
struct digest {
    int64_t rows;
    uint64_t sum[2];
};

void digest_row(struct digest *digest, const char *bytes, size_t size);
void digest_add(struct digest *digest, const struct digest *more);
bool digest_same(const struct digest *a, const struct digest *b);

/* 32 hexadecimal digits and a NUL. */
void digest_text(const struct digest *digest, char out[33]);

#endif
