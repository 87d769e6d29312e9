/*
 * rehearse.c - each pending migration goes up, down and up again on a copy; what differs is
 * told. One by one: when all are rolled back at once, what one of them leaves may go with another.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/vec.h"
#include "run.h"
#include "schema/read.h"
#include "stage.h"

enum { SETUP_MS = 10 * 60 * 1000 };

struct rehearsal {
    hg_rehearsal public; /* comes first */
    struct arena arena;
    VEC(hg_rehearsal_difference) differences;
};

struct rehearser {
    const hg_migrate_options *options;
    const hg_observer *observer;
    struct rehearsal *out;
    struct prepared *home; /* files and ledger of the database itself, and what is pending */
    struct stage stage;
    const char *revision; /* the migration that is on its way */
    struct model *before, *up, *down, *again;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not rehearse: out of memory");
}

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(SETUP_MS);
}

/* --- what differs --- */

static const char *place_of(struct rehearser *r, const struct object *o)
{
    return arena_printf(&r->out->arena, "%s %s%s%s%s%s", object_kind_name(o->kind), o->schema,
                        o->schema[0] == '\0' ? "" : ".", o->table, o->table[0] == '\0' ? "" : ".",
                        o->name);
}

static bool note(struct rehearser *r, bool second_up, const char *what, hg_error *err)
{
    hg_rehearsal_difference *difference = VEC_PUSH(&r->out->differences);

    if (difference == NULL || what == NULL)
        return no_memory(err);
    *difference = (hg_rehearsal_difference){r->revision, second_up, what};
    return true;
}

static bool note_facts(struct rehearser *r, bool second_up, const struct object *was,
                       const struct object *is, hg_error *err)
{
    for (int f = 0; f < FACTS_COMPARED; f++) {
        const char *a = was->facts[f], *b = is->facts[f];
        const char *place;

        if (a == b || (a != NULL && b != NULL && strcmp(a, b) == 0))
            continue;
        place = place_of(r, was);
        if (place == NULL
            || !note(r, second_up,
                     arena_printf(&r->out->arena, "%s: %s is %s, not %s", place,
                                  fact_name((enum fact)f), b == NULL ? "not set" : b,
                                  a == NULL ? "unset" : a),
                     err))
            return no_memory(err);
    }
    return true;
}

static bool note_object(struct rehearser *r, bool second_up, const struct object *o,
                        const char *how, hg_error *err)
{
    const char *place = place_of(r, o);

    return place != NULL
               ? note(r, second_up, arena_printf(&r->out->arena, "%s %s", place, how), err)
               : no_memory(err);
}

/* Both are sorted: one walk finds what is gone, what is left over and what changed. */
static bool compare(struct rehearser *r, bool second_up, const struct model *was,
                    const struct model *is, hg_error *err)
{
    size_t i = 0, k = 0;
    bool ok = true;

    if (strcmp(was->fingerprint, is->fingerprint) == 0)
        return true;
    while (ok && (i < was->count || k < is->count)) {
        int order = i == was->count  ? 1
                    : k == is->count ? -1
                                     : object_compare(&was->objects[i], &is->objects[k]);

        if (order == 0 && !object_same(&was->objects[i], &is->objects[k]))
            ok = note_facts(r, second_up, &was->objects[i], &is->objects[k], err);
        else if (order < 0)
            ok = note_object(r, second_up, &was->objects[i], "is gone", err);
        else if (order > 0)
            ok = note_object(r, second_up, &is->objects[k], "is left over", err);
        i += order <= 0;
        k += order >= 0;
    }
    return ok;
}

/* --- runs on the copy --- */

static bool look(struct rehearser *r, struct model **out, hg_error *err)
{
    hg_conn *conn = NULL;
    bool ok = hg_pool_checkout(r->stage.pool, "rehearsal", soon(), &conn, err)
              && schema_read(conn, NULL, soon(), out, err);

    if (conn != NULL)
        hg_pool_return(r->stage.pool, conn);
    return ok;
}

static bool run_on_stage(struct rehearser *r, hg_migrate_kind kind, const char *target,
                         const hg_observer *observer, double *ms, hg_error *err)
{
    hg_migrate_options options = *r->options;
    hg_run_result result;
    int64_t begun = clock_now_ns();
    bool ok;

    options.kind = kind;
    options.target = target;
    options.plan_id = NULL;
    options.production = false; /* nobody else is there */
    options.lock_timeout_ms = -1;
    options.deadline_ms = 0;
    options.safety_copy = false;
    ok = hg_migrate_run(r->stage.pool, &options, observer, &result, err);
    *ms = (*ms < 0 ? 0 : *ms) + clock_since_ms(begun);
    hg_run_result_release(&result);
    return ok;
}

