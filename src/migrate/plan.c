/*
 * plan.c - decides which revisions would run, and why not.
 */
#include "plan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "target.h"

struct planner {
    struct arena *arena;
    const struct project *project;
    bool *applied; /* as they will be after the steps so far */
    bool *current;
    struct plan_step *steps;
    size_t step_count;
    struct buf refusals; /* why not, each behind the other */
    hg_code refusal;
    hg_error *err;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not make the plan: out of memory");
}

static const struct graph_node *node_of(const struct planner *p, size_t node)
{
    return &p->project->graph.nodes[node];
}

static void refuse(struct planner *p, hg_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Notes a reason; the plan is made to the end, so that all of them are known at once. */
static void refuse(struct planner *p, hg_code code, const char *format, ...)
{
    va_list args;

    if (p->refusals.size == 0)
        p->refusal = code;
    else
        buf_text(&p->refusals, "; ");
    va_start(args, format);
    buf_vprintf(&p->refusals, format, args);
    va_end(args);
}

/* --- steps --- */

static void add_step(struct planner *p, const struct plan_step *step)
{
    p->steps[p->step_count++] = *step;
    for (size_t i = 0; i < step->remove_count; i++)
        p->current[step->removes[i]] = false;
    for (size_t i = 0; i < step->add_count; i++)
        p->current[step->adds[i]] = true;
    p->applied[step->node] = step->direction == HG_UP;
}

/* Up: the revision takes the place of those of its parents that stand in the table. */
static bool step_up(struct planner *p, size_t node)
{
    const struct graph_node *n = node_of(p, node);
    size_t *removes = arena_alloc(p->arena, n->parent_count + 1, sizeof *removes);
    size_t *adds = arena_alloc(p->arena, 1, sizeof *adds);
    struct plan_step step = {.node = node, .direction = HG_UP, .removes = removes, .adds = adds};

    if (removes == NULL || adds == NULL)
        return no_memory(p->err);
    for (size_t i = 0; i < n->parent_count; i++)
        if (p->current[n->parents[i]])
            removes[step.remove_count++] = n->parents[i];
    adds[step.add_count++] = node;
    add_step(p, &step);
    return true;
}

/* Whether something applied needs the node. */
static bool is_needed(const struct planner *p, size_t node)
{
    const struct graph_node *n = node_of(p, node);

    for (size_t i = 0; i < n->child_count; i++)
        if (p->applied[n->children[i]])
            return true;
    return false;
}

/*
 * Which down section undoes what was applied: the file's, while its up section is still the one
 * that ran; else the one that the history kept when it ran.
 */
static bool choose_down(struct planner *p, size_t node)
{
    const struct graph_node *n = node_of(p, node);
    const struct ledger_entry *entry = p->project->entries[node];
    bool kept = entry != NULL && entry->keeps_down;

    if (n->file == NULL) {
        if (!kept && !n->rootless)
            refuse(p, HG_DRIFT, "revision \"%s\" is applied, but no file has it", n->revision);
        return true;
    }
    if (project_edited(p->project, node)) {
        if (!kept)
            refuse(p, HG_DRIFT, "revision \"%s\" was edited after it was applied", n->revision);
        return true;
    }
    if (!p->project->files[node].down.present)
        refuse(p, HG_REFUSED, "revision \"%s\" has no down section", n->revision);
    else if (p->project->files[node].down.irreversible)
        refuse(p, HG_REFUSED, "revision \"%s\" is irreversible", n->revision);
    return false;
}

/* Down: those of its parents that nothing else needs come back into the table. */
static bool step_down(struct planner *p, size_t node)
{
    const struct graph_node *n = node_of(p, node);
    size_t *removes = arena_alloc(p->arena, 1, sizeof *removes);
    size_t *adds = arena_alloc(p->arena, n->parent_count + 1, sizeof *adds);
    struct plan_step step = {.node = node, .direction = HG_DOWN, .removes = removes, .adds = adds};

    if (removes == NULL || adds == NULL)
        return no_memory(p->err);
    step.kept = choose_down(p, node);
    removes[step.remove_count++] = node;
    p->applied[node] = false;
    for (size_t i = 0; i < n->parent_count; i++)
        if (!is_needed(p, n->parents[i]) && !p->current[n->parents[i]])
            adds[step.add_count++] = n->parents[i];
    add_step(p, &step);
    return true;
}

/* --- up --- */

static bool is_ready(const struct planner *p, size_t node)
{
    const struct graph_node *n = node_of(p, node);

    for (size_t i = 0; i < n->parent_count; i++)
        if (!p->applied[n->parents[i]])
            return false;
    return n->file != NULL && !p->applied[node];
}

static size_t pending_files(const struct planner *p)
{
    size_t pending = 0;

    for (size_t i = 0; i < p->project->file_count; i++)
        pending += !p->applied[i];
    return pending;
}

static bool refuse_fork(const struct planner *p, size_t a, size_t b)
{
    hg_fail(p->err, HG_NO_REVISION, "the next step could be \"%s\" or \"%s\"",
            node_of(p, a)->revision, node_of(p, b)->revision);
    hg_error_hint(p->err, "Name the revision instead of counting steps.");
    return false;
}

/* Wants the next revisions, one by one; a choice is refused unless all are wanted anyway. */
static bool want_steps(struct planner *p, long steps, bool *wanted)
{
    size_t pending = pending_files(p);

    if (steps < 0)
        return hg_fail(p->err, HG_NO_REVISION, "%ld is a way down, not up", steps);
    if ((unsigned long)steps > pending)
        return hg_fail(p->err, HG_NO_REVISION, "+%ld goes too far: %zu revisions are pending",
                       steps, pending);
    for (long left = steps; left > 0; left--) {
        const struct graph *graph = &p->project->graph;
        size_t next = graph->count;

        for (size_t i = 0; i < graph->count; i++) {
            size_t node = graph->order[i];

            if (!is_ready(p, node))
                continue;
            if (next < graph->count && (unsigned long)steps < pending)
                return refuse_fork(p, next, node);
            next = next < graph->count ? next : node;
        }
        wanted[next] = true;
        if (!step_up(p, next))
            return false;
    }
    return true;
}

static bool want_target(struct planner *p, const char *text, bool *wanted)
{
    const struct graph *graph = &p->project->graph;
    struct target target;

    if (!target_parse(graph, text == NULL ? "heads" : text, &target, p->err))
        return false;
    if (target.kind == TARGET_STEPS)
        return want_steps(p, target.steps, wanted);
    if (target.kind == TARGET_NODE)
        graph_mark_ancestors(graph, target.node, wanted);
    for (size_t i = 0; target.kind == TARGET_HEADS && i < graph->count; i++)
        if (graph->nodes[i].head)
            graph_mark_ancestors(graph, i, wanted);
    return true;
}

/* Nothing is applied beside a revision whose file is not here: the folder is likely the wrong one.
 */
static void refuse_beside_unknown(struct planner *p)
{
    for (size_t i = p->project->file_count; i < p->project->graph.count; i++)
        if (p->project->current[i] && p->current[i] && !node_of(p, i)->rootless)
            refuse(p, HG_DRIFT, "the database is at revision \"%s\", which no file has",
                   node_of(p, i)->revision);
}

static bool plan_up(struct planner *p, const char *target)
{
    const struct graph *graph = &p->project->graph;
    bool *wanted = arena_alloc(p->arena, graph->count + 1, sizeof *wanted);
    size_t before = p->step_count;

    if (wanted == NULL)
        return no_memory(p->err);
    if (!want_target(p, target, wanted))
        return false;
    for (size_t i = 0; i < graph->count; i++) {
        size_t node = graph->order[i];

        if (wanted[node] && !p->applied[node] && !step_up(p, node))
            return false;
    }
    if (p->step_count > before)
        refuse_beside_unknown(p);
    return true;
}

/* --- down --- */

struct candidate {
    size_t node, rank;
    int64_t sequence;
};

/* What was applied last comes first; what the history does not know is older than all it knows. */
static int newest_first(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->sequence != y->sequence)
        return x->sequence < y->sequence ? 1 : -1;
    return x->rank < y->rank ? 1 : -1;
}

