/*
 * tree.h - a parse tree as libpg_query writes it (JSON), as nodes to walk. Pure.
 * Must not know what any node means.
 *
 * The nodes stand in one array in the order in which they are written, each with the end of what is
 * below it: a whole subtree is a loop, and no depth of nesting costs stack.
 */
#ifndef SQL_TREE_H
#define SQL_TREE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

enum tree_kind { TREE_OBJECT, TREE_LIST, TREE_TEXT, TREE_BARE /* number, true, false, null */ };

struct tree_node {
    enum tree_kind kind;
    const char *key;             /* its name in the object that it stands in; "" in a list */
    const char *text;            /* TREE_TEXT, TREE_BARE; else "" */
    const struct tree_node *end; /* behind all that is below it */
};

/*
 * Reads JSON as libpg_query writes it. json: n bytes and a NUL, which the nodes point into and
 * which is changed. Everything lives in the arena. NULL: memory ran out, or it is not what it
 * should be.
 */
const struct tree_node *tree_read(struct arena *arena, char *json, size_t n);

/* All of these take NULL, as the answer of another, and find nothing there. */
const struct tree_node *tree_get(const struct tree_node *node, const char *key);
const struct tree_node *tree_first(const struct tree_node *node);
const struct tree_node *tree_last(const struct tree_node *node);

/* The next one below parent; NULL: child was the last. */
const struct tree_node *tree_next(const struct tree_node *parent, const struct tree_node *child);

const char *tree_text(const struct tree_node *node, const char *key); /* "" when it is not there */
bool tree_has(const struct tree_node *node, const char *key, const char *text);
bool tree_true(const struct tree_node *node, const char *key);

/* The next node called key at or behind `from`, before `end`, at any depth; NULL: none. */
const struct tree_node *tree_find(const struct tree_node *from, const struct tree_node *end,
                                  const char *key);

#endif
