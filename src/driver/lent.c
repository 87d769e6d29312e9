/*
 * lent.c - what those hear who go on when their loan is over.
 */
#include "lent.h"

#include <stdio.h>

#include "base/stack.h"

_Static_assert(offsetof(struct lent, driver) == offsetof(struct hg_conn, driver),
               "a handle is told from a connection by what both begin with");

const struct driver driver_lent = {0};

bool lent_fail(const struct lent *lent, const char *doing, hg_error *err)
{
    const char *tag = atomic_load_explicit(&lent->tag, memory_order_relaxed);
    char place[128];

    stack_place(atomic_load_explicit(&lent->ended_at, memory_order_relaxed), place, sizeof place);
    hg_fail(err, HG_MISUSE,
            "could not %s: the connection had been given back before, by thread %d in %s%s%s",
            doing, atomic_load_explicit(&lent->ended_by, memory_order_relaxed), place,
            tag == NULL ? "" : ", as ", tag == NULL ? "" : tag);
    hg_error_hint(err,
                  "A connection is its borrower's from checkout to return only; take another.");
    return false;
}

hg_conn *conn_in_hand(hg_conn *conn, const char *doing, hg_error *err)
{
    hg_conn *behind = conn_behind(conn);

    if (behind == NULL)
        lent_fail((const struct lent *)conn, doing, err);
    return behind;
}
