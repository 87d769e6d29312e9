/*
 * stills.c - what the stills show.
 */
#include "stills.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scene_cutover.h"

void still_calm(struct scene *s)
{
    scene_calm(s);
    scene_deliver(s);
}

void still_busy(struct scene *s)
{
    scene_busy(s);
    scene_deliver(s);
}

/* Ten minutes of work in the pool's past. */
static void long_busy(struct scene *s)
{
    static const int uses[] = {3, 5, 4, 9, 12, 17, 20, 20, 14, 8, 6, 2, 0, 0, 1};

    still_busy(s);
    for (int i = 0; i < 120; i++) {
        s->snapshots[0].in_use = uses[i % 15];
        s->snapshots[0].waiting = uses[i % 15] == 20 ? 3 : 0;
        s->snapshots[0].checkouts += 905;
        scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->pools}, 5000);
    }
    s->snapshots[0].in_use = 12;
    s->snapshots[0].waiting = 3;
    s->snapshots[0].checkouts += 905;
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->pools}, 5000);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->status}, 0);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->ping}, 0);
}

static void starting(struct scene *s)
{
    (void)s; /* nothing has answered yet */
}

static void empty(struct scene *s)
{
    scene_empty(s);
    scene_deliver(s);
}

/* The database has been silent for four seconds; pools are read all the same. */
void still_stale(struct scene *s)
{
    still_busy(s);
    scene_tick(s, 1000);
    scene_tick(s, 4000);
}

/* The ledger names a revision without a file, and a file that was edited after it was applied. */
static void broken(struct scene *s)
{
    scene_busy(s);
    s->revisions[39].checksum_ok = false;
    s->revisions[40].state = HG_REVISION_MISSING;
    s->revisions[40].file = "";
    scene_deliver(s);
}

static void read_only(struct scene *s)
{
    s->model.facts.read_only = true;
    still_busy(s);
    scene_key(s, 'A');
}

static void fallback(struct scene *s)
{
    s->model.facts.prod_url_missing = true;
    still_busy(s);
}

/* Production is guarded: changes are allowed first. */
static void arm(struct scene *s)
{
    scene_key(s, 'W');
    scene_tick(s, 400);
    scene_key(s, 'y');
}

void still_plan(struct scene *s)
{
    still_busy(s);
    if (s->model.facts.production)
        arm(s);
    scene_key(s, 'A');
    scene_plan(s);
}

void still_question(struct scene *s)
{
    still_plan(s);
    scene_tick(s, 400);
    if (s->model.facts.production)
        scene_type(s, "shol");
    if (s->model.facts.production)
        scene_key(s, KEYS_ENTER);
}

static void planning(struct scene *s)
{
    still_busy(s);
    scene_key(s, 'U');
    scene_tick(s, 3000);
}

static void run(struct scene *s)
{
    still_plan(s);
    scene_tick(s, 400);
    scene_type(s, s->model.facts.production ? "shop" : "y");
    if (s->model.facts.production)
        scene_key(s, KEYS_ENTER);
    scene_progress(s, (struct job_event){.kind = HG_EVENT_STEP_STARTED, .subject = "0042"});
    scene_progress(s,
                   (struct job_event){.kind = HG_EVENT_STEP_PROGRESS,
                                      .subject = "0042",
                                      .message = "ALTER TABLE users VALIDATE CONSTRAINT email_nn",
                                      .unit = "statement",
                                      .done = 2,
                                      .total = 3});
}

void still_waiting(struct scene *s)
{
    run(s);
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->ping}, 0);
    scene_progress(s,
                   (struct job_event){.kind = HG_EVENT_WAITING,
                                      .subject = "0042",
                                      .message = "for a lock that pid 4211 holds, attempt 2 of 5"});
}

static void stop(struct scene *s)
{
    still_waiting(s);
    scene_key(s, KEYS_INTERRUPT);
}

