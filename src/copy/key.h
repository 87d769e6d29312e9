/*
 * key.h - the values of a key as they are sent, written so that equal keys are equal bytes.
 * Pure.
 */
#ifndef COPY_KEY_H
#define COPY_KEY_H

#include "encode.h"

/* Appends one value. field: as it is sent, without its length. False: memory ran out. */
bool key_put(struct image *out, const struct target_column *column, const char *field,
             uint32_t size);

/* The hash of some columns of the row that was encoded, which begins at `from`. False: one of them
 * is NULL, which is equal to nothing, or memory ran out: then the scratch has failed. */
bool key_hash(struct encoder *encoder, size_t from, const size_t *columns, size_t count,
              uint64_t *out);

#endif
