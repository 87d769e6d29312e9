/*
 * stamp.c - the version tables without a migration: made, or set to what somebody says is true.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "mirror.h"
#include "run.h"
#include "target.h"

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(RUN_QUERY_MS);
}

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not stamp: out of memory");
}

/* --- init --- */

static bool look_for_tables(struct run *r, bool *out_idle, hg_error *err)
{
    if (!prepare_place(r->conn, run_soon(r), &r->prepared, err))
        return false;
    *out_idle = r->prepared->place.has_versions && r->prepared->place.has_history
                && r->prepared->place.later == LEDGER_LATER_COUNT;
    return true;
}

bool hg_migrate_init(hg_pool *pool, const char *dir, hg_deadline by, hg_error *err)
{
    hg_migrate_options options = hg_migrate_options_default(dir);
    struct run r = {.pool = pool, .options = &options, .guc = GUC_INIT};
    hg_error unheard;
    bool ok;

    err = err == NULL ? &unheard : err;
    options.lock_wait_ms = hg_deadline_left_ms(by);
    ok = file_make_dir(dir, 0755, err) && run_open(&r, err) && run_acquire(&r, look_for_tables, err)
         && apply_create_ledger(&r, err);
    run_close(&r);
    return ok;
}

/* --- stamp --- */

bool stamp_newest(struct prepared *p, bool *set, hg_error *err)
{
    const struct graph *graph = &p->project.graph;
    bool *below = arena_alloc(&p->arena, graph->count + 1, sizeof *below);

    if (below == NULL)
        return no_memory(err);
    for (size_t i = 0; i < graph->count; i++)
        for (size_t k = 0; set[i] && k < graph->nodes[i].parent_count; k++)
            graph_mark_ancestors(graph, graph->nodes[i].parents[k], below);
    for (size_t i = 0; i < graph->count; i++)
        set[i] = set[i] && !below[i];
    return true;
}

/* Current revisions that are neither above nor below the one that is stamped stay, as in Alembic.
 */
static bool keep_unrelated(struct prepared *p, size_t node, bool *set, hg_error *err)
{
    const struct graph *graph = &p->project.graph;
    bool *above = arena_alloc(&p->arena, graph->count + 1, sizeof *above);
    bool *below = arena_alloc(&p->arena, graph->count + 1, sizeof *below);

    if (above == NULL || below == NULL)
        return no_memory(err);
    above[node] = true;
    graph_mark_descendants(graph, above);
    graph_mark_ancestors(graph, node, below);
    for (size_t i = 0; i < p->folder.count; i++)
        set[i] = set[i] || (p->project.current[i] && !above[i] && !below[i]);
    return true;
}

/* What alembic_version shall hold. */
static bool find_wanted(struct run *r, bool *wanted, hg_error *err)
{
    struct prepared *p = r->prepared;
    const char *text = r->options->target == NULL ? "heads" : r->options->target;
    struct target target;

    if (!target_parse(&p->project.graph, text, &target, err))
        return false;
    switch (target.kind) {
    case TARGET_STEPS:
        return hg_fail(err, HG_NO_REVISION, "\"%s\" cannot be stamped: name a revision", text);
    case TARGET_BASE:
        return true;
    case TARGET_HEADS:
        for (size_t i = 0; i < p->folder.count; i++)
            wanted[i] = p->project.graph.nodes[i].head;
        break;
    case TARGET_NODE:
        if (target.node >= p->folder.count)
            return hg_fail(err, HG_NO_REVISION, "no file has revision \"%s\"",
                           prepared_revision(p, target.node));
        wanted[target.node] = true;
        if (!keep_unrelated(p, target.node, wanted, err))
            return false;
        break;
    }
    return stamp_newest(p, wanted, err);
}

/* Whether the node's row, or what the history says of it, has to change. */
static bool is_news(const struct prepared *p, const bool *wanted, size_t node)
{
    return wanted[node] != p->project.current[node]
           || (wanted[node]
               && (project_edited(&p->project, node) || project_reformatted(&p->project, node)));
}

static bool look_for_news(struct run *r, bool *out_idle, hg_error *err)
{
    const struct folder_place place = {.dir = r->options->dir};
    struct prepared *p;

    if (!prepare_project(r->conn, &place, LEDGER_STATE, run_soon(r), &r->prepared, err))
        return false;
    p = r->prepared;
    r->current = arena_alloc(&p->arena, p->project.graph.count + 1, sizeof *r->current);
    if (r->current == NULL)
        return no_memory(err);
    if (!find_wanted(r, r->current, err))
        return false;
    *out_idle = true;
    for (size_t i = 0; i < p->project.graph.count; i++)
        *out_idle = *out_idle && !is_news(p, r->current, i);
    return true;
}

static bool append(struct run *r, size_t node, const char *direction, const struct script *script,
                   hg_error *err)
{
    const struct graph_node *n = &r->prepared->project.graph.nodes[node];
    struct buf parents = BUF_INIT(1 << 20);
    struct ledger_event event = {.revision = n->revision,
                                 .direction = direction,
                                 .outcome = "ok",
                                 .file = n->file,
                                 .statement_begun = -1,
                                 .started_ms = clock_wall_ms(),
                                 .finished_ms = clock_wall_ms(),
                                 .lock_wait_ms = r->lock_wait_ms};
    int64_t id;
    bool ok;

    for (size_t i = 0; i < n->revises_count; i++)
        buf_printf(&parents, "%s%s", i == 0 ? "" : ",", n->revises[i]);
    event.revises = parents.bytes;
    if (node < r->prepared->folder.count)
        event.message = r->prepared->folder.files[node].message;
    if (script != NULL) {
        event.checksum = script->section.checksum;
        event.raw_checksum = script->section.raw_checksum;
        event.down_section = script->down_section;
    }
    ok = !buf_failed(&parents) || no_memory(err);
    ok = ok && ledger_append(r->conn, &r->prepared->place, &r->author, &event, soon(), &id, err);
    buf_release(&parents);
    return ok;
}

