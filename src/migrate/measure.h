/*
 * measure.h - what one statement really locked, scanned, wrote anew and dropped on a PostgreSQL
 * server: read from pg_locks, file nodes and scan counters of the transaction that ran it.
 *
 *     measure_look(conn, arena, by, &snapshot, err)    -- what there is
 *     BEGIN
 *     measure_begin(conn, by, &snapshot, err)
 *     the statement
 *     measure_end(conn, arena, &snapshot, by, &measured, err)
 *
 * Locks stay until the transaction ends and say what the statement took, and whatever it changed it
 * has locked: what it did not lock is as it was. Indexes count for their tables. Counts for the
 * relations of every schema but the system's. The server must count scans (track_counts).
 */
#ifndef MIGRATE_MEASURE_H
#define MIGRATE_MEASURE_H

#include <headgate/connection.h>
#include <headgate/hazard.h>

struct arena;

struct measured_relation {
    int64_t oid, table;     /* table: of an index, the one it is on; else 0 */
    int64_t filenode;       /* 0: it has none */
    int64_t scans, columns; /* sequential scans so far; columns that are not dropped */
    const char *name;       /* schema.name */
    char kind;              /* as pg_class.relkind */
};

/* Names live in the arena that they were read into, the list until snapshot_release(). */
struct snapshot {
    struct measured_relation *relations; /* by oid */
    size_t count;
};

struct measured_table {
    const struct measured_relation *relation; /* as it was before */
    hg_lock_mode lock;
    bool scan, rewrite, index_build;
    bool gone; /* dropped, or a column of it */
};

struct measured {
    struct measured_table *tables; /* those that were touched; no indexes; in the arena */
    size_t count;
    bool shared;           /* it wrote what all databases of the server share: roles, databases */
    struct snapshot after; /* what there is now: before, for the next statement */
};

/* err: what the connection says, HG_NOMEM. */
bool measure_look(hg_conn *conn, struct arena *arena, hg_deadline by, struct snapshot *out,
                  hg_error *err);

/* The session counts scans on from what it has not reported yet: where the count begins. */
bool measure_begin(hg_conn *conn, hg_deadline by, struct snapshot *snapshot, hg_error *err);

/* out: on success, with a snapshot that is the caller's. err: the same. */
bool measure_end(hg_conn *conn, struct arena *arena, const struct snapshot *before, hg_deadline by,
                 struct measured *out, hg_error *err);

/* The relation of a snapshot, or NULL. */
const struct measured_relation *snapshot_find(const struct snapshot *snapshot, int64_t oid);

void snapshot_release(struct snapshot *snapshot);

#endif
