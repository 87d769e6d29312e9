/*
 * key.c - several spellings of one value become one.
 */
#include "key.h"

#include <ctype.h>

/* A number has several spellings, with more or fewer places; its digits are what counts. */
static void put_number(struct image *out, const char *field, uint32_t size)
{
    enum { SCALE = 6, DIGITS = 8 };

    image_bytes(out, field, size < SCALE ? size : SCALE);
    if (size > DIGITS)
        image_bytes(out, field + DIGITS, size - DIGITS);
}

/* An integer in eight bytes, whichever it is sent in. */
static void put_integer(struct image *out, const char *field, uint32_t size)
{
    int64_t value = (signed char)field[0];

    for (uint32_t i = 1; i < size; i++)
        value = (int64_t)((uint64_t)value << 8 | (unsigned char)field[i]);
    image_u64(out, (uint64_t)value);
}

static void put_folded(struct image *out, const char *field, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        image_u8(out, (uint8_t)tolower((unsigned char)field[i]));
}

bool key_put(struct image *out, const struct target_column *column, const char *field,
             uint32_t size)
{
    if (!image_reserve(out, size + IMAGE_FIXED))
        return false;
    switch (column->target.type) {
    case PG_INT2:
    case PG_INT4:
    case PG_INT8:
        put_integer(out, field, size);
        break;
    case PG_NUMERIC:
        put_number(out, field, size);
        break;
    case PG_BPCHAR:
        while (size > 0 && field[size - 1] == ' ')
            size--;
        image_bytes(out, field, size);
        break;
    default:
        if (strcmp(column->short_type, "citext") == 0)
            put_folded(out, field, size);
        else
            image_bytes(out, field, size);
    }
    return true;
}

bool key_hash(struct encoder *e, size_t from, const size_t *columns, size_t count, uint64_t *out)
{
    struct image *key = &e->scratch;
    struct digest digest = {0};

    key->size = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t size;
        const char *at = row_field(e->image.bytes + from, columns[i], &size);

        if (size == UINT32_MAX || !image_reserve(key, IMAGE_FIXED))
            return false;
        image_u32(key, (uint32_t)i);
        if (!key_put(key, e->table->columns[columns[i]].target, at, size))
            return false;
    }
    digest_row(&digest, key->bytes, key->size);
    *out = digest.sum[0];
    return true;
}
