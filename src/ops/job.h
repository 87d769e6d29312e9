/*
 * job.h - operations on worker threads, their progress and results as messages for one receiving
 * thread.
 *
 * The front end starts a job and goes on; what happens arrives in jobs_take(). A job that changes
 * the database never runs beside another one that does. Below this header a terminal does not
 * exist.
 */
#ifndef OPS_JOB_H
#define OPS_JOB_H

#include <headgate/cutover.h>
#include <headgate/headgate.h>

#include "base/arena.h"
#include "blocking.h"
#include "worker.h"

struct ops;  /* settings and pool that all jobs share, see ops.h */
struct jobs; /* the running jobs of one front end */

enum job_kind {
    JOB_POOLS,    /* every pool of this host; local files only */
    JOB_PING,     /* whether the database answers, and has news: one small statement */
    JOB_STATUS,   /* readiness, history and ledger: asks the database */
    JOB_SESSIONS, /* who uses the database, and how many connections it has left */
    JOB_SOURCE,   /* the text of a migration's file */
    JOB_WRITE,    /* a text into a file that is not there yet */
    JOB_SMOKE,    /* the whole catalogue of checks, or those of `only` */
    JOB_PLAN,     /* what up, down or reset would do */
    JOB_RUN,      /* up, down or reset, carried out: in a worker, if there may be one */
    JOB_WATCH,    /* the run of a worker that somebody has started */
    JOB_HOLDER,   /* who is changing the schema, as the database tells it */
    JOB_DRIFT,    /* what makes the database another one than the schema file */
    JOB_COPY,     /* SQLite into PostgreSQL: checked, compared, or carried out: that in a worker, if
                     there may be one */
    JOB_COPY_WATCH, /* the copy of a worker that somebody has started */
    JOB_COPY_PAST,  /* the newest copy in a worker that has ended, unless somebody has seen how */
    JOB_COPY_SEEN,  /* somebody has */
    JOB_END,        /* a session of the server: what it runs, or all of it */
    JOB_CUTOVER, /* the newest run, as its journal tells it; lets go of a source that is frozen */
    JOB_CUTOVER_PLAN,  /* what a new run would do; its gates are tried */
    JOB_CUTOVER_BEGIN, /* a new run, with a process that works on it */
    JOB_CUTOVER_WORK,  /* a process for the run that nobody works on, forward or back */
    JOB_CUTOVER_ORDER, /* what is said to whoever works on it */
    JOB_CUTOVER_WATCH, /* what that process tells */
    JOB_KINDS
};

struct job_request {
    enum job_kind kind;
    hg_migrate_kind migrate;       /* JOB_PLAN, JOB_RUN */
    char target[HG_REVISION_SIZE]; /* "": the default of the kind */
    char plan_id[17];              /* JOB_RUN: refuse any other plan; "": do not ask */
    char file[512];                /* JOB_SOURCE, JOB_WRITE; JOB_DRIFT: set in the result; of a cutover the
                                      runbook, "": the built-in one */
    char *content;                 /* JOB_WRITE: the job's own from jobs_start() on */
    char only[1024];               /* JOB_SMOKE: ids with spaces between; "": all */
    hg_copy_mode copy;             /* JOB_COPY: a copy that was interrupted goes on */
    int64_t pid, backend_start_ms; /* JOB_END: whose; JOB_COPY_WATCH: of the worker */
    bool terminate;                /* JOB_END: the session, not only what it runs */
    int64_t budget_ms;             /* JOB_CUTOVER_BEGIN; 0: as the rehearsal finds */
    bool back;                     /* JOB_CUTOVER_WORK */
    hg_cutover_order order;        /* JOB_CUTOVER_ORDER */
    char text[256];                /* JOB_WRITE: what it is; JOB_CUTOVER_ORDER; JOB_CUTOVER_WORK: the
                                      run's name; JOB_COPY_WATCH, JOB_COPY_SEEN, and in the
                                      result JOB_COPY, JOB_COPY_PAST: the worker's id */
    int period_ms;                 /* JOB_PING: asked so often, until there are news; 0: once */
    int rest_ms;                   /* the same: the first time after that */
};

