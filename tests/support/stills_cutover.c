/*
 * stills_cutover.c - the table of states of a guided cutover, and how each is come by.
 */
#include "stills_cutover.h"

static void tick(struct scene *s, int64_t after_ms)
{
    scene_send(s, (struct message){.kind = MSG_TICK}, after_ms);
}

static void open_screen(struct scene *s)
{
    scene_calm(s);
    scene_deliver(s);
    scene_key(s, '6');
}

static void unread(struct scene *s)
{
    open_screen(s);
}

void still_cutover_missing(struct scene *s)
{
    open_screen(s);
    scene_cutover_trouble(s, HG_CONFIG, "HEADGATE_CUTOVER_URL is not set",
                          "It names the PostgreSQL database that the cutover moves to.");
}

static void broken(struct scene *s)
{
    open_screen(s);
    scene_cutover_trouble(s, HG_FILE,
                          "the journal was changed: a record does not follow the one before",
                          "Compare it with a copy of yours, and do not go on with this run.");
}

static void unplanned(struct scene *s)
{
    open_screen(s);
    scene_no_cutover(s);
}

/* The application has moved long ago: there is nothing left to move. */
static void no_source(struct scene *s)
{
    unplanned(s);
    scene_key(s, 'p');
    scene_cutover_no_plan(s, "a cutover begins at a SQLite file, and "
                             "\"postgresql://app:***@db.internal:5432/shop\" is none");
}

static void planning(struct scene *s)
{
    open_screen(s);
    scene_no_cutover(s);
    tick(s, 3000);
}

void still_cutover_planned(struct scene *s)
{
    open_screen(s);
    scene_no_cutover(s);
    scene_cutover_plan(s, false);
}

void still_cutover_doubted(struct scene *s)
{
    open_screen(s);
    scene_no_cutover(s);
    scene_cutover_plan(s, true);
}

static void doubted_further(struct scene *s)
{
    still_cutover_doubted(s);
    for (int i = 0; i < 16; i++)
        scene_key(s, 'j');
}

/* The question is open, its dead time over. */
void still_cutover_ask(struct scene *s, uint32_t key)
{
    if (s->model.facts.production && !model_armed(&s->model)) {
        scene_key(s, 'W');
        tick(s, 400);
        scene_key(s, 'y');
    }
    scene_key(s, key);
    tick(s, 400);
}

static void beginning(struct scene *s)
{
    still_cutover_planned(s);
    still_cutover_ask(s, 'n');
}

void still_cutover_run_at(struct scene *s, struct scene_run run)
{
    open_screen(s);
    scene_cutover(s, &run);
}

static void running(struct scene *s)
{
    still_cutover_run_at(s, (struct scene_run){.at = 3, .state = "begun"});
    scene_cutover_event(s, "orders", 16800000, 31204117, "52000 rows/s, 4 min left");
}

void still_cutover_frozen(struct scene *s)
{
    still_cutover_run_at(s, (struct scene_run){.at = 10, .state = "begun", .frozen_ms = 98000});
    scene_cutover_event(s, "orders", 16800000, 31204117, "52000 rows/s, 4 min left");
}

static void over_budget(struct scene *s)
{
    still_cutover_run_at(s, (struct scene_run){.at = 11, .state = "begun", .frozen_ms = 341000});
}

void still_cutover_asking(struct scene *s)
{
    still_cutover_run_at(s, (struct scene_run){.at = 16, .asks = true, .frozen_ms = 172000});
}

void still_cutover_no_return(struct scene *s)
{
    still_cutover_asking(s);
    still_cutover_ask(s, 'n');
    scene_type(s, "NO RET");
}

static void wrong(struct scene *s)
{
    still_cutover_asking(s);
    still_cutover_ask(s, 'n');
    scene_type(s, "no return");
    scene_key(s, KEYS_ENTER);
}

static void attesting(struct scene *s)
{
    still_cutover_run_at(s, (struct scene_run){.at = 4, .asks = true});
    still_cutover_ask(s, 'n');
    scene_type(s, "rds:shop-1, Ki");
}

static const char refused[] = "could not connect to \"db.internal\": connection refused";

void still_cutover_stalled(struct scene *s)
{
    still_cutover_run_at(
        s,
        (struct scene_run){
            .at = 10, .state = "failed", .error = refused, .stalled = true, .frozen_ms = 131000});
}

void still_cutover_ended(struct scene *s)
{
    still_cutover_run_at(
        s, (struct scene_run){.at = 1, .state = "failed", .error = refused, .left = true});
}

void still_cutover_died(struct scene *s)
{
    still_cutover_run_at(
        s, (struct scene_run){.at = 10, .state = "begun", .left = true, .frozen_ms = 131000});
}

void still_cutover_paused(struct scene *s)
{
    still_cutover_run_at(s, (struct scene_run){.at = 8, .paused = true, .frozen_ms = 12000});
}

static void backing_out(struct scene *s)
{
    still_cutover_frozen(s);
    still_cutover_ask(s, 'B');
    scene_type(s, "2026");
}

static void going_back(struct scene *s)
{
    still_cutover_run_at(
        s, (struct scene_run){.at = 9, .state = "undoing", .aborting = true, .frozen_ms = 44000});
}

void still_cutover_watched(struct scene *s)
{
    still_cutover_run_at(
        s,
        (struct scene_run){.at = 17, .state = "begun", .past_return = true, .frozen_ms = 180000});
}

