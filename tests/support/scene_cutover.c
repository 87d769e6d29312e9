/*
 * scene_cutover.c - fixtures.
 */
#include "scene_cutover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FREEZE = 7, RETURN = 16, RECORDS_MAX = 64, RUN_STARTED_MS = 761000, STEP_MS = 21000 };

// clang-format off
static const struct {
    const char *id, *title, *class;
    bool asks;
    int64_t usual_ms;
    const char *what, *cost;
} book[] = {
    {"C01", "Look through the source", "harmless", false, 400,
     "Reads the SQLite file: is it intact, do references hold, can every table be frozen.", "Nothing has been changed."},
    {"C02", "Look at the target", "harmless", false, 900,
     "Connects to the target and runs the checks on server, round trip and connections.", "Nothing has been changed."},
    {"C03", "Bring the schema to the target", "reversible", true, 2100,
     "Runs the migrations on the target.", "The empty tables stay in the target."},
    {"C04", "Rehearse", "harmless", false, 598000,
     "Copies everything into a scratch database, measures how long that takes, and drops it.", "Nothing has been changed."},
    {"C05", "Safety copies", "harmless", true, -1,
     "Say which backup of the target's server exists, and where the source is kept besides here.", "Nothing has been changed."},
    {"C06", "Go or no-go", "harmless", true, -1,
     "Is nobody deploying, does only this instance have a SQLite file, who decides to abort.", "Nothing has been changed."},
    {"C07", "Fence the target", "reversible", false, 300,
     "Makes the application's role read-only in the target, and ends its sessions there.", "The fence is lifted again."},
    {"C08", "Freeze the source", "reversible", true, 200,
     "From here on nobody can write: reads go on, writes fail with \"headgate: frozen\".", "Writes work again at once."},
    {"C09", "Drain", "harmless", false, 1200,
     "Waits for the last open transaction, and brings the log into the file.", "Writes work again at once."},
    {"C10", "Keep a snapshot", "reversible", false, 4000,
     "Copies the file out of the application's folder, where no deployment removes it.", "The snapshot is deleted; writes work again at once."},
    {"C11", "Copy", "reversible", false, 598000,
     "Copies all rows into the empty tables of the target, every value checked.", "The tables of the target are emptied; then writes work again."},
    {"C12", "Verify", "harmless", false, 62000,
     "Compares every row of the frozen source with the target.", "The tables of the target are emptied; then writes work again."},
    {"C13", "Commit", "harmless", true, -1,
     "The last moment at which the application has not been touched.", "The tables of the target are emptied; then writes work again."},
    {"C14", "Flip", "reversible", false, 100,
     "Points the .env file at the target; restart the application then.", "The .env file gets its old line back; restart the application again."},
    {"C15", "Prove the move", "harmless", false, 71000,
     "Waits until nobody has the source open and the application has sessions on the target.", "The application goes back to the source; then writes work again."},
    {"C16", "Read as the application", "harmless", false, 700,
     "Runs smoke checks on the target. Look at the site yourself: reads work, writes fail.", "The application goes back to the source; then writes work again."},
    {"C17", "Let the target take writes", "no return", true, 300,
     "Lifts the fence and reconnects the application: from now on the target has the truth.", "There is no way back without losing what is written from now on."},
    {"C18", "Watch", "harmless", false, 60000,
     "Looks for a minute whether the application stays on the target.", "There is no way back without losing what is written from now on."},
};
// clang-format on
enum { STEPS = sizeof book / sizeof *book };

static struct {
    hg_cutover run, plan;
    hg_cutover_step steps[STEPS], planned[STEPS];
    hg_cutover_record records[RECORDS_MAX];
    char rows[RECORDS_MAX][24];
    struct job_result read, made;
} here;

size_t scene_cutover_step(const char *id)
{
    size_t i = 0;

    while (i < STEPS - 1 && strcmp(book[i].id, id) != 0)
        i++;
    return i;
}

