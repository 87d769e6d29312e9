/*
 * cutover_text.c - tables and sentences about a cutover.
 */
#include "cutover_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "cli.h"
#include "ops/said.h"
#include "ops/said_cutover.h"
#include "table.h"

enum { LAST_RECORDS = 12, STEP_COLUMNS = 4, EVENT_COLUMNS = 8, SPAN_COLUMNS = 11 };

/* Left of other columns, in at least so many of its own. */
static void put_padded(struct buf *out, const char *text, int columns)
{
    size_t start = out->size;

    text_show(out, text);
    for (int n = text_width(out->bytes + start); n < columns; n++)
        buf_char(out, ' ');
    buf_char(out, ' ');
}

/* --- a plan --- */

bool cutover_is_in_doubt(const hg_cutover *plan)
{
    for (size_t i = 0; i < plan->step_count; i++)
        if (plan->steps[i].error[0] != '\0')
            return true;
    return false;
}

static void put_plan_steps(struct buf *out, const hg_cutover *plan)
{
    static const struct table_column columns[] = {
        {"STEP", ALIGN_LEFT}, {"TITLE", ALIGN_LEFT},    {"CLASS", ALIGN_LEFT},
        {"ASKS", ALIGN_LEFT}, {"USUALLY", ALIGN_RIGHT}, {"FOUND", ALIGN_LEFT},
    };
    struct table t = TABLE_INIT(columns);

    for (size_t i = 0; i < plan->step_count; i++) {
        const hg_cutover_step *step = &plan->steps[i];
        const char **row = table_row(&t);

        row[0] = step->id;
        row[1] = step->title;
        row[2] = step->class_name;
        row[3] = step->asks ? "yes" : "";
        row[4] = cli_took(&t.arena, (double)step->expected_ms);
        row[5] = step->error[0] == '\0' ? "" : "does not hold";
    }
    table_end(&t, out);
}

static void put_doubts(struct buf *out, const hg_cutover *plan)
{
    if (cutover_is_in_doubt(plan))
        buf_text(out, "\nWhat does not hold:\n");
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].error[0] == '\0')
            continue;
        buf_text(out, "  ");
        text_show(out, plan->steps[i].id);
        buf_text(out, "  ");
        text_show(out, plan->steps[i].error);
        buf_char(out, '\n');
    }
}

/* Steps behind one another with the same way back share a line. */
static void put_costs(struct buf *out, const hg_cutover *plan)
{
    size_t i = 0, last;

    buf_text(out, "\nTo abort after:\n");
    for (; i < plan->step_count; i = last + 1) {
        char steps[64];

        for (last = i; last + 1 < plan->step_count
                       && strcmp(plan->steps[last + 1].cost, plan->steps[i].cost) == 0;
             last++)
            ;
        if (plan->steps[i].cost[0] == '\0')
            continue;
        snprintf(steps, sizeof steps, last > i ? "%.20s to %.20s" : "%.20s", plan->steps[i].id,
                 plan->steps[last].id);
        buf_text(out, "  ");
        put_padded(out, steps, SPAN_COLUMNS);
        text_show(out, plan->steps[i].cost);
        buf_char(out, '\n');
    }
}

void cutover_put_plan(struct buf *out, const hg_cutover *plan)
{
    char budget[32];

    said_line(out, "runbook", plan->runbook);
    said_line(out, "from", plan->source);
    said_line(out, "to", plan->target);
    if (plan->budget_ms > 0)
        said_line(out, "budget", said_duration((double)plan->budget_ms, budget, sizeof budget));
    buf_char(out, '\n');
    put_plan_steps(out, plan);
    put_doubts(out, plan);
    put_costs(out, plan);
}

/* --- a run --- */

static const char *took(struct arena *arena, const hg_cutover_step *step)
{
    return step->ended_ms == 0 ? "" : cli_took(arena, (double)(step->ended_ms - step->began_ms));
}

static void put_run_steps(struct buf *out, const hg_cutover *run)
{
    static const struct table_column columns[] = {
        {"", ALIGN_LEFT},         {"STEP", ALIGN_LEFT},  {"TITLE", ALIGN_LEFT},
        {"CLASS", ALIGN_LEFT},    {"STATE", ALIGN_LEFT}, {"TOOK", ALIGN_RIGHT},
        {"USUALLY", ALIGN_RIGHT},
    };
    struct table t = TABLE_INIT(columns);

    for (size_t i = 0; i < run->step_count; i++) {
        const hg_cutover_step *step = &run->steps[i];
        const char **row = table_row(&t);

        row[0] = i == run->at && !run->closed ? ">" : "";
        row[1] = step->id;
        row[2] = step->title;
        row[3] = step->class_name;
        row[4] = step->state;
        row[5] = took(&t.arena, step);
        row[6] = cli_took(&t.arena, (double)step->expected_ms);
    }
    table_end(&t, out);
}

