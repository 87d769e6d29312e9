/*
 * rebuild.h - SQLite: what building a table anew needs around its transaction (rebuild:true).
 *
 * While foreign keys are enforced, dropping the old table deletes the rows that refer to it, or
 * fails; while names are followed, renaming the new one changes views and triggers, or fails. Both
 * are switched by pragmas that do nothing inside a transaction, so a file cannot say them itself.
 * In exchange the references are looked at before the end. On PostgreSQL nothing is needed, and
 * nothing is done.
 */
#ifndef MIGRATE_REBUILD_H
#define MIGRATE_REBUILD_H

#include <headgate/connection.h>

struct rebuild {
    hg_conn *conn;  /* NULL: no section wants it */
    int64_t broken; /* references that led nowhere before; -1: that cannot be said */
};

/* Before the transaction. wanted false: this and all that follows does nothing. */
bool rebuild_begin(struct rebuild *rebuild, hg_conn *conn, bool wanted, hg_deadline by,
                   hg_error *err);

/* First thing inside. Whoever references what is not there already did so before. */
bool rebuild_count(struct rebuild *rebuild, hg_deadline by, hg_error *err);

/* Last thing inside: refuses when more references lead nowhere than before. err: HG_CONSTRAINT. */
bool rebuild_check(const struct rebuild *rebuild, hg_deadline by, hg_error *err);

/* After the transaction, however it ended. False: the connection must not be used again. */
bool rebuild_end(struct rebuild *rebuild, hg_deadline by);

#endif
