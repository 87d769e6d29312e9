/*
 * telemetry_read.c - pages into snapshots: of this process's pools, and of any other's.
 * Nothing in a page is trusted: it is copied first, then every number is held against its limits.
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

#define NS_PER_MS INT64_C(1000000)

enum { TEXT_TRIES = 3, FILE_ROOM = 256 * 1024 };

static const int64_t dead_are_shown_ms = 10 * 60 * 1000;

const char *hg_slot_state_name(hg_slot_state state)
{
    static const char *const names[] = {
        "empty", "opening", "idle", "in use", "checking", "resetting", "closing",
    };

    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

#define LOAD(field) atomic_load_explicit(&(field), memory_order_relaxed)

/* Copies what other threads write meanwhile: every word whole, and in this order. */
static void copy_words(void *to, const void *from, size_t bytes)
{
    uint64_t *out = to;
    const _Atomic uint64_t *in = from;

    for (size_t i = 0; i < bytes / sizeof *out; i++)
        out[i] = atomic_load_explicit(&in[i], memory_order_acquire);
}

static int64_t ms_between(int64_t then_ns, int64_t now_ns)
{
    return then_ns <= 0 || then_ns > now_ns ? 0 : (now_ns - then_ns) / NS_PER_MS;
}

/* A text that may lack its end. */
static void copy_text(char *to, size_t room, const char *from, size_t size)
{
    size_t n = strnlen(from, size < room ? size : room - 1);

    memcpy(to, from, n);
    to[n] = '\0';
}

static void decode_connection(const struct telemetry_slot *slot, unsigned index, int64_t now_ns,
                              hg_pool_connection *out)
{
    hg_slot_state state = (hg_slot_state)LOAD(slot->state);
    int64_t since_ms = ms_between(LOAD(slot->since_ns), now_ns);
    bool held = state == HG_SLOT_IN_USE;
    bool open = state != HG_SLOT_OPENING;

    *out = (hg_pool_connection){
        .slot = (int)index,
        .state = state,
        .overflow = open && LOAD(slot->overflow) != 0,
        .age_ms = open ? ms_between(LOAD(slot->opened_ns), now_ns) : -1,
        .held_ms = held ? since_ms : -1,
        .idle_ms = state == HG_SLOT_IDLE || state == HG_SLOT_CHECKING ? since_ms : -1,
        .backend_pid = open ? LOAD(slot->backend_pid) : 0,
        .holder_tid = held ? LOAD(slot->holder_tid) : 0,
        .checkouts = open ? LOAD(slot->checkouts) - LOAD(slot->checkouts_before) : 0,
    };
    if (held)
        copy_text(out->holder, sizeof out->holder, (const char *)slot->holder, sizeof slot->holder);
}

/* Adds one slot to the picture. */
static void decode_slot(const struct telemetry_slot *slot, unsigned index, int64_t now_ns,
                        hg_pool_snapshot *out)
{
    uint32_t state = LOAD(slot->state);

    out->checkouts += LOAD(slot->checkouts);
    out->connects += LOAD(slot->connects);
    out->connect_failures += LOAD(slot->connect_failures);
    out->closed_stale += LOAD(slot->closes[CLOSE_STALE]);
    out->closed_recycle += LOAD(slot->closes[CLOSE_RECYCLE]);
    out->resets_open += LOAD(slot->resets_open);
    if (state == HG_SLOT_EMPTY || state > HG_SLOT_CLOSING)
        return;
    out->opening += state == HG_SLOT_OPENING;
    out->idle += state == HG_SLOT_IDLE;
    out->in_use +=
        state == HG_SLOT_IN_USE || state == HG_SLOT_CHECKING || state == HG_SLOT_RESETTING;
    if (out->connection_count < HG_POOL_SLOTS_MAX)
        decode_connection(slot, index, now_ns, &out->connections[out->connection_count++]);
}

/* The time that a share of all callers stayed below; those who did not wait count as 0. */
static double wait_percentile(const struct telemetry_head *head, double share, uint64_t callers)
{
    uint64_t waited = 0, rank = (uint64_t)((double)callers * share);
    uint64_t below;

    for (unsigned i = 0; i < TELEMETRY_WAIT_BUCKETS; i++)
        waited += LOAD(head->waits[i]);
    below = callers > waited ? callers - waited : 0;
    for (unsigned i = 0; i < TELEMETRY_WAIT_BUCKETS && rank >= below; i++) {
        below += LOAD(head->waits[i]);
        if (rank < below)
            return telemetry_bucket_ms(i);
    }
    return 0;
}

