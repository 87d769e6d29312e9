/*
 * telemetry_record.c - the history in a pool's page, kept by its housekeeper: for how long so many
 * connections were in use, and how far the counters had come at moments. Callers never pay for it.
 */
#include "telemetry.h"

#define NS_PER_MS INT64_C(1000000)

static const int64_t look_busy_ns = 100 * NS_PER_MS, look_calm_ns = 1000 * NS_PER_MS;
static const int64_t mark_every_ns = 15000 * NS_PER_MS;
static const uint64_t long_every = 12; /* marks: three minutes */

#define LOAD(field)         atomic_load_explicit(&(field), memory_order_relaxed)
#define STORE(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

unsigned telemetry_level(unsigned in_use)
{
    if (in_use < HG_POOL_LEVELS_EXACT)
        return in_use;
    return HG_POOL_LEVELS_EXACT + (in_use - HG_POOL_LEVELS_EXACT) / 8;
}

_Static_assert(HG_POOL_LEVELS_EXACT + (HG_POOL_SLOTS_MAX - HG_POOL_LEVELS_EXACT) / 8
                   < HG_POOL_LEVELS,
               "a level for every number of connections");

/* Sees how many connections are in use, which stands for the time since the last look; whether
 * there is anything to see. */
static bool look(struct telemetry *t, int64_t now_ns)
{
    struct telemetry_head *head = t->head;
    uint64_t checkouts = 0;
    unsigned in_use = 0, level;
    bool busy;

    for (unsigned i = 0; i < head->slots.count; i++) {
        uint32_t state = LOAD(t->slots[i].state);

        in_use +=
            state == HG_SLOT_IN_USE || state == HG_SLOT_CHECKING || state == HG_SLOT_RESETTING;
        checkouts += LOAD(t->slots[i].checkouts);
    }
    level = telemetry_level(in_use);
    STORE(head->use[level],
          LOAD(head->use[level]) + (uint64_t)((now_ns - t->looked_ns) / NS_PER_MS));
    busy = in_use > 0 || checkouts != t->checkouts_seen;
    t->looked_ns = now_ns;
    t->checkouts_seen = checkouts;
    return busy;
}

static void copy_counters(const struct telemetry *t, struct telemetry_mark *mark)
{
    uint32_t holds[TELEMETRY_HOLD_BUCKETS] = {0};
    uint64_t checkouts = 0, held_ns = 0;

    for (unsigned i = 0; i < t->head->slots.count; i++) {
        const struct telemetry_slot *slot = &t->slots[i];

        checkouts += LOAD(slot->checkouts);
        held_ns += LOAD(slot->held_ns);
        for (unsigned k = 0; k < TELEMETRY_HOLD_BUCKETS; k++)
            holds[k] += LOAD(slot->holds[k]);
    }
    atomic_store(&mark->checkouts, checkouts);
    atomic_store(&mark->held_ns, held_ns);
    atomic_store(&mark->timeouts, LOAD(t->head->timeouts));
    for (unsigned k = 0; k < TELEMETRY_WAIT_BUCKETS; k++)
        atomic_store_explicit(&mark->waits[k], (uint32_t)LOAD(t->head->waits[k]),
                              memory_order_release);
    for (unsigned k = 0; k < TELEMETRY_HOLD_BUCKETS; k++)
        atomic_store_explicit(&mark->holds[k], holds[k], memory_order_release);
    for (unsigned k = 0; k < TELEMETRY_LEVELS; k++)
        atomic_store_explicit(&mark->use[k], (uint32_t)LOAD(t->head->use[k]), memory_order_release);
}

/* The marks of the last minute are in turn, and so are the long ones, of which there is one every
 * three minutes: a mark at least as old as a reader asks for is always there. */
static struct telemetry_mark *place_of(struct telemetry *t, uint64_t number)
{
    if (number % long_every == 0)
        return &t->marks[TELEMETRY_MARKS_SHORT + number / long_every % TELEMETRY_MARKS_LONG];
    return &t->marks[number % TELEMETRY_MARKS_SHORT];
}

static void put_mark(struct telemetry *t, int64_t now_ns)
{
    struct telemetry_mark *mark = place_of(t, t->mark_count);
    uint64_t count = LOAD(mark->begun) + 1;

    STORE(mark->begun, count);
    atomic_store_explicit(&mark->at_ns, now_ns, memory_order_release);
    copy_counters(t, mark);
    atomic_store_explicit(&mark->done, count, memory_order_release);
    t->mark_count++;
    t->marked_ns = now_ns;
}

int64_t telemetry_record(struct telemetry *t, int64_t now_ns)
{
    if (now_ns < t->look_due_ns)
        return t->look_due_ns;
    STORE(t->head->beat_ns, now_ns);
    t->look_due_ns = now_ns + (look(t, now_ns) ? look_busy_ns : look_calm_ns);
    if (now_ns - t->marked_ns >= mark_every_ns)
        put_mark(t, now_ns);
    return t->look_due_ns;
}
