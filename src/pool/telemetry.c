/*
 * telemetry.c - a pool's page: made, given a name, removed.
 */
#include "telemetry.h"

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
#include "steer.h"

#define NS_PER_MS INT64_C(1000000)

enum { NAMES_MOST = 1000 }; /* pools of one process, and what dead ones of the same pid left */

/* The layout is a contract with programs of other versions. */
_Static_assert(offsetof(struct telemetry_slot, holder) == 32, "layout");
_Static_assert(offsetof(struct telemetry_slot, opened_ns) == 64, "layout");
_Static_assert(offsetof(struct telemetry_slot, closes) == 128, "layout");
_Static_assert(offsetof(struct telemetry_slot, address) == 256, "layout");
_Static_assert(offsetof(struct telemetry_slot, phase_us) == 320, "layout");
_Static_assert(offsetof(struct telemetry_slot, holds) == 384, "layout");
_Static_assert(sizeof(struct telemetry_slot) == 640, "layout");
_Static_assert(offsetof(struct telemetry_event, detail) == 48, "layout");
_Static_assert(sizeof(struct telemetry_event) == 128, "layout");
_Static_assert(offsetof(struct telemetry_mark, waits) == 56, "layout");
_Static_assert(offsetof(struct telemetry_mark, use) == 824, "layout");
_Static_assert(sizeof(struct telemetry_mark) == 1088, "layout");
_Static_assert(offsetof(struct telemetry_head, slots) == 24, "layout");
_Static_assert(offsetof(struct telemetry_head, pid) == 72, "layout");
_Static_assert(offsetof(struct telemetry_head, process) == 168, "layout");
_Static_assert(offsetof(struct telemetry_head, size) == 392, "layout");
_Static_assert(offsetof(struct telemetry_head, waits) == 448, "layout");
_Static_assert(offsetof(struct telemetry_head, beat_ns) == 1664, "layout");
_Static_assert(offsetof(struct telemetry_head, down_ns) == 2200, "layout");
_Static_assert(sizeof(struct telemetry_head) % 64 == 0, "slots begin on a cache line");
_Static_assert((int)HG_CONNECT_PHASES <= (int)TELEMETRY_PHASES, "a place for every phase");
_Static_assert((int)HG_CLOSE_REASONS <= (int)TELEMETRY_CLOSE_REASONS, "a counter for every reason");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
               "an atomic that hides a lock cannot be shared between processes");

/* The slots come last: they may become more. */
static size_t page_bytes(unsigned slot_count)
{
    return sizeof(struct telemetry_head) + TELEMETRY_EVENTS * sizeof(struct telemetry_event)
           + TELEMETRY_MARKS * sizeof(struct telemetry_mark)
           + slot_count * sizeof(struct telemetry_slot);
}

static const struct telemetry telemetry_none = {
    .fd = -1, .folder = -1, .event_lock = PTHREAD_MUTEX_INITIALIZER};

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

static void identify(struct telemetry_head *head, const struct telemetry_identity *who)
{
    memcpy(head->magic, TELEMETRY_MAGIC, sizeof head->magic);
    head->endian = TELEMETRY_ENDIAN;
    head->version = TELEMETRY_VERSION;
    head->head_size = sizeof *head;
    head->pid = getpid();
    head->started_ms = clock_wall_ms();
    head->started_ns = clock_now_ns();
    head->tick_ns = clock_tick_ns();
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

/* Says where the records of a kind lie; returns where the next kind may begin. */
static uint32_t put_table(struct telemetry_table *table, uint32_t at, size_t stride, unsigned count)
{
    *table = (struct telemetry_table){.offset = at, .stride = (uint32_t)stride, .count = count};
    return at + (uint32_t)stride * count;
}

static void lay_out(struct telemetry *t, const struct telemetry_identity *who, unsigned slot_count)
{
    struct telemetry_head *head = t->head;
    uint32_t at = sizeof *head;

    at = put_table(&head->events, at, sizeof *t->events, TELEMETRY_EVENTS);
    at = put_table(&head->marks, at, sizeof *t->marks, TELEMETRY_MARKS);
    put_table(&head->slots, at, sizeof *t->slots, slot_count);
    t->events = (struct telemetry_event *)((char *)head + head->events.offset);
    t->marks = (struct telemetry_mark *)((char *)head + head->marks.offset);
    t->slots = (struct telemetry_slot *)((char *)head + head->slots.offset);
    identify(head, who);
    t->looked_ns = head->started_ns;
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

    *t = telemetry_none;
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
    atomic_store(&t->head->slots.count, slot_count);
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
    *t = telemetry_none;
}

void telemetry_remove(int folder, const char *name)
{
    char socket[64];

    steer_name(name, socket, sizeof socket);
    (void)unlinkat(folder, socket, 0);
    (void)unlinkat(folder, name, 0);
}

void telemetry_close(struct telemetry *t)
{
    if (t->name[0] != '\0')
        telemetry_remove(t->folder, t->name);
    telemetry_abandon(t);
}
