/*
 * said.h - what a command says to people, for the terminal it was typed at and for whoever watches
 * its worker. Pure; what stands in it can do nothing but be read.
 */
#ifndef OPS_SAID_H
#define OPS_SAID_H

#include <headgate/headgate.h>

struct buf;

/* An error with its place, its hint and its line end. */
void said_error(struct buf *out, const hg_error *error);

/* "  from     /srv/app.db": a name and what it stands for, with its line end. */
void said_line(struct buf *out, const char *name, const char *text);

/* "12 ms", "3.4 s", "2 min 5 s" into size bytes; "-" when negative. Returns out. */
char *said_duration(double ms, char *out, size_t size);

/* "2 migrations done, now at 3f9a1c0b7d21", or that there was nothing to do. */
void said_run(struct buf *out, const hg_run_result *result);

#endif
