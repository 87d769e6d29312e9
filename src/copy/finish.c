/*
 * finish.c - what comes once the rows are there: sequences, foreign keys and triggers back in their
 * places, statistics. Several workers at once, as far as locks on tables let them.
 */
#include "run.h"

#include <stdio.h>

#include "base/buf.h"
#include "ask.h"

enum step_kind {
    STEP_ANALYZE,
    STEP_ADD,      /* a foreign key, not validated; takes locks on two tables, for a moment */
    STEP_VALIDATE, /* reads both tables */
    STEP_TRIGGER
};

struct step {
    enum step_kind kind;
    const char *subject; /* for errors: the statement's table */
    char *sql;
    size_t after; /* the step that has to be done before; itself: none */
    bool begun, done;
};

struct finish {
    struct run *run;
    VEC(struct step) steps;
    size_t left;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not finish the copy: out of memory");
}

/* --- the steps --- */

__attribute__((format(printf, 5, 6))) static bool add_step(struct finish *f, enum step_kind kind,
                                                           const char *subject, hg_error *err,
                                                           const char *format, ...)
{
    struct step *step = VEC_PUSH(&f->steps);
    struct buf sql = BUF_INIT(1 << 20);
    va_list args;

    va_start(args, format);
    buf_vprintf(&sql, format, args);
    va_end(args);
    if (step != NULL)
        *step = (struct step){
            .kind = kind, .subject = subject, .sql = buf_take(&sql), .after = f->steps.count - 1};
    buf_release(&sql);
    return (step != NULL && step->sql != NULL) || no_memory(err);
}

/* Whether a foreign key that was put aside is back already: somebody was interrupted behind that.
 */
static bool is_back(struct run *run, const struct target_hold *hold, bool *out, hg_error *err)
{
    hg_value params[] = {hg_text(hold->table), hg_text(hold->name)};
    int64_t found = 0;

    if (!ask_integer(run->to,
                     "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = "
                     "$1::text::regclass AND quote_ident(conname) = $2",
                     params, 2, copy_soon(), &found, err))
        return false;
    *out = found > 0;
    return true;
}

static bool plan_foreign_key(struct finish *f, const struct target_hold *hold, hg_error *err)
{
    size_t added = f->steps.count;
    bool back = false;

    if (!is_back(f->run, hold, &back, err)
        || (!back && !add_step(f, STEP_ADD, hold->table, err, "%s", hold->put_back)))
        return false;
    if (!hold->valid)
        return true;
    if (!add_step(f, STEP_VALIDATE, hold->table, err, "ALTER TABLE %s VALIDATE CONSTRAINT %s",
                  hold->table, hold->name))
        return false;
    if (!back)
        f->steps.items[f->steps.count - 1].after = added;
    return true;
}

static bool plan(struct finish *f, hg_error *err)
{
    const struct run *run = f->run;

    for (size_t i = 0; i < run->target.hold_count; i++) {
        const struct target_hold *hold = &run->target.holds[i];

        if (!(hold->foreign_key
                  ? plan_foreign_key(f, hold, err)
                  : add_step(f, STEP_TRIGGER, hold->table, err, "%s", hold->put_back)))
            return false;
    }
    for (size_t i = 0; i < run->mapping.table_count; i++)
        if (!add_step(f, STEP_ANALYZE, run->mapping.tables[i].source->name, err, "ANALYZE %s",
                      run->mapping.tables[i].target->sql_name))
            return false;
    f->left = f->steps.count;
    return true;
}

/* --- carrying them out --- */

static bool is_ready(const struct finish *f, const struct step *step)
{
    const struct step *before = &f->steps.items[step->after], *other;

    if (step->begun || (before != step && !before->done))
        return false;
    if (step->kind != STEP_ADD)
        return true;
    VEC_EACH (&f->steps, other) /* two that want the same two tables could wait for one another */
        if (other->begun && !other->done && other->kind == STEP_ADD)
            return false;
    return true;
}

static enum crew_said next_step(void *context, struct hand *hand, void **out_task)
{
    struct finish *f = context;
    struct step *step;

    (void)hand;
    VEC_EACH (&f->steps, step)
        if (is_ready(f, step)) {
            step->begun = true;
            *out_task = step;
            return CREW_TASK;
        }
    return f->left == 0 ? CREW_OVER : CREW_WAIT;
}

static bool run_step(void *context, struct hand *hand, void *task, hg_error *err)
{
    const struct step *step = task;

    (void)context;
    if (bulk_script(hand->target, step->sql, hg_deadline_never(), err))
        return true;
    hg_error_context(err, "table %s", step->subject);
    if (step->kind == STEP_VALIDATE && err->code == HG_CONSTRAINT)
        hg_error_hint(err, "A dry run lists the rows that refer to nothing. Delete or mend them in "
                           "the source, then copy again with --resume.");
    return false;
}

static void step_done(void *context, struct hand *hand, void *task)
{
    struct finish *f = context;

    (void)hand;
    ((struct step *)task)->done = true;
    f->left--;
}

static void report(void *context)
{
    copy_report(((struct finish *)context)->run);
}

/* --- sequences --- */

/* The next value has to be above every id that is there, above those that SQLite remembers to have
 * given out, and above what the sequence has given already, perhaps to another table that shares
 * it. */
static bool set_sequence(struct run *run, const struct table *table, const struct column *column,
                         hg_error *err)
{
    struct buf sql = BUF_INIT(1 << 16);
    char name[1024];
    hg_value params[] = {hg_text(column->target->sequence), hg_integer(table->source->sequence)};
    bool ok;

    hg_quote_identifier(column->target->name, name, sizeof name);
    buf_printf(&sql,
               "SELECT setval($1::text::regclass, greatest(m, 1), m > 0) FROM (SELECT "
               "greatest(max(%s)::bigint, $2::bigint, pg_sequence_last_value($1::text::regclass)) "
               "AS m FROM %s) t",
               name, table->target->sql_name);
    ok = hg_conn_execute(run->to, sql.bytes, params, 2, hg_deadline_never(), NULL, err);
    buf_release(&sql);
    if (!ok)
        hg_error_context(err, "sequence %s", column->target->sequence);
    return ok;
}

static bool set_sequences(struct run *run, hg_error *err)
{
    for (size_t i = 0; i < run->mapping.table_count; i++)
        for (size_t j = 0; j < run->mapping.tables[i].column_count; j++) {
            const struct column *column = &run->mapping.tables[i].columns[j];

            if (column->target->sequence == NULL)
                continue;
            if (!set_sequence(run, &run->mapping.tables[i], column, err))
                return false;
            run->result->sequences_reset++;
        }
    return true;
}

bool finish_tables(struct run *run, hg_error *err)
{
    struct finish f = {.run = run};
    const struct crew_work work = {&f, next_step, run_step, step_done, report};
    struct step *step;
    bool ok = set_sequences(run, err) && plan(&f, err) && crew_run(&run->crew, &work, err);

    VEC_EACH (&f.steps, step)
        alloc_free(step->sql);
    VEC_RELEASE(&f.steps);
    return ok;
}
