/*
 * plan_live.h - what the live database says about the tables of a plan: whether they are there, how
 * large they are, how many rows would be lost.
 * Reads in autocommit, and waits for nobody's locks.
 */
#ifndef MIGRATE_PLAN_LIVE_H
#define MIGRATE_PLAN_LIVE_H

#include <headgate/migrate.h>

#include "ledger.h"

struct arena;

struct live_table {
    const char *name;         /* as it was asked for */
    const char *full;         /* schema.name; of an index, its table's; SQLite: the name */
    int64_t rows, size_bytes; /* -1: not known */
    bool exists, rows_exact;
    bool countable; /* SQLite: it may be asked for its rowids */
};

struct live {
    struct live_table *tables;
    size_t count;
};

/* Looks names up, sorted by their bytes and each once, in one query; sizes: and says how large they
 * are, where that can be told without waiting. Everything lives in the arena. */
bool live_read(hg_conn *conn, struct arena *arena, const char *const *names, size_t count,
               bool sizes, hg_deadline by, struct live *out, hg_error *err);

/* NULL: nobody asked for the name, or there is no database. */
const struct live_table *live_find(const struct live *live, const char *name);

/* Counts a table's rows; false: that would take longer than `by`, or may not be. */
bool live_count(hg_conn *conn, const char *full, hg_deadline by, int64_t *out_rows);

#endif
