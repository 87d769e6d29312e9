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

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <headgate/pool.h>

#define TELEMETRY_MAGIC   "HGPOOL\r\n"
#define TELEMETRY_ENDIAN  UINT32_C(0x01020304)
#define TELEMETRY_VERSION 3
#define TELEMETRY_PREFIX  "pool-" /* of the files: pool-PID-N */

enum {
    TELEMETRY_WAIT_BUCKETS = 128, /* four a doubling, from one microsecond to over an hour */
    TELEMETRY_HOLD_BUCKETS = 64,  /* four a doubling, from one millisecond to over a minute */
    TELEMETRY_LEVELS = HG_POOL_LEVELS,
    TELEMETRY_ERROR_WORDS = 20,
    TELEMETRY_DETAIL_WORDS = 9,
    TELEMETRY_ADDRESS_WORDS = 6,
    TELEMETRY_PHASES = 8,
    TELEMETRY_CLOSE_REASONS = 16, /* as the layout has it; what hg_close does not name is for later
                                     versions */
    TELEMETRY_EVENTS = HG_POOL_EVENTS_MAX,
    TELEMETRY_MARKS_SHORT = 5, /* every 15 seconds, */
    TELEMETRY_MARKS_LONG = 6,  /* every three minutes */
    TELEMETRY_MARKS = TELEMETRY_MARKS_SHORT + TELEMETRY_MARKS_LONG
};

/* Why a connection left the pool: hg_close, as this room says it. */
enum telemetry_close {
    CLOSE_RECYCLE = HG_CLOSE_RECYCLE,
    CLOSE_IDLE = HG_CLOSE_IDLE,
    CLOSE_SURPLUS = HG_CLOSE_SURPLUS,
    CLOSE_HUNG_UP = HG_CLOSE_HUNG_UP,
    CLOSE_DEAD = HG_CLOSE_DEAD,
    CLOSE_NO_ANSWER = HG_CLOSE_NO_ANSWER,
    CLOSE_LOST = HG_CLOSE_LOST,
    CLOSE_INVALIDATED = HG_CLOSE_INVALIDATED,
    CLOSE_RESET = HG_CLOSE_RESET,
    CLOSE_DISCARD = HG_CLOSE_DISCARD,
    CLOSE_EVICT = HG_CLOSE_EVICT,
    CLOSE_DETACH = HG_CLOSE_DETACH,
    CLOSE_POOL = HG_CLOSE_POOL
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
    _Atomic int64_t leak_ns;      /* when the hold was reported; of one that began before */
    _Atomic uint64_t leaks;

    _Atomic uint64_t closes[TELEMETRY_CLOSE_REASONS];

    _Atomic uint64_t address[TELEMETRY_ADDRESS_WORDS];
    _Atomic int64_t hold_max_ns;
    uint64_t reserved;

    _Atomic uint32_t phase_us[TELEMETRY_PHASES]; /* of the last connect */
    _Atomic int64_t phase_ns;                    /* CLOCK_MONOTONIC: when the present one began */
    _Atomic uint32_t phase;                      /* enum hg_connect_phase */
    uint32_t reserved_too[5];

    _Atomic uint32_t holds[TELEMETRY_HOLD_BUCKETS]; /* that lasted a tick of the coarse clock */
};

/* Something that happened. Whole when both counts are the number that its place calls for. */
struct telemetry_event {
    _Atomic uint64_t begun; /* its number, from 1 */
    _Atomic int64_t at_ms;  /* Unix time; of the last one, when it happened several times */
    _Atomic int64_t first_ms;
    _Atomic int64_t backend_pid;
    _Atomic uint32_t kind; /* enum hg_pool_event_kind */
    _Atomic int32_t slot;  /* -1: of the whole pool */
    _Atomic uint64_t times;
    _Atomic uint64_t detail[TELEMETRY_DETAIL_WORDS];
    _Atomic uint64_t done;
};

/*
 * How far the counters had come at a moment: what happened since is the difference. Written by the
 * housekeeper, whole when both counts are equal, so that nobody else ever has to turn over a page
 * of history.
 */
struct telemetry_mark {
    _Atomic uint64_t begun;
    _Atomic int64_t at_ns; /* CLOCK_MONOTONIC; 0: never written */
    _Atomic uint64_t checkouts;
    _Atomic uint64_t timeouts;
    _Atomic uint64_t held_ns;
    uint64_t reserved[2];
    _Atomic uint32_t waits[TELEMETRY_WAIT_BUCKETS];
    _Atomic uint32_t holds[TELEMETRY_HOLD_BUCKETS];
    _Atomic uint32_t use[TELEMETRY_LEVELS];
    _Atomic uint64_t done;
};

/* Where records of one kind lie in the page. */
struct telemetry_table {
    uint32_t offset, stride;
    _Atomic uint32_t count; /* of slots there may come more; they stand last */
    uint32_t reserved;
};