static int deepest_first(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    return x->rank < y->rank ? 1 : -1;
}

/* Whether no candidate comes before something that needs it. */
static bool is_downhill(const struct planner *p, const struct candidate *list, size_t count,
                        bool *gone)
{
    bool downhill = true;

    for (size_t i = 0; i < count && downhill; i++) {
        const struct graph_node *n = node_of(p, list[i].node);

        for (size_t c = 0; c < n->child_count; c++)
            downhill = downhill && (gone[n->children[c]] || !p->applied[n->children[c]]);
        gone[list[i].node] = true;
    }
    return downhill;
}

/* The marked revisions that are applied, in the order in which they are undone. */
static bool order_down(struct planner *p, const bool *marks, struct candidate **out, size_t *out_n)
{
    const struct graph *graph = &p->project->graph;
    struct candidate *list = arena_alloc(p->arena, graph->count + 1, sizeof *list);
    bool *gone = arena_alloc(p->arena, graph->count + 1, sizeof *gone);
    size_t n = 0;

    if (list == NULL || gone == NULL)
        return no_memory(p->err);
    for (size_t i = 0; i < graph->count; i++) {
        const struct ledger_entry *entry = p->project->entries[i];

        if (p->applied[i] && (marks == NULL || marks[i]))
            list[n++] = (struct candidate){i, graph->nodes[i].rank,
                                           entry != NULL && entry->applied ? entry->sequence : 0};
    }
    qsort(list, n, sizeof *list, newest_first);
    if (!is_downhill(p, list, n, gone))
        qsort(list, n, sizeof *list, deepest_first);
    *out = list;
    *out_n = n;
    return true;
}

