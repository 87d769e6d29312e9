/*
 * graph.h - revisions and their parents, with Alembic's meaning: branches, merges, several heads,
 * dependencies. Pure. Must not know what a file holds or what is applied.
 *
 * A node is a place in the array that the caller gave. "Parents" are what a revision revises and
 * what it depends on: all that must be applied before it. A head is a file's revision that no other
 * file revises.
 */
#ifndef MIGRATE_GRAPH_H
#define MIGRATE_GRAPH_H

#include <headgate/error.h>

struct arena;

struct graph_node {
    /* given by the caller */
    const char *revision;
    const char *const *revises;
    size_t revises_count;
    const char *const *depends_on;
    size_t depends_on_count;
    const char *file; /* NULL: no file has it, the database alone knows it */
    bool settled;     /* applied, so that it may also revise what no file has */

    /* found by graph_build() */
    const size_t *parents; /* first those it revises, then the others it depends on */
    size_t parent_count;
    size_t revised_count; /* how many of the parents it revises */
    const size_t *children;
    size_t child_count;
    size_t rank; /* place in the order; ancestors have smaller ones */
    bool head;
    bool rootless; /* without a file, and a parent that nobody knows: what lies below is unknown */
};

struct graph {
    struct graph_node *nodes;
    size_t count;
    const size_t *order;   /* all nodes, ancestors first; otherwise as they were given */
    const size_t *by_name; /* all nodes, sorted by the bytes of their revision */
};

/*
 * Ties the nodes together; what it makes lives in the arena, the nodes stay the caller's. err:
 * HG_FILE for a revision that two files have, a parent that no file has, or a cycle; HG_NOMEM.
 */
bool graph_build(struct arena *arena, struct graph_node *nodes, size_t count,
                 struct graph *out_graph, hg_error *err);

/* Finds a revision by its name or by the beginning of one, n bytes of text. err: HG_NO_REVISION
 * when there is none, or more than one. */
bool graph_find(const struct graph *graph, const char *text, size_t n, size_t *out_node,
                hg_error *err);

/* Whether there is a revision of exactly this name. */
bool graph_has(const struct graph *graph, const char *revision, size_t *out_node);

/* Sets marks (one for each node) of the node and of everything it needs. Whatever was marked before
 * must have had its ancestors marked too. */
void graph_mark_ancestors(const struct graph *graph, size_t node, bool *marks);

/* Sets marks of everything that needs a marked node, directly or not. */
void graph_mark_descendants(const struct graph *graph, bool *marks);

#endif