/* A lock is waited for, and the server tells who has it and who waits behind. */
static void blocked(struct scene *s)
{
    static const int64_t ours[] = {4318};

    still_waiting(s);
    scene_deliver_sessions(s);
    s->sessions[4].blocked_by = s->sessions[2].blocked_by = ours;
    s->sessions[4].blocked_by_count = 1;
}

static void ending(struct scene *s)
{
    blocked(s);
    scene_key(s, 'K');
    scene_tick(s, 400);
    scene_type(s, "sho");
}

/* Somebody else is at work: a worker of this user, or who knows who. */
static void others_work(struct scene *s, int64_t pid)
{
    still_busy(s);
    s->status.worker =
        (struct worker_info){.pid = pid, .command = "up", .started_ms = s->wall_ms - 90000};
    snprintf(s->status.holder, sizeof s->status.holder,
             "headgate/migrate 2/5 0042 web2 (process 4318, from 10.0.3.9, since 2026-08-25 "
             "14:01:41 UTC) for bob: 0042, statement 2 of 3");
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->status}, 5);
}

static void at_work(struct scene *s)
{
    others_work(s, 0);
}

static void holder(struct scene *s)
{
    others_work(s, 0);
    scene_key(s, 'a');
    scene_deliver_sessions(s);
}

static void attached(struct scene *s)
{
    others_work(s, 4711);
    scene_key(s, 'a');
    scene_progress(s, (struct job_event){.kind = HG_EVENT_STEP_STARTED,
                                         .subject = "0042",
                                         .unit = "step",
                                         .done = 1,
                                         .total = 5});
    scene_progress(s, (struct job_event){.kind = HG_EVENT_WAITING,
                                         .subject = "0042",
                                         .message = "canceling statement due to lock timeout: in "
                                                    "the way was process 4211; attempt 2 of 6 in "
                                                    "9000 ms",
                                         .unit = "attempt",
                                         .done = 2,
                                         .total = 6,
                                         .duration_ms = 9000});
}

static void done(struct scene *s)
{
    run(s);
    scene_end(s, true);
}

void still_failed(struct scene *s)
{
    run(s);
    scene_progress(s, (struct job_event){.kind = HG_EVENT_STEP_DONE, .subject = "0042"});
    scene_end(s, false);
}

void still_help(struct scene *s)
{
    still_busy(s);
    scene_key(s, '?');
}

void still_log_page(struct scene *s)
{
    done(s);
    scene_key(s, '7');
}

static void detail(struct scene *s, enum pane pane)
{
    still_busy(s);
    while (model_focus(&s->model) != pane)
        scene_key(s, KEYS_TAB);
    scene_key(s, KEYS_ENTER);
}

void still_pool_detail(struct scene *s)
{
    detail(s, PANE_POOLS);
}

void still_connection_detail(struct scene *s)
{
    detail(s, PANE_CONNECTIONS);
}

void still_migration_detail(struct scene *s)
{
    detail(s, PANE_MIGRATIONS);
}

void still_check_detail(struct scene *s)
{
    detail(s, PANE_CHECKS);
}

static void pools_pane(struct scene *s)
{
    still_busy(s);
    while (model_focus(&s->model) != PANE_POOLS)
        scene_key(s, KEYS_TAB);
}

static void connections_pane(struct scene *s)
{
    still_busy(s);
    scene_key(s, KEYS_BACK_TAB);
}

static void arming(struct scene *s)
{
    still_busy(s);
    scene_key(s, 'W');
}

static void only_looking(struct scene *s)
{
    still_busy(s);
    scene_key(s, 'p');
    scene_plan(s);
}

static void expired(struct scene *s)
{
    still_question(s);
    scene_tick(s, 61000);
}

static void filtering(struct scene *s)
{
    still_busy(s);
    scene_type(s, "4/users !0006");
}

static void no_match(struct scene *s)
{
    still_busy(s);
    scene_type(s, "4/nothing like it\r");
}

