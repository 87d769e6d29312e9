/*
 * layout.h - the screens, and which pane stands where at which size. Pure; update scrolls by it,
 * view draws by it.
 *
 * Four forms: a line of state when there is no room for more; small (from 40x10), where the focused
 * pane has the screen; standard (from 72x18); wide (from 120x28), where what is known about the
 * selected row stands beside its list.
 */
#ifndef CONSOLE_LAYOUT_H
#define CONSOLE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

/* In the order of their keys. */
enum screen_id {
    SCREEN_OVERVIEW,
    SCREEN_POOLS,
    SCREEN_SESSIONS,
    SCREEN_MIGRATIONS,
    SCREEN_CHECKS,
    SCREEN_CUTOVER,
    SCREEN_LOG,
    SCREEN_COUNT
};

enum pane {
    PANE_POOLS,
    PANE_CONNECTIONS, /* of the selected pool */
    PANE_SESSIONS,
    PANE_MIGRATIONS,
    PANE_CHECKS,
    PANE_STEPS,   /* of a cutover */
    PANE_JOURNAL, /* of a cutover */
    PANE_LOG,
    LISTS,             /* those above are lists, see list.h */
    PANE_POOL = LISTS, /* the numbers of the selected pool */
    PANE_SERVER,       /* how many connections the server has left */
    PANE_LIGHTS,       /* how the checks stand, by group */
    PANE_NOW,          /* where a cutover stands, and what it costs to stop here */
    PANE_DETAIL,       /* what is known about the selected row */
    PANE_COUNT
};

enum form { FORM_LINE, FORM_SMALL, FORM_STANDARD, FORM_WIDE };

struct rect {
    int x, y, width, height; /* height 0: not shown */
};

struct layout {
    enum form form;
    struct rect header, tabs, body, message, hints;
    struct rect panes[PANE_COUNT]; /* each with its rule as first row */
    int spark_rows;                /* height of the pool's history */
    bool journal;                  /* of a cutover: there is one */
    int pool_rows; /* on the overview: of the list of pools, below the numbers of the selected one
                    */
    bool detail;   /* there is a pane for what is known about a row, in view or behind another */
    bool heads[LISTS]; /* whether the list has the names of its columns above it */
};

/* Places everything. focus: the pane that has the keys. listed: how many pools there are, or on the
 * cutover's screen records of its journal. */
void layout_make(int width, int height, enum screen_id screen, enum pane focus, size_t listed,
                 struct layout *out);

/* Gives the whole body to one of the panes. */
void layout_zoom(struct layout *layout, enum screen_id screen, enum pane pane, size_t listed);

/* How many rows of its list a pane shows, and where in the pane the first of them stands. */
size_t layout_list_rows(const struct layout *layout, enum pane pane);
int layout_list_top(const struct layout *layout, enum pane pane);

/* The panes that Tab goes through, in order; returns how many. */
size_t layout_tab_order(enum screen_id screen, const struct layout *layout,
                        enum pane out[PANE_COUNT]);

#endif
