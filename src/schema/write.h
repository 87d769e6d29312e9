/*
 * write.h - a difference → SQL that carries it out. Pure.
 *
 * What loses data is marked with what is lost, what nobody should do beside an application that
 * runs with the name of its hazard. On PostgreSQL, WRITE_ONLINE writes what keeps the
 * application running: indexes are built concurrently, constraints come as NOT VALID and are
 * validated afterwards, NOT NULL comes through a validated check. These statements run after all
 * others and outside of a transaction. WRITE_TRANSACTION writes all for one transaction, WRITE_DUMP
 * for an empty database, within a transaction or without one.
 */
#ifndef SCHEMA_WRITE_H
#define SCHEMA_WRITE_H

#include "base/buf.h"
#include "diff.h"

enum write_mode { WRITE_ONLINE, WRITE_TRANSACTION, WRITE_DUMP };

enum write_phase {
    PHASE_BEFORE, /* must have been committed before the others: new values of enums */
    PHASE_MAIN,   /* in one transaction */
    PHASE_AFTER,  /* one by one, outside of a transaction */
    PHASES
};

struct written_statement {
    enum write_phase phase;
    const char *sql;    /* without its semicolon */
    const char *loses;  /* what data it loses, for people; NULL: none */
    const char *danger; /* the hazard that it is to those who use the database; NULL: none */
    const char *accept; /* a hazard that it only looks like, and why; NULL: none */
};

struct written {
    struct written_statement *statements; /* in order, phase by phase */
    size_t count;
    size_t of_phase[PHASES];
    bool rebuilds; /* SQLite: a table is built anew, with foreign keys off around the transaction */
    const char **impossible; /* what cannot be carried out, for people */
    size_t impossible_count;
};

/* from, to: what diff was made of. All of out_written lives in the arena. err: HG_NOMEM. */
bool write_changes(struct arena *arena, const struct model *from, const struct model *to,
                   const struct diff *diff, enum write_mode mode, struct written *out_written,
                   hg_error *err);

#endif