/* Progress, copied out of an hg_event. */
struct job_event {
    hg_event_kind kind;
    char subject[64];
    char message[200];
    char unit[16];
    int64_t done, total;
    double duration_ms;
};

/* Whose connection a session is; pool NULL: of no pool of this host. */
struct session_holder {
    const hg_pool_snapshot *pool;
    const hg_pool_connection *connection;
};

/* What a job found out. Owned by the receiver, freed with job_result_free(). Pointers that a kind
 * does not set are NULL. */
struct job_result {
    struct job_request request;
    bool ok;
    hg_error error;      /* when not ok */
    int64_t finished_ms; /* Unix time; of a worker that has ended, of its end */
    double duration_ms;
    uint64_t mark;              /* JOB_PING, of hg_readiness_pulse() and the folder of migrations */
    hg_pool_list pools;         /* JOB_POOLS */
    struct worker_info copying; /* JOB_POOLS: of this user, into that target; pid 0: none.
                                   JOB_COPY_PAST: the same, of which `copy` and `error` tell */
    hg_readiness *readiness;    /* JOB_STATUS: with the history in it */
    struct worker_info worker;  /* JOB_STATUS: one of this user that is at work; pid 0: none */
    char holder[600];           /* JOB_STATUS, JOB_HOLDER: whoever is at work; "": nobody */
    hg_sessions *sessions;      /* JOB_SESSIONS */
    struct blocking_row *order; /* JOB_SESSIONS on PostgreSQL: the sessions, blocking trees first */
    size_t in_trees;            /* how many of them are in a tree */
    hg_headroom headroom;       /* JOB_SESSIONS on PostgreSQL */
    struct session_holder *holders; /* JOB_SESSIONS on PostgreSQL: one a session, within pools */
    char *text;                     /* JOB_SOURCE */
    hg_smoke *smoke;                /* JOB_SMOKE */
    hg_schema_diff *drift;          /* JOB_DRIFT; also NULL where there is no schema file */
    hg_plan *plan;                  /* JOB_PLAN */
    hg_copy_result *copy; /* JOB_COPY, JOB_COPY_WATCH, JOB_COPY_PAST, also when it failed; NULL: it
                             was not begun */
    struct arena copy_memory; /* that holds `copy` when another process has made it */
    hg_cutover *cutover;      /* JOB_CUTOVER, JOB_CUTOVER_PLAN */
    bool moves_ours;          /* JOB_CUTOVER: its source is the database that is looked at */
    hg_run_result run;        /* JOB_RUN, JOB_WATCH, also when it failed */
};
void job_result_free(struct job_result *result); /* NULL is fine */

struct job_message {
    uint64_t job;
    struct job_result *result; /* NULL: this is progress */
    struct job_event event;
};

struct jobs *jobs_new(struct ops *ops); /* NULL: no memory or descriptor. ops is borrowed. */

/*
 * Ends everything: cancels the jobs, leaves the workers alone, lets nobody take a connection of the
 * pool any more, so that also a worker that waits for a silent server ends at once, joins the
 * workers, frees. NULL is fine.
 */
void jobs_free(struct jobs *jobs);

/* Starts a job; returns its number, or 0 when one of the same kind (or, for JOB_RUN, any other
 * JOB_RUN) is still under way. */
uint64_t jobs_start(struct jobs *jobs, const struct job_request *request);

/* Asks a job to stop: its result will be HG_CANCELLED, unless it was about to finish. Unknown
 * numbers are ignored. */
void jobs_cancel(struct jobs *jobs, uint64_t job);

/* Leaves a run that goes on in a worker: its result will be HG_CANCELLED all the same. */
void jobs_leave(struct jobs *jobs, uint64_t job);

/* The next message; false: none now. A job that asks the database again and again (JOB_PING,
 * JOB_STATUS, JOB_SESSIONS, JOB_HOLDER) is followed by a result of JOB_POOLS, as of job 0. */
bool jobs_take(struct jobs *jobs, struct job_message *out);

/* When the database last answered a JOB_PING that goes on (clock_now_ns() / 1000000); 0: none. */
int64_t jobs_beat_ms(const struct jobs *jobs);

/* Readable while there is a message, and when an answer to such a job is overdue, until
 * jobs_take() has found none. */
int jobs_fd(const struct jobs *jobs);

#endif
