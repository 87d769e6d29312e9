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

/* size: what the file had when it was opened; 0 where that says nothing, as in /proc. With all of
 * that here there is no need to ask for the end: of a thousand small files it is a fifth of the
 * work. */
static bool read_all(int fd, const char *path, size_t size, struct buf *out, hg_error *err)
{
    char chunk[16 * 1024];
    size_t have = 0;
    ssize_t n;

    while ((size == 0 || have < size) && (n = read(fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_io(err, "read", path);
        have += (size_t)n;
        buf_bytes(out, chunk, (size_t)n);
        if (buf_failed(out) && out->size + (size_t)n < out->limit)
            return hg_fail(err, HG_NOMEM, "could not read \"%s\": out of memory", path);
        if (buf_failed(out))
            return hg_fail(err, HG_IO, "could not read \"%s\": it is larger than %zu bytes", path,
                           out->limit);
    }
    return true;
}

bool file_read(const char *path, struct buf *out, hg_error *err)
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

bool file_write(const char *path, const void *bytes, size_t n, mode_t mode, hg_error *err)
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
    ok = fchmod(fd, mode) == 0 && write_all(fd, bytes, n) && fsync(fd) == 0;
    ok = (close(fd) == 0) && ok;
    ok = ok && rename(beside, path) == 0;
    if (!ok) {
        fail_io(err, "write", path);
        unlink(beside);
    }
    return ok;
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
    struct file_list list;
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool ok = true;

    if (dir == NULL)
        return fail_io(err, "open folder", path);
    while (ok && (entry = readdir(dir)) != NULL) {
        char **name;

        if (entry->d_name[0] == '.' || !ends_in(entry->d_name, suffix) || !is_regular(dir, entry))
            continue;
        name = VEC_PUSH(&names);
        ok = name != NULL && (*name = alloc_text(entry->d_name)) != NULL;
    }
    closedir(dir);
    list = (struct file_list){names.items, names.count};
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
    *list = (struct file_list){NULL, 0};
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