/* PostgreSQL: the scratch database is brought to where the real one is, quietly. */
static bool replay(struct rehearser *r, hg_error *err)
{
    const struct project *project = &r->home->project;
    const hg_observer quiet = {.cancelled = r->observer == NULL ? NULL : r->observer->cancelled,
                               .context = r->observer == NULL ? NULL : r->observer->context};

    for (size_t i = 0; r->stage.scratch != NULL && i < project->graph.count; i++) {
        size_t node = project->graph.order[i];
        double ms = 0;

        r->out->public.replayed += project->applied[node];
        if (!project->current[node])
            continue;
        if (!run_on_stage(r, HG_MIGRATE_UP, prepared_revision(r->home, node), &quiet, &ms, err)) {
            hg_error_context(err, "could not bring the scratch database to where the database is");
            return false;
        }
    }
    return true;
}

static bool look_again(struct rehearser *r, struct model **slot, hg_error *err)
{
    model_free(*slot);
    *slot = NULL;
    return look(r, slot, err);
}

static bool note_irreversible(struct rehearser *r, hg_error *err)
{
    const char *before = r->out->public.irreversible;

    r->out->public.irreversible =
        arena_printf(&r->out->arena, "%s%s%s", before, before[0] == '\0' ? "" : ", ", r->revision);
    return r->out->public.irreversible != NULL || no_memory(err);
}

static bool up(struct rehearser *r, double *ms, hg_error *err)
{
    return run_on_stage(r, HG_MIGRATE_UP, r->revision, r->observer, ms, err);
}

static bool back_and_again(struct rehearser *r, hg_error *err)
{
    hg_rehearsal *out = &r->out->public;

    return run_on_stage(r, HG_MIGRATE_DOWN, "-1", r->observer, &out->down_ms, err)
           && look_again(r, &r->down, err) && compare(r, false, r->before, r->down, err)
           && up(r, &out->up_again_ms, err) && look_again(r, &r->again, err)
           && compare(r, true, r->up, r->again, err);
}

static bool rehearse_step(struct rehearser *r, size_t node, hg_error *err)
{
    const struct prepared *p = r->home;

    r->revision = arena_text(&r->out->arena, prepared_revision(p, node));
    if (r->revision == NULL)
        return no_memory(err);
    if (!look_again(r, &r->before, err) || !up(r, &r->out->public.up_ms, err)
        || !look_again(r, &r->up, err))
        return false;
    r->out->public.migrations++;
    if (node < p->folder.count && p->folder.files[node].down.irreversible)
        return note_irreversible(r, err);
    return back_and_again(r, err);
}

static bool rehearse(struct rehearser *r, hg_error *err)
{
    const struct plan *plan = &r->home->decided;
    bool ok = replay(r, err);

    for (size_t i = 0; ok && i < plan->step_count; i++)
        ok = rehearse_step(r, plan->steps[i].node, err);
    return ok;
}

/* --- all of it --- */

static bool prepare(struct rehearser *r, hg_pool *pool, hg_error *err)
{
    hg_conn *conn = NULL;
    bool ok;

    r->out = alloc_zero(1, sizeof *r->out);
    if (r->out == NULL)
        return no_memory(err);
    r->out->public = (hg_rehearsal){
        .place = "", .irreversible = "", .up_ms = -1, .down_ms = -1, .up_again_ms = -1};
    ok = hg_pool_checkout(pool, "rehearsal", soon(), &conn, err)
         && prepare_decide(conn, r->options, NULL, soon(), &r->home, err);
    if (conn != NULL)
        hg_pool_return(pool, conn);
    return ok;
}

static bool stage_and_rehearse(struct rehearser *r, hg_pool *pool, hg_error *err)
{
    if (r->home->decided.step_count == 0)
        return true;
    if (!staging_open(pool, soon(), &r->stage, err))
        return false;
    r->out->public.place = arena_text(&r->out->arena, r->stage.name);
    return r->out->public.place == NULL ? no_memory(err) : rehearse(r, err);
}

bool hg_rehearse(hg_pool *pool, const hg_migrate_options *options, const hg_observer *observer,
                 hg_rehearsal **out_rehearsal, hg_error *err)
{
    struct rehearser r = {.options = options, .observer = observer};
    hg_error unheard;
    bool ok;

    err = err == NULL ? &unheard : err;
    ok = prepare(&r, pool, err) && stage_and_rehearse(&r, pool, err);
    model_free(r.before);
    model_free(r.up);
    model_free(r.down);
    model_free(r.again);
    staging_close(&r.stage);
    prepare_free(r.home);
    if (ok) {
        r.out->public.differences = r.out->differences.items;
        r.out->public.difference_count = r.out->differences.count;
        *out_rehearsal = &r.out->public;
    } else {
        hg_rehearsal_free(r.out == NULL ? NULL : &r.out->public);
    }
    return ok;
}

void hg_rehearsal_free(hg_rehearsal *rehearsal)
{
    struct rehearsal *whole = (struct rehearsal *)rehearsal;

    if (whole == NULL)
        return;
    VEC_RELEASE(&whole->differences);
    arena_release(&whole->arena);
    alloc_free(whole);
}
