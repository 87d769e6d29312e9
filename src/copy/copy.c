/*
 * copy.c - one phase after the other, and the account of them.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "account.h"
#include "ask.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "catchup.h"
#include "follow.h"
#include "guard.h"

enum {
    SOON_MS = 60000,
    JOBS_MAX = 8,
    RULES_MAX = 1 << 20,
    LOCK_PATIENCE_MS = 10000,
    CLEAN_UP_PATIENCE_MS = 3000,
    LOCK_KEY = 0x48474350, /* of pg_advisory_lock: "HGCP" */
};

hg_deadline copy_soon(void)
{
    return hg_deadline_in_ms(SOON_MS);
}

hg_copy_options hg_copy_options_default(void)
{
    return (hg_copy_options){.mode = HG_COPY_RUN};
}

/* One more than processors: while one waits for the server, another encodes. */
int copy_jobs(const hg_copy_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int jobs = options->jobs > 0 ? options->jobs : (int)processors + 1;

    return jobs < 1 ? 1 : jobs > JOBS_MAX && options->jobs <= 0 ? JOBS_MAX : jobs;
}

int hg_copy_connections(const hg_copy_options *options)
{
    return copy_jobs(options) + 1;
}

/* --- what was asked for --- */

static bool read_rules(struct run *run, hg_error *err)
{
    const hg_copy_options *options = run->options;
    struct buf text = BUF_INIT(RULES_MAX);
    bool ok = true;

    for (size_t i = 0; ok && i < options->rule_count; i++)
        ok = rules_add(&run->rules, options->rules[i], NULL, 0, err);
    if (ok && options->rules_file != NULL)
        ok = file_read(options->rules_file, &text, err)
             && rules_add_file(&run->rules, options->rules_file, text.bytes, err);
    buf_release(&text);
    return ok;
}

/* --- both sides --- */

static bool connect_target(struct run *run, hg_error *err)
{
    const hg_observer *observer = run->observer;

    if (!hg_pool_checkout(run->target_pool, "copy", hg_pool_deadline(run->target_pool), &run->to,
                          err)) {
        hg_error_context(err, "target");
        return false;
    }
    if (hg_conn_driver(run->to) != HG_POSTGRESQL)
        return hg_fail(err, HG_UNSUPPORTED, "a copy goes from SQLite to PostgreSQL");
    if (observer != NULL)
        hg_conn_set_interrupt(run->to, observer->cancelled, observer->context);
    return true;
}

bool copy_connect_source(struct run *run, hg_error *err)
{
    const hg_observer *observer = run->observer;

    if (!hg_pool_checkout(run->source_pool, "copy", hg_pool_deadline(run->source_pool), &run->from,
                          err)) {
        hg_error_context(err, "source");
        if (err != NULL && err->code == HG_NO_DATABASE) {
            err->hint[0] = '\0'; /* which would be to make one */
            hg_error_hint(err, "Check the path: it has to lead to the SQLite database that is to "
                               "be copied.");
        }
        return false;
    }
    if (hg_conn_driver(run->from) != HG_SQLITE)
        return hg_fail(err, HG_UNSUPPORTED, "a copy goes from SQLite to PostgreSQL");
    if (observer != NULL)
        hg_conn_set_interrupt(run->from, observer->cancelled, observer->context);
    return true;
}

void copy_disconnect_source(struct run *run)
{
    if (run->from == NULL)
        return;
    hg_conn_set_interrupt(run->from, NULL, NULL);
    hg_pool_return(run->source_pool, run->from);
    run->from = NULL;
}

static bool open_crew(struct run *run, hg_error *err)
{
    bool by_log = run->options->mode == HG_COPY_CATCH_UP && run->delta.name[0] != '\0';

    return crew_open(run->source_pool, run->observer, by_log ? 1 : copy_jobs(run->options),
                     run->options->largest_value > 0 ? run->options->largest_value : VALUE_MOST,
                     &run->crew, err);
}

