/*
 * rejects.h - the file of rows and values that did not go over, one JSON object a line. Any thread.
 */
#ifndef COPY_REJECTS_H
#define COPY_REJECTS_H

#include <headgate/error.h>

#include "mapping.h"
#include "tally.h"

struct rejects;

/* Makes the file, which must not exist. err: HG_IO, HG_NOMEM. */
bool rejects_open(const char *path, struct rejects **out, hg_error *err);

/* A value that does not fit. */
bool rejects_value(struct rejects *rejects, const struct table *table, const struct place *place,
                   enum finding finding, const struct cell *cell, hg_error *err);

/* A row that is not copied, with all its values: blobs as {"blob": "hex"}. */
bool rejects_row(struct rejects *rejects, const struct table *table, const struct place *place,
                 enum finding finding, const struct cell *cells, hg_error *err);

/* Writes what is left. err: HG_IO. NULL is fine. */
bool rejects_close(struct rejects *rejects, hg_error *err);

#endif
