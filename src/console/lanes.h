/*
 * lanes.h - the graph of revisions as columns beside their list: a row a revision, a lane for each
 * line of development that is open at that row. Pure.
 *
 *     ●     0001          a child that begins a branch stands to the right of its parent
 *     ├─●   0002          whose lane goes on
 *     ● │   0003
 *     ●─╯   0004          a merge ends the lanes of its other parents
 */
#ifndef CONSOLE_LANES_H
#define CONSOLE_LANES_H

#include <headgate/migrate.h>

enum { LANES_MAX = 8 }; /* what is beyond shares the last one */

/* What leads out of a cell; whether the revision stands in it; whether what leads to it from its
 * sides only passes. */
enum {
    LANE_UP = 1,
    LANE_DOWN = 2,
    LANE_LEFT = 4,
    LANE_RIGHT = 8,
    LANE_NODE = 16,
    LANE_CROSSED = 32
};

struct lane_row {
    uint8_t cells[LANES_MAX];
};

/* Fills a row for each revision; returns how many lanes there are, at least 1 for one revision, or
 * 0 when memory ran out. */
size_t lanes_make(const hg_history *history, struct lane_row *rows);

/* A row as text of 2 * lanes columns. */
void lanes_text(const struct lane_row *row, size_t lanes, const hg_revision *revision, bool utf8,
                char *out, size_t size);

#endif
