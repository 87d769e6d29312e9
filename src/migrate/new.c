/*
 * new.c - writes a new, empty migration.
 */
#include <headgate/migrate.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/rand.h"
#include "folder.h"
#include "naming.h"
#include "project.h"

enum { REVISION_DIGITS = 12 };

/* The moment as a number, 20261123055800. */
static long long version_now(void)
{
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm utc = {0};

    gmtime_r(&now, &utc);
    return ((((utc.tm_year + 1900LL) * 100 + utc.tm_mon + 1) * 100 + utc.tm_mday) * 100
            + utc.tm_hour)
               * 10000
           + utc.tm_min * 100 + utc.tm_sec;
}

/* Later than every file that is there, so that order in the folder is order of making. */
static long long next_version(const struct folder *folder)
{
    long long version = version_now();

    for (size_t i = 0; i < folder->count; i++)
        if (naming_number(folder->files[i].path) >= version)
            version = naming_number(folder->files[i].path) + 1;
    return version;
}

/* What a new file is made of. */
struct draft {
    const struct folder *folder;
    const struct graph *graph;
    const char *message;
    const char **parents; /* the heads, ancestors first */
    size_t parent_count;
};

static bool find_heads(struct arena *arena, struct draft *draft, hg_error *err)
{
    const struct graph *graph = draft->graph;

    draft->parents = arena_alloc(arena, graph->count + 1, sizeof *draft->parents);
    if (draft->parents == NULL)
        return hg_fail(err, HG_NOMEM, "could not write a migration: out of memory");
    for (size_t i = 0; i < graph->count; i++)
        if (graph->nodes[graph->order[i]].head)
            draft->parents[draft->parent_count++] = graph->nodes[graph->order[i]].revision;
    return true;
}

static bool refuse_many(const struct draft *draft, hg_error *err)
{
    struct buf names = BUF_INIT(480);

    for (size_t i = 0; i < draft->parent_count; i++)
        buf_printf(&names, "%s\"%s\"", i == 0 ? "" : ", ", draft->parents[i]);
    hg_fail(err, HG_REFUSED, "there are %zu heads, %s; a new migration would follow only one",
            draft->parent_count, names.bytes);
    hg_error_hint(err, "Join them first with headgate merge.");
    buf_release(&names);
    return false;
}

/* One line, whatever was given: a header ends where its line does. */
static void put_line(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        buf_char(out, (unsigned char)*text < ' ' || *text == 0x7F ? ' ' : *text);
}

static void put_file(struct buf *out, const char *revision, const struct draft *draft)
{
    buf_printf(out, "-- revision: %s\n-- revises:", revision);
    for (size_t i = 0; i < draft->parent_count; i++)
        buf_printf(out, "%s %s", i == 0 ? "" : ",", draft->parents[i]);
    buf_text(out, "\n-- message: ");
    put_line(out, draft->message);
    buf_text(out, "\n\n-- migrate:up\n\n\n-- migrate:down\n\n");
}

/* Random digits that no file has: a forked process may be dealt the same ones as its parent. */
static void choose_revision(const struct graph *graph, char out[REVISION_DIGITS + 1])
{
    size_t node;

    do {
        rand_hex(out, REVISION_DIGITS);
    } while (graph_has(graph, out, &node));
}

static bool write_draft(const char *dir, const struct draft *draft, char *out_path, size_t size,
                        hg_error *err)
{
    char revision[REVISION_DIGITS + 1], slug[NAMING_SLUG_MAX + 1], name[NAMING_SLUG_MAX + 32];
    struct buf text = BUF_INIT(64 * 1024);
    bool ok;

    choose_revision(draft->graph, revision);
    naming_slug(draft->message, slug);
    put_file(&text, revision, draft);
    snprintf(name, sizeof name, "%lld_%s.sql", next_version(draft->folder), slug);
    if (buf_failed(&text))
        ok = hg_fail(err, HG_USAGE, "the message is too long");
    else if (!file_join(out_path, size, dir, name))
        ok = hg_fail(err, HG_IO, "the path of the new migration is too long");
    else
        ok = file_create(out_path, text.bytes, text.size, 0644, err);
    buf_release(&text);
    return ok;
}

/* "merge 3f9a1c0b7d21 and 9d1e44f0a2bc" */
static char *merge_message(struct arena *arena, const struct draft *draft)
{
    char *message = arena_text(arena, "merge");

    for (size_t i = 0; message != NULL && i < draft->parent_count; i++)
        message = arena_printf(arena, "%s%s %s", message, i == 0 ? "" : " and", draft->parents[i]);
    return message;
}

static bool write_merge(struct arena *arena, const char *dir, struct draft *draft, char *out_path,
                        size_t size, hg_error *err)
{
    if (draft->parent_count < 2) {
        out_path[0] = '\0';
        return true;
    }
    if (draft->message == NULL)
        draft->message = merge_message(arena, draft);
    if (draft->message == NULL)
        return hg_fail(err, HG_NOMEM, "could not write a migration: out of memory");
    return write_draft(dir, draft, out_path, size, err);
}

static bool write_next(const char *dir, const struct draft *draft, char *out_path, size_t size,
                       hg_error *err)
{
    return draft->parent_count > 1 ? refuse_many(draft, err)
                                   : write_draft(dir, draft, out_path, size, err);
}

static bool write_new(const char *dir, bool merge, const char *message, char *out_path, size_t size,
                      hg_error *err)
{
    struct arena arena = ARENA_INIT;
    const struct ledger nothing = {0};
    struct folder folder;
    struct project project;
    struct draft draft = {.folder = &folder, .graph = &project.graph, .message = message};
    hg_error unheard;
    int lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok;

    err = err == NULL ? &unheard : err;
    if (lock >= 0)
        (void)flock(lock, LOCK_EX); /* two at once would follow the same head */
    ok = folder_read_any(dir, &arena, &folder, err)
         && project_make(&arena, folder.files, folder.count, &nothing, &project, err)
         && find_heads(&arena, &draft, err)
         && (merge ? write_merge(&arena, dir, &draft, out_path, size, err)
                   : write_next(dir, &draft, out_path, size, err));
    if (lock >= 0)
        close(lock);
    arena_release(&arena);
    return ok;
}

bool hg_migrate_new(const char *dir, const char *message, char *out_path, size_t size,
                    hg_error *err)
{
    return write_new(dir, false, message, out_path, size, err);
}

bool hg_migrate_merge(const char *dir, const char *message, char *out_path, size_t size,
                      hg_error *err)
{
    return write_new(dir, true, message, out_path, size, err);
}
