/*
 * copy.h - all data of a SQLite database into a PostgreSQL database, every value checked, and
 * proved by a digest of both sides.
 *
 * A target without tables gets them from the source, as far as they translate. One call does one of
 * these things: look (dry run), copy, copy on after an interruption (resume), catch up with what
 * has changed since, compare (verify only), give an unfinished copy up (abandon). It starts threads
 * of its own, each with a connection of either pool, and joins them before it returns; the observer
 * hears everything from the calling thread. The source is read as of one moment, while the
 * application goes on writing, and never changed, unless triggers are asked for.
 */
#ifndef HEADGATE_COPY_H
#define HEADGATE_COPY_H

#include <headgate/observer.h>
#include <headgate/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hg_copy_mode {
    HG_COPY_RUN,            /* check everything, then copy, then verify */
    HG_COPY_DRY_RUN,        /* check every value against its column; changes nothing, but
                               needs a temporary table where the target has CHECKs */
    HG_COPY_VERIFY,         /* compare both sides; changes nothing */
    HG_COPY_CATCH_UP,       /* bring over what changed in the source since it was copied */
    HG_COPY_ABANDON,        /* give an unfinished copy up: the target is as before it */
    HG_COPY_LIST_TRIGGERS,  /* the statements that triggers means; changes nothing */
    HG_COPY_REMOVE_TRIGGERS /* take from the source what triggers has installed there */
} hg_copy_mode;

/* Texts are borrowed until the call returns. */
typedef struct hg_copy_options {
    hg_copy_mode mode;
    bool create;          /* make the tables that the target lacks; without one of its own it
                             gets all of them in any case */
    bool resume;          /* go on where a copy was interrupted; without one: begin */
    const char *snapshot; /* a folder for the source's moment that is copied: it is kept, page
                             for page, and what changes later can be brought over. NULL: none */
    bool triggers; /* HG_COPY_RUN: install triggers in the source first, by which it writes down
                      what changes, so that it can be brought over later without reading all of it;
                      the only thing that is ever written there */
    bool last;     /* HG_COPY_CATCH_UP: nothing will follow; the moment goes, or the triggers */
    const char *const *tables; /* only these; NULL: all */
    size_t table_count;
    const char *const *rules; /* what to do about values that do not fit, one rule each:
                                 "orders.note truncate" */
    size_t rule_count;
    const char *rules_file;   /* the same in a file, one a line; NULL: none */
    const char *rejects_file; /* where rows go that a rule rejects, and in a dry run every value
                                 that does not fit, as JSON lines; must not exist; NULL: none */
    int jobs;                 /* connections to each side; 0: as many as the machine is good for */
    int64_t largest_value;    /* bytes; values of more are not read and fit nowhere. 0: 1000 MB for
                                 those that are carried in pieces: texts and BLOBs of tables with
                                 rowids, for columns of text and bytes, in a database in UTF-8; 256
                                 MB for others, which take twice to thrice that in memory */

    /* Rows a second, at most, that are checked, sent or read back; 0: as fast as it goes. Asked
     * several times a second by each of the copy's threads, so that it may change meanwhile. To
     * catch up is never slowed down. NULL: as fast as it goes. */
    int64_t (*rate)(void *context);
    void *rate_context;
} hg_copy_options;

HG_API hg_copy_options hg_copy_options_default(void);

/* Connections that a copy with these options takes out of each of the two pools. */
HG_API int hg_copy_connections(const hg_copy_options *options);

/* One table. */
typedef struct hg_copy_table {
    const char *table;      /* its name in the source */
    int64_t rows_read;      /* of the source */
    int64_t rows_written;   /* by this call or, resumed, by those before it */
    int64_t bytes;          /* as sent */
    int64_t rejected;       /* rows */
    char source_digest[33]; /* of all rows, whatever their order; "": not made */
    char target_digest[33];
    int64_t target_rows; /* counted when it was compared */
    bool compared, match;
    double duration_ms;
} hg_copy_table;

/* A value that was met. Texts are as they came: for a terminal through its filter only. */
typedef struct hg_copy_sample {
    int64_t rowid;       /* of the row; 0 when key is set */
    const char *key;     /* of a table without rowids: its primary key as text; NULL otherwise */
    const char *value;   /* made visible, and cut */
    const char *storage; /* "integer", "real", "text", "blob", "null"; "large": it was not read */
} hg_copy_sample;