/* What is known of the whole pool. */
struct telemetry_head {
    char magic[8];
    uint32_t endian;
    uint32_t version;
    uint32_t head_size;
    uint32_t reserved;
    struct telemetry_table slots, events, marks;
    /* Who publishes. Written before anybody can open the page. */
    int64_t pid;
    int64_t process_start;  /* field 22 of /proc/PID/stat: pids are used again */
    uint64_t pid_namespace; /* inode of /proc/PID/ns/pid: where the pid means something */
    char boot_id[40];
    int64_t started_ms;      /* Unix time */
    int64_t started_ns;      /* CLOCK_MONOTONIC */
    int64_t wall_ns_at_zero; /* Unix time in ns when CLOCK_MONOTONIC was 0 */
    int64_t tick_ns;         /* of the clock that holds are measured with */
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
    _Atomic int64_t retry_ns; /* CLOCK_MONOTONIC: no connect begins before; 0: none has failed */
    _Atomic uint64_t mode;    /* enum hg_pool_mode */
    _Atomic uint64_t waits[TELEMETRY_WAIT_BUCKETS]; /* of checkouts that had to wait, see below */
    /* The text is whole when the two counts are equal; read in this order, written in the other. */
    _Atomic uint64_t error_done;
    _Atomic int64_t error_ms; /* Unix time, 0: none */
    _Atomic uint64_t error_sqlstate;
    _Atomic uint64_t error[TELEMETRY_ERROR_WORDS];
    _Atomic uint64_t error_begun;
    /* Written by the housekeeper. */
    _Atomic int64_t beat_ns; /* CLOCK_MONOTONIC, about once a second; 0: there is none */
    _Atomic uint64_t use[TELEMETRY_LEVELS];
    /* Written by the first reader that finds out. */
    _Atomic int64_t found_dead_ms; /* Unix time */
    _Atomic uint64_t timeouts_paused;
    /* Written under the pool's lock. */
    _Atomic int64_t down_ns; /* CLOCK_MONOTONIC: nobody could be served since; 0: it is not so */
    _Atomic int64_t down_before_ns; /* for how long it was so, up to the last time it ended */
    _Atomic uint64_t outages;
    uint64_t reserved_too[2];
};

/* A pool's page. */
struct telemetry {
    struct telemetry_head *head;
    struct telemetry_slot *slots;
    struct telemetry_event *events;
    struct telemetry_mark *marks;
    size_t bytes; /* mapped: as many as the most slots need, of which the file has those in use */
    pthread_mutex_t event_lock; /* may be taken under the pool's; guards the events */
    uint64_t event_count;
    /* The housekeeper's. */
    int64_t look_due_ns, looked_ns, marked_ns;
    uint64_t checkouts_seen, mark_count;
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

/* Removes the page of that name from a folder, and the socket that belongs to it. */
void telemetry_remove(int folder, const char *name);

/* In a forked child: lets go of the parent's page and leaves its file alone. */
void telemetry_abandon(struct telemetry *t);

/* When a process of this pid namespace began, as its /proc/PID/stat says; 0: there is none. */
int64_t telemetry_process_start(int64_t pid);

/* This process's pid namespace; 0: unknown. */
uint64_t telemetry_pid_namespace(void);

/* telemetry_write.c: each of these has one writer at a time, but for the events. */

/* A text of changing content: stored and read by words, without tearing any of them. */
void telemetry_set_holder(struct telemetry_slot *slot, const char *tag);
/* Whom a descriptor (-1: none) is connected to. */
void telemetry_set_address(struct telemetry_slot *slot, int fd);
void telemetry_set_error(struct telemetry_head *head, const hg_error *error);

/* A connect begins, with its last phase until another one is entered; and enters the next one, or
 * the same again when it ends. */
void telemetry_begin_connect(struct telemetry_slot *slot, int64_t now_ns);
void telemetry_enter_phase(struct telemetry_slot *slot, hg_connect_phase phase, int64_t now_ns);

/* Counts one that only its owner writes. */
static inline void telemetry_count(_Atomic uint64_t *counter)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* Notes that a caller had to wait so long. */
void telemetry_note_wait(struct telemetry_head *head, int64_t wait_ns);

/* Notes that a connection was held for so long; not called for less than a tick of the clock. */
void telemetry_note_hold(struct telemetry_slot *slot, int64_t held_ns);

/* Something happened; slot -1: to the whole pool. What stands among the last few already is counted
 * there and not noted again, so that connections which come and go leave room for the rest. Any
 * thread. */
void telemetry_note_event(struct telemetry *t, hg_pool_event_kind kind, int slot,
                          const char *detail);

/* (pure) The bucket of a number of units: four a doubling from one; and the middle of a bucket. */
unsigned telemetry_bucket(uint64_t units, unsigned buckets);
double telemetry_bucket_middle(unsigned bucket);

/* telemetry_record.c: the housekeeper's part. */

/* Looks how many connections are in use, says that the process lives, and keeps a mark when one is
 * due. Returns when to do so again. */
int64_t telemetry_record(struct telemetry *t, int64_t now_ns);

/* (pure) Where in hg_pool_use so many connections count. */
unsigned telemetry_level(unsigned in_use);

/* telemetry_read.c */

/*
 * A page that is looked at: our own, or the bytes of another one, taken from wherever it was. Its
 * head is a copy, so that what was checked is what is used.
 */
struct telemetry_copy {
    const char *bytes; /* borrowed, on an address for 64-bit words */
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

/* Copies n words, each of them whole, and in this order. */
void telemetry_copy_words(void *to, const void *from, size_t bytes);

/* telemetry_window.c (pure) */

/* The counters of a pool at one moment. */
struct telemetry_counters {
    int64_t at_ns; /* CLOCK_MONOTONIC */
    uint64_t checkouts, timeouts, held_ns;
    uint64_t waits[TELEMETRY_WAIT_BUCKETS];
    uint64_t holds[TELEMETRY_HOLD_BUCKETS];
    uint64_t use_ms[TELEMETRY_LEVELS];
};

/* What happened between a mark and now. */
void telemetry_since(const struct telemetry_counters *now, const struct telemetry_mark *then,
                     struct telemetry_counters *out);

/* What the counters of a stretch of time amount to. */
void telemetry_window(const struct telemetry_counters *stretch, int64_t span_ns,
                      hg_pool_window *out);

/* The same for good, in buckets that are four times as wide as the one before. */
void telemetry_waits(const struct telemetry_counters *all, hg_pool_histogram *out);
void telemetry_holds(const struct telemetry_counters *all, hg_pool_histogram *out);

#endif
