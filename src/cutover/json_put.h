/*
 * json_put.h - a JSON value as text, into a buffer with its limit.
 */
#ifndef CUTOVER_JSON_PUT_H
#define CUTOVER_JSON_PUT_H

#include <stdbool.h>

#include <jansson.h>

#include "base/buf.h"

static inline int json_put_bytes(const char *bytes, size_t n, void *out)
{
    buf_bytes(out, bytes, n);
    return buf_failed(out) ? -1 : 0;
}

/* flags: jansson's. false: memory ran out, or the buffer is full. */
static inline bool json_put(const json_t *value, size_t flags, struct buf *out)
{
    return json_dump_callback(value, json_put_bytes, out, flags) == 0;
}

#endif