static void commanding(struct scene *s)
{
    still_busy(s);
    scene_type(s, ":re");
}

static void target(struct scene *s)
{
    still_busy(s);
    scene_type(s, ":up 004");
}

static void running_elsewhere(struct scene *s)
{
    still_waiting(s);
    scene_key(s, '3');
    scene_deliver_sessions(s);
}

static void plain_copy(struct scene *s)
{
    s->model.facts.clipboard = false;
    long_busy(s);
    scene_key(s, '3');
    scene_deliver_sessions(s);
    scene_key(s, 'y');
}

static void smoked(struct scene *s)
{
    still_busy(s);
    scene_type(s, "5r");
    scene_deliver_smoke(s);
}

/* Two branches that were merged, and two that are heads. */
static void branch(struct scene *s, size_t row, const char *const *parents, size_t count)
{
    s->revisions[row].revises = parents;
    s->revisions[row].revises_count = count;
}

static void graph(struct scene *s)
{
    static const char *const names[] = {"0001", "0002", "0003", "0004", "0005", "0006", "0007"};
    static const char *const merged[] = {"0004", "0003"};

    scene_busy(s);
    s->history.revision_count = 8;
    for (size_t i = 1; i < 8; i++)
        branch(s, i, &names[i - 1], 1);
    branch(s, 2, names, 1);     /* 0003 from 0001, beside 0002 */
    branch(s, 3, names + 1, 1); /* 0004 from 0002 */
    branch(s, 4, merged, 2);
    branch(s, 6, names + 4, 1); /* 0006 and 0007 from 0005 */
    branch(s, 7, names + 6, 1);
    s->revisions[2].checksum_ok = false;
    for (size_t i = 5; i < 8; i++) {
        s->revisions[i].state = HG_REVISION_PENDING;
        s->revisions[i].applied_ms = 0;
        s->revisions[i].applied_by = "";
        s->revisions[i].duration_ms = -1;
        s->revisions[i].checksum_known = false;
    }
    s->revisions[4].current = true;
    s->revisions[5].head = s->revisions[7].head = true;
    s->history.head_count = 2;
    s->history.pending_count = 3;
    scene_deliver(s);
    scene_key(s, '4');
    scene_deliver_source(s);
}

static void paused(struct scene *s)
{
    long_busy(s);
    scene_key(s, ' ');
    scene_tick(s, 61000);
}

static void zoomed(struct scene *s)
{
    long_busy(s);
    scene_key(s, 'z');
}

static void zoomed_pool(struct scene *s)
{
    long_busy(s);
    while (model_focus(&s->model) != PANE_POOLS)
        scene_key(s, KEYS_TAB);
    scene_key(s, 'z');
}

static void zoomed_detail(struct scene *s)
{
    graph(s);
    scene_key(s, KEYS_TAB);
    scene_key(s, 'z');
}

static void searched(struct scene *s)
{
    graph(s);
    scene_key(s, KEYS_TAB);
    scene_type(s, "/users");
    scene_key(s, KEYS_ENTER);
}

static void searching(struct scene *s)
{
    still_help(s);
    scene_type(s, "/pane");
}

/* The database is not what schema.sql says, and a file was edited. */
static void comparing(struct scene *s)
{
    still_busy(s);
    scene_key(s, 'd');
    scene_tick(s, 3000);
}

