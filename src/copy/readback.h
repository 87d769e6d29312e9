/*
 * readback.h - rows of the target as COPY TO STDOUT gives them, in the form that was sent.
 */
#ifndef COPY_READBACK_H
#define COPY_READBACK_H

#include "mapping.h"

/* Bytes in front of the first row: PostgreSQL, COPY, "Binary Format". */
enum { READBACK_HEADER = 19 };

/*
 * A row's fields, without the count in front, as a whole row with the count: jsonb in the normal
 * form of json.h. What the server writes is that form, as far as one can know, and this makes sure
 * that nobody has to know. out: replaced. False: memory ran out, or it is no row.
 */
bool readback_row(const struct table *table, const char *fields, size_t size, struct image *out);

#endif
