/*
 * sqlite_pages.c - the pages of a database as one transaction sees them, read past SQLite's cache.
 *
 * The files are read through the handles that SQLite has open: a second descriptor of our own would
 * drop SQLite's locks when it is closed (POSIX, fcntl). As long as the transaction lives, nobody
 * writes a page into the file that it must not see: without a log because of its lock, with one
 * because a checkpoint stops at the oldest reader (https://www.sqlite.org/walformat.html). A frame
 * of the log may be written over only once its page stands in the file; whether it was is asked
 * again behind each read.
 */
#include <string.h>

#include "base/alloc.h"
#include "bulk.h"
#include "lent.h"
#include "sqlite.h"
#include "sqlstate.h"

enum {
    FILE_HEADER = 100,
    LOG_HEADER = 32,
    FRAME_HEADER = 24,
    LOG_MAGIC = 0x377f0682, /* the lowest bit: checksums are of big-endian words */
};

struct bulk_pages {
    sqlite3_file *file, *log; /* log: NULL: there is none */
    uint32_t page_size, page_count;
    uint8_t salts[8]; /* of the log, as of the moment */
    uint32_t *frames; /* by page: its last frame in the log, from 1; 0: none */
    bool shared;      /* frames belong to another one */
};

static uint32_t get_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool read_at(sqlite3_file *file, void *out, size_t size, int64_t at)
{
    return file->pMethods->xRead(file, out, (int)size, at) == SQLITE_OK;
}

static bool fail_read(const char *what, hg_error *err)
{
    return hg_fail(err, HG_IO, "could not read %s of the database", what);
}

/* --- the log --- */

struct log_walk {
    struct bulk_pages *pages;
    uint8_t header[LOG_HEADER];
    uint32_t sums[2];
    uint32_t last; /* frame of a commit */
    uint32_t room; /* of frames */
};

/* §4.2 of the format: two sums over pairs of words. */
static void add_sums(const struct log_walk *w, const uint8_t *bytes, size_t size, uint32_t sums[2])
{
    bool big = (get_u32(w->header) & 1) != 0;

    for (size_t i = 0; i + 8 <= size; i += 8) {
        uint32_t a, b;

        if (big) {
            a = get_u32(bytes + i);
            b = get_u32(bytes + i + 4);
        } else {
            a = (uint32_t)bytes[i] | (uint32_t)bytes[i + 1] << 8 | (uint32_t)bytes[i + 2] << 16
                | (uint32_t)bytes[i + 3] << 24;
            b = (uint32_t)bytes[i + 4] | (uint32_t)bytes[i + 5] << 8 | (uint32_t)bytes[i + 6] << 16
                | (uint32_t)bytes[i + 7] << 24;
        }
        sums[0] += a + sums[1];
        sums[1] += b + sums[0];
    }
}

static int64_t frame_at(const struct bulk_pages *pages, uint32_t frame)
{
    return LOG_HEADER + (int64_t)(frame - 1) * (FRAME_HEADER + pages->page_size);
}

static bool remember(struct log_walk *w, uint32_t page, uint32_t frame, hg_error *err)
{
    struct bulk_pages *pages = w->pages;

    if (page >= w->room) {
        uint32_t room = page + page / 2 + 1024;
        uint32_t *frames = alloc_resize(pages->frames, room, sizeof *frames);

        if (frames == NULL)
            return sqlstate_no_memory(err);
        memset(frames + w->room, 0, (room - w->room) * sizeof *frames);
        pages->frames = frames;
        w->room = room;
    }
    pages->frames[page] = frame;
    return true;
}

/* The frame's header when it is whole and of this log. */
static bool check_frame(struct log_walk *w, uint8_t *frame, uint32_t number)
{
    const struct bulk_pages *pages = w->pages;

    if (!read_at(pages->log, frame, FRAME_HEADER + pages->page_size, frame_at(pages, number))
        || memcmp(frame + 8, pages->salts, sizeof pages->salts) != 0)
        return false;
    add_sums(w, frame, 8, w->sums);
    add_sums(w, frame + FRAME_HEADER, pages->page_size, w->sums);
    return get_u32(frame + 16) == w->sums[0] && get_u32(frame + 20) == w->sums[1];
}

/* Twice: first up to where commits reach, then what they wrote. */
static bool walk_log(struct log_walk *w, uint32_t until, hg_error *err)
{
    struct bulk_pages *pages = w->pages;
    uint8_t *frame = alloc_zero(1, FRAME_HEADER + pages->page_size);
    bool ok = frame != NULL || sqlstate_no_memory(err);

    w->sums[0] = get_u32(w->header + 24);
    w->sums[1] = get_u32(w->header + 28);
    for (uint32_t i = 1; ok && i <= until && check_frame(w, frame, i); i++) {
        uint32_t size = get_u32(frame + 4);

        if (until < UINT32_MAX)
            ok = remember(w, get_u32(frame), i, err);
        if (size > 0) {
            w->last = i;
            pages->page_count = size;
        }
    }
    alloc_free(frame);
    return ok;
}

