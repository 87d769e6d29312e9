/*
 * rehearsal.c - a runbook on copies of both sides, and drills: what its way back is worth.
 *
 * The same drive, the same actions and the same journal as a run; only the world is another one,
 * and steps that would reach out of it are passed over.
 */
#include <headgate/cutover.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "builtin.h"
#include "digest.h"
#include "fence.h"
#include "freeze.h"
#include "look.h"
#include "report.h"
#include "run.h"
#include "schema/scratch.h"
#include "world.h"

enum { BOOK_LIMIT = 1 << 20, ENV_LIMIT = 256 << 10, SCRATCH_MS = 60000 };

enum how { NO_DRILL, DRILL_FAIL, DRILL_KILL, DRILL_TARGET };

static const char *const how_names[] = {"", "fail", "kill", "target"};

static const char pass_over[] = "pass over", drill_action[] = "drill";

/* Copies, and what is kept of the application's secrets: they go when the rehearsal is over. */
static const char *const passing[] = {"rehearsed.db", "rehearsed.db-wal", "rehearsed.db-shm",
                                      "source.db",    "env-rehearsed",    "env-before"};

struct rehearsal {
    struct world world; /* in front: actions get a pointer to it */
    const hg_cutover_options *options;
    const hg_observer *observer;
    struct loaded_runbook *book;
    struct runbook runbook; /* its copy, with other actions */
    struct step *steps;
    struct action *actions;
    size_t action_count;
    struct scratch *scratch;
    char run[JOURNAL_RUN_MAX];
    char before[DIGEST_SIZE]; /* of the source's copy */

    char drilled[JOURNAL_STEP_MAX]; /* "": none */
    enum how how;
    const struct action *real; /* of the step that is drilled */
    bool hit;                  /* it has failed as it was to */
};

/* --- the drill --- */

static bool parse_drill(struct rehearsal *r, const char *drill, hg_error *err)
{
    const char *colon = strchr(drill, ':');
    size_t n = colon == NULL ? strlen(drill) : (size_t)(colon - drill);

    r->how = colon == NULL ? DRILL_FAIL : NO_DRILL;
    for (int i = DRILL_FAIL; colon != NULL && i <= DRILL_TARGET; i++)
        if (strcmp(colon + 1, how_names[i]) == 0)
            r->how = (enum how)i;
    if (r->how == NO_DRILL || n == 0 || n >= sizeof r->drilled)
        return hg_fail(err, HG_USAGE,
                       "\"%s\" is not a drill: STEP, STEP:fail, STEP:kill or "
                       "STEP:target",
                       drill);
    memcpy(r->drilled, drill, n);
    r->drilled[n] = '\0';
    return true;
}

static enum probe drill_probe(void *world, const struct step *step, hg_error *err)
{
    const struct rehearsal *r = world;

    return r->real->probe == NULL ? PROBE_NOT_DONE : r->real->probe(world, step, err);
}

static bool act_without_target(struct rehearsal *r, const struct step *step, json_t *facts,
                               hg_error *err)
{
    hg_pool *target = r->world.target, *nowhere = NULL;
    bool ok;

    if (!world_open_nowhere(&r->world, &nowhere, err))
        return false;
    r->world.target = nowhere;
    ok = r->real->apply == NULL || r->real->apply(r, step, facts, err);
    r->world.target = target;
    world_close_pool(nowhere);
    r->hit = !ok;
    return ok;
}

/* Only the first time: whoever tries again wants it to succeed. */
static bool drill_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    struct rehearsal *r = world;

    if (!r->hit && r->how == DRILL_TARGET)
        return act_without_target(r, step, facts, err);
    if (r->real->apply != NULL && !r->real->apply(world, step, facts, err))
        return false;
    if (r->hit)
        return true;
    r->hit = true;
    if (r->how == DRILL_KILL)
        journal_break(r->world.journal);
    return hg_fail(err, HG_FAILED, "a drill: it was to %s", how_names[r->how]);
}

