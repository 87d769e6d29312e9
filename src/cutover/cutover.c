/*
 * cutover.c - begins a run, and works on it: the drive with a world around it, listening to orders.
 */
#include <headgate/cutover.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "builtin.h"
#include "control.h"
#include "drive.h"
#include "hold.h"
#include "look.h"
#include "mirror.h"
#include "report.h"
#include "run.h"
#include "world.h"

enum { BOOK_LIMIT = 1 << 20, ORDERS_EVERY_MS = 100, MIRROR_MS = 2000, MS = 1000 };

const char *hg_cutover_runbook_name(size_t i)
{
    return builtin_name(i);
}

bool hg_cutover_check(const char *book, void (*fault)(void *context, const hg_error *fault),
                      void *context, hg_error *err)
{
    struct buf text = BUF_INIT(BOOK_LIMIT);
    struct loaded_runbook *loaded = NULL;
    bool ok = run_read_book(book, &text, err)
              && runbook_parse(text.bytes, text.size, book, cutover_forms, cutover_action_count(),
                               fault, context, &loaded, err);

    runbook_free(loaded);
    buf_release(&text);
    return ok;
}

static const char *actor_of(const hg_cutover_options *options, char room[WHO_ROOM])
{
    return options->actor != NULL ? options->actor : run_who(room);
}

/* --- begin --- */

static bool refuse_second(const hg_settings *settings, hg_error *err)
{
    struct journal *journal = NULL;
    char dir[RUN_PATH];
    bool open;

    if (!run_newest(settings, dir, NULL))
        return true;
    if (!journal_read(dir, &journal, err))
        return false;
    open = journal_last(journal, "", JOURNAL_CLOSE) == NULL;
    if (open) {
        hg_fail(err, HG_REFUSED, "the cutover %s is open", journal_run_id(journal));
        hg_error_hint(err, "Go on with `headgate cutover --resume`, or back with --abort.");
    }
    journal_close(journal);
    return !open;
}

/* What was asked for, else what a rehearsal makes one expect; 0: nothing does. */
static int64_t expected_budget(const hg_cutover_options *options)
{
    hg_cutover *plan = NULL;
    int64_t budget_ms = look_plan(options, &plan, NULL) ? plan->budget_ms : 0;

    hg_cutover_free(plan);
    return budget_ms;
}

static bool write_opening(const hg_cutover_options *options, const char *dir, const char *run,
                          const char *source, const struct buf *book, hg_error *err)
{
    char actor[WHO_ROOM], path[RUN_PATH];
    int64_t budget_ms = expected_budget(options);
    struct journal *journal = NULL;
    bool ok =
        run_path(dir, "runbook.json", path, err)
        && file_create(path, book->bytes, book->size, 0600, err)
        && journal_create(dir, run, actor_of(options, actor), &journal, err)
        && journal_append(journal, "", JOURNAL_OPEN,
                          json_pack("{s:s, s:s, s:s, s:s, s:I}", "source", source, "target",
                                    hg_url_redacted(hg_settings_url(options->target)), "runbook",
                                    options->runbook == NULL ? builtin_name(0) : options->runbook,
                                    "version", hg_version(), "budget_ms", (json_int_t)budget_ms),
                          err);

    journal_close(journal);
    return ok;
}

bool hg_cutover_begin(const hg_cutover_options *options, char out_run[HG_CUTOVER_RUN_SIZE],
                      hg_error *err)
{
    const char *name = options->runbook == NULL ? builtin_name(0) : options->runbook;
    struct buf book = BUF_INIT(BOOK_LIMIT);
    char dir[RUN_PATH], source[WORLD_PATH];
    int lock = -1;
    bool ok = run_source(options->source, source, err) && run_lock(options->source, &lock, err)
              && refuse_second(options->source, err) && hg_cutover_check(name, NULL, NULL, err)
              && run_read_book(name, &book, err)
              && run_make(options->source, false, dir, out_run, err)
              && write_opening(options, dir, out_run, source, &book, err)
              && run_publish(options->source, false, out_run, dir, err);

    run_unlock(lock);
    buf_release(&book);
    return ok;
}

