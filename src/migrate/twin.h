/*
 * twin.h - an empty copy of a PostgreSQL database, to try statements on: the schema of its catalogs
 * without the rows, in a scratch database of the same server.
 *
 * The database itself is read in one read-only transaction that waits for nobody's locks longer
 * than a moment. What the schema's reader leaves out, the version tables among it, is not there.
 */
#ifndef MIGRATE_TWIN_H
#define MIGRATE_TWIN_H

#include <headgate/pool.h>

struct scratch;

struct twin {
    struct scratch *scratch;
    hg_conn *conn; /* to the copy; nobody else is there */
};

/*
 * live: a connection to the database, in no transaction; home: its pool. out_twin: on success the
 * caller's until twin_close(). err: HG_PRIVILEGE (the role may not create databases), HG_READ_ONLY,
 * HG_TIMEOUT, what making the schema again says.
 */
bool twin_open(hg_pool *home, hg_conn *live, hg_deadline by, struct twin *out_twin, hg_error *err);
void twin_close(struct twin *twin);

#endif
