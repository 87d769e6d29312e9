/*
 * state.h - what a database says is applied: the contents of the ledger, as plain values. Pure.
 */
#ifndef MIGRATE_STATE_H
#define MIGRATE_STATE_H

#include <headgate/types.h>

/* What the history says about a revision: its last event that succeeded. */
struct ledger_entry {
    const char *revision;
    int64_t sequence;     /* grows with time */
    bool applied;         /* up or stamped, not down */
    bool stamped;         /* and nothing was run for it */
    const char *revises;  /* its parents then, separated by commas */
    const char *checksum; /* of its up section then; "" when unknown */
    const char *raw_checksum;
    const char *message;
    const char *operator_name;
    const char *release; /* of the program; "" when unknown */
    int64_t finished_ms; /* Unix time; 0 when unknown */
    double duration_ms;  /* -1 when unknown */
    bool keeps_down;     /* its down section was kept */
};

struct ledger {
    bool exists;        /* there is an alembic_version table */
    bool keeps_history; /* and a headgate_history table */
    const char *const *current;
    size_t current_count;
    const struct ledger_entry *entries; /* each revision once, sorted by the bytes of its name */
    size_t entry_count;
    const char *mirror; /* dbmate's version table, which is kept up to date; "": none */
};

/* The entry of a revision, or NULL. */
const struct ledger_entry *ledger_find(const struct ledger *ledger, const char *revision);

#endif
