/*
 * image.h - bytes as PostgreSQL's binary COPY wants them, appended in network order.
 * Pure. image_reserve() makes room, and the puts behind it only write: a row is reserved once, and
 * a text once more. Running out of memory is sticky: image_reserve() says false from then on.
 */
#ifndef COPY_IMAGE_H
#define COPY_IMAGE_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

/* What a value without a length of its own needs at most, its length word included. */
enum { IMAGE_FIXED = 64 };

struct image {
    char *bytes;
    size_t size, room;
    bool failed;
};

static inline bool image_reserve(struct image *image, size_t more)
{
    size_t room;
    void *bytes;

    if (image->room - image->size >= more)
        return true;
    room = (image->size + more) * 3 / 2;
    bytes = image->failed || room < more ? NULL : alloc_resize(image->bytes, room, 1);
    image->failed = bytes == NULL;
    if (image->failed)
        return false;
    image->bytes = bytes;
    image->room = room;
    return true;
}

/* Empties it, and gives the room of an unusually large row back. */
static inline void image_clear(struct image *image)
{
    enum { KEPT = 4 << 20 };

    image->size = 0;
    if (image->room > KEPT) {
        alloc_free(image->bytes);
        image->bytes = NULL;
        image->room = 0;
    }
}

static inline void image_release(struct image *image)
{
    alloc_free(image->bytes);
    *image = (struct image){0};
}

static inline void image_u8(struct image *image, uint8_t value)
{
    image->bytes[image->size++] = (char)value;
}

static inline void image_u16(struct image *image, uint16_t value)
{
    value = htobe16(value);
    memcpy(image->bytes + image->size, &value, sizeof value);
    image->size += sizeof value;
}

static inline void image_u32(struct image *image, uint32_t value)
{
    value = htobe32(value);
    memcpy(image->bytes + image->size, &value, sizeof value);
    image->size += sizeof value;
}

static inline void image_u64(struct image *image, uint64_t value)
{
    value = htobe64(value);
    memcpy(image->bytes + image->size, &value, sizeof value);
    image->size += sizeof value;
}

static inline void image_bytes(struct image *image, const void *bytes, size_t n)
{
    memcpy(image->bytes + image->size, bytes, n);
    image->size += n;
}

#endif
