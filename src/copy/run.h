/*
 * run.h - what the phases of a copy share: who is connected, what is copied, how far it has come.
 *
 *   reader.c     the rows of a table
 *   build.c      tables for a target that has none
 *   snapshot.c   all readers at one moment of the source
 *   check.c      every value once, and the chunks that the rows are sent in
 *   guard.c      on the way, whether most of them have their parents
 *   keys.c       what rows owe one another
 *   bereaved.c   also as rules leave them
 *   duplicates.c and that the target's unique keys hold them apart
 *   conditions.c and that they meet its CHECKs, and fit into its partitions
 *   exclusions.c and that its EXCLUDEs let them be beside one another
 *   rights.c     whether the target may be changed
 *   state.c      what is done already, in tables of the target
 *   pace.c       no faster than somebody wants
 *   load.c       chunks into the target
 *   finish.c     keys, triggers, sequences, statistics
 *   compare.c    the target read back
 *   moment.c     what is read
 *   follow.c     for later, a log of the source's (triggers.c)
 *   round.c      later: a round of catching up with what changed in the source since,
 *   catchup.c    as pages differ
 *   delta.c      or as the log says
 *   narrow.c     rows that differ, by their numbers
 *   sieve.c      and where there are none
 *   account.c    what is told
 *   copy.c       one phase after the other
 */
#ifndef COPY_RUN_H
#define COPY_RUN_H

#include "build.h"
#include "crew.h"
#include "kept.h"
#include "mapping.h"
#include "pace.h"
#include "reader.h"
#include "triggers.h"

/* Rows of a table between two rowids, sent in one piece; of a table without rowids all of it. */
struct chunk {
    size_t table;
    int64_t lo, hi;
    int64_t bytes;
    struct digest digest; /* once it was sent, or read again */
    bool done;            /* it is in the target, and recorded there */
};

/* How far a table has come. Atomics are written by workers while the observer is told of them. */
struct advance {
    atomic_llong rows, bytes; /* of the phase that runs */
    atomic_llong rejected;
    atomic_bool far;                 /* it has rows with values that are sent in pieces */
    int64_t total_rows, total_bytes; /* as checked: what will be sent */
    size_t chunks_left;
    int64_t begun_ns;
    double duration_ms;
    bool announced;
    bool unanalyzed; /* the server has no statistics of what came */
    struct digest source, target;
    bool compared;
};

/* A row that is not the same on both sides. */
struct difference {
    size_t table;
    const char *kind; /* "missing" in the target, "extra" there, "different"; static */
    int64_t key;
    const char *name;    /* of a row without a number for a key: its key as text; else NULL */
    const char *columns; /* of "different": their names; both in the arena */
    struct arena arena;
};

enum { DIFFERENCES_TOLD = 20 }; /* of a table */

struct guards;

struct run {
    const hg_copy_options *options;
    const hg_observer *observer;
    hg_copy_result *result;
    hg_pool *source_pool, *target_pool;
    hg_pool *live; /* the source itself, also when rows are read from a moment; NULL: not given */
    struct kept kept; /* the source's moment, from which rows are read instead of the source */
    char moment[KEPT_NAME + 1]; /* that the target holds */
    struct delta delta;         /* the source's log that the target follows, or will */
    struct trigger_plan plan;   /* what was done in the source, or would be */
    bool unfinished;            /* the target holds the record of a copy */
    bool begun;                 /* it holds one of this */
    int64_t moment_ns;          /* when the source was as it is read */
    hg_conn *from, *to;         /* beside those of the workers */
    struct source source;
    struct target_db target;
    struct rules rules;
    struct build build; /* tables that the copy makes; empty: all are there */
    struct mapping mapping;
    struct crew crew;
    struct pace pace;
    struct rejects *rejects;
    struct tally tally;
    VEC(struct chunk) chunks; /* by table and range */
    VEC(struct difference) differences;
    struct advance *advances; /* of the tables of the mapping */
    struct guards *guards;    /* NULL: nobody asks for orphans */
    int64_t phase_ns;         /* when the phase began, */
    const char *phase;        /* and what it does: "checking" */
    int64_t phase_total;      /* in bytes; 0: nobody knows yet */
};

struct buf;

/* The number in the mapping of the target's table of this name; table_count: it is not copied. */
size_t run_table(const struct run *run, const char *name);

hg_deadline copy_soon(void); /* for what needs moments */

int copy_jobs(const hg_copy_options *options);