static void drift(struct scene *s)
{
    static hg_schema_change changes[] = {
        {HG_SCHEMA_ADD, "table", "audit", ""},
        {HG_SCHEMA_ALTER, "column", "accounts.email", "type text -> citext; not null none -> yes"},
        {HG_SCHEMA_DROP, "index", "accounts_old", ""},
    };
    static hg_schema_statement statements[] = {
        {HG_SCHEMA_MAIN, "CREATE TABLE audit (id bigint PRIMARY KEY, note text)", ""},
        {HG_SCHEMA_MAIN, "ALTER TABLE accounts ALTER email TYPE citext", ""},
        {HG_SCHEMA_AFTER, "DROP INDEX accounts_old", ""},
    };
    static hg_schema_diff diff = {
        .changes = changes, .change_count = 3, .statements = statements, .statement_count = 3};
    static struct job_result result;

    result = (struct job_result){.ok = true, .drift = &diff};
    result.request = (struct job_request){.kind = JOB_DRIFT, .file = "schema.sql"};
    result.finished_ms = s->wall_ms + 3000;
    broken(s);
    scene_key(s, 'd');
    scene_send(s,
               (struct message){.kind = MSG_RESULT, .result = &result, .job = s->model.drift_job},
               3000);
}

/* On SQLite: the process that writes, and who in it. */
static void writer(struct scene *s)
{
    still_busy(s);
    scene_key(s, '3');
    scene_deliver_sessions(s);
    scene_key(s, 'j');
}

/* A copy that is on its way: one table is done, one is half done. */
static void copy_page(struct scene *s)
{
    still_busy(s);
    scene_key(s, 'c');
}

static void nothing_to_copy(struct scene *s)
{
    s->model.facts.copy_to[0] = '\0';
    strcpy(s->model.facts.copy_refusal,
           "no PostgreSQL database is named that could be copied into");
    strcpy(s->model.facts.copy_hint, "Set DATABASE_URL_PROD.");
    copy_page(s);
}

static void looked(struct scene *s)
{
    copy_page(s);
    scene_key(s, 'p');
    scene_copy(s, true);
}

static void copied(struct scene *s)
{
    copy_page(s);
    scene_key(s, 'v');
    scene_copy(s, false);
}

static void misfits(struct scene *s)
{
    copy_page(s);
    scene_key(s, 'p');
    scene_copy(s, false);
}

static void copy_question(struct scene *s)
{
    looked(s);
    if (s->model.facts.production)
        arm(s);
    scene_key(s, 'A');
    scene_tick(s, 400);
    scene_type(s, "sho");
}

static void copy_event(struct scene *s, hg_event_kind kind, const char *table, int64_t done,
                       int64_t total)
{
    struct job_event event = {.kind = kind, .done = done, .total = total};

    snprintf(event.subject, sizeof event.subject, "%s", table);
    snprintf(event.message, sizeof event.message, "copying, 52000 rows/s, 24 s left");
    scene_send(s,
               (struct message){.kind = MSG_PROGRESS, .job = s->model.transfer.job, .event = event},
               100);
}

static void copying(struct scene *s)
{
    copy_question(s);
    scene_type(s, "p");
    scene_key(s, KEYS_ENTER);
    copy_event(s, HG_EVENT_STEP_DONE, "users", 1200000, 0);
    copy_event(s, HG_EVENT_STEP_PROGRESS, "orders", 14000, 31200);
    copy_event(s, HG_EVENT_STEP_PROGRESS, "", 398000000, 414100000);
}

static void copy_stop(struct scene *s)
{
    copying(s);
    scene_key(s, KEYS_INTERRUPT);
}

/* Sessions and checks of a database that has been silent since. */
static void stale_sessions(struct scene *s)
{
    still_busy(s);
    scene_key(s, '3');
    scene_deliver_sessions(s);
    scene_tick(s, 1000);
    scene_tick(s, 4000);
}

static void stale_checks(struct scene *s)
{
    still_stale(s);
    scene_key(s, '5');
}

/* The files do not fit together: no history can be read. */
static void broken_graph(struct scene *s)
{
    scene_busy(s);
    s->readiness.history = NULL;
    for (size_t i = 0; i < s->readiness.check_count; i++)
        if (strcmp(s->readiness.checks[i].id, "migrate.at_head") == 0) {
            snprintf(s->readiness.checks[i].observed, sizeof s->readiness.checks[i].observed,
                     "revision \"0042\" revises \"0040\", which no file has");
            snprintf(s->readiness.checks[i].hint, sizeof s->readiness.checks[i].hint,
                     "Is a file missing from the folder, or the name mistyped?");
        }
    scene_deliver(s);
    scene_key(s, '4');
}

