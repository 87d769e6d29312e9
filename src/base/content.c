/*
 * content.c - the content of a file, a large one as a mapped copy.
 *
 * The user's own file is not mapped: whoever cuts it off would kill the process in the middle of a
 * migration (SIGBUS). Nobody else can reach the copy, and it is written to by its descriptor alone,
 * so that a full disk is an answer and not a signal.
 */
#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "log.h"

enum { CHUNK = 256 * 1024, LET_GO = 1 << 20 };

static const char folder[] = "/var/tmp"; /* on disk, where /tmp may be memory */

/* --- the copy --- */

static int open_nameless(void)
{
    char name[] = "/var/tmp/headgate-XXXXXX";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return fd;
    fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        unlink(name);
    return fd;
}

static bool write_all(int fd, const char *bytes, size_t n, size_t at)
{
    while (n > 0) {
        ssize_t written = pwrite(fd, bytes, n, (off_t)at);

        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            bytes += written;
            n -= (size_t)written;
            at += (size_t)written;
        }
    }
    return true;
}

/* Copies up to `size` bytes and a NUL behind them. */
static bool copy_bytes(int from, int to, size_t size, size_t *out_size)
{
    char *chunk = alloc_zero(CHUNK, 1);
    size_t have = 0;
    ssize_t n = 1;

    while (chunk != NULL && have < size && n != 0) {
        n = read(from, chunk, size - have < CHUNK ? size - have : CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || !write_all(to, chunk, (size_t)n, have))
            break;
        have += (size_t)n;
    }
    if (chunk == NULL || (have < size && n != 0) || !write_all(to, "", 1, have))
        have = SIZE_MAX;
    alloc_free(chunk);
    *out_size = have;
    return have != SIZE_MAX;
}

static bool map_copy(struct content *content, int fd, size_t size)
{
    void *bytes = mmap(NULL, size + 1, PROT_READ, MAP_SHARED, fd, 0);

    if (bytes == MAP_FAILED)
        return false;
    content->map = bytes;
    content->bytes = bytes;
    content->size = size;
    content->copy = fd;
    content->let = 0;
    return true;
}

/* False, and nothing changed, when it has to be memory. */
static bool content_copy(struct content *content, const char *path, struct file_stamp *out_stamp)
{
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), to = -1;
    struct file_stamp stamp;
    size_t size = 0;
    bool ok = from >= 0 && file_stamp_of(from, &stamp) && (size_t)stamp.size < content->small.limit;

    if (ok) {
        to = open_nameless();
        ok = to >= 0 && copy_bytes(from, to, (size_t)stamp.size, &size)
             && map_copy(content, to, size);
        if (!ok)
            log_line(LOG_INFO, "file", "a large file is held in memory: no copy of it can be made",
                     "file", path, "folder", folder, "reason", strerror(errno), NULL);
    }
    if (ok)
        *out_stamp = stamp;
    else if (to >= 0)
        close(to);
    if (from >= 0)
        close(from);
    return ok;
}

/* --- both --- */

/* What is read next often fits where the last one was. */
static void empty(struct content *content)
{
    if (content->copy >= 0) {
        munmap(content->map, content->size + 1);
        close(content->copy);
    }
    content->copy = -1;
    buf_truncate(&content->small, 0);
}

bool content_read(struct content *content, const char *path, struct file_stamp *out_stamp,
                  hg_error *err)
{
    struct file_stamp stamp;

    empty(content);
    if (file_stamp(AT_FDCWD, path, &stamp) && stamp.size >= CONTENT_LARGE
        && content_copy(content, path, out_stamp))
        return true;
    if (!file_read_stamped(path, &content->small, out_stamp, err))
        return false;
    content->bytes = content->small.bytes;
    content->size = content->small.size;
    return true;
}

bool content_take(struct content *content, const char *bytes, size_t size)
{
    empty(content);
    buf_bytes(&content->small, bytes, size);
    content->bytes = content->small.bytes;
    content->size = content->small.size;
    return !buf_failed(&content->small);
}

bool content_write(struct content *content, size_t at, const char *bytes, size_t n)
{
    if (content->copy >= 0)
        return write_all(content->copy, bytes, n, at);
    memcpy(content->small.bytes + at, bytes, n);
    return true;
}

void content_passed(void *context, size_t at)
{
    struct content *content = context;

    if (content->copy < 0 || (at < content->let ? content->let - at : at - content->let) < LET_GO)
        return;
    content->let = at;
    (void)madvise(content->map, content->size + 1, MADV_DONTNEED);
}

void content_release(struct content *content)
{
    empty(content);
    buf_release(&content->small);
    *content = CONTENT_INIT(content->small.limit);
}
