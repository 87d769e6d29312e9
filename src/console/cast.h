/*
 * cast.h - a recording of what is shown: asciicast, version 2, which asciinema plays.
 *
 * Made of cells, not of what a terminal was sent: neither questions to the terminal nor what went
 * to the clipboard are in it, nor which keys were pressed. What is still a secret of this process
 * is replaced by ***.
 */
#ifndef CONSOLE_CAST_H
#define CONSOLE_CAST_H

#include <stdbool.h>

#include <headgate/error.h>

#include "canvas.h"
#include "theme.h"

struct cast;

/* Begins a recording in a file that is not there yet; only its owner may read it. err: HG_IO,
 * HG_NOMEM. */
bool cast_open(const char *path, bool color, struct cast **out, hg_error *err);

/* Adds what differs from the frame before, with the time that has passed; nothing when that is
 * nothing. A failure is told at the end. */
void cast_frame(struct cast *cast, const struct canvas *c, const struct theme *theme);

/* Ends it; false: not all of it could be written. NULL is fine. */
bool cast_close(struct cast *cast, hg_error *err);

#endif
