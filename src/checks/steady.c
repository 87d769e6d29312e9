/*
 * steady.c - hysteresis.
 */
#include "steady.h"

hg_status steady_take(struct steady *s, hg_status sampled, bool at_once)
{
    bool first = !s->seen;

    s->seen = true;
    s->bad = sampled == HG_FAIL ? s->bad + 1 : 0;
    s->good = sampled == HG_FAIL ? 0 : s->good + 1;
    if (sampled == HG_FAIL)
        s->status =
            first || at_once || s->bad >= STEADY_BAD || s->status == HG_FAIL ? HG_FAIL : HG_WARN;
    else if (first || s->status != HG_FAIL || s->good >= STEADY_GOOD)
        s->status = sampled;
    return s->status;
}

hg_db_state steady_db_state(hg_db_state sampled, hg_status sampled_status, hg_status shown)
{
    bool not_yet = sampled_status == HG_FAIL && shown != HG_FAIL;
    bool still = sampled_status != HG_FAIL && shown == HG_FAIL;

    if ((not_yet && sampled != HG_DB_OK) || still)
        return HG_DB_DEGRADED;
    return sampled;
}