size_t run_table(const struct run *run, const char *name)
{
    size_t i = 0;

    while (i < run->mapping.table_count && strcmp(run->mapping.tables[i].target->name, name) != 0)
        i++;
    return i;
}

static bool has_counterparts(const struct run *run, hg_error *err)
{
    const hg_copy_problem *problem;
    size_t missing = 0;

    VEC_EACH (&run->mapping.problems, problem)
        missing += strcmp(problem->kind, "table-missing") == 0;
    if (run->mapping.table_count > 0 || missing == 0)
        return true;
    hg_fail(err, HG_FAILED, "none of the source's tables is in schema \"%s\" of the target",
            run->target.schema);
    hg_error_hint(err, "Is it the database, and the schema, that was copied into?");
    return false;
}

/* The tables of a database that nobody has made a table in but tools that keep their own books. */
static bool is_empty(const struct target_db *target)
{
    for (size_t i = 0; i < target->table_count; i++)
        if (strncmp(target->tables[i].name, "headgate_", 9) != 0
            && strcmp(target->tables[i].name, "alembic_version") != 0)
            return false;
    return true;
}

/* Tables that the target lacks are planned as if they were there; the copy makes them once it is
 * known that every value fits them. */
static bool plan_target(struct run *run, const struct mapping_wish *wish, hg_error *err)
{
    if (run->options->mode == HG_COPY_VERIFY || !(run->options->create || is_empty(&run->target)))
        return true;
    return build_make(run->crew.hands[0].source, &run->source, &run->target, wish, &run->build, err)
           && build_pretend(&run->build, &run->target, err);
}

static bool tell_notes(struct run *run, hg_error *err)
{
    const struct build_note *note;

    VEC_EACH (&run->build.notes, note)
        if (!mapping_problem(&run->mapping, note->kind, note->table, 0, note->stops, "%s",
                             note->message))
            return hg_fail(err, HG_NOMEM, "could not begin the copy: out of memory");
    return true;
}

bool copy_sides(struct run *run, hg_error *err)
{
    const struct mapping_wish wish = {run->options->tables, run->options->table_count, &run->rules,
                                      run->options->largest_value};
    size_t cells = 1;

    if (!source_read(run->crew.hands[0].source, copy_soon(), &run->source, err)) {
        hg_error_context(err, "source");
        return false;
    }
    if (!target_read(run->to, copy_soon(), &run->target, err)) {
        hg_error_context(err, "target");
        return false;
    }
    if (!plan_target(run, &wish, err)
        || !mapping_make(&run->source, &run->target, &wish, &run->mapping, err)
        || !tell_notes(run, err) || (run->options->triggers && !follow_tell(run, err))
        || !has_counterparts(run, err))
        return false;
    for (size_t i = 0; i < run->mapping.table_count; i++)
        if (run->mapping.tables[i].cell_count > cells)
            cells = run->mapping.tables[i].cell_count;
    run->advances = alloc_zero(run->mapping.table_count, sizeof *run->advances);
    if (run->advances == NULL)
        return hg_fail(err, HG_NOMEM, "could not begin the copy: out of memory");
    return crew_cells(&run->crew, cells, err);
}

static bool has_stops(const struct run *run)
{
    const hg_copy_problem *problem;

    VEC_EACH (&run->mapping.problems, problem)
        if (problem->stops)
            return true;
    return false;
}

/* One copy into a database at a time. The lock goes with the connection. Of a copy that was killed
 * it goes when the server notices, which takes a moment; so long a new one waits. */
static bool lock_target(struct run *run, hg_error *err)
{
    const struct timespec pause = {.tv_nsec = 50 * 1000000L};
    hg_deadline by = hg_deadline_in_ms(LOCK_PATIENCE_MS);
    hg_value key = hg_integer(LOCK_KEY);
    int64_t got = 0;

    while (ask_integer(run->to, "SELECT pg_try_advisory_lock($1)::int", &key, 1, copy_soon(), &got,
                       err)) {
        if (got != 0)
            return true;
        if (hg_deadline_left_ms(by) <= 0)
            return hg_fail(err, HG_LOCKED, "another copy into this database is under way");
        nanosleep(&pause, NULL);
    }
    return false;
}

