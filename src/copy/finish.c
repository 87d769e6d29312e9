/*
 * finish.c - what comes once the rows are there: sequences, indexes, keys, foreign keys and
 * triggers in their places. Several workers at once, as far as locks on tables let them. Statistics
 * are gathered at once of small tables alone: those of large ones can be while they are read back,
 * and nothing else can go on beside them.
 *
 * Indexes of one table are built beside one another; everything else has its table for itself, and
 * waits for what it stands on. The largest tables come first. All of a small table is one step:
 * there may be hundreds of them, and a round trip costs more than an index.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/buf.h"
#include "schema/names.h"

/* A step waits for those of its table, or tables, that come before it in this list. */
enum { SMALL_BYTES = 2 << 20 };

enum step_kind {
    STEP_INDEX,
    STEP_KEY,
    STEP_ADD,      /* a foreign key, not validated; takes locks on two tables, for a moment */
    STEP_VALIDATE, /* reads both tables */
    STEP_TRIGGER,
    STEPS
};

struct step {
    enum step_kind kind;
    size_t table, other; /* in the target; other: the same, or that of a foreign key */
    int64_t bytes;       /* of the table: the most first */
    char *sql;
    bool begun;
};

/* What is open on a table. */
struct desk {
    size_t left[STEPS];
    size_t running;
    enum step_kind what; /* of those that run */
};

struct finish {
    struct run *run;
    VEC(struct step) steps;
    struct desk *desks;  /* one a table of the target */
    struct buf *scripts; /* and of a small one all statements but foreign keys */
    size_t left, first;  /* steps that are not over; before the first one all have begun */
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not finish the copy: out of memory");
}

/* --- the steps --- */

static int64_t bytes_of(const struct run *run, size_t table)
{
    size_t i = run_table(run, run->target.tables[table].name);

    return i < run->mapping.table_count ? run->advances[i].total_bytes : 0;
}

__attribute__((format(printf, 6, 7))) static bool add_step(struct finish *f, enum step_kind kind,
                                                           size_t table, size_t other,
                                                           hg_error *err, const char *format, ...)
{
    struct step *step = VEC_PUSH(&f->steps);
    struct buf sql = BUF_INIT(64 << 20);
    va_list args;

    va_start(args, format);
    buf_vprintf(&sql, format, args);
    va_end(args);
    if (step != NULL)
        *step = (struct step){.kind = kind,
                              .table = table,
                              .other = other < f->run->target.table_count ? other : table,
                              .bytes = bytes_of(f->run, table),
                              .sql = buf_take(&sql)};
    buf_release(&sql);
    if (step == NULL || step->sql == NULL)
        return no_memory(err);
    f->desks[table].left[kind]++;
    f->left++;
    return true;
}

/* Whether something is in its place already: somebody was interrupted behind that. */
static bool is_back(struct run *run, const struct target_hold *hold, bool *out, hg_error *err)
{
    hg_value params[] = {hg_text(hold->table), hg_text(hold->name)};
    int64_t found = 0;

    if (!ask_integer(
            run->to,
            hold->kind == HOLD_INDEX
                ? "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                  "JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = "
                  "t.relnamespace WHERE n.nspname = current_schema() AND t.relname = $1 "
                  "AND quote_ident(c.relname) IN ($2, quote_ident($2)) AND i.indisvalid"
                : "SELECT count(*) FROM pg_constraint k JOIN pg_class t ON t.oid = "
                  "k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace WHERE "
                  "n.nspname = current_schema() AND t.relname = $1 AND "
                  "quote_ident(k.conname) IN ($2, quote_ident($2))",
            params, 2, copy_soon(), &found, err))
        return false;
    *out = found > 0;
    return true;
}

