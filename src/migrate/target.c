/*
 * target.c - where to go, as Alembic spells it.
 */
#include "target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static bool one_head(const struct graph *graph, struct target *out, hg_error *err)
{
    struct buf names = BUF_INIT(512);
    size_t heads = 0;

    for (size_t i = 0; i < graph->count; i++) {
        const struct graph_node *node = &graph->nodes[graph->order[i]];

        if (!node->head || node->file == NULL)
            continue;
        buf_printf(&names, "%s\"%s\"", heads++ == 0 ? "" : ", ", node->revision);
        out->node = graph->order[i];
    }
    out->kind = heads == 0 ? TARGET_BASE : TARGET_NODE;
    if (heads > 1) {
        hg_fail(err, HG_NO_REVISION, "there are %zu heads: %s", heads, names.bytes);
        hg_error_hint(err, "Name one of them, say heads for all of them, or join them with "
                           "headgate merge.");
    }
    buf_release(&names);
    return heads <= 1;
}

static bool refuse_fork(const struct graph *graph, size_t at, const size_t *ways, size_t count,
                        const char *what, hg_error *err)
{
    hg_fail(err, HG_NO_REVISION, "revision \"%s\" has %zu %s, \"%s\" and \"%s\" among them",
            graph->nodes[at].revision, count, what, graph->nodes[ways[0]].revision,
            graph->nodes[ways[1]].revision);
    hg_error_hint(err, "Name the revision instead of counting steps.");
    return false;
}

/* Takes steps from a node: forward to its only child, back to the only one it revises. */
static bool walk(const struct graph *graph, size_t from, long steps, struct target *out,
                 hg_error *err)
{
    size_t at = from;

    for (long left = steps; left != 0; left += left > 0 ? -1 : 1) {
        const struct graph_node *node = &graph->nodes[at];
        const size_t *ways = left > 0 ? node->children : node->parents;
        size_t count = left > 0 ? node->child_count : node->revised_count;

        if (count > 1)
            return refuse_fork(graph, at, ways, count, left > 0 ? "children" : "parents", err);
        if (count == 0 && left == -1) {
            out->kind = TARGET_BASE;
            return true;
        }
        if (count == 0)
            return hg_fail(err, HG_NO_REVISION, "%ld steps from \"%s\" lead out of the graph",
                           steps, graph->nodes[from].revision);
        at = ways[0];
    }
    *out = (struct target){.kind = TARGET_NODE, .node = at};
    return true;
}

/* +N or -N at the end of the text: where it begins, or NULL. *out_steps: N with its sign. */
static const char *find_steps(const char *text, long *out_steps)
{
    const char *sign = strpbrk(text, "+-");
    char *end;

    if (sign == NULL || sign[1] < '0' || sign[1] > '9')
        return NULL;
    errno = 0;
    *out_steps = strtol(sign, &end, 10);
    return *end == '\0' && errno == 0 ? sign : NULL;
}

bool target_parse(const struct graph *graph, const char *text, struct target *out_target,
                  hg_error *err)
{
    struct target target = {0};
    long steps = 0;
    const char *sign = find_steps(text, &steps);
    size_t n = sign == NULL ? strlen(text) : (size_t)(sign - text);
    bool ok = true;

    if (sign == text) {
        target = (struct target){.kind = TARGET_STEPS, .steps = steps};
    } else if (strcmp(text, "heads") == 0) {
        target.kind = TARGET_HEADS;
    } else if (strcmp(text, "base") == 0) {
        target.kind = TARGET_BASE;
    } else {
        ok = strncmp(text, "head", n) == 0 && n == 4
                 ? one_head(graph, &target, err)
                 : graph_find(graph, text, n, &target.node, err);
        if (ok && sign != NULL && target.kind == TARGET_NODE)
            ok = walk(graph, target.node, steps, &target, err);
    }
    if (ok)
        *out_target = target;
    return ok;
}
