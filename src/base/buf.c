/*
 * buf.c - growing bytes.
 */
#include "buf.h"

#include <stdio.h>
#include <string.h>

#include "alloc.h"

char buf_empty[1];

static bool grow(struct buf *b, size_t more)
{
    size_t need, room;
    char *bytes;

    if (b->failed)
        return false;
    if (more >= b->limit - b->size) {
        b->failed = true;
        return false;
    }
    need = b->size + more + 1;
    if (need <= b->room)
        return true;
    room = b->room < 64 ? 64 : b->room;
    while (room < need)
        room *= 2;
    bytes = alloc_resize(b->room == 0 ? NULL : b->bytes, room, 1);
    if (bytes == NULL) {
        b->failed = true;
        return false;
    }
    b->bytes = bytes;
    b->room = room;
    return true;
}

char *buf_extend(struct buf *b, size_t n)
{
    char *start;

    if (!grow(b, n))
        return NULL;
    start = b->bytes + b->size;
    b->size += n;
    b->bytes[b->size] = '\0';
    return start;
}

void buf_bytes(struct buf *b, const void *bytes, size_t n)
{
    char *to = n == 0 ? NULL : buf_extend(b, n);

    if (to != NULL)
        memcpy(to, bytes, n);
}

void buf_text(struct buf *b, const char *text)
{
    buf_bytes(b, text, strlen(text));
}

void buf_char(struct buf *b, char c)
{
    buf_bytes(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
    va_list again;
    int n;

    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n < 0 || !grow(b, (size_t)n)) {
        b->failed = true;
        return;
    }
    vsnprintf(b->bytes + b->size, (size_t)n + 1, format, args);
    b->size += (size_t)n;
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

void buf_truncate(struct buf *b, size_t size)
{
    if (size >= b->size)
        return;
    b->size = size;
    b->bytes[size] = '\0';
}

bool buf_failed(const struct buf *b)
{
    return b->failed;
}

char *buf_take(struct buf *b)
{
    char *bytes = NULL;

    if (!b->failed)
        bytes = b->room == 0 ? alloc_text("") : b->bytes;
    if (bytes == b->bytes) {
        b->bytes = buf_empty;
        b->room = 0;
        b->size = 0;
    } else {
        buf_release(b);
    }
    return bytes;
}

void buf_release(struct buf *b)
{
    if (b->room > 0)
        alloc_free(b->bytes);
    *b = BUF_INIT(b->limit);
}