static bool drill_verify(void *world, const struct step *step, hg_error *err)
{
    const struct rehearsal *r = world;

    return r->real->verify == NULL || r->real->verify(world, step, err);
}

static bool drill_undo(void *world, const struct step *step, hg_error *err)
{
    const struct rehearsal *r = world;

    return r->real->undo == NULL || r->real->undo(world, step, err);
}

/* --- the runbook --- */

static const struct action_form *form_of(const char *action)
{
    size_t i = 0;

    while (strcmp(cutover_forms[i].name, action) != 0)
        i++; /* a runbook that was checked names no other */
    return &cutover_forms[i];
}

static bool pass_over_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    const struct rehearsal *r = world;
    size_t i = (size_t)(step - r->steps);
    const char *why = form_of(runbook_of(r->book)->steps[i].action)->passed_over;

    (void)err;
    return json_object_set_new(facts, "not_rehearsed", json_string(why)) == 0;
}

/* Nobody is asked anything: what has to be typed guards the real sides. */
static bool adapt_step(struct rehearsal *r, struct step *step, hg_error *err)
{
    const struct action_form *form = form_of(step->action);

    step->confirmation = CONFIRM_NOTHING;
    if (strcmp(step->id, r->drilled) == 0) {
        if (form->passed_over != NULL)
            return hg_fail(err, HG_USAGE, "a rehearsal passes %s over: %s", step->id,
                           form->passed_over);
        r->real = &cutover_actions[form - cutover_forms];
        step->action = drill_action;
    } else if (form->passed_over != NULL) {
        step->action = pass_over;
    }
    return true;
}

static bool adapt_book(struct rehearsal *r, hg_error *err)
{
    const struct runbook *book = runbook_of(r->book);
    size_t n = cutover_action_count();

    r->steps = alloc_zero(book->count, sizeof *r->steps);
    r->actions = alloc_zero(n + 2, sizeof *r->actions);
    if (r->steps == NULL || r->actions == NULL)
        return hg_fail(err, HG_NOMEM, "could not rehearse: out of memory");
    memcpy(r->actions, cutover_actions, n * sizeof *r->actions);
    r->actions[n] = (struct action){.name = pass_over, .apply = pass_over_apply};
    r->actions[n + 1] = (struct action){.name = drill_action,
                                        .probe = drill_probe,
                                        .apply = drill_apply,
                                        .verify = drill_verify,
                                        .undo = drill_undo};
    r->action_count = n + 2;
    memcpy(r->steps, book->steps, book->count * sizeof *r->steps);
    for (size_t i = 0; i < book->count; i++)
        if (!adapt_step(r, &r->steps[i], err))
            return false;
    r->runbook = *book;
    r->runbook.steps = r->steps;
    if (r->drilled[0] != '\0' && r->real == NULL)
        return hg_fail(err, HG_USAGE, "the runbook has no step \"%s\"", r->drilled);
    return true;
}

/* --- the folder --- */

static bool write_opening(struct rehearsal *r, const char *actor, const char *book_name,
                          const struct buf *text, hg_error *err)
{
    char path[WORLD_PATH];
    json_t *data = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s}", "source", r->world.source_path,
                             "target", hg_url_redacted(hg_settings_url(r->options->target)),
                             "runbook", book_name, "version", hg_version(), "rehearsal", 1, "drill",
                             r->drilled, "how", how_names[r->how]);

    if (!world_path(&r->world, "runbook.json", path, err)
        || !file_create(path, text->bytes, text->size, 0600, err)
        || !journal_create(r->world.dir, r->run, actor, &r->world.journal, err)) {
        json_decref(data);
        return false;
    }
    return journal_append(r->world.journal, "", JOURNAL_OPEN, data, err)
           && run_publish(r->options->source, true, r->run, r->world.dir, err);
}

