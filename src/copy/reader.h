/*
 * reader.h - the rows of a table of the source, one after the other, whatever is in them.
 *
 * Values that are too large are not read: they come as CELL_LARGE, which fits nothing, and the rest
 * of their row as it is. Who can do with pieces gets values that are larger than memory is for as
 * CELL_LARGE, too, with where they are.
 */
#ifndef COPY_READER_H
#define COPY_READER_H

#include "mapping.h"

enum { VALUE_MOST = 256 << 20 }; /* bytes of one that is read whole, unless somebody wants others */

enum reading {
    READ_WHOLE, /* values are in memory */
    READ_FAR    /* large ones stay where they are, in columns that take pieces: see far.h */
};

struct reader {
    hg_conn *conn; /* with bulk_limit_values(), or nothing is too large */
    const struct table *table;
    enum reading reading;
    int64_t limit, most; /* bytes of a value in ordinary rows, and of one that is read whole */
    int64_t lo, hi;
    hg_rows *rows;
    hg_rows *special;   /* of the row that has such a value, until the next one is asked for */
    struct image whole; /* its values that are far, where they are wanted in memory */
    VEC(struct bulk_value *) values; /* of it */
    int64_t last;                    /* rowid of the row before; only where the table has them */
    int64_t count;                   /* rows that there were */
    bool any;                        /* there was one */
    bool stuck;                      /* the next row is one of which a value is too large */
};

/* Rows from lo to hi, both included, in the order of their rowids; of a table without rowids all.
 * It has to be closed also after a failure. */
bool reader_open(hg_conn *conn, const struct table *table, enum reading reading, int64_t lo,
                 int64_t hi, struct reader *out, hg_error *err);

/* The next row: as bulk_cells(). cells: as many as the table has. */
hg_step reader_next(struct reader *reader, struct cell *cells, hg_error *err);
void reader_close(struct reader *reader); /* one of zeros is fine */

#endif