bool stamp_note(struct run *r, size_t node, hg_error *err)
{
    struct prepared *p = r->prepared;
    struct content text = CONTENT_INIT(FOLDER_FILE_LIMIT);
    struct migration_file file;
    struct script script;
    bool ok;

    if (p->folder.files[node].python)
        return append(r, node, "stamp", NULL, err);
    ok = folder_text(&p->folder.files[node], p->driver, &p->arena, &text, &file, err)
         && script_make(&p->arena, p->driver, &file, false, &text, &script, err);

    content_release(&text);
    if (!ok)
        return false;
    ok = append(r, node, "stamp", &script, err);
    script_release(&script);
    return ok;
}

bool stamp_forget(struct run *r, size_t node, hg_error *err)
{
    return append(r, node, "unstamp", NULL, err);
}

bool stamp_mirror(struct run *r, const char *tool, const char *table, hg_error *err)
{
    struct ledger_event event = {.revision = tool,
                                 .direction = "import",
                                 .outcome = "ok",
                                 .message = table,
                                 .statement_begun = -1,
                                 .started_ms = clock_wall_ms(),
                                 .finished_ms = clock_wall_ms(),
                                 .lock_wait_ms = r->lock_wait_ms};
    int64_t id;

    return ledger_append(r->conn, &r->prepared->place, &r->author, &event, soon(), &id, err);
}

/* dbmate's table names every applied revision, not only the newest. */
static bool write_mirror(struct run *r, hg_error *err)
{
    struct prepared *p = r->prepared;
    const struct graph *graph = &p->project.graph;
    bool *applied = arena_alloc(&p->arena, graph->count + 1, sizeof *applied);

    if (applied == NULL)
        return no_memory(err);
    for (size_t i = 0; i < graph->count; i++)
        if (r->current[i])
            graph_mark_ancestors(graph, i, applied);
    for (size_t i = 0; i < graph->count; i++)
        if (applied[i] != p->project.applied[i] && !mirror_write(r, i, applied[i], err))
            return false;
    return true;
}

static bool write_stamps(struct run *r, hg_error *err)
{
    struct prepared *p = r->prepared;

    for (size_t i = 0; i < p->project.graph.count; i++) {
        const char *revision = prepared_revision(p, i);
        size_t leaves = p->project.current[i] && !r->current[i];
        size_t comes = r->current[i] && !p->project.current[i];

        if (!is_news(p, r->current, i))
            continue;
        if (!ledger_move(r->conn, &p->place, &revision, leaves, &revision, comes, soon(), err))
            return false;
        if (leaves > 0 ? !append(r, i, "unstamp", NULL, err) : !stamp_note(r, i, err))
            return false;
    }
    return true;
}

static bool stamp(struct run *r, hg_error *err)
{
    int64_t ms =
        r->options->lock_timeout_ms >= 0 ? r->options->lock_timeout_ms : r->options->lock_wait_ms;
    hg_deadline by = ms < 0 ? hg_deadline_never() : hg_deadline_in_ms(ms);

    if (!apply_create_ledger(r, err) || !apply_begin_write(r, "", by, err))
        return false;
    if (write_stamps(r, err) && write_mirror(r, err) && hg_conn_commit(r->conn, soon(), err))
        return true;
    apply_undo(r);
    return false;
}

/* Says what changed, and what is current now: as wanted, or as it was when stamping failed. */
static bool fill_result(struct run *r, bool stamped, hg_error *err)
{
    const struct project *project = &r->prepared->project;
    const struct graph *graph = &project->graph;
    hg_run_result *result = r->result;

    result->applied = alloc_zero(graph->count + 1, sizeof *result->applied);
    result->current = alloc_zero(graph->count + 1, sizeof *result->current);
    if (result->applied == NULL || result->current == NULL)
        return no_memory(err);
    for (size_t i = 0; i < graph->count; i++) {
        size_t node = graph->order[i];
        bool current = stamped ? r->current[node] : project->current[node];

        if (current)
            text_copy(result->current[result->current_count++], HG_REVISION_SIZE,
                      graph->nodes[node].revision);
        if (stamped && is_news(r->prepared, r->current, node)) {
            hg_applied *applied = &result->applied[result->applied_count++];

            text_copy(applied->revision, sizeof applied->revision, graph->nodes[node].revision);
            applied->direction = current ? HG_UP : HG_DOWN;
        }
    }
    return true;
}

bool hg_migrate_stamp(hg_pool *pool, const hg_migrate_options *options, const hg_observer *observer,
                      hg_run_result *out_result, hg_error *err)
{
    struct run r = {.pool = pool,
                    .options = options,
                    .observer = observer,
                    .guc = GUC_INIT,
                    .result = out_result};
    hg_error unheard;
    bool ok, stamped = false;

    err = err == NULL ? &unheard : err;
    *out_result = (hg_run_result){0};
    ok = run_open(&r, err) && run_acquire(&r, look_for_news, err);
    if (ok) {
        stamped = !r.lock.held || stamp(&r, err);
        ok = fill_result(&r, stamped, err) && stamped;
    }
    run_close(&r);
    return ok;
}
