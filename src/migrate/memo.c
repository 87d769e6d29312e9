/*
 * memo.c - what the files of a folder said when they were last read.
 *
 * A line that names format and version, a line with the digest of what follows, the folder's stamp
 * and how many files it has, then a record for each of them. Another version reads files in its own
 * way, and does not trust this one's memo.
 */
#include "memo.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"

#define MEMO_HEAD "headgate memo 2 " HG_VERSION "\n"

enum {
    MEMO_LIMIT = 64 << 20,
    HEAD_SIZE = sizeof MEMO_HEAD - 1 + CHECKSUM_DIGITS + 1,
    SETTLE_MS = 2000, /* the coarsest clock of a file system that counts */
    NAMES_MOST = 1000 /* parents of one file */
};

enum flag {
    IS_MIGRATION = 1,
    SAYS_REVISES = 2,
    IN_TRANSACTION = 4,
    HAS_DOWN = 8,
    IRREVERSIBLE = 16
};

/* --- where --- */

/* File systems of this machine, which stamp every change with this machine's clock. */
static bool is_local(int fd)
{
    static const unsigned long local[] = {EXT4_SUPER_MAGIC,      XFS_SUPER_MAGIC,
                                          BTRFS_SUPER_MAGIC,     TMPFS_MAGIC,
                                          OVERLAYFS_SUPER_MAGIC, F2FS_SUPER_MAGIC};
    struct statfs fs;

    if (fstatfs(fd, &fs) != 0)
        return false;
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        if ((unsigned long)fs.f_type == local[i])
            return true;
    return false;
}

/* The times of a folder of several layers are those of one of them. */
static bool is_layered(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) != 0 || (unsigned long)fs.f_type == OVERLAYFS_SUPER_MAGIC;
}

/* A folder in which nobody else can put anything. */
static bool is_own(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid()
              && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

static bool find_place(struct memo *memo, const char *memo_dir, const char *dir)
{
    char name[96];
    struct file_stamp now;

    memo->folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (memo->folder < 0 || !is_local(memo->folder) || !file_stamp_folder(memo->folder, &now)
        || !file_make_dir(memo_dir, 0700, NULL) || !is_own(memo_dir))
        return false;
    if (now.changed_ns < memo->settled_ns && !is_layered(memo->folder))
        memo->is.folder = now;
    snprintf(name, sizeof name, "migrations-%llx-%llx-%s", (unsigned long long)now.device,
             (unsigned long long)now.inode, hg_driver_name(memo->dialect));
    return file_join(memo->path, sizeof memo->path, memo_dir, name);
}

/* --- reading --- */

static void digest_of(const struct memo_names *names, const char *records, size_t size,
                      char out[CHECKSUM_DIGITS + 1])
{
    struct checksum sum;

    checksum_init(&sum);
    checksum_bytes(&sum, names, sizeof *names);
    checksum_bytes(&sum, records, size);
    checksum_hex(&sum, out);
}

/* Takes what it remembers, if it is a memo, and whole. */
static void understand(struct memo *memo, const char *text, size_t size)
{
    const size_t head = sizeof MEMO_HEAD - 1, records = HEAD_SIZE + sizeof memo->was;
    char digest[CHECKSUM_DIGITS + 1];
    struct memo_names names;

    if (size < records || memcmp(text, MEMO_HEAD, head) != 0)
        return;
    memcpy(&names, text + HEAD_SIZE, sizeof names);
    digest_of(&names, text + records, size - records, digest);
    if (memcmp(text + head, digest, CHECKSUM_DIGITS) != 0)
        return;
    memo->was = names;
    memo->records = text + records;
    memo->size = size - records;
}

/* Straight to where it stays: it is as long as the folder's files are many. */
static const char *read_whole(const char *path, struct arena *arena, size_t *out_size)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    char *text = NULL;
    ssize_t n = -1;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MEMO_LIMIT)
        text = arena_alloc(arena, (size_t)st.st_size + 1, 1);
    if (text != NULL)
        n = read(fd, text, (size_t)st.st_size);
    if (fd >= 0)
        close(fd);
    *out_size = n < 0 ? 0 : (size_t)n;
    return n < 0 ? NULL : text;
}

void memo_open(struct memo *memo, const char *memo_dir, const char *dir, hg_driver dialect,
               struct arena *arena)
{
    const char *text;
    size_t size;