static bool plan_foreign_key(struct finish *f, const struct target_hold *hold, bool back,
                             hg_error *err)
{
    const struct target_db *target = &f->run->target;
    size_t table = target_number(target, hold->table), other = target_number(target, hold->other);

    if (!back && hold->valid && bytes_of(f->run, table) < SMALL_BYTES)
        return add_step(f, STEP_ADD, table, other, err, "%.*s",
                        (int)(strlen(hold->put_back) - strlen(" NOT VALID")), hold->put_back);
    if (!back && !add_step(f, STEP_ADD, table, other, err, "%s", hold->put_back))
        return false;
    return !hold->valid
           || add_step(f, STEP_VALIDATE, table, table, err, "ALTER TABLE %s VALIDATE CONSTRAINT %s",
                       target->tables[table].sql_name, hold->name);
}

static bool plan_hold(struct finish *f, const struct target_hold *hold, hg_error *err)
{
    static const enum step_kind steps[] = {
        [HOLD_TRIGGER] = STEP_TRIGGER, [HOLD_INDEX] = STEP_INDEX, [HOLD_KEY] = STEP_KEY};
    size_t table = target_number(&f->run->target, hold->table);
    bool back = false;

    if (hold->kind == HOLD_TABLE || table == f->run->target.table_count)
        return true;
    if (f->run->result->resumed && hold->kind != HOLD_TRIGGER && !is_back(f->run, hold, &back, err))
        return false;
    if (hold->kind == HOLD_FOREIGN_KEY)
        return plan_foreign_key(f, hold, back, err);
    if (!back && hold->kind != HOLD_TRIGGER && bytes_of(f->run, table) < SMALL_BYTES) {
        buf_printf(&f->scripts[table], "%s;", hold->put_back);
        return true;
    }
    return back || add_step(f, steps[hold->kind], table, table, err, "%s", hold->put_back);
}

static int compare_steps(const void *left, const void *right)
{
    const struct step *a = left, *b = right;

    if (a->bytes != b->bytes)
        return a->bytes > b->bytes ? -1 : 1;
    return (int)a->kind - (int)b->kind;
}

static bool plan(struct finish *f, hg_error *err)
{
    struct run *run = f->run;

    for (size_t i = 0; i < run->target.hold_count; i++)
        if (!plan_hold(f, &run->target.holds[i], err))
            return false;
    for (size_t i = 0; i < run->mapping.table_count; i++) {
        size_t table = target_number(&run->target, run->mapping.tables[i].target->name);

        run->advances[i].unanalyzed = bytes_of(run, table) >= SMALL_BYTES;
        if (buf_failed(&f->scripts[table]))
            return no_memory(err);
        if (!run->advances[i].unanalyzed
            && !add_step(f, STEP_KEY, table, table, err, "%sANALYZE %s", f->scripts[table].bytes,
                         run->mapping.tables[i].target->sql_name))
            return false;
    }
    if (f->steps.count > 1)
        qsort(f->steps.items, f->steps.count, sizeof *f->steps.items, compare_steps);
    return true;
}

/* --- carrying them out --- */

/* Whether a table is free for a step of this kind, and what it stands on is there. */
static bool is_free(const struct finish *f, size_t table, enum step_kind kind, bool its_own)
{
    const struct desk *desk = &f->desks[table];
    enum step_kind until = its_own ? kind : kind < STEP_ADD ? kind : STEP_ADD;

    for (int before = STEP_INDEX; before < (int)until; before++)
        if (desk->left[before] > 0)
            return false;
    return desk->running == 0 || (kind == STEP_INDEX && desk->what == STEP_INDEX);
}

static bool is_ready(const struct finish *f, const struct step *step)
{
    return !step->begun && is_free(f, step->table, step->kind, true)
           && (step->other == step->table || is_free(f, step->other, step->kind, false));
}

static void begin(struct finish *f, struct step *step)
{
    step->begun = true;
    f->desks[step->table].running++;
    f->desks[step->table].what = step->kind;
    if (step->other != step->table) {
        f->desks[step->other].running++;
        f->desks[step->other].what = step->kind;
    }
}

static enum crew_said next_step(void *context, struct hand *hand, void **out_task)
{
    struct finish *f = context;

