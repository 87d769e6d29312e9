/*
 * telemetry.c - a pool's page: made, written, read.
 */
#include "telemetry.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define NS_PER_MS INT64_C(1000000)

/* The layout is a contract with programs of other versions. */
_Static_assert(offsetof(struct telemetry_slot, holder) == 32, "layout");
_Static_assert(offsetof(struct telemetry_slot, opened_ns) == 64, "layout");
_Static_assert(offsetof(struct telemetry_slot, closes) == 128, "layout");
_Static_assert(sizeof(struct telemetry_slot) == 192, "layout");
_Static_assert(offsetof(struct telemetry_head, pid) == 32, "layout");
_Static_assert(offsetof(struct telemetry_head, process) == 104, "layout");
_Static_assert(offsetof(struct telemetry_head, size) == 328, "layout");
_Static_assert(offsetof(struct telemetry_head, waits) == 368, "layout");
_Static_assert(sizeof(struct telemetry_head) % 64 == 0, "slots begin on a cache line");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
               "an atomic that hides a lock cannot be shared between processes");

static void identify(struct telemetry_head *head, const struct telemetry_identity *who,
                     unsigned slot_count)
{
    memcpy(head->magic, TELEMETRY_MAGIC, sizeof head->magic);
    head->endian = TELEMETRY_ENDIAN;
    head->version = TELEMETRY_VERSION;
    head->head_size = sizeof *head;
    head->slot_size = sizeof(struct telemetry_slot);
    head->slot_count = slot_count;
    head->pid = getpid();
    head->started_ms = clock_wall_ms();
    head->wall_ns_at_zero = clock_wall_ms() * NS_PER_MS - clock_now_ns();
    text_copy(head->process, sizeof head->process, program_invocation_short_name);
    text_copy(head->name, sizeof head->name, who->name);
    text_copy(head->role, sizeof head->role, who->role);
    text_copy(head->database, sizeof head->database, who->database);
    atomic_init(&head->size, who->size);
    atomic_init(&head->max_overflow, who->max_overflow);
}

bool telemetry_open(struct telemetry *t, const struct telemetry_identity *who, unsigned slot_count)
{
    size_t bytes = sizeof(struct telemetry_head) + slot_count * sizeof(struct telemetry_slot);
    void *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return false;
    t->head = page;
    t->slots = (struct telemetry_slot *)(t->head + 1);
    t->bytes = bytes;
    identify(t->head, who, slot_count);
    return true;
}

void telemetry_close(struct telemetry *t)
{
    if (t->head != NULL)
        munmap(t->head, t->bytes);
    *t = (struct telemetry){NULL, NULL, 0};
}

/* Whoever sees one of the words sees what was stored before it. */
static void store_text(_Atomic uint64_t *words, size_t n, const char *text)
{
    char bytes[TELEMETRY_ERROR_WORDS * 8] = "";
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

void telemetry_set_error(struct telemetry_head *head, const char *text)
{
    uint64_t sequence = atomic_load_explicit(&head->error_sequence, memory_order_relaxed);

    atomic_store_explicit(&head->error_sequence, sequence + 1, memory_order_relaxed);
    atomic_store_explicit(&head->error_ms, clock_wall_ms(), memory_order_release);
    store_text(head->error, TELEMETRY_ERROR_WORDS, text);
    atomic_store_explicit(&head->error_sequence, sequence + 2, memory_order_release);
}

unsigned telemetry_wait_bucket(int64_t wait_ns)
{
    uint64_t us = wait_ns < 1000 ? 1 : (uint64_t)wait_ns / 1000;
    unsigned octave = 63 - (unsigned)__builtin_clzll(us);
    unsigned quarter = (unsigned)((us * 4) >> octave) & 3;
    unsigned bucket = octave * 4 + quarter;

    return bucket < TELEMETRY_WAIT_BUCKETS ? bucket : TELEMETRY_WAIT_BUCKETS - 1;
}

double telemetry_bucket_ms(unsigned bucket)
{
    double octave = (double)(UINT64_C(1) << (bucket / 4));

    return octave * (1.0 + (bucket % 4) / 4.0 + 0.125) / 1000.0;
}

void telemetry_note_wait(struct telemetry_head *head, int64_t wait_ns)
{
    telemetry_count(&head->waits[telemetry_wait_bucket(wait_ns)]);
    if (wait_ns > atomic_load_explicit(&head->wait_max_ns, memory_order_relaxed))
        atomic_store_explicit(&head->wait_max_ns, wait_ns, memory_order_relaxed);
}
