/*
 * telemetry_read.c - a page into a snapshot.
 * Nothing in another process's page is trusted: it is copied first, then every number is held
 * against its limits. Must not know where pages lie.
 */
#include "telemetry.h"

#include <string.h>

#include "base/clock.h"

#define NS_PER_MS INT64_C(1000000)

enum { TEXT_TRIES = 3, MARKS_MOST = 1000, MINUTE_MS = 60000 };

static const int64_t silent_after_ms = 10000; /* twice what the housekeeper gives a ping */

/* The name of a number that another process may have made up. */
static const char *name_of(const char *const *names, size_t count, unsigned number)
{
    return number < count ? names[number] : "unknown";
}

#define NAME_OF(names, number) name_of(names, sizeof(names) / sizeof *(names), (unsigned)(number))

const char *hg_slot_state_name(hg_slot_state state)
{
    static const char *const names[] = {
        "empty", "opening", "idle", "in use", "checking", "resetting", "closing",
    };

    return NAME_OF(names, state);
}

const char *hg_connect_phase_name(hg_connect_phase phase)
{
    static const char *const names[] = {"resolve", "tcp", "tls", "auth", "setup"};

    _Static_assert(sizeof names / sizeof *names == HG_CONNECT_PHASES, "a name for each");
    return NAME_OF(names, phase);
}

const char *hg_close_name(hg_close why)
{
    static const char *const names[] = {
        "recycle",     "idle",  "surplus", "hung up", "dead",     "no answer", "lost",
        "invalidated", "reset", "discard", "evicted", "detached", "pool",
    };

    _Static_assert(sizeof names / sizeof *names == HG_CLOSE_REASONS, "a name for each");
    return NAME_OF(names, why);
}

const char *hg_pool_mode_name(hg_pool_mode mode)
{
    static const char *const names[] = {"open", "paused", "draining"};

    return NAME_OF(names, mode);
}

const char *hg_pool_event_name(hg_pool_event_kind kind)
{
    static const char *const names[] = {
        "connected",
        "connect failed",
        "closed",
        "server hung up",
        "invalidated",
        "timeout",
        "leak",
        "leak ended",
        "forked",
        "paused",
        "resumed",
        "draining",
        "resized",
        "asked",
        "down",
        "up again",
        "returned in transaction",
    };

    _Static_assert(sizeof names / sizeof *names == HG_POOL_EVENT_KINDS, "a name for each");
    return NAME_OF(names, kind);
}

#define LOAD(field) atomic_load_explicit(&(field), memory_order_relaxed)

void telemetry_copy_words(void *to, const void *from, size_t bytes)
{
    uint64_t *out = to;
    const _Atomic uint64_t *in = from;

    for (size_t i = 0; i < bytes / sizeof *out; i++)
        out[i] = atomic_load_explicit(&in[i], memory_order_acquire);
}

