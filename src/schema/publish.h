/*
 * publish.h - a difference as those outside of this room see it. Pure.
 */
#ifndef SCHEMA_PUBLISH_H
#define SCHEMA_PUBLISH_H

#include <headgate/schema.h>

#include "diff.h"

/* Makes the public list of the changes that are not inside others, all of it in the arena. False:
 * memory ran out. */
bool diff_publish(struct arena *arena, const struct diff *diff, hg_schema_change **out_changes,
                  size_t *out_count);

#endif
