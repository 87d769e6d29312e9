/*
 * import.c - takes the project of another tool over: its files, and what it says is applied.
 *
 * Files come first: they change nothing in the database, and a take-over that is interrupted is
 * simply repeated. The ledger follows in one transaction under the deployers' lock.
 */
#include "import.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "run.h"

enum { DIRS = 4 };

static const struct tool {
    const char *name;
    bool (*read)(struct import *import, const char *from, hg_error *err);
    const char *dirs[DIRS]; /* where its users have their files by custom */
} tools[] = {
    [HG_IMPORT_ALEMBIC] = {"alembic", import_read_alembic, {"migrations", "alembic", "."}},
    [HG_IMPORT_DBMATE] = {"dbmate", import_read_dbmate, {"db/migrations", "migrations"}},
    [HG_IMPORT_GOOSE] = {"goose", import_read_goose, {"db/migrations", "sql"}},
    [HG_IMPORT_GOLANG_MIGRATE] = {"golang-migrate",
                                  import_read_golang_migrate,
                                  {"db/migrations", "db/migration"}},
    [HG_IMPORT_FLYWAY] = {"flyway",
                          import_read_flyway,
                          {"src/main/resources/db/migration", "sql", "db/migration"}},
};

bool hg_import_kind_parse(const char *name, hg_import_kind *out_kind, hg_error *err)
{
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
        if (strcmp(name, tools[i].name) != 0)
            continue;
        *out_kind = (hg_import_kind)i;
        return true;
    }
    hg_fail(err, HG_USAGE, "\"%s\" is no tool whose projects can be taken over", name);
    hg_error_hint(err, "They are alembic, dbmate, goose, golang-migrate and flyway.");
    return false;
}

/* --- where its files are --- */

static bool is_project(hg_import_kind kind, const char *dir)
{
    char place[PATH_MAX];

    return kind == HG_IMPORT_ALEMBIC ? import_find_alembic(dir, place, sizeof place)
                                     : file_exists(dir);
}

static bool choose_folder(const hg_import_options *options, char *out, size_t size, hg_error *err)
{
    const struct tool *tool = &tools[options->kind];

    if (options->from != NULL) {
        text_copy(out, size, options->from);
        return true;
    }
    for (size_t i = 0; i < DIRS && tool->dirs[i] != NULL; i++)
        if (is_project(options->kind, tool->dirs[i])) {
            text_copy(out, size, tool->dirs[i]);
            return true;
        }
    hg_fail(err, HG_IO, "found no folder of %s here", tool->name);
    hg_error_hint(err, "Name it: headgate import %s DIR", tool->name);
    return false;
}

static bool same_folder(const char *a, const char *b)
{
    char x[PATH_MAX], y[PATH_MAX];

    return realpath(a, x) != NULL && realpath(b, y) != NULL && strcmp(x, y) == 0;
}

/* Files of two kinds in one folder would be read as one kind. */
static bool check_folders(const hg_import_options *options, const char *from, hg_error *err)
{
    if (options->kind == HG_IMPORT_ALEMBIC || options->kind == HG_IMPORT_DBMATE
        || !same_folder(from, options->dir))
        return true;
    hg_fail(err, HG_REFUSED, "\"%s\" holds the files of %s and cannot hold ours beside them", from,
            tools[options->kind].name);
    hg_error_hint(err, "Name another folder for the migrations, with --migrations or in "
                       "DB_MIGRATIONS_DIR.");
    return false;
}

/* --- the ledger --- */

/* A take-over on its way to the ledger. */
struct adoption {
    struct run run; /* first: looking is handed the run alone */
    struct import *import;
    hg_import_result *result;
    struct import_applied theirs;
    bool *applied; /* of each node: the tool's table or ours says so */
};

/* A revision is applied with all that it builds on, or our table could not say so. */
static bool check_closed(const struct adoption *a, hg_error *err)
{
    const struct graph *graph = &a->run.prepared->project.graph;

    for (size_t i = 0; i < graph->count; i++)
        for (size_t p = 0; a->applied[i] && p < graph->nodes[i].parent_count; p++) {
            const struct graph_node *parent = &graph->nodes[graph->nodes[i].parents[p]];

            if (a->applied[graph->nodes[i].parents[p]])
                continue;
            hg_fail(err, HG_DRIFT, "\"%s\" is applied, but \"%s\" is not, and stands before it",
                    graph->nodes[i].revision, parent->revision);
            hg_error_hint(err, "Apply it with %s first, or give its file a later number.",
                          tools[a->import->options->kind].name);
            return false;
        }
    return true;
}

/* Whether both tables were in step before: what differs now is the tool's doing. */
static bool is_mirrored(const struct adoption *a)
{
    return a->theirs.table[0] != '\0'
           && strcmp(a->run.prepared->ledger.mirror, a->theirs.table) == 0;
}

static bool merge_applied(struct adoption *a, hg_error *err)
{
    struct prepared *p = a->run.prepared;

    a->applied = arena_alloc(&p->arena, p->project.graph.count + 1, sizeof *a->applied);
    if (a->applied == NULL)
        return hg_fail(err, HG_NOMEM, "could not compare the version tables: out of memory");
    memcpy(a->applied, p->project.applied, p->project.graph.count * sizeof *a->applied);
    for (size_t i = 0; i < a->import->items.count; i++) {
        size_t node;

        if (graph_has(&p->project.graph, a->import->items.items[i].revision, &node)
            && (a->theirs.items[i] || is_mirrored(a)))
            a->applied[node] = a->theirs.items[i];
    }
    return check_closed(a, err);
}

