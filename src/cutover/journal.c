/*
 * journal.c - the file of records: append and sync, read and verify the chain.
 *
 * Format: one JSON object a line, keys sorted, no spaces. `hash` is the SHA-256, in hexadecimal, of
 * the record's line as it is written without `hash`; `prev` is the hash of the record before, "" in
 * the first.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "base/vec.h"
#include "json_put.h"
#include "migrate/checksum.h"

enum { FILE_LIMIT = 64 << 20, PATH_ROOM = 4096, HOST_ROOM = 65, BOOT_ROOM = 40 };

static const char *const event_names[JOURNAL_EVENTS] = {
    "OPEN",     "INTENT", "EFFECT", "DONE", "FAILED", "UNDO",  "UNDONE",
    "DECISION", "ATTEST", "WAIVE",  "NOTE", "RESUME", "ABORT", "CLOSE",
};

/* A record and the JSON object that its texts live in. */
struct entry {
    struct journal_record record;
    json_t *object;
};

struct journal {
    int fd; /* -1: opened for reading */
    bool broken;
    bool torn;
    off_t size; /* of the whole records */
    char path[PATH_ROOM];
    char run[JOURNAL_RUN_MAX];
    char actor[64];
    char host[HOST_ROOM];
    char boot[BOOT_ROOM];
    char head[JOURNAL_HASH_SIZE];
    VEC(struct entry) entries;
};

const char *journal_event_name(enum journal_event event)
{
    return event_names[event];
}

static bool event_from(const char *name, enum journal_event *out)
{
    for (int i = 0; i < JOURNAL_EVENTS; i++)
        if (name != NULL && strcmp(name, event_names[i]) == 0) {
            *out = (enum journal_event)i;
            return true;
        }
    return false;
}

static void read_boot_id(char out[BOOT_ROOM])
{
    struct buf text = BUF_INIT(BOOT_ROOM);

    if (file_read("/proc/sys/kernel/random/boot_id", &text, NULL))
        text.bytes[strcspn(text.bytes, "\n")] = '\0';
    text_copy(out, BOOT_ROOM, text.bytes);
    buf_release(&text);
}

static struct journal *make(const char *dir, const char *actor)
{
    struct journal *j = alloc_zero(1, sizeof *j);

    if (j == NULL)
        return NULL;
    j->fd = -1;
    if (!file_join(j->path, sizeof j->path, dir, "journal.jsonl"))
        text_copy(j->path, sizeof j->path, ""); /* opening it says so */
    text_copy(j->actor, sizeof j->actor, actor);
    if (gethostname(j->host, sizeof j->host - 1) != 0)
        j->host[0] = '\0';
    read_boot_id(j->boot);
    return j;
}

void journal_close(struct journal *j)
{
    struct entry *e;

    if (j == NULL)
        return;
    VEC_EACH (&j->entries, e)
        json_decref(e->object);
    VEC_RELEASE(&j->entries);
    if (j->fd >= 0)
        close(j->fd); /* and with it the lock */
    alloc_free(j);
}

static bool fail_file(const struct journal *j, hg_error *err, const char *what)
{
    int cause = errno;

    hg_fail(err, cause == ENOSPC || cause == EDQUOT ? HG_DISK_FULL : HG_IO,
            "could not %s the journal \"%s\": %s", what, j->path, strerror(cause));
    if (cause == ENOSPC || cause == EDQUOT)
        hg_error_hint(
            err, "Make room on its file system; nothing is done that is not written down first.");
    return false;
}

/* Whoever writes holds a lock on the file, which the kernel drops with the process. */
static bool lock(struct journal *j, hg_error *err)
{
    struct flock other = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (fcntl(j->fd, F_OFD_SETLK, &other) == 0)
        return true;
    if (errno != EAGAIN && errno != EACCES)
        return fail_file(j, err, "lock");
    hg_fail(err, HG_LOCKED, "another process carries this cutover on");
    hg_error_hint(err, "Watch it with `headgate cutover --attach`.");
    return false;
}

bool journal_is_held(const char *dir)
{
    struct flock other = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct journal *j = make(dir, "");
    bool held = false;

    if (j != NULL && (j->fd = open(j->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)) >= 0)
        held = fcntl(j->fd, F_OFD_GETLK, &other) == 0 && other.l_type != F_UNLCK;
    journal_close(j);
    return held;
}

/* A new name is on disk only once its folder is. */
static bool sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

bool journal_create(const char *dir, const char *run, const char *actor,
                    struct journal **out_journal, hg_error *err)
{
    struct journal *j = make(dir, actor);
    bool ok = false;

    if (j == NULL)
        return hg_fail(err, HG_NOMEM, "could not begin a journal: out of memory");
    text_copy(j->run, sizeof j->run, run);
    if (file_make_dir(dir, 0700, err)) {
        j->fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (j->fd < 0 || !sync_folder(dir))
            fail_file(j, err, "create");
        else
            ok = lock(j, err);
    }
    if (!ok) {
        journal_close(j);
        return false;
    }
    /* Without such a file system a full disk is found when it is met. */
    (void)fallocate(j->fd, FALLOC_FL_KEEP_SIZE, 0, JOURNAL_RESERVE);
    *out_journal = j;
    return true;
}