static bool read_log(struct bulk_pages *pages, hg_error *err)
{
    struct log_walk w = {.pages = pages};

    if (pages->log == NULL || !read_at(pages->log, w.header, sizeof w.header, 0)
        || (get_u32(w.header) & ~1u) != LOG_MAGIC || get_u32(w.header + 8) != pages->page_size) {
        pages->log = NULL; /* nobody has written anything into it */
        return true;
    }
    memcpy(pages->salts, w.header + 16, sizeof pages->salts);
    return walk_log(&w, UINT32_MAX, err) && (w.last == 0 || walk_log(&w, w.last, err))
           && remember(&w, pages->page_count,
                       w.room > pages->page_count ? pages->frames[pages->page_count] : 0, err);
}

/* --- pages --- */

static bool read_header(struct bulk_pages *pages, hg_error *err)
{
    uint8_t header[FILE_HEADER];
    sqlite3_int64 size = 0;

    if (!read_at(pages->file, header, sizeof header, 0)
        || pages->file->pMethods->xFileSize(pages->file, &size) != SQLITE_OK)
        return fail_read("the header", err);
    pages->page_size = (uint32_t)header[16] << 8 | header[17];
    if (pages->page_size == 1)
        pages->page_size = 65536;
    if (pages->page_size < 512 || (pages->page_size & (pages->page_size - 1)) != 0)
        return hg_fail(err, HG_FAILED, "the file is not a database");
    pages->page_count = (uint32_t)(size / pages->page_size);
    return true;
}

static bool take_files(hg_conn *handle, struct bulk_pages *pages, hg_error *err)
{
    struct sqlite_conn *conn =
        (struct sqlite_conn *)conn_in_hand(handle, "read the pages of the database", err);

    if (conn == NULL)
        return false;
    if (conn->base.driver->id != HG_SQLITE)
        return hg_fail(err, HG_UNSUPPORTED, "only a SQLite database has pages to read");
    if (sqlite3_file_control(conn->db, "main", SQLITE_FCNTL_FILE_POINTER, &pages->file) != SQLITE_OK
        || sqlite3_file_control(conn->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &pages->log)
               != SQLITE_OK
        || pages->file == NULL || pages->file->pMethods == NULL)
        return hg_fail(err, HG_UNSUPPORTED, "only a database in a file has pages to read");
    if (pages->log != NULL && pages->log->pMethods == NULL)
        pages->log = NULL;
    return true;
}

bool bulk_pages_open(hg_conn *conn, struct bulk_pages **out, hg_error *err)
{
    struct bulk_pages *pages = alloc_zero(1, sizeof *pages);

    if (pages == NULL)
        return sqlstate_no_memory(err);
    if (!take_files(conn, pages, err) || !read_header(pages, err) || !read_log(pages, err)) {
        bulk_pages_close(pages);
        return false;
    }
    *out = pages;
    return true;
}

bool bulk_pages_share(const struct bulk_pages *from, hg_conn *conn, struct bulk_pages **out,
                      hg_error *err)
{
    struct bulk_pages *pages = alloc_zero(1, sizeof *pages);

    if (pages == NULL)
        return sqlstate_no_memory(err);
    *pages = *from;
    pages->shared = true;
    if (!take_files(conn, pages, err)) {
        bulk_pages_close(pages);
        return false;
    }
    if (from->log == NULL)
        pages->log = NULL;
    *out = pages;
    return true;
}

void bulk_pages_close(struct bulk_pages *pages)
{
    if (pages != NULL && !pages->shared)
        alloc_free(pages->frames);
    alloc_free(pages);
}

uint32_t bulk_page_size(const struct bulk_pages *pages)
{
    return pages->page_size;
}

uint32_t bulk_page_count(const struct bulk_pages *pages)
{
    return pages->page_count;
}

/* False: the frame is not what it was, so its page stands in the file. */
static bool read_frame(struct bulk_pages *pages, uint32_t page, uint8_t *out)
{
    uint32_t frame = pages->frames[page];
    uint8_t header[FRAME_HEADER];

    return pages->log != NULL
           && read_at(pages->log, out, pages->page_size, frame_at(pages, frame) + FRAME_HEADER)
           && read_at(pages->log, header, sizeof header, frame_at(pages, frame))
           && get_u32(header) == page && memcmp(header + 8, pages->salts, sizeof pages->salts) == 0;
}

bool bulk_pages_read(struct bulk_pages *pages, uint32_t first, uint32_t count, void *out,
                     hg_error *err)
{
    uint32_t until = first + count, done = first;
    uint8_t *to = out;

    while (done < until) {
        bool in_log = pages->frames != NULL && pages->frames[done] != 0
                      && read_frame(pages, done, to + (size_t)(done - first) * pages->page_size);
        uint32_t next = done + 1;

        if (!in_log) { /* as many as stand in the file side by side */
            while (next < until && (pages->frames == NULL || pages->frames[next] == 0))
                next++;
            if (!read_at(pages->file, to + (size_t)(done - first) * pages->page_size,
                         (size_t)(next - done) * pages->page_size,
                         (int64_t)(done - 1) * pages->page_size))
                return fail_read("a page", err);
        }
        done = next;
    }
    return true;
}
