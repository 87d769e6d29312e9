/*
 * test_cutover.c - the screen of the guided cutover, as it was looked at, and what its keys say to
 * the process that carries it out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/golden.h"
#include "support/scene_cutover.h"

static void tick(struct scene *s, int64_t after_ms)
{
    scene_send(s, (struct message){.kind = MSG_TICK}, after_ms);
}

/* --- screens --- */

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

static void missing(struct scene *s)
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

static void planning(struct scene *s)
{
    open_screen(s);
    scene_no_cutover(s);
    tick(s, 3000);
}

static void planned(struct scene *s)
{
    open_screen(s);
    scene_no_cutover(s);
    scene_cutover_plan(s, false);
}

static void doubted(struct scene *s)
{
    open_screen(s);
    scene_no_cutover(s);
    scene_cutover_plan(s, true);
}

static void doubted_further(struct scene *s)
{
    doubted(s);
    for (int i = 0; i < 16; i++)
        scene_key(s, 'j');
}

/* The question is open, its dead time over. */
static void ask(struct scene *s, uint32_t key)
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
    planned(s);
    ask(s, 'n');
}

static void run_at(struct scene *s, struct scene_run run)
{
    open_screen(s);
    scene_cutover(s, &run);
}

static void running(struct scene *s)
{
    run_at(s, (struct scene_run){.at = 3, .state = "begun"});
    scene_cutover_event(s, "orders", 16800000, 31204117, "52000 rows/s, 4 min left");
}

static void frozen(struct scene *s)
{
    run_at(s, (struct scene_run){.at = 10, .state = "begun", .frozen_ms = 98000});
    scene_cutover_event(s, "orders", 16800000, 31204117, "52000 rows/s, 4 min left");
}

static void over_budget(struct scene *s)
{
    run_at(s, (struct scene_run){.at = 11, .state = "begun", .frozen_ms = 341000});
}

static void asking(struct scene *s)
{
    run_at(s, (struct scene_run){.at = 16, .asks = true, .frozen_ms = 172000});
}

static void no_return(struct scene *s)
{
    asking(s);
    ask(s, 'n');
    scene_type(s, "NO RET");
}

static void wrong(struct scene *s)
{
    asking(s);
    ask(s, 'n');
    scene_type(s, "no return");
    scene_key(s, KEYS_ENTER);
}

static void attesting(struct scene *s)
{
    run_at(s, (struct scene_run){.at = 4, .asks = true});
    ask(s, 'n');
    scene_type(s, "rds:shop-1, Ki");
}

static const char refused[] = "could not connect to \"db.internal\": connection refused";

static void stalled(struct scene *s)
{
    run_at(
        s,
        (struct scene_run){
            .at = 10, .state = "failed", .error = refused, .stalled = true, .frozen_ms = 131000});
}

static void ended(struct scene *s)
{
    run_at(s, (struct scene_run){.at = 1, .state = "failed", .error = refused, .left = true});
}

static void died(struct scene *s)
{
    run_at(s, (struct scene_run){.at = 10, .state = "begun", .left = true, .frozen_ms = 131000});
}

static void paused(struct scene *s)
{
    run_at(s, (struct scene_run){.at = 8, .paused = true, .frozen_ms = 12000});
}

static void backing_out(struct scene *s)
{
    frozen(s);
    ask(s, 'B');
    scene_type(s, "2026");
}

static void going_back(struct scene *s)
{
    run_at(s,
           (struct scene_run){.at = 9, .state = "undoing", .aborting = true, .frozen_ms = 44000});
}

static void watched(struct scene *s)
{
    run_at(s, (struct scene_run){
                  .at = 17, .state = "begun", .past_return = true, .frozen_ms = 180000});
}

static void done(struct scene *s)
{
    run_at(s, (struct scene_run){.at = 18, .past_return = true, .outcome = "done", .frozen_ms = 1});
}

static void aborted(struct scene *s)
{
    run_at(s, (struct scene_run){.at = 18, .aborting = true, .outcome = "aborted"});
}

static void journal(struct scene *s)
{
    stalled(s);
    scene_key(s, KEYS_TAB);
}

static void record(struct scene *s)
{
    journal(s);
    scene_key(s, KEYS_ENTER);
}

static void step(struct scene *s)
{
    stalled(s);
    scene_key(s, KEYS_ENTER);
}

