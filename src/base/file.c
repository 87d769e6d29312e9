/*
 * file.c - files as wholes.
 */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "vec.h"

enum { PATH_ROOM = 4096 };

static bool fail_io(hg_error *err, const char *what, const char *path)
{
    int cause = errno;

    hg_fail(err, cause == ENOSPC || cause == EDQUOT ? HG_DISK_FULL : HG_IO,
            "could not %s \"%s\": %s", what, path, strerror(cause));
    if (cause == ENOSPC || cause == EDQUOT)
        hg_error_hint(err,
                      "Make room on the file system that holds it, then run the command again.");
    else if (cause == EACCES || cause == EPERM)
        hg_error_hint(err, "Check the file's owner and mode, and those of its folder.");
    else if (cause == EROFS)
        hg_error_hint(err, "The file system is mounted read-only.");
    return false;
}

static bool too_large(const char *path, const struct buf *out, hg_error *err)
{
    return hg_fail(err, HG_IO, "could not read \"%s\": it is larger than %zu bytes", path,
                   out->limit);
}

static bool no_memory(const char *path, hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read \"%s\": out of memory", path);
}

/* Where the size says nothing, as in /proc. */
static bool read_to_end(int fd, const char *path, struct buf *out, hg_error *err)
{
    char chunk[16 * 1024];
    ssize_t n;

    while ((n = read(fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_io(err, "read", path);
        buf_bytes(out, chunk, (size_t)n);
        if (buf_failed(out))
            return out->size + (size_t)n < out->limit ? no_memory(path, err)
                                                      : too_large(path, out, err);
    }
    return true;
}

/* What the file had when it was opened, or less. With all of that here there is no need to ask for
 * the end: of a thousand small files it is a fifth of the work. */
static bool read_sized(int fd, const char *path, size_t size, struct buf *out, hg_error *err)
{
    size_t before = out->size, have = 0;
    char *room = buf_extend(out, size);
    ssize_t n = 1;

    if (room == NULL)
        return before + size < out->limit ? no_memory(path, err) : too_large(path, out, err);
    while (have < size && n != 0) {
        n = read(fd, room + have, size - have);
        if (n < 0 && errno != EINTR)
            break;
        have += n > 0 ? (size_t)n : 0;
    }
    buf_truncate(out, before + have);
    return n >= 0 || have == size || fail_io(err, "read", path);
}

static bool read_all(int fd, const char *path, size_t size, struct buf *out, hg_error *err)
{
    return size == 0 ? read_to_end(fd, path, out, err) : read_sized(fd, path, size, out, err);
}

static int64_t in_ns(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static struct file_stamp stamp_of(const struct stat *st)
{
    return (struct file_stamp){.device = st->st_dev,
                               .inode = st->st_ino,
                               .size = st->st_size,
                               .modified_ns = in_ns(&st->st_mtim),
                               .changed_ns = in_ns(&st->st_ctim)};
}

bool file_stamp(int folder, const char *name, struct file_stamp *out)
{
    struct stat st;

    if (fstatat(folder, name, &st, 0) != 0 || !S_ISREG(st.st_mode))
        return false;
    *out = stamp_of(&st);
    return true;
}

bool file_stamp_of(int fd, struct file_stamp *out)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    *out = stamp_of(&st);
    return true;
}

bool file_stamp_folder(int fd, struct file_stamp *out)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode))
        return false;
    *out = stamp_of(&st);
    return true;
}

bool file_read(const char *path, struct buf *out, hg_error *err)
{
    struct file_stamp unwanted;

    return file_read_stamped(path, out, &unwanted, err);
}

bool file_read_stamped(const char *path, struct buf *out, struct file_stamp *out_stamp,
                       hg_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    bool ok;

    if (fd < 0)
        return fail_io(err, "open", path);
    if (fstat(fd, &st) != 0)
        ok = fail_io(err, "read", path);
    else if (!S_ISREG(st.st_mode))
        ok = hg_fail(err, HG_IO, "could not read \"%s\": it is not a regular file", path);
    else
        ok = read_all(fd, path, (size_t)st.st_size, out, err);
    if (ok)
        *out_stamp = stamp_of(&st);
    close(fd);
    return ok;
}

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        n -= (size_t)written;
    }
    return true;
}

