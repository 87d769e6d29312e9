/*
 * server_files.c - who has a SQLite database open and who writes to it, as the kernel tells it.
 *
 * Must not open the database: a process that closes any descriptor of a file loses all its POSIX
 * locks on it, SQLite's included. So files are told apart by device and inode, and locks are read
 * from /proc/locks. Processes outside of our PID namespace are not to be seen here at all.
 */
#include "server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

enum { LOCKS_MAX = 16 << 20, FILES = 4, DATABASE = 0, INDEX = 2 };

static const char *const suffixes[FILES] = {"", "-wal", "-shm", "-journal"};

/* https://www.sqlite.org/src/file/src/os.h and https://www.sqlite.org/walformat.html#locks */
enum {
    PENDING_BYTE = 0x40000000,
    SHARED_LAST_BYTE = PENDING_BYTE + 2 + 509,
    WAL_WRITE_BYTE = 120,
    WAL_CHECKPOINT_BYTE = 121,
    WAL_RECOVER_BYTE = 122,
    WAL_LAST_BYTE = 128 /* held, shared, as long as the file is open */
};

/* What tells a file apart; inode 0: it does not exist. */
struct identity {
    uint32_t device;
    uint64_t inode;
};

const char *hg_file_lock_name(hg_file_lock lock)
{
    static const char *const names[] = {"none", "read", "checkpoint", "write"};

    return (unsigned)lock < sizeof names / sizeof *names ? names[lock] : "unknown";
}

bool file_lock_parse(const char *line, struct file_lock *out)
{
    char kind[8], access[8], last[24];
    unsigned major, minor;
    unsigned long long inode;
    long long pid, first;

    if (sscanf(line, "%*d: %7s %*s %7s %lld %x:%x:%llu %lld %23s", kind, access, &pid, &major,
               &minor, &inode, &first, last)
            != 8
        || (strcmp(kind, "POSIX") != 0 && strcmp(kind, "OFDLCK") != 0))
        return false;
    *out = (struct file_lock){.pid = pid,
                              .device = major << 20 | minor,
                              .inode = inode,
                              .write = strcmp(access, "WRITE") == 0,
                              .first = first,
                              .last = INT64_MAX};
    if (strcmp(last, "EOF") != 0)
        out->last = strtoll(last, NULL, 10);
    return out->write || strcmp(access, "READ") == 0;
}

static bool covers(const struct file_lock *lock, int64_t first, int64_t last)
{
    return lock->first <= last && lock->last >= first;
}

hg_file_lock file_lock_meaning(const struct file_lock *lock, bool index)
{
    if (!index && covers(lock, PENDING_BYTE, SHARED_LAST_BYTE))
        return lock->write ? HG_FILE_WRITES : HG_FILE_READS;
    if (!index || !covers(lock, WAL_WRITE_BYTE, WAL_LAST_BYTE))
        return HG_FILE_UNLOCKED;
    if (lock->write
        && (covers(lock, WAL_WRITE_BYTE, WAL_WRITE_BYTE)
            || covers(lock, WAL_RECOVER_BYTE, WAL_RECOVER_BYTE)))
        return HG_FILE_WRITES;
    return lock->write && covers(lock, WAL_CHECKPOINT_BYTE, WAL_CHECKPOINT_BYTE)
               ? HG_FILE_CHECKPOINTS
               : HG_FILE_READS;
}

/* Which file a path leads to. Asks no server of a network file system. */
static struct identity identify(int folder, const char *path)
{
    struct statx st;

    if (statx(folder, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &st) != 0)
        return (struct identity){0};
    return (struct identity){st.stx_dev_major << 20 | st.stx_dev_minor, st.stx_ino};
}

static bool identify_all(const char *path, struct identity files[FILES], char real[PATH_MAX],
                         hg_error *err)
{
    char name[PATH_MAX + 16];

    if (realpath(path, real) == NULL) {
        int cause = errno;

        hg_fail(err, cause == ENOENT ? HG_NO_DATABASE : HG_IO, "could not find \"%s\": %s", path,
                strerror(cause));
        hg_error_hint(err, "Check the path in the URL, or run `headgate init` to create the "
                           "database.");
        return false;
    }
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "%s%s", real, suffixes[i]);
        files[i] = identify(AT_FDCWD, name);
    }
    return true;
}

/* The first line of a file of a process; false: there is none. */
static bool read_about(int64_t pid, const char *file, char *to, size_t room)
{
    char path[64];
    ssize_t n = 0;
    int fd;

    snprintf(path, sizeof path, "/proc/%lld/%s", (long long)pid, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, to, room - 1);
        close(fd);
    }
    to[n > 0 ? n : 0] = '\0';
    to[strcspn(to, "\n")] = '\0';
    return n > 0;
}

/* The process in the answer, put there when it is new; NULL: out of memory. */
static hg_file_process *process_of(struct sessions *out, int64_t pid)
{
    hg_file_process *p;
    char name[64];

    VEC_EACH (&out->processes, p)
        if (p->pid == pid)
            return p;
    p = VEC_PUSH(&out->processes);
    if (p == NULL)
        return NULL;
    p->pid = pid;
    p->own = pid == getpid();
    if (pid > 0 && read_about(pid, "comm", name, sizeof name)) {
        p->name = arena_text(&out->arena, name);
        if (p->name == NULL)
            return NULL;
    }
    return p;
}