static int within(int64_t value, int least, int most)
{
    return value < least ? least : value > most ? most : (int)value;
}

static void decode_head(const struct telemetry_head *head, hg_pool_snapshot *out)
{
    out->pid = head->pid;
    copy_text(out->process, sizeof out->process, head->process, sizeof head->process);
    copy_text(out->name, sizeof out->name, head->name, sizeof head->name);
    copy_text(out->role, sizeof out->role, head->role, sizeof head->role);
    copy_text(out->database, sizeof out->database, head->database, sizeof head->database);
    copy_text(out->last_error, sizeof out->last_error, (const char *)head->error,
              sizeof head->error);
    out->last_error_ms = LOAD(head->error_ms);
    out->started_ms = head->started_ms;
    out->size = within(LOAD(head->size), 0, HG_POOL_SLOTS_MAX);
    out->max_overflow = within(LOAD(head->max_overflow), -1, HG_POOL_SLOTS_MAX);
    out->waiting = within(LOAD(head->waiting), 0, INT32_MAX);
    out->timeouts = LOAD(head->timeouts);
}

/* What follows from head and slots together. */
static void conclude(const struct telemetry_head *head, hg_pool_snapshot *out)
{
    uint64_t callers = out->checkouts + out->timeouts;
    int open = (int)out->connection_count - out->opening;

    out->overflow = out->size > 0 && open > out->size ? open - out->size : 0;
    out->wait_p50_ms = wait_percentile(head, 0.50, callers);
    out->wait_p99_ms = wait_percentile(head, 0.99, callers);
    out->wait_max_ms = (double)LOAD(head->wait_max_ns) / (double)NS_PER_MS;
}

/* Whether nobody was writing a text while this was copied. */
static bool settled(const struct telemetry_head *copy)
{
    return LOAD(copy->error_done) == LOAD(copy->error_begun);
}

void telemetry_snapshot(const struct telemetry *t, hg_pool_snapshot *out)
{
    int64_t now_ns = clock_now_ns();
    struct telemetry_head head;
    struct telemetry_slot slot;

    memset(out, 0, sizeof *out);
    for (int i = 0; i == 0 || (i < TEXT_TRIES && !settled(&head)); i++)
        copy_words(&head, t->head, sizeof head);
    decode_head(&head, out);
    for (unsigned i = 0; i < head.slot_count; i++) {
        copy_words(&slot, &t->slots[i], sizeof slot);
        decode_slot(&slot, i, now_ns, out);
    }
    conclude(&head, out);
    out->alive = true;
    out->seen_ms = clock_wall_ms();
}

/* A file of another process, copied whole before anything is believed of it. */
struct copy {
    int folder, fd;
    const char *name;
    char *bytes; /* FILE_ROOM of them */
    size_t size;
    struct telemetry_head head;
    uint64_t pid_namespace; /* the reader's */
};

static bool is_ours(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid();
}

/* Whether the layout is one that we know, and everything it promises is there. */
static bool understood(const struct copy *copy)
{
    const struct telemetry_head *head = &copy->head;
    size_t slots = copy->size - sizeof *head;

    return memcmp(head->magic, TELEMETRY_MAGIC, sizeof head->magic) == 0
           && head->endian == TELEMETRY_ENDIAN && head->version == TELEMETRY_VERSION
           && head->head_size >= sizeof *head && head->head_size <= copy->size
           && head->slot_size >= sizeof(struct telemetry_slot) && head->slot_size <= slots
           && head->slot_count <= HG_POOL_SLOTS_MAX
           && head->slot_count <= (copy->size - head->head_size) / head->slot_size;
}

/* Reads the file, again while a text in it is being written: a writer that was killed in the middle
 * leaves it so for ever. */
static bool read_copy(struct copy *copy)
{
    for (int i = 0; i == 0 || (i < TEXT_TRIES && !settled(&copy->head)); i++) {
        ssize_t n = pread(copy->fd, copy->bytes, FILE_ROOM, 0);

        if (n < (ssize_t)sizeof copy->head)
            return false;
        copy->size = (size_t)n;
        memcpy(&copy->head, copy->bytes, sizeof copy->head);
    }
    return understood(copy);
}

