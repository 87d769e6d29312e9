/*
 * action_source.c - what a cutover does to the SQLite file: look, freeze, drain, take a snapshot.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions.h"
#include "base/file.h"
#include "fence.h"
#include "freeze.h"
#include "migrate/checksum.h"
#include "proof.h"
#include "source_file.h"
#include "world.h"

enum { DRAIN_S = 30 };

static const char snapshot_name[] = "source.db";

/* Every question has to come back with nothing; the first column of the first row is what was
 * found. */
static const struct {
    const char *sql;
    const char *fault;
    const char *hint;
} questions[] = {
    {"SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'create virtual%' LIMIT 1",
     "the source has a virtual table, whose writes no trigger can stop",
     "Drop it before the cutover and make what it does in the target."},
    {"SELECT integrity_check FROM pragma_integrity_check(1) WHERE integrity_check <> 'ok'",
     "the source is damaged", "Restore it first: what is damaged cannot be moved."},
    {"SELECT \"table\" FROM pragma_foreign_key_check() LIMIT 1",
     "rows of the source refer to rows that are not there",
     "`headgate copy --dry-run` lists them all."},
};

static bool ask_question(struct world *w, size_t i, hg_error *err)
{
    hg_deadline by = hg_deadline_never();
    hg_conn *conn = NULL;
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;

    if (!hg_pool_checkout(w->reader, "cutover", world_soon(), &conn, err))
        return false;
    hg_conn_set_interrupt(conn, world_stopped, w);
    if (hg_conn_query(conn, questions[i].sql, NULL, 0, by, &rows, err)) {
        step = hg_rows_next(rows, by, err);
        if (step == HG_ROW) {
            hg_fail(err, HG_REFUSED, "%s: %s", questions[i].fault, hg_rows_text(rows, 0));
            hg_error_hint(err, "%s", questions[i].hint);
        }
        hg_rows_close(rows);
    }
    hg_conn_set_interrupt(conn, NULL, NULL);
    hg_pool_return(w->reader, conn);
    return step == HG_END;
}

bool scan_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    struct world *w = world;
    int64_t pages = 0, size = 0;

    (void)step;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        if (!ask_question(w, i, err))
            return false;
    if (!world_ask(w->reader, "PRAGMA page_count", world_soon(), &pages, err)
        || !world_ask(w->reader, "PRAGMA page_size", world_soon(), &size, err))
        return false;
    json_object_set_new(facts, "bytes", json_integer((json_int_t)(pages * size)));
    return true;
}

/* --- freeze --- */

enum probe freeze_step_probe(void *world, const struct step *step, hg_error *err)
{
    struct world *w = world;
    struct freeze_state state;

    (void)step;
    if (!freeze_read(w->source, world_soon(), &state, err))
        return PROBE_FAILED;
    if (!state.frozen || strcmp(state.run, journal_run_id(w->journal)) != 0)
        return PROBE_NOT_DONE;
    return state.triggers == 3 * state.tables ? PROBE_DONE : PROBE_PARTLY;
}

/* Never two sides that take writes, and never none by mistake: the target is fenced first. */
static bool target_is_fenced(struct world *w, const struct step *step, hg_error *err)
{
    struct fence_state fence;

    if (!fence_read(w->target, world_role(w, step), world_soon(), &fence, err))
        return false;
    return fence.fenced || hg_fail(err, HG_REFUSED, "the target is not fenced");
}

bool freeze_step_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    struct world *w = world;
    struct freeze_state state;

    if (!target_is_fenced(w, step, err)
        || !freeze_apply(w->source, journal_run_id(w->journal), world_soon(), err)
        || !freeze_read(w->source, world_soon(), &state, err))
        return false;
    source_file_note(w, facts);
    json_object_set_new(facts, "tables", json_integer(state.tables));
    json_object_set_new(facts, "schema_version", json_integer((json_int_t)state.schema_version));
    return true;
}

/* A source that a deployment has taken away takes no writes; what it said is in the snapshot. */
static bool is_only_a_snapshot(const struct world *w)
{
    char path[WORLD_PATH];

    return source_file_state(w) == SOURCE_GONE && world_path(w, snapshot_name, path, NULL)
           && file_exists(path);
}

bool freeze_step_verify(void *world, const struct step *step, hg_error *err)
{
    struct world *w = world;

    (void)step;
    if (is_only_a_snapshot(w))
        return true;
    return source_file_is_there(w, err)
           && freeze_verify(w->source, journal_run_id(w->journal), world_soon(), err);
}

/* The source may only be written again while nobody can write to the target, and nobody is there
 * who could as soon as the fence is lifted. */