/* --- work --- */

struct work {
    const hg_cutover_options *options;
    const hg_observer *observer;
    struct world world;
    struct drive drive;
    struct loaded_runbook *book;
    hg_conn *lock; /* holds the target's lock */
    int64_t looked_ns;
    struct control control;
    bool aborting;
    bool again;  /* somebody said: continue */
    bool warned; /* that the budget is used up */
    bool late;   /* the budget was used up, and so it goes back */
    char warning[160];
    char answer[512];  /* "": none */
    char answerer[64]; /* whose */
};

static bool is_cancelled(const struct work *w)
{
    return w->observer != NULL && w->observer->cancelled != NULL
           && w->observer->cancelled(w->observer->context);
}

static void pass_on(void *context, const hg_event *event)
{
    const struct work *w = context;

    if (w->observer != NULL && w->observer->on_event != NULL)
        w->observer->on_event(w->observer->context, event);
}

static void tell(struct work *w, hg_event_kind kind, const char *step, const char *message)
{
    const hg_event event = {.kind = kind, .subject = step, .message = message, .unit = "step"};

    pass_on(w, &event);
}

/* An answer is written down with its question. */
static void obey(struct work *w, const struct order *order)
{
    switch (order->kind) {
    case HG_CUTOVER_ANSWER:
        text_copy(w->answer, sizeof w->answer, order->text);
        text_copy(w->answerer, sizeof w->answerer, order->actor);
        return;
    case HG_CUTOVER_ABORT:
        if (strcmp(order->text, journal_run_id(w->world.journal)) != 0)
            return;
        w->aborting = true;
        break;
    case HG_CUTOVER_CONTINUE:
        w->again = true;
        break;
    default:
        break;
    }
    (void)control_record(w->world.journal, order, NULL);
    w->control = control_read(w->world.journal);
    atomic_store(&w->world.rate, w->control.rate);
}

static bool was_warned(const struct journal *journal)
{
    for (size_t i = 0; i < journal_count(journal); i++) {
        const struct journal_record *r = journal_at(journal, i);

        if (r->event == JOURNAL_NOTE && json_object_get(r->data, "gives_up_ms") != NULL)
            return true;
    }
    return false;
}

/* Once in a run, while there is still time to decide. Not an event of a step: it answers no
 * question and ends none. */
static void warn_of_budget(struct work *w)
{
    const hg_event event = {
        .kind = HG_EVENT_NOTE, .subject = "", .unit = "", .message = w->warning};
    int64_t last_ms;

    if (w->warned || w->drive.runbook == NULL || !drive_past_budget(&w->drive)
        || journal_last(w->world.journal, "", JOURNAL_ABORT) != NULL)
        return;
    w->warned = true;
    if (was_warned(w->world.journal))
        return;
    last_ms = drive_patience_ms(&w->drive);
    snprintf(w->warning, sizeof w->warning,
             "the freeze has used up its budget of %.1f s: after %.1f s all is taken back",
             (double)w->drive.budget_ms / MS, (double)last_ms / MS);
    (void)journal_append(w->world.journal, "", JOURNAL_NOTE,
                         json_pack("{s:s, s:I, s:I}", "note", w->warning, "frozen_ms",
                                   (json_int_t)drive_frozen_ms(&w->drive), "gives_up_ms",
                                   (json_int_t)last_ms),
                         NULL);
    pass_on(w, &event);
}

/* At most ten times a second: a folder has to be read. */
static void listen(struct work *w)
{
    struct order order;

    if (clock_since_ms(w->looked_ns) < ORDERS_EVERY_MS)
        return;
    w->looked_ns = clock_now_ns();
    while (order_take(w->world.dir, &order))
        obey(w, &order);
    warn_of_budget(w);
}

