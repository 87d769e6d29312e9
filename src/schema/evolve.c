/*
 * evolve.c - steps from one schema to another and back, proven.
 *
 * PostgreSQL words an expression anew when it reads its own text, so texts are compared between two
 * databases that can both be asked. Up is therefore tried in a transaction of `from`, which is
 * rolled back; down in `to`, whose result is compared with `from`. Where values of enums have to be
 * committed on the way, `from` cannot go back, and the first schema is known as a model alone; so
 * it is on SQLite, where a text is kept as it was written.
 */
#include "evolve.h"

#include <assert.h>
#include <string.h>

enum { TOLD_LIMIT = 1 << 20, TOLD_SHORT = 300, LOOK_EVERY = 20 };

struct evolver {
    struct arena *arena;
    struct side *from, *to;
    const struct evolve_names *names;
    struct evolution *out;
    struct renames renames;
    struct model **states; /* before each step, and behind the last one */
    size_t room;           /* for steps */
    bool committed;        /* `from` stays as the steps leave it */
    bool altering;         /* columns of tables that stay have been changed */
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not write a migration: out of memory");
}

/* Takes the model that was read last from its side. */
static struct model *take_model(struct side *side)
{
    struct model *model = side->model;

    side->model = NULL;
    return model;
}

/* --- steps --- */

static enum write_phase phase_of(enum evolve_kind kind)
{
    static const enum write_phase phases[] = {PHASE_MAIN, PHASE_BEFORE, PHASE_MAIN, PHASE_AFTER};

    return phases[kind];
}

/* Those statements of `all` that belong to one phase: they stand together. */
static struct written part_of(const struct written *all, enum write_phase phase)
{
    struct written part = {.rebuilds = all->rebuilds && phase == PHASE_MAIN,
                           .statements = all->statements};

    for (int before = 0; before < (int)phase; before++)
        part.statements += all->of_phase[before];
    part.count = all->of_phase[phase];
    part.of_phase[phase] = part.count;
    return part;
}

/* Room for so many steps, and for the states between them. */
static bool make_room(struct evolver *e, size_t steps, hg_error *err)
{
    struct evolve_step *more = arena_alloc(e->arena, steps, sizeof *more);
    struct model **states = arena_alloc(e->arena, steps + 1, sizeof *states);

    if (more == NULL || states == NULL)
        return no_memory(err);
    if (e->room > 0) {
        memcpy(more, e->out->steps, e->room * sizeof *more);
        memcpy(states, e->states, (e->room + 1) * sizeof *states);
    }
    e->out->steps = more;
    e->states = states;
    e->room = steps;
    return true;
}

static bool write_up(struct evolver *e, const struct diff *diff, hg_error *err)
{
    struct evolution *out = e->out;
    struct written all;

    if (!write_changes(e->arena, e->from->model, e->to->model, diff, WRITE_ONLINE, &all, err)
        || !make_room(e, EVOLVE_KINDS + all.of_phase[PHASE_MAIN] / LOOK_EVERY, err))
        return false;
    out->impossible = all.impossible;
    out->impossible_count = all.impossible_count;
    for (int kind = EVOLVE_VALUES; kind < EVOLVE_KINDS; kind++)
        if (all.of_phase[phase_of((enum evolve_kind)kind)] > 0)
            out->steps[out->step_count++] =
                (struct evolve_step){.kind = (enum evolve_kind)kind,
                                     .up = part_of(&all, phase_of((enum evolve_kind)kind))};
    return true;
}

static bool write_down(struct evolver *e, size_t k, hg_error *err)
{
    enum evolve_kind kind = e->out->steps[k].kind;
    enum write_mode mode = kind == EVOLVE_VALUES ? WRITE_TRANSACTION : WRITE_ONLINE;
    struct diff diff;

    if (kind == EVOLVE_RENAMES)
        return true; /* written with its way up */
    return (diff_make(e->arena, e->states[k + 1], e->states[k], e->from->read.privileges, &diff)
            || no_memory(err))
           && write_changes(e->arena, e->states[k + 1], e->states[k], &diff, mode,
                            &e->out->steps[k].down, err);
}

/* --- what differs after all --- */

/* What the steps left alone, and said so. */
static bool is_expected(const struct change *change)
{
    const struct object *object = change->to == NULL ? change->from : change->to;

    return object->kind == OBJECT_OTHER;
}

