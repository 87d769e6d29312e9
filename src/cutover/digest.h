/*
 * digest.h - everything that a SQLite database says, in one number: whether two moments are equal.
 */
#ifndef CUTOVER_DIGEST_H
#define CUTOVER_DIGEST_H

#include "world.h"

enum { DIGEST_SIZE = 65 };

/* SHA-256, in hexadecimal, of the schema and of all rows of all tables, in the order in which they
 * are stored. Any engine's error. */
bool digest_of_source(struct world *world, char out[DIGEST_SIZE], hg_error *err);

#endif
