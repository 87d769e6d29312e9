/*
 * tally.h - findings counted by table, column, rule and what was done, with a few examples of each.
 * Pure. Each worker has one of its own; they are added up at the end.
 */
#ifndef COPY_TALLY_H
#define COPY_TALLY_H

#include <headgate/copy.h>

#include "base/arena.h"
#include "base/vec.h"
#include "convert.h"

enum { TALLY_SAMPLES = 5, VALUE_SHOWN = 80 };

struct tally_sample {
    int64_t rowid;
    char *key; /* allocated; NULL: the rowid is it */
    char value[VALUE_SHOWN + 8];
    const char *storage; /* static */
};

struct tally_group {
    size_t table, column; /* places in the mapping */
    enum finding finding;
    int action; /* of a rule that was applied; -1: none */
    int64_t count;
    struct tally_sample samples[TALLY_SAMPLES]; /* by rowid */
    size_t sample_count;
};

struct tally {
    VEC(struct tally_group) groups;
    size_t last; /* the group that was met last: the next value is likely of it too */
    bool failed; /* memory ran out */
};

/* Where a value stands. */
struct place {
    size_t table, column;
    int64_t rowid;
    const char *key; /* NULL: the rowid is it */
};

void tally_add(struct tally *tally, const struct place *place, enum finding finding, int action,
               const struct cell *cell);

/* Adds all of `from`, which is empty afterwards. */
void tally_merge(struct tally *tally, struct tally *from);
void tally_release(struct tally *tally);

/* Values that do not fit and for which no rule had anything. */
int64_t tally_misfits(const struct tally *tally);

/* Whether there are some of them for this reason. */
bool tally_has(const struct tally *tally, enum finding finding);

/* A value as one line of a report: made visible and cut. Returns out. */
char *cell_show(const struct cell *cell, char *out, size_t size);

/* "integer", "real", "text", "blob", "null", "large"; static. */
const char *cell_class_name(const struct cell *cell);

#endif
