/*
 * layout.h - which pane stands where at which size. Pure; update scrolls by it, view draws by it.
 *
 * Four forms: a line of state when there is no room for more; small (from 40x10), where the pool
 * and the focused pane share the screen; standard (from 72x18); wide (from 120x28), where
 * migrations and readiness stand beside pool and connections.
 */
#ifndef CONSOLE_LAYOUT_H
#define CONSOLE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

enum pane { PANE_POOLS, PANE_CONNECTIONS, PANE_MIGRATIONS, PANE_CHECKS, PANE_COUNT };

enum form { FORM_LINE, FORM_SMALL, FORM_STANDARD, FORM_WIDE };

struct rect {
    int x, y, width, height; /* height 0: not shown */
};

struct layout {
    enum form form;
    struct rect header, body, message, hints;
    struct rect panes[PANE_COUNT]; /* each with its rule as first row */
    int spark_rows;                /* height of the pool's history */
    int pool_rows;                 /* of the list of pools, below the numbers of the selected one */
};

/* Places everything. focus: the pane that has the keys. pools: how many there are to list. */
void layout_make(int width, int height, enum pane focus, size_t pools, struct layout *out);

/* How many rows of its list a pane shows. */
size_t layout_list_rows(const struct layout *layout, enum pane pane);

#endif