/* The freeze goes on while somebody thinks or a server stands still: the budget ends that. */
static bool out_of_time(const struct work *w)
{
    return w->drive.runbook != NULL && drive_over_budget(&w->drive);
}

/* What an action asks while it waits or works. An abort and the end of the budget end a step,
 * unless it is going back already. */
static bool step_stops(void *context)
{
    struct work *w = context;
    bool back = journal_last(w->world.journal, "", JOURNAL_ABORT) != NULL;

    listen(w);
    return is_cancelled(w) || (!back && (w->aborting || out_of_time(w)));
}

/* Until somebody says that it is over. */
static void sit_out(struct work *w, const bool *wait, const char *why)
{
    if (*wait)
        tell(w, HG_EVENT_WAITING, "", why);
    while (*wait && !w->aborting && !is_cancelled(w) && !out_of_time(w)) {
        (void)poll(NULL, 0, ORDERS_EVERY_MS);
        listen(w);
    }
}

/* A target that does not hear it now hears it later; one that is somebody else's by now, not from
 * us. */
static void tell_target(struct work *w)
{
    if (hold_lives(w->lock))
        (void)mirror_bring(w->world.target, w->world.journal, hg_deadline_in_ms(MIRROR_MS), NULL);
}

/* What the drive asks between two steps: here a pause is sat out. */
static bool between_steps(void *context)
{
    struct work *w = context;

    if (w->drive.budget_ms == 0)
        w->drive.budget_ms = w->world.budget_ms;
    listen(w);
    sit_out(w, &w->control.paused, "paused");
    return is_cancelled(w) || w->aborting;
}

/* What the drive asks when it knows which step comes. */
static bool enter(void *context, const struct step *step, hg_error *err)
{
    struct work *w = context;
    const char *freeze = w->drive.runbook->freeze;

    if (freeze != NULL && strcmp(step->id, freeze) == 0)
        sit_out(w, &w->control.postponed, "the freeze is postponed");
    if (is_cancelled(w) || w->aborting)
        return hg_fail(err, HG_CANCELLED, "stopped before step %s", step->id);
    if (!hold_keep(w->world.target, &w->lock, err)
        || !mirror_alone(w->world.target, w->world.journal, world_soon(), err))
        return false;
    tell_target(w);
    return true;
}

/* What was said before the question was there does not answer it. */
static void put_question(struct work *w, const struct question *question)
{
    sit_out(w, &w->control.paused, "paused");
    w->looked_ns = 0;
    listen(w);
    w->answer[0] = '\0';
    tell(w, HG_EVENT_WAITING, question->step->id, question->text);
}

/* Something was typed, but not this: that is written down, and asked again. */
static bool is_wrong(struct work *w, const struct question *question)
{
    if (question->expected[0] == '\0' || strcmp(w->answer, question->expected) == 0)
        return false;
    (void)journal_append(
        w->world.journal, question->step->id, JOURNAL_DECISION,
        json_pack("{s:s, s:s, s:b}", "answer", w->answer, "by", w->answerer, "accepted", 0), NULL);
    tell(w, HG_EVENT_NOTE, question->step->id, "that is not what has to be typed");
    return true;
}

static bool ask(void *context, const struct question *question, struct reply *out)
{
    struct work *w = context;

    put_question(w, question);
    while (!w->aborting && !is_cancelled(w) && !out_of_time(w)) {
        if (w->control.paused) {
            put_question(w, question);
        } else if (w->answer[0] != '\0' && is_wrong(w, question)) {
            w->answer[0] = '\0';
            tell(w, HG_EVENT_WAITING, question->step->id, question->text);
        } else if (w->answer[0] != '\0') {
            text_copy(out->text, sizeof out->text, w->answer);
            text_copy(out->by, sizeof out->by, w->answerer);
            return true;
        }
        (void)poll(NULL, 0, ORDERS_EVERY_MS);
        listen(w);
    }
    return false;
}