static void put_moment(struct buf *out, int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    char text[32] = "";

    if (gmtime_r(&seconds, &tm) != NULL)
        strftime(text, sizeof text, "%H:%M:%S", &tm);
    buf_text(out, text);
}

static void put_records(struct buf *out, const hg_cutover *run)
{
    size_t first = run->record_count > LAST_RECORDS ? run->record_count - LAST_RECORDS : 0;

    buf_printf(out, "\nThe journal's last records of %zu (UTC):\n", run->record_count);
    for (size_t i = first; i < run->record_count; i++) {
        const hg_cutover_record *record = &run->records[i];

        buf_text(out, "  ");
        put_moment(out, record->at_ms);
        buf_text(out, "  ");
        text_show(out, record->actor);
        buf_text(out, "  ");
        put_padded(out, record->step, STEP_COLUMNS);
        put_padded(out, record->event, EVENT_COLUMNS);
        text_show(out, record->text);
        buf_char(out, '\n');
    }
}

static void put_wait(struct buf *out, const hg_cutover *run)
{
    const hg_cutover_step *step = run->at < run->step_count ? &run->steps[run->at] : NULL;

    if (step == NULL || run->closed)
        return;
    if (run->postponed && run->frozen_ms < 0)
        buf_text(out, "The freeze is postponed; headgate cutover --unpostpone lets it begin.\n");
    if (run->rate > 0)
        buf_printf(out, "The copy does at most %lld rows a second.\n", (long long)run->rate);
    if (strcmp(step->state, "failed") == 0) {
        text_show(out, step->id);
        buf_text(out, " failed: ");
        text_show(out, step->error);
        buf_printf(out, "\nheadgate cutover %s tries it again.\n",
                   run->working ? "--continue" : "--resume");
    }
    if (run->question[0] == '\0')
        return;
    text_show(out, step->id);
    buf_text(out, " asks: ");
    text_show(out, run->question);
    buf_char(out, '\n');
}

static void put_passed_over(struct buf *out, const hg_cutover *run)
{
    for (size_t i = 0; i < run->step_count; i++) {
        if (run->steps[i].note[0] == '\0')
            continue;
        buf_text(out, "  ");
        put_padded(out, run->steps[i].id, STEP_COLUMNS);
        buf_text(out, "not rehearsed: ");
        text_show(out, run->steps[i].note);
        buf_char(out, '\n');
    }
}

static void put_remarks(struct buf *out, const hg_cutover *run)
{
    for (size_t i = 0; i < run->record_count; i++) {
        const hg_cutover_record *r = &run->records[i];

        if (strcmp(r->event, "FAILED") != 0 && strcmp(r->event, "NOTE") != 0)
            continue;
        buf_text(out, "  ");
        put_padded(out, r->step, STEP_COLUMNS);
        text_show(out, r->text);
        buf_char(out, '\n');
    }
}

void cutover_put_rehearsal(struct buf *out, const hg_cutover *run)
{
    buf_text(out, "rehearsal ");
    text_show(out, run->run);
    buf_text(out, ": ");
    text_show(out, run->outcome);
    buf_char(out, '\n');
    said_line(out, "runbook", run->runbook);
    said_line(out, "folder", run->dir);
    buf_char(out, '\n');
    put_run_steps(out, run);
    buf_char(out, '\n');
    put_passed_over(out, run);
    put_remarks(out, run);
}

void cutover_put_status(struct buf *out, const hg_cutover *run)
{
    said_cutover_name(out, run);
    said_line(out, "runbook", run->runbook);
    said_line(out, "from", run->source);
    said_line(out, "to", run->target);
    said_line(out, "folder", run->dir);
    said_line(out, "head", run->head);
    buf_char(out, '\n');
    put_run_steps(out, run);
    buf_char(out, '\n');
    said_cutover_now(out, run);
    put_wait(out, run);
    put_records(out, run);
}

void cutover_put_question(struct buf *out, const hg_cutover *run)
{
    const hg_cutover_step *step = &run->steps[run->at];

    if (step->what[0] != '\0')
        said_line(out, "does", step->what);
    if (step->cost[0] != '\0')
        said_line(out, "back", step->cost);
}