void still_cutover_done(struct scene *s)
{
    still_cutover_run_at(
        s, (struct scene_run){.at = 18, .past_return = true, .outcome = "done", .frozen_ms = 1});
}

static void aborted(struct scene *s)
{
    still_cutover_run_at(s, (struct scene_run){.at = 18, .aborting = true, .outcome = "aborted"});
}

void still_cutover_journal(struct scene *s)
{
    still_cutover_stalled(s);
    scene_key(s, KEYS_TAB);
}

void still_cutover_record(struct scene *s)
{
    still_cutover_journal(s);
    scene_key(s, KEYS_ENTER);
}

void still_cutover_step(struct scene *s)
{
    still_cutover_stalled(s);
    scene_key(s, KEYS_ENTER);
}

static void elsewhere(struct scene *s)
{
    still_cutover_frozen(s);
    scene_key(s, '4');
}

static void read_only(struct scene *s)
{
    s->model.facts.read_only = true;
    still_cutover_asking(s);
    scene_key(s, 'n');
}

// clang-format off
static const struct still all[] = {
    {"cutover_unread_80x24", unread, 80, 24, true, false},
    {"cutover_unplanned_80x24", unplanned, 80, 24, true, true},
    {"cutover_no_source_80x24", no_source, 80, 24, true, true},
    {"cutover_missing_80x24", still_cutover_missing, 80, 24, true, false},
    {"cutover_missing_40x10", still_cutover_missing, 40, 10, true, false},
    {"cutover_broken_80x24", broken, 80, 24, true, false},
    {"cutover_planning_80x24", planning, 80, 24, true, false},
    {"cutover_planned_80x24", still_cutover_planned, 80, 24, true, false},
    {"cutover_planned_40x10", still_cutover_planned, 40, 10, true, false},
    {"cutover_planned_132x43", still_cutover_planned, 132, 43, true, true},
    {"cutover_doubted_80x24", still_cutover_doubted, 80, 24, true, false},
    {"cutover_doubted_80x24_ascii", still_cutover_doubted, 80, 24, false, true},
    {"cutover_doubted_further_80x24", doubted_further, 80, 24, true, false},
    {"cutover_beginning_80x24", beginning, 80, 24, true, false},
    {"cutover_beginning_prod_80x24", beginning, 80, 24, true, true},
    {"cutover_running_80x24", running, 80, 24, true, false},
    {"cutover_frozen_80x24", still_cutover_frozen, 80, 24, true, false},
    {"cutover_frozen_80x24_ascii", still_cutover_frozen, 80, 24, false, true},
    {"cutover_frozen_40x10", still_cutover_frozen, 40, 10, true, false},
    {"cutover_frozen_40x10_ascii", still_cutover_frozen, 40, 10, false, true},
    {"cutover_frozen_132x43", still_cutover_frozen, 132, 43, true, false},
    {"cutover_frozen_132x43_ascii", still_cutover_frozen, 132, 43, false, true},
    {"cutover_over_budget_80x24", over_budget, 80, 24, true, true},
    {"cutover_asking_80x24", still_cutover_asking, 80, 24, true, false},
    {"cutover_asking_40x10", still_cutover_asking, 40, 10, true, false},
    {"cutover_no_return_80x24", still_cutover_no_return, 80, 24, true, true},
    {"cutover_no_return_40x10", still_cutover_no_return, 40, 10, true, true},
    {"cutover_no_return_132x43", still_cutover_no_return, 132, 43, true, true},
    {"cutover_wrong_80x24", wrong, 80, 24, true, false},
    {"cutover_attesting_80x24", attesting, 80, 24, true, false},
    {"cutover_stalled_80x24", still_cutover_stalled, 80, 24, true, false},
    {"cutover_stalled_40x10", still_cutover_stalled, 40, 10, true, false},
    {"cutover_ended_80x24", still_cutover_ended, 80, 24, true, false},
    {"cutover_died_80x24", still_cutover_died, 80, 24, true, false},
    {"cutover_died_40x10_ascii", still_cutover_died, 40, 10, false, false},
    {"cutover_paused_80x24", still_cutover_paused, 80, 24, true, false},
    {"cutover_backing_out_80x24", backing_out, 80, 24, true, true},
    {"cutover_going_back_80x24", going_back, 80, 24, true, false},
    {"cutover_watched_80x24", still_cutover_watched, 80, 24, true, false},
    {"cutover_done_80x24", still_cutover_done, 80, 24, true, false},
    {"cutover_done_132x43", still_cutover_done, 132, 43, true, false},
    {"cutover_aborted_80x24", aborted, 80, 24, true, false},
    {"cutover_journal_80x24", still_cutover_journal, 80, 24, true, false},
    {"cutover_journal_40x10", still_cutover_journal, 40, 10, true, false},
    {"cutover_record_80x24", still_cutover_record, 80, 24, true, false},
    {"cutover_step_80x24", still_cutover_step, 80, 24, true, false},
    {"cutover_elsewhere_80x24", elsewhere, 80, 24, true, true},
    {"cutover_elsewhere_40x10", elsewhere, 40, 10, true, false},
    {"cutover_read_only_80x24", read_only, 80, 24, true, true},
};
// clang-format on

const struct still *stills_cutover(size_t *out_count)
{
    *out_count = sizeof all / sizeof *all;
    return all;
}
