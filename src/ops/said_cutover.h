/*
 * said_cutover.h - sentences about a cutover that every front end says the same way. Pure.
 */
#ifndef OPS_SAID_CUTOVER_H
#define OPS_SAID_CUTOVER_H

#include <headgate/cutover.h>

struct buf;

/* Who works on it, or how it ended: "going back", "open, and nobody works on it". */
const char *said_cutover_stand(const hg_cutover *run);

/* What the application can do now, as whoever uses it sees it. */
const char *said_cutover_sight(const hg_cutover *run);

/* "cutover NAME: somebody works on it", with its line end. */
void said_cutover_name(struct buf *out, const hg_cutover *run);

/* For how long nobody can write, what the application sees, what an abort would cost. */
void said_cutover_now(struct buf *out, const hg_cutover *run);

/* How it ended, and where its journal is. */
void said_cutover_end(struct buf *out, const hg_cutover *run);

#endif