static bool expect_none(const struct diff *diff, bool wording_counts, const char *when,
                        hg_error *err)
{
    struct buf told = BUF_INIT(TOLD_LIMIT);
    bool ok;

    for (size_t i = 0; i < diff->count; i++) {
        const struct change *change = &diff->changes[i];
        bool wording = change->verb == CHANGE_ALTER && change->wording == change->facts;

        if (!is_expected(change) && (wording_counts || !wording))
            change_tell(change, &told);
    }
    ok = told.size == 0;
    if (!ok) {
        hg_fail(err, HG_FAILED,
                "the migration cannot be written: %s, this would still differ: %.*s", when,
                TOLD_SHORT, buf_failed(&told) ? "" : told.bytes);
        hg_error_hint(err, "Write this change by hand with headgate rev; headgate schema diff "
                           "shows the statements as far as they are known.");
    }
    buf_release(&told);
    return ok;
}

static bool compare_sides(struct evolver *e, const char *when, hg_error *err)
{
    struct diff diff;

    return sides_compare(e->arena, e->from, true, e->to, true, &diff, err)
           && expect_none(&diff, true, when, err);
}

static bool compare_models(struct evolver *e, const struct model *is, const struct model *wanted,
                           const char *when, hg_error *err)
{
    struct diff diff;

    return (diff_make(e->arena, is, wanted, e->from->read.privileges, &diff) || no_memory(err))
           && expect_none(&diff, is->driver == HG_SQLITE, when, err);
}

/* --- up --- */

static bool fails_to_run(const struct evolve_step *step, bool up, hg_error *err)
{
    static const char *const names[] = {"names", "values of enums", "its transaction",
                                        "what comes after"};

    hg_error_context(err, "the migration cannot be written: %s, %s", up ? "up" : "down",
                     names[step->kind]);
    if (strcmp(err->sqlstate, "53200") == 0) {
        err->hint[0] = '\0'; /* the server's names the setting, and not what it is for */
        hg_error_hint(err, "A transaction keeps a lock for every table, index and sequence that it "
                           "touches. Raise max_locks_per_transaction on the server where it is "
                           "tried, and where it will run, or get there in several migrations.");
    }
    return false;
}

/* --- parts of a step --- */

/* Whether the transaction holds half the locks that a server has room for. */
static bool holds_many(struct side *side, bool *out_many, hg_error *err)
{
    static const char sql[] = "SELECT (2 * (SELECT count(*) FROM pg_catalog.pg_locks AS l"
                              "  WHERE l.pid = pg_catalog.pg_backend_pid())"
                              " > least(64 * 100, current_setting('max_locks_per_transaction')::int"
                              "   * (current_setting('max_connections')::int"
                              "      + current_setting('max_prepared_transactions')::int)))::int";
    hg_rows *rows = NULL;
    bool ok = hg_conn_query(side->conn, sql, NULL, 0, side->by, &rows, err)
              && hg_rows_next(rows, side->by, err) == HG_ROW;

    if (ok)
        *out_many = hg_rows_integer(rows, 0) > 0;
    hg_rows_close(rows);
    return ok;
}

static struct written some_of(const struct written *all, size_t from, size_t to)
{
    return (struct written){.statements = all->statements + from,
                            .count = to - from,
                            .of_phase = {[PHASE_MAIN] = to - from}};
}

/* Makes two steps of one, behind its first `count` statements. */
static void cut_step(struct evolver *e, size_t k, size_t count)
{
    struct evolution *out = e->out;
    struct evolve_step *step = &out->steps[k];
    struct evolve_step rest = {.kind = step->kind,
                               .part = step->part == 0 ? 2 : step->part + 1,
                               .up = some_of(&step->up, count, step->up.count)};

    assert(out->step_count < e->room);
    step->part = rest.part - 1;
    step->up = some_of(&step->up, 0, count);
    memmove(step + 2, step + 1, (out->step_count - k - 1) * sizeof *step);
    step[1] = rest;
    out->step_count++;
}

/*
 * Runs as much of it as one transaction should hold; what is left becomes the next step, and what
 * was run stays. A column that is half changed is no place to stop: a sequence that the server has
 * named on the way up would have another name on the way down.
 */
static bool run_main(struct evolver *e, size_t k, hg_error *err)
{
    struct evolve_step *step = &e->out->steps[k];
    bool many = false;

    for (size_t i = 0; !many && i < step->up.count; i++) {
        e->altering = e->altering || strstr(step->up.statements[i].sql, " ALTER COLUMN ") != NULL;
        if (!e->altering && i > 0 && i % LOOK_EVERY == 0 && !holds_many(e->from, &many, err))
            return false;
        if (many)
            cut_step(e, k, i);
        else if (!side_run_statement(e->from, &step->up.statements[i], err))
            return false;
    }
    if (step->part == 0)
        return true;
    e->committed = true;
    return hg_conn_commit(e->from->conn, e->from->by, err);
}

