/*
 * look.c - a run as its journal tells it, and a plan of one that has not begun, for those who
 * watch.
 */
#include <headgate/cutover.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "builtin.h"
#include "control.h"
#include "drive.h"
#include "look.h"
#include "run.h"
#include "world.h"

enum { BOOK_LIMIT = 1 << 20, TEXT_LIMIT = 4096 };

/* The public value in front, so that one pointer stands for both. */
struct look {
    hg_cutover view;
    struct arena arena;
    struct loaded_runbook *book;
    struct journal *journal; /* NULL: a plan */
};

void hg_cutover_free(hg_cutover *cutover)
{
    struct look *l = (struct look *)cutover;

    if (l == NULL)
        return;
    runbook_free(l->book);
    journal_close(l->journal);
    arena_release(&l->arena);
    alloc_free(l);
}

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not look at a cutover: out of memory");
}

static const char *kept(struct look *l, const char *text)
{
    const char *copy = arena_text(&l->arena, text == NULL ? "" : text);

    return copy == NULL ? "" : copy;
}

/* --- steps --- */

static void show_step(const struct step *step, hg_cutover_step *out)
{
    out->id = step->id;
    out->title = step->title;
    out->what = step->what;
    out->cost = step->cost;
    out->class_name = step_class_name(step->class);
    out->state = step_state_name(STEP_PENDING);
    out->asks = step->confirmation != CONFIRM_NOTHING;
    out->expected_ms = -1;
    out->error = out->note = "";
}

static bool show_steps(struct look *l, hg_error *err)
{
    const struct runbook *book = runbook_of(l->book);
    hg_cutover_step *steps = arena_alloc(&l->arena, book->count, sizeof *steps);

    if (steps == NULL)
        return no_memory(err);
    for (size_t i = 0; i < book->count; i++)
        show_step(&book->steps[i], &steps[i]);
    l->view.runbook = book->name;
    l->view.freeze = book->freeze == NULL ? "" : book->freeze;
    l->view.commit = book->commit == NULL ? "" : book->commit;
    l->view.steps = steps;
    l->view.step_count = book->count;
    return true;
}

/* How long a step took in a journal; -1: it was not done there. */
static int64_t took(const struct journal *journal, const char *id)
{
    const struct journal_record *begun = journal_last(journal, id, JOURNAL_INTENT);
    const struct journal_record *done = journal_last(journal, id, JOURNAL_DONE);

    if (begun == NULL || done == NULL || done->seq < begun->seq
        || json_object_get(done->data, "not_rehearsed") != NULL)
        return -1;
    return done->at_ms - begun->at_ms;
}

/* Expected is what the step took in the newest run or rehearsal before this one in which it was
 * done, and not passed over. */
static void show_expected(struct look *l, const hg_settings *settings, const char *name)
{
    char before[RUN_PATH], at[JOURNAL_RUN_MAX];

    snprintf(at, sizeof at, "%s", name);
    while (run_before(settings, at, at, before)) {
        struct journal *journal = NULL;

        if (journal_read(before, &journal, NULL))
            for (size_t i = 0; i < l->view.step_count; i++)
                if (l->view.steps[i].expected_ms < 0)
                    l->view.steps[i].expected_ms = took(journal, l->view.steps[i].id);
        journal_close(journal);
    }
}

/* --- the journal --- */

/* What a record is about, in one line. */
static const char *text_of(struct look *l, const struct journal_record *r)
{
    static const char *const keys[] = {"answer", "note", "message", "outcome", NULL};
    const char *text;

    for (size_t i = 0; keys[i] != NULL; i++)
        if ((text = json_string_value(json_object_get(r->data, keys[i]))) != NULL)
            return text;
    if (r->event == JOURNAL_DONE && json_object_get(r->data, "rows") != NULL)
        return arena_printf(&l->arena, "%lld rows",
                            (long long)json_integer_value(json_object_get(r->data, "rows")));
    return "";
}

/* Who left the order or the answer, not whose process wrote it down. */
static const char *actor_of(const struct journal_record *r)
{
    const char *by = json_string_value(json_object_get(r->data, "by"));

    return by == NULL ? r->actor : by;
}