static void fill_steps(hg_cutover_step *steps)
{
    for (size_t i = 0; i < STEPS; i++)
        steps[i] = (hg_cutover_step){.id = book[i].id,
                                     .title = book[i].title,
                                     .what = book[i].what,
                                     .cost = book[i].cost,
                                     .class_name = book[i].class,
                                     .state = "pending",
                                     .asks = book[i].asks,
                                     .expected_ms = book[i].usual_ms,
                                     .error = "",
                                     .note = ""};
}

static void fill_sides(hg_cutover *c, hg_cutover_step *steps)
{
    c->run = "";
    c->dir = "";
    c->runbook = "env-file";
    c->source = "/srv/shop/instance/app.db";
    c->target = "postgresql://app:***@db.internal:5432/shop?sslmode=verify-full";
    c->steps = steps;
    c->step_count = STEPS;
    c->question = c->expected = c->outcome = c->head = "";
    c->cost = "Nothing has been changed.";
    c->frozen_ms = -1;
    c->freeze = "C08";
    c->commit = "C13";
}

static void deliver(struct scene *s, struct job_result *result, enum job_kind kind)
{
    result->request.kind = kind;
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = result}, 5);
}

void scene_cutover_trouble(struct scene *s, hg_code code, const char *message, const char *hint)
{
    here.read = (struct job_result){.error = {.code = code}};
    snprintf(here.read.error.message, sizeof here.read.error.message, "%s", message);
    snprintf(here.read.error.hint, sizeof here.read.error.hint, "%s", hint);
    deliver(s, &here.read, JOB_CUTOVER);
}

void scene_no_cutover(struct scene *s)
{
    scene_cutover_trouble(s, HG_FAILED, "no cutover has been begun",
                          "`headgate cutover --plan` shows what one would do.");
}

void scene_cutover_plan(struct scene *s, bool doubt)
{
    here.plan = (hg_cutover){0};
    fill_steps(here.planned);
    fill_sides(&here.plan, here.planned);
    for (size_t i = 0; i < 2; i++)
        here.planned[i].tried = true;
    if (doubt) {
        here.planned[0].error = "the source has a virtual table, \"notes\", which cannot be frozen";
        here.planned[1].error = "the server has 3 connections left, and a copy needs 5";
    }
    here.made = (struct job_result){.ok = true, .cutover = &here.plan};
    deliver(s, &here.made, JOB_CUTOVER_PLAN);
}

void scene_cutover_no_plan(struct scene *s, const char *message)
{
    here.made = (struct job_result){.error = {.code = HG_CONFIG}};
    snprintf(here.made.error.message, sizeof here.made.error.message, "%s", message);
    deliver(s, &here.made, JOB_CUTOVER_PLAN);
}

static void add_record(int64_t at_ms, const char *step, const char *event, const char *text)
{
    hg_cutover_record *r = &here.records[here.run.record_count++];

    *r = (hg_cutover_record){.seq = (int64_t)here.run.record_count,
                             .at_ms = at_ms,
                             .actor = "ana",
                             .host = "web1",
                             .step = step,
                             .event = event,
                             .text = text};
}

/* The journal up to the step that comes next, as if each had taken as long as any other. */
static void fill_journal(const struct scene_run *run, int64_t opened_ms)
{
    int64_t at_ms = opened_ms;

    add_record(at_ms, "", "OPEN", "");
    for (size_t i = 0; i < run->at && i < STEPS; i++) {
        hg_cutover_step *step = &here.steps[i];

        if (step->asks)
            add_record(at_ms, step->id, strcmp(step->id, "C05") == 0 ? "ATTEST" : "DECISION",
                       "rds:shop-2026-08-25, and web1:/backup/app.db, Kim");
        add_record(at_ms, step->id, "INTENT", "");
        step->state = "done";
        step->began_ms = at_ms;
        step->ended_ms = at_ms + STEP_MS;
        at_ms += STEP_MS;
        add_record(at_ms, step->id, "DONE", i == 10 ? "31204117 rows" : "");
    }
    if (run->at < STEPS && run->state != NULL && strcmp(run->state, "pending") != 0) {
        here.steps[run->at].began_ms = at_ms;
        add_record(at_ms, here.steps[run->at].id, "INTENT", "");
    }
    if (run->error != NULL)
        add_record(at_ms + 4000, here.steps[run->at].id, "FAILED", run->error);
}