/* Whether our history does not know of it. */
static bool is_news(const struct adoption *a, size_t node)
{
    const struct project *project = &a->run.prepared->project;
    const struct ledger_entry *entry = project->entries[node];

    return a->applied[node] && node < project->file_count && (entry == NULL || !entry->applied);
}

/* Whether the tool has rolled it back since. */
static bool is_gone(const struct adoption *a, size_t node)
{
    return a->run.prepared->project.applied[node] && !a->applied[node];
}

/* Whether the mirror of dbmate's table is to be kept from now on. */
static bool is_new_mirror(const struct adoption *a)
{
    return a->import->options->kind == HG_IMPORT_DBMATE && a->theirs.table[0] != '\0'
           && !is_mirrored(a);
}

static bool look_for_news(struct run *r, bool *out_idle, hg_error *err)
{
    const struct folder_place place = {.dir = r->options->dir};
    struct adoption *a = (struct adoption *)r;

    if (!prepare_project(r->conn, &place, LEDGER_STATE, run_soon(r), &r->prepared, err)
        || !import_read_applied(a->import, r->conn, run_soon(r), &a->theirs, err)
        || !merge_applied(a, err))
        return false;
    *out_idle = !is_new_mirror(a);
    a->result->applied = a->result->noted = 0;
    for (size_t i = 0; i < r->prepared->project.graph.count; i++) {
        a->result->applied += a->applied[i];
        a->result->noted += is_news(a, i) || is_gone(a, i);
    }
    *out_idle = *out_idle && a->result->noted == 0;
    return true;
}

/* The rows of alembic_version: those of the applied revisions that nothing applied builds on. */
static bool write_current(struct adoption *a, hg_error *err)
{
    struct prepared *p = a->run.prepared;
    size_t count = p->project.graph.count;
    bool *wanted = arena_alloc(&p->arena, count + 1, sizeof *wanted);

    if (wanted == NULL)
        return hg_fail(err, HG_NOMEM, "could not write the ledger: out of memory");
    memcpy(wanted, a->applied, count * sizeof *wanted);
    if (!stamp_newest(p, wanted, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *revision = prepared_revision(p, i);
        size_t leaves = p->project.current[i] && !wanted[i];
        size_t comes = wanted[i] && !p->project.current[i];

        if (!ledger_move(a->run.conn, &p->place, &revision, leaves, &revision, comes,
                         run_soon(&a->run), err))
            return false;
    }
    return true;
}

static bool write_history(struct adoption *a, hg_error *err)
{
    const struct graph *graph = &a->run.prepared->project.graph;

    for (size_t i = 0; i < graph->count; i++)
        if ((is_news(a, graph->order[i]) && !stamp_note(&a->run, graph->order[i], err))
            || (is_gone(a, graph->order[i]) && !stamp_forget(&a->run, graph->order[i], err)))
            return false;
    return !is_new_mirror(a) || stamp_mirror(&a->run, "dbmate", a->theirs.table, err);
}

static bool adopt(struct adoption *a, hg_error *err)
{
    struct run *r = &a->run;

    if (!apply_create_ledger(r, err) || !apply_begin_write(r, "", run_soon(r), err))
        return false;
    if (write_current(a, err) && write_history(a, err) && hg_conn_commit(r->conn, run_soon(r), err))
        return true;
    apply_undo(r);
    return false;
}

/* --- all of it --- */

/* What the tool's table says is looked at before a file is written. */
static bool take_over(struct adoption *a, hg_error *err)
{
    struct import *import = a->import;
    struct run *r = &a->run;

    if (!run_open(r, err) || !import_read_applied(import, r->conn, run_soon(r), &a->theirs, err)
        || !import_write(import, &a->result->written, &a->result->left, err)
        || !run_acquire(r, look_for_news, err))
        return false;
    return !r->lock.held || adopt(a, err);
}

bool hg_import(hg_pool *pool, const hg_import_options *options, const hg_observer *observer,
               hg_import_result *out_result, hg_error *err)
{
    hg_migrate_options run_options = hg_migrate_options_default(options->dir);
    struct import import = {.options = options, .observer = observer, .arena = ARENA_INIT};
    struct adoption a = {
        .run = {.pool = pool, .options = &run_options, .observer = observer, .guc = GUC_INIT},
        .import = &import,
        .result = out_result};
    hg_error unheard;
    bool ok;

    err = err == NULL ? &unheard : err;
    *out_result = (hg_import_result){0};
    run_options.operator_name = options->operator_name;
    run_options.release = options->release;
    run_options.lock_wait_ms = options->lock_wait_ms;
    ok = choose_folder(options, out_result->from, sizeof out_result->from, err)
         && check_folders(options, out_result->from, err)
         && tools[options->kind].read(&import, out_result->from, err);
    out_result->found = import.items.count;
    ok = ok && take_over(&a, err);
    run_close(&a.run);
    VEC_RELEASE(&import.items);
    arena_release(&import.arena);
    return ok;
}