static void sorted(struct scene *s)
{
    still_busy(s);
    scene_type(s, "4ssS");
}

static void open_screen(struct scene *s, char key)
{
    long_busy(s);
    scene_key(s, (uint32_t)key);
    if (s->effects.count > 0 && (key == '2' || key == '3'))
        scene_deliver_sessions(s);
    if (s->model.source.job != 0)
        scene_deliver_source(s);
    if (key == '6')
        scene_cutover(s, &(struct scene_run){.at = 10, .state = "begun", .frozen_ms = 98000});
}

static void overview_screen(struct scene *s)
{
    open_screen(s, '1');
}

static void pools_screen(struct scene *s)
{
    open_screen(s, '2');
}

static void sessions_screen(struct scene *s)
{
    open_screen(s, '3');
}

static void migrations_screen(struct scene *s)
{
    open_screen(s, '4');
}

static void checks_screen(struct scene *s)
{
    open_screen(s, '5');
}

static void cutover_screen(struct scene *s)
{
    open_screen(s, '6');
}

static void log_screen(struct scene *s)
{
    open_screen(s, '7');
}

/* A screen at its three sizes, in UTF-8 and in ASCII. */
#define SCREEN(name, set)                                          \
    {"screen_" name "_40x10", set, 40, 10, true, true},            \
        {"screen_" name "_40x10_ascii", set, 40, 10, false, true}, \
        {"screen_" name "_80x24", set, 80, 24, true, true},        \
        {"screen_" name "_80x24_ascii", set, 80, 24, false, true}, \
        {"screen_" name "_132x43", set, 132, 43, true, true},      \
    {                                                              \
        "screen_" name "_132x43_ascii", set, 132, 43, false, true  \
    }

