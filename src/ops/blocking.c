/*
 * blocking.c - sessions in the order of their blocking trees. Pure.
 *
 * In a queue for one lock everybody waits for all who stand before: whoever has the most blockers
 * stands just before. Circles, which are deadlocks that the server has not found yet, begin
 * anywhere.
 */
#include "blocking.h"

#include <stdlib.h>

#include "base/alloc.h"

enum { DEPTH_DRAWN = 63 }; /* bits of blocking_row.more */

struct node {
    int64_t pid;
    size_t session;
    struct node *blocker; /* the one it is shown under; NULL: none */
    bool blocks, placed;
};

struct order {
    const hg_sessions *sessions;
    struct node *nodes; /* by pid */
    struct blocking_row *rows;
    size_t count;
};

static int by_pid(const void *a, const void *b)
{
    const struct node *x = a, *y = b;

    return (x->pid > y->pid) - (x->pid < y->pid);
}

static const hg_server_session *session_of(const struct order *o, const struct node *n)
{
    return &o->sessions->sessions[n->session];
}

static void find_blocker(struct order *o, struct node *n)
{
    const hg_server_session *s = session_of(o, n);

    for (size_t i = 0; i < s->blocked_by_count; i++) {
        struct node *b = bsearch(&(struct node){.pid = s->blocked_by[i]}, o->nodes,
                                 o->sessions->session_count, sizeof *o->nodes, by_pid);

        if (b == NULL || b == n)
            continue;
        if (n->blocker == NULL
            || session_of(o, b)->blocked_by_count > session_of(o, n->blocker)->blocked_by_count)
            n->blocker = b;
    }
    if (n->blocker != NULL)
        n->blocker->blocks = true;
}

/* The next one after n (NULL: the first) that waits for the blocker and has no place yet. */
static struct node *next_blocked(const struct order *o, const struct node *blocker, struct node *n)
{
    struct node *end = o->nodes + o->sessions->session_count;

    for (n = n == NULL ? o->nodes : n + 1; n < end; n++)
        if (n->blocker == blocker && !n->placed)
            return n;
    return NULL;
}

static void place(struct order *o, struct node *n, int depth, uint64_t more)
{
    struct node *child, *next;

    n->placed = true;
    o->rows[o->count++] = (struct blocking_row){n->session, depth, more};
    if (depth < DEPTH_DRAWN)
        depth++;
    for (child = next_blocked(o, n, NULL); child != NULL; child = next) {
        next = next_blocked(o, n, child);
        place(o, child, depth, next == NULL ? more : more | UINT64_C(1) << depth);
    }
}

static void place_trees(struct order *o)
{
    struct node *end = o->nodes + o->sessions->session_count;

    for (struct node *n = o->nodes; n < end; n++)
        if (n->blocker == NULL && (n->blocks || session_of(o, n)->blocked_by_count > 0))
            place(o, n, 0, 0);
    for (struct node *n = o->nodes; n < end; n++)
        if (n->blocker != NULL && !n->placed)
            place(o, n, 0, 0);
}

static void place_others(struct order *o)
{
    size_t count = o->sessions->session_count;
    bool *placed = alloc_zero(count + 1, sizeof *placed);

    for (size_t i = 0; placed != NULL && i < o->count; i++)
        placed[o->rows[i].session] = true;
    for (size_t i = 0; placed != NULL && i < count; i++)
        if (!placed[i])
            o->rows[o->count++] = (struct blocking_row){.session = i};
    alloc_free(placed);
}

bool blocking_order(const hg_sessions *sessions, struct blocking_row *rows, size_t *out_in_trees)
{
    size_t count = sessions->session_count;
    struct order o = {sessions, alloc_zero(count + 1, sizeof *o.nodes), rows, 0};
    size_t in_trees;

    if (o.nodes == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        o.nodes[i] = (struct node){.pid = sessions->sessions[i].pid, .session = i};
    qsort(o.nodes, count, sizeof *o.nodes, by_pid);
    for (size_t i = 0; i < count; i++)
        find_blocker(&o, &o.nodes[i]);
    place_trees(&o);
    in_trees = o.count;
    place_others(&o);
    alloc_free(o.nodes);
    if (o.count != count)
        return false;
    *out_in_trees = in_trees;
    return true;
}
