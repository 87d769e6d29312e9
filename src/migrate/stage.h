/*
 * stage.h - a copy of a database to rehearse on, which goes with the rehearsal.
 *
 * SQLite: a copy of the file beside it, with its rows. PostgreSQL: an empty scratch database of the
 * same server.
 */
#ifndef MIGRATE_STAGE_H
#define MIGRATE_STAGE_H

#include <headgate/pool.h>

struct scratch;

struct stage {
    hg_pool *pool;
    const char *name; /* of the database or file */
    struct scratch *scratch;
    char path[4096]; /* SQLite: of the copy; "": none */
};

/* home: whose database. err: HG_PRIVILEGE, HG_UNSUPPORTED (a database in memory), HG_DISK_FULL. */
bool staging_open(hg_pool *home, hg_deadline by, struct stage *out_stage, hg_error *err);
void staging_close(struct stage *stage);

#endif