/* What a session that loads needs. Commits need not reach the disk one by one: a chunk and its
 * record are lost together, and the end of the copy waits for all of them. */
static const char load_settings[] =
    "SET client_min_messages = warning; SET statement_timeout = 0; SET lock_timeout = '60s'; "
    "SET idle_in_transaction_session_timeout = 0; SET synchronous_commit = off; "
    "SET maintenance_work_mem = '256MB'";

static bool prepare_sessions(struct run *run, hg_error *err)
{
    if (!crew_connect(&run->crew, run->target_pool, err)) {
        hg_error_context(err, "target");
        return false;
    }
    for (int i = 0; i < run->crew.size; i++)
        if (!bulk_script(run->crew.hands[i].target, load_settings, copy_soon(), err))
            return false;
    return true;
}

/* --- the modes --- */

static bool misfits_stop(struct run *run, hg_error *err)
{
    int64_t misfits = tally_misfits(&run->tally);

    if (misfits == 0 && !has_stops(run))
        return false;
    if (misfits > 0)
        hg_fail(err, HG_FAILED, "%lld value%s not fit into the target", (long long)misfits,
                misfits == 1 ? " does" : "s do");
    else
        hg_fail(err, HG_FAILED, "tables, columns or rows of the source do not fit the target");
    hg_error_hint(
        err,
        "Nothing was copied. Mend the source or the target, or say with --rule what is to "
        "be done.%s",
        tally_has(&run->tally, VALUE_SIZE)
            ? " Values of up to 1000 MB are carried with --max-value."
            : "");
    return true;
}

/* digests: of each chunk; orphans: they are looked for. */
static bool check(struct run *run, bool digests, bool orphans, hg_error *err)
{
    bool ok;

    copy_phase(run, "checking", 0);
    ok = (!orphans || guards_make(run, err)) && check_rows(run, digests, err);
    run->result->check_ms = clock_since_ms(run->phase_ns);
    return ok;
}

static bool verify(struct run *run, hg_error *err)
{
    bool ok;

    copy_phase(run, "verifying", 0);
    ok = compare_sides(run, err);
    run->result->verify_ms = clock_since_ms(run->phase_ns);
    if (!ok || run->result->ok)
        return ok;
    hg_fail(err, HG_FAILED, "the two sides differ");
    hg_error_hint(err, "The report names the tables and the rows.");
    return false;
}

/* What rows have to be beside one another, or as a whole. */
static bool check_rules(struct run *run, hg_error *err)
{
    return check_keys(run, err) && check_duplicates(run, err) && check_conditions(run, err);
}

static bool dry_run(struct run *run, hg_error *err)
{
    if (run->options->triggers && !follow_plan(run, err))
        return false;
    if (!rights_tell(run, err) || !check(run, false, true, err) || !check_rules(run, err))
        return false;
    run->result->ok = tally_misfits(&run->tally) == 0 && !has_stops(run);
    return run->result->ok || (misfits_stop(run, err), false);
}

static bool verify_only(struct run *run, hg_error *err)
{
    return check(run, true, false, err) && prepare_sessions(run, err) && verify(run, err);
}

/* Rows, then what belongs to them. From here on the copy can be resumed. */
static bool load(struct run *run, hg_error *err)
{
    int64_t bytes = 0;
    bool ok;

    for (size_t i = 0; i < run->mapping.table_count; i++)
        bytes += run->advances[i].total_bytes;
    copy_phase(run, "copying", bytes);
    ok = load_rows(run, err);
    run->result->data_ms = clock_since_ms(run->phase_ns);
    if (!ok)
        return false;
    copy_phase(run, "finishing", 0);
    ok = finish_tables(run, err);
    run->result->finish_ms = clock_since_ms(run->phase_ns);
    return ok;
}

