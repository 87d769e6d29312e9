/*
 * cutover.h - the guided move of an application from SQLite to PostgreSQL: a runbook, carried out
 * step by step, with a journal that outlives every process.
 *
 * A run is a folder, below the settings' state folder: journal, runbook, snapshot, logs of
 * commands, and orders that people leave for whoever works on it. One process at a time works on a
 * run (hg_cutover_work()); any number look at it and give orders, from any terminal of the same
 * user. All functions may be called from any thread, and do not change what they are given.
 */
#ifndef HEADGATE_CUTOVER_H
#define HEADGATE_CUTOVER_H

#include <headgate/observer.h>
#include <headgate/settings.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HG_CUTOVER_RUN_SIZE 40

/* Texts and settings are borrowed until the call returns. */
typedef struct hg_cutover_options {
    const hg_settings *source; /* of the application, as it is before it is moved */
    const hg_settings *target; /* the same with cutover_target */
    const char *runbook;       /* of a new run: a built-in one's name or a file; NULL: "env-file" */
    const char *actor;         /* who, for the journal; NULL: the operating system's user */
    int64_t budget_ms;         /* how long the source may stay frozen; 0: as the rehearsal found */
    const char *run;           /* which one to look at, also a rehearsal; NULL: the newest run */
    const hg_observer *planning; /* its cancelled() ends a plan; NULL: nothing does */
} hg_cutover_options;

/* The built-in runbooks' names; NULL behind the last. */
HG_API const char *hg_cutover_runbook_name(size_t i);

/*
 * Checks a runbook; every fault is told, with its place. book: a built-in one's name or a file.
 * fault: NULL is fine. err: HG_FILE (the first fault), HG_IO, HG_NOMEM.
 */
HG_API bool hg_cutover_check(const char *book, void (*fault)(void *context, const hg_error *fault),
                             void *context, hg_error *err);

/* Every text of these lives as long as the hg_cutover that they stand in. */
typedef struct hg_cutover_step {
    const char *id, *title;
    const char *what;           /* what is going to happen */
    const char *cost;           /* what it costs to abort once it has happened */
    const char *class_name;     /* "harmless", "reversible", "by operator", "no return" */
    const char *state;          /* "pending", "begun", "done", "failed", "undoing", "undone" */
    bool asks;                  /* somebody has to type something first */
    bool tried;                 /* of a plan: its gate was tried; `error` says what it found */
    int64_t began_ms, ended_ms; /* Unix time; 0: not yet */
    int64_t expected_ms;        /* as long as it took the last time; -1: not known */
    const char *error; /* of the last attempt, or what a gate found that speaks against it; "" */
    const char *note;  /* "not rehearsed: ..."; "" */
} hg_cutover_step;

typedef struct hg_cutover_record {
    int64_t seq;
    int64_t at_ms;                           /* Unix time */
    const char *actor, *host, *step, *event; /* "INTENT", "DONE", ... */
    const char *text; /* the answer, the note, the error, what was measured; "" */
} hg_cutover_record;

/* A run as its journal tells it. */
typedef struct hg_cutover {
    const char *run; /* "": there is none, this is a plan */
    const char *dir;
    const char *runbook;
    const char *source, *target; /* the file's path; the URL without its password */
    hg_cutover_step *steps;
    size_t step_count;
    const char *freeze, *commit; /* ids of the steps between which the budget counts; "" */
    size_t at;                   /* the step that comes next, or is being taken; step_count: none */
    hg_cutover_record *records;
    size_t record_count;
    const char *question; /* what has to be typed for the step `at`; "": nothing */
    const char *expected; /* the very words; "": any */
    const char *cost;     /* what an abort would cost now */
    int64_t opened_ms;
    int64_t frozen_ms; /* for how long nobody has been able to write; -1: they can */
    int64_t budget_ms; /* 0: not known */
    bool working;      /* a process is at work on it */
    bool stalled;      /* the step `at` has failed; whoever works on it waits for
                          HG_CUTOVER_CONTINUE or HG_CUTOVER_ABORT, not for an answer */
    bool paused;
    bool postponed; /* it will wait before the freeze */
    int64_t rate;   /* rows a second that a copy may do; 0: as many as it can */
    bool rehearsal; /* on copies of both sides */
    bool aborting, past_return, closed;
    const char *outcome; /* of a closed one: "done", "aborted"; "" */
    const char *head;    /* hash of the journal's last record */
    /* frozen for so long, all is taken back without being asked for; 0: never, or no longer */
    int64_t gives_up_ms;
    bool over_budget; /* the budget is used up, and gives_up_ms comes next */
} hg_cutover;