    *memo = (struct memo){
        .folder = -1, .arena = arena, .dialect = dialect, .next = BUF_INIT(MEMO_LIMIT)};
    memo->settled_ns = (clock_wall_ms() - SETTLE_MS) * 1000000;
    if (memo_dir == NULL || memo_dir[0] == '\0' || !find_place(memo, memo_dir, dir)) {
        memo->path[0] = '\0';
        return;
    }
    text = read_whole(memo->path, arena, &size);
    if (text != NULL)
        understand(memo, text, size);
}

/* What is left of the records. */
struct reader {
    const char *at, *end;
    bool ok; /* nothing was missing so far */
};

static void take_bytes(struct reader *r, void *out, size_t n)
{
    if (!r->ok || (size_t)(r->end - r->at) < n) {
        r->ok = false;
        memset(out, 0, n);
        return;
    }
    memcpy(out, r->at, n);
    r->at += n;
}

static uint32_t take_number(struct reader *r)
{
    uint32_t number;

    take_bytes(r, &number, sizeof number);
    return number;
}

static const char *take_text(struct reader *r)
{
    const char *text = r->at;
    const char *nul = r->ok ? memchr(text, '\0', (size_t)(r->end - text)) : NULL;

    r->ok = nul != NULL;
    if (!r->ok)
        return "";
    r->at = nul + 1;
    return text;
}

static const char *const *take_names(struct reader *r, struct arena *arena, size_t *out_count)
{
    static const char *const none[1] = {NULL};
    uint32_t count = take_number(r);
    const char **names;

    *out_count = 0;
    if (count == 0)
        return none;
    names = r->ok && count <= NAMES_MOST ? arena_alloc(arena, count + 1, sizeof *names) : NULL;
    r->ok = r->ok && names != NULL;
    for (uint32_t i = 0; r->ok && i < count; i++)
        names[i] = take_text(r);
    *out_count = r->ok ? count : 0;
    return names;
}

static const char *take_checksum(struct reader *r)
{
    const char *text = take_text(r);

    r->ok = r->ok && (text[0] == '\0' || strlen(text) == CHECKSUM_DIGITS);
    return text;
}

static bool take_file(struct reader *r, struct arena *arena, const char *path,
                      struct migration_file *out)
{
    struct migration_file file = {.path = path};
    uint32_t flags = take_number(r);

    if (r->ok && (flags & IS_MIGRATION) != 0) {
        file.revision = take_text(r);
        file.message = take_text(r);
        file.revises_given = (flags & SAYS_REVISES) != 0;
        file.revises = take_names(r, arena, &file.revises_count);
        file.depends_on = take_names(r, arena, &file.depends_on_count);
        file.up.present = true;
        file.up.transaction = (flags & IN_TRANSACTION) != 0;
        file.up.checksum = take_checksum(r);
        file.up.raw_checksum = take_checksum(r);
        file.down.checksum = file.down.raw_checksum = "";
        file.down.present = (flags & HAS_DOWN) != 0;
        file.down.irreversible = (flags & IRREVERSIBLE) != 0;
    }
    if (r->ok)
        *out = file;
    return r->ok;
}

/* --- writing --- */

static void put_number(struct buf *out, size_t number)
{
    uint32_t n = (uint32_t)number;

    buf_bytes(out, &n, sizeof n);
}

static void put_text(struct buf *out, const char *text)
{
    buf_bytes(out, text, strlen(text) + 1);
}

static void put_names(struct buf *out, const char *const *names, size_t count)
{
    put_number(out, count);
    for (size_t i = 0; i < count; i++)
        put_text(out, names[i]);
}

static unsigned flags_of(const struct migration_file *file)
{
    if (file->revision == NULL)
        return 0;
    return IS_MIGRATION | (file->revises_given ? SAYS_REVISES : 0U)
           | (file->up.transaction ? IN_TRANSACTION : 0U) | (file->down.present ? HAS_DOWN : 0U)
           | (file->down.irreversible ? IRREVERSIBLE : 0U);
}

static void put_file(struct buf *out, const struct migration_file *file)
{
    put_number(out, flags_of(file));
    if (file->revision == NULL)
        return;
    put_text(out, file->revision);
    put_text(out, file->message);
    put_names(out, file->revises, file->revises_count);
    put_names(out, file->depends_on, file->depends_on_count);
    put_text(out, file->up.checksum);
    put_text(out, file->up.raw_checksum);
}

/* From here on what is written is another than what was read. */
static void begin_difference(struct memo *memo, size_t same)
{
    if (!memo->differs)
        buf_bytes(&memo->next, memo->records, same);
    memo->differs = true;
}

