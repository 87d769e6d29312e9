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

#include "script.h"

struct scratch;

struct twin {
    struct scratch *scratch;
    hg_conn *conn;  /* to the copy; nobody else is there */
    hg_error lacks; /* the first thing that could not be made again: what the server said of it;
                       HG_OK: it is whole */
};

/* What will be tried: of a large schema only what that may touch is copied. */
struct twin_purpose {
    const struct script *scripts;
    size_t script_count;
};

/*
 * live: a connection to the database, in no transaction; home: its pool. out_twin: on success the
 * caller's until twin_close(). err: HG_PRIVILEGE (the role may not create databases), HG_READ_ONLY,
 * HG_TIMEOUT, HG_UNSUPPORTED (still too large), what the connections say.
 */
bool twin_open(hg_pool *home, hg_conn *live, const struct twin_purpose *purpose, hg_deadline by,
               struct twin *out_twin, hg_error *err);
void twin_close(struct twin *twin);

#endif