/* One record, whatever the size that its writer gave it. */
static void record_at(const struct telemetry_copy *copy, const struct telemetry_table *table,
                      unsigned i, void *out, size_t size)
{
    telemetry_copy_words(out, copy->bytes + table->offset + (size_t)i * table->stride, size);
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

/* What opening the connection has gone into, so far when it is not open yet. */
static void decode_phases(const struct telemetry_slot *slot, int64_t now_ns,
                          hg_pool_connection *out)
{
    uint32_t phase = LOAD(slot->phase);

    out->phase = phase < HG_CONNECT_PHASES ? (hg_connect_phase)phase : HG_CONNECT_SETUP;
    for (unsigned i = 0; i < HG_CONNECT_PHASES; i++)
        out->phase_ms[i] = LOAD(slot->phase_us[i]) / 1e3;
    if (out->state == HG_SLOT_OPENING)
        out->phase_ms[out->phase] += (double)ms_between(LOAD(slot->phase_ns), now_ns);
}

static void decode_connection(const struct telemetry_slot *slot, unsigned index, int64_t now_ns,
                              hg_pool_connection *out)
{
    hg_slot_state state = (hg_slot_state)LOAD(slot->state);
    int64_t since_ns = LOAD(slot->since_ns), since_ms = ms_between(since_ns, now_ns);
    bool held = state == HG_SLOT_IN_USE;
    bool open = state != HG_SLOT_OPENING;

    *out = (hg_pool_connection){
        .slot = (int)index,
        .state = state,
        .leaked = held && LOAD(slot->leak_ns) > since_ns,
        .age_ms = open ? ms_between(LOAD(slot->opened_ns), now_ns) : -1,
        .held_ms = held ? since_ms : -1,
        .idle_ms = state == HG_SLOT_IDLE || state == HG_SLOT_CHECKING ? since_ms : -1,
        .backend_pid = open ? within(LOAD(slot->backend_pid), 0, INT32_MAX) : 0,
        .holder_tid = held ? within(LOAD(slot->holder_tid), 0, INT32_MAX) : 0,
        .checkouts = open ? LOAD(slot->checkouts) - LOAD(slot->checkouts_before) : 0,
    };
    if (held)
        copy_text(out->holder, sizeof out->holder, (const char *)slot->holder, sizeof slot->holder);
    if (open)
        copy_text(out->address, sizeof out->address, (const char *)slot->address,
                  sizeof slot->address);
    decode_phases(slot, now_ns, out);
}

/* Adds what a slot has counted. */
static void add_counters(const struct telemetry_slot *slot, hg_pool_snapshot *out,
                         struct telemetry_counters *sum)
{
    double hold_max_ms = (double)LOAD(slot->hold_max_ns) / (double)NS_PER_MS;

    sum->checkouts += LOAD(slot->checkouts);
    sum->held_ns += LOAD(slot->held_ns);
    for (unsigned i = 0; i < TELEMETRY_HOLD_BUCKETS; i++)
        sum->holds[i] += LOAD(slot->holds[i]);
    out->connects += LOAD(slot->connects);
    out->connect_failures += LOAD(slot->connect_failures);
    out->resets_open += LOAD(slot->resets_open);
    out->leaks += LOAD(slot->leaks);
    for (unsigned i = 0; i < HG_CLOSE_REASONS; i++)
        out->closed[i] += LOAD(slot->closes[i]);
    for (unsigned i = HG_CLOSE_HUNG_UP; i <= HG_CLOSE_INVALIDATED; i++)
        out->closed_stale += LOAD(slot->closes[i]);
    if (hold_max_ms > out->hold_max_ms)
        out->hold_max_ms = hold_max_ms;
}

/* Adds one slot to the picture. */
static void decode_slot(const struct telemetry_slot *slot, unsigned index, int64_t now_ns,
                        hg_pool_snapshot *out)
{
    uint32_t state = LOAD(slot->state);

    if (state == HG_SLOT_EMPTY || state > HG_SLOT_CLOSING)
        return;
    out->opening += state == HG_SLOT_OPENING;
    out->idle += state == HG_SLOT_IDLE;
    out->in_use +=
        state == HG_SLOT_IN_USE || state == HG_SLOT_CHECKING || state == HG_SLOT_RESETTING;
    if (out->connection_count < HG_POOL_SLOTS_MAX)
        decode_connection(slot, index, now_ns, &out->connections[out->connection_count++]);
}

static void decode_head(const struct telemetry_head *head, int64_t now_ms, hg_pool_snapshot *out)
{
    uint64_t mode = LOAD(head->mode);

    out->pid = within(head->pid, 0, INT32_MAX);
    out->number = -1;
    copy_text(out->process, sizeof out->process, head->process, sizeof head->process);
    copy_text(out->name, sizeof out->name, head->name, sizeof head->name);
    copy_text(out->role, sizeof out->role, head->role, sizeof head->role);
    copy_text(out->database, sizeof out->database, head->database, sizeof head->database);
    copy_text(out->last_error, sizeof out->last_error, (const char *)head->error,
              sizeof head->error);
    copy_text(out->last_sqlstate, sizeof out->last_sqlstate, (const char *)&head->error_sqlstate,
              sizeof head->error_sqlstate);
    out->last_error_ms = within(LOAD(head->error_ms), 0, now_ms);
    out->started_ms = within(head->started_ms, 0, now_ms);
    out->mode = mode <= HG_MODE_DRAINING ? (hg_pool_mode)mode : HG_MODE_OPEN;
    out->size = (int)within(LOAD(head->size), 0, HG_POOL_SLOTS_MAX);
    out->max_overflow = (int)within(LOAD(head->max_overflow), -1, HG_POOL_SLOTS_MAX);
    out->waiting = (int)within(LOAD(head->waiting), 0, INT32_MAX);
    out->timeouts = LOAD(head->timeouts);
    out->timeouts_paused = LOAD(head->timeouts_paused);
    out->hold_tick_ms = (double)within(head->tick_ns, 0, 1000 * NS_PER_MS) / (double)NS_PER_MS;
}

/* --- events --- */

/* Event number n lies at n, round and round; one that is just being written is left out. */
static bool decode_event(const struct telemetry_event *event, int64_t now_ms, hg_pool_event *out)
{
    uint64_t times = LOAD(event->times);
    int64_t at_ms = within(LOAD(event->at_ms), 0, now_ms);

    if (LOAD(event->begun) == 0 || LOAD(event->begun) != LOAD(event->done)
        || LOAD(event->kind) >= HG_POOL_EVENT_KINDS)
        return false;
    *out = (hg_pool_event){
        .at_ms = at_ms,
        .first_ms = within(LOAD(event->first_ms), 0, at_ms),
        .kind = (hg_pool_event_kind)LOAD(event->kind),
        .times = times < UINT32_MAX ? (uint32_t)times : UINT32_MAX,
        .slot = (int)within(LOAD(event->slot), -1, HG_POOL_SLOTS_MAX - 1),
        .backend_pid = within(LOAD(event->backend_pid), 0, INT32_MAX),
    };
    copy_text(out->detail, sizeof out->detail, (const char *)event->detail, sizeof event->detail);
    return true;
}

/* They are nearly in order: only what happened again has moved. */
static void sort_events(hg_pool_event *events, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        hg_pool_event moved = events[i];
        size_t at = i;

        for (; at > 0 && events[at - 1].at_ms > moved.at_ms; at--)
            events[at] = events[at - 1];
        events[at] = moved;
    }
}