/* --- between the two --- */

/* The record at the reader's place: its name, its size in all, its stamp. */
static bool take_head(struct reader *r, size_t *out_size, struct file_stamp *out_stamp,
                      const char **out_name)
{
    const char *begin = r->at;
    size_t size = take_number(r);

    if (!r->ok || size > (size_t)(r->end - begin))
        return false;
    r->end = begin + size;
    take_bytes(r, out_stamp, sizeof *out_stamp);
    *out_name = take_text(r);
    *out_size = size;
    return r->ok && size > 0;
}

static bool is_same(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size
           && a->modified_ns == b->modified_ns && a->changed_ns == b->changed_ns;
}

size_t memo_count(const struct memo *memo)
{
    return memo->was.folder.inode != 0 && is_same(&memo->was.folder, &memo->is.folder)
                   && memo->was.count <= memo->size
               ? memo->was.count
               : 0;
}

const char *memo_name(const struct memo *memo)
{
    struct reader r = {memo->records + memo->at, memo->records + memo->size, true};
    struct file_stamp unasked;
    const char *name = NULL;
    size_t size;

    return memo->at < memo->size && take_head(&r, &size, &unasked, &name) ? name : NULL;
}

void memo_rewind(struct memo *memo, bool unsure)
{
    buf_truncate(&memo->next, 0);
    memo->differs = false;
    memo->at = 0;
    memo->is.count = 0;
    if (unsure)
        memo->is.folder = (struct file_stamp){0};
}

bool memo_recall(struct memo *memo, const char *name, const char *path, struct migration_file *out)
{
    while (memo->at < memo->size) {
        struct reader r = {memo->records + memo->at, memo->records + memo->size, true};
        struct file_stamp then, now;
        const char *known = "";
        size_t size = 0;
        bool sound = take_head(&r, &size, &then, &known);
        int order = sound ? strcmp(known, name) : 0;
        bool same;

        if (order > 0)
            return false;
        same = sound && order == 0 && file_stamp(memo->folder, name, &now) && is_same(&then, &now)
               && take_file(&r, memo->arena, path, out);
        if (!same)
            begin_difference(memo, memo->at);
        else if (memo->differs)
            buf_bytes(&memo->next, memo->records + memo->at, size);
        memo->at = sound ? memo->at + size : memo->size;
        memo->is.count += same;
        if (order == 0)
            return same;
    }
    return false;
}

void memo_keep(struct memo *memo, const char *name, const struct file_stamp *stamp,
               const struct migration_file *file)
{
    size_t begin;
    uint32_t size;

    if (memo->path[0] == '\0' || stamp->changed_ns >= memo->settled_ns
        || file->revises_count > NAMES_MOST || file->depends_on_count > NAMES_MOST) {
        memo->is.folder = (struct file_stamp){0};
        return;
    }
    begin_difference(memo, memo->at);
    begin = memo->next.size;
    put_number(&memo->next, 0);
    buf_bytes(&memo->next, stamp, sizeof *stamp);
    put_text(&memo->next, name);
    put_file(&memo->next, file);
    memo->is.count++;
    size = (uint32_t)(memo->next.size - begin);
    if (!buf_failed(&memo->next))
        memcpy(memo->next.bytes + begin, &size, sizeof size);
}

static void write_memo(const struct memo *memo)
{
    struct buf whole = BUF_INIT(MEMO_LIMIT + HEAD_SIZE);
    char digest[CHECKSUM_DIGITS + 1];

    digest_of(&memo->is, memo->next.bytes, memo->next.size, digest);
    buf_text(&whole, MEMO_HEAD);
    buf_text(&whole, digest);
    buf_char(&whole, '\n');
    buf_bytes(&whole, &memo->is, sizeof memo->is);
    buf_bytes(&whole, memo->next.bytes, memo->next.size);
    if (!buf_failed(&whole))
        file_write_lightly(memo->path, whole.bytes, whole.size, 0600, NULL);
    buf_release(&whole);
}

void memo_close(struct memo *memo, bool complete)
{
    /* files that are gone; names that are known from now on, or no longer */
    if (memo->at < memo->size || !is_same(&memo->was.folder, &memo->is.folder))
        begin_difference(memo, memo->at);
    if (complete && memo->path[0] != '\0' && memo->differs && !buf_failed(&memo->next))
        write_memo(memo);
    if (memo->folder >= 0)
        close(memo->folder);
    buf_release(&memo->next);
}
