/*
 * source_file.c - stat() before and after, and a copy that is there whole or not at all.
 */
#include "source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "migrate/checksum.h"

enum { CHUNK = 1 << 16, NAME_ROOM = WORLD_PATH + 32 };

/* What the newest record that knows this fact says; NULL: none does. */
static const json_t *noted(const struct world *w, const char *fact)
{
    for (size_t i = w->journal == NULL ? 0 : journal_count(w->journal); i-- > 0;) {
        const json_t *data = journal_at(w->journal, i)->data;

        if (json_object_get(data, fact) != NULL)
            return data;
    }
    return NULL;
}

static int64_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

enum source_file source_file_state(const struct world *w)
{
    const json_t *was = noted(w, "inode");
    struct stat now;

    if (was == NULL)
        return SOURCE_SAME;
    if (stat(w->source_path, &now) != 0)
        return errno == ENOENT || errno == ENOTDIR ? SOURCE_GONE : SOURCE_REPLACED;
    return (int64_t)now.st_ino == number(was, "inode")
                   && (int64_t)now.st_dev == number(was, "device")
               ? SOURCE_SAME
               : SOURCE_REPLACED;
}

void source_file_note(const struct world *w, json_t *facts)
{
    struct stat now;

    if (stat(w->source_path, &now) != 0)
        return;
    json_object_set_new(facts, "device", json_integer((json_int_t)now.st_dev));
    json_object_set_new(facts, "inode", json_integer((json_int_t)now.st_ino));
    json_object_set_new(facts, "mode", json_integer(now.st_mode & 07777));
    json_object_set_new(facts, "uid", json_integer(now.st_uid));
    json_object_set_new(facts, "gid", json_integer(now.st_gid));
}

bool source_file_is_there(const struct world *w, hg_error *err)
{
    switch (source_file_state(w)) {
    case SOURCE_SAME:
        return true;
    case SOURCE_GONE:
        hg_fail(err, HG_REFUSED, "the source \"%s\" is gone", w->source_path);
        hg_error_hint(err,
                      "The run's folder has a snapshot of it, from the step that takes it on.");
        return false;
    case SOURCE_REPLACED:
        break;
    }
    hg_fail(err, HG_REFUSED, "\"%s\" is not the file that was frozen", w->source_path);
    hg_error_hint(err, "Nobody has frozen that one: move it away, then try again.");
    return false;
}

/* --- back from the snapshot --- */

static bool copy_bytes(int from, int to, struct checksum *sum)
{
    char bytes[CHUNK];
    ssize_t n;

    while ((n = read(from, bytes, sizeof bytes)) > 0) {
        checksum_bytes(sum, bytes, (size_t)n);
        for (ssize_t done = 0, put; done < n; done += put)
            if ((put = write(to, bytes + done, (size_t)(n - done))) <= 0)
                return false;
    }
    return n == 0;
}

/* To whom the source belonged, it belongs again. */
static bool give(int fd, const json_t *was)
{
    uid_t uid = (uid_t)number(was, "uid");
    gid_t gid = (gid_t)number(was, "gid");

    return ((uid == geteuid() && gid == getegid()) || fchown(fd, uid, gid) == 0)
           && fchmod(fd, (mode_t)number(was, "mode")) == 0 && fsync(fd) == 0;
}

static bool write_copy(const char *snapshot, const char *part, const char *sha256,
                       const json_t *was, hg_error *err)
{
    int from = open(snapshot, O_RDONLY | O_CLOEXEC);
    int to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    char found[CHECKSUM_DIGITS + 1] = "";
    struct checksum sum;
    bool ok;

    checksum_init(&sum);
    ok = (from >= 0 && to >= 0 && copy_bytes(from, to, &sum) && give(to, was))
         || hg_fail(err, HG_IO, "could not copy \"%s\" to \"%s\": %m", snapshot, part);
    checksum_hex(&sum, found);
    if (ok && strcmp(found, sha256) != 0)
        ok = hg_fail(err, HG_REFUSED, "the snapshot \"%s\" is not what it was", snapshot);
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    return ok;
}

/* A log that a file of the same name has left would be taken for this one's. */
static void remove_leavings(const char *path)
{
    static const char *const suffixes[] = {"-wal", "-shm", "-journal"};
    char name[NAME_ROOM];

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

/* link() does not replace what has come there meanwhile. */
static bool put_copy(struct world *w, const char *snapshot, const char *sha256, hg_error *err)
{
    char part[NAME_ROOM], folder[NAME_ROOM];
    bool ok;

    snprintf(part, sizeof part, "%s.headgate", w->source_path);
    snprintf(folder, sizeof folder, "%s", w->source_path);
    *strrchr(folder, '/') = '\0';
    if (!file_make_dir(folder, 0755, err))
        return false;
    ok = write_copy(snapshot, part, sha256, noted(w, "inode"), err);
    if (ok) {
        remove_leavings(w->source_path);
        ok = link(part, w->source_path) == 0
             || hg_fail(err, HG_IO, "could not put \"%s\" back: %m", w->source_path);
    }
    unlink(part);
    return ok;
}

bool source_file_put_back(struct world *w, const char *step, hg_error *err)
{
    const json_t *snapshot = noted(w, "sha256");
    json_t *facts;

    if (source_file_state(w) != SOURCE_GONE || snapshot == NULL)
        return source_file_is_there(w, err);
    if (!put_copy(w, json_string_value(json_object_get(snapshot, "file")),
                  json_string_value(json_object_get(snapshot, "sha256")), err))
        return false;
    facts = json_pack("{s:s}", "restored", w->source_path);
    source_file_note(w, facts);
    return journal_append(w->journal, step, JOURNAL_EFFECT, facts, err)
           && world_reopen_source(w, err);
}
