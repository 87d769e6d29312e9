/*
 * telemetry_window.c - from counters to what a stretch of time was like. Pure.
 */
#include <string.h>

#include "telemetry.h"

#define LOAD(field) atomic_load_explicit(&(field), memory_order_relaxed)
#define NS_PER_MS   1e6

/* How far a counter came; one that went back was not read whole, and says nothing. */
static uint64_t since(uint64_t now, uint64_t then)
{
    return now > then ? now - then : 0;
}

/* A mark keeps the lower half of a counter. */
static uint64_t since_half(uint64_t now, uint32_t then)
{
    uint32_t step = (uint32_t)now - then;

    return step > INT32_MAX ? 0 : step;
}

void telemetry_since(const struct telemetry_counters *now, const struct telemetry_mark *then,
                     struct telemetry_counters *out)
{
    out->at_ns = now->at_ns;
    out->checkouts = since(now->checkouts, LOAD(then->checkouts));
    out->timeouts = since(now->timeouts, LOAD(then->timeouts));
    out->held_ns = since(now->held_ns, LOAD(then->held_ns));
    for (unsigned i = 0; i < TELEMETRY_WAIT_BUCKETS; i++)
        out->waits[i] = since_half(now->waits[i], LOAD(then->waits[i]));
    for (unsigned i = 0; i < TELEMETRY_HOLD_BUCKETS; i++)
        out->holds[i] = since_half(now->holds[i], LOAD(then->holds[i]));
    for (unsigned i = 0; i < TELEMETRY_LEVELS; i++)
        out->use_ms[i] = since_half(now->use_ms[i], LOAD(then->use[i]));
}

/* What a share of all stayed below, in units; those that no bucket counts were 0. */
static double percentile(const uint64_t *buckets, unsigned count, uint64_t all, double share)
{
    uint64_t counted = 0, rank = (uint64_t)((double)all * share), below;

    for (unsigned i = 0; i < count; i++)
        counted += buckets[i];
    below = all > counted ? all - counted : 0;
    for (unsigned i = 0; i < count && rank >= below; i++) {
        below += buckets[i];
        if (rank < below)
            return telemetry_bucket_middle(i);
    }
    return 0;
}

void telemetry_window(const struct telemetry_counters *stretch, int64_t span_ns,
                      hg_pool_window *out)
{
    uint64_t callers = stretch->checkouts + stretch->timeouts, holds = stretch->checkouts;

    *out = (hg_pool_window){
        .span_ms = span_ns / (int64_t)NS_PER_MS,
        .checkouts = stretch->checkouts,
        .timeouts = stretch->timeouts,
        .wait_p50_ms = percentile(stretch->waits, TELEMETRY_WAIT_BUCKETS, callers, 0.50) / 1000,
        .wait_p99_ms = percentile(stretch->waits, TELEMETRY_WAIT_BUCKETS, callers, 0.99) / 1000,
        .hold_p50_ms = percentile(stretch->holds, TELEMETRY_HOLD_BUCKETS, holds, 0.50),
        .hold_p99_ms = percentile(stretch->holds, TELEMETRY_HOLD_BUCKETS, holds, 0.99),
        .hold_mean_ms = holds == 0 ? 0 : (double)stretch->held_ns / (double)holds / NS_PER_MS,
    };
}

/* --- histograms --- */

enum { WAIT_OCTAVE = 10 /* of microseconds */, HOLD_OCTAVE = 2 /* of milliseconds */ };

double hg_pool_wait_bound_s(size_t i)
{
    return (double)(UINT64_C(1) << (WAIT_OCTAVE + 2 * i)) / 1e6;
}

double hg_pool_hold_bound_s(size_t i)
{
    return (double)(UINT64_C(1) << (HOLD_OCTAVE + 2 * i)) / 1e3;
}

/* all: of which those that no bucket counts were 0. Returns the sum, in units. */
static double fill(const uint64_t *buckets, unsigned count, uint64_t all, unsigned octave,
                   hg_pool_histogram *out)
{
    uint64_t counted = 0, zeros, below = 0;
    double sum = 0;

    for (unsigned i = 0; i < count; i++)
        counted += buckets[i];
    zeros = all > counted ? all - counted : 0;
    for (unsigned i = 0; i < count; i++) {
        below += buckets[i];
        sum += (double)buckets[i] * telemetry_bucket_middle(i);
        for (unsigned b = 0; b < HG_POOL_BOUNDS; b++)
            if (i + 1 == 4 * (octave + 2 * b))
                out->within[b] = zeros + below;
    }
    out->count = zeros + counted;
    for (unsigned b = 0; b < HG_POOL_BOUNDS; b++)
        if (4 * (octave + 2 * b) > count)
            out->within[b] = out->count;
    return sum;
}

void telemetry_waits(const struct telemetry_counters *all, hg_pool_histogram *out)
{
    out->sum_s =
        fill(all->waits, TELEMETRY_WAIT_BUCKETS, all->checkouts + all->timeouts, WAIT_OCTAVE, out)
        / 1e6;
}

void telemetry_holds(const struct telemetry_counters *all, hg_pool_histogram *out)
{
    fill(all->holds, TELEMETRY_HOLD_BUCKETS, all->checkouts, HOLD_OCTAVE, out);
    out->sum_s = (double)all->held_ns / 1e9;
}