HG_API void hg_cutover_free(hg_cutover *cutover); /* NULL is fine */

/* The run of the options; without any: HG_FAILED. The target's settings may be NULL: then no
 * question names its database. err: HG_FILE (the journal was changed: where), HG_IO. */
HG_API bool hg_cutover_read(const hg_cutover_options *options, hg_cutover **out_cutover,
                            hg_error *err);

/* What a new run would do. Gates that change nothing are tried, which reads all of the source. err:
 * HG_FILE, HG_CONFIG, HG_CANCELLED; what a gate finds is told with its step. */
HG_API bool hg_cutover_plan(const hg_cutover_options *options, hg_cutover **out_cutover,
                            hg_error *err);

/*
 * Goes through the whole runbook on copies of both sides, a scratch database of the target's server
 * and a copy of the source, and keeps how long each step took: a plan expects the same. Steps that
 * reach beyond the copies are passed over and say so in their note, unless the runbook marks their
 * commands as safe. The .env file that is flipped is a copy. Needs CREATEDB.
 * drill: "STEP:fail" (it fails after it has acted), "STEP:kill" (it has acted, and nothing more is
 * written down), "STEP:target" (the target cannot be reached while it acts), or a step alone, which
 * fails: then all is taken back, and both copies are looked at whether it was. NULL: none.
 * observer: NULL is fine. out_cutover: as it went, also on failure once it has begun; the caller's
 * until hg_cutover_free(); NULL otherwise. err: HG_USAGE (the drill), what a step said.
 */
HG_API bool hg_cutover_rehearse(const hg_cutover_options *options, const char *drill,
                                const hg_observer *observer, hg_cutover **out_cutover,
                                hg_error *err);

/*
 * Begins a run and returns; nothing is done yet. out_run: its name. err: HG_REFUSED (another one is
 * open), HG_CONFIG (no SQLite source, no target), HG_FILE (the runbook), HG_IO.
 */
HG_API bool hg_cutover_begin(const hg_cutover_options *options, char out_run[HG_CUTOVER_RUN_SIZE],
                             hg_error *err);

/*
 * Works on the newest run, forward or, with `abort`, back, until it is closed or somebody is
 * needed who is not there. It waits for answers as long as it takes; a step that fails while the
 * source is frozen is waited for, too, until somebody says again or abort, or the budget is used
 * up: then it aborts. observer: steps; HG_EVENT_WAITING with the question. err: HG_LOCKED (another
 * process works on it), HG_REFUSED, HG_CANCELLED (the observer; nothing is half done), HG_FAILED
 * (the budget is used up, all was taken back), what a step said.
 */
HG_API bool hg_cutover_work(const hg_cutover_options *options, bool abort,
                            const hg_observer *observer, hg_error *err);

typedef enum hg_cutover_format { HG_CUTOVER_MARKDOWN, HG_CUTOVER_JSON } hg_cutover_format;

/*
 * Tells a run from beginning to end, for those who were not there: every step with how long it took
 * and was expected to take, who decided what and in which words, what failed, and the digests of
 * both sides. A run that is closed has the same in its folder, as report.md and report.json. put:
 * called with the whole text. err: as of hg_cutover_read().
 */
HG_API bool hg_cutover_report(const hg_cutover_options *options, hg_cutover_format format,
                              void (*put)(void *context, const char *text, size_t size),
                              void *context, hg_error *err);

typedef enum hg_cutover_order {
    HG_CUTOVER_ANSWER,   /* text: what was typed */
    HG_CUTOVER_PAUSE,    /* before the next step */
    HG_CUTOVER_CONTINUE, /* after a pause, or again after a failure */
    HG_CUTOVER_NOTE,     /* text: a remark for the journal */
    HG_CUTOVER_ABORT,    /* text: the run's name */
    HG_CUTOVER_RATE,     /* text: rows a second that a copy may do; "0": as many as it can */
    HG_CUTOVER_POSTPONE, /* the freeze: it waits before it, until it is told otherwise */
    HG_CUTOVER_UNPOSTPONE,
    HG_CUTOVER_ORDERS
} hg_cutover_order;

/* Leaves an order for whoever works on the newest run. err: HG_REFUSED (nobody works on it, the
 * wrong name), HG_FAILED (no run), HG_IO. */
HG_API bool hg_cutover_say(const hg_cutover_options *options, hg_cutover_order order,
                           const char *text, hg_error *err);

#ifdef __cplusplus
}
#endif
#endif
