/*
 * loans.h - the handles under which a slot's connections are lent, one a checkout, in turn.
 */
#ifndef POOL_LOANS_H
#define POOL_LOANS_H

#include "driver/lent.h"

struct slot;

/* A handle is used again when its slot has been lent so many times more: until then, whoever still
 * uses it is found out. */
enum { LOANS = 8 };

struct loan {
    _Alignas(64) struct lent lent; /* first: the handle itself */
    struct slot
        *slot; /* NULL: the parent's, in a forked child, where the thread that forked has it */
};

struct loans {
    struct loan loan[LOANS];
    unsigned turn; /* the one that was lent last; written by the slot's owner */
    struct loans *next_spare;
};

/* Handles for a slot; NULL: no memory. Their memory is kept when they are given back, for the next
 * slot: a handle that is older than its pool is still a handle. */
struct loans *loans_take(struct slot *slot);
void loans_give_back(struct loans *loans); /* NULL is fine */

/* In a forked child, before anything else. */
void loans_begin_as_child(void);

/* Lends a connection. */
static inline hg_conn *loans_lend(struct loans *loans, struct slot *slot, hg_conn *conn,
                                  const char *tag)
{
    struct loan *loan;
    unsigned tries = 0;

    do /* over what a forked child still has of its parent's */
        loan = &loans->loan[loans->turn = (loans->turn + 1) % LOANS];
    while (loan->slot == NULL && ++tries < LOANS);
    loan->slot = slot;
    loan->lent.engine = conn->driver;
    atomic_store_explicit(&loan->lent.tag, tag, memory_order_relaxed);
    atomic_store_explicit(&loan->lent.conn, conn, memory_order_release);
    return (hg_conn *)(void *)loan;
}

#endif
