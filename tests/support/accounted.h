/*
 * accounted.h - the list of situations in a room's README.md, held against its tests.
 */
#ifndef SUPPORT_ACCOUNTED_H
#define SUPPORT_ACCOUNTED_H

/* Fails unless tests/ROOM/README.md has this many situations, numbered without a gap, and every
 * test that it names is there. */
void accounted_check(const char *room, int situations);

#endif