/*
 * Whether the process is there. Its lock goes with it, whatever kills it; a child that it forked
 * may still hold the lock, which the pid gives away where pids mean the same to us.
 */
static bool is_alive(const struct copy *copy)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

    if (fcntl(copy->fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
        return false;
    return copy->head.pid_namespace != copy->pid_namespace
           || copy->head.process_start == telemetry_process_start(copy->head.pid);
}

/* One slot of a copy, whatever the size that its writer gave it. */
static struct telemetry_slot slot_at(const struct copy *copy, unsigned i)
{
    struct telemetry_slot slot;

    memcpy(&slot, copy->bytes + copy->head.head_size + (size_t)i * copy->head.slot_size,
           sizeof slot);
    return slot;
}

/* The last thing that is known to have happened, on CLOCK_MONOTONIC. */
static int64_t last_sign_ns(const struct copy *copy, int64_t now_ns)
{
    int64_t last_ns = 0;

    for (unsigned i = 0; i < copy->head.slot_count; i++) {
        struct telemetry_slot slot = slot_at(copy, i);
        int64_t since_ns = LOAD(slot.since_ns);

        if (since_ns > last_ns && since_ns <= now_ns)
            last_ns = since_ns;
    }
    return last_ns;
}

static void decode(const struct copy *copy, hg_pool_snapshot *out)
{
    int64_t now_ns = clock_now_ns();
    int64_t now_ms = clock_wall_ms();

    decode_head(&copy->head, out);
    out->alive = is_alive(copy);
    out->seen_ms = now_ms;
    if (!out->alive) {
        int64_t last_ns = last_sign_ns(copy, now_ns);

        out->seen_ms = last_ns > 0 ? now_ms - (now_ns - last_ns) / NS_PER_MS : 0;
        if (out->seen_ms < out->started_ms) /* by a tick: stamps of use are coarse */
            out->seen_ms = out->started_ms;
        now_ns = last_ns;
    }
    for (unsigned i = 0; i < copy->head.slot_count; i++) {
        struct telemetry_slot slot = slot_at(copy, i);

        decode_slot(&slot, i, now_ns, out);
    }
    conclude(&copy->head, out);
}

/* Whoever first finds a pool dead notes when; ten minutes later whoever comes removes it. */
static void bury(const struct copy *copy)
{
    int64_t now_ms = clock_wall_ms(), found_ms = LOAD(copy->head.found_dead_ms);
    int fd;

    if (found_ms > 0 && found_ms <= now_ms) {
        if (now_ms - found_ms > dead_are_shown_ms)
            unlinkat(copy->folder, copy->name, 0);
        return;
    }
    fd = openat(copy->folder, copy->name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!pwrite(fd, &now_ms, sizeof now_ms, offsetof(struct telemetry_head, found_dead_ms));
    close(fd);
}

/* Reads one file into out; false: it is none of ours, or not understood. */
static bool read_pool(struct copy *copy, hg_pool_snapshot *out)
{
    bool ok;

    copy->fd = openat(copy->folder, copy->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (copy->fd < 0)
        return false;
    ok = is_ours(copy->fd) && read_copy(copy);
    if (ok) {
        decode(copy, out);
        if (!out->alive)
            bury(copy);
    }
    close(copy->fd);
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
    struct copy copy = {
        .folder = dirfd(folder),
        .bytes = alloc_zero(FILE_ROOM, 1),
        .pid_namespace = telemetry_pid_namespace(),
    };
    const struct dirent *entry;
    size_t room = 0;
    bool ok = copy.bytes != NULL;

    while (ok && (entry = readdir(folder)) != NULL) {
        hg_pool_snapshot *pool;

        if (strncmp(entry->d_name, TELEMETRY_PREFIX, strlen(TELEMETRY_PREFIX)) != 0)
            continue;
        copy.name = entry->d_name;
        pool = vec_push((void **)&list->pools, &list->count, &room, sizeof *pool);
        ok = pool != NULL;
        if (ok && !read_pool(&copy, pool))
            list->count--;
    }
    alloc_free(copy.bytes);
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