static bool has_chunks_done(const struct run *run)
{
    const struct chunk *chunk;

    VEC_EACH (&run->chunks, chunk)
        if (chunk->done)
            return true;
    return false;
}

/* A copy that failed before any row was committed leaves the target as it was; as long as that
 * answers, for who has given up does not want to wait for a server that has stopped. */
static bool clean_up(struct run *run, hg_error *err)
{
    hg_deadline by = hg_deadline_in_ms(CLEAN_UP_PATIENCE_MS);

    hg_conn_set_interrupt(run->to, NULL, NULL);
    if (has_chunks_done(run) || hg_conn_lost(run->to))
        return false;
    if (bulk_script(run->to, "SELECT 1", by, NULL))
        run->begun = run->unfinished = !state_undo(run, NULL);
    else
        hg_error_hint(err, "The target does not answer. What was put aside there comes back with "
                           "--resume or --abandon.");
    return false;
}

static bool carry_on(struct run *run, hg_error *err)
{
    struct chunk *recorded = NULL;
    size_t count;
    bool ok = state_read(run, err);

    count = run->chunks.count;
    recorded = alloc_zero(count, sizeof *recorded);
    if (ok && recorded == NULL)
        ok = hg_fail(err, HG_NOMEM, "could not resume the copy: out of memory");
    if (ok && count > 0)
        memcpy(recorded, run->chunks.items, count * sizeof *recorded);
    ok = ok && check(run, true, false, err) && !misfits_stop(run, err)
         && state_reconcile(run, recorded, count, err);
    run->result->resumed = ok && has_chunks_done(run);
    alloc_free(recorded);
    return ok;
}

static bool begin_anew(struct run *run, hg_error *err)
{
    return check(run, false, true, err) && check_rules(run, err) && !misfits_stop(run, err)
           && state_begin(run, err);
}

static bool copy(struct run *run, hg_error *err)
{
    if (!rights_check(run, err))
        return false;
    if (has_stops(run))
        return check(run, false, false, err) && (misfits_stop(run, err), false);
    if (!(run->unfinished ? carry_on(run, err) : begin_anew(run, err)))
        return false;
    run->begun = true;
    if (!prepare_sessions(run, err) || !load(run, err))
        return clean_up(run, err);
    if (!verify(run, err) || !state_end(run, err))
        return false;
    if (run->delta.name[0] != '\0' && run->kept.name[0] != '\0')
        kept_clear(run->options->snapshot, ""); /* what comes later is in the source's log */
    return true;
}

/* Gives an unfinished copy up. The source is not needed. */
static bool abandon(struct run *run, hg_error *err)
{
    bool unfinished = false;

    if (!connect_target(run, err) || !lock_target(run, err)
        || !target_read(run->to, copy_soon(), &run->target, err)
        || !state_find(run, &unfinished, err) || !follow_find(run, err))
        return false;
    if (!unfinished)
        return hg_fail(err, HG_USAGE, "there is no unfinished copy in schema \"%s\" of the target",
                       run->target.schema);
    if (!state_abandon(run, err)) {
        hg_error_context(err, "could not give the copy up");
        return false;
    }
    run->result->ok = follow_undo(run, err);
    return run->result->ok;
}

static bool list_triggers(struct run *run, hg_error *err)
{
    run->result->ok = copy_connect_source(run, err)
                      && source_read(run->from, copy_soon(), &run->source, err)
                      && follow_plan(run, err);
    return run->result->ok;
}

static bool remove_triggers(struct run *run, hg_error *err)
{
    run->result->ok = follow_remove(run, err);
    return run->result->ok;
}

/* --- the whole --- */

