/*
 * catchup.h - what changed in the source since the target was as it, and the target brought there.
 *
 * What changed is found by comparing pages with a moment that was kept (catchup.c), or in a log
 * that the source keeps (delta.c); apply.c brings it over, and round.c is the whole of it.
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
    /* Of a table whose rows are told apart by another key; NULL: these are not used. */
    const struct table *rows; /* reads those that are new or different */
    const struct table *keys; /* reads the keys of those, and of what may be gone */
    int64_t keys_sent;
};

/* Whether anything did. */
bool change_is_any(const struct change *change);

struct catchup {
    struct run *run;
    struct kept before;     /* what the target holds */
    struct change *changes; /* of each table of the mapping */
    int64_t pages;          /* that changed */
    struct bulk_pages *now; /* of the source's first reader */
    struct arena arena;     /* of what the log is read with */
    bool strays;            /* rows may be gone that the log does not have: before others are put */
    bool settle;            /* and once they are, so that both sides have as many */
};

/* Finds all changes by comparing pages. */
bool catchup_find(struct catchup *c, hg_error *err);

/* Finds all changes in the source's log. *out_position: where it ends; *out_version: of the schema.
 * err: HG_FAILED (the log cannot be relied on), HG_USAGE (it has changes of other tables). */
bool delta_find(struct catchup *c, int64_t *out_position, int64_t *out_version, hg_error *err);

/* The columns that tell the rows of a table apart in the source and in the target, as a table of
 * their own which is read with `select`. For tables that have some; NULL: memory ran out. */
const struct table *delta_keys(const struct table *table, const char *select, struct arena *arena);

/*
 * Brings them to the target, in one transaction together with `note`, a statement that records that
 * this was done.
 */
bool catchup_apply(struct catchup *c, const char *note, hg_error *err);

/* Whether there are such columns, so that the log can say which rows have changed. */
bool delta_has_key(const struct table *table);

/* The rows of a table that changed into temporary tables headgate_put_N and headgate_gone_N, where
 * N is its number in the mapping. */
bool stage_changes(struct catchup *c, size_t number, hg_error *err);

/* Copies keys out of the source into a temporary table of the target, with `into`. Those that do
 * not fit are left out. */
bool stage_keys(struct run *run, const struct table *keys, const char *into, int64_t *out_sent,
                hg_error *err);

/* The names of a table's columns in the target, with a prefix each. */
struct buf;
void stage_columns(struct buf *out, const struct table *table, const char *prefix);

/* In the transaction that brings changes over: of tables in which a row may have been put out of
 * the way by another one, rows go that the source has no more. */
bool strays_clear(struct catchup *c, hg_error *err);

/* The same of all tables, where the two sides do not have as many rows.
 * err: HG_FAILED (they still have not). */
bool strays_settle(struct catchup *c, hg_error *err);

/* The whole of HG_COPY_CATCH_UP, once the crew stands; by the log when the run has one, else from
 * the moment. */
bool catch_up(struct run *run, hg_error *err);

#endif
