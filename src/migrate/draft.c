/*
 * draft.c - new migration files: their names, their headers, and where they go.
 * Must not know what stands in their sections.
 */
#include "draft.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/rand.h"
#include "naming.h"

/* --- names --- */

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

/* Random digits that no file has: a forked process may be dealt the same ones as its parent. */
static void choose_revision(const struct graph *graph, char out[DRAFT_REVISION_SIZE])
{
    size_t node;

    do {
        rand_hex(out, DRAFT_REVISION_SIZE - 1);
    } while (graph_has(graph, out, &node));
}

/* --- the folder --- */

static bool find_heads(struct draft *draft, hg_error *err)
{
    const struct graph *graph = &draft->project.graph;

    draft->parents = arena_alloc(&draft->arena, graph->count + 1, sizeof *draft->parents);
    if (draft->parents == NULL)
        return hg_fail(err, HG_NOMEM, "could not write a migration: out of memory");
    for (size_t i = 0; i < graph->count; i++)
        if (graph->nodes[graph->order[i]].head)
            draft->parents[draft->parent_count++] = graph->nodes[graph->order[i]].revision;
    return true;
}

bool draft_refuse_many(const struct draft *draft, hg_error *err)
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

bool draft_open(const char *dir, struct draft *draft, hg_error *err)
{
    const struct ledger nothing = {0};
    bool ok;

    *draft = (struct draft){.dir = dir, .lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (draft->lock >= 0)
        (void)flock(draft->lock, LOCK_EX); /* two at once would follow the same head */
    ok = folder_read_any(dir, &draft->arena, &draft->folder, err)
         && project_make(&draft->arena, draft->folder.files, draft->folder.count, &nothing,
                         &draft->project, err)
         && find_heads(draft, err);
    if (ok)
        draft->version = next_version(&draft->folder);
    else
        draft_close(draft);
    return ok;
}

void draft_close(struct draft *draft)
{
    if (draft->lock >= 0)
        close(draft->lock);
    draft->lock = -1;
    arena_release(&draft->arena);
}

/* --- one file --- */

/* One line, whatever was given: a header ends where its line does. */
static void put_line(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        buf_char(out, (unsigned char)*text < ' ' || *text == 0x7F ? ' ' : *text);
}

static void put_file(struct buf *out, const char *revision, const struct draft *draft,
                     const struct draft_file *file)
{
    buf_printf(out, "-- revision: %s\n-- revises:", revision);
    for (size_t i = 0; i < draft->parent_count; i++)
        buf_printf(out, "%s %s", i == 0 ? "" : ",", draft->parents[i]);
    buf_text(out, "\n-- message: ");
    put_line(out, file->message);
    buf_text(out, file->remarks == NULL ? "" : "\n");
    buf_text(out, file->remarks == NULL ? "" : file->remarks);
    buf_printf(out, "%s-- migrate:up", file->remarks == NULL ? "\n\n" : "\n");
    buf_text(out, file->up);
    buf_text(out, "-- migrate:down");
    buf_text(out, file->down);
}

/* What comes next follows this one. */
static bool follow(struct draft *draft, const char *revision, hg_error *err)
{
    char *name = arena_text(&draft->arena, revision);

    if (name == NULL || draft->parents == NULL)
        return hg_fail(err, HG_NOMEM, "could not write a migration: out of memory");
    draft->parents[0] = name;
    draft->parent_count = 1;
    draft->version++;
    return true;
}

bool draft_write(struct draft *draft, const struct draft_file *file, char *out_path, size_t size,
                 hg_error *err)
{
    char revision[DRAFT_REVISION_SIZE], slug[NAMING_SLUG_MAX + 1], name[NAMING_SLUG_MAX + 32];
    struct buf text = BUF_INIT(DRAFT_LIMIT);
    bool ok;

    choose_revision(&draft->project.graph, revision);
    naming_slug(file->message, slug);
    put_file(&text, revision, draft, file);
    snprintf(name, sizeof name, "%lld_%s.sql", draft->version, slug);
    if (strlen(file->message) > DRAFT_MESSAGE_MAX)
        ok = hg_fail(err, HG_USAGE, "the message is too long");
    else if (buf_failed(&text))
        ok = hg_fail(err, HG_NOMEM, "could not write a migration: out of memory");
    else if (!file_join(out_path, size, draft->dir, name))
        ok = hg_fail(err, HG_IO, "the path of the new migration is too long");
    else
        ok =
            file_create(out_path, text.bytes, text.size, 0644, err) && follow(draft, revision, err);
    buf_release(&text);
    return ok;
}
