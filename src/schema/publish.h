/*
 * publish.h - a difference as those outside of this room see it. Pure.
 */
#ifndef SCHEMA_PUBLISH_H
#define SCHEMA_PUBLISH_H

#include <headgate/schema.h>

#include "diff.h"
#include "write.h"

/* Makes the public list of the changes that are not inside others, all of it in the arena. False:
 * memory ran out. */
bool diff_publish(struct arena *arena, const struct diff *diff, hg_schema_change **out_changes,
                  size_t *out_count);

/* What hg_schema_diff_free() frees. */
struct answer {
    hg_schema_diff public; /* first: it is what the caller has */
    struct arena arena;    /* everything in it */
};

struct answer *answer_new(void); /* NULL when memory ran out */

/* Changes and statements; both live in the answer's arena. err: HG_NOMEM. */
bool answer_fill(struct answer *answer, const struct diff *diff, const struct written *written,
                 hg_error *err);

#endif