/* The one way in which a record is written, so that its hash can be taken again. */
static bool write_canonical(const json_t *object, struct buf *out)
{
    return json_put(object, JSON_COMPACT | JSON_SORT_KEYS, out);
}

static bool hash_of(const json_t *object, char out[JOURNAL_HASH_SIZE])
{
    struct buf line = BUF_INIT(FILE_LIMIT);
    struct checksum sum;
    bool ok = write_canonical(object, &line);

    checksum_init(&sum);
    checksum_bytes(&sum, line.bytes, line.size);
    checksum_hex(&sum, out);
    buf_release(&line);
    return ok;
}

/* What a record's object says, its texts borrowed. */
static bool view_record(json_t *object, struct journal_record *out)
{
    const char *event = json_string_value(json_object_get(object, "event"));
    json_t *data = json_object_get(object, "data");

    out->seq = json_integer_value(json_object_get(object, "seq"));
    out->at_ms = json_integer_value(json_object_get(object, "at_ms"));
    out->mono_ms = json_integer_value(json_object_get(object, "mono_ms"));
    out->pid = json_integer_value(json_object_get(object, "pid"));
    out->boot = json_string_value(json_object_get(object, "boot"));
    out->host = json_string_value(json_object_get(object, "host"));
    out->actor = json_string_value(json_object_get(object, "actor"));
    out->step = json_string_value(json_object_get(object, "step"));
    out->data = json_is_object(data) ? data : NULL;
    return out->boot != NULL && out->host != NULL && out->actor != NULL && out->step != NULL
           && event_from(event, &out->event);
}

/* Takes the object over. */
static bool keep(struct journal *j, json_t *object, const char *hash)
{
    struct entry *e = VEC_PUSH(&j->entries);

    if (e == NULL || !view_record(object, &e->record)) {
        if (e != NULL)
            j->entries.count--;
        json_decref(object);
        return false;
    }
    e->object = object;
    text_copy(j->head, sizeof j->head, hash);
    return true;
}

static bool fail_chain(const struct journal *j, int line, const char *why, hg_error *err)
{
    hg_fail(err, HG_FILE, "the journal cannot be trusted: %s", why);
    hg_error_hint(
        err, "Nothing was done. Compare it with the lines in the target's table headgate_cutover.");
    hg_error_place(err, j->path, line, 0);
    return false;
}

/* One whole line into the list: its hash, its place in the chain, its fields. */
static bool accept_line(struct journal *j, const char *line, size_t size, hg_error *err)
{
    int number = (int)j->entries.count + 1;
    json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
    char hash[JOURNAL_HASH_SIZE] = "", said[JOURNAL_HASH_SIZE] = "";
    const char *text = json_string_value(json_object_get(object, "hash"));
    const char *prev = json_string_value(json_object_get(object, "prev"));
    const char *run = json_string_value(json_object_get(object, "run"));
    const char *why = NULL;

    if (text != NULL)
        text_copy(said, sizeof said, text);
    if (!json_is_object(object))
        why = "a record is not a JSON object";
    else if (prev == NULL || strcmp(prev, j->head) != 0
             || json_integer_value(json_object_get(object, "seq")) != number)
        why = "a record is missing before this one, or was moved";
    else if (run == NULL || (number > 1 && strcmp(run, j->run) != 0))
        why = "a record belongs to another run";
    else if (json_object_del(object, "hash") != 0 || !hash_of(object, hash)
             || strcmp(hash, said) != 0)
        why = "a record was changed after it was written";
    if (why != NULL) {
        json_decref(object);
        return fail_chain(j, number, why, err);
    }
    text_copy(j->run, sizeof j->run, run);
    if (!keep(j, object, hash))
        return fail_chain(j, number, "a record lacks fields, or memory ran out", err);
    return true;
}

