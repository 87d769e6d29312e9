/*
 * content.h - the content of a file, to be read from its beginning to its end, perhaps more than
 * once.
 *
 * A small file is there as bytes in memory. Of a large one a copy without a name is made on disk
 * and mapped: what is read is let go of again, so that a file takes as much memory as is looked at
 * at a time, and whoever cuts the file off meanwhile takes nothing away from under the reader. The
 * bytes end with a NUL that does not count.
 */
#ifndef BASE_CONTENT_H
#define BASE_CONTENT_H

#include "buf.h"
#include "file.h"

enum { CONTENT_LARGE = 4 << 20 }; /* bytes from which on a file is copied */

struct content {
    const char *bytes;
    size_t size;
    struct buf small;
    int copy; /* the copy's descriptor; -1: bytes are small.bytes */
    void *map;
    size_t let; /* where was let go last */
};

#define CONTENT_INIT(max) ((struct content){.bytes = buf_empty, .small = BUF_INIT(max), .copy = -1})

/* Opens a file that is not larger than the limit; what was held before is given up.
 * Where no copy can be made, for there is no room, it costs memory. err: as file_read(). */
bool content_read(struct content *content, const char *path, struct file_stamp *out_stamp,
                  hg_error *err);

/* The same of bytes: these are copied. false: memory ran out. */
bool content_take(struct content *content, const char *bytes, size_t size);

/* Writes over n bytes at `at`. false: the copy could not be written to. */
bool content_write(struct content *content, size_t at, const char *bytes, size_t n);

/* How far somebody has come who reads: lets go of what was read since it was last told. All bytes
 * stay readable. context: a struct content. */
void content_passed(void *context, size_t at);

void content_release(struct content *content); /* what CONTENT_INIT made is fine */

#endif