/* After a step has failed while nobody can write: until somebody says what to do, or the time is
 * up. false: nobody will. */
static bool await_order(struct work *w, const hg_error *why)
{
    w->again = false;
    tell(w, HG_EVENT_WAITING, "", why->message);
    while (!w->again && !w->aborting && !is_cancelled(w) && !out_of_time(w)) {
        (void)poll(NULL, 0, ORDERS_EVERY_MS);
        listen(w);
    }
    w->late = !w->again && !w->aborting && !is_cancelled(w);
    w->aborting = w->aborting || w->late;
    return !is_cancelled(w);
}

static bool may_wait(const struct work *w)
{
    return !is_cancelled(w) && drive_frozen_ms(&w->drive) >= 0 && !drive_past_return(&w->drive);
}

static bool carry_on(struct work *w, bool back, hg_error *err)
{
    const struct journal *journal = w->world.journal;
    hg_error why = {0};
    bool ok;

    for (;;) {
        back = back || w->aborting || journal_last(journal, "", JOURNAL_ABORT) != NULL;
        ok = back ? drive_abort(&w->drive, &why) : drive_forward(&w->drive, &why);
        if (ok || back || is_cancelled(w) || journal_last(journal, "", JOURNAL_CLOSE) != NULL)
            break;
        if (!w->aborting && (!may_wait(w) || !await_order(w, &why)))
            break;
    }
    if (ok && w->late) {
        ok = hg_fail(&why, HG_FAILED,
                     "the source was frozen for longer than its budget: all was taken back");
        hg_error_hint(&why, "Find out what took so long, then rehearse again.");
    }
    if (!ok && err != NULL)
        *err = why;
    return ok;
}

/* The budget that was given, else what the rehearsal has found. */
static void find_budget(struct work *w)
{
    for (size_t i = 0; i < journal_count(w->world.journal); i++) {
        const struct journal_record *r = journal_at(w->world.journal, i);
        const json_t *budget = json_object_get(r->data, "budget_ms");

        if ((r->event == JOURNAL_OPEN || r->event == JOURNAL_DONE)
            && json_integer_value(budget) > 0)
            w->drive.budget_ms = json_integer_value(budget);
    }
    if (w->options->budget_ms > 0)
        w->drive.budget_ms = w->options->budget_ms;
}

static const char *opening(const struct work *w, const char *key)
{
    const struct journal_record *open = journal_last(w->world.journal, "", JOURNAL_OPEN);
    const char *text = open == NULL ? NULL : json_string_value(json_object_get(open->data, key));

    return text == NULL ? "" : text;
}

static bool same_target(const struct work *w, hg_error *err)
{
    const char *now = hg_url_redacted(hg_settings_url(w->options->target));

    if (strcmp(opening(w, "target"), now) == 0)
        return true;
    hg_fail(err, HG_REFUSED, "the run was begun with the target %s, and this is %s",
            opening(w, "target"), now);
    hg_error_hint(err, "Set HEADGATE_CUTOVER_URL as it was.");
    return false;
}

/* Whether anything stands in the target, or in the source, that a way back has to take away. */
static bool has_effects(const struct work *w)
{
    const struct runbook *book = runbook_of(w->book);

    for (size_t i = 0; i < book->count; i++) {
        enum step_state state = drive_state(w->world.journal, &book->steps[i]);

        if (book->steps[i].class != STEP_HARMLESS && state != STEP_PENDING && state != STEP_UNDONE)
            return true;
    }
    return false;
}

/* The target is ours from here on. A run that has done nothing yet can be given up without it. */
static bool take_target(struct work *w, bool back, hg_error *err)
{
    const struct world *world = &w->world;

    if (back && !has_effects(w))
        return true;
    return hold_take(world->target, &w->lock, err)
           && (journal_count(world->journal) == 1
               || (hold_clear(world->target, world_soon(), err)
                   && mirror_compare(world->target, world->journal, world_soon(), err)));
}