static void elsewhere(struct scene *s)
{
    frozen(s);
    scene_key(s, '4');
}

static void read_only(struct scene *s)
{
    s->model.facts.read_only = true;
    asking(s);
    scene_key(s, 'n');
}

static const struct {
    const char *name;
    void (*set)(struct scene *s);
    int width, height;
    bool utf8, production;
} cases[] = {
    {"cutover_unread_80x24", unread, 80, 24, true, false},
    {"cutover_missing_80x24", missing, 80, 24, true, false},
    {"cutover_missing_40x10", missing, 40, 10, true, false},
    {"cutover_broken_80x24", broken, 80, 24, true, false},
    {"cutover_planning_80x24", planning, 80, 24, true, false},
    {"cutover_planned_80x24", planned, 80, 24, true, false},
    {"cutover_planned_40x10", planned, 40, 10, true, false},
    {"cutover_planned_132x43", planned, 132, 43, true, true},
    {"cutover_doubted_80x24", doubted, 80, 24, true, false},
    {"cutover_doubted_80x24_ascii", doubted, 80, 24, false, true},
    {"cutover_doubted_further_80x24", doubted_further, 80, 24, true, false},
    {"cutover_beginning_80x24", beginning, 80, 24, true, false},
    {"cutover_beginning_prod_80x24", beginning, 80, 24, true, true},
    {"cutover_running_80x24", running, 80, 24, true, false},
    {"cutover_frozen_80x24", frozen, 80, 24, true, false},
    {"cutover_frozen_80x24_ascii", frozen, 80, 24, false, true},
    {"cutover_frozen_40x10", frozen, 40, 10, true, false},
    {"cutover_frozen_40x10_ascii", frozen, 40, 10, false, true},
    {"cutover_frozen_132x43", frozen, 132, 43, true, false},
    {"cutover_frozen_132x43_ascii", frozen, 132, 43, false, true},
    {"cutover_over_budget_80x24", over_budget, 80, 24, true, true},
    {"cutover_asking_80x24", asking, 80, 24, true, false},
    {"cutover_asking_40x10", asking, 40, 10, true, false},
    {"cutover_no_return_80x24", no_return, 80, 24, true, true},
    {"cutover_no_return_40x10", no_return, 40, 10, true, true},
    {"cutover_no_return_132x43", no_return, 132, 43, true, true},
    {"cutover_wrong_80x24", wrong, 80, 24, true, false},
    {"cutover_attesting_80x24", attesting, 80, 24, true, false},
    {"cutover_stalled_80x24", stalled, 80, 24, true, false},
    {"cutover_stalled_40x10", stalled, 40, 10, true, false},
    {"cutover_ended_80x24", ended, 80, 24, true, false},
    {"cutover_died_80x24", died, 80, 24, true, false},
    {"cutover_died_40x10_ascii", died, 40, 10, false, false},
    {"cutover_paused_80x24", paused, 80, 24, true, false},
    {"cutover_backing_out_80x24", backing_out, 80, 24, true, true},
    {"cutover_going_back_80x24", going_back, 80, 24, true, false},
    {"cutover_watched_80x24", watched, 80, 24, true, false},
    {"cutover_done_80x24", done, 80, 24, true, false},
    {"cutover_done_132x43", done, 132, 43, true, false},
    {"cutover_aborted_80x24", aborted, 80, 24, true, false},
    {"cutover_journal_80x24", journal, 80, 24, true, false},
    {"cutover_journal_40x10", journal, 40, 10, true, false},
    {"cutover_record_80x24", record, 80, 24, true, false},
    {"cutover_step_80x24", step, 80, 24, true, false},
    {"cutover_elsewhere_80x24", elsewhere, 80, 24, true, true},
    {"cutover_elsewhere_40x10", elsewhere, 40, 10, true, false},
    {"cutover_read_only_80x24", read_only, 80, 24, true, true},
};

static void screens_are_as_they_were_looked_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene *s;
        char *screen;

        setlocale(LC_ALL, cases[i].utf8 ? "C.UTF-8" : "C");
        s = scene_new(cases[i].width, cases[i].height, cases[i].utf8, cases[i].production);
        cases[i].set(s);
        screen = scene_screen(s, true);
        golden_compare(cases[i].name, screen);
        free(screen);
        scene_free(s);
    }
    setlocale(LC_ALL, "C.UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens_are_as_they_were_looked_at),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