static void decode_events(const struct telemetry_copy *copy, int64_t now_ms, hg_pool_snapshot *out)
{
    const struct telemetry_table *table = &copy->head.events;
    uint64_t latest = 0;

    for (unsigned i = 0; i < table->count; i++) {
        struct telemetry_event event;

        record_at(copy, table, i, &event, sizeof event);
        if (LOAD(event.done) > latest)
            latest = LOAD(event.done);
    }
    for (unsigned back = table->count; back-- > 0;) {
        struct telemetry_event event;

        if (latest <= back)
            continue;
        record_at(copy, table, (unsigned)((latest - back) % table->count), &event, sizeof event);
        if (LOAD(event.done) == latest - back && out->event_count < HG_POOL_EVENTS_MAX
            && decode_event(&event, now_ms, &out->events[out->event_count]))
            out->event_count++;
    }
    sort_events(out->events, out->event_count);
}

/* --- what time has brought --- */

/* The newest mark that is at least so old; false: there is none. */
static bool find_mark(const struct telemetry_copy *copy, int64_t until_ns,
                      struct telemetry_mark *out)
{
    int64_t best_ns = 0;

    for (unsigned i = 0; i < copy->head.marks.count; i++) {
        struct telemetry_mark mark;
        int64_t at_ns;

        record_at(copy, &copy->head.marks, i, &mark, sizeof mark);
        at_ns = LOAD(mark.at_ns);
        if (at_ns <= best_ns || at_ns > until_ns || LOAD(mark.begun) != LOAD(mark.done))
            continue;
        best_ns = at_ns;
        *out = mark;
    }
    return best_ns > 0;
}

/* What happened in the last so many milliseconds, or since the pool began. */
static void decode_window(const struct telemetry_copy *copy, const struct telemetry_counters *now,
                          int64_t span_ms, hg_pool_window *out)
{
    struct telemetry_mark then;
    struct telemetry_counters stretch;
    int64_t began_ns = within(copy->head.started_ns, 0, now->at_ns);

    if (find_mark(copy, now->at_ns - span_ms * NS_PER_MS, &then)) {
        telemetry_since(now, &then, &stretch);
        telemetry_window(&stretch, now->at_ns - LOAD(then.at_ns), out);
    } else {
        telemetry_window(now, now->at_ns - began_ns, out);
    }
}

