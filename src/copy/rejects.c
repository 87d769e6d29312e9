/*
 * rejects.c - lines of JSON, written as they come.
 */
#include "rejects.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

enum { WRITE_FROM = 64 << 10 };

struct rejects {
    pthread_mutex_t lock; /* guards the rest; innermost */
    struct buf lines;
    int fd;
    char *path;
};

bool rejects_open(const char *path, struct rejects **out, hg_error *err)
{
    struct rejects *rejects = alloc_zero(1, sizeof *rejects);

    if (rejects == NULL || (rejects->path = alloc_text(path)) == NULL) {
        alloc_free(rejects);
        return hg_fail(err, HG_NOMEM, "could not open the file of rejects: out of memory");
    }
    rejects->lines = BUF_INIT(SIZE_MAX / 2);
    rejects->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (rejects->fd < 0) {
        hg_fail(err, HG_IO, "could not create the file of rejects \"%s\": %s", path,
                strerror(errno));
        hg_error_hint(err, "It must not exist yet, and its folder must.");
        alloc_free(rejects->path);
        alloc_free(rejects);
        return false;
    }
    pthread_mutex_init(&rejects->lock, NULL);
    *out = rejects;
    return true;
}

static void put_string(struct buf *out, const char *bytes, size_t size)
{
    buf_char(out, '"');
    for (size_t i = 0; i < size;) {
        uint32_t code = 0;
        size_t n = text_decode(bytes + i, size - i, &code);

        if (n == 0) {
            buf_text(out, "\xef\xbf\xbd");
            n = 1;
        } else if (code == '"' || code == '\\') {
            buf_printf(out, "\\%c", (char)code);
        } else if (code < 0x20) {
            buf_printf(out, "\\u%04x", code);
        } else {
            buf_bytes(out, bytes + i, n);
        }
        i += n;
    }
    buf_char(out, '"');
}

static void put_hex(struct buf *out, const char *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    char *to = buf_extend(out, size * 2);

    for (size_t i = 0; to != NULL && i < size; i++) {
        *to++ = digits[(unsigned char)bytes[i] >> 4];
        *to++ = digits[(unsigned char)bytes[i] & 15];
    }
}

/* Bytes that are not a text of JSON go in full as hexadecimal digits: the file is there so that
 * nothing is lost. */
static void put_cell(struct buf *out, const struct cell *cell)
{
    char number[48];

    switch (cell->class) {
    case CELL_NULL:
        buf_text(out, "null");
        break;
    case CELL_REAL:
        if (cell->as.real - cell->as.real != 0) {
            buf_text(out, cell->as.real < 0 ? "\"-Inf\"" : "\"Inf\"");
            break;
        }
        __attribute__((fallthrough));
    case CELL_INTEGER:
        number_text(cell, number, sizeof number);
        buf_text(out, number);
        break;
    case CELL_TEXT:
        if (text_valid(cell->as.bytes, cell->size)) {
            put_string(out, cell->as.bytes, cell->size);
            break;
        }
        buf_text(out, "{\"text\":\"");
        put_hex(out, cell->as.bytes, cell->size);
        buf_text(out, "\"}");
        break;
    case CELL_BLOB:
        buf_text(out, "{\"blob\":\"");
        put_hex(out, cell->as.bytes, cell->size);
        buf_text(out, "\"}");
        break;
    case CELL_LARGE: /* but for what nobody has read */
        buf_text(out, "{\"large\":true}");
        break;
    }
}

static void put_text(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, "%s\"%s\":", name[0] == 't' && name[1] == 'a' ? "{" : ",", name);
    put_string(out, text, strlen(text));
}

static void put_head(struct buf *out, const struct table *table, const struct place *place,
                     enum finding finding)
{
    put_text(out, "table", table->source->name);
    if (place->key != NULL)
        put_text(out, "key", place->key);
    else
        buf_printf(out, ",\"rowid\":%lld", (long long)place->rowid);
    put_text(out, "column", table->columns[place->column].source->name);
    put_text(out, "rule", finding_id(finding));
}

/* Under the lock. */
static bool write_out(struct rejects *rejects, hg_error *err)
{
    const char *at = rejects->lines.bytes;
    size_t left = rejects->lines.size;

    if (buf_failed(&rejects->lines))
        return hg_fail(err, HG_NOMEM, "could not list what is rejected: out of memory");
    while (left > 0) {
        ssize_t n = write(rejects->fd, at, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return hg_fail(err, errno == ENOSPC ? HG_DISK_FULL : HG_IO,
                           "could not write to the file of rejects \"%s\": %s", rejects->path,
                           strerror(errno));
        at += n;
        left -= (size_t)n;
    }
    buf_truncate(&rejects->lines, 0);
    return true;
}

static bool end_line(struct rejects *rejects, hg_error *err)
{
    bool ok = true;

    buf_text(&rejects->lines, "}\n");
    if (rejects->lines.size >= WRITE_FROM || buf_failed(&rejects->lines))
        ok = write_out(rejects, err);
    pthread_mutex_unlock(&rejects->lock);
    return ok;
}

bool rejects_value(struct rejects *rejects, const struct table *table, const struct place *place,
                   enum finding finding, const struct cell *cell, hg_error *err)
{
    pthread_mutex_lock(&rejects->lock);
    put_head(&rejects->lines, table, place, finding);
    put_text(&rejects->lines, "storage", cell_class_name(cell));
    buf_text(&rejects->lines, ",\"value\":");
    put_cell(&rejects->lines, cell);
    return end_line(rejects, err);
}

bool rejects_row(struct rejects *rejects, const struct table *table, const struct place *place,
                 enum finding finding, const struct cell *cells, hg_error *err)
{
    struct buf *out = &rejects->lines;

    pthread_mutex_lock(&rejects->lock);
    put_head(out, table, place, finding);
    buf_text(out, ",\"row\":{");
    for (size_t i = 0; i < table->column_count; i++) {
        const char *name = table->columns[i].source->name;

        buf_text(out, i == 0 ? "" : ",");
        put_string(out, name, strlen(name));
        buf_char(out, ':');
        put_cell(out, &cells[i]);
    }
    buf_char(out, '}');
    return end_line(rejects, err);
}

bool rejects_close(struct rejects *rejects, hg_error *err)
{
    bool ok = true;

    if (rejects == NULL)
        return true;
    ok = write_out(rejects, err);
    if (close(rejects->fd) != 0 && ok)
        ok = hg_fail(err, HG_IO, "could not write to the file of rejects \"%s\": %s", rejects->path,
                     strerror(errno));
    pthread_mutex_destroy(&rejects->lock);
    buf_release(&rejects->lines);
    alloc_free(rejects->path);
    alloc_free(rejects);
    return ok;
}
