/*
 * court.h - where rows are judged before they are sent: a temporary table of the target, which the
 * server judges some megabytes of rows in at a time. What its two files share.
 *
 *   conditions.c  CHECKs, domains, partitions: rows one by one; and the whole
 *   exclusions.c  EXCLUDE: rows beside one another
 */
#ifndef COPY_COURT_H
#define COPY_COURT_H

#include "base/buf.h"
#include "run.h"

#define PROBE "pg_temp.headgate_probe"

/* A condition, and what has been found of it. */
struct condition {
    const struct target_check *check;
    int64_t count; /* rows that do not meet it */
    int64_t first; /* of them */
    bool failed;   /* it cannot be judged */
    hg_error why;
};

/* One table with all its conditions. */
struct court_task {
    size_t table; /* in the mapping */
    VEC(struct condition) conditions;
    bool *sent; /* of the table's columns: a condition looks at it */
};

/* What a worker judges with. */
struct court {
    struct run *run;
    struct hand *hand;
    struct court_task *task;
    const struct table *table;
    struct image batch;
    struct buf count; /* the query */
    bool made;        /* the table to judge in is there */
    int64_t rows;     /* that were met */
};

/* Runs a script; what the server says of it is no reason to stop, as long as it is there and nobody
 * wants to: then the condition cannot be judged. */
bool court_try(struct court *court, struct condition *condition, const struct buf *sql,
               hg_error *err);

/* --- exclusions.c --- */

/* Makes the table in which the rows of a constraint stand beside one another. */
bool exclusion_make(struct court *court, struct condition *condition, hg_error *err);

/* Lets in the rows of a batch that may stand beside those that are there; counts the others. */
bool exclusion_count(struct court *court, struct condition *condition, hg_error *err);

bool exclusion_drop(struct court *court, const struct condition *condition, hg_error *err);

#endif
