/*
 * prepare.c - everything that a run needs to know before it begins.
 */
#include "prepare.h"

#include <string.h>

#include "base/alloc.h"

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not prepare the migrations: out of memory");
}

const char *prepared_revision(const struct prepared *prepared, size_t node)
{
    return prepared->project.graph.nodes[node].revision;
}

void prepare_free(struct prepared *prepared)
{
    if (prepared == NULL)
        return;
    for (size_t i = 0; i < prepared->script_count; i++)
        script_release(&prepared->scripts[i]);
    arena_release(&prepared->arena);
    alloc_free(prepared);
}

bool prepare_place(hg_conn *conn, hg_deadline by, struct prepared **out_prepared, hg_error *err)
{
    struct prepared *p = alloc_zero(1, sizeof *p);

    if (p == NULL)
        return no_memory(err);
    p->driver = hg_conn_driver(conn);
    if (!ledger_locate(conn, by, &p->place, err)) {
        prepare_free(p);
        return false;
    }
    *out_prepared = p;
    return true;
}

bool prepare_files(hg_driver driver, const struct folder_place *place,
                   struct prepared **out_prepared, hg_error *err)
{
    struct prepared *p = alloc_zero(1, sizeof *p);

    if (p == NULL)
        return no_memory(err);
    p->driver = driver;
    if (!folder_read(place, driver, &p->arena, &p->folder, err)) {
        prepare_free(p);
        return false;
    }
    *out_prepared = p;
    return true;
}

bool prepare_join(struct prepared *p, hg_conn *conn, enum ledger_depth depth, hg_deadline by,
                  hg_error *err)
{
    const struct ledger_wish wish = {depth, p->folder.files, p->folder.count};

    return (depth == LEDGER_GLANCE ? ledger_locate_to_read : ledger_locate)(conn, by, &p->place,
                                                                            err)
           && ledger_read(conn, &p->place, &wish, &p->arena, by, &p->ledger, err)
           && project_make(&p->arena, p->folder.files, p->folder.count, &p->ledger, &p->project,
                           err);
}

/* The files alone, as whichever engine reads them. */
static bool prepare_without(const char *dir, struct prepared **out_prepared, hg_error *err)
{
    struct prepared *p = alloc_zero(1, sizeof *p);
    bool ok = p != NULL || no_memory(err);

    ok = ok && folder_read_any(dir, &p->arena, &p->folder, err)
         && project_make(&p->arena, p->folder.files, p->folder.count, &p->ledger, &p->project, err);
    if (ok) {
        p->driver = HG_POSTGRESQL;
        *out_prepared = p;
    } else {
        prepare_free(p);
    }
    return ok;
}

bool prepare_project(hg_conn *conn, const struct folder_place *place, enum ledger_depth depth,
                     hg_deadline by, struct prepared **out_prepared, hg_error *err)
{
    struct prepared *p = NULL;

    if (conn == NULL)
        return prepare_without(place->dir, out_prepared, err);
    if (!prepare_files(hg_conn_driver(conn), place, &p, err))
        return false;
    if (!prepare_join(p, conn, depth, by, err)) {
        prepare_free(p);
        return false;
    }
    *out_prepared = p;
    return true;
}

bool prepare_decide(hg_conn *conn, const hg_migrate_options *options, struct prepared *files,
                    hg_deadline by, struct prepared **out_prepared, hg_error *err)
{
    const struct folder_place place = {.dir = options->dir};
    struct prepared *p = files;
    bool ok = files != NULL ? prepare_join(p, conn, LEDGER_STATE, by, err)
                            : prepare_project(conn, &place, LEDGER_STATE, by, &p, err);

    ok =
        ok && plan_decide(&p->arena, &p->project, options->kind, options->target, &p->decided, err);
    if (ok)
        *out_prepared = p;
    else
        prepare_free(p);
    return ok;
}

/* --- scripts --- */

/* The down section that the history kept; its places count from its own first line. */
static bool load_kept(hg_conn *conn, struct prepared *p, size_t node, hg_deadline by,
                      struct content *text, struct migration_file *file, hg_error *err)
{
    struct file_source source = {
        .path = "headgate_history", .dialect = p->driver, .down_only = true};
    const char *kept;
    size_t size;

    if (!ledger_down_section(conn, &p->place, prepared_revision(p, node), &p->arena, by, &kept,
                             &size, err))
        return false;
    if (!content_take(text, kept, size))
        return no_memory(err);
    source.text = text->bytes;
    source.size = text->size;
    if (!file_parse(&source, &p->arena, file, err))
        return false;
    if (file->down.present && !file->down.irreversible)
        return true;
    return hg_fail(err, HG_REFUSED, "revision \"%s\" was irreversible when it was applied",
                   prepared_revision(p, node));
}

static bool load_script(hg_conn *conn, struct prepared *p, const struct plan_step *step,
                        hg_deadline by, struct script *out, hg_error *err)
{
    struct content text = CONTENT_INIT(FOLDER_FILE_LIMIT);
    struct migration_file file;
    bool ok = step->kept ? load_kept(conn, p, step->node, by, &text, &file, err)
                         : folder_text(&p->folder.files[step->node], p->driver, &p->arena, &text,
                                       &file, err);

    ok =
        ok && script_make(&p->arena, p->driver, &file, step->direction == HG_DOWN, &text, out, err);
    content_release(&text);
    return ok;
}

