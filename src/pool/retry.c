/*
 * retry.c - the rules of trying again.
 */
#include "retry.h"

#define NS_PER_MS INT64_C(1000000)

/* first doubled n - 1 times, at most `most`. */
static int64_t doubled(int64_t first, int n, int64_t most)
{
    while (--n > 0 && first < most)
        first *= 2;
    return first < most ? first : most;
}

static int64_t within(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

bool retry_work(hg_code code, int attempt, int attempts)
{
    return code == HG_SERIALIZATION && attempt < attempts;
}

int64_t retry_work_pause_ns(int attempt, double luck)
{
    int64_t full = doubled(5 * NS_PER_MS, attempt, 500 * NS_PER_MS);

    return full / 2 + (int64_t)((double)full / 2 * luck);
}

int64_t retry_connect_pause_ns(int failures, int64_t took_ns, double luck)
{
    int64_t most = within(took_ns, 2 * NS_PER_MS, 50 * NS_PER_MS) * 5;
    int64_t full = doubled(10 * NS_PER_MS, failures, most);

    return full - full / 5 + (int64_t)((double)full * 2 / 5 * luck);
}
