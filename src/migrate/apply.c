/*
 * apply.c - one step in one transaction.
 */
#include "batch.h"
#include "mirror.h"
#include "plan_work.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "driver/bulk.h"

enum {
    BUSY_TRY_MS = 1000,
    RETRIES = 60,
    STEP_BACK_MS = 750, /* and a third of it more by chance */
    BACKOFF_AFTER = 30, /* tries, from which on it is ever longer */
    BACKOFF_MAX_MS = 10 * 1000,
    COPY_CHUNK = 256 * 1024,
    EXCERPT = 100
};

/*
 * How long a lock is waited for in production, by try. Whoever comes behind us waits as long: with
 * a tenth of a second in each second nearly nobody notices, and a lock that comes free is ours
 * within one. Where that never suffices, longer; but never so long that an application's own
 * patience of half a second ends.
 */
static int64_t production_lock_ms(int64_t retries)
{
    return retries < 12 ? 100 : retries < 24 ? 200 : 400;
}

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(RUN_QUERY_MS);
}

/* --- statements --- */

/* The beginning of a statement on one line. */
static void headline(const char *sql, char out[EXCERPT + 1])
{
    size_t n = 0;

    for (; *sql != '\0' && n < EXCERPT; sql++) {
        bool blank = *sql == ' ' || (*sql >= '\t' && *sql <= '\r');

        if (!blank)
            out[n++] = *sql;
        else if (n > 0 && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    while (n > 0 && ((unsigned char)out[n - 1] & 0xC0) == 0x80 && *sql != '\0')
        n--; /* not half a character */
    out[n] = '\0';
}

static void tell_statement(const struct task *task, size_t i)
{
    char message[EXCERPT + 1];

    if (task->run->observer == NULL)
        return;
    headline(task->script->statements[i].sql, message);
    progress_tell(task->run->observer, &(hg_event){.kind = HG_EVENT_STEP_PROGRESS,
                                                   .subject = task->revision,
                                                   .message = message,
                                                   .unit = "statement",
                                                   .done = (int64_t)i,
                                                   .total = (int64_t)task->script->count});
}

/* What the engine cannot know: that a limit of the file's is no trouble on the way to the database,
 * and what to write in the file instead. */
void apply_explain(const struct task *task, hg_error *err)
{
    if (err->code == HG_TIMEOUT && !hg_conn_lost(task->run->conn)) {
        err->code = HG_FAILED;
        hg_error_hint(
            err, "Give it more time with statement_timeout: behind the -- migrate: directive.");
    }
    if (strcmp(err->sqlstate, "25001") == 0 && task->script->section.transaction) {
        err->hint[0] = '\0';
        hg_error_hint(err, "Write transaction:false behind the -- migrate: directive; such "
                           "statements are best alone in their file.");
    }
}

/* SQLite knows no statement_timeout: there the call's deadline is it. */
static hg_deadline statement_deadline(const struct task *task)
{
    int64_t ms = task->script->section.statement_timeout_ms;

    if (task->run->prepared->driver == HG_SQLITE && ms > 0)
        return hg_deadline_in_ms(ms);
    return hg_deadline_never();
}

/* A COPY with its rows, in pieces, so that an interruption is heard between them. What the server
 * has against a row it says at the end. */
static bool copy_rows(const struct task *task, const struct script_statement *s, hg_error *err)
{
    hg_conn *conn = task->run->conn;
    hg_deadline never = hg_deadline_never();
    bool ok = true;

    if (!bulk_copy_in(conn, s->sql, never, err))
        return false;
    for (size_t at = 0; ok && at < s->rows_size; at += COPY_CHUNK) {
        size_t n = s->rows_size - at < COPY_CHUNK ? s->rows_size - at : COPY_CHUNK;

        ok = bulk_send(conn, s->rows + at, n, never, err);
        script_passed(task->script, (size_t)(s->rows - task->script->text->bytes) + at + n);
    }
    if (ok)
        return bulk_copy_end(conn, NULL, never, NULL, err);
    if (!hg_conn_lost(conn))
        (void)bulk_copy_end(conn, "the migration was interrupted", soon(), NULL, NULL);
    return false;
}

bool apply_announce(struct task *task, size_t i, hg_error *err)
{
    script_passed(task->script, task->script->statements[i].offset);
    tell_statement(task, i);
    return !progress_cancelled(task->run->observer) || hg_fail(err, HG_CANCELLED, "interrupted");
}

bool apply_statement(struct task *task, size_t i, hg_error *err)
{
    const struct script_statement *s = &task->script->statements[i];
    int64_t begun_ns = clock_now_ns();
    bool ok;

    if (!apply_announce(task, i, err))
        return false;
    lookout_begin(&task->run->lookout, task->run->conn, task->revision, apply_lock_timeout(task));
    ok = s->kind == HEAD_COPY_ROWS ? copy_rows(task, s, err)
                                   : hg_conn_execute(task->run->conn, s->sql, NULL, 0,
                                                     statement_deadline(task), NULL, err);
    lookout_end(&task->run->lookout);
    task->spent[i] = clock_since_ms(begun_ns);
    if (ok)
        return true;
    script_place(task->script, s, err);
    apply_explain(task, err);
    return false;
}

/* --- the transaction --- */

int64_t apply_lock_timeout(const struct task *task)
{
    const hg_migrate_options *options = task->run->options;

    if (options->lock_timeout_ms >= 0)
        return options->lock_timeout_ms;
    if (task->script->section.lock_timeout_ms >= 0)
        return task->script->section.lock_timeout_ms;
    return options->production ? production_lock_ms(task->retries) : -1;
}

/* How long SQLite's write lock is waited for: a lock's time where one is set, else a deployer's. */
static hg_deadline busy_deadline(const struct run *run, int64_t of_section_ms)
{
    int64_t ms = run->options->lock_timeout_ms;

    if (ms < 0)
        ms = of_section_ms;
    if (ms < 0)
        ms = run->options->lock_wait_ms;
    return ms < 0 ? hg_deadline_never() : hg_deadline_in_ms(ms);
}

hg_deadline run_soon(const struct run *run)
{
    int64_t ms = run->options->lock_timeout_ms;

    return hg_conn_driver(run->conn) == HG_SQLITE && ms >= 0
               ? hg_deadline_first(soon(), hg_deadline_in_ms(ms))
               : soon();
}

static bool begin_immediate(struct run *run, const char *subject, hg_deadline by, hg_error *err)
{
    hg_error cause;

    for (;;) {
        hg_deadline slice = hg_deadline_first(by, hg_deadline_in_ms(BUSY_TRY_MS));

        cause = (hg_error){0};
        if (hg_conn_execute(run->conn, "BEGIN IMMEDIATE", NULL, 0, slice, NULL, &cause))
            return true;
        if (cause.code != HG_LOCKED || hg_deadline_left_ms(by) == 0)
            break;
        progress_say(run->observer, HG_EVENT_WAITING, subject,
                     "another connection is writing to the database");
        if (!progress_pause(run->observer, 10 + rand_below(40), &cause))
            break;
    }
    *err = cause;
    return false;
}

bool apply_begin_write(struct run *run, const char *subject, hg_deadline by, hg_error *err)
{
    if (hg_conn_driver(run->conn) == HG_SQLITE)
        return begin_immediate(run, subject, by, err);
    return hg_conn_begin(run->conn, soon(), err);
}

static bool change_ledger(struct run *run,
                          bool (*change)(hg_conn *, struct ledger_place *, hg_deadline, hg_error *),
                          hg_error *err)
{
    if (!apply_begin_write(run, "", busy_deadline(run, -1), err))
        return false;
    if (change(run->conn, &run->prepared->place, soon(), err)
        && hg_conn_commit(run->conn, soon(), err))
        return true;
    apply_undo(run);
    return false;
}

/* A history that cannot be extended, for it belongs to another role or somebody reads it, keeps
 * what it has room for. */
static bool extend_ledger(struct run *run, hg_error *err)
{
    struct ledger_place before = run->prepared->place;
    hg_error cause = {0};

    if (change_ledger(run, ledger_extend, &cause))
        return true;
    run->prepared->place = before;
    if (cause.code == HG_PRIVILEGE || (cause.code == HG_LOCKED && !hg_conn_lost(run->conn))) {
        log_line(LOG_INFO, "migrate", "the history keeps its old form", "reason", cause.message,
                 NULL);
        return true;
    }
    *err = cause;
    return false;
}

bool apply_create_ledger(struct run *run, hg_error *err)
{
    const struct ledger_place *place = &run->prepared->place;

    if (!place->has_versions || !place->has_history)
        return change_ledger(run, ledger_create, err);
    return place->later == LEDGER_LATER_COUNT || extend_ledger(run, err);
}

/* Whether alembic_version is what the plan was made for. On PostgreSQL the move notices. */
static bool check_current(const struct task *task, hg_error *err)
{
    const struct run *r = task->run;
    const struct graph *graph = &r->prepared->project.graph;
    size_t expected = 0, found = 0;
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;
    bool same = true;
    char sql[640];

    for (size_t i = 0; i < graph->count; i++)
        expected += r->current[i];
    snprintf(sql, sizeof sql, "SELECT version_num FROM %s", r->prepared->place.versions);
    if (hg_conn_query(r->conn, sql, NULL, 0, soon(), &rows, err)) {
        while ((step = hg_rows_next(rows, soon(), err)) == HG_ROW) {
            size_t node;

            found++;
            same = same && graph_has(graph, hg_rows_text(rows, 0), &node) && r->current[node];
        }
    }
    hg_rows_close(rows);
    if (step == HG_ERROR)
        return false;
    if (same && found == expected)
        return true;
    hg_fail(err, HG_DRIFT, "the version table was changed by somebody else meanwhile");
    hg_error_hint(err, "Look at headgate history, then run the command again.");
    return false;
}

bool apply_begin(struct task *task, hg_error *err)
{
    struct run *r = task->run;
    hg_deadline by = busy_deadline(r, task->script->section.lock_timeout_ms);

    return apply_begin_write(r, task->revision, by, err)
           && (r->prepared->driver == HG_POSTGRESQL || check_current(task, err));
}

/* A statement may have ended the transaction after all: SQLite's ON CONFLICT ROLLBACK, a full disk.
 */
static bool check_open(const struct task *task, hg_error *err)
{
    if (hg_conn_in_transaction(task->run->conn))
        return true;
    hg_fail(err, HG_SQL, "a statement of the migration ended its transaction");
    hg_error_place(err, task->script->path, 0, 0);
    return false;
}

static const char **names_of(const struct task *task, const size_t *nodes, size_t count)
{
    struct prepared *p = task->run->prepared;
    const char **names = arena_alloc(&p->arena, count + 1, sizeof *names);

    for (size_t i = 0; names != NULL && i < count; i++)
        names[i] = prepared_revision(p, nodes[i]);
    return names;
}

bool apply_move(struct task *task, hg_error *err)
{
    const struct plan_step *step = task->step;
    const char **removes = names_of(task, step->removes, step->remove_count);
    const char **adds = names_of(task, step->adds, step->add_count);

    if (removes == NULL || adds == NULL)
        return hg_fail(err, HG_NOMEM, "could not write the ledger: out of memory");
    return ledger_move(task->run->conn, &task->run->prepared->place, removes, step->remove_count,
                       adds, step->add_count, soon(), err)
           && mirror_write(task->run, step->node, step->direction == HG_UP, err);
}

static bool run_statements(struct task *task, hg_error *err)
{
    for (task->done = 0; task->done < task->script->count; task->done++)
        if (!apply_statement(task, task->done, err))
            return false;
    return true;
}

bool apply_ledger_script(struct task *task, struct buf *out, bool prepared, size_t *count,
                         hg_error *err)
{
    struct prepared *p = task->run->prepared;
    const struct plan_step *step = task->step;
    struct ledger_event event;
    struct ledger_change change = {.removes = names_of(task, step->removes, step->remove_count),
                                   .remove_count = step->remove_count,
                                   .adds = names_of(task, step->adds, step->add_count),
                                   .add_count = step->add_count};

    if (p->ledger.mirror[0] != '\0') {
        change.mirror = p->ledger.mirror;
        change.mirrored = mirror_version(p, step->node);
        change.applied = step->direction == HG_UP;
    }
    event = apply_event(task, "ok");
    event.statements_done = event.statements; /* when it is written, the last one has run */
    return (change.removes != NULL && change.adds != NULL
            && ledger_script(out, &p->place, &task->run->author, &event, &change, prepared, count))
           || hg_fail(err, HG_NOMEM, "could not write the ledger: out of memory");
}

bool apply_inside(struct task *task, hg_error *err)
{
    struct run *r = task->run;
    struct ledger_event event;
    int64_t id;

    if (!run_statements(task, err) || !check_open(task, err) || !apply_move(task, err))
        return false;
    event = apply_event(task, "ok");
    return ledger_append(r->conn, &r->prepared->place, &r->author, &event, soon(), &id, err);
}

bool apply_rebuild_begin(struct task *task, bool rebuild, hg_error *err)
{
    struct run *r = task->run;

    return rebuild_begin(&r->rebuild, r->conn, rebuild, soon(), err) && apply_begin(task, err)
           && rebuild_count(&r->rebuild, hg_deadline_never(), err);
}

bool apply_rebuild_commit(struct task *task, hg_error *err)
{
    struct run *r = task->run;

    return rebuild_check(&r->rebuild, hg_deadline_never(), err)
           && hg_conn_commit(r->conn, soon(), err);
}

void apply_rebuild_end(struct run *run)
{
    run_unwatch(run);
    if (!hg_conn_lost(run->conn) && !rebuild_end(&run->rebuild, soon()))
        run->discard = true;
    run_watch(run);
}

static bool apply_batch(struct task *task, hg_error *err)
{
    struct task *failed;
    struct batch batch;
    bool ok;

    batch_init(&batch, task->run);
    batch_open(&batch, task);
    ok = batch_step(&batch, task, err) && batch_flush(&batch, true, &failed, err);
    batch_release(&batch);
    return ok;
}

bool apply_transaction(struct task *task, hg_error *err)
{
    struct run *r = task->run;
    bool rebuild = task->script->section.rebuild;
    bool ok = r->prepared->driver == HG_POSTGRESQL
                  ? apply_batch(task, err)
                  : apply_rebuild_begin(task, rebuild, err) && apply_inside(task, err)
                        && apply_rebuild_commit(task, err);

    if (!ok)
        apply_undo(r);
    apply_rebuild_end(r);
    return ok;
}

void apply_undo(struct run *run)
{
    if (hg_conn_lost(run->conn))
        return;
    run_unwatch(run); /* nothing stops the way back */
    (void)hg_conn_rollback(run->conn, soon(), NULL);
    run_watch(run);
}

/* --- patience --- */

static bool worth_another(const struct task *task, const hg_error *cause)
{
    return task->run->options->production && task->run->prepared->driver == HG_POSTGRESQL
           && (cause->code == HG_LOCKED || cause->code == HG_SERIALIZATION)
           && task->retries < RETRIES && !hg_conn_lost(task->run->conn);
}

/* The same time for a while, so that a lock that comes free is not left lying; then ever longer. */
static int64_t backoff_ms(int64_t retries)
{
    int64_t ms = STEP_BACK_MS;

    for (int64_t i = BACKOFF_AFTER; i < retries && ms < BACKOFF_MAX_MS; i += 3)
        ms *= 2;
    ms = ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
    return ms + rand_below(ms / 3);
}

static void tell_retry(const struct task *task, const hg_error *cause, int64_t ms)
{
    const char *blocker = task->run->lookout.blocker;
    char message[sizeof cause->message + sizeof task->run->lookout.blocker + 96];

    snprintf(message, sizeof message, "%s%s%s; attempt %lld of %d in %lld ms", cause->message,
             blocker[0] == '\0' ? "" : ": in the way was ", blocker, (long long)task->retries + 1,
             RETRIES + 1, (long long)ms);
    progress_tell(task->run->observer, &(hg_event){.kind = HG_EVENT_WAITING,
                                                   .subject = task->revision,
                                                   .message = message,
                                                   .unit = "attempt",
                                                   .done = task->retries + 1,
                                                   .total = RETRIES + 1,
                                                   .duration_ms = (double)ms});
}

bool apply_patiently(struct task *task, bool (*attempt)(struct task *task, hg_error *err),
                     hg_error *err)
{
    for (;;) {
        int64_t ms = backoff_ms(task->retries);
        hg_error cause = {0};

        if (attempt(task, &cause))
            return true;
        if (batch_unready(task->run, &cause))
            continue;
        if (!worth_another(task, &cause)) {
            *err = cause;
            return false;
        }
        task->retries++;
        tell_retry(task, &cause, ms);
        if (!progress_pause(task->run->observer, ms, err))
            return false;
    }
}

/* --- the history --- */

struct ledger_event apply_event(struct task *task, const char *outcome)
{
    const hg_plan_step *shown = &task->run->prepared->plan.steps[task->index];
    struct arena *arena = &task->run->prepared->arena;
    bool running = strcmp(outcome, "running") == 0;
    struct ledger_event event;

    event = (struct ledger_event){.revision = task->revision,
                                  .direction = task->step->direction == HG_UP ? "up" : "down",
                                  .outcome = outcome,
                                  .file = shown->file,
                                  .message = shown->message,
                                  .revises = task->parents,
                                  .checksum = task->script->section.checksum,
                                  .raw_checksum = task->script->section.raw_checksum,
                                  .down_section = task->script->down_section,
                                  .statements = (int64_t)task->script->count,
                                  .statements_done = (int64_t)task->done,
                                  .statement_begun = -1,
                                  .started_ms = task->started_ms,
                                  .finished_ms = running ? 0 : clock_wall_ms(),
                                  .duration_ms = clock_since_ms(task->started_ns),
                                  .lock_wait_ms = task->run->lock_wait_ms,
                                  .retries = task->retries,
                                  .work = plan_work(arena, shown)};
    if (strcmp(outcome, "ok") == 0)
        apply_spent(task, &event, task->done < task->script->count);
    return event;
}

/* Without it the next plan is only less certain. */
void apply_spent(struct task *task, struct ledger_event *event, bool open)
{
    struct prepared *p = task->run->prepared;

    if (!spent_write(&p->arena, &p->plan.steps[task->index], task->spent, open, &event->spent))
        event->spent = (struct spent){.head = ""};
}

void apply_event_error(struct ledger_event *event, const hg_error *err)
{
    event->sqlstate = err->sqlstate[0] == '\0' ? NULL : err->sqlstate;
    event->error = err->message;
}