static bool load_scripts(hg_conn *conn, struct prepared *p, hg_deadline by, hg_error *err)
{
    bool ok;

    p->scripts = arena_alloc(&p->arena, p->decided.step_count + 1, sizeof *p->scripts);
    ok = p->scripts != NULL || no_memory(err);
    for (size_t i = 0; ok && i < p->decided.step_count; i++) {
        ok = load_script(conn, p, &p->decided.steps[i], by, &p->scripts[i], err);
        p->script_count += ok;
        ok = ok && script_check(&p->scripts[i], err);
    }
    return ok;
}

/* --- the plan as others see it --- */

bool prepare_step(struct prepared *p, const struct script *script, hg_plan_step *out)
{
    out->transaction = script->section.transaction;
    out->lock_timeout_ms = script->section.lock_timeout_ms;
    out->statement_timeout_ms = script->section.statement_timeout_ms;
    out->predicted_ms = -1;
    out->statements = arena_alloc(&p->arena, script->count + 1, sizeof *out->statements);
    out->statement_count = script->count;
    for (size_t i = 0; out->statements != NULL && i < script->count; i++)
        out->statements[i] = (hg_plan_statement){.sql = script->statements[i].sql,
                                                 .line = script->statements[i].line,
                                                 .form = "",
                                                 .unmeasured = "",
                                                 .predicted_ms = -1,
                                                 .table = ""};
    return out->statements != NULL;
}

static const char *message_of(const struct prepared *p, size_t node)
{
    const struct ledger_entry *entry = p->project.entries[node];

    if (node < p->folder.count)
        return p->folder.files[node].message;
    return entry == NULL ? "" : entry->message;
}

static bool fill_step(struct prepared *p, size_t i, hg_plan_step *out)
{
    const struct plan_step *step = &p->decided.steps[i];
    const struct script *script = &p->scripts[i];
    const char *file = p->project.graph.nodes[step->node].file;

    *out = (hg_plan_step){.revision = prepared_revision(p, step->node),
                          .message = message_of(p, step->node),
                          .file = file == NULL ? "" : file,
                          .direction = step->direction,
                          .kept = step->kept};
    return prepare_step(p, script, out);
}

/* The marked revisions, ancestors first. */
static bool fill_current(struct prepared *p, const bool *marks, const char ***out, size_t *out_n)
{
    const struct graph *graph = &p->project.graph;
    const char **list = arena_alloc(&p->arena, graph->count + 1, sizeof *list);

    for (size_t i = 0; list != NULL && i < graph->count; i++)
        if (marks[graph->order[i]])
            list[(*out_n)++] = prepared_revision(p, graph->order[i]);
    *out = list;
    return list != NULL;
}

/* A digest of all that decides what would happen; 64 bits tell plans apart well enough. */
static void fill_id(struct prepared *p)
{
    char digits[CHECKSUM_DIGITS + 1];
    struct checksum sum;

    checksum_init(&sum);
    for (size_t i = 0; i < p->plan.current_before_count; i++)
        checksum_text(&sum, p->plan.current_before[i]);
    for (size_t i = 0; i < p->plan.step_count; i++) {
        const hg_plan_step *step = &p->plan.steps[i];

        checksum_text(&sum, step->direction == HG_UP ? "up" : "down");
        checksum_text(&sum, step->transaction ? "transaction" : "statements");
        checksum_text(&sum, step->revision);
        checksum_text(&sum, p->scripts[i].section.checksum);
        checksum_bytes(&sum, &step->lock_timeout_ms, sizeof step->lock_timeout_ms);
        checksum_bytes(&sum, &step->statement_timeout_ms, sizeof step->statement_timeout_ms);
    }
    checksum_hex(&sum, digits);
    memcpy(p->plan.id, digits, sizeof p->plan.id - 1);
}

static bool fill_plan(struct prepared *p, hg_error *err)
{
    hg_plan *plan = &p->plan;
    bool ok;

    plan->step_count = p->decided.step_count;
    plan->steps = arena_alloc(&p->arena, plan->step_count + 1, sizeof *plan->steps);
    ok = plan->steps != NULL
         && fill_current(p, p->project.current, &plan->current_before, &plan->current_before_count)
         && fill_current(p, p->decided.after, &plan->current_after, &plan->current_after_count);
    for (size_t i = 0; ok && i < plan->step_count; i++)
        ok = fill_step(p, i, &plan->steps[i]);
    if (!ok)
        return no_memory(err);
    fill_id(p);
    return true;
}

static bool check_wishes(const struct prepared *p, const hg_migrate_options *options, hg_error *err)
{
    if (options->plan_id != NULL && strcmp(options->plan_id, p->plan.id) != 0) {
        hg_fail(err, HG_REFUSED, "the plan is \"%s\" now, not \"%s\"", p->plan.id,
                options->plan_id);
        hg_error_hint(err, "Files or database have changed since; look at the new plan.");
        return false;
    }
    for (size_t i = 0; options->single_transaction && i < p->plan.step_count; i++) {
        if (p->plan.steps[i].transaction)
            continue;
        hg_fail(err, HG_REFUSED,
                "revision \"%s\" says transaction:false, so one transaction "
                "cannot hold them all",
                p->plan.steps[i].revision);
        hg_error_hint(err, "Run the migrations up to it first, then the rest.");
        return false;
    }
    return true;
}

bool prepare_load(hg_conn *conn, struct prepared *prepared, const hg_migrate_options *options,
                  hg_deadline by, hg_error *err)
{
    return load_scripts(conn, prepared, by, err) && fill_plan(prepared, err)
           && check_wishes(prepared, options, err);
}
