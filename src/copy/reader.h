/*
 * reader.h - the rows of a table of the source, one after the other, whatever is in them.
 *
 * Values that are larger than memory is for are not read: they come as CELL_LARGE, which fits
 * nothing, and the rest of their row as it is.
 */
#ifndef COPY_READER_H
#define COPY_READER_H

#include "mapping.h"

enum { VALUE_MOST = 256 << 20 }; /* bytes, unless somebody wants others */

struct reader {
    hg_conn *conn; /* with bulk_limit_values(), or nothing is too large */
    const struct table *table;
    int64_t lo, hi;
    hg_rows *rows;
    hg_rows *special; /* of the row that has such a value, until the next one is asked for */
    int64_t last;     /* rowid of the row before; only where the table has them */
    bool any;         /* there was one */
    bool stuck;       /* the next row is one of which a value is too large */
};

/* Rows from lo to hi, both included, in the order of their rowids; of a table without rowids all.
 */
bool reader_open(hg_conn *conn, const struct table *table, int64_t lo, int64_t hi,
                 struct reader *out, hg_error *err);

/* The next row: as bulk_cells(). cells: as many as the table has. */
hg_step reader_next(struct reader *reader, struct cell *cells, hg_error *err);
void reader_close(struct reader *reader);

#endif
