/*
 * stills.h - states of the console that were looked at: each has its golden screen, tests/golden.
 */
#ifndef SUPPORT_STILLS_H
#define SUPPORT_STILLS_H

#include "scene.h"

struct still {
    const char *name; /* of the golden screen */
    void (*set)(struct scene *s);
    int width, height;
    bool utf8, production;
};

/* All of them: among them every screen at its three sizes in UTF-8 and in ASCII. */
const struct still *stills(size_t *out_count);

/* The scene of one, freed by the caller with scene_free(). Sets the locale that it is drawn in. */
struct scene *still_open(const struct still *still);

/* Some of the states, for scenes of another kind. */
void still_calm(struct scene *s);
void still_busy(struct scene *s);
void still_stale(struct scene *s);
void still_plan(struct scene *s);
void still_question(struct scene *s);
void still_waiting(struct scene *s);
void still_failed(struct scene *s);
void still_help(struct scene *s);
void still_log_page(struct scene *s);
void still_pool_detail(struct scene *s);
void still_connection_detail(struct scene *s);
void still_migration_detail(struct scene *s);
void still_check_detail(struct scene *s);

/* What people, programs and databases have put into texts to drive the terminals of others. */
const char *const *hostile_texts(size_t *out_count);

#endif