    (void)hand;
    while (f->first < f->steps.count && f->steps.items[f->first].begun)
        f->first++;
    for (size_t i = f->first; i < f->steps.count; i++)
        if (is_ready(f, &f->steps.items[i])) {
            *out_task = &f->steps.items[i];
            begin(f, *out_task);
            return CREW_TASK;
        }
    return f->left == 0 ? CREW_OVER : CREW_WAIT;
}

static bool run_step(void *context, struct hand *hand, void *task, hg_error *err)
{
    const struct finish *f = context;
    const struct step *step = task;

    if (bulk_script(hand->target, step->sql, hg_deadline_never(), err))
        return true;
    hg_error_context(err, "table \"%s\"", f->run->target.tables[step->table].name);
    if (step->kind == STEP_VALIDATE && err->code == HG_CONSTRAINT)
        hg_error_hint(err, "A dry run lists the rows that refer to nothing. Delete or mend them in "
                           "the source, then copy again with --resume.");
    return false;
}

static void step_done(void *context, struct hand *hand, void *task)
{
    struct finish *f = context;
    const struct step *step = task;

    (void)hand;
    f->desks[step->table].running--;
    f->desks[step->table].left[step->kind]--;
    if (step->other != step->table)
        f->desks[step->other].running--;
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
static void put_sequence(struct buf *out, const struct table *table, const struct column *column)
{
    struct buf sequence = BUF_INIT(1 << 16);

    literal_put(&sequence, column->target->sequence);
    buf_printf(out, "SELECT setval(%s::regclass, greatest(m, 1), m > 0) FROM (SELECT greatest(max(",
               sequence.bytes);
    name_put(out, column->target->name);
    buf_printf(out, ")::bigint, %lld, pg_sequence_last_value(%s::regclass)) AS m FROM %s) t;",
               (long long)table->source->sequence, sequence.bytes, table->target->sql_name);
    buf_release(&sequence);
}

bool finish_sequences(struct run *run, hg_error *err)
{
    struct buf sql = BUF_INIT(64 << 20);
    bool ok;

    run->result->sequences_reset = 0;
    for (size_t i = 0; i < run->mapping.table_count; i++)
        for (size_t j = 0; j < run->mapping.tables[i].column_count; j++) {
            const struct column *column = &run->mapping.tables[i].columns[j];

            if (column->target->sequence == NULL)
                continue;
            put_sequence(&sql, &run->mapping.tables[i], column);
            run->result->sequences_reset++;
        }
    ok = buf_failed(&sql) ? no_memory(err)
                          : bulk_script(run->to, sql.bytes, hg_deadline_never(), err);
    buf_release(&sql);
    if (!ok)
        hg_error_context(err, "sequences");
    return ok;
}

static bool prepare(struct finish *f, hg_error *err)
{
    size_t count = f->run->target.table_count;

    f->desks = alloc_zero(count + 1, sizeof *f->desks);
    f->scripts = alloc_zero(count + 1, sizeof *f->scripts);
    for (size_t i = 0; f->scripts != NULL && i < count; i++)
        f->scripts[i] = (struct buf)BUF_INIT(64 << 20);
    return (f->desks != NULL && f->scripts != NULL) || no_memory(err);
}

static void release(struct finish *f)
{
    struct step *step;

    VEC_EACH (&f->steps, step)
        alloc_free(step->sql);
    VEC_RELEASE(&f->steps);
    for (size_t i = 0; f->scripts != NULL && i < f->run->target.table_count; i++)
        buf_release(&f->scripts[i]);
    alloc_free(f->scripts);
    alloc_free(f->desks);
}

bool finish_tables(struct run *run, hg_error *err)
{
    struct finish f = {.run = run};
    const struct crew_work work = {&f, next_step, run_step, step_done, report};
    bool ok = prepare(&f, err) && plan(&f, err) && crew_run(&run->crew, &work, err)
              && finish_sequences(run, err);

    release(&f);
    return ok;
}