/* A connection to what is read, beside those of the workers. */
bool copy_connect_source(struct run *run, hg_error *err);
void copy_disconnect_source(struct run *run);

/* Ends a phase's account and begins the next one's. */
void copy_phase(struct run *run, const char *phase, int64_t total_bytes);

/* Tells the observer where the phase stands. On the calling thread. */
void copy_report(void *run);

/* Tells the observer what happened to a subject. */
void copy_tell(const struct run *run, hg_event_kind kind, const char *subject, const char *message,
               double duration_ms);

/* --- the phases --- */

/* What is read, once the target is locked; it may mean that a moment is kept, or a log made. */
bool moment_choose(struct run *run, hg_error *err);

/* Puts the source connections of the crew into read transactions of one and the same moment.
 * err: HG_LOCKED (somebody writes all the time). */
bool snapshot_take(struct run *run, hg_error *err);

/* The same, and the pages as they see them; *out_pages is the caller's also on failure. */
bool snapshot_pages(struct run *run, struct bulk_pages **out_pages, hg_error *err);

/* What both sides are, as the readers of the crew see them, and which table goes where. */
bool copy_sides(struct run *run, hg_error *err);

/* Reads and checks every row; makes the chunks. digests: of each, too. */
bool check_rows(struct run *run, bool digests, hg_error *err);

/* Orphans, as problems of the mapping; they stop the copy where the target has a foreign key. */
bool check_keys(struct run *run, hg_error *err);

/* Of check_keys(): rows whose parents do not arrive because of a rule, or because their table is
 * left out, as problems that stop the copy. */
bool check_bereaved(struct run *run, hg_error *err);

/* Whether that alone decides about a foreign key of a table, and not what SQLite says. */
bool bereaved_decides(struct run *run, size_t table, size_t reference, bool *out, hg_error *err);

/* Whether the target has a foreign key on the table. */
bool keys_enforced(const struct run *run, const struct table *table);

/* Rows that are one in a unique key of the target, as problems that stop the copy. */
bool check_duplicates(struct run *run, hg_error *err);

/* Rows that do not meet a CHECK or an EXCLUDE of the target, or that no partition of it takes, as
 * problems that stop the copy. The server judges them in temporary tables, and they are gone again.
 * What it cannot judge is told. */
bool check_conditions(struct run *run, hg_error *err);

/* Whether the target may be filled, before anything is read. err: HG_READ_ONLY, HG_PRIVILEGE,
 * HG_REFUSED (tables hold rows, or there is an unfinished copy). */
bool rights_check(const struct run *run, hg_error *err);

/* The same for a dry run: everything that a copy would be refused for, as problems that stop
 * nothing. */
bool rights_tell(struct run *run, hg_error *err);

/* Whether the target holds the record of an unfinished copy. */
bool state_find(struct run *run, bool *out_found, hg_error *err);

/* Makes the record, puts foreign keys and triggers aside. */
bool state_begin(struct run *run, hg_error *err);

/* Reads what is done already into the run's chunks, as done; and what was put aside. */
bool state_read(struct run *run, hg_error *err);

/* After check_rows() with digests: drops from the target what is not as the source is now. */
bool state_reconcile(struct run *run, const struct chunk *recorded, size_t count, hg_error *err);

/* Appends the statement that records a chunk. */
void state_record(const struct run *run, const struct chunk *chunk, struct buf *out);

/* The name of the source's moment that the unfinished copy reads, or that the target holds and is
 * to be brought on from. "": none. */
bool state_moment(struct run *run, bool unfinished, char out[KEPT_NAME + 1], hg_error *err);

/* The copy is whole: removes the record, but for the moment that was kept. */
bool state_end(struct run *run, hg_error *err);

/* Gives an unfinished copy up: its rows and tables go, what it put aside comes back. */
bool state_abandon(struct run *run, hg_error *err);

/* Nothing was loaded: brings everything back as it was. */
bool state_undo(struct run *run, hg_error *err);

bool load_rows(struct run *run, hg_error *err);
bool finish_tables(struct run *run, hg_error *err);
bool finish_sequences(struct run *run, hg_error *err);
bool compare_sides(struct run *run, hg_error *err);

/* The rows of tables whose digests differ. */
bool narrow_differences(struct run *run, hg_error *err);

/* The names of the columns in which two rows differ, in the arena; NULL: memory ran out. */
const char *difference_columns(const struct table *table, const char *a, const char *b,
                               struct arena *arena);

#endif