/* Runs a step where it can be taken back, if it can. */
static bool climb(struct evolver *e, size_t k, hg_error *err)
{
    struct evolve_step *step = &e->out->steps[k];
    bool postgres = e->from->model->driver == HG_POSTGRESQL;

    if (postgres && step->kind == EVOLVE_VALUES) {
        e->committed = true;
        if (hg_conn_in_transaction(e->from->conn)
            && !hg_conn_commit(e->from->conn, e->from->by, err))
            return false;
    } else if (postgres && !hg_conn_in_transaction(e->from->conn)
               && !hg_conn_begin(e->from->conn, e->from->by, err)) {
        return false;
    }
    e->states[k] = take_model(e->from);
    return ((postgres && step->kind == EVOLVE_MAIN ? run_main(e, k, err)
                                                   : side_run(e->from, &step->up, err))
            || fails_to_run(step, true, err))
           && side_read(e->from, err);
}

static bool prove_up(struct evolver *e, hg_error *err)
{
    struct evolution *out = e->out;
    bool postgres = e->from->model->driver == HG_POSTGRESQL, ok = true;

    for (size_t k = e->renames.items.count > 0; ok && k < out->step_count; k++)
        ok = climb(e, k, err);
    ok = ok
         && (postgres ? compare_sides(e, "after going up", err)
                      : compare_models(e, e->from->model, e->to->model, "after going up", err));
    if (!ok)
        return false;
    if (e->from->second && !side_read(e->from, err))
        return false;
    e->states[out->step_count] = take_model(e->from);
    return !hg_conn_in_transaction(e->from->conn)
           || hg_conn_rollback(e->from->conn, e->from->by, err);
}

/* --- down --- */

/* What was rolled back is as it was when it was read first. */
static void give_model_back(struct evolver *e)
{
    e->from->model = e->states[0];
    e->states[0] = NULL;
}

static bool prove_down(struct evolver *e, hg_error *err)
{
    struct side *place = e->to->model->driver == HG_POSTGRESQL ? e->to : e->from;

    for (size_t k = e->out->step_count; k-- > 0;) {
        struct evolve_step *step = &e->out->steps[k];

        if (!write_down(e, k, err))
            return false;
        if (!side_run(place, &step->down, err))
            return fails_to_run(step, false, err);
    }
    if (!side_read(place, err))
        return false;
    if (e->committed)
        return compare_models(e, place->model, e->states[0], "after coming down again", err);
    give_model_back(e);
    return compare_sides(e, "after coming down again", err);
}

/* --- names --- */

static bool no_answer(const struct rename_question *question, hg_error *err)
{
    const struct object *gone = question->gone, *new = question->new;
    const char *kind = object_kind_name(gone->kind);
    struct buf name = BUF_INIT(TOLD_LIMIT);

    object_tell(gone, &name);
    hg_fail(err, HG_USAGE,
            "%s \"%s\" is gone and %s \"%s\" is new: was it renamed, with all that is in it, or is "
            "it another one?",
            kind, buf_failed(&name) ? gone->name : name.bytes, kind, new->name);
    hg_error_hint(err,
                  "Say --rename %s=%s when it was renamed, --rename %s= when it was not; or write "
                  "-- @renamed from=%s behind it in the schema file.",
                  name.bytes, new->name, name.bytes, gone->name);
    buf_release(&name);
    return false;
}

/* Notes an answer as if it had been said before. */
static bool note_answer(struct evolver *e, const struct rename_question *question, bool same,
                        hg_error *err)
{
    struct hint *hint = VEC_PUSH(&e->names->hints->items);
    const struct object *gone = question->gone;

    if (hint == NULL)
        return no_memory(err);
    *hint = (struct hint){.kind = gone->kind,
                          .schema = arena_text(e->arena, gone->schema),
                          .owner = arena_text(e->arena, gone->table),
                          .name = arena_text(e->arena, question->new->name),
                          .old = arena_text(e->arena, gone->name),
                          .denied = !same};
    return (hint->schema != NULL && hint->owner != NULL && hint->name != NULL && hint->old != NULL)
           || no_memory(err);
}

static struct written as_written(struct evolver *e, size_t from, bool up)
{
    size_t count = e->renames.items.count - from;
    struct written written = {.statements =
                                  arena_alloc(e->arena, count + 1, sizeof *written.statements),
                              .count = count,
                              .of_phase = {[PHASE_MAIN] = count}};

    for (size_t i = 0; written.statements != NULL && i < count; i++) {
        const struct rename *rename = &e->renames.items.items[up ? from + i : from + count - 1 - i];

        written.statements[i] =
            (struct written_statement){.sql = up ? rename->up : rename->down, .phase = PHASE_MAIN};
    }
    return written;
}

