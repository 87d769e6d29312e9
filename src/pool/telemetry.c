/*
 * telemetry.c - a pool's page: made, written, read.
 */
#include "telemetry.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#define NS_PER_MS INT64_C(1000000)

enum { NAMES_MOST = 1000 }; /* pools of one process, and what dead ones of the same pid left */

/* The layout is a contract with programs of other versions. */
_Static_assert(offsetof(struct telemetry_slot, holder) == 32, "layout");
_Static_assert(offsetof(struct telemetry_slot, opened_ns) == 64, "layout");
_Static_assert(offsetof(struct telemetry_slot, closes) == 128, "layout");
_Static_assert(sizeof(struct telemetry_slot) == 256, "layout");
_Static_assert(offsetof(struct telemetry_head, pid) == 32, "layout");
_Static_assert(offsetof(struct telemetry_head, process) == 112, "layout");
_Static_assert(offsetof(struct telemetry_head, size) == 336, "layout");
_Static_assert(offsetof(struct telemetry_head, waits) == 376, "layout");
_Static_assert(sizeof(struct telemetry_head) % 64 == 0, "slots begin on a cache line");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
               "an atomic that hides a lock cannot be shared between processes");

static size_t page_bytes(unsigned slot_count)
{
    return sizeof(struct telemetry_head) + slot_count * sizeof(struct telemetry_slot);
}

/* What ps calls the process: a program may have named itself. */
static void process_name(char *out, size_t size)
{
    FILE *file = fopen("/proc/self/comm", "re");

    text_copy(out, size, program_invocation_short_name);
    if (file != NULL && fgets(out, (int)size, file) != NULL)
        out[strcspn(out, "\n")] = '\0';
    if (file != NULL)
        fclose(file);
}

static void identify(struct telemetry_head *head, const struct telemetry_identity *who,
                     unsigned slot_count)
{
    memcpy(head->magic, TELEMETRY_MAGIC, sizeof head->magic);
    head->endian = TELEMETRY_ENDIAN;
    head->version = TELEMETRY_VERSION;
    head->head_size = sizeof *head;
    head->slot_size = sizeof(struct telemetry_slot);
    atomic_init(&head->slot_count, slot_count);
    head->pid = getpid();
    head->started_ms = clock_wall_ms();
    head->wall_ns_at_zero = clock_wall_ms() * NS_PER_MS - clock_now_ns();
    process_name(head->process, sizeof head->process);
    text_copy(head->name, sizeof head->name, who->name);
    text_copy(head->role, sizeof head->role, who->role);
    text_copy(head->database, sizeof head->database, who->database);
    atomic_init(&head->size, who->size);
    atomic_init(&head->max_overflow, who->max_overflow);
}

int64_t telemetry_process_start(int64_t pid)
{
    struct buf stat = BUF_INIT(4096);
    long long start = 0;
    char path[64];
    const char *at;

    snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
    if (file_read(path, &stat, NULL)) {
        at = strrchr(stat.bytes, ')'); /* the name before it may hold anything */
        for (int field = 2; at != NULL && field < 22; field++)
            at = strchr(at + 1, ' ');
        if (at != NULL)
            start = strtoll(at, NULL, 10);
    }
    buf_release(&stat);
    return start;
}

