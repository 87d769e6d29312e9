/*
 * stills_cutover.h - states of a guided cutover that were looked at, as those of stills.h.
 */
#ifndef SUPPORT_STILLS_CUTOVER_H
#define SUPPORT_STILLS_CUTOVER_H

#include "scene_cutover.h"
#include "stills.h"

const struct still *stills_cutover(size_t *out_count);

/* Some of them, for scenes of another kind. */
void still_cutover_planned(struct scene *s);
void still_cutover_doubted(struct scene *s);
void still_cutover_missing(struct scene *s);
void still_cutover_asking(struct scene *s);
void still_cutover_no_return(struct scene *s);
void still_cutover_stalled(struct scene *s);
void still_cutover_paused(struct scene *s);
void still_cutover_ended(struct scene *s);
void still_cutover_died(struct scene *s);
void still_cutover_frozen(struct scene *s);
void still_cutover_watched(struct scene *s);
void still_cutover_done(struct scene *s);
void still_cutover_journal(struct scene *s);
void still_cutover_record(struct scene *s);
void still_cutover_step(struct scene *s);

/* The screen is open, and a run stands there. */
void still_cutover_run_at(struct scene *s, struct scene_run run);

/* A key, and the question that it opens; its dead time is over. In production changes are allowed
 * first. */
void still_cutover_ask(struct scene *s, uint32_t key);

#endif
