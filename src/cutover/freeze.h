/*
 * freeze.h - makes a SQLite database refuse every write, in whoever has it open, until it is
 * thawed.
 *
 * Triggers on every table, made with a marker in one transaction: they reach connections that are
 * open already and statements that are prepared, and they hold after a crash or restart, which no
 * lock does. What they do not stop, DDL and VACUUM, is noticed: the marker keeps the schema's
 * version. Reads go on. Nothing of the application's data is touched.
 */
#ifndef CUTOVER_FREEZE_H
#define CUTOVER_FREEZE_H

#include <headgate/pool.h>

enum { FREEZE_RUN_MAX = 40 };

struct freeze_state {
    bool frozen;
    char run[FREEZE_RUN_MAX]; /* whose freeze */
    char since[24];           /* RFC 3339, UTC */
    int64_t schema_version;   /* PRAGMA schema_version when it froze */
    int tables;
    int triggers; /* that are there now: three a table */
};

/* What the file says of itself. Any engine's error. */
bool freeze_read(hg_pool *source, hg_deadline by, struct freeze_state *out_state, hg_error *err);

/*
 * Freezes every table. Again with the same run: nothing, when it is whole. err: HG_REFUSED (another
 * run froze it; or a virtual table, which no trigger can guard, is there), HG_LOCKED (a writer did
 * not end by the deadline).
 */
bool freeze_apply(hg_pool *source, const char *run, hg_deadline by, hg_error *err);

/*
 * Proves the freeze on a connection of its own: the marker is this run's, the schema has not
 * changed since, and an insert into every table fails with our message. err: HG_REFUSED with what
 * does not hold.
 */
bool freeze_verify(hg_pool *source, const char *run, hg_deadline by, hg_error *err);

/* Takes triggers and marker away in one transaction. A file that is not frozen is fine. err:
 * HG_REFUSED when another run froze it. */
bool freeze_thaw(hg_pool *source, const char *run, hg_deadline by, hg_error *err);

#endif
