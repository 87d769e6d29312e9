/*
 * action_target.c - what a cutover does to the PostgreSQL database apart from filling it: look,
 * migrate, fence, unfence.
 */
#include <headgate/checks.h>
#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "fence.h"
#include "mirror.h"
#include "world.h"

enum { PROOF_MS = 15000 };

/* --- preflight --- */

/* The checks of a step's argument "only", an array of texts; NULL-terminated, at most 32. */
static size_t wanted_checks(const struct step *step, const char *const fallback[],
                            const char *out[33])
{
    const json_t *list = json_object_get(step->arguments, "only");
    size_t n = 0;

    for (size_t i = 0; n < 32 && i < json_array_size(list); i++)
        out[n++] = json_string_value(json_array_get(list, i));
    for (size_t i = 0; list == NULL && fallback[i] != NULL; i++)
        out[n++] = fallback[i];
    out[n] = NULL;
    return n;
}

static json_t *result_facts(const hg_check_result *r)
{
    return json_pack("{s:s, s:s, s:s}", "id", r->id, "status", hg_status_name(r->status),
                     "observed", r->observed);
}

/* The first check that fails refuses the step; what only warns is written down. */
static bool judge(const hg_smoke *smoke, json_t *facts, hg_error *err)
{
    json_t *findings = json_array();
    bool ok = true;

    for (size_t i = 0; i < smoke->check_count; i++) {
        const hg_check_result *r = &smoke->checks[i];

        if (r->status == HG_PASS || r->status == HG_SKIP || r->muted)
            continue;
        json_array_append_new(findings, result_facts(r));
        if (!ok || r->status != HG_FAIL)
            continue;
        ok = hg_fail(err, HG_FAILED, "the check %s fails: %s", r->id, r->observed);
        hg_error_hint(err, "%s", r->hint);
    }
    json_object_set_new(facts, "checks", json_integer((json_int_t)smoke->check_count));
    json_object_set_new(facts, "findings", findings);
    return ok;
}

static bool run_checks(struct world *w, const struct step *step, const char *const fallback[],
                       json_t *facts, hg_error *err)
{
    const char *only[33];
    const hg_smoke_options options = {
        .only = only,
        .only_count = wanted_checks(step, fallback, only),
        .checks_dir = hg_settings_checks_dir(w->target_settings),
    };
    const hg_observer observer = world_observer(w);
    hg_smoke *smoke = NULL;
    bool ok = hg_smoke_run(w->target_settings, w->target, &options, hg_deadline_in_ms(PROOF_MS),
                           &observer, &smoke, err)
              && judge(smoke, facts, err);

    hg_smoke_free(smoke);
    return ok;
}

bool preflight_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    static const char *const checks[] = {"db.connect", "db.round_trip", "server", "capacity", NULL};
    struct world *w = world;
    struct fence_state fence;

    return fence_read(w->target, world_role(w, step), world_soon(), &fence, err)
           && run_checks(w, step, checks, facts, err);
}

bool smoke_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    static const char *const checks[] = {"db.connect", "migrate", "schema", "rights", NULL};

    return run_checks(world, step, checks, facts, err);
}

/* --- schema --- */

static hg_migrate_options migrations(const struct world *w)
{
    hg_migrate_options options =
        hg_migrate_options_default(hg_settings_migrations_dir(w->target_settings));

    options.production = hg_settings_production(w->target_settings);
    return options;
}

enum probe schema_probe(void *world, const struct step *step, hg_error *err)
{
    struct world *w = world;
    const hg_migrate_options options = migrations(w);
    hg_plan *plan = NULL;
    size_t steps;

    (void)step;
    if (!hg_plan_make(w->target, &options, world_soon(), &plan, err))
        return PROBE_FAILED;
    steps = plan->step_count;
    hg_plan_free(plan);
    return steps == 0 ? PROBE_DONE : PROBE_NOT_DONE;
}

bool schema_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    struct world *w = world;
    const hg_migrate_options options = migrations(w);
    const hg_observer observer = world_observer(w);
    hg_run_result result = {0};
    bool ok = hg_migrate_run(w->target, &options, &observer, &result, err);

    (void)step;
    json_object_set_new(facts, "migrations", json_integer((json_int_t)result.applied_count));
    hg_run_result_release(&result);
    return ok;
}

/* --- fence --- */

enum probe fence_probe(void *world, const struct step *step, hg_error *err)
{
    struct world *w = world;
    struct fence_state state;

    if (!fence_read(w->target, world_role(w, step), world_soon(), &state, err))
        return PROBE_FAILED;
    if (!state.fenced)
        return PROBE_NOT_DONE;
    return state.sessions == 0 ? PROBE_DONE : PROBE_PARTLY;
}

/* A role that may make no table has a target that is fenced all the same. */
static bool announce(struct world *w)
{
    (void)(mirror_make(w->target, world_soon(), NULL)
           && mirror_announce(w->target, journal_run_id(w->journal), world_soon(), NULL));
    return true;
}

static bool lift(struct world *w, const char *role, hg_error *err)
{
    return fence_lift(w->target, role, world_soon(), err)
           && mirror_announce(w->target, NULL, world_soon(), err);
}

/* Sessions that are there already would keep what they had when they began. */
bool fence_step_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    struct world *w = world;
    const char *role = world_role(w, step);

    json_object_set_new(facts, "role", json_string(role));
    return fence_set(w->target, role, world_soon(), err) && announce(w)
           && fence_end_sessions(w->target, role, world_soon(), err);
}

bool fence_step_undo(void *world, const struct step *step, hg_error *err)
{
    struct world *w = world;

    return lift(w, world_role(w, step), err);
}

/* --- unfence --- */

enum probe unfence_probe(void *world, const struct step *step, hg_error *err)
{
    struct world *w = world;
    struct fence_state state;

    if (!fence_read(w->target, world_role(w, step), world_soon(), &state, err))
        return PROBE_FAILED;
    return state.fenced ? PROBE_NOT_DONE : PROBE_DONE;
}

/* The source has to be frozen still: never two sides that take writes. */
bool unfence_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    struct world *w = world;
    const char *role = world_role(w, step);
    int64_t position = 0;

    if (!freeze_step_verify(world, step, err)
        || !world_ask(w->target, "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn", world_soon(),
                      &position, err))
        return false;
    json_object_set_new(facts, "wal_position", json_integer((json_int_t)position));
    return lift(w, role, err) && fence_end_sessions(w->target, role, world_soon(), err);
}

bool unfence_verify(void *world, const struct step *step, hg_error *err)
{
    struct world *w = world;
    struct fence_state state;

    if (!freeze_step_verify(world, step, err)
        || !fence_read(w->target, world_role(w, step), world_soon(), &state, err))
        return false;
    return !state.fenced || hg_fail(err, HG_FAILED, "the application still cannot write");
}