static void decode_use(const struct telemetry_counters *now, hg_pool_use *out)
{
    out->checkouts = now->checkouts;
    out->hold_mean_ms =
        now->checkouts == 0 ? 0 : (double)now->held_ns / (double)now->checkouts / (double)NS_PER_MS;
    for (unsigned i = 0; i < TELEMETRY_WAIT_BUCKETS; i++)
        out->waited += now->waits[i];
    for (unsigned i = 0; i < TELEMETRY_LEVELS; i++)
        out->level_ms[i] = now->use_ms[i];
}

/* The counters of the whole pool, from its head and, already in `sum`, from its slots. */
static void decode_history(const struct telemetry_copy *copy, struct telemetry_counters *sum,
                           hg_pool_snapshot *out)
{
    hg_pool_window life;

    sum->timeouts = out->timeouts;
    for (unsigned i = 0; i < TELEMETRY_WAIT_BUCKETS; i++)
        sum->waits[i] = LOAD(copy->head.waits[i]);
    for (unsigned i = 0; i < TELEMETRY_LEVELS; i++)
        sum->use_ms[i] = LOAD(copy->head.use[i]);
    telemetry_window(sum, 0, &life);
    out->wait_p50_ms = life.wait_p50_ms;
    out->wait_p99_ms = life.wait_p99_ms;
    decode_window(copy, sum, MINUTE_MS, &out->minute);
    decode_window(copy, sum, 15 * MINUTE_MS, &out->quarter);
    decode_use(sum, &out->use);
    telemetry_waits(sum, &out->waits);
    telemetry_holds(sum, &out->holds);
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

/* How long one who comes now is likely to wait: until as many connections have come back as stand
 * before. */
static double expected_wait(const hg_pool_snapshot *pool)
{
    const hg_pool_window *recent = pool->minute.checkouts > 0 ? &pool->minute : &pool->quarter;
    int open = (int)pool->connection_count - pool->opening;

    if (pool->waiting == 0
        && (pool->idle > 0 || pool->max_overflow < 0 || open < pool->size + pool->max_overflow))
        return 0;
    if (recent->checkouts == 0 || open <= 0)
        return -1;
    return (pool->waiting + 1.0) * recent->hold_mean_ms / open;
}

/* What follows from head and slots together. */
static void conclude(const struct telemetry_head *head, int64_t now_ns, hg_pool_snapshot *out)
{
    int64_t max_ns = LOAD(head->wait_max_ns), retry_ns = LOAD(head->retry_ns);
    int open = (int)out->connection_count - out->opening;

    out->overflow = out->size > 0 && open > out->size ? open - out->size : 0;
    mark_overflow(out);
    out->wait_max_ms = max_ns > 0 ? (double)max_ns / (double)NS_PER_MS : 0;
    out->oldest_waiting_ms =
        out->waiting > 0 ? ms_between(LOAD(head->oldest_waiter_ns), now_ns) : -1;
    out->next_connect_ms = retry_ns > 0 ? ms_between(now_ns, retry_ns) : -1;
    out->expected_wait_ms = expected_wait(out);
}

/* now_ms: the Unix time of now_ns. */
static void decode_outages(const struct telemetry_head *head, int64_t now_ns, int64_t now_ms,
                           hg_pool_snapshot *out)
{
    int64_t down_ns = LOAD(head->down_ns), down_ms = ms_between(down_ns, now_ns);

    out->outages = LOAD(head->outages);
    out->down_since_ms = down_ns > 0 ? within(now_ms - down_ms, 1, now_ms) : 0;
    out->down_ms = down_ms + within(LOAD(head->down_before_ns), 0, INT64_MAX / 2) / NS_PER_MS;
}

bool telemetry_settled(const struct telemetry_head *copy)
{
    return LOAD(copy->error_done) == LOAD(copy->error_begun);
}

static bool fits(const struct telemetry_table *table, size_t record, unsigned most, size_t size)
{
    return table->stride >= record && table->stride % sizeof(uint64_t) == 0
           && table->offset % sizeof(uint64_t) == 0 && table->count <= most && table->offset <= size
           && table->count <= (size - table->offset) / table->stride;
}

bool telemetry_understand(const char *bytes, size_t size, struct telemetry_copy *out)
{
    struct telemetry_head *head = &out->head;

    if (size < sizeof *head)
        return false;
    out->bytes = bytes;
    out->size = size;
    telemetry_copy_words(head, bytes, sizeof *head);
    return memcmp(head->magic, TELEMETRY_MAGIC, sizeof head->magic) == 0
           && head->endian == TELEMETRY_ENDIAN && head->version == TELEMETRY_VERSION
           && head->head_size >= sizeof *head && head->head_size <= size
           && fits(&head->slots, sizeof(struct telemetry_slot), HG_POOL_SLOTS_MAX, size)
           && fits(&head->events, sizeof(struct telemetry_event), HG_POOL_EVENTS_MAX, size)
           && fits(&head->marks, sizeof(struct telemetry_mark), MARKS_MOST, size);
}

/* The last thing that is known to have happened, on CLOCK_MONOTONIC; 0: nothing. */
static int64_t last_sign_ns(const struct telemetry_copy *copy, int64_t now_ns)
{
    int64_t last_ns = within(LOAD(copy->head.beat_ns), 0, now_ns);

    for (unsigned i = 0; i < copy->head.slots.count; i++) {
        struct telemetry_slot slot;
        int64_t since_ns;

        record_at(copy, &copy->head.slots, i, &slot, sizeof slot);
        since_ns = LOAD(slot.since_ns);
        if (since_ns > last_ns && since_ns <= now_ns)
            last_ns = since_ns;
    }
    return last_ns;
}

/* How long the sign of life is overdue; -1: it is not, there never was one, or the pool is at its
 * end, which its housekeeper does not wait for. */
static int64_t silence_ms(const struct telemetry_head *head, int64_t now_ns)
{
    int64_t beat_ns = LOAD(head->beat_ns);
    int64_t ms = ms_between(beat_ns, now_ns);

    if (LOAD(head->mode) == HG_MODE_DRAINING)
        return -1;
    return beat_ns > 0 && ms >= silent_after_ms ? ms : -1;
}

void telemetry_decode(const struct telemetry_copy *copy, bool alive, int64_t now_ns, int64_t now_ms,
                      hg_pool_snapshot *out)
{
    int64_t seen_ns = alive ? now_ns : last_sign_ns(copy, now_ns);
    struct telemetry_counters sum = {.at_ns = seen_ns};

    memset(out, 0, sizeof *out);
    decode_head(&copy->head, now_ms, out);
    for (unsigned i = 0; i < copy->head.slots.count; i++) {
        struct telemetry_slot slot;

        record_at(copy, &copy->head.slots, i, &slot, sizeof slot);
        add_counters(&slot, out, &sum);
        decode_slot(&slot, i, seen_ns, out);
    }
    out->checkouts = sum.checkouts;
    out->silent_ms = alive ? silence_ms(&copy->head, now_ns) : -1;
    if (out->silent_ms >= 0) /* the last minute of a process that was stopped is its own */
        sum.at_ns = now_ns - out->silent_ms * NS_PER_MS;
    decode_history(copy, &sum, out);
    decode_events(copy, now_ms, out);
    conclude(&copy->head, seen_ns, out);
    out->alive = alive;
    out->seen_ms = now_ms - (now_ns - seen_ns) / NS_PER_MS;
    if (out->seen_ms < out->started_ms) /* by a tick: stamps of use are coarse */
        out->seen_ms = out->started_ms;
    decode_outages(&copy->head, seen_ns, out->seen_ms, out);
}

void telemetry_snapshot(const struct telemetry *t, hg_pool_snapshot *out)
{
    struct telemetry_copy copy;

    memset(out, 0, sizeof *out);
    if (t->head == NULL)
        return;
    for (int i = 0; i == 0 || (i < TEXT_TRIES && !telemetry_settled(&copy.head)); i++)
        telemetry_understand((const char *)t->head, t->bytes, &copy);
    telemetry_decode(&copy, true, clock_now_ns(), clock_wall_ms(), out);
}
