/*
 * scene_cutover.h - a cutover for a console to look at: the built-in runbook's steps, planned, on
 * their way or over.
 */
#ifndef SUPPORT_SCENE_CUTOVER_H
#define SUPPORT_SCENE_CUTOVER_H

#include "scene.h"

/* Where the next run stands. */
struct scene_run {
    size_t at;         /* the step that comes next: those before it are done */
    const char *state; /* of that step; NULL: pending */
    const char *error; /* of that step; NULL: none */
    bool asks;         /* that step's question waits */
    bool left;         /* nobody works on it */
    bool stalled, paused, aborting, past_return;
    const char *outcome; /* of a run that is over; NULL: it is open */
    int64_t frozen_ms;   /* 0: not frozen */
};

/* The answer to the reading that is under way: no run; one that cannot be read; a run. What they
 * hold is the scene's until the next of these calls. */
void scene_no_cutover(struct scene *s);
void scene_cutover_trouble(struct scene *s, hg_code code, const char *message, const char *hint);
void scene_cutover(struct scene *s, const struct scene_run *run);

/* The answer to a plan: with `doubt`, two of its gates do not hold. */
void scene_cutover_plan(struct scene *s, bool doubt);

/* None could be made. */
void scene_cutover_no_plan(struct scene *s, const char *message);

/* What the process tells of the step under way. */
void scene_cutover_event(struct scene *s, const char *part, int64_t done, int64_t total,
                         const char *message);

/* Every text of what was delivered last is this from now on. */
void scene_cutover_hostile(struct scene *s, const char *text);

/* The step of that id. */
size_t scene_cutover_step(const char *id);

#endif
