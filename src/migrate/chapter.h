/*
 * chapter.h - steps that were found → the text of migration files. Pure.
 */
#ifndef MIGRATE_CHAPTER_H
#define MIGRATE_CHAPTER_H

#include "draft.h"
#include "schema/evolve.h"

/* What becomes one file; NULL: nothing for that engine. */
struct chapter {
    const struct evolve_step *postgres, *sqlite;
};

struct chapters {
    struct chapter *items;
    size_t count;
    bool both; /* the files are for both engines: what is one's alone stands between guards */
};

/* The message of the i-th file: where there are several, with what is special about it. In the
 * arena; NULL when memory ran out. */
const char *chapter_message(struct arena *arena, const struct chapters *chapters, size_t i,
                            const char *message);

/* Fills in the sections of the i-th file, in the arena. False: memory ran out. */
bool chapter_write(struct arena *arena, const struct chapters *chapters, size_t i,
                   struct draft_file *file);

#endif
