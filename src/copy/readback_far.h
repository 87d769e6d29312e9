/*
 * readback_far.h - rows of the target with values that are larger than memory is for, which no
 * message of COPY has room for: those values come in pieces.
 */
#ifndef COPY_READBACK_FAR_H
#define COPY_READBACK_FAR_H

#include "run.h"

/* Appends the condition that a row has such values. */
void readback_where(const struct table *table, struct buf *sql);

/* Adds the rows of a range that have one to a digest. where: the range as " AND ..."; "": all. */
bool readback_far(struct run *run, struct hand *hand, const struct table *table, const char *where,
                  struct digest *digest, hg_error *err);

#endif
