/*
 * telemetry.h - what a pool publishes about itself: the layout of a page of shared memory, written
 * by the pool's owner alone and read by others without trust.
 *
 * The slots of a pool live in this page: taking a connection is the compare-and-swap on its slot's
 * state, so what others see is the state itself and not a copy. Every number has one writer at a
 * time (the thread that owns the slot, or the one that holds the pool's lock) and is stored
 * relaxed; nobody ever waits for a reader. A text that changes stands between two counts.
 */
#ifndef POOL_TELEMETRY_H
#define POOL_TELEMETRY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <headgate/pool.h>

#define TELEMETRY_MAGIC   "HGPOOL\r\n"
#define TELEMETRY_ENDIAN  UINT32_C(0x01020304)
#define TELEMETRY_VERSION 1
#define TELEMETRY_PREFIX  "pool-" /* of the files: pool-PID-N */

enum { TELEMETRY_WAIT_BUCKETS = 128, TELEMETRY_ERROR_WORDS = 20 };

/* Why a connection left the pool. */
enum telemetry_close {
    CLOSE_RECYCLE,     /* by age */
    CLOSE_IDLE,        /* nobody had wanted it for long */
    CLOSE_SURPLUS,     /* one more than size, and nobody waits */
    CLOSE_HUNG_UP,     /* the server closed it while it was idle, and the housekeeper heard */
    CLOSE_DEAD,        /* a look before use found its socket closed */
    CLOSE_NO_ANSWER,   /* it did not answer a ping */
    CLOSE_LOST,        /* in use */
    CLOSE_INVALIDATED, /* older than an invalidation, or than a disconnect of another one */
    CLOSE_RESET,       /* it could not be reset */
    CLOSE_DISCARD,     /* by its user */
    CLOSE_EVICT,       /* by an operator */
    CLOSE_DETACH,      /* its user keeps it */
    CLOSE_POOL,        /* with the pool */
    CLOSE_REASONS = 16 /* as the layout has it; the rest is for later versions */
};

/* One connection's place. Whoever owns a state other than EMPTY and IDLE writes the rest. */
struct telemetry_slot {
    _Atomic uint32_t state;     /* enum hg_slot_state */
    _Atomic int32_t holder_tid; /* whoever holds it, or held it last */
    _Atomic int64_t since_ns;   /* CLOCK_MONOTONIC: when it was taken or given back */
    _Atomic uint64_t checkouts;
    _Atomic uint64_t held_ns;
    _Atomic uint64_t holder[HG_TAG_MAX / 8];

    _Atomic int64_t opened_ns;
    _Atomic int64_t backend_pid;
    _Atomic uint64_t checkouts_before; /* of the connections that were here before this one */
    _Atomic uint64_t connects;
    _Atomic uint64_t connect_failures;
    _Atomic uint64_t resets_open; /* came back with a transaction open */
    uint64_t reserved[2];

    _Atomic uint64_t closes[CLOSE_REASONS];
};

/* What is known of the whole pool. */
struct telemetry_head {
    char magic[8];
    uint32_t endian;
    uint32_t version;
    uint32_t head_size;
    uint32_t slot_size;
    _Atomic uint32_t slot_count; /* may grow */
    uint32_t reserved;
    /* Who publishes. Written before anybody can open the page. */
    int64_t pid;
    int64_t process_start;  /* field 22 of /proc/PID/stat: pids are used again */
    uint64_t pid_namespace; /* inode of /proc/PID/ns/pid: where the pid means something */
    char boot_id[40];
    int64_t started_ms;      /* Unix time */
    int64_t wall_ns_at_zero; /* Unix time in ns when CLOCK_MONOTONIC was 0 */
    char process[32];
    char name[32];
    char role[32];
    char database[128];
    /* Written under the pool's lock. */
    _Atomic int32_t size;
    _Atomic int32_t max_overflow;
    _Atomic int64_t waiting;
    _Atomic int64_t oldest_waiter_ns; /* CLOCK_MONOTONIC, 0: nobody waits */
    _Atomic uint64_t timeouts;
    _Atomic int64_t wait_max_ns;
    _Atomic uint64_t waits[TELEMETRY_WAIT_BUCKETS]; /* of checkouts that had to wait, see below */
    /* The text is whole when the two counts are equal; read in this order, written in the other. */
    _Atomic uint64_t error_done;
    _Atomic int64_t error_ms; /* Unix time, 0: none */
    _Atomic uint64_t error[TELEMETRY_ERROR_WORDS];
    _Atomic uint64_t error_begun;
    _Atomic int64_t found_dead_ms; /* Unix time; written by the first reader that finds out */
    uint64_t reserved_too;
};

