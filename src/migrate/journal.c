/*
 * journal.c - one step outside of a transaction: statement by statement, each written down.
 *
 * A statement that a transaction can hold is run in one together with the note that it is done, so
 * that both happen or neither. What no transaction can hold (CREATE INDEX CONCURRENTLY, VACUUM) is
 * noted before it begins and after it ended; when a process died in between, the catalog is asked
 * what came of it. Transactions that the file opens itself are noted with their COMMIT.
 */
#include "batch.h"
#include "leftover.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

struct journal {
    struct task *task;
    struct checksum sum; /* of the statements that ended */
    struct ledger_event event;
    int64_t id;
    char done_checksum[CHECKSUM_DIGITS + 1];
    bool doubtful; /* a process died while the statement to begin with was running */
};

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(RUN_QUERY_MS);
}

static hg_conn *conn_of(const struct journal *j)
{
    return j->task->run->conn;
}

/* Writes how far the step is; inside a transaction the note is part of it. */
static bool note(struct journal *j, hg_error *err)
{
    return ledger_progress(conn_of(j), &j->task->run->prepared->place, j->id, &j->event, soon(),
                           err);
}

/* Counts the next statement as ended, in the event only. */
static void count_done(struct journal *j, size_t i)
{
    struct checksum copy;

    script_weigh(j->task->run->prepared->driver, &j->task->script->statements[i], &j->sum);
    copy = j->sum;
    checksum_hex(&copy, j->done_checksum);
    j->event.statements_done = (int64_t)i + 1;
    j->event.statement_begun = -1;
}

/* --- where to begin --- */

static bool refuse_edited(const struct task *task, const struct ledger_last *last, hg_error *err)
{
    hg_fail(err, HG_DRIFT,
            "%lld statements of the section have run, and they are not those that "
            "stand in it now",
            (long long)last->statements_done);
    hg_error_place(err, task->script->path, task->script->section.line, 0);
    hg_error_hint(err,
                  "Bring the statements that ran back as they were; what comes behind them may "
                  "be corrected.");
    return false;
}

/* Whether an earlier attempt came so far that this one goes on behind it. */
static bool is_unfinished(const struct task *task, const struct ledger_last *last)
{
    const char *direction = task->step->direction == HG_UP ? "up" : "down";

    return last->id != 0 && strcmp(last->direction, direction) == 0
           && (strcmp(last->outcome, "running") == 0 || strcmp(last->outcome, "failed") == 0)
           && (last->statements_done > 0 || last->statement_begun >= 0);
}

/* Passes over what an earlier attempt did. */
static bool pass_done(struct journal *j, const struct ledger_last *last, hg_error *err)
{
    if (last->statements_done > (int64_t)j->task->script->count)
        return refuse_edited(j->task, last, err);
    for (int64_t i = 0; i < last->statements_done; i++)
        count_done(j, (size_t)i);
    if (last->statements_done > 0 && strcmp(j->done_checksum, last->done_checksum) != 0)
        return refuse_edited(j->task, last, err);
    j->doubtful = last->statement_begun == last->statements_done;
    j->event.statement_begun = last->statement_begun;
    progress_say(j->task->run->observer, HG_EVENT_NOTE, j->task->revision,
                 "going on behind statement %lld, where an earlier run stopped",
                 (long long)last->statements_done);
    return true;
}

/* The attempt before this one is over: its process is gone, for the lock is ours. */
static bool close_earlier(struct journal *j, const struct ledger_last *last, hg_error *err)
{
    char sql[640];
    const hg_value id = hg_integer(last->id);

    if (strcmp(last->outcome, "running") != 0)
        return true;
    snprintf(sql, sizeof sql, "UPDATE %s SET outcome = 'abandoned' WHERE id = $1",
             j->task->run->prepared->place.history);
    return hg_conn_execute(conn_of(j), sql, &id, 1, soon(), NULL, err);
}