static bool begin(struct rehearsal *r, hg_error *err)
{
    const char *name = r->options->runbook == NULL ? builtin_name(0) : r->options->runbook;
    char room[WHO_ROOM];
    const char *actor = r->options->actor == NULL ? run_who(room) : r->options->actor;
    struct buf text = BUF_INIT(BOOK_LIMIT);
    bool ok = run_source(r->options->source, r->world.source_path, err)
              && run_read_book(name, &text, err)
              && runbook_parse(text.bytes, text.size, name, cutover_forms, cutover_action_count(),
                               NULL, NULL, &r->book, err)
              && adapt_book(r, err) && run_make(r->options->source, true, r->world.dir, r->run, err)
              && write_opening(r, actor, name, &text, err);

    buf_release(&text);
    return ok;
}

/* --- the copies --- */

static bool copy_env_file(struct rehearsal *r, hg_error *err)
{
    const char *from = hg_settings_env_file(r->options->source);
    struct buf text = BUF_INIT(ENV_LIMIT);
    char path[WORLD_PATH];
    bool ok = world_path(&r->world, "env-rehearsed", path, err)
              && (from[0] == '\0' /* flipping it will say so */
                  || (file_read(from, &text, err)
                      && file_create(path, text.bytes, text.size, 0600, err)));

    if (ok)
        text_copy(r->world.env_file, sizeof r->world.env_file, path);
    explicit_bzero(text.bytes, text.size);
    buf_release(&text);
    return ok;
}

static bool copy_source(struct rehearsal *r, hg_error *err)
{
    struct world *w = &r->world;
    char path[WORLD_PATH];
    bool ok = world_path(w, "rehearsed.db", path, err)
              && world_open_file(w, w->source_path, &w->reader, err) && world_backup(w, path, err);

    world_close(w);
    if (ok)
        text_copy(w->source_path, sizeof w->source_path, path);
    return ok;
}

static bool make_copies(struct rehearsal *r, hg_error *err)
{
    const struct scratch_options options = {
        .url = hg_settings_url(r->options->target),
        .settings = hg_pool_settings_for_tool(hg_settings_pool(r->options->target)),
        .own_database = true,
    };

    return copy_env_file(r, err) && copy_source(r, err)
           && scratch_open(&options, hg_deadline_in_ms(SCRATCH_MS), &r->scratch, err)
           && world_open_copies(&r->world, scratch_name(r->scratch), err)
           && digest_of_source(&r->world, r->before, err);
}

static void remove_copies(struct rehearsal *r)
{
    char path[WORLD_PATH];

    world_close(&r->world);
    scratch_close(r->scratch);
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (r->run[0] != '\0' && world_path(&r->world, passing[i], path, NULL))
            unlink(path);
}

/* --- what a drill has to bring back --- */

static bool source_is_back(struct rehearsal *r, hg_error *err)
{
    struct freeze_state freeze;
    char now[DIGEST_SIZE];

    if (!freeze_read(r->world.source, world_soon(), &freeze, err)
        || !digest_of_source(&r->world, now, err))
        return false;
    if (freeze.frozen)
        return hg_fail(err, HG_FAILED, "after the drill the source is frozen still");
    return strcmp(now, r->before) == 0
           || hg_fail(err, HG_FAILED, "after the drill the source is not what it was");
}

/* The tables that a copy has filled are empty again. */
static bool tables_are_back(struct rehearsal *r, hg_error *err)
{
    for (size_t i = 0; i < r->runbook.count; i++) {
        const struct journal_record *claim =
            journal_last(r->world.journal, r->steps[i].id, JOURNAL_EFFECT);
        const json_t *tables = claim == NULL ? NULL : json_object_get(claim->data, "tables");

        for (size_t t = 0; t < json_array_size(tables); t++)
            if (!data_is_empty(&r->world, json_string_value(json_array_get(tables, t)), err))
                return false;
    }
    return true;
}

static bool target_is_back(struct rehearsal *r, hg_error *err)
{
    for (size_t i = 0; i < r->runbook.count; i++) {
        struct fence_state fence;

        if (strcmp(runbook_of(r->book)->steps[i].action, "fence") != 0)
            continue;
        if (!fence_read(r->world.target, world_role(&r->world, &r->steps[i]), world_soon(), &fence,
                        err))
            return false;
        if (fence.fenced)
            return hg_fail(err, HG_FAILED, "after the drill the target is fenced still");
    }
    return tables_are_back(r, err);
}