/* Several current revisions and no history: nobody knows which of them came last. */
static bool check_last_known(const struct planner *p, const struct candidate *last)
{
    const struct ledger *ledger = p->project->ledger;

    if (ledger->current_count < 2 || last->sequence > 0)
        return true;
    hg_fail(p->err, HG_NO_REVISION,
            "which revision was applied last is not known: \"%s\" or \"%s\"", ledger->current[0],
            ledger->current[1]);
    hg_error_hint(p->err, "Name the revision to go down to.");
    return false;
}

static bool down_steps(struct planner *p, long steps)
{
    struct candidate *list;
    size_t n;

    if (steps > 0)
        return hg_fail(p->err, HG_NO_REVISION, "+%ld is a way up, not down", steps);
    if (!order_down(p, NULL, &list, &n))
        return false;
    if (n == 0)
        return true;
    if (-(unsigned long)steps > n)
        return hg_fail(p->err, HG_NO_REVISION, "%ld goes too far: %zu revisions are applied", steps,
                       n);
    if (steps < 0 && !check_last_known(p, list))
        return false;
    for (size_t i = 0; i < -(unsigned long)steps; i++)
        if (!step_down(p, list[i].node))
            return false;
    return true;
}

/* Marks what revises the node, and all that builds on it; dependents of the node alone stay. */
static bool mark_above(const struct planner *p, size_t node, bool *marks)
{
    const struct graph *graph = &p->project->graph;
    const struct graph_node *n = node_of(p, node);

    if (!p->applied[node])
        return hg_fail(p->err, HG_NO_REVISION, "revision \"%s\" is not applied", n->revision);
    for (size_t c = 0; c < n->child_count; c++) {
        const struct graph_node *child = node_of(p, n->children[c]);

        for (size_t i = 0; i < child->revised_count; i++)
            if (child->parents[i] == node)
                marks[n->children[c]] = true;
    }
    graph_mark_descendants(graph, marks);
    return true;
}

static bool plan_down(struct planner *p, const char *text)
{
    const struct graph *graph = &p->project->graph;
    bool *marks = arena_alloc(p->arena, graph->count + 1, sizeof *marks);
    struct candidate *list;
    struct target target;
    size_t n;

    if (marks == NULL)
        return no_memory(p->err);
    if (!target_parse(graph, text == NULL ? "-1" : text, &target, p->err))
        return false;
    if (target.kind == TARGET_STEPS)
        return down_steps(p, target.steps);
    if (target.kind == TARGET_NODE && !mark_above(p, target.node, marks))
        return false;
    if (!order_down(p, target.kind == TARGET_BASE ? NULL : marks, &list, &n))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!step_down(p, list[i].node))
            return false;
    return true;
}

/* --- all of it --- */

static bool plan_kind(struct planner *p, hg_migrate_kind kind, const char *target)
{
    if (kind == HG_MIGRATE_UP)
        return plan_up(p, target);
    if (kind == HG_MIGRATE_DOWN)
        return plan_down(p, target);
    return plan_down(p, "base") && plan_up(p, target);
}

/* Below a revision that neither a file nor the history knows, nothing is known. */
static void refuse_rootless(struct planner *p)
{
    for (size_t i = p->project->file_count; i < p->project->graph.count; i++)
        if (p->project->applied[i] && node_of(p, i)->rootless)
            refuse(p, HG_DRIFT, "the database is at revision \"%s\", which no file has",
                   node_of(p, i)->revision);
}

static bool tell_refusals(const struct planner *p)
{
    if (p->refusals.size == 0)
        return true;
    hg_fail(p->err, p->refusal, "%s", p->refusals.bytes);
    if (p->refusal == HG_DRIFT)
        hg_error_hint(p->err,
                      "Get the files that were applied, or tell the ledger what is true with "
                      "headgate stamp.");
    else
        hg_error_hint(p->err, "Write its down section, or go forward with a new migration.");
    return false;
}

bool plan_decide(struct arena *arena, const struct project *project, hg_migrate_kind kind,
                 const char *target, struct plan *out_plan, hg_error *err)
{
    size_t count = project->graph.count;
    struct planner p = {.arena = arena,
                        .project = project,
                        .applied = arena_alloc(arena, count + 1, sizeof *p.applied),
                        .current = arena_alloc(arena, count + 1, sizeof *p.current),
                        .steps = arena_alloc(arena, 2 * count + 1, sizeof *p.steps),
                        .refusals = BUF_INIT(480),
                        .err = err};
    bool ok;

    if (p.applied == NULL || p.current == NULL || p.steps == NULL)
        return no_memory(err);
    memcpy(p.applied, project->applied, count * sizeof *p.applied);
    memcpy(p.current, project->current, count * sizeof *p.current);
    refuse_rootless(&p);
    ok = project_check_order(project, err) && plan_kind(&p, kind, target) && tell_refusals(&p);
    buf_release(&p.refusals);
    if (ok)
        *out_plan = (struct plan){p.steps, p.step_count, p.current};
    return ok;
}