static bool begin_journal(struct journal *j, hg_error *err)
{
    struct run *r = j->task->run;
    struct ledger_last last;

    j->event = apply_event(j->task, "running");
    j->event.done_checksum = j->done_checksum;
    if (!ledger_last(r->conn, &r->prepared->place, j->task->revision, soon(), &last, err)
        || (is_unfinished(j->task, &last) && !pass_done(j, &last, err))
        || !apply_begin(j->task, err))
        return false;
    if (close_earlier(j, &last, err)
        && ledger_append(r->conn, &r->prepared->place, &r->author, &j->event, soon(), &j->id, err)
        && hg_conn_commit(r->conn, soon(), err))
        return true;
    apply_undo(r);
    return false;
}

/* What an error means when the statement may have run already: that it has. */
static bool tells_done(const hg_error *cause)
{
    static const char *const states[] = {"42P04", "42710", "42P07", "42704", "3D000"};

    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(cause->sqlstate, states[i]) == 0)
            return true;
    return false;
}

/* --- statements --- */

static bool run_alone(struct journal *j, size_t i, hg_error *err)
{
    const struct script_statement *statement = &j->task->script->statements[i];
    const struct leftover_case about = {.conn = conn_of(j),
                                        .observer = j->task->run->observer,
                                        .revision = j->task->revision,
                                        .doubtful = j->doubtful};
    hg_error cause = {0};
    bool done = false;

    j->event.statement_begun = (int64_t)i;
    if (!note(j, err))
        return false;
    if (!leftover_clear(&about, statement, &done, err)) {
        script_place(j->task->script, statement, err);
        return false;
    }
    if (!done && !apply_statement(j->task, i, &cause)) {
        if (!j->doubtful || !tells_done(&cause)) {
            *err = cause;
            return false;
        }
        progress_say(j->task->run->observer, HG_EVENT_NOTE, j->task->revision,
                     "statement %zu had run already: %s", i + 1, cause.message);
    }
    count_done(j, i);
    return note(j, err);
}

/* What a transaction can hold: the statement and the note of it, both or neither. */
struct together {
    struct task task; /* first: an attempt is handed the task alone */
    struct journal *journal;
};

static bool run_together_once(struct task *task, hg_error *err)
{
    struct journal *j = ((struct together *)task)->journal, before = *j;
    struct run *r = task->run;
    size_t i = j->task->done;

    if (apply_begin(task, err)
        && guc_set_timeouts(r->conn, apply_lock_timeout(task),
                            task->script->section.statement_timeout_ms, true, soon(), err)
        && apply_statement(task, i, err)) {
        count_done(j, i);
        if (note(j, err) && hg_conn_commit(r->conn, soon(), err))
            return true;
    }
    apply_undo(r);
    *j = before;
    j->event.done_checksum = j->done_checksum;
    return false;
}

static bool run_together(struct journal *j, hg_error *err)
{
    struct together t = {.task = *j->task, .journal = j};
    bool ok = apply_patiently(&t.task, run_together_once, err);

    j->task->retries = t.task.retries;
    return ok;
}

/* Code that ends transactions itself says so when it is held in one, and has done nothing then. */
static bool run_call(struct journal *j, size_t i, hg_error *err)
{
    hg_error cause = {0};

    if (run_together(j, &cause))
        return true;
    if (strcmp(cause.sqlstate, "2D000") == 0)
        return run_alone(j, i, err);
    *err = cause;
    return false;
}

/* Inside a transaction that the file opened: noted with the statement that ends it. */
static bool run_inside(struct journal *j, size_t i, enum head_kind kind, hg_error *err)
{
    struct journal before = *j;
    bool ok;

    if (kind != HEAD_FINISH)
        return apply_statement(j->task, i, err);
    for (size_t k = (size_t)j->event.statements_done; k <= i; k++)
        count_done(j, k);
    ok = note(j, err) && apply_statement(j->task, i, err);
    if (ok)
        return note(j, err); /* a ROLLBACK has taken the first note with it */
    *j = before;
    j->event.done_checksum = j->done_checksum;
    return false;
}

