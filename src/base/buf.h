/*
 * buf.h - growing bytes with an upper limit, failing stickily: append ten times, ask once.
 *
 *     struct buf b = BUF_INIT(1 << 20);
 *     buf_text(&b, "SELECT ");
 *     buf_printf(&b, "%d", n);
 *     if (buf_failed(&b)) ...
 *     buf_release(&b);
 *
 * The content is always NUL-terminated behind its size. After a failure (no memory, over the limit)
 * the content is what was there before it, and every further append does nothing.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *bytes; /* never NULL: "" until the first append */
    size_t size;
    size_t room; /* 0: bytes is a constant */
    size_t limit;
    bool failed;
};

#define BUF_INIT(max) ((struct buf){.bytes = buf_empty, .limit = (max)})

extern char buf_empty[1];

void buf_bytes(struct buf *b, const void *bytes, size_t n);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* n more bytes at the end, for the caller to fill; NULL on failure. Their content is undefined. */
char *buf_extend(struct buf *b, size_t n);

void buf_truncate(struct buf *b, size_t size); /* keeps at most size bytes and the failure */
bool buf_failed(const struct buf *b);

/* Gives the content away as an allocated text that the caller frees; NULL after a failure. The
 * buffer is empty then. */
char *buf_take(struct buf *b);

void buf_release(struct buf *b); /* frees; the buffer may be used again */

#endif
