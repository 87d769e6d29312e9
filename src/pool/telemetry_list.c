/*
 * telemetry_list.c - the pools of this host: their files in the runtime folder, read, judged alive
 * or dead, and removed when they have been dead for long.
 */
#include "telemetry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/vec.h"

enum { TEXT_TRIES = 3, FILE_ROOM = 256 * 1024 };

static const int64_t dead_are_shown_ms = 10 * 60 * 1000;

/* A file that is being read. */
struct file {
    int folder, fd;
    const char *name;
    char *bytes; /* FILE_ROOM of them */
    struct telemetry_copy copy;
    uint64_t pid_namespace; /* the reader's */
};

static bool is_ours(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid();
}

/* Reads the file, again while a text in it is being written: a writer that was killed in the middle
 * leaves it so for ever. */
static bool read_copy(struct file *file)
{
    for (int i = 0; i < TEXT_TRIES; i++) {
        ssize_t n = pread(file->fd, file->bytes, FILE_ROOM, 0);

        if (n < 0 || !telemetry_understand(file->bytes, (size_t)n, &file->copy))
            return false;
        if (telemetry_settled(&file->copy.head))
            break;
    }
    return true;
}

/*
 * Whether the process is there. Its lock goes with it, whatever kills it; a child that it forked
 * may still hold the lock, which the pid gives away where pids mean the same to us.
 */
static bool is_alive(const struct file *file)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

    if (fcntl(file->fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
        return false;
    return file->copy.head.pid_namespace != file->pid_namespace
           || file->copy.head.process_start == telemetry_process_start(file->copy.head.pid);
}

/* Whoever first finds a pool dead notes when; ten minutes later whoever comes removes it. */
static void bury(const struct file *file)
{
    int64_t now_ms = clock_wall_ms(), found_ms = atomic_load(&file->copy.head.found_dead_ms);
    int fd;

    if (found_ms > 0 && found_ms <= now_ms) {
        if (now_ms - found_ms > dead_are_shown_ms)
            telemetry_remove(file->folder, file->name);
        return;
    }
    fd = openat(file->folder, file->name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!pwrite(fd, &now_ms, sizeof now_ms, offsetof(struct telemetry_head, found_dead_ms));
    close(fd);
}

/* "pool-PID-N" is the pool with the number N of its process. */
static int number_of(const char *name)
{
    return atoi(strrchr(name, '-') + 1);
}

/* Reads one file into out; false: it is none of ours, or not understood. */
static bool read_pool(struct file *file, hg_pool_snapshot *out)
{
    bool ok;

    file->fd = openat(file->folder, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file->fd < 0)
        return false;
    ok = is_ours(file->fd) && read_copy(file);
    if (ok) {
        telemetry_decode(&file->copy, is_alive(file), clock_now_ns(), clock_wall_ms(), out);
        out->number = number_of(file->name);
        if (!out->alive)
            bury(file);
    }
    close(file->fd);
    return ok;
}

static int by_pid_and_name(const void *a, const void *b)
{
    const hg_pool_snapshot *x = a, *y = b;

    if (x->pid != y->pid)
        return x->pid < y->pid ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Appends every pool of a folder that is open. */
static bool read_folder(DIR *folder, hg_pool_list *list)
{
    struct file file = {
        .folder = dirfd(folder),
        .bytes = alloc_resize(NULL, FILE_ROOM, 1), /* most of it is never touched */
        .pid_namespace = telemetry_pid_namespace(),
    };
    const struct dirent *entry;
    size_t room = 0;
    bool ok = file.bytes != NULL;

    while (ok && (entry = readdir(folder)) != NULL) {
        hg_pool_snapshot *pool;

        if (strncmp(entry->d_name, TELEMETRY_PREFIX, strlen(TELEMETRY_PREFIX)) != 0)
            continue;
        file.name = entry->d_name;
        pool = vec_push((void **)&list->pools, &list->count, &room, sizeof *pool);
        ok = pool != NULL;
        if (ok && !read_pool(&file, pool))
            list->count--;
    }
    alloc_free(file.bytes);
    return ok;
}

bool hg_pool_list_read(const char *runtime_dir, hg_pool_list *out_list, hg_error *err)
{
    hg_pool_list list = {0, NULL};
    DIR *folder = opendir(runtime_dir);
    bool ok = true;

    if (folder == NULL && errno != ENOENT)
        return hg_fail(err, HG_IO, "could not open folder \"%s\": %s", runtime_dir,
                       strerror(errno));
    if (folder != NULL) {
        ok = read_folder(folder, &list);
        closedir(folder);
    }
    if (!ok) {
        hg_pool_list_release(&list);
        return hg_fail(err, HG_NOMEM, "could not list the pools: out of memory");
    }
    if (list.count > 1)
        qsort(list.pools, list.count, sizeof *list.pools, by_pid_and_name);
    *out_list = list;
    return true;
}

void hg_pool_list_release(hg_pool_list *list)
{
    alloc_free(list->pools);
    *list = (hg_pool_list){0, NULL};
}
