/*
 * telemetry_read.c - a page into a snapshot.
 * Nothing in another process's page is trusted: it is copied first, then every number is held
 * against its limits. Must not know where pages lie.
 */
#include "telemetry.h"

#include <string.h>

#include "base/clock.h"

#define NS_PER_MS INT64_C(1000000)

enum { TEXT_TRIES = 3 };

const char *hg_slot_state_name(hg_slot_state state)
{
    static const char *const names[] = {
        "empty", "opening", "idle", "in use", "checking", "resetting", "closing",
    };

    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

#define LOAD(field) atomic_load_explicit(&(field), memory_order_relaxed)

/* Copies what other threads write meanwhile: every word whole, and in this order. */
static void copy_words(void *to, const void *from, size_t bytes)
{
    uint64_t *out = to;
    const _Atomic uint64_t *in = from;

    for (size_t i = 0; i < bytes / sizeof *out; i++)
        out[i] = atomic_load_explicit(&in[i], memory_order_acquire);
}

static int64_t within(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

static int64_t ms_between(int64_t then_ns, int64_t now_ns)
{
    return then_ns <= 0 || then_ns > now_ns ? 0 : (now_ns - then_ns) / NS_PER_MS;
}

/* A text that may lack its end. */
static void copy_text(char *to, size_t room, const char *from, size_t size)
{
    size_t n = strnlen(from, size < room ? size : room - 1);

    memcpy(to, from, n);
    to[n] = '\0';
}

static void decode_connection(const struct telemetry_slot *slot, unsigned index, int64_t now_ns,
                              hg_pool_connection *out)
{
    hg_slot_state state = (hg_slot_state)LOAD(slot->state);
    int64_t since_ms = ms_between(LOAD(slot->since_ns), now_ns);
    bool held = state == HG_SLOT_IN_USE;
    bool open = state != HG_SLOT_OPENING;

    *out = (hg_pool_connection){
        .slot = (int)index,
        .state = state,
        .age_ms = open ? ms_between(LOAD(slot->opened_ns), now_ns) : -1,
        .held_ms = held ? since_ms : -1,
        .idle_ms = state == HG_SLOT_IDLE || state == HG_SLOT_CHECKING ? since_ms : -1,
        .backend_pid = open ? within(LOAD(slot->backend_pid), 0, INT32_MAX) : 0,
        .holder_tid = held ? within(LOAD(slot->holder_tid), 0, INT32_MAX) : 0,
        .checkouts = open ? LOAD(slot->checkouts) - LOAD(slot->checkouts_before) : 0,
    };
    if (held)
        copy_text(out->holder, sizeof out->holder, (const char *)slot->holder, sizeof slot->holder);
}

/* Adds one slot to the picture. */
static void decode_slot(const struct telemetry_slot *slot, unsigned index, int64_t now_ns,
                        hg_pool_snapshot *out)
{
    uint32_t state = LOAD(slot->state);

    out->checkouts += LOAD(slot->checkouts);
    out->connects += LOAD(slot->connects);
    out->connect_failures += LOAD(slot->connect_failures);
    for (unsigned why = CLOSE_HUNG_UP; why <= CLOSE_INVALIDATED; why++)
        out->closed_stale += LOAD(slot->closes[why]);
    out->closed_recycle += LOAD(slot->closes[CLOSE_RECYCLE]);
    out->resets_open += LOAD(slot->resets_open);
    if (state == HG_SLOT_EMPTY || state > HG_SLOT_CLOSING)
        return;
    out->opening += state == HG_SLOT_OPENING;
    out->idle += state == HG_SLOT_IDLE;
    out->in_use +=
        state == HG_SLOT_IN_USE || state == HG_SLOT_CHECKING || state == HG_SLOT_RESETTING;
    if (out->connection_count < HG_POOL_SLOTS_MAX)
        decode_connection(slot, index, now_ns, &out->connections[out->connection_count++]);
}

/* The time that a share of all callers stayed below; those who did not wait count as 0. */
static double wait_percentile(const struct telemetry_head *head, double share, uint64_t callers)
{
    uint64_t waited = 0, rank = (uint64_t)((double)callers * share);
    uint64_t below;

    for (unsigned i = 0; i < TELEMETRY_WAIT_BUCKETS; i++)
        waited += LOAD(head->waits[i]);
    below = callers > waited ? callers - waited : 0;
    for (unsigned i = 0; i < TELEMETRY_WAIT_BUCKETS && rank >= below; i++) {
        below += LOAD(head->waits[i]);
        if (rank < below)
            return telemetry_bucket_ms(i);
    }
    return 0;
}

static void decode_head(const struct telemetry_head *head, int64_t now_ms, hg_pool_snapshot *out)
{
    out->pid = within(head->pid, 0, INT32_MAX);
    copy_text(out->process, sizeof out->process, head->process, sizeof head->process);
    copy_text(out->name, sizeof out->name, head->name, sizeof head->name);
    copy_text(out->role, sizeof out->role, head->role, sizeof head->role);
    copy_text(out->database, sizeof out->database, head->database, sizeof head->database);
    copy_text(out->last_error, sizeof out->last_error, (const char *)head->error,
              sizeof head->error);
    out->last_error_ms = within(LOAD(head->error_ms), 0, now_ms);
    out->started_ms = within(head->started_ms, 0, now_ms);
    out->size = (int)within(LOAD(head->size), 0, HG_POOL_SLOTS_MAX);
    out->max_overflow = (int)within(LOAD(head->max_overflow), -1, HG_POOL_SLOTS_MAX);
    out->waiting = (int)within(LOAD(head->waiting), 0, INT32_MAX);
    out->timeouts = LOAD(head->timeouts);
}

/*
 * Which connections are the ones beyond the pool's size: a question of counting, because any of
 * them may be closed when there are too many. The youngest are.
 */
static void mark_overflow(hg_pool_snapshot *out)
{
    for (int n = 0; n < out->overflow; n++) {
        hg_pool_connection *youngest = NULL;

        for (size_t i = 0; i < out->connection_count; i++) {
            hg_pool_connection *c = &out->connections[i];

            if (c->age_ms >= 0 && !c->overflow
                && (youngest == NULL || c->age_ms <= youngest->age_ms))
                youngest = c;
        }
        if (youngest != NULL)
            youngest->overflow = true;
    }
}

/* What follows from head and slots together. */
static void conclude(const struct telemetry_head *head, hg_pool_snapshot *out)
{
    uint64_t callers = out->checkouts + out->timeouts;
    int64_t max_ns = LOAD(head->wait_max_ns);
    int open = (int)out->connection_count - out->opening;

    out->overflow = out->size > 0 && open > out->size ? open - out->size : 0;
    mark_overflow(out);
    out->wait_p50_ms = wait_percentile(head, 0.50, callers);
    out->wait_p99_ms = wait_percentile(head, 0.99, callers);
    out->wait_max_ms = max_ns > 0 ? (double)max_ns / (double)NS_PER_MS : 0;
}

bool telemetry_settled(const struct telemetry_head *copy)
{
    return LOAD(copy->error_done) == LOAD(copy->error_begun);
}

void telemetry_snapshot(const struct telemetry *t, hg_pool_snapshot *out)
{
    int64_t now_ns = clock_now_ns();
    struct telemetry_head head;
    struct telemetry_slot slot;

    memset(out, 0, sizeof *out);
    if (t->head == NULL)
        return;
    for (int i = 0; i == 0 || (i < TEXT_TRIES && !telemetry_settled(&head)); i++)
        copy_words(&head, t->head, sizeof head);
    decode_head(&head, clock_wall_ms(), out);
    for (unsigned i = 0; i < head.slot_count; i++) {
        copy_words(&slot, &t->slots[i], sizeof slot);
        decode_slot(&slot, i, now_ns, out);
    }
    conclude(&head, out);
    out->alive = true;
    out->seen_ms = clock_wall_ms();
}

bool telemetry_understand(const char *bytes, size_t size, struct telemetry_copy *out)
{
    struct telemetry_head *head = &out->head;

    if (size < sizeof *head)
        return false;
    out->bytes = bytes;
    out->size = size;
    memcpy(head, bytes, sizeof *head);
    return memcmp(head->magic, TELEMETRY_MAGIC, sizeof head->magic) == 0
           && head->endian == TELEMETRY_ENDIAN && head->version == TELEMETRY_VERSION
           && head->head_size >= sizeof *head && head->head_size <= size
           && head->slot_size >= sizeof(struct telemetry_slot)
           && head->slot_count <= HG_POOL_SLOTS_MAX
           && head->slot_count <= (size - head->head_size) / head->slot_size;
}

/* One slot of a copy, whatever the size that its writer gave it. */
static struct telemetry_slot slot_at(const struct telemetry_copy *copy, unsigned i)
{
    struct telemetry_slot slot;

    memcpy(&slot, copy->bytes + copy->head.head_size + (size_t)i * copy->head.slot_size,
           sizeof slot);
    return slot;
}

/* The last thing that is known to have happened, on CLOCK_MONOTONIC; 0: nothing. */
static int64_t last_sign_ns(const struct telemetry_copy *copy, int64_t now_ns)
{
    int64_t last_ns = 0;

    for (unsigned i = 0; i < copy->head.slot_count; i++) {
        struct telemetry_slot slot = slot_at(copy, i);
        int64_t since_ns = LOAD(slot.since_ns);

        if (since_ns > last_ns && since_ns <= now_ns)
            last_ns = since_ns;
    }
    return last_ns;
}

void telemetry_decode(const struct telemetry_copy *copy, bool alive, int64_t now_ns, int64_t now_ms,
                      hg_pool_snapshot *out)
{
    int64_t seen_ns = alive ? now_ns : last_sign_ns(copy, now_ns);

    memset(out, 0, sizeof *out);
    decode_head(&copy->head, now_ms, out);
    for (unsigned i = 0; i < copy->head.slot_count; i++) {
        struct telemetry_slot slot = slot_at(copy, i);

        decode_slot(&slot, i, seen_ns, out);
    }
    conclude(&copy->head, out);
    out->alive = alive;
    out->seen_ms = now_ms - (now_ns - seen_ns) / NS_PER_MS;
    if (out->seen_ms < out->started_ms) /* by a tick: stamps of use are coarse */
        out->seen_ms = out->started_ms;
}