static bool run_one(struct journal *j, size_t i, hg_error *err)
{
    enum head_kind kind = j->task->script->statements[i].kind;

    if (hg_conn_in_transaction(conn_of(j)))
        return run_inside(j, i, kind, err);
    switch (kind) {
    case HEAD_BEGIN:
    case HEAD_FINISH: /* without a transaction: the engine has its own opinion */
        return apply_statement(j->task, i, err);
    case HEAD_SESSION:
        if (!apply_statement(j->task, i, err))
            return false;
        count_done(j, i);
        return true;
    case HEAD_ALONE:
        return run_alone(j, i, err);
    case HEAD_CALL:
        return run_call(j, i, err);
    case HEAD_PLAIN:
    case HEAD_COPY_ROWS:
        break;
    }
    return run_together(j, err);
}

static bool check_closed(const struct journal *j, hg_error *err)
{
    const struct script *script = j->task->script;

    if (!hg_conn_in_transaction(conn_of(j)))
        return true;
    hg_fail(err, HG_FILE, "the section leaves a transaction open");
    hg_error_hint(err, "Write the COMMIT that is missing.");
    script_place(script, &script->statements[script->count - 1], err);
    return false;
}

/* A new session has none of what statements that ran before had set in theirs. */
static bool repeat_session(struct journal *j, size_t done, hg_error *err)
{
    for (size_t i = 0; i < done; i++)
        if (j->task->script->statements[i].kind == HEAD_SESSION
            && !apply_statement(j->task, i, err))
            return false;
    return true;
}

static bool run_all(struct journal *j, hg_error *err)
{
    struct task *task = j->task;
    size_t from = (size_t)j->event.statements_done;

    /* a concurrent build waits for old transactions under a lock timeout too, and would be left
     * invalid by it */
    if (!guc_set_timeouts(conn_of(j), 0, task->script->section.statement_timeout_ms, false, soon(),
                          err)
        || !repeat_session(j, from, err))
        return false;
    for (task->done = from; task->done < task->script->count; task->done++) {
        if (!run_one(j, task->done, err))
            return false;
        j->doubtful = false;
    }
    return check_closed(j, err);
}

/* --- the end --- */

static void set_ended(struct journal *j, const char *outcome)
{
    j->event.outcome = outcome;
    j->event.finished_ms = clock_wall_ms();
    j->event.duration_ms = clock_since_ms(j->task->started_ns);
    j->event.retries = j->task->retries;
}

static bool finish(struct journal *j, hg_error *err)
{
    struct run *r = j->task->run;

    set_ended(j, "ok");
    apply_spent(j->task, &j->event, false);
    if (apply_begin(j->task, err) && apply_move(j->task, err) && note(j, err)
        && ledger_end(r->conn, &r->prepared->place, j->id, &j->event, soon(), err)
        && hg_conn_commit(r->conn, soon(), err))
        return true;
    apply_undo(r);
    return false;
}

/* Keeps why it failed, and that nothing is in doubt: the engine has said so. How far it came has
 * been written already, in so far as it is known. */
static void note_failure(struct journal *j, const hg_error *err)
{
    struct run *r = j->task->run;

    apply_undo(r);
    if (j->id == 0 || hg_conn_lost(r->conn))
        return;
    set_ended(j, "failed");
    apply_event_error(&j->event, err);
    run_unwatch(r);
    (void)ledger_end(r->conn, &r->prepared->place, j->id, &j->event, soon(),
                     NULL); /* the first failure is the one that is told */
    run_watch(r);
}

bool journal_run(struct task *task, hg_error *err)
{
    struct journal j = {.task = task};
    bool ok;

    checksum_init(&j.sum);
    batch_doubt(task->run);
    ok = begin_journal(&j, err) && run_all(&j, err) && finish(&j, err);
    if (ok)
        return true;
    note_failure(&j, err);
    task->done =
        (size_t)j.event.statements_done; /* not what a transaction of the file's took back */
    return false;
}