static bool show_records(struct look *l, hg_error *err)
{
    size_t n = journal_count(l->journal);
    hg_cutover_record *records = arena_alloc(&l->arena, n, sizeof *records);

    if (records == NULL)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        const struct journal_record *r = journal_at(l->journal, i);

        records[i] = (hg_cutover_record){.seq = r->seq,
                                         .at_ms = r->at_ms,
                                         .actor = actor_of(r),
                                         .host = r->host,
                                         .step = r->step,
                                         .event = journal_event_name(r->event),
                                         .text = text_of(l, r)};
        if (records[i].text == NULL)
            return no_memory(err);
    }
    l->view.records = records;
    l->view.record_count = n;
    return true;
}

static const char *last_error(const struct journal *journal, const char *id)
{
    const struct journal_record *failed = journal_last(journal, id, JOURNAL_FAILED);
    const struct journal_record *done = journal_last(journal, id, JOURNAL_DONE);
    const char *text;

    if (failed == NULL || (done != NULL && done->seq > failed->seq))
        return "";
    text = json_string_value(json_object_get(failed->data, "message"));
    return text == NULL ? "" : text;
}

static const char *note_of(const struct journal *journal, const char *id)
{
    const struct journal_record *done = journal_last(journal, id, JOURNAL_DONE);
    const char *text =
        done == NULL ? NULL : json_string_value(json_object_get(done->data, "not_rehearsed"));

    return text == NULL ? "" : text;
}

static int64_t moment_of(const struct journal *journal, const char *id, enum journal_event event)
{
    const struct journal_record *r = journal_last(journal, id, event);

    return r == NULL ? 0 : r->at_ms;
}

static void show_states(struct look *l)
{
    const struct runbook *book = runbook_of(l->book);

    l->view.at = l->view.step_count;
    for (size_t i = book->count; i-- > 0;) {
        hg_cutover_step *s = &l->view.steps[i];
        enum step_state state = drive_state(l->journal, &book->steps[i]);

        s->state = step_state_name(state);
        s->began_ms = moment_of(l->journal, s->id, JOURNAL_INTENT);
        if (state == STEP_DONE)
            s->ended_ms = moment_of(l->journal, s->id, JOURNAL_DONE);
        s->error = last_error(l->journal, s->id);
        s->note = note_of(l->journal, s->id);
        if (state != STEP_DONE)
            l->view.at = i;
    }
}

/* On the way back the last step that has not been undone comes next. */
static void show_way_back(struct look *l)
{
    const struct runbook *book = runbook_of(l->book);

    l->view.at = l->view.step_count;
    for (size_t i = 0; i < book->count; i++) {
        enum step_state state = drive_state(l->journal, &book->steps[i]);

        if (state != STEP_PENDING && state != STEP_UNDONE)
            l->view.at = i;
    }
}

/* What an abort would cost is what the last step that has acted says. */
static void show_cost(struct look *l)
{
    l->view.cost = "Nothing has been changed.";
    for (size_t i = 0; i < l->view.step_count; i++)
        if (l->view.steps[i].began_ms > 0 && strcmp(l->view.steps[i].state, "undone") != 0)
            l->view.cost = l->view.steps[i].cost;
}

/* Whoever works on it waits for an order instead. */
static bool waits_for_order(const struct look *l)
{
    const struct runbook *book = runbook_of(l->book);
    const hg_cutover *v = &l->view;
    bool freeze = book->freeze != NULL && strcmp(v->steps[v->at].id, book->freeze) == 0;

    return v->stalled || (v->working && (v->paused || (v->postponed && freeze)));
}

static void show_question(struct look *l, const struct drive *drive)
{
    const struct runbook *book = runbook_of(l->book);
    enum step_state state;
    struct question q = {0};

    if (l->view.at >= book->count || l->view.closed || l->view.aborting || waits_for_order(l))
        return;
    state = drive_state(l->journal, &book->steps[l->view.at]);
    if (state == STEP_BEGUN || !drive_question(drive, &book->steps[l->view.at], &q))
        return;
    l->view.question = kept(l, q.text);
    l->view.expected = kept(l, q.expected);
}

