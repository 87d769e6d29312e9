/*
 * advice.c - what a pool's record of use says about its size. Pure.
 *
 * Callers come at any moment (arrivals see time averages), so the share of the time when n or more
 * connections were in use is the share of callers that a pool of n would have kept waiting.
 */
#include <headgate/pool.h>

#include <stdio.h>

/* Hardly anybody: one caller in a thousand. */
static const double hardly = 0.001;

int hg_pool_level_most(int level)
{
    int most = level < HG_POOL_LEVELS_EXACT
                   ? level
                   : HG_POOL_LEVELS_EXACT + (level - HG_POOL_LEVELS_EXACT) * 8 + 7;

    return most < HG_POOL_SLOTS_MAX ? most : HG_POOL_SLOTS_MAX;
}

/* What a pool of n would have been like. */
struct fate {
    double share;  /* of the time: all n in use */
    double excess; /* how many more were in use then, on average */
};

static struct fate fate_of(const hg_pool_use *use, int n)
{
    double all = 0, full = 0, excess = 0;

    for (int level = 0; level < HG_POOL_LEVELS; level++) {
        double ms = (double)use->level_ms[level];

        all += ms;
        if (hg_pool_level_most(level) < n)
            continue;
        full += ms;
        excess += ms * (hg_pool_level_most(level) - n);
    }
    return (struct fate){all > 0 ? full / all : 0, full > 0 ? excess / full : 0};
}

static int most_in_use(const hg_pool_use *use)
{
    for (int level = HG_POOL_LEVELS - 1; level > 0; level--)
        if (use->level_ms[level] > 0)
            return hg_pool_level_most(level);
    return 0;
}

/* The least with which hardly anybody would have waited. */
static void find_fewer(const hg_pool_use *use, hg_pool_advice *out)
{
    for (int n = 1; n < out->needed; n++) {
        struct fate fate = fate_of(use, n);

        if (fate.share > hardly)
            continue;
        out->fewer = n;
        out->would_wait = fate.share * (double)use->checkouts;
        out->wait_ms = use->hold_mean_ms * (fate.excess + 1) / n;
        return;
    }
}

static void put_message(const hg_pool_use *use, hg_pool_advice *out)
{
    char configured[32] = "no limit";
    int n;

    if (out->configured > 0)
        snprintf(configured, sizeof configured, "%d configured", out->configured);
    if (out->needed == 0) {
        snprintf(out->message, sizeof out->message, "%s, none seen in use yet", configured);
    } else if (out->configured > 0 && out->needed >= out->configured) {
        n = snprintf(out->message, sizeof out->message,
                     "%s, all of them in use %.1f %% of the time", configured, out->full_percent);
        if (use->waited > 0)
            snprintf(out->message + n, sizeof out->message - (size_t)n,
                     "; %llu callers have waited", (unsigned long long)use->waited);
    } else {
        n = snprintf(out->message, sizeof out->message, "%s, %d needed", configured, out->needed);
        if (out->fewer > 0 && out->would_wait >= 1)
            snprintf(out->message + n, sizeof out->message - (size_t)n,
                     "; with %d, %.0f callers would have waited %.*f ms", out->fewer,
                     out->would_wait, out->wait_ms < 10 ? 1 : 0, out->wait_ms);
    }
}

void hg_pool_advise(const hg_pool_snapshot *pool, hg_pool_advice *out)
{
    bool limited = pool->size > 0 && pool->max_overflow >= 0;

    *out = (hg_pool_advice){
        .configured = limited ? pool->size + pool->max_overflow : 0,
        .needed = most_in_use(&pool->use),
    };
    if (out->configured > 0)
        out->full_percent = 100 * fate_of(&pool->use, out->configured).share;
    if (out->needed > 1)
        find_fewer(&pool->use, out);
    put_message(&pool->use, out);
}
