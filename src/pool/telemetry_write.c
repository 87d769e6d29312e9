/*
 * telemetry_write.c - what a pool notes in its page while it works. Must not wait for a reader.
 */
#include "telemetry.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/text.h"

enum { TEXT_ROOM = TELEMETRY_ERROR_WORDS * 8, LOOK_BACK = TELEMETRY_EVENTS / 2 };

#define LOAD(field)         atomic_load_explicit(&(field), memory_order_relaxed)
#define STORE(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

/* Whoever sees one of the words sees what was stored before it. */
static void store_text(_Atomic uint64_t *words, size_t n, const char *text)
{
    char bytes[TEXT_ROOM] = "";
    uint64_t word;

    assert(n * 8 <= sizeof bytes);
    text_copy(bytes, n * 8, text);
    for (size_t i = 0; i < n; i++) {
        memcpy(&word, bytes + i * 8, sizeof word);
        atomic_store_explicit(&words[i], word, memory_order_release);
    }
}

void telemetry_set_holder(struct telemetry_slot *slot, const char *tag)
{
    store_text(slot->holder, HG_TAG_MAX / 8, tag == NULL ? "" : tag);
}

/* "10.0.0.7:5432", "[fd00::7]:5432", "local"; "" when it is no socket. */
static void name_peer(int fd, char *out, size_t size)
{
    struct sockaddr_storage peer = {0};
    const struct sockaddr_in *v4 = (const void *)&peer;
    const struct sockaddr_in6 *v6 = (const void *)&peer;
    socklen_t length = sizeof peer;
    char host[INET6_ADDRSTRLEN] = "";

    out[0] = '\0';
    if (fd < 0 || getpeername(fd, (struct sockaddr *)&peer, &length) != 0)
        return;
    if (peer.ss_family == AF_UNIX)
        text_copy(out, size, "local");
    else if (peer.ss_family == AF_INET && inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host))
        snprintf(out, size, "%s:%u", host, ntohs(v4->sin_port));
    else if (peer.ss_family == AF_INET6 && inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host))
        snprintf(out, size, "[%s]:%u", host, ntohs(v6->sin6_port));
}

void telemetry_set_address(struct telemetry_slot *slot, int fd)
{
    char address[TELEMETRY_ADDRESS_WORDS * 8];

    name_peer(fd, address, sizeof address);
    store_text(slot->address, TELEMETRY_ADDRESS_WORDS, address);
}

void telemetry_set_error(struct telemetry_head *head, const hg_error *error)
{
    uint64_t count = LOAD(head->error_begun) + 1;

    STORE(head->error_begun, count);
    atomic_store_explicit(&head->error_ms, clock_wall_ms(), memory_order_release);
    store_text(&head->error_sqlstate, 1, error->sqlstate);
    store_text(head->error, TELEMETRY_ERROR_WORDS, error->message);
    atomic_store_explicit(&head->error_done, count, memory_order_release);
}

void telemetry_begin_connect(struct telemetry_slot *slot, int64_t now_ns)
{
    for (unsigned i = 0; i < TELEMETRY_PHASES; i++)
        STORE(slot->phase_us[i], 0);
    STORE(slot->phase, HG_CONNECT_SETUP);
    STORE(slot->phase_ns, now_ns);
}

/* An address after another is tried in the same phases: their times add up. */
void telemetry_enter_phase(struct telemetry_slot *slot, hg_connect_phase phase, int64_t now_ns)
{
    _Atomic uint32_t *spent_us = &slot->phase_us[LOAD(slot->phase)];

    STORE(*spent_us, LOAD(*spent_us) + (uint32_t)((now_ns - LOAD(slot->phase_ns)) / 1000));
    STORE(slot->phase, phase);
    STORE(slot->phase_ns, now_ns);
}