static bool replace(const char *path, const void *bytes, size_t n, mode_t mode, bool sync,
                    hg_error *err)
{
    char beside[PATH_ROOM];
    bool ok;
    int fd;

    if (snprintf(beside, sizeof beside, "%s.XXXXXX", path) >= (int)sizeof beside) {
        errno = ENAMETOOLONG;
        return fail_io(err, "write", path);
    }
    fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return fail_io(err, "write", path);
    ok = fchmod(fd, mode) == 0 && write_all(fd, bytes, n) && (!sync || fsync(fd) == 0);
    ok = (close(fd) == 0) && ok;
    ok = ok && rename(beside, path) == 0;
    if (!ok) {
        fail_io(err, "write", path);
        unlink(beside);
    }
    return ok;
}

bool file_write(const char *path, const void *bytes, size_t n, mode_t mode, hg_error *err)
{
    return replace(path, bytes, n, mode, true, err);
}

bool file_write_lightly(const char *path, const void *bytes, size_t n, mode_t mode, hg_error *err)
{
    return replace(path, bytes, n, mode, false, err);
}

bool file_create(const char *path, const void *bytes, size_t n, mode_t mode, hg_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool ok;

    if (fd < 0)
        return fail_io(err, "create", path);
    ok = write_all(fd, bytes, n) && fsync(fd) == 0;
    ok = (close(fd) == 0) && ok;
    if (!ok) {
        fail_io(err, "write", path);
        unlink(path);
    }
    return ok;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool ends_in(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);

    return n >= m && strcmp(name + n - m, suffix) == 0;
}

/* A link to nothing counts: whoever put it there meant a file, and reading it says what is wrong.
 */
static bool is_regular(DIR *dir, const struct dirent *entry)
{
    struct stat st;

    if (entry->d_type == DT_REG)
        return true;
    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
        return false;
    return fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 ? S_ISREG(st.st_mode)
                                                           : entry->d_type == DT_LNK;
}

bool file_list(const char *path, const char *suffix, struct file_list *out, hg_error *err)
{
    VEC(char *) names = VEC_INIT;
    struct file_list list = {0};
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool ok = true;

    if (dir == NULL)
        return fail_io(err, "open folder", path);
    while (ok && (entry = readdir(dir)) != NULL) {
        char **name;

        if (entry->d_name[0] == '.' || !ends_in(entry->d_name, suffix))
            continue;
        if (!is_regular(dir, entry)) {
            list.unsure |= entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK;
            continue;
        }
        name = VEC_PUSH(&names);
        ok = name != NULL && (*name = alloc_text(entry->d_name)) != NULL;
    }
    closedir(dir);
    list.names = names.items;
    list.count = names.count;
    if (!ok) {
        file_list_release(&list);
        return hg_fail(err, HG_NOMEM, "could not list \"%s\": out of memory", path);
    }
    if (list.count > 1)
        qsort(list.names, list.count, sizeof *list.names, by_bytes);
    *out = list;
    return true;
}

void file_list_release(struct file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        alloc_free(list->names[i]);
    alloc_free(list->names);
    *list = (struct file_list){0};
}

bool file_make_dir(const char *path, mode_t mode, hg_error *err)
{
    char part[PATH_ROOM];
    size_t n = strlen(path);

    if (n >= sizeof part) {
        errno = ENAMETOOLONG;
        return fail_io(err, "make folder", path);
    }
    for (size_t i = 1; i <= n; i++) {
        struct stat st;

        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, mode) == 0)
            continue;
        if (errno == EEXIST && stat(part, &st) == 0 && !S_ISDIR(st.st_mode))
            errno = ENOTDIR;
        if (errno != EEXIST)
            return fail_io(err, "make folder", part);
    }
    return true;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_join(char *out, size_t size, const char *dir, const char *name)
{
    size_t n = strlen(dir);
    const char *slash = n > 0 && dir[n - 1] == '/' ? "" : "/";

    return snprintf(out, size, "%s%s%s", dir, slash, name) < (int)size;
}