static int64_t budget_of(const struct journal *journal)
{
    int64_t budget = 0;

    for (size_t i = 0; i < journal_count(journal); i++) {
        const struct journal_record *r = journal_at(journal, i);
        int64_t found = json_integer_value(json_object_get(r->data, "budget_ms"));

        if ((r->event == JOURNAL_OPEN || r->event == JOURNAL_DONE) && found > 0)
            budget = found;
    }
    return budget;
}

static void show_control(struct look *l)
{
    struct control control = control_read(l->journal);

    l->view.paused = control.paused;
    l->view.postponed = control.postponed;
    l->view.rate = control.rate;
}

static void show_run(struct look *l, const hg_cutover_options *options, const char *dir)
{
    const struct journal_record *open = journal_last(l->journal, "", JOURNAL_OPEN);
    const struct journal_record *close = journal_last(l->journal, "", JOURNAL_CLOSE);
    const struct drive drive = {
        .runbook = runbook_of(l->book),
        .journal = l->journal,
        .budget_ms = options->budget_ms > 0 ? options->budget_ms : budget_of(l->journal),
        .database =
            options->target == NULL ? "" : hg_url_database(hg_settings_url(options->target))};
    hg_cutover *v = &l->view;

    v->run = journal_run_id(l->journal);
    v->rehearsal = open != NULL && json_is_true(json_object_get(open->data, "rehearsal"));
    v->dir = kept(l, dir);
    v->head = journal_head(l->journal);
    v->opened_ms = open == NULL ? 0 : open->at_ms;
    v->source =
        kept(l, open == NULL ? "" : json_string_value(json_object_get(open->data, "source")));
    v->target =
        kept(l, open == NULL ? "" : json_string_value(json_object_get(open->data, "target")));
    v->frozen_ms = drive_frozen_ms(&drive);
    v->budget_ms = drive.budget_ms;
    v->gives_up_ms = drive_patience_ms(&drive);
    v->over_budget = drive_past_budget(&drive);
    v->past_return = drive_past_return(&drive);
    v->aborting = journal_last(l->journal, "", JOURNAL_ABORT) != NULL;
    v->closed = close != NULL;
    v->outcome =
        close == NULL ? "" : kept(l, json_string_value(json_object_get(close->data, "outcome")));
    v->working = journal_is_held(dir);
    show_control(l);
    show_states(l);
    if (v->aborting)
        show_way_back(l);
    v->stalled = v->working && !v->aborting && v->frozen_ms >= 0 && v->at < v->step_count
                 && control_stalled(l->journal, v->steps[v->at].id);
    show_cost(l);
    show_question(l, &drive);
}

static struct look *new_look(void)
{
    struct look *l = alloc_zero(1, sizeof *l);

    if (l == NULL)
        return NULL;
    l->arena = (struct arena)ARENA_INIT;
    l->view.run = l->view.dir = l->view.runbook = l->view.source = l->view.target = "";
    l->view.question = l->view.expected = l->view.outcome = l->view.head = l->view.cost = "";
    l->view.frozen_ms = -1;
    return l;
}

bool look_read(const hg_cutover_options *options, const char *dir, hg_cutover **out_cutover,
               const struct journal **out_journal, hg_error *err)
{
    struct look *l = new_look();
    bool ok = l != NULL || no_memory(err);

    ok = ok && journal_read(dir, &l->journal, err) && run_load_book(dir, &l->book, err)
         && show_steps(l, err) && show_records(l, err);
    if (!ok) {
        hg_cutover_free((hg_cutover *)l);
        return false;
    }
    show_run(l, options, dir);
    show_expected(l, options->source, journal_run_id(l->journal));
    *out_cutover = &l->view;
    if (out_journal != NULL)
        *out_journal = l->journal;
    return true;
}

bool hg_cutover_read(const hg_cutover_options *options, hg_cutover **out_cutover, hg_error *err)
{
    char dir[RUN_PATH];

    return run_find(options->source, options->run, dir, err)
           && look_read(options, dir, out_cutover, NULL, err);
}

/* --- a plan --- */

