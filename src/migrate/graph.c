/*
 * graph.c - revisions and their parents.
 *
 * Everything is linear but one sort: parents are looked up by binary search, the order is that of
 * a depth-first walk, and marks travel along that order.
 */
#include "graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not order the revisions: out of memory");
}

static size_t *numbers(struct arena *arena, size_t count)
{
    return arena_alloc(arena, count + 1, sizeof(size_t));
}

/* --- by name --- */

struct name {
    const char *revision;
    size_t node;
};

/* By the bytes of the name; the same name in the order of the nodes. */
static int by_revision(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    int order = strcmp(x->revision, y->revision);

    return order != 0 ? order : (x->node > y->node) - (x->node < y->node);
}

static const char *file_of(const struct graph_node *node)
{
    return node->file == NULL ? "the database" : node->file;
}

static bool refuse_duplicates(const struct graph *graph, hg_error *err)
{
    for (size_t i = 1; i < graph->count; i++) {
        const struct graph_node *a = &graph->nodes[graph->by_name[i - 1]];
        const struct graph_node *b = &graph->nodes[graph->by_name[i]];

        if (strcmp(a->revision, b->revision) != 0)
            continue;
        hg_fail(err, HG_FILE, "revision \"%s\" stands in two files: \"%s\" and \"%s\"", a->revision,
                file_of(a), file_of(b));
        hg_error_hint(err, "Give one of them another revision, and its children with it.");
        hg_error_place(err, b->file, 0, 0);
        return false;
    }
    return true;
}

/* As the files of a folder mostly are. */
static bool is_sorted(const struct name *names, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (by_revision(&names[i - 1], &names[i]) > 0)
            return false;
    return true;
}

static bool sort_names(struct arena *arena, struct graph *graph, hg_error *err)
{
    struct name *names = arena_alloc(arena, graph->count + 1, sizeof *names);
    size_t *by_name = numbers(arena, graph->count);

    if (names == NULL || by_name == NULL)
        return no_memory(err);
    for (size_t i = 0; i < graph->count; i++)
        names[i] = (struct name){graph->nodes[i].revision, i};
    if (!is_sorted(names, graph->count))
        qsort(names, graph->count, sizeof *names, by_revision);
    for (size_t i = 0; i < graph->count; i++)
        by_name[i] = names[i].node;
    graph->by_name = by_name;
    return refuse_duplicates(graph, err);
}

