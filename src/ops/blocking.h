/*
 * blocking.h - who blocks whom as a tree, in the order in which a list shows it. Pure.
 */
#ifndef OPS_BLOCKING_H
#define OPS_BLOCKING_H

#include <headgate/headgate.h>

/* One line of the list. */
struct blocking_row {
    size_t session; /* in sessions->sessions */
    int depth;      /* 0: nobody blocks it */
    uint64_t more;  /* bit n: at depth n of its branch something follows further down */
};

/*
 * Puts every session once into rows, which has room for all: first those that block or are blocked,
 * each below the one that it waits for (of several, the one that waits longest itself), then the
 * others as they come. out_in_trees: how many of them are of the first kind. false: memory ran out.
 */
bool blocking_order(const hg_sessions *sessions, struct blocking_row *rows, size_t *out_in_trees);

#endif