/* A pool's page. */
struct telemetry {
    struct telemetry_head *head;
    struct telemetry_slot *slots;
    size_t bytes;  /* mapped: as many as the most slots need, of which the file has those in use */
    int fd;        /* of the file, locked as long as it is open; -1: nobody else sees the page */
    int folder;    /* that it lies in; -1: none */
    char name[40]; /* its name there */
};

/* What a page says once and for all. Texts are cut to fit. */
struct telemetry_identity {
    const char *name, *role, *database;
    int size, max_overflow;
};

/*
 * Makes a page for so many slots: as a file in runtime_dir, or, when that is "" or cannot be, in
 * memory of our own, which is logged but is no failure. The file is there only whole and locked.
 * The folder is made, 0700, when missing; it must be ours, closed to other writers, and in memory:
 * a page on a disk would make a checkout wait for writing back. false: no memory.
 */
bool telemetry_open(struct telemetry *t, const char *runtime_dir,
                    const struct telemetry_identity *who, unsigned slot_count);

/* Makes room for more slots, all empty; those that are there stay where they are. false: there is
 * none, and nothing has changed. One thread at a time. */
bool telemetry_grow(struct telemetry *t, unsigned slot_count);

/* Removes file and page; a zeroed one is fine. */
void telemetry_close(struct telemetry *t);

/* In a forked child: lets go of the parent's page and leaves its file alone. */
void telemetry_abandon(struct telemetry *t);

/* When a process of this pid namespace began, as its /proc/PID/stat says; 0: there is none. */
int64_t telemetry_process_start(int64_t pid);

/* This process's pid namespace; 0: unknown. */
uint64_t telemetry_pid_namespace(void);

/* A text of changing content: stored and read by words, without tearing any of them. */
void telemetry_set_holder(struct telemetry_slot *slot, const char *tag);
void telemetry_set_error(struct telemetry_head *head, const char *text); /* one writer at a time */

/* Counts one that only its owner writes. */
static inline void telemetry_count(_Atomic uint64_t *counter)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* Notes that a caller had to wait so long. One writer at a time. */
void telemetry_note_wait(struct telemetry_head *head, int64_t wait_ns);

/* (pure) The bucket of a wait: four a doubling, from one microsecond; and the middle of a bucket.
 */
unsigned telemetry_wait_bucket(int64_t wait_ns);
double telemetry_bucket_ms(unsigned bucket);

/* The bytes of a page, taken from wherever it was, with its head for closer looks. */
struct telemetry_copy {
    const char *bytes; /* borrowed */
    size_t size;
    struct telemetry_head head;
};

/* (pure) Whether the bytes are a page of a layout that we know, with all that it promises. */
bool telemetry_understand(const char *bytes, size_t size, struct telemetry_copy *out);

/* (pure) Whether nobody was writing the text of a page while it was copied. */
bool telemetry_settled(const struct telemetry_head *copy);

/* (pure) What the page says, as of now or, when its process is dead, as of its last sign of life.
 */
void telemetry_decode(const struct telemetry_copy *copy, bool alive, int64_t now_ns, int64_t now_ms,
                      hg_pool_snapshot *out);

/* Reads a page of this process into a snapshot; without a page all of it is 0. */
void telemetry_snapshot(const struct telemetry *t, hg_pool_snapshot *out);

#endif
