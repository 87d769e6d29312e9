/*
 * replay.h - the schema that migrations make, made in a scratch database.
 */
#ifndef MIGRATE_REPLAY_H
#define MIGRATE_REPLAY_H

#include "schema/place.h"

/*
 * Makes a scratch database, runs the folder's migrations in it up to a target (NULL: the heads;
 * "base": none) and reads it. err: what the migrations say, scratch_open(), HG_NO_REVISION.
 */
bool replay_open(struct place *place, const char *dir, const char *target,
                 const struct place_terms *terms, hg_error *err);

#endif