unsigned telemetry_bucket(uint64_t units, unsigned buckets)
{
    uint64_t n = units == 0 ? 1 : units > UINT64_MAX / 4 ? UINT64_MAX / 4 : units;
    unsigned octave = 63 - (unsigned)__builtin_clzll(n);
    unsigned quarter = (unsigned)((n * 4) >> octave) & 3;
    unsigned bucket = octave * 4 + quarter;

    return bucket < buckets ? bucket : buckets - 1;
}

double telemetry_bucket_middle(unsigned bucket)
{
    double octave = (double)(UINT64_C(1) << (bucket / 4));

    return octave * (1.0 + (bucket % 4) / 4.0 + 0.125);
}

static uint64_t units_of(int64_t ns, int64_t unit_ns)
{
    return ns < unit_ns ? 1 : (uint64_t)(ns / unit_ns);
}

static void raise_to(_Atomic int64_t *most, int64_t value)
{
    if (value > LOAD(*most))
        STORE(*most, value);
}

void telemetry_note_wait(struct telemetry_head *head, int64_t wait_ns)
{
    unsigned bucket = telemetry_bucket(units_of(wait_ns, 1000), TELEMETRY_WAIT_BUCKETS);

    telemetry_count(&head->waits[bucket]);
    raise_to(&head->wait_max_ns, wait_ns);
}

void telemetry_note_hold(struct telemetry_slot *slot, int64_t held_ns)
{
    unsigned bucket = telemetry_bucket(units_of(held_ns, 1000000), TELEMETRY_HOLD_BUCKETS);

    STORE(slot->holds[bucket], LOAD(slot->holds[bucket]) + 1);
    raise_to(&slot->hold_max_ns, held_ns);
}

/* Whether the event says the same, wherever it happened. */
static bool says(const struct telemetry_event *event, hg_pool_event_kind kind, const char *detail)
{
    char wanted[TELEMETRY_DETAIL_WORDS * 8] = "", is[sizeof wanted];

    if (LOAD(event->kind) != (uint32_t)kind)
        return false;
    text_copy(wanted, sizeof wanted, detail);
    for (size_t i = 0; i < TELEMETRY_DETAIL_WORDS; i++) {
        uint64_t word = LOAD(event->detail[i]);

        memcpy(is + i * 8, &word, sizeof word);
    }
    return memcmp(is, wanted, sizeof is) == 0;
}

static struct telemetry_event *place_of(struct telemetry *t, uint64_t number)
{
    return &t->events[number % TELEMETRY_EVENTS];
}

/* The same among the last few; NULL: it is news. */
static struct telemetry_event *find_event(struct telemetry *t, hg_pool_event_kind kind,
                                          const char *detail)
{
    for (uint64_t back = 0; back < LOOK_BACK && back < t->event_count; back++) {
        struct telemetry_event *event = place_of(t, t->event_count - back);

        if (says(event, kind, detail))
            return event;
    }
    return NULL;
}

static void put_event(struct telemetry_event *event, uint64_t number, hg_pool_event_kind kind,
                      const char *detail)
{
    STORE(event->begun, number);
    atomic_store_explicit(&event->first_ms, clock_wall_ms(), memory_order_release);
    atomic_store_explicit(&event->kind, (uint32_t)kind, memory_order_release);
    atomic_store_explicit(&event->times, 0, memory_order_release);
    store_text(event->detail, TELEMETRY_DETAIL_WORDS, detail);
    atomic_store_explicit(&event->done, number, memory_order_release);
}

void telemetry_note_event(struct telemetry *t, hg_pool_event_kind kind, int slot,
                          const char *detail)
{
    struct telemetry_event *event;

    pthread_mutex_lock(&t->event_lock);
    event = find_event(t, kind, detail);
    if (event == NULL) {
        event = place_of(t, ++t->event_count);
        put_event(event, t->event_count, kind, detail);
    }
    telemetry_count(&event->times);
    STORE(event->at_ms, clock_wall_ms());
    STORE(event->slot, slot);
    STORE(event->backend_pid, slot < 0 ? 0 : LOAD(t->slots[slot].backend_pid));
    pthread_mutex_unlock(&t->event_lock);
}
