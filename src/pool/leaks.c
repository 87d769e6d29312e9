/*
 * leaks.c - connections that are held for longer than the pool allows: who holds them, and where
 * that thread is. It costs a checkout nothing: the housekeeper looks at what the slots say anyway,
 * and asks for the stack only then.
 */
#include "pool_state.h"

#include <stdio.h>

#include "base/log.h"
#include "base/stack.h"

#define NS_PER_MS INT64_C(1000000)

struct leak {
    struct slot *slot;
    int tid;
    int64_t since_ns;
    uint64_t checkouts; /* tells this hold from the next */
    char tag[HG_TAG_MAX];
};

static int64_t load_since(const struct slot *slot)
{
    return atomic_load_explicit(&slot->shared->since_ns, memory_order_relaxed);
}

/* Copies the words of a tag, which its owner may be changing: what is torn is only odd to read. */
static void copy_tag(const struct slot *slot, char out[HG_TAG_MAX])
{
    uint64_t words[HG_TAG_MAX / 8];

    for (size_t i = 0; i < HG_TAG_MAX / 8; i++)
        words[i] = atomic_load_explicit(&slot->shared->holder[i], memory_order_relaxed);
    snprintf(out, HG_TAG_MAX, "%.*s", HG_TAG_MAX - 1, (const char *)words);
}

static void describe(struct slot *slot, struct leak *out)
{
    const struct telemetry_slot *shared = slot->shared;

    *out = (struct leak){
        .slot = slot,
        .tid = atomic_load_explicit(&shared->holder_tid, memory_order_relaxed),
        .since_ns = load_since(slot),
        .checkouts = atomic_load_explicit(&shared->checkouts, memory_order_relaxed),
    };
    copy_tag(slot, out->tag);
}

static bool is_held_still(const struct leak *leak)
{
    return slot_state(leak->slot) == HG_SLOT_IN_USE
           && atomic_load(&leak->slot->shared->checkouts) == leak->checkouts;
}

static void report(hg_pool *pool, const struct leak *leak)
{
    char held_s[32], tid[16], text[512] = "not known", detail[80], place[80];
    struct stack stack = {0};

    if (stack_of_thread(leak->tid, &stack))
        stack_text(&stack, text, sizeof text);
    if (!is_held_still(leak))
        return;
    atomic_store(&leak->slot->reported, true);
    atomic_store(&leak->slot->shared->leak_ns, clock_now_ns());
    telemetry_count(&leak->slot->shared->leaks);
    snprintf(detail, sizeof detail, "%s in %s", leak->tag,
             stack_place(stack_of_program(&stack), place, sizeof place));
    pool_note(pool, HG_POOL_EVENT_LEAK, leak->slot, detail);
    snprintf(held_s, sizeof held_s, "%.1f", clock_since_ms(leak->since_ns) / 1000);
    snprintf(tid, sizeof tid, "%d", leak->tid);
    log_line(LOG_WARN, "pool", "a connection is held for too long", "pool", pool->name, "holder",
             leak->tag, "thread", tid, "held_s", held_s, "stack", text, NULL);
}

int64_t pool_report_leaks(hg_pool *pool)
{
    int64_t after_ns = pool->options.settings.leak_after_ms * NS_PER_MS, now_ns = clock_now_ns();
    int64_t next_ns = now_ns + after_ns; /* of a hold that begins now */

    if (after_ns <= 0)
        return INT64_MAX;
    for (unsigned i = 0; i < pool_slot_count(pool); i++) {
        struct slot *slot = &pool->slots[i];
        struct leak leak;

        if (slot_state(slot) != HG_SLOT_IN_USE || atomic_load(&slot->reported))
            continue;
        describe(slot, &leak);
        if (leak.since_ns + after_ns <= now_ns)
            report(pool, &leak);
        else if (leak.since_ns + after_ns < next_ns)
            next_ns = leak.since_ns + after_ns;
    }
    return next_ns;
}

void pool_end_leak(hg_pool *pool, struct slot *slot, int64_t held_ns)
{
    char held_s[32], tag[HG_TAG_MAX];

    if (!atomic_exchange(&slot->reported, false))
        return;
    copy_tag(slot, tag);
    pool_note(pool, HG_POOL_EVENT_LEAK_ENDED, slot, tag);
    snprintf(held_s, sizeof held_s, "%.1f", (double)held_ns / 1e9);
    log_line(LOG_INFO, "pool", "a connection that was held for too long came back", "pool",
             pool->name, "holder", tag, "held_s", held_s, NULL);
}