static bool note(struct rehearsal *r, const char *text, hg_error *err)
{
    return journal_append(r->world.journal, "", JOURNAL_NOTE, json_pack("{s:s}", "note", text),
                          err);
}

/* --- going through --- */

static bool is_cancelled(void *context)
{
    const struct rehearsal *r = context;

    return r->observer != NULL && r->observer->cancelled != NULL
           && r->observer->cancelled(r->observer->context);
}

static struct drive drive_of(struct rehearsal *r)
{
    return (struct drive){.runbook = &r->runbook,
                          .actions = r->actions,
                          .action_count = r->action_count,
                          .journal = r->world.journal,
                          .world = r,
                          .database = "",
                          .observer = r->observer};
}

/* As a new process after a kill: nothing is known but what lies on the disk. */
static bool come_again(struct rehearsal *r, hg_error *err)
{
    struct world *w = &r->world;

    world_close(w);
    journal_close(w->journal);
    w->journal = NULL;
    return journal_open(w->dir, "", &w->journal, err)
           && journal_append(w->journal, "", JOURNAL_RESUME, NULL, err)
           && world_open_copies(w, scratch_name(r->scratch), err);
}

/* Behind the point of no return there is one way left. */
static bool take_back(struct rehearsal *r, hg_error *err)
{
    struct drive drive;
    hg_error why = {0};

    if (r->how == DRILL_KILL && r->hit && !come_again(r, err))
        return false;
    drive = drive_of(r);
    if (drive_abort(&drive, &why))
        return source_is_back(r, err) && target_is_back(r, err)
               && note(r, "all was taken back: source and target are as they were", err);
    if (why.code == HG_REFUSED && drive_past_return(&drive))
        return drive_forward(&drive, err)
               && note(r, "behind the point of no return: it was carried to the end", err);
    if (err != NULL)
        *err = why;
    return false;
}

static bool go(struct rehearsal *r, hg_error *err)
{
    struct drive drive = drive_of(r);
    hg_error why = {0};
    bool ok = drive_forward(&drive, &why);

    if (ok && r->how == DRILL_TARGET)
        ok = note(r, "the step that was drilled does not need the target", err);
    else if (!ok && r->hit)
        ok = take_back(r, err);
    else if (!ok) {
        if (why.code != HG_CANCELLED)
            (void)take_back(r, NULL); /* what failed is told, not that its way back did, too */
        if (err != NULL)
            *err = why;
    }
    return ok;
}

/* However it came to its end: it has one. */
static void end(struct rehearsal *r)
{
    if (r->world.journal == NULL)
        return;
    if (journal_last(r->world.journal, "", JOURNAL_CLOSE) == NULL)
        (void)journal_append(r->world.journal, "", JOURNAL_CLOSE,
                             json_pack("{s:s}", "outcome", "given up"), NULL);
    (void)report_write(r->options, r->world.dir, NULL);
}

static void release(struct rehearsal *r)
{
    journal_close(r->world.journal);
    runbook_free(r->book);
    alloc_free(r->steps);
    alloc_free(r->actions);
}

bool hg_cutover_rehearse(const hg_cutover_options *options, const char *drill,
                         const hg_observer *observer, hg_cutover **out_cutover, hg_error *err)
{
    struct rehearsal r = {.options = options, .observer = observer};
    bool ok;

    r.world.source_settings = options->source;
    r.world.target_settings = options->target;
    r.world.observer = observer;
    r.world.stop = is_cancelled;
    r.world.stop_context = &r;
    r.world.rehearsal = true;
    *out_cutover = NULL;
    ok = (drill == NULL || parse_drill(&r, drill, err)) && begin(&r, err) && make_copies(&r, err)
         && go(&r, err);
    remove_copies(&r);
    end(&r);
    if (r.world.journal != NULL)
        (void)look_read(options, r.world.dir, out_cutover, NULL, NULL);
    release(&r);
    return ok;
}
