/*
 * sweep.c - the pool's rules about age, idleness and growth.
 */
#include "sweep.h"

#define NS_PER_MS INT64_C(1000000)

enum { CONNECTS_AT_ONCE = 2, PROBES_AT_ONCE = 1 };

int64_t sweep_expiry(int64_t now_ns, int64_t recycle_ms, double luck)
{
    int64_t life_ns;

    if (recycle_ms < 0 || recycle_ms >= (INT64_MAX - now_ns) / NS_PER_MS)
        return INT64_MAX;
    life_ns = recycle_ms * NS_PER_MS;
    return now_ns + life_ns - (int64_t)((double)life_ns * 0.1 * luck);
}

int64_t sweep_renewal_due(int64_t expires_ns, int64_t recycle_ms)
{
    return expires_ns == INT64_MAX ? INT64_MAX : expires_ns - recycle_ms * NS_PER_MS / 20;
}

int64_t sweep_ping_due(int64_t idle_since_ns, int64_t answered_ns)
{
    int64_t last_ns = idle_since_ns > answered_ns ? idle_since_ns : answered_ns;

    return last_ns + SWEEP_PING_AFTER_NS + 1;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

int sweep_connects(const struct sweep_demand *demand)
{
    int at_once = demand->failures > 0 ? PROBES_AT_ONCE : CONNECTS_AT_ONCE;
    int wanted = demand->waiting - demand->opening;

    if (wanted < demand->growth)
        wanted = demand->growth;
    wanted = least(wanted, demand->limit - demand->open - demand->opening);
    wanted = least(wanted, at_once - demand->opening);
    return wanted > 0 ? wanted : 0;
}