static void fill_question(const struct scene_run *run)
{
    static const char *const words[STEPS] = {[2] = "20260825-1350",
                                             [5] = "20260825-1350",
                                             [7] = "20260825-1350",
                                             [12] = "CUTOVER shop 20260825-1350",
                                             [16] = "NO RETURN 20260825-1350"};
    static char question[160];

    if (!run->asks)
        return;
    here.run.expected = words[run->at] == NULL ? "" : words[run->at];
    snprintf(question, sizeof question,
             words[run->at] == NULL ? "Say who vouches for this, and how it is known"
                                    : "Type %s to go on",
             here.run.expected);
    here.run.question = question;
}

void scene_cutover(struct scene *s, const struct scene_run *run)
{
    int64_t wall_ms = s->wall_ms + s->now_ms - SCENE_START_MS;
    hg_cutover *c = &here.run;

    *c = (hg_cutover){0};
    fill_steps(here.steps);
    fill_sides(c, here.steps);
    c->run = "20260825-1350";
    c->dir = "/var/lib/headgate/runs/20260825-1350";
    c->head = "9f2c11d07be3a4586c0e";
    c->at = run->at;
    c->records = here.records;
    c->opened_ms = wall_ms - RUN_STARTED_MS;
    fill_journal(run, c->opened_ms);
    if (run->at < STEPS) {
        here.steps[run->at].state = run->state == NULL ? "pending" : run->state;
        here.steps[run->at].error = run->error == NULL ? "" : run->error;
    }
    c->cost = run->at == 0 ? "Nothing has been changed." : book[run->at - 1].cost;
    c->frozen_ms = run->frozen_ms > 0 ? run->frozen_ms : -1;
    c->budget_ms = 300000;
    c->gives_up_ms = run->at <= scene_cutover_step("C13") ? 450000 : 0;
    c->working = !run->left && run->outcome == NULL;
    c->stalled = run->stalled;
    c->paused = run->paused;
    c->aborting = run->aborting;
    c->past_return = run->past_return;
    c->closed = run->outcome != NULL;
    c->outcome = run->outcome == NULL ? "" : run->outcome;
    fill_question(run);
    here.read = (struct job_result){
        .ok = true, .cutover = c, .moves_ours = s->model.facts.driver == HG_SQLITE};
    deliver(s, &here.read, JOB_CUTOVER);
}

void scene_cutover_event(struct scene *s, const char *part, int64_t done, int64_t total,
                         const char *message)
{
    struct job_event event = {.kind = HG_EVENT_STEP_PROGRESS, .done = done, .total = total};

    snprintf(event.subject, sizeof event.subject, "%s", part);
    snprintf(event.message, sizeof event.message, "%s", message);
    snprintf(event.unit, sizeof event.unit, "row");
    scene_send(
        s, (struct message){.kind = MSG_PROGRESS, .job = s->model.wizard.watch_job, .event = event},
        100);
}

static void be_hostile(hg_cutover *c, const char *text)
{
    for (size_t i = 0; i < c->step_count; i++) {
        hg_cutover_step *step = &c->steps[i];

        step->id = step->title = step->what = step->cost = step->error = step->note = text;
        step->class_name = step->state = text;
    }
    for (size_t i = 0; i < c->record_count; i++) {
        hg_cutover_record *r = &c->records[i];

        r->actor = r->host = r->step = r->event = r->text = text;
    }
    c->dir = c->runbook = c->source = c->target = c->cost = c->head = text;
    if (c->question[0] != '\0')
        c->question = c->expected = text;
}

void scene_cutover_hostile(struct scene *s, const char *text)
{
    be_hostile(&here.run, text);
    be_hostile(&here.plan, text);
    scene_send(s, (struct message){.kind = MSG_TICK}, 5);
}
