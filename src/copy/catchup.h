/*
 * catchup.h - what changed in the source since a moment, and the target brought there: see
 * catchup.c for the former, apply.c for the latter.
 */
#ifndef COPY_CATCHUP_H
#define COPY_CATCHUP_H

#include "kept.h"
#include "run.h"
#include "btree.h"

/* What changed in one table of the mapping. */
struct change {
    bool whole;       /* its rows cannot be told apart by a number: all are compared there */
    VEC(int64_t) put; /* rowids that are new or different, ascending */
    VEC(int64_t) gone;
};

struct catchup {
    struct run *run;
    struct kept before;     /* what the target holds */
    struct change *changes; /* of each table of the mapping */
    int64_t pages;          /* that changed */
    struct bulk_pages *now; /* of the source's first reader */
};

/* Finds all changes. */
bool catchup_find(struct catchup *c, hg_error *err);

/*
 * Brings them to the target, in one transaction together with `note`, a statement that records that
 * this was done.
 */
bool catchup_apply(struct catchup *c, const char *note, hg_error *err);

/* The whole of HG_COPY_CATCH_UP, once the crew stands. moment: the name of what the target holds.
 */
bool catch_up(struct run *run, const char *moment, hg_error *err);

#endif