/* Every whole line; what stands behind the last line end is a record that was never finished. */
static bool accept_all(struct journal *j, const struct buf *text, hg_error *err)
{
    const char *at = text->bytes, *end = text->bytes + text->size, *stop;

    while ((stop = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        if (!accept_line(j, at, (size_t)(stop - at), err))
            return false;
        at = stop + 1;
    }
    j->torn = at < end;
    j->size = at - text->bytes;
    return true;
}

static bool load(struct journal *j, hg_error *err)
{
    struct buf text = BUF_INIT(FILE_LIMIT);
    bool ok = file_read(j->path, &text, err) && accept_all(j, &text, err);

    buf_release(&text);
    return ok;
}

bool journal_read(const char *dir, struct journal **out_journal, hg_error *err)
{
    struct journal *j = make(dir, "");

    if (j == NULL)
        return hg_fail(err, HG_NOMEM, "could not read a journal: out of memory");
    if (!load(j, err)) {
        journal_close(j);
        return false;
    }
    *out_journal = j;
    return true;
}

bool journal_open(const char *dir, const char *actor, struct journal **out_journal, hg_error *err)
{
    struct journal *j = make(dir, actor);
    bool ok = false;

    if (j == NULL)
        return hg_fail(err, HG_NOMEM, "could not open a journal: out of memory");
    j->fd = open(j->path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (j->fd < 0)
        fail_file(j, err, "open");
    else
        ok = lock(j, err) && load(j, err);
    if (ok && j->torn && ftruncate(j->fd, j->size) != 0)
        ok = fail_file(j, err, "cut the torn end off");
    if (ok && j->torn)
        ok = journal_append(
            j, "", JOURNAL_NOTE,
            json_pack("{s:s}", "note", "the last record was not whole and has been cut off"), err);
    if (!ok) {
        journal_close(j);
        return false;
    }
    *out_journal = j;
    return true;
}

static json_t *pack(const struct journal *j, const char *step, enum journal_event event,
                    json_t *data)
{
    json_t *object =
        json_pack("{s:I, s:I, s:I, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s}", "seq",
                  (json_int_t)j->entries.count + 1, "at_ms", (json_int_t)clock_wall_ms(), "mono_ms",
                  (json_int_t)(clock_now_ns() / 1000000), "boot", j->boot, "host", j->host, "actor",
                  j->actor, "pid", (json_int_t)getpid(), "run", j->run, "step", step, "event",
                  event_names[event], "prev", j->head);

    if (object != NULL && data != NULL && json_object_set(object, "data", data) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* The whole line and its place on the disk, or nothing of it. */
static bool write_line(struct journal *j, const struct buf *line, hg_error *err)
{
    size_t done = 0;

    while (done < line->size) {
        ssize_t n = write(j->fd, line->bytes + done, line->size - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (done == line->size && fdatasync(j->fd) == 0) {
        j->size += (off_t)done;
        return true;
    }
    fail_file(j, err, "write");
    j->broken = ftruncate(j->fd, j->size) != 0;
    return false;
}

/* The line as it stands in the file. The object itself stays without its hash. */
static bool render(json_t *object, char hash[JOURNAL_HASH_SIZE], struct buf *line)
{
    bool ok = hash_of(object, hash) && json_object_set_new(object, "hash", json_string(hash)) == 0
              && write_canonical(object, line);

    buf_char(line, '\n');
    return ok && json_object_del(object, "hash") == 0 && !buf_failed(line);
}

bool journal_append(struct journal *j, const char *step, enum journal_event event, json_t *data,
                    hg_error *err)
{
    struct buf line = BUF_INIT(FILE_LIMIT);
    char hash[JOURNAL_HASH_SIZE];
    json_t *object = NULL;
    bool ok = false;

    if (j->fd < 0 || j->broken)
        hg_fail(err, HG_MISUSE, "the journal \"%s\" is not open for writing", j->path);
    else if ((object = pack(j, step, event, data)) == NULL || !render(object, hash, &line))
        hg_fail(err, HG_NOMEM, "could not write the journal \"%s\": out of memory", j->path);
    else if (write_line(j, &line, err)) {
        ok =
            keep(j, json_incref(object), hash)
            || hg_fail(err, HG_NOMEM, "could not write the journal \"%s\": out of memory", j->path);
        j->broken = !ok; /* the file knows more than we do: only a new process may go on */
    }
    json_decref(object);
    json_decref(data);
    buf_release(&line);
    return ok;
}

void journal_break(struct journal *j)
{
    j->broken = true;
}

size_t journal_count(const struct journal *j)
{
    return j->entries.count;
}

const struct journal_record *journal_at(const struct journal *j, size_t index)
{
    return index < j->entries.count ? &j->entries.items[index].record : NULL;
}

bool journal_line(const struct journal *j, size_t index, struct buf *out)
{
    char hash[JOURNAL_HASH_SIZE];

    return render(j->entries.items[index].object, hash, out);
}

const struct journal_record *journal_last(const struct journal *j, const char *step,
                                          enum journal_event event)
{
    for (size_t i = j->entries.count; i-- > 0;) {
        const struct journal_record *r = &j->entries.items[i].record;

        if (r->event == event && strcmp(r->step, step) == 0)
            return r;
    }
    return NULL;
}

const char *journal_run_id(const struct journal *j)
{
    return j->run;
}

void journal_key(const struct journal *j, char *out)
{
    const char *first = j->entries.count > 1
                            ? json_string_value(json_object_get(j->entries.items[1].object, "prev"))
                            : j->head;

    snprintf(out, JOURNAL_KEY_SIZE, "%s/%.12s", j->run, first);
}

const char *journal_head(const struct journal *j)
{
    return j->head;
}

bool journal_was_torn(const struct journal *j)
{
    return j->torn;
}

int64_t journal_since_ms(const struct journal_record *r)
{
    char boot[BOOT_ROOM];
    int64_t since;

    read_boot_id(boot);
    since = strcmp(boot, r->boot) == 0 ? clock_now_ns() / 1000000 - r->mono_ms
                                       : clock_wall_ms() - r->at_ms;
    return since > 0 ? since : 0;
}
