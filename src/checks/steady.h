/*
 * steady.h - readiness that does not flap: one bad sample is a warning, three are a failure, and
 * two good ones end it. Pure.
 */
#ifndef CHECKS_STEADY_H
#define CHECKS_STEADY_H

#include <headgate/checks.h>

enum { STEADY_BAD = 3, STEADY_GOOD = 2 };

struct steady {
    bool seen; /* there was a sample */
    hg_status status;
    int bad, good; /* samples in a row */
};

/* Takes one sample's status, pass, warn or fail; at_once: a failure of the kind that does not pass
 * by itself. Returns what is to be shown. The first sample counts as it is. */
hg_status steady_take(struct steady *s, hg_status sampled, bool at_once);

/* The database's state to be shown, of a sample and of what is shown for it. */
hg_db_state steady_db_state(hg_db_state sampled, hg_status sampled_status, hg_status shown);

#endif
