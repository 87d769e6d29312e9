/*
 * far.h - values that are left in the source until they are sent, since they are larger than memory
 * is for: looked through, shown, and handed on in pieces.
 * Must not know rows, or where the pieces go.
 */
#ifndef COPY_FAR_H
#define COPY_FAR_H

#include "convert.h"

enum {
    FAR_FROM = 256 << 10, /* bytes: smaller values are read whole, with the rest of their row */
    FAR_PIECE = 64 << 10,
    FAR_MOST = 1000 << 20 /* all of a row has to fit into a gigabyte of the server's memory */
};

/* Takes a piece; false ends it. */
typedef bool far_sink(void *context, const char *bytes, size_t size, hg_error *err);

/* Whether a column takes values in pieces: its type keeps them as they are. */
bool far_suits(const struct target *target);

/* Whether a cell is such a value. */
static inline bool is_far(const struct cell *cell)
{
    return cell->class == CELL_LARGE && cell->as.far != NULL;
}

/* Reads all of it to see what the column, which suits, makes of it. err: what SQLite says. */
bool far_look(const struct target *target, const struct cell *cell, enum finding *out,
              hg_error *err);

/* Hands all of it to a sink. err: what SQLite or the sink says. */
bool far_each(struct bulk_value *value, far_sink *sink, void *context, hg_error *err);

/* Makes ordinary cells of those that are far. whole: replaced by their bytes. */
bool far_fetch(struct cell *cells, size_t count, struct image *whole, hg_error *err);

#endif