/* Everything but the journal, which says what is needed. */
static bool set_up(struct work *w, bool back, hg_error *err)
{
    struct world *world = &w->world;

    world->source_settings = w->options->source;
    world->target_settings = w->options->target;
    world->observer = w->observer;
    world->stop = step_stops;
    world->stop_context = w;
    text_copy(world->source_path, sizeof world->source_path, opening(w, "source"));
    return same_target(w, err) && run_load_book(world->dir, &w->book, err) && world_open(world, err)
           && take_target(w, back, err);
}

static bool run_drive(struct work *w, bool back, hg_error *err)
{
    const hg_observer between = {pass_on, between_steps, w};
    bool ok;

    w->drive = (struct drive){.runbook = runbook_of(w->book),
                              .actions = cutover_actions,
                              .action_count = cutover_action_count(),
                              .journal = w->world.journal,
                              .world = &w->world,
                              .database = hg_url_database(hg_settings_url(w->options->target)),
                              .observer = &between,
                              .enter = enter,
                              .ask = ask,
                              .context = w};
    w->control = control_read(w->world.journal);
    atomic_store(&w->world.rate, w->control.rate);
    find_budget(w);
    w->world.budget_ms = w->drive.budget_ms;
    ok = carry_on(w, back, err);
    tell_target(w);
    return ok;
}

bool hg_cutover_work(const hg_cutover_options *options, bool back, const hg_observer *observer,
                     hg_error *err)
{
    struct work w = {.options = options, .observer = observer};
    char actor[WHO_ROOM];
    bool ok = run_newest(options->source, w.world.dir, err)
              && journal_open(w.world.dir, actor_of(options, actor), &w.world.journal, err);

    if (ok && journal_count(w.world.journal) > 1)
        ok = journal_append(w.world.journal, "", JOURNAL_RESUME, NULL, err);
    ok = ok && set_up(&w, back, err) && run_drive(&w, back, err);
    if (w.world.journal != NULL && journal_last(w.world.journal, "", JOURNAL_CLOSE) != NULL)
        (void)report_write(options, w.world.dir, NULL); /* --report tells the same */
    hg_conn_close(w.lock);
    world_close(&w.world);
    runbook_free(w.book);
    journal_close(w.world.journal);
    return ok;
}

/* --- orders --- */

static bool check_order(const struct journal *journal, const char *dir, hg_cutover_order order,
                        const char *text, hg_error *err)
{
    int64_t rate;

    if (!journal_is_held(dir)) {
        hg_fail(err, HG_REFUSED, "nobody works on the cutover %s", journal_run_id(journal));
        hg_error_hint(err, "Go on with `headgate cutover --resume`.");
        return false;
    }
    if (order == HG_CUTOVER_RATE && !control_rate(text, &rate))
        return hg_fail(err, HG_USAGE, "\"%s\" is not a number of rows a second", text);
    if (order == HG_CUTOVER_ABORT && strcmp(text, journal_run_id(journal)) != 0)
        return hg_fail(err, HG_REFUSED, "to abort, name the run: %s", journal_run_id(journal));
    return true;
}

bool hg_cutover_say(const hg_cutover_options *options, hg_cutover_order order, const char *text,
                    hg_error *err)
{
    struct order o = {.kind = order};
    struct journal *journal = NULL;
    char dir[RUN_PATH], actor[WHO_ROOM];
    bool ok = run_newest(options->source, dir, err) && journal_read(dir, &journal, err)
              && check_order(journal, dir, order, text, err);

    text_copy(o.actor, sizeof o.actor, actor_of(options, actor));
    text_copy(o.text, sizeof o.text, text);
    ok = ok && order_leave(dir, &o, err);
    journal_close(journal);
    return ok;
}