uint64_t telemetry_pid_namespace(void)
{
    struct stat st;

    return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

/* What tells this process from every other one. */
static void identify_process(struct telemetry_head *head)
{
    struct buf boot = BUF_INIT(256);

    head->process_start = telemetry_process_start(head->pid);
    head->pid_namespace = telemetry_pid_namespace();
    if (file_read("/proc/sys/kernel/random/boot_id", &boot, NULL))
        snprintf(head->boot_id, sizeof head->boot_id, "%.36s", boot.bytes);
    buf_release(&boot);
}

static bool fail_publish(hg_error *err, const char *what)
{
    return hg_fail(err, HG_IO, "could not %s: %s", what, strerror(errno));
}

/* A folder that nobody else can write to, in memory. */
static bool check_folder(int dir, hg_error *err)
{
    struct statfs fs;
    struct stat st;

    if (fstat(dir, &st) != 0 || fstatfs(dir, &fs) != 0)
        return fail_publish(err, "examine the folder");
    if (st.st_uid != geteuid())
        return hg_fail(err, HG_PRIVILEGE, "the folder belongs to another user");
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return hg_fail(err, HG_PRIVILEGE, "other users may write to the folder");
    if (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC)
        return hg_fail(err, HG_UNSUPPORTED, "the folder is on a disk, not in memory");
    return true;
}

static bool open_folder(struct telemetry *t, const char *path, hg_error *err)
{
    if (!file_make_dir(path, 0700, err))
        return false;
    t->folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return t->folder >= 0 ? check_folder(t->folder, err) : fail_publish(err, "open the folder");
}

/*
 * A nameless file with all its room, locked and mapped. Room first: a page that a full file system
 * cannot back would kill the program when it is touched. More is mapped than there is, for slots
 * that may come. The lock belongs to the open file and not
 * to the process, so that reading our own files does not drop it.
 */
static bool make_file(struct telemetry *t, unsigned slot_count, hg_error *err)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    void *page;

    t->fd = openat(t->folder, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    if (t->fd < 0)
        return fail_publish(err, "make a file");
    errno = posix_fallocate(t->fd, 0, (off_t)page_bytes(slot_count));
    if (errno != 0 || fcntl(t->fd, F_OFD_SETLK, &whole) != 0)
        return fail_publish(err, "reserve and lock a file");
    page = mmap(NULL, page_bytes(HG_POOL_SLOTS_MAX), PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
    if (page == MAP_FAILED)
        return fail_publish(err, "map a file");
    t->head = page;
    t->bytes = page_bytes(HG_POOL_SLOTS_MAX);
    return true;
}

/* Gives the finished file its name. */
static bool name_file(struct telemetry *t, hg_error *err)
{
    char from[64];

    snprintf(from, sizeof from, "/proc/self/fd/%d", t->fd);
    for (int n = 0; n < NAMES_MOST; n++) {
        snprintf(t->name, sizeof t->name, TELEMETRY_PREFIX "%d-%d", (int)getpid(), n);
        if (linkat(AT_FDCWD, from, t->folder, t->name, AT_SYMLINK_FOLLOW) == 0)
            return true;
        if (errno != EEXIST)
            break;
    }
    t->name[0] = '\0';
    return fail_publish(err, "name a file");
}

static void lay_out(struct telemetry *t, const struct telemetry_identity *who, unsigned slot_count)
{
    t->slots = (struct telemetry_slot *)(t->head + 1);
    identify(t->head, who, slot_count);
}

static bool publish(struct telemetry *t, const char *folder, const struct telemetry_identity *who,
                    unsigned slot_count, hg_error *err)
{
    if (!open_folder(t, folder, err) || !make_file(t, slot_count, err))
        return false;
    lay_out(t, who, slot_count);
    identify_process(t->head);
    return name_file(t, err);
}

static bool keep_private(struct telemetry *t, const struct telemetry_identity *who,
                         unsigned slot_count)
{
    size_t bytes = page_bytes(HG_POOL_SLOTS_MAX);
    void *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return false;
    t->head = page;
    t->bytes = bytes;
    lay_out(t, who, slot_count);
    return true;
}

bool telemetry_open(struct telemetry *t, const char *runtime_dir,
                    const struct telemetry_identity *who, unsigned slot_count)
{
    hg_error err = {HG_OK};

    *t = (struct telemetry){.fd = -1, .folder = -1};
    if (runtime_dir[0] == '\0')
        return keep_private(t, who, slot_count);
    if (publish(t, runtime_dir, who, slot_count, &err))
        return true;
    log_line(LOG_WARN, "pool", "other processes will not see this pool", "pool", who->name,
             "folder", runtime_dir, "cause", err.message, NULL);
    telemetry_close(t);
    return keep_private(t, who, slot_count);
}

/* Readers find room for every slot that they are told of: first the one, then the other. */
bool telemetry_grow(struct telemetry *t, unsigned slot_count)
{
    if (t->fd >= 0 && posix_fallocate(t->fd, 0, (off_t)page_bytes(slot_count)) != 0)
        return false;
    atomic_store(&t->head->slot_count, slot_count);
    return true;
}

void telemetry_abandon(struct telemetry *t)
{
    if (t->head != NULL)
        munmap(t->head, t->bytes);
    if (t->fd >= 0)
        close(t->fd);
    if (t->folder >= 0)
        close(t->folder);
    *t = (struct telemetry){.fd = -1, .folder = -1};
}

void telemetry_close(struct telemetry *t)
{
    if (t->name[0] != '\0')
        unlinkat(t->folder, t->name, 0);
    telemetry_abandon(t);
}

/* Whoever sees one of the words sees what was stored before it. */
static void store_text(_Atomic uint64_t *words, size_t n, const char *text)
{
    char bytes[TELEMETRY_ERROR_WORDS * 8] = "";
    uint64_t word;

    assert(n * 8 <= sizeof bytes);
    text_copy(bytes, n * 8, text);
    for (size_t i = 0; i < n; i++) {
        memcpy(&word, bytes + i * 8, sizeof word);
        atomic_store_explicit(&words[i], word, memory_order_release);
    }
}

void telemetry_set_holder(struct telemetry_slot *slot, const char *tag)
{
    store_text(slot->holder, HG_TAG_MAX / 8, tag == NULL ? "" : tag);
}

void telemetry_set_error(struct telemetry_head *head, const char *text)
{
    uint64_t count = atomic_load_explicit(&head->error_begun, memory_order_relaxed) + 1;

    atomic_store_explicit(&head->error_begun, count, memory_order_relaxed);
    atomic_store_explicit(&head->error_ms, clock_wall_ms(), memory_order_release);
    store_text(head->error, TELEMETRY_ERROR_WORDS, text);
    atomic_store_explicit(&head->error_done, count, memory_order_release);
}

unsigned telemetry_wait_bucket(int64_t wait_ns)
{
    uint64_t us = wait_ns < 1000 ? 1 : (uint64_t)wait_ns / 1000;
    unsigned octave = 63 - (unsigned)__builtin_clzll(us);
    unsigned quarter = (unsigned)((us * 4) >> octave) & 3;
    unsigned bucket = octave * 4 + quarter;

    return bucket < TELEMETRY_WAIT_BUCKETS ? bucket : TELEMETRY_WAIT_BUCKETS - 1;
}

double telemetry_bucket_ms(unsigned bucket)
{
    double octave = (double)(UINT64_C(1) << (bucket / 4));

    return octave * (1.0 + (bucket % 4) / 4.0 + 0.125) / 1000.0;
}

void telemetry_note_wait(struct telemetry_head *head, int64_t wait_ns)
{
    telemetry_count(&head->waits[telemetry_wait_bucket(wait_ns)]);
    if (wait_ns > atomic_load_explicit(&head->wait_max_ns, memory_order_relaxed))
        atomic_store_explicit(&head->wait_max_ns, wait_ns, memory_order_relaxed);
}