static bool target_is_left(struct world *w, const struct step *step, hg_error *err)
{
    hg_deadline by = world_soon();
    struct fence_state fence;
    char who[200] = "";

    do {
        if (!fence_read(w->target, world_role(w, step), world_soon(), &fence, err))
            return false;
        if (!fence.fenced)
            return hg_fail(err, HG_REFUSED, "the target is not fenced");
        if (!w->rehearsal)
            proof_on_target(w, who, sizeof who);
        if (fence.sessions == 0 && who[0] == '\0')
            return true;
    } while (world_wait(w, by, NULL));
    hg_fail(err, HG_REFUSED, "the application still has %d session(s) on the target%s%s",
            fence.sessions, who[0] == '\0' ? "" : ", and ", who);
    hg_error_hint(err, "Restart it, so that it goes back to the source; then abort again.");
    return false;
}

bool freeze_step_undo(void *world, const struct step *step, hg_error *err)
{
    struct world *w = world;
    enum probe found;

    if (!source_file_is_there(w, err))
        return false;
    found = freeze_step_probe(world, step, err);
    if (found == PROBE_FAILED)
        return false;
    if (found == PROBE_NOT_DONE)
        return true;
    return target_is_left(w, step, err)
           && freeze_thaw(w->source, journal_run_id(w->journal), world_soon(), err);
}

/* --- drain --- */

/* A write lock that can be had says that no transaction is still writing; the checkpoint brings
 * what was written into the file itself. */
bool drain_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    struct world *w = world;
    hg_deadline by = hg_deadline_in_ms(1000 * step_integer(step, "seconds", DRAIN_S));
    int64_t busy = 1;
    hg_conn *conn = NULL;
    bool ok;

    (void)facts;
    if (!hg_pool_checkout(w->source, "cutover", by, &conn, err))
        return false;
    ok = hg_conn_execute(conn, "BEGIN IMMEDIATE", NULL, 0, by, NULL, err)
         && hg_conn_rollback(conn, by, err);
    hg_pool_return(w->source, conn);
    while (ok && busy != 0) {
        ok = world_ask(w->source, "PRAGMA wal_checkpoint(PASSIVE)", by, &busy, err);
        if (ok && busy != 0)
            ok = world_wait(w, by, err);
    }
    return ok;
}

/* --- snapshot --- */

enum probe snapshot_probe(void *world, const struct step *step, hg_error *err)
{
    struct world *w = world;
    char path[WORLD_PATH];

    (void)step;
    if (!world_path(w, snapshot_name, path, err))
        return PROBE_FAILED;
    return file_exists(path) ? PROBE_DONE : PROBE_NOT_DONE; /* a backup that fails leaves no file */
}

static bool digest_file(const char *path, char out[CHECKSUM_DIGITS + 1], hg_error *err)
{
    char bytes[1 << 16];
    struct checksum sum;
    FILE *file = fopen(path, "rbe");
    size_t n;

    if (file == NULL)
        return hg_fail(err, HG_IO, "could not read \"%s\": %m", path);
    checksum_init(&sum);
    while ((n = fread(bytes, 1, sizeof bytes, file)) > 0)
        checksum_bytes(&sum, bytes, n);
    checksum_hex(&sum, out);
    n = (size_t)ferror(file);
    fclose(file);
    return n == 0 || hg_fail(err, HG_IO, "could not read \"%s\"", path);
}

static bool sync_path(const char *path, hg_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (!ok)
        hg_fail(err, HG_IO, "could not write \"%s\" to the disk: %m", path);
    if (fd >= 0)
        close(fd);
    return ok;
}

/* Under its name the snapshot is whole, and on the disk. */
bool snapshot_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    struct world *w = world;
    char path[WORLD_PATH], part[WORLD_PATH], digest[CHECKSUM_DIGITS + 1];
    bool ok =
        world_path(w, snapshot_name, path, err) && world_path(w, "source.part", part, err)
        && world_backup(w, part, err) && sync_path(part, err) && digest_file(part, digest, err)
        && (rename(part, path) == 0 || hg_fail(err, HG_IO, "could not rename \"%s\": %m", part))
        && sync_path(w->dir, err);

    (void)step;
    if (ok) {
        json_object_set_new(facts, "file", json_string(path));
        json_object_set_new(facts, "sha256", json_string(digest));
    }
    return ok;
}

/* The last moment at which a source that is gone can be put back. */
bool snapshot_undo(void *world, const struct step *step, hg_error *err)
{
    struct world *w = world;
    char path[WORLD_PATH];

    return world_path(w, snapshot_name, path, err) && source_file_put_back(w, step->id, err)
           && (unlink(path) == 0 || errno == ENOENT
               || hg_fail(err, HG_IO, "could not remove \"%s\": %m", path));
}
