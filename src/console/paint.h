/*
 * paint.h - one frame and the next -> the fewest bytes that make one of the other.
 *
 * Pure. What looks the same is not written. What differs is written in whatever order costs least:
 * letters of one colour one behind the other, wherever they stand, since to go there is cheaper
 * than to change the style. Rows that stand elsewhere now are moved there. Must not know what a
 * frame says, nor who it is written to.
 */
#ifndef CONSOLE_PAINT_H
#define CONSOLE_PAINT_H

#include "canvas.h"
#include "pen.h"

/*
 * Writes what turns `was` into `now`; ends with the cursor where it belongs, in whatever style.
 * was: of the same size, its rows may have been moved afterwards; NULL: a screen that has been
 * cleared.
 */
void paint(struct pen *pen, struct canvas *was, const struct canvas *now, const struct theme *theme,
           enum depth depth, struct buf *out);

/* Moves rows that stand elsewhere now, on the screen and in `was`, where that saves bytes. */
void paint_rows(struct pen *pen, struct canvas *was, const struct canvas *now, struct buf *out);

/* Cells as they are where the terminal has been cleared: not those of any role. */
void paint_clear(struct cell *cells, size_t count);

#endif
