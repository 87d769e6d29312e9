/*
 * triggers.h - the log of a source: a table of its own, and triggers that write into it which rows
 * change. On request only, for it is all that a copy ever writes into a source.
 *
 * The log says that a row was touched, by its key, and not what happened to it: whoever brings
 * changes over reads the row as it is by then. So it does no harm to read a part of it twice.
 * Its first row is its name and who follows it; the last one is never taken away, so that numbers
 * go on where they were.
 */
#ifndef COPY_TRIGGERS_H
#define COPY_TRIGGERS_H

#include <headgate/pool.h>

#include "mapping.h"

enum { DELTA_NAME = 16 };

/* The log of a source, as the target has written it down. */
struct delta {
    char name[DELTA_NAME + 1]; /* "": there is none */
    int64_t position;          /* what the log has up to here is in the target; 0: it is copied */
    char schema[33];           /* digest of the source's schema, the triggers included */
    int64_t version;           /* of the schema, which SQLite counts on with every change of it */
};

/* A statement, and the table of the source that it is for. */
struct trigger_part {
    const char *table, *sql;
};

struct trigger_plan {
    struct arena arena;
    VEC(struct trigger_part) parts; /* the log first */
};

/* How the rows of a table are called in the log: by the columns of its primary key. 0: by nothing,
 * and the log says only that something has changed. */
size_t triggers_key(const struct source_table *table);

/* The i-th of them, from 0, in the order of the key; there has to be one. */
const struct source_column *triggers_key_column(const struct source_table *table, size_t i);

/* What makes the log. Pure. name: of the log; follower: for whom. */
bool triggers_plan(const struct source *source, const struct mapping_wish *wish, const char *name,
                   const char *follower, struct trigger_plan *out, hg_error *err);
void triggers_plan_release(struct trigger_plan *plan);

/* A connection that may write to the database that this pool reads. */
struct trigger_writer {
    hg_pool *pool;
    hg_conn *conn;
};

bool triggers_open(hg_pool *source, struct trigger_writer *out, hg_error *err);
void triggers_close(struct trigger_writer *writer);

/*
 * Makes the log, in one transaction, in the place of one that was made for the same follower. held:
 * the log that the follower lives by, which is not replaced. *out: name, schema and version; no
 * position. err: HG_REFUSED (another one follows, or held), HG_READ_ONLY, HG_LOCKED, HG_DISK_FULL.
 */
bool triggers_install(struct trigger_writer *writer, const struct mapping_wish *wish,
                      const char *follower, const char *held, struct delta *out,
                      struct trigger_plan *out_plan, hg_error *err);

/* Takes the log of this name away; name NULL: whichever is there. *out_plan: the statements; none
 * when there was no such log. */
bool triggers_remove(struct trigger_writer *writer, const char *name, struct trigger_plan *out_plan,
                     hg_error *err);

/*
 * Whether the log is the one that the target knows, nothing that it needs is missing from it, and
 * the source's tables are as they were. *out_touched: somebody has changed the schema, and changed
 * it back, or has run VACUUM: what happened meanwhile need not be in the log.
 * err: HG_FAILED with what is to be done.
 */
bool triggers_check(hg_conn *conn, const struct delta *delta, bool *out_touched, hg_error *err);

/* The version of the schema. */
bool triggers_version(hg_conn *conn, int64_t *out, hg_error *err);

/* Takes away what lies before the position, in transactions so small that nobody waits for them. */
bool triggers_prune(struct trigger_writer *writer, int64_t position, hg_error *err);

#endif