static bool *flag_of(hg_file_process *p, int file)
{
    bool *const flags[FILES] = {&p->database, &p->wal, &p->index, &p->journal};

    return flags[file];
}

static bool note_open(struct sessions *out, int64_t pid, struct identity open,
                      const struct identity files[FILES])
{
    for (int i = 0; i < FILES; i++)
        if (open.inode != 0 && open.inode == files[i].inode && open.device == files[i].device) {
            hg_file_process *p = process_of(out, pid);

            if (p == NULL)
                return false;
            *flag_of(p, i) = true;
        }
    return true;
}

/* Looks at what one process has open. false: out of memory. */
static bool look_at_process(struct sessions *out, int64_t pid, const struct identity files[FILES])
{
    char path[64], program[8];
    bool ok = true;
    DIR *open;

    snprintf(path, sizeof path, "/proc/%lld/fd", (long long)pid);
    open = opendir(path);
    if (open == NULL) { /* kernel threads and zombies have no files, and no command line */
        if (errno == EACCES && read_about(pid, "cmdline", program, sizeof program))
            out->public.complete = false;
        return true;
    }
    for (struct dirent *entry; ok && (entry = readdir(open)) != NULL;)
        if (entry->d_name[0] != '.')
            ok = note_open(out, pid, identify(dirfd(open), entry->d_name), files);
    closedir(open);
    return ok;
}

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not look who has the database open: out of memory");
}

static bool look_at_processes(struct sessions *out, const struct identity files[FILES],
                              hg_deadline by, hg_error *err)
{
    DIR *proc = opendir("/proc");
    bool ok = true, in_time = true;

    if (proc == NULL)
        return hg_fail(err, HG_IO, "could not open \"/proc\": %s", strerror(errno));
    out->public.complete = access("/proc/1", F_OK) == 0; /* mounted with hidepid, it hides others */
    for (struct dirent *entry; ok && in_time && (entry = readdir(proc)) != NULL;) {
        long long pid = strtoll(entry->d_name, NULL, 10);

        ok = pid <= 0 || look_at_process(out, pid, files);
        in_time = hg_deadline_left_ms(by) > 0;
    }
    closedir(proc);
    if (!ok)
        return no_memory(err);
    return in_time || hg_fail(err, HG_TIMEOUT, "looking who has the database open took too long");
}

/* Whether the lock is on this file. On some file systems (btrfs, overlayfs) the kernel's device is
 * not the one that stat() tells: then the owner has to be known to have the file open. */
static bool is_on(struct sessions *out, const struct file_lock *lock, int file,
                  const struct identity files[FILES])
{
    hg_file_process *p;

    if (files[file].inode == 0 || lock->inode != files[file].inode)
        return false;
    if (lock->device == files[file].device)
        return true;
    VEC_EACH (&out->processes, p)
        if (p->pid == lock->pid && *flag_of(p, file))
            return true;
    return false;
}

static bool note_lock(struct sessions *out, const char *line, const struct identity files[FILES])
{
    struct file_lock lock;
    hg_file_lock meaning;
    hg_file_process *p;
    int file = DATABASE;

    if (!file_lock_parse(line, &lock))
        return true;
    if (!is_on(out, &lock, file, files))
        file = INDEX;
    if (!is_on(out, &lock, file, files))
        return true;
    p = process_of(out, lock.pid > 0 ? lock.pid : 0);
    if (p == NULL)
        return false;
    *flag_of(p, file) = true;
    meaning = file_lock_meaning(&lock, file == INDEX);
    p->lock = meaning > p->lock ? meaning : p->lock;
    return true;
}

static bool look_at_locks(struct sessions *out, const struct identity files[FILES], hg_error *err)
{
    struct buf locks = BUF_INIT(LOCKS_MAX);
    bool ok = file_read("/proc/locks", &locks, err);

    for (const char *line = locks.bytes; ok && *line != '\0';) {
        size_t n = strcspn(line, "\n");

        ok = note_lock(out, line, files) || no_memory(err);
        line += n + (line[n] == '\n');
    }
    buf_release(&locks);
    return ok;
}

static int by_pid(const void *a, const void *b)
{
    const hg_file_process *x = a, *y = b;

    return (x->pid > y->pid) - (x->pid < y->pid);
}

bool server_read_files(struct sessions *out, const char *path, hg_deadline by, hg_error *err)
{
    struct identity files[FILES];
    char real[PATH_MAX];

    if (!identify_all(path, files, real, err) || !look_at_processes(out, files, by, err)
        || !look_at_locks(out, files, err))
        return false;
    out->public.path = arena_text(&out->arena, real);
    if (out->public.path == NULL)
        return no_memory(err);
    if (out->processes.count > 1)
        qsort(out->processes.items, out->processes.count, sizeof *out->processes.items, by_pid);
    return true;
}