/* The place in by_name of the first revision that is not smaller than n bytes of text. */
static size_t lower_bound(const struct graph *graph, const char *text, size_t n)
{
    size_t low = 0, high = graph->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strncmp(graph->nodes[graph->by_name[middle]].revision, text, n) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool graph_has(const struct graph *graph, const char *revision, size_t *out_node)
{
    size_t place = lower_bound(graph, revision, strlen(revision) + 1);

    if (place == graph->count
        || strcmp(graph->nodes[graph->by_name[place]].revision, revision) != 0)
        return false;
    *out_node = graph->by_name[place];
    return true;
}

static bool begins_with(const struct graph *graph, size_t place, const char *text, size_t n)
{
    return place < graph->count
           && strncmp(graph->nodes[graph->by_name[place]].revision, text, n) == 0;
}

static bool ambiguous(const struct graph *graph, size_t place, const char *text, size_t n,
                      hg_error *err)
{
    struct buf names = BUF_INIT(512);

    for (size_t i = place, shown = 0; begins_with(graph, i, text, n); i++, shown++) {
        if (shown == 4) {
            buf_text(&names, ", ...");
            break;
        }
        buf_printf(&names, "%s\"%s\"", shown == 0 ? "" : ", ",
                   graph->nodes[graph->by_name[i]].revision);
    }
    hg_fail(err, HG_NO_REVISION, "\"%.*s\" is the beginning of more than one revision: %s", (int)n,
            text, names.bytes);
    hg_error_hint(err, "Write more of the one you mean.");
    buf_release(&names);
    return false;
}

bool graph_find(const struct graph *graph, const char *text, size_t n, size_t *out_node,
                hg_error *err)
{
    size_t place = lower_bound(graph, text, n);

    if (n == 0 || !begins_with(graph, place, text, n)) {
        hg_fail(err, HG_NO_REVISION, "there is no revision \"%.*s\"", (int)n, text);
        hg_error_hint(err, "headgate history lists the revisions that there are.");
        return false;
    }
    /* the shorter one sorts first: a whole name comes before those that it begins */
    if (graph->nodes[graph->by_name[place]].revision[n] != '\0'
        && begins_with(graph, place + 1, text, n))
        return ambiguous(graph, place, text, n, err);
    *out_node = graph->by_name[place];
    return true;
}

/* --- parents and children --- */

static bool known_already(const size_t *parents, size_t n, size_t node)
{
    for (size_t i = 0; i < n; i++)
        if (parents[i] == node)
            return true;
    return false;
}

/* What is wrong with parents, all of it: who repairs a graph wants to see the whole damage. */
struct parent_faults {
    struct buf names;
    const char *file; /* of the first one */
};

static void note_parent(struct parent_faults *faults, const struct graph_node *node,
                        const char *verb, const char *parent)
{
    if (faults->names.size == 0)
        faults->file = node->file;
    buf_printf(&faults->names, "%srevision \"%s\" %s \"%s\", which no file has",
               faults->names.size == 0 ? "" : "; ", node->revision, verb, parent);
}

static bool tell_parents(const struct parent_faults *faults, hg_error *err)
{
    if (faults->names.size == 0)
        return !buf_failed(&faults->names) || no_memory(err);
    hg_fail(err, HG_FILE, "%s%s", faults->names.bytes, buf_failed(&faults->names) ? "; ..." : "");
    hg_error_hint(err, "Is a file missing from the folder, or the name mistyped?");
    hg_error_place(err, faults->file, 0, 0);
    return false;
}

/* Adds the nodes of some names. A file may build on files only: elsewhere it could not be run,
 * unless it has been already. */
static void add_parents(struct graph *graph, struct graph_node *node, size_t *parents,
                        const char *const *names, size_t count, const char *verb,
                        struct parent_faults *faults)
{
    for (size_t i = 0; i < count; i++) {
        size_t parent;
        bool found = graph_has(graph, names[i], &parent);

        if (node->file != NULL && (!found || (graph->nodes[parent].file == NULL && !node->settled)))
            note_parent(faults, node, verb, names[i]);
        else if (!found)
            node->rootless = true;
        else if (!known_already(parents, node->parent_count, parent))
            parents[node->parent_count++] = parent;
    }
}

static bool find_parents(struct arena *arena, struct graph *graph, hg_error *err)
{
    struct parent_faults faults = {.names = BUF_INIT(400)};
    bool ok = true;

    for (size_t i = 0; ok && i < graph->count; i++) {
        struct graph_node *node = &graph->nodes[i];
        size_t *parents = numbers(arena, node->revises_count + node->depends_on_count);

        ok = parents != NULL || no_memory(err);
        if (!ok)
            break;
        node->parents = parents;
        node->parent_count = 0;
        add_parents(graph, node, parents, node->revises, node->revises_count, "revises", &faults);
        node->revised_count = node->parent_count;
        add_parents(graph, node, parents, node->depends_on, node->depends_on_count, "depends on",
                    &faults);
    }
    ok = ok && tell_parents(&faults, err);
    buf_release(&faults.names);
    return ok;
}

/* Every child stands beside its siblings in one array, at the place that the counts give. */
static bool find_children(struct arena *arena, struct graph *graph, hg_error *err)
{
    size_t edges = 0, at = 0;
    size_t *children, *first = numbers(arena, graph->count);

    for (size_t i = 0; i < graph->count; i++)
        for (size_t p = 0; p < graph->nodes[i].parent_count; p++, edges++)
            graph->nodes[graph->nodes[i].parents[p]].child_count++;
    children = numbers(arena, edges);
    if (first == NULL || children == NULL)
        return no_memory(err);
    for (size_t i = 0; i < graph->count; i++) {
        first[i] = at;
        graph->nodes[i].children = children + at;
        at += graph->nodes[i].child_count;
    }
    for (size_t i = 0; i < graph->count; i++) {
        for (size_t p = 0; p < graph->nodes[i].parent_count; p++) {
            size_t parent = graph->nodes[i].parents[p];

            children[first[parent]++] = i;
        }
    }
    return true;
}

/* --- the order --- */

enum colour { WHITE, GREY, BLACK }; /* not seen; on the way down; ordered */

struct walk {
    const struct graph *graph;
    unsigned char *colours;
    size_t *next;  /* the parent that a grey node looks at next */
    size_t *stack; /* the grey nodes */
    size_t depth;
    size_t *order;
    size_t ordered;
};

static bool refuse_cycle(const struct walk *w, size_t again, hg_error *err)
{
    struct buf names = BUF_INIT(512);
    size_t from = w->depth;
    const char *file = w->graph->nodes[again].file;

    while (w->stack[from - 1] != again)
        from--;
    for (size_t i = from - 1; i < w->depth; i++)
        buf_printf(&names, "\"%s\" -> ", w->graph->nodes[w->stack[i]].revision);
    hg_fail(err, HG_FILE, "revisions revise each other in a circle: %s\"%s\"", names.bytes,
            w->graph->nodes[again].revision);
    hg_error_hint(err, "Correct the revises or depends_on header of one of them.");
    hg_error_place(err, file, 0, 0);
    buf_release(&names);
    return false;
}

static void push(struct walk *w, size_t node)
{
    w->colours[node] = GREY;
    w->stack[w->depth++] = node;
}

/* Puts a node and all that it needs into the order, its ancestors first. */
static bool order_from(struct walk *w, size_t root, hg_error *err)
{
    push(w, root);
    while (w->depth > 0) {
        size_t node = w->stack[w->depth - 1];
        const struct graph_node *n = &w->graph->nodes[node];

        if (w->next[node] < n->parent_count) {
            size_t parent = n->parents[w->next[node]++];

            if (w->colours[parent] == GREY)
                return refuse_cycle(w, parent, err);
            if (w->colours[parent] == WHITE)
                push(w, parent);
        } else {
            w->colours[node] = BLACK;
            w->graph->nodes[node].rank = w->ordered;
            w->order[w->ordered++] = node;
            w->depth--;
        }
    }
    return true;
}

static bool find_order(struct arena *arena, struct graph *graph, hg_error *err)
{
    struct walk w = {.graph = graph,
                     .colours = arena_alloc(arena, graph->count + 1, 1),
                     .next = numbers(arena, graph->count),
                     .stack = numbers(arena, graph->count),
                     .order = numbers(arena, graph->count)};

    if (w.colours == NULL || w.next == NULL || w.stack == NULL || w.order == NULL)
        return no_memory(err);
    for (size_t i = 0; i < graph->count; i++)
        if (w.colours[i] == WHITE && !order_from(&w, i, err))
            return false;
    graph->order = w.order;
    return true;
}

/* A file is a head when no other revises it, neither by itself nor over some that are gone.
 * Children come first: who leads to a file is known when their parents are met. */
static bool find_heads(struct arena *arena, struct graph *graph, hg_error *err)
{
    bool *leads = arena_alloc(arena, graph->count + 1, sizeof *leads);

    if (leads == NULL)
        return no_memory(err);
    for (size_t i = graph->count; i-- > 0;) {
        struct graph_node *node = &graph->nodes[graph->order[i]];

        node->head = node->file != NULL && !leads[graph->order[i]];
        for (size_t p = 0; p < node->revised_count; p++)
            leads[node->parents[p]] |= node->file != NULL || leads[graph->order[i]];
    }
    return true;
}

bool graph_build(struct arena *arena, struct graph_node *nodes, size_t count,
                 struct graph *out_graph, hg_error *err)
{
    struct graph graph = {.nodes = nodes, .count = count};

    if (!sort_names(arena, &graph, err) || !find_parents(arena, &graph, err)
        || !find_children(arena, &graph, err) || !find_order(arena, &graph, err)
        || !find_heads(arena, &graph, err))
        return false;
    *out_graph = graph;
    return true;
}

/* --- marks --- */

void graph_mark_ancestors(const struct graph *graph, size_t node, bool *marks)
{
    bool already = marks[node];

    marks[node] = true;
    /* children stand behind their parents: going backwards, every mark is final when it is met;
     * what was marked before has its ancestors marked too */
    for (size_t i = graph->nodes[node].rank + 1; i-- > 0 && !already;) {
        const struct graph_node *n = &graph->nodes[graph->order[i]];

        if (!marks[graph->order[i]])
            continue;
        for (size_t p = 0; p < n->parent_count; p++)
            marks[n->parents[p]] = true;
    }
}

void graph_mark_descendants(const struct graph *graph, bool *marks)
{
    for (size_t i = 0; i < graph->count; i++) {
        const struct graph_node *n = &graph->nodes[graph->order[i]];

        for (size_t c = 0; marks[graph->order[i]] && c < n->child_count; c++)
            marks[n->children[c]] = true;
    }
}
