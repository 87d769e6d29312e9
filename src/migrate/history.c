/*
 * history.c - what the library says about revisions and plans without changing anything.
 */
#include <string.h>

#include "base/alloc.h"
#include "other.h"
#include "plan_explain.h"
#include "run.h"

struct history {
    hg_history public; /* comes first */
    struct prepared *prepared;
};

const char *hg_revision_state_name(hg_revision_state state)
{
    static const char *const names[] = {"pending", "applied", "missing"};

    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the history: out of memory");
}

static void fill_from_ledger(const struct ledger_entry *entry, hg_revision *out)
{
    out->applied_by = out->release = "";
    out->duration_ms = -1;
    if (entry == NULL || !entry->applied || out->state == HG_REVISION_PENDING)
        return;
    out->applied_ms = entry->finished_ms;
    out->applied_by = entry->operator_name;
    out->release = entry->release;
    out->duration_ms = entry->stamped ? -1 : entry->duration_ms;
    out->checksum_known = entry->checksum[0] != '\0' && out->state == HG_REVISION_APPLIED;
}

static void fill_revision(const struct prepared *p, size_t node, hg_revision *out)
{
    const struct project *project = &p->project;
    const struct graph_node *n = &project->graph.nodes[node];
    const struct ledger_entry *entry = project->entries[node];

    out->revision = n->revision;
    out->revises = n->revises;
    out->revises_count = n->revises_count;
    out->file = n->file == NULL ? "" : n->file;
    out->message = entry == NULL ? "" : entry->message;
    out->head = n->head;
    out->current = project->current[node];
    out->state = project->applied[node] ? HG_REVISION_APPLIED : HG_REVISION_PENDING;
    if (n->file == NULL) {
        out->state = HG_REVISION_MISSING;
        out->has_down = entry != NULL && entry->keeps_down;
    } else {
        out->message = project->files[node].message;
        out->irreversible = project->files[node].down.irreversible;
        out->has_down = project->files[node].down.present;
    }
    fill_from_ledger(entry, out);
    out->checksum_ok = !project_edited(project, node);
    out->reformatted = project_reformatted(project, node);
}

/* Their revisions, ancestors first. */
static const char **list_of(struct prepared *p, const hg_revision *revisions, bool heads,
                            size_t *out_count)
{
    size_t count = p->project.graph.count;
    const char **list = arena_alloc(&p->arena, count + 1, sizeof *list);

    for (size_t i = 0; list != NULL && i < count; i++)
        if (heads ? revisions[i].head : revisions[i].current)
            list[(*out_count)++] = revisions[i].revision;
    return list;
}

static bool fill_history(struct prepared *p, hg_history *out, hg_error *err)
{
    const struct graph *graph = &p->project.graph;

    out->ledger_exists = p->ledger.exists;
    out->revision_count = graph->count;
    out->revisions = arena_alloc(&p->arena, graph->count + 1, sizeof *out->revisions);
    if (out->revisions == NULL)
        return no_memory(err);
    for (size_t i = 0; i < graph->count; i++) {
        fill_revision(p, graph->order[i], &out->revisions[i]);
        out->pending_count += out->revisions[i].state == HG_REVISION_PENDING;
    }
    out->current = list_of(p, out->revisions, false, &out->current_count);
    out->heads = list_of(p, out->revisions, true, &out->head_count);
    return (out->current != NULL && out->heads != NULL) || no_memory(err);
}

/* Borrows a connection for a function that only reads. */
static bool read_with(hg_pool *pool, hg_deadline by, hg_conn **out_conn, hg_error *err)
{
    *out_conn = NULL;
    return pool == NULL || hg_pool_checkout(pool, "migrations", by, out_conn, err);
}

/* What keeps another tool's table from being read says the run that needs it. */
static void note_drift(hg_conn *conn, struct prepared *p, hg_deadline by, hg_history *out)
{
    hg_error err = {HG_OK};

    if (conn != NULL && !other_check(conn, p, out->pending_count == 0, by, &err)
        && err.code == HG_DRIFT)
        out->drift = err;
}

