/*
 * place.h - where a side of a comparison lives: a scratch database, or the one that is in use.
 */
#ifndef SCHEMA_PLACE_H
#define SCHEMA_PLACE_H

#include <headgate/pool.h>

#include "scratch.h"
#include "side.h"

/* What holds for every place of one comparison. */
struct place_terms {
    const hg_url *home; /* scratch databases are made beside this one */
    hg_deadline by;
    const hg_observer *observer; /* cancelled() is asked; NULL is fine */
    bool privileges;             /* they count, too */
};

struct place {
    hg_pool *pool;           /* whose connection it is: the scratch's, or that of the database */
    struct scratch *scratch; /* NULL: the database in use */
    struct side side;
    struct buf text; /* of the schema file that was loaded */
};

/* Takes a connection to the database in use, which is only read. */
bool place_open_live(struct place *place, hg_pool *pool, const struct place_terms *terms,
                     hg_error *err);

/* Makes a scratch database and takes a connection to it; in two steps where others work in it
 * first, through scratch_pool(). err: HG_PRIVILEGE (the role needs CREATEDB), as scratch_open(). */
bool place_open(struct place *place, const struct place_terms *terms, hg_error *err);
bool place_make(struct place *place, const struct place_terms *terms, hg_error *err);
bool place_take(struct place *place, const struct place_terms *terms, hg_error *err);

/* Runs a schema file. err: HG_USAGE (there is none), HG_FILE with what the database says and where,
 * HG_IO. */
bool place_load(struct place *place, const char *path, hg_error *err);

/* Gives everything back; a zeroed place is fine. */
void place_close(struct place *place);

/* What a database says about a statement, in contrast to what becomes of a connection. */
bool place_is_verdict(const hg_error *err);

#endif
