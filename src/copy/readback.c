/*
 * readback.c - rows as they come back. Pure.
 */
#include "readback.h"

#include <string.h>

#include "json.h"

/* A jsonb as it came, with its version in front, in the normal form. */
static void put_jsonb(struct image *out, const char *bytes, uint32_t n)
{
    size_t from = out->size;
    uint32_t size;

    image_u32(out, n);
    image_u8(out, (uint8_t)bytes[0]);
    if (json_normal(bytes + 1, n - 1, out) != JSON_FINE) {
        out->size = from + 4;
        if (image_reserve(out, n))
            image_bytes(out, bytes, n);
        return;
    }
    size = htobe32((uint32_t)(out->size - from - 4));
    memcpy(out->bytes + from, &size, sizeof size);
}

bool readback_row(const struct table *table, const char *fields, size_t size, struct image *out)
{
    const char *at = fields, *end = fields + size;

    out->size = 0;
    if (!image_reserve(out, size + IMAGE_FIXED))
        return false;
    image_u16(out, (uint16_t)table->column_count);
    for (size_t i = 0; i < table->column_count && end - at >= 4; i++) {
        uint32_t n;

        memcpy(&n, at, sizeof n);
        n = be32toh(n);
        at += sizeof n;
        if (n != UINT32_MAX && n > (size_t)(end - at))
            return false;
        if (!image_reserve(out, (n == UINT32_MAX ? 0 : n) + IMAGE_FIXED))
            return false;
        if (n != UINT32_MAX && n > 0 && table->columns[i].target->target.type == PG_JSONB) {
            put_jsonb(out, at, n);
        } else {
            image_u32(out, n);
            image_bytes(out, at, n == UINT32_MAX ? 0 : n);
        }
        at += n == UINT32_MAX ? 0 : n;
    }
    return !out->failed;
}
