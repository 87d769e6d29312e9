/*
 * run.h - what the parts of a run share: who runs what, on which connection, and what is done.
 */
#ifndef MIGRATE_RUN_H
#define MIGRATE_RUN_H

#include <headgate/migrate.h>

#include "guc.h"
#include "lock.h"
#include "lookout.h"
#include "prepare.h"
#include "progress.h"
#include "rebuild.h"

enum { RUN_QUERY_MS = 60 * 1000 }; /* for our own statements; a migration's may take their time */

/* PostgreSQL: how the end of a step is written into the ledger. */
enum run_ledger {
    RUN_LEDGER_WRITTEN_OUT,
    RUN_LEDGER_PREPARED, /* by a statement that the session has prepared */
    RUN_LEDGER_PERHAPS   /* and that a migration may have thrown away since */
};

struct run {
    hg_pool *pool;
    const hg_migrate_options *options;
    const hg_observer *observer;
    hg_conn *conn;
    struct prepared *ahead; /* files that were read before there was a connection; NULL: none */
    struct prepared *prepared;
    struct ledger_author author;
    struct lock lock;
    struct guc guc;
    struct lookout lookout;
    struct rebuild rebuild;
    int64_t begun_ns;
    int64_t lock_wait_ms;
    bool *current; /* of each node: stands in alembic_version now */
    bool discard;  /* the connection must not be used again */
    enum run_ledger ledger;
    hg_run_result *result;
};

/* One step on its way. */
struct task {
    struct run *run;
    size_t index;
    const struct plan_step *step;
    const struct script *script;
    const char *revision;
    const char *parents; /* as the history keeps them */
    int64_t started_ms, started_ns;
    int64_t retries;
    size_t done;   /* statements that ended; once it has failed: that stay */
    double *spent; /* milliseconds of each statement, less than 0: not known */
};

/* --- run.c --- */

/* Takes a connection, and everything that a run needs besides. */
bool run_open(struct run *run, hg_error *err);
void run_close(struct run *run);

/* Lets the connection ask the observer while it waits, and look around; and ends that. */
void run_watch(struct run *run);
void run_unwatch(struct run *run);

/*
 * Takes the deployers' lock when there is something to do under it. look reads files and ledger
 * anew into run->prepared and says whether there is; it is asked before the lock is tried, each
 * time while it is waited for, and again behind it. err: HG_LOCKED, HG_CANCELLED, HG_READ_ONLY, ...
 */
bool run_acquire(struct run *run, bool (*look)(struct run *run, bool *out_idle, hg_error *err),
                 hg_error *err);

/* --- apply.c --- */

/* The deadline for our own queries: shorter where the caller said how long to wait for locks. */
hg_deadline run_soon(const struct run *run);

/* Opens a transaction that writes; on SQLite that waits for other writers until `by`. */
bool apply_begin_write(struct run *run, const char *subject, hg_deadline by, hg_error *err);

/* Makes the version tables when they are missing, in a transaction of its own. */
bool apply_create_ledger(struct run *run, hg_error *err);

/* Runs a step in a transaction of its own, with its ledger rows; on failure nothing of it stays. */
bool apply_transaction(struct task *task, hg_error *err);

/* SQLite: its parts, for a transaction that holds several steps. rebuild: one of them builds tables
 * anew. */
bool apply_rebuild_begin(struct task *task, bool rebuild, hg_error *err);
bool apply_rebuild_commit(struct task *task, hg_error *err);
void apply_rebuild_end(struct run *run);
bool apply_begin(struct task *task, hg_error *err);
bool apply_inside(struct task *task, hg_error *err);

/* Tells the observer that the i-th statement comes next. err: HG_CANCELLED. */
bool apply_announce(struct task *task, size_t i, hg_error *err);

/* Says of a statement's error what the engine cannot know. */
void apply_explain(const struct task *task, hg_error *err);

/* Appends what the ledger is told of the step when its last statement has run, as statements that
 * end with a semicolon; *count of them more. prepared: by the statement that the session has. */
bool apply_ledger_script(struct task *task, struct buf *out, bool prepared, size_t *count,
                         hg_error *err);

/* Tells the observer, runs the i-th statement, and puts its place on what goes wrong. */
bool apply_statement(struct task *task, size_t i, hg_error *err);

/*
 * Attempts something that rolls back when it fails; in production again and again while locks are
 * in the way, stepping back in between so that nobody queues behind us.
 */
bool apply_patiently(struct task *task, bool (*attempt)(struct task *task, hg_error *err),
                     hg_error *err);

/* Ends whatever transaction is open, also after a cancel. */
void apply_undo(struct run *run);

/* Changes alembic_version as the step says. */
bool apply_move(struct task *task, hg_error *err);

/* The timeouts that hold for the step; -1: none of its own. */
int64_t apply_lock_timeout(const struct task *task);

/* The step's event in the history. */
struct ledger_event apply_event(struct task *task, const char *outcome);

/* Fills an event with an error. */
/* Adds how long the statements took. open: the last one is about to run, and the ledger with it. */
void apply_spent(struct task *task, struct ledger_event *event, bool open);
void apply_event_error(struct ledger_event *event, const hg_error *err);

/* --- task.c --- */

/* Makes the run's i-th step ready, and tells the observer that it begins. */
bool task_init(struct run *run, size_t i, struct task *out, hg_error *err);

/* Counts a step that is done, and tells the observer. Cannot fail: the room is there. */
void task_done(struct task *task);

/* Writes a step that left nothing else behind into the history. */
void task_record_failure(struct task *task, const hg_error *err);

/* Tells the observer what is left of it, and why. */
void task_fail(struct task *task, hg_error *err);

/* What is in alembic_version once the step is committed. */
void task_move_current(struct run *run, const struct plan_step *step);

/* --- together.c --- */

/* Runs all steps in one transaction. */
bool together_run(struct run *run, hg_error *err);

/* --- stamp.c --- */

/* Takes out of the set what something else in it needs: the table holds only the newest. */
bool stamp_newest(struct prepared *p, bool *set, hg_error *err);

/* Notes that a revision counts as applied, with the file as it is: also its down section is kept.
 */
bool stamp_note(struct run *r, size_t node, hg_error *err);

/* Notes that a revision does not count as applied any more. */
bool stamp_forget(struct run *r, size_t node, hg_error *err);

/* Notes that another tool's version table is kept up to date from now on. */
bool stamp_mirror(struct run *r, const char *tool, const char *table, hg_error *err);

/* --- journal.c --- */

/* Runs a step statement by statement, writing down how far it is; goes on where one stopped. */
bool journal_run(struct task *task, hg_error *err);

#endif