/* Carries out what was found beyond the first `from` renames. */
static bool rename_more(struct evolver *e, size_t from, hg_error *err)
{
    struct written written;

    if (e->renames.items.count == from)
        return true;
    written = as_written(e, from, true);
    if (written.statements == NULL)
        return no_memory(err);
    if (e->from->model->driver == HG_POSTGRESQL && !hg_conn_in_transaction(e->from->conn)
        && !hg_conn_begin(e->from->conn, e->from->by, err))
        return false;
    if (e->states[0] == NULL)
        e->states[0] = take_model(e->from);
    return side_run(e->from, &written, err) && side_read(e->from, err);
}

static bool rename_hinted(struct evolver *e, hg_error *err)
{
    size_t from = e->renames.items.count;

    return (renames_hinted(e->arena, e->from->model, e->to->model, e->names->hints, &e->renames)
            || no_memory(err))
           && rename_more(e, from, err);
}

static bool ask_for_names(struct evolver *e, hg_error *err)
{
    struct rename_question question;

    while (renames_question(e->from->model, e->to->model, e->names->hints, &question)) {
        bool same;

        if (e->names->ask == NULL)
            return no_answer(&question, err);
        same = e->names->ask(e->names->context, &question);
        if (!note_answer(e, &question, same, err) || (same && !rename_hinted(e, err)))
            return false;
    }
    return true;
}

static bool rename_obvious(struct evolver *e, hg_error *err)
{
    size_t from = e->renames.items.count;

    return e->from->model->driver != HG_POSTGRESQL
           || ((renames_obvious(e->arena, e->from->model, e->to->model, &e->renames)
                || no_memory(err))
               && rename_more(e, from, err));
}

/* What is renamed is renamed first of all; then the rest is looked for. */
static bool find_names(struct evolver *e, hg_error *err)
{
    struct evolve_step *step;

    if (!rename_hinted(e, err) || !ask_for_names(e, err) || !rename_obvious(e, err))
        return false;
    if (e->renames.items.count == 0)
        return true;
    e->out->step_count = 1;
    step = &e->out->steps[0];
    *step = (struct evolve_step){
        .kind = EVOLVE_RENAMES, .up = as_written(e, 0, true), .down = as_written(e, 0, false)};
    return (step->up.statements != NULL && step->down.statements != NULL) || no_memory(err);
}

/* --- all of it --- */

/* Renames and the other changes as one list. */
static bool publish(struct evolver *e, const struct diff *diff, hg_error *err)
{
    struct evolution *out = e->out;
    size_t renames = e->renames.items.count, count;
    hg_schema_change *changes;

    if (!diff_publish(e->arena, diff, &changes, &count))
        return no_memory(err);
    out->changes = arena_alloc(e->arena, renames + count + 1, sizeof *out->changes);
    if (out->changes == NULL)
        return no_memory(err);
    for (size_t i = 0; i < renames; i++) {
        const struct rename *rename = &e->renames.items.items[i];

        out->changes[i] = (hg_schema_change){.verb = HG_SCHEMA_RENAME,
                                             .kind = object_kind_name(rename->kind),
                                             .object = rename->object,
                                             .what = arena_printf(e->arena, "was %s", rename->old)};
        if (out->changes[i].what == NULL)
            return no_memory(err);
    }
    for (size_t i = 0; i < count; i++)
        out->changes[renames + i] = changes[i];
    out->change_count = renames + count;
    return true;
}

static bool find_changes(struct evolver *e, hg_error *err)
{
    struct diff diff;

    return sides_compare(e->arena, e->from, true, e->to, true, &diff, err) && publish(e, &diff, err)
           && (diff.count == 0 || write_up(e, &diff, err));
}

bool evolve(struct arena *arena, struct side *from, struct side *to,
            const struct evolve_names *names, struct evolution *out, hg_error *err)
{
    struct evolver e = {.arena = arena,
                        .from = from,
                        .to = to,
                        .names = names,
                        .out = out,
                        .committed = from->model->driver != HG_POSTGRESQL};
    bool ok;

    *out = (struct evolution){0};
    ok = make_room(&e, EVOLVE_KINDS, err) && find_names(&e, err) && find_changes(&e, err);
    if (ok && out->step_count > 0)
        ok = (!from->second || side_read(from, err)) && prove_up(&e, err) && prove_down(&e, err);
    for (size_t k = 0; e.states != NULL && k <= e.room; k++)
        model_free(e.states[k]);
    VEC_RELEASE(&e.renames.items);
    return ok;
}