// clang-format off
static const struct still all[] = {
    SCREEN("overview", overview_screen),     SCREEN("pools", pools_screen),
    SCREEN("sessions", sessions_screen),     SCREEN("migrations", migrations_screen),
    SCREEN("checks", checks_screen),         SCREEN("cutover", cutover_screen),
    SCREEN("log", log_screen),

    {"overview_calm_80x24", still_calm, 80, 24, true, false},
    {"overview_busy_80x24", still_busy, 80, 24, true, false},
    {"overview_busy_prod_80x24", long_busy, 80, 24, true, true},
    {"overview_busy_prod_80x24_ascii", long_busy, 80, 24, false, true},
    {"overview_busy_40x10", still_busy, 40, 10, true, true},
    {"overview_busy_40x10_ascii", still_busy, 40, 10, false, false},
    {"overview_connections_40x10", connections_pane, 40, 10, true, false},
    {"overview_pools_40x10", pools_pane, 40, 10, true, false},
    {"overview_busy_132x43", long_busy, 132, 43, true, true},
    {"overview_busy_200x60", long_busy, 200, 60, true, false},
    {"overview_busy_30x5", still_busy, 30, 5, true, true},
    {"overview_busy_60x1", still_busy, 60, 1, true, true},
    {"overview_starting_80x24", starting, 80, 24, true, false},
    {"overview_empty_80x24", empty, 80, 24, true, false},
    {"searched_80x24", searched, 80, 24, true, false},
    {"searched_132x43_ascii", searched, 132, 43, false, false},
    {"searching_80x24", searching, 80, 24, true, true},
    {"searching_40x10", searching, 40, 10, true, false},
    {"paused_80x24", paused, 80, 24, true, true},
    {"paused_40x10", paused, 40, 10, true, true},
    {"zoomed_80x24", zoomed, 80, 24, true, false},
    {"zoomed_40x10_ascii", zoomed, 40, 10, false, true},
    {"zoomed_pool_80x24", zoomed_pool, 80, 24, true, true},
    {"zoomed_detail_132x43", zoomed_detail, 132, 43, true, false},
    {"overview_stale_80x24", still_stale, 80, 24, true, true},
    {"overview_stale_40x10", still_stale, 40, 10, true, false},
    {"overview_broken_80x24", broken, 80, 24, true, false},
    {"overview_read_only_80x24", read_only, 80, 24, true, true},
    {"overview_fallback_80x24", fallback, 80, 24, true, true},
    {"plan_80x24", still_question, 80, 24, true, false},
    {"plan_prod_early_80x24", still_plan, 80, 24, true, true},
    {"plan_prod_80x24", still_question, 80, 24, true, true},
    {"plan_prod_40x10", still_question, 40, 10, true, true},
    {"plan_making_80x24", planning, 80, 24, true, false},
    {"run_80x24", run, 80, 24, true, false},
    {"run_waiting_prod_80x24", still_waiting, 80, 24, true, true},
    {"run_waiting_40x10", still_waiting, 40, 10, false, false},
    {"run_stop_80x24", stop, 80, 24, true, false},
    {"run_stop_40x10", stop, 40, 10, true, true},
    {"run_stop_80x24_ascii", stop, 80, 24, false, true},
    {"run_blocked_80x24", blocked, 80, 24, true, true},
    {"run_blocked_40x10", blocked, 40, 10, true, true},
    {"run_blocked_132x43_ascii", blocked, 132, 43, false, true},
    {"run_end_80x24", ending, 80, 24, true, true},
    {"run_end_40x10", ending, 40, 10, true, true},
    {"run_others_80x24", at_work, 80, 24, true, true},
    {"run_others_40x10", at_work, 40, 10, false, true},
    {"run_holder_80x24", holder, 80, 24, true, true},
    {"run_holder_40x10", holder, 40, 10, true, true},
    {"run_holder_132x43_ascii", holder, 132, 43, false, true},
    {"run_attached_80x24", attached, 80, 24, true, true},
    {"run_attached_40x10", attached, 40, 10, true, true},
    {"run_attached_132x43_ascii", attached, 132, 43, false, true},
    {"run_done_80x24", done, 80, 24, true, false},
    {"run_failed_80x24", still_failed, 80, 24, true, false},
    {"run_failed_40x10", still_failed, 40, 10, true, true},
    {"help_80x24", still_help, 80, 24, true, false},
    {"help_40x10", still_help, 40, 10, false, false},
    {"log_80x24", still_log_page, 80, 24, true, false},
    {"detail_pool_80x24", still_pool_detail, 80, 24, true, false},
    {"detail_connection_80x24", still_connection_detail, 80, 24, true, false},
    {"detail_migration_80x24", still_migration_detail, 80, 24, true, false},
    {"detail_check_80x24", still_check_detail, 80, 24, true, false},
    {"arm_80x24", arming, 80, 24, true, true},
    {"arm_40x10", arming, 40, 10, true, true},
    {"plan_looked_at_80x24", only_looking, 80, 24, true, true},
    {"plan_expired_80x24", expired, 80, 24, true, true},
    {"filter_80x24", filtering, 80, 24, true, false},
    {"filter_40x10", filtering, 40, 10, false, false},
    {"filter_nothing_80x24", no_match, 80, 24, true, false},
    {"command_80x24", commanding, 80, 24, true, false},
    {"command_target_80x24", target, 80, 24, true, false},
    {"run_elsewhere_80x24", running_elsewhere, 80, 24, true, true},
    {"run_elsewhere_40x10", running_elsewhere, 40, 10, true, false},
    {"copy_plain_80x24", plain_copy, 80, 24, true, true},
    {"sorted_80x24", sorted, 80, 24, true, false},
    {"drift_making_80x24", comparing, 80, 24, true, false},
    {"drift_40x10", drift, 40, 10, true, false},
    {"drift_40x10_ascii", drift, 40, 10, false, false},
    {"drift_80x24", drift, 80, 24, true, true},
    {"drift_80x24_ascii", drift, 80, 24, false, true},
    {"drift_132x43", drift, 132, 43, true, true},
    {"drift_132x43_ascii", drift, 132, 43, false, true},
    {"file_40x10", writer, 40, 10, true, false},
    {"file_80x24", writer, 80, 24, true, false},
    {"file_132x43_ascii", writer, 132, 43, false, false},
    {"transfer_80x24", copy_page, 80, 24, true, false},
    {"transfer_nowhere_80x24", nothing_to_copy, 80, 24, true, false},
    {"transfer_looked_80x24", looked, 80, 24, true, true},
    {"transfer_compared_80x24", copied, 80, 24, true, false},
    {"transfer_misfits_80x24", misfits, 80, 24, true, true},
    {"transfer_misfits_40x10", misfits, 40, 10, true, true},
    {"transfer_misfits_132x43_ascii", misfits, 132, 43, false, true},
    {"transfer_question_80x24", copy_question, 80, 24, true, false},
    {"transfer_question_40x10", copy_question, 40, 10, true, false},
    {"transfer_running_80x24", copying, 80, 24, true, true},
    {"transfer_running_40x10", copying, 40, 10, true, true},
    {"transfer_running_132x43_ascii", copying, 132, 43, false, true},
    {"transfer_stop_80x24", copy_stop, 80, 24, true, false},
    {"stale_sessions_80x24", stale_sessions, 80, 24, true, true},
    {"stale_sessions_40x10", stale_sessions, 40, 10, false, true},
    {"stale_checks_80x24", stale_checks, 80, 24, true, true},
    {"graph_broken_80x24", broken_graph, 80, 24, true, false},
    {"graph_broken_40x10", broken_graph, 40, 10, false, false},
    {"graph_40x10", graph, 40, 10, true, true},
    {"graph_40x10_ascii", graph, 40, 10, false, true},
    {"graph_80x24", graph, 80, 24, true, true},
    {"graph_80x24_ascii", graph, 80, 24, false, true},
    {"graph_132x43", graph, 132, 43, true, true},
    {"graph_132x43_ascii", graph, 132, 43, false, true},
    {"smoked_80x24", smoked, 80, 24, true, true},
    {"smoked_40x10", smoked, 40, 10, false, false},
    {"smoked_132x43", smoked, 132, 43, true, true},
    {"plan_132x43", still_question, 132, 43, true, true},
};
// clang-format on

const struct still *stills(size_t *out_count)
{
    *out_count = sizeof all / sizeof *all;
    return all;
}

struct scene *still_open(const struct still *still)
{
    struct scene *s;

    setlocale(LC_ALL, still->utf8 ? "C.UTF-8" : "C");
    s = scene_new(still->width, still->height, still->utf8, still->production);
    still->set(s);
    return s;
}

static const char *const hostile[] = {
    "\033]0;owned\007",
    "\033[2J\033[H",
    "\033]52;c;Zm9v\007",
    "\x9b"
    "31m",
    "\xC2\x9B"
    "31m",
    "a\rb\nc\td\be\ff",
    "\x7F\x01\x1F",
    "\xE2\x80\xAE gpj.exe",
    "\xE2\x81\xA6 isolate \xE2\x81\xA9",
    "zero\xE2\x80\x8Bwidth\xEF\xBB\xBF",
    "\xFF\xFE\xC0\x80\xED\xA0\x80\xF5\x80\x80\x80",
    "cut in the middle \xE6\x97",
    "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E wide",
    "e\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81 marks",
    "%s%n%d",
    "",
};

const char *const *hostile_texts(size_t *out_count)
{
    *out_count = sizeof hostile / sizeof *hostile;
    return hostile;
}
