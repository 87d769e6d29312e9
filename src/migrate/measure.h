/*
 * measure.h - what one statement really locked, scanned, wrote anew and dropped on a PostgreSQL
 * server: read from pg_locks, file nodes and scan counters of the transaction that ran it.
 *
 *     measure_before(conn, arena, by, &before, err)   -- in a transaction that did nothing yet
 *     run the statement on conn
 *     measure_after(conn, arena, &before, by, &measured, err)
 *
 * Locks stay until the transaction ends and say what the statement took; indexes count for their
 * tables. Counts for the relations of every schema but the system's.
 */
#ifndef MIGRATE_MEASURE_H
#define MIGRATE_MEASURE_H

#include <headgate/connection.h>
#include <headgate/hazard.h>

struct arena;

struct measured_relation {
    int64_t oid, table;     /* table: of an index, the one it is on; else 0 */
    int64_t filenode;       /* 0: it has none */
    int64_t scans, columns; /* sequential scans of this transaction; columns that are not dropped */
    const char *name;       /* schema.name */
    char kind;              /* as pg_class.relkind */
};

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
    struct measured_table *tables; /* those that were touched; no indexes */
    size_t count;
};

/* Everything lives in the arena. err: what the connection says, HG_NOMEM. */
bool measure_before(hg_conn *conn, struct arena *arena, hg_deadline by, struct snapshot *out,
                    hg_error *err);
bool measure_after(hg_conn *conn, struct arena *arena, const struct snapshot *before,
                   hg_deadline by, struct measured *out, hg_error *err);

#endif
