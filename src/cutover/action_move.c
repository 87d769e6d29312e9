/*
 * action_move.c - what a cutover does to the application: move it, see that it has moved, watch it.
 */
#include <headgate/settings.h>
#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "fence.h"
#include "proof.h"
#include "source_file.h"
#include "world.h"

enum { PROVE_S = 10, PROVE_WITHIN_S = 300, WATCH_S = 60, MS = 1000 };

static const char like[] = "HEADGATE_CUTOVER_URL";

/* --- flip --- */

const char *flip_file(const struct world *w, const struct step *step)
{
    const char *file = hg_settings_env_file(w->source_settings);

    if (w->env_file[0] != '\0')
        return w->env_file;
    return step_text(step, "file", file[0] == '\0' ? ".env" : file);
}

/* In a rehearsal the application must not notice, unless the runbook says that it does not mind. */
static bool restart(struct world *w, const struct step *step, hg_error *err)
{
    return (w->rehearsal && !step->rehearse) || command_run(w, step, "restart", err);
}

/* A variable of the environment wins over the file: then changing the file moves nobody. */
static bool is_of_file(const struct world *w, hg_error *err)
{
    for (size_t i = 0; i < hg_settings_count(w->source_settings); i++) {
        hg_setting s = hg_settings_at(w->source_settings, i);

        if (strcmp(s.name, world_variable(w)) != 0 || strcmp(s.source, "environment") != 0)
            continue;
        hg_fail(err, HG_REFUSED, "%s comes from the environment, not from the .env file", s.name);
        hg_error_hint(err, "Use a runbook that changes it there, as elastic-beanstalk.");
        return false;
    }
    return true;
}

enum probe flip_probe(void *world, const struct step *step, hg_error *err)
{
    struct world *w = world;
    bool same = false;

    if (!hg_env_file_points(flip_file(w, step), world_variable(w), like, &same, err))
        return PROBE_FAILED;
    return same ? PROBE_PARTLY : PROBE_NOT_DONE; /* whether it was restarted, the file cannot say */
}

bool flip_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    struct world *w = world;
    char keep[WORLD_PATH];

    json_object_set_new(facts, "file", json_string(flip_file(w, step)));
    json_object_set_new(facts, "variable", json_string(world_variable(w)));
    return is_of_file(w, err) && world_path(w, "env-before", keep, err)
           && hg_env_file_point(flip_file(w, step), world_variable(w), like, keep, err)
           && restart(w, step, err);
}

/* An application that goes back to a source that is gone would make an empty one. */
bool flip_undo(void *world, const struct step *step, hg_error *err)
{
    struct world *w = world;
    char keep[WORLD_PATH];

    return source_file_put_back(w, step->id, err) && world_path(w, "env-before", keep, err)
           && hg_env_file_restore(flip_file(w, step), world_variable(w), like, keep, err)
           && restart(w, step, err);
}

/* --- prove --- */

/* What speaks against the move; "" when nothing does. */
static bool find_doubt(struct world *w, const struct step *step, char *out, size_t size,
                       hg_error *err)
{
    int64_t instances = step_integer(step, "instances", 1);
    struct fence_state state;

    if (!proof_on_source(w, out, size, err)
        || !fence_read(w->target, world_role(w, step), world_soon(), &state, err))
        return false;
    if (out[0] == '\0' && state.sessions < instances)
        snprintf(out, size, "%d session(s) of the application on the target, %lld expected",
                 state.sessions, (long long)instances);
    return true;
}

static void say_wait(const struct world *w, const struct step *step, const char *doubt)
{
    const hg_observer observer = world_observer(w);
    const hg_event event = {
        .kind = HG_EVENT_WAITING, .subject = step->id, .message = doubt, .unit = ""};

    observer.on_event(observer.context, &event);
}

/* Everything has to hold for a while without a break: an application that is restarting has for a
 * moment neither side open. */
bool prove_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    struct world *w = world;
    int64_t steady_ms = MS * step_integer(step, "seconds", PROVE_S);
    hg_deadline by = hg_deadline_in_ms(MS * step_integer(step, "within", PROVE_WITHIN_S));
    hg_deadline steady = hg_deadline_in_ms(steady_ms);
    char doubt[200], last[200] = "";

    while (hg_deadline_left_ms(steady) > 0) {
        if (!find_doubt(w, step, doubt, sizeof doubt, err))
            return false;
        if (doubt[0] != '\0')
            steady = hg_deadline_in_ms(steady_ms);
        if (strcmp(doubt, last) != 0 && doubt[0] != '\0')
            say_wait(w, step, doubt);
        snprintf(last, sizeof last, "%s", doubt);
        if (!world_wait(w, by, err)) {
            hg_error_context(err, "%s",
                             doubt[0] == '\0' ? "the application has not been there long" : doubt);
            return false;
        }
    }
    json_object_set_new(facts, "steady_ms", json_integer((json_int_t)steady_ms));
    return proof_write(w, world_role(w, step), facts, err);
}

/* --- watch --- */

/* The application has to stay, and nobody may go back to the source. */
bool watch_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    struct world *w = world;
    hg_deadline until = hg_deadline_in_ms(MS * step_integer(step, "seconds", WATCH_S));
    struct fence_state state = {0};
    char doubt[200];
    int64_t most = 0;

    while (hg_deadline_left_ms(until) > 0) {
        if (!proof_on_source(w, doubt, sizeof doubt, err)
            || !fence_read(w->target, world_role(w, step), world_soon(), &state, err))
            return false;
        if (doubt[0] != '\0') {
            hg_fail(err, HG_FAILED, "%s", doubt);
            hg_error_hint(err, "It still reads old data, and its writes fail: restart it.");
            return false;
        }
        most = state.sessions > most ? state.sessions : most;
        if (!world_wait(w, hg_deadline_never(), err))
            return false;
    }
    json_object_set_new(facts, "sessions", json_integer((json_int_t)most));
    return true;
}