static bool connect(struct run *run, hg_error *err)
{
    bool changes = run->options->mode == HG_COPY_RUN || run->options->mode == HG_COPY_CATCH_UP;

    return copy_connect_source(run, err) && connect_target(run, err)
           && (!changes || (lock_target(run, err) && state_find(run, &run->unfinished, err)))
           && moment_choose(run, err) && open_crew(run, err);
}

static bool carry_out(struct run *run, hg_error *err)
{
    const hg_copy_options *options = run->options;

    if (options->mode == HG_COPY_ABANDON)
        return abandon(run, err);
    if (options->mode == HG_COPY_REMOVE_TRIGGERS)
        return remove_triggers(run, err);
    if (!read_rules(run, err))
        return false;
    if (options->mode == HG_COPY_LIST_TRIGGERS)
        return list_triggers(run, err);
    if ((options->rejects_file != NULL && !rejects_open(options->rejects_file, &run->rejects, err))
        || !connect(run, err))
        return false;
    if (options->mode == HG_COPY_CATCH_UP)
        return catch_up(run, err);
    if (!snapshot_take(run, err) || !copy_sides(run, err))
        return false;
    switch (options->mode) {
    case HG_COPY_DRY_RUN:
        return dry_run(run, err);
    case HG_COPY_VERIFY:
        return verify_only(run, err);
    case HG_COPY_CATCH_UP:
    case HG_COPY_ABANDON:
    case HG_COPY_LIST_TRIGGERS:
    case HG_COPY_REMOVE_TRIGGERS:
    case HG_COPY_RUN:
        break;
    }
    return copy(run, err);
}

/* A copy that has not begun, or that is undone, leaves nothing that nobody will ask for. */
static void forget(struct run *run)
{
    if (run->kept.path != NULL)
        (void)unlink(run->kept.path);
    if (run->delta.name[0] == '\0')
        return;
    if (follow_undo(run, NULL))
        copy_tell(run, HG_EVENT_NOTE, "", "taken away from the source again: the triggers", 0);
    else
        copy_tell(run, HG_EVENT_NOTE, "",
                  "the triggers could not be taken away from the source: headgate copy "
                  "--remove-triggers does it",
                  0);
}

static void release(struct run *run)
{
    struct difference *difference;

    crew_close(&run->crew);
    copy_disconnect_source(run);
    if (run->to != NULL) {
        hg_conn_set_interrupt(run->to, NULL, NULL);
        hg_pool_discard(run->target_pool, run->to);
    }
    tally_release(&run->tally);
    VEC_RELEASE(&run->chunks);
    VEC_EACH (&run->differences, difference)
        arena_release(&difference->arena);
    VEC_RELEASE(&run->differences);
    alloc_free(run->advances);
    guards_release(run->guards);
    mapping_release(&run->mapping);
    build_release(&run->build);
    rules_release(&run->rules);
    target_release(&run->target);
    source_release(&run->source);
    if (run->options->mode == HG_COPY_RUN && !run->begun && !run->unfinished)
        forget(run);
    triggers_plan_release(&run->plan);
    kept_close(&run->kept);
    pace_release(&run->pace);
}

bool hg_copy(hg_pool *source, hg_pool *target, const hg_copy_options *options,
             const hg_observer *observer, hg_copy_result **out_result, hg_error *err)
{
    struct run run = {.options = options,
                      .observer = observer,
                      .source_pool = source,
                      .live = source,
                      .target_pool = target,
                      .result = account_new(options->mode)};
    hg_error first = {HG_OK};
    bool ok;

    if (run.result == NULL)
        return hg_fail(err, HG_NOMEM, "could not begin the copy: out of memory");
    pace_init(&run.pace, options);
    ok = carry_out(&run, &first);
    if (!rejects_close(run.rejects, ok ? &first : NULL) && ok)
        ok = false;
    if (!account_fill(&run, ok ? &first : NULL))
        ok = false;
    run.result->ok = ok && run.result->ok;
    *out_result = run.result;
    release(&run);
    if (!ok && err != NULL)
        *err = first;
    return ok;
}