/* All values of one column that are alike in this. */
typedef struct hg_copy_finding {
    const char *table, *column;
    const char *rule;   /* "integer-text": what a rules file calls it */
    const char *title;  /* the same as a sentence */
    const char *type;   /* of the column in the target */
    const char *action; /* what a rule did about it, as "null"; "": nothing */
    bool fits;          /* it was copied, in another form */
    int64_t count;
    hg_copy_sample *samples; /* some of them, the first by rowid */
    size_t sample_count;
} hg_copy_finding;

/* What is wrong with more than a value: a table without a counterpart, orphans, duplicates. */
typedef struct hg_copy_problem {
    const char *kind; /* "table-missing", "orphan", ...; static */
    const char *table;
    const char *message;
    int64_t count; /* rows; 0 where it is not about rows */
    bool stops;    /* the copy cannot be begun with it */
} hg_copy_problem;

/* A row that is not the same on both sides; of each table the first ones are told. */
typedef struct hg_copy_difference {
    const char *table;
    const char *kind;    /* "missing" in the target, "extra" there, "different" */
    int64_t key;         /* of a table whose primary key is a whole number; 0 when name is set */
    const char *columns; /* that differ, separated by ", "; "" otherwise */
    const char *name;    /* of other tables: the key as text, or without one the first values */
} hg_copy_difference;

/* What makes a table of the target, or something of one; without its semicolon. */
typedef struct hg_copy_statement {
    const char *table;
    bool after;  /* the rows are there */
    bool source; /* of the source instead: triggers, and what they write into */
    const char *sql;
} hg_copy_statement;

/* What was done, and found. Everything in it lives until hg_copy_result_free(). */
typedef struct hg_copy_result {
    hg_copy_mode mode;
    bool ok;               /* everything fits, was copied, and is equal, as far as the mode goes */
    bool resumed;          /* parts of an earlier copy were kept */
    hg_copy_table *tables; /* parents before children */
    size_t table_count;
    hg_copy_finding *findings; /* misfits first, the most frequent first */
    size_t finding_count;
    hg_copy_problem *problems;
    size_t problem_count;
    hg_copy_difference *differences;
    size_t difference_count;
    hg_copy_statement *statements; /* for the tables that the target lacks, and for triggers, in
                                      order */
    size_t statement_count;
    int64_t pages_changed;       /* HG_COPY_CATCH_UP: of the source, since the moment before */
    int64_t rows_put, rows_gone; /* new or different; deleted */
    double behind_ms;            /* how old the moment is that the target holds now */
    int sequences_reset;
    int64_t rows, bytes;
    double check_ms, data_ms, finish_ms, verify_ms;
    char rules_digest[33]; /* of the rules: the same ones have the same; "" without any */
} hg_copy_result;

/*
 * Checks, copies, verifies. source: a pool on SQLite, best read-only (HG_COPY_ABANDON: NULL is
 * fine, but for triggers that are in it); target: one on PostgreSQL.
 * Both need room for hg_copy_connections(). observer: NULL is fine; per table its steps in rows,
 * and with subject "" the whole in bytes. out_result: filled on success and, as far as it went, on
 * failure; the caller's until hg_copy_result_free().
 *
 * To catch up nothing is installed in the source: its pages are compared with the moment that was
 * kept, and rows on those that changed are read. One call does one round; while the application
 * writes, as many as one likes, and the last one once it has stopped. All changes of a round are
 * one transaction of the target, whose keys and triggers stay in force but for those moments. The
 * moment and the target know one another: a round that was killed counts or not on both sides.
 *
 * A copy with options->triggers is caught up with by them, which a round finds out by itself: it
 * takes as long as there are changes, however large the source is. The source is then written to as
 * well, through connections of this call's own: the triggers, on whose table they append one short
 * row for each that changes; and in each round rows of that table that are not needed any more are
 * deleted. The last round counts, on both sides, the rows of tables with more than one unique key,
 * for of a row that REPLACE has put out of the way no trigger hears. HG_COPY_LIST_TRIGGERS and
 * HG_COPY_REMOVE_TRIGGERS touch no target, and what they say is in the statements of the result.
 *
 * False when the copy could not be carried out: err HG_FAILED (values do not fit, problems, or the
 * sides differ: see the result), HG_REFUSED (the target holds rows, or an unfinished copy),
 * HG_CANCELLED, HG_USAGE and HG_CONFIG (tables, rules), what the connections say. Before the first
 * row is committed the target is as it was; after that the copy can be resumed.
 */
HG_API bool hg_copy(hg_pool *source, hg_pool *target, const hg_copy_options *options,
                    const hg_observer *observer, hg_copy_result **out_result, hg_error *err);
HG_API void hg_copy_result_free(hg_copy_result *result); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