static void try_gate(struct look *l, struct world *world, const struct step *step,
                     hg_cutover_step *out)
{
    hg_error why = {0};
    json_t *facts = json_object();

    for (size_t i = 0; i < cutover_action_count(); i++)
        if (strcmp(cutover_actions[i].name, step->action) == 0
            && !cutover_actions[i].apply(world, step, facts, &why))
            out->error = kept(l, why.message);
    json_decref(facts);
}

static bool is_cancelled(void *context)
{
    const hg_observer *planning = context;

    return planning != NULL && planning->cancelled != NULL
           && planning->cancelled(planning->context);
}

/* false: it was cancelled. */
static bool try_gates(struct look *l, const hg_cutover_options *options)
{
    const struct runbook *book = runbook_of(l->book);
    struct world world = {.source_settings = options->source,
                          .target_settings = options->target,
                          .stop = is_cancelled,
                          .stop_context = (void *)(uintptr_t)options->planning};
    hg_error why = {0};
    bool open;

    snprintf(world.source_path, sizeof world.source_path, "%s", l->view.source);
    open = world_open(&world, &why);
    for (size_t i = 0; i < book->count && !is_cancelled(world.stop_context); i++) {
        if (!cutover_action_is_gate(book->steps[i].action))
            continue;
        l->view.steps[i].tried = true;
        if (open)
            try_gate(l, &world, &book->steps[i], &l->view.steps[i]);
        else
            l->view.steps[i].error = kept(l, why.message);
    }
    world_close(&world);
    return !is_cancelled(world.stop_context);
}

static bool parse_book(struct look *l, const char *name, hg_error *err)
{
    struct buf text = BUF_INIT(BOOK_LIMIT);
    bool ok = run_read_book(name, &text, err)
              && runbook_parse(text.bytes, text.size, name, cutover_forms, cutover_action_count(),
                               NULL, NULL, &l->book, err);

    buf_release(&text);
    return ok;
}

/* The first step that is not known makes all of it unknown: but for those that only ask. */
int64_t look_budget(const hg_cutover *v)
{
    bool inside = false, known = false;
    int64_t took_ms = 0;

    for (size_t i = 0; i < v->step_count; i++) {
        inside = (inside || strcmp(v->steps[i].id, v->freeze) == 0)
                 && strcmp(v->steps[i].id, v->commit) != 0;
        if (!inside)
            continue;
        known = known || v->steps[i].expected_ms >= 0;
        took_ms += v->steps[i].expected_ms > 0 ? v->steps[i].expected_ms : 0;
    }
    return known ? data_budget_ms((double)took_ms) : 0;
}

bool look_plan(const hg_cutover_options *options, hg_cutover **out_cutover, hg_error *err)
{
    const char *path = hg_url_path(hg_settings_url(options->source));
    struct look *l = new_look();
    bool ok = l != NULL || no_memory(err);

    if (ok && (path == NULL || strcmp(path, ":memory:") == 0))
        ok = hg_fail(err, HG_CONFIG, "a cutover begins at a SQLite file, and \"%s\" is none",
                     hg_url_redacted(hg_settings_url(options->source)));
    ok = ok && parse_book(l, options->runbook == NULL ? builtin_name(0) : options->runbook, err)
         && show_steps(l, err);
    if (!ok) {
        hg_cutover_free((hg_cutover *)l);
        return false;
    }
    l->view.source = kept(l, path);
    l->view.target = kept(l, hg_url_redacted(hg_settings_url(options->target)));
    l->view.cost = "Nothing has been changed.";
    show_expected(l, options->source, "~"); /* behind every name that begins with a digit */
    l->view.budget_ms = options->budget_ms > 0 ? options->budget_ms : look_budget(&l->view);
    *out_cutover = &l->view;
    return true;
}

bool hg_cutover_plan(const hg_cutover_options *options, hg_cutover **out_cutover, hg_error *err)
{
    hg_cutover *plan = NULL;

    if (!look_plan(options, &plan, err))
        return false;
    if (!try_gates((struct look *)plan, options)) {
        hg_cutover_free(plan);
        return hg_fail(err, HG_CANCELLED, "the plan was not made to its end");
    }
    *out_cutover = plan;
    return true;
}
