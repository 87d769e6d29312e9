/*
 * copy_tell.h - which events of a copy are worth being written down: everything but most of the
 * progress, which a copy of many tables has thousands of lines a second of, and which the journal
 * keeps for a week.
 */
#ifndef OPS_COPY_TELL_H
#define OPS_COPY_TELL_H

#include <headgate/observer.h>

#include "base/vec.h"

struct copy_seen {
    char table[64];
    int64_t done;
};

/* Progress comes in rounds: each table that has rows, then the whole with subject "". */
struct copy_teller {
    int64_t told_ns; /* the end of the last round that was told; 0: none was */
    bool in_round, tells;
    VEC(struct copy_seen) tables;
};
#define COPY_TELLER_INIT ((struct copy_teller){.tables = VEC_INIT})

/* Whether this event is told: of progress one round a second, and of that the tables that have
 * moved. */
bool copy_tells(struct copy_teller *teller, const hg_event *event);

void copy_teller_release(struct copy_teller *teller);

#endif
