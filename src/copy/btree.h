/*
 * btree.h - the b-trees of a SQLite file, as far as it takes to know which rows stand on pages that
 * changed (https://www.sqlite.org/fileformat2.html §1.6).
 * Must not know what a row holds: whoever is in doubt reads it with SQL.
 */
#ifndef COPY_BTREE_H
#define COPY_BTREE_H

#include "base/vec.h"
#include "driver/bulk.h"

/* A page of rows, and the rowids that it may hold. */
struct leaf {
    uint32_t page;
    int64_t lo, hi;
};

struct btree {
    bool keyed; /* by rowid: a table; else an index, or a table WITHOUT ROWID */
    VEC(struct leaf) leaves;
    VEC(uint32_t) inner;
};

/* Rowids from lo to hi. */
struct doubt {
    int64_t lo, hi;
};

struct doubts {
    VEC(struct doubt) list;
};

/* A flag a page; changed: of the two files that are compared. Index 0 is not used. */
struct flags {
    uint8_t *of;
    uint32_t count;
};

/* err: HG_FAILED (the file is damaged), HG_IO, HG_NOMEM. */
bool btree_read(struct bulk_pages *pages, uint32_t root, struct btree *out, hg_error *err);
void btree_release(struct btree *tree);

/* Sets the flag of every page of the tree. */
void btree_mark(const struct btree *tree, struct flags *flags);

/* A tree, and the file that it stands in. */
struct tree_state {
    const struct btree *tree;
    struct bulk_pages *pages;
};

/* Adds what changed on leaves that both trees have, and all of leaves that belong to one of them.
 * Both are of rows with rowids. scratch: as many flags as the longer file has pages, all clear, and
 * so they are afterwards. */
bool btree_compare(const struct tree_state *before, const struct tree_state *now,
                   const struct flags *changed, struct flags *scratch, struct doubts *out,
                   hg_error *err);

/* Adds rows of pages that did not change, but part of whose content lies on pages that did; those
 * of a tree without rowids as row 0. */
bool btree_overflow(struct bulk_pages *now, const struct btree *tree, const struct flags *changed,
                    struct doubts *out, hg_error *err);

/* Sorted, without overlaps. */
void doubts_tidy(struct doubts *doubts);

#endif
