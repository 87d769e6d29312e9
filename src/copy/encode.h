/*
 * encode.h - rows as binary COPY, rules applied, everything noted that is not simply so.
 * Pure, but for the file of rejects and for values that are far: those are read where they are.
 *
 * The format is PostgreSQL's (COPY, "Binary Format"): a header, rows of fields with their lengths,
 * a trailer. A row's digest is of exactly these bytes, so the same function serves what is sent and
 * what comes back.
 */
#ifndef COPY_ENCODE_H
#define COPY_ENCODE_H

#include "digest.h"
#include "far.h"
#include "mapping.h"
#include "rejects.h"
#include "tally.h"

/* The place of a value in a row that is not in the image. */
struct hole {
    size_t at; /* behind its length */
    struct bulk_value *value;
};

/* What one worker encodes with. */
struct encoder {
    const struct table *table;
    size_t table_number; /* in the mapping */
    struct image image;
    struct image scratch;   /* of values that rules make */
    struct image whole;     /* of values that are far and that rules look at */
    VEC(struct hole) holes; /* of the row that was encoded last */
    struct tally *tally;
    struct rejects *rejects; /* NULL: nobody wants to know */
    bool brief;              /* far values are put as their hashes: nobody sends the rows */
    bool dry;                /* misfits are listed one by one, and rows go nowhere */
};

enum encoded {
    ROW_FITS,
    ROW_REJECTED, /* by a rule, or because a value does not fit; the image is as before */
    ROW_FAILED    /* out of memory, or the file of rejects cannot be written */
};

void encode_header(struct image *image);
void encode_trailer(struct image *image);

/* Appends a row to the encoder's image. A value that is far and fits leaves a hole in it; one that
 * rules are about is read, and its cell with it. err: of ROW_FAILED. */
enum encoded encode_row(struct encoder *encoder, struct cell *cells, hg_error *err);

/* Bytes of the row that begins at `from`, with what belongs into its holes. */
size_t encoded_size(const struct encoder *encoder, size_t from);

/* Hands the row out in pieces, before the next one is read, and adds it to the digest. */
bool encoded_pieces(const struct encoder *encoder, size_t from, struct digest *digest,
                    far_sink *sink, void *context, hg_error *err);

void encoder_release(struct encoder *encoder);

/* The bytes of a field of a row that was encoded, or read back; *out_size: UINT32_MAX for a NULL.
 * The four bytes in front of it are its length. */
const char *row_field(const char *row, size_t column, uint32_t *out_size);

#endif
