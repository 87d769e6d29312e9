/*
 * compare.h - two places, scratch or in use, with the server's own wording deciding.
 */
#ifndef SCHEMA_COMPARE_H
#define SCHEMA_COMPARE_H

#include "place.h"

struct comparison {
    struct place_terms terms;
    struct place from, to;         /* opened by the caller, who has read both sides */
    struct place image;            /* of one that is in use, where its wording had to be tried */
    const struct model *models[2]; /* what the difference is between */
    struct diff diff;
};

/*
 * Finds what makes `from` like `to`. Nothing is tried in a database that is in use: where texts of
 * expressions differ, a copy of it without rows takes its place. diff and models live in the arena
 * and the places. err: as sides_compare(), scratch_open().
 */
bool compare_places(struct comparison *comparison, struct arena *arena, hg_error *err);

/*
 * Makes the schema of a place that has been read anew in a scratch database, without rows.
 * out_diff: what it differs in, in the arena; wording apart, that is nothing or what is not
 * modelled. err: what the database says about a statement, scratch_open(), HG_NOMEM.
 */
bool compare_image(struct arena *arena, const struct place *of, const struct place_terms *terms,
                   struct place *image, struct diff *out_diff, hg_error *err);

/* The statements that make the first like the second. */
bool compare_write(const struct comparison *comparison, struct arena *arena,
                   struct written *out_written, hg_error *err);

void compare_close(struct comparison *comparison);

/* What makes a schema out of nothing. err: HG_NOMEM. */
bool compare_whole(struct arena *arena, const struct model *model, struct diff *out_diff,
                   struct written *out_written, hg_error *err);

#endif