/* Takes what was prepared over, also on failure. conn NULL: the files alone. */
static bool make_history(struct prepared *prepared, hg_conn *conn, hg_deadline by,
                         hg_history **out_history, hg_error *err)
{
    struct history *history = alloc_zero(1, sizeof *history);
    bool ok = (history != NULL || no_memory(err)) && fill_history(prepared, &history->public, err);

    if (ok) {
        note_drift(conn, prepared, by, &history->public);
        history->prepared = prepared;
        *out_history = &history->public;
    } else {
        prepare_free(prepared);
        alloc_free(history);
    }
    return ok;
}

bool hg_history_read(hg_pool *pool, const char *dir, hg_deadline by, hg_history **out_history,
                     hg_error *err)
{
    const struct folder_place place = {.dir = dir};
    struct prepared *prepared = NULL;
    hg_conn *conn = NULL;
    hg_error unheard;
    bool ok;

    err = err == NULL ? &unheard : err;
    ok = read_with(pool, by, &conn, err)
         && prepare_project(conn, &place, LEDGER_DETAILS, by, &prepared, err)
         && make_history(prepared, conn, by, out_history, err);
    if (conn != NULL)
        hg_pool_return(pool, conn);
    return ok;
}

/* A struct prepared without a ledger is an hg_history_files to the outside. */
bool hg_history_files_read(hg_driver driver, const char *dir, const char *memo_dir,
                           hg_history_files **out_files, hg_error *err)
{
    const struct folder_place place = {dir, memo_dir};
    struct prepared *prepared = NULL;
    hg_error unheard;

    if (!prepare_files(driver, &place, &prepared, err == NULL ? &unheard : err))
        return false;
    *out_files = (hg_history_files *)prepared;
    return true;
}

void hg_history_files_free(hg_history_files *files)
{
    prepare_free((struct prepared *)files);
}

static bool join(hg_history_files *files, hg_conn *conn, enum ledger_depth depth, hg_deadline by,
                 hg_history **out_history, hg_error *err)
{
    struct prepared *prepared = (struct prepared *)files;
    hg_error unheard;

    err = err == NULL ? &unheard : err;
    if (prepare_join(prepared, conn, depth, by, err))
        return make_history(prepared, conn, by, out_history, err);
    prepare_free(prepared);
    return false;
}

bool hg_history_join(hg_history_files *files, hg_conn *conn, hg_deadline by,
                     hg_history **out_history, hg_error *err)
{
    return join(files, conn, LEDGER_DETAILS, by, out_history, err);
}

bool hg_history_glance(hg_history_files *files, hg_conn *conn, hg_deadline by,
                       hg_history **out_history, hg_error *err)
{
    return join(files, conn, LEDGER_GLANCE, by, out_history, err);
}

void hg_history_free(hg_history *history)
{
    struct history *whole = (struct history *)history;

    if (whole == NULL)
        return;
    prepare_free(whole->prepared);
    alloc_free(whole);
}

bool hg_plan_make(hg_pool *pool, const hg_migrate_options *options, hg_deadline by,
                  hg_plan **out_plan, hg_error *err)
{
    struct prepared *prepared = NULL;
    hg_conn *conn = NULL;
    hg_error unheard;
    bool ok;

    err = err == NULL ? &unheard : err;
    ok = read_with(pool, by, &conn, err);
    if (conn != NULL && options->observer != NULL)
        hg_conn_set_interrupt(conn, options->observer->cancelled, options->observer->context);
    ok =
        ok && prepare_decide(conn, options, NULL, by, &prepared, err)
        && (conn == NULL || other_check(conn, prepared, prepared->decided.step_count == 0, by, err))
        && prepare_load(conn, prepared, options, by, err)
        && plan_explain(pool, conn, prepared, options, EXPLAIN_TO_SHOW, by, err);
    if (conn != NULL) {
        hg_conn_set_interrupt(conn, NULL, NULL);
        hg_pool_return(pool, conn);
    }
    if (ok)
        *out_plan = &prepared->plan;
    else
        prepare_free(prepared);
    return ok;
}

void hg_plan_free(hg_plan *plan)
{
    prepare_free((struct prepared *)plan);
}
