/*
 * mute.h - checks that somebody has muted for a while, with a reason. The lists are pure.
 *
 * The file "mutes" in the folder of the team's checks, one a line, # begins a comment:
 *
 *     schema.foreign_key_indexes until 2027-01-31: the tables are small, we measured
 *
 * A name without its last parts mutes all that it contains. After its day a mute has no effect.
 */
#ifndef CHECKS_MUTE_H
#define CHECKS_MUTE_H

#include <headgate/checks.h>

#include "base/arena.h"
#include "base/vec.h"

struct mute {
    const char *id;
    const char *reason;
    int64_t until_ms; /* Unix time at which it ends */
};

struct mutes {
    struct mute *items;
    size_t count, room;
};

/* Reads dir/mutes; a missing file is none. err: HG_FILE with place, HG_IO, HG_NOMEM. */
bool mutes_load(const char *dir, struct arena *arena, struct mutes *out, hg_error *err);

/* The same from text. name: of the file, for errors. */
bool mutes_parse(const char *text, const char *name, struct arena *arena, struct mutes *out,
                 hg_error *err);

/* Marks a warn or fail that is muted now. What could not be looked at stays what it is. */
void mutes_apply(const struct mutes *mutes, hg_check_result *result);
void mutes_release(struct mutes *mutes);

#endif
