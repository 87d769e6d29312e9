/*
 * list_cutover.c - the steps of a cutover, planned or on their way, and its journal, the newest
 * record first.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "list.h"
#include "view.h"

enum {
    STEP_STATE,
    STEP_ID,
    STEP_TITLE,
    STEP_ASKS,
    STEP_CLASS,
    STEP_TOOK,
    STEP_USUAL,
    STEP_COLUMNS
};
enum { RECORD_WHEN, RECORD_STEP, RECORD_EVENT, RECORD_TEXT, RECORD_WHO, RECORD_COLUMNS };

/* clang-format off */
static const struct column step_columns[STEP_COLUMNS] = {
    [STEP_STATE] = {"STATE", 6, .sorts = true},
    [STEP_ID]    = {"STEP", 8},
    [STEP_TITLE] = {"TITLE", 12, .grows = true},
    [STEP_ASKS]  = {"ASKS", 4, .drop = 3, .full = true},
    [STEP_CLASS] = {"CLASS", 11, .drop = 2, .full = true},
    [STEP_TOOK]  = {"TOOK", 5, .right = true, .drop = 1, .sorts = true},
    [STEP_USUAL] = {"USUAL", 5, .right = true, .drop = 4, .sorts = true, .full = true},
};

static const struct column record_columns[RECORD_COLUMNS] = {
    [RECORD_WHEN]  = {"WHEN", 8},
    [RECORD_STEP]  = {"STEP", 8, .drop = 1, .sorts = true},
    [RECORD_EVENT] = {"EVENT", 8, .sorts = true},
    [RECORD_TEXT]  = {"WHAT", 12, .grows = true},
    [RECORD_WHO]   = {"WHO", 10, .drop = 2, .full = true, .sorts = true},
};

static const struct {
    const char *state, *word, *plainly;
    enum role role;
} states[] = {
    {"pending", "-",      "not begun",       ROLE_DIM},
    {"begun",   "run",    "under way",       ROLE_STEP_RUN},
    {"done",    "ok",     "done",            ROLE_OK},
    {"failed",  "FAIL",   "it has failed",   ROLE_FAIL},
    {"undoing", "back",   "being taken back", ROLE_WARN},
    {"undone",  "undone", "taken back",      ROLE_DIM},
};

static const struct {
    const char *class, *means;
} classes[] = {
    {"harmless",    "it has no effect, so that there is nothing to take back"},
    {"reversible",  "headgate takes it back"},
    {"by operator", "a person takes it back, and headgate looks whether it is so"},
    {"no return",   "it cannot be taken back without losing something"},
};
/* clang-format on */
enum { STATES = sizeof states / sizeof *states, CLASSES = sizeof classes / sizeof *classes };

/* --- steps --- */

static const hg_cutover_step *step_at(const struct model *m, size_t row)
{
    return &model_cutover(m)->steps[row];
}

static size_t count_steps(const struct model *m)
{
    const hg_cutover *c = model_cutover(m);

    return c == NULL ? 0 : c->step_count;
}

static void step_key(const struct model *m, size_t row, char *out, size_t size)
{
    snprintf(out, size, "%s", step_at(m, row)->id);
}

static bool is_next(const struct model *m, size_t row)
{
    const hg_cutover *c = model_cutover(m);

    return row == c->at && c->run[0] != '\0' && !c->closed;
}

/* A step that nobody works on any more does not run, and one that waits for words asks. */
static const char *state_word(const struct model *m, size_t row, enum role *out_role)
{
    const hg_cutover_step *step = step_at(m, row);
    enum stand stand = model_stand(m);
    size_t i = 0;

    while (i < STATES - 1 && strcmp(states[i].state, step->state) != 0)
        i++;
    *out_role = states[i].role;
    if (stand == STAND_PLAN && step->error[0] != '\0') {
        *out_role = ROLE_FAIL;
        return "NO";
    }
    if (stand == STAND_PLAN && step->tried) {
        *out_role = ROLE_OK;
        return "holds";
    }
    if (is_next(m, row) && stand == STAND_ASKS) {
        *out_role = ROLE_WARN;
        return "ASKS";
    }
    if (stand == STAND_LEFT && strcmp(step->state, "begun") == 0) {
        *out_role = ROLE_WARN;
        return "begun";
    }
    return states[i].word;
}

static enum role class_role(const hg_cutover_step *step)
{
    return strcmp(step->class_name, "no return") == 0 ? ROLE_WARN : ROLE_DIM;
}

static double took(const struct model *m, size_t row)
{
    const hg_cutover_step *step = step_at(m, row);

    if (step->ended_ms > 0)
        return (double)(step->ended_ms - step->began_ms);
    if (is_next(m, row) && model_stand(m) == STAND_RUNS && step->began_ms > 0)
        return (double)((m->wall_ms - step->began_ms) / 1000 * 1000);
    return -1;
}

static void step_cell(const struct model *m, size_t row, size_t column, struct table_cell *out)
{
    const hg_cutover_step *step = step_at(m, row);
    bool past = row < model_cutover(m)->at || model_stand(m) == STAND_PLAN || is_next(m, row);

    out->text = out->scratch;
    out->role = ROLE_DIM;
    if (column == STEP_STATE) {
        out->text = state_word(m, row, &out->role);
    } else if (column == STEP_ID) {
        out->text = step->id;
        out->role = is_next(m, row) ? ROLE_VALUE : past ? ROLE_TEXT : ROLE_DIM;
    } else if (column == STEP_TITLE) {
        out->text = step->title;
        out->role = is_next(m, row) ? ROLE_VALUE : past ? ROLE_TEXT : ROLE_DIM;
    } else if (column == STEP_ASKS) {
        out->text = step->asks ? "asks" : "";
    } else if (column == STEP_CLASS) {
        out->text = step->class_name;
        out->role = class_role(step);
    } else if (column == STEP_TOOK) {
        if (took(m, row) >= 0)
            format_took(took(m, row), out->scratch);
    } else if (step->expected_ms >= 0) {
        format_took((double)step->expected_ms, out->scratch);
    }
}

static struct sort_value step_value(const struct model *m, size_t row, size_t column)
{
    enum role role;

    if (column == STEP_STATE)
        return (struct sort_value){state_word(m, row, &role), 0};
    return (struct sort_value){NULL, column == STEP_TOOK ? took(m, row)
                                                         : (double)step_at(m, row)->expected_ms};
}

static size_t doubts(const hg_cutover *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->step_count; i++)
        n += plan->steps[i].error[0] != '\0';
    return n;
}

/* How far the run is and for how long, or whether a new one could be begun. */
static enum role steps_note(const struct model *m, char *out, size_t size)
{
    const hg_cutover *c = model_cutover(m);
    char open[FORMAT_ROOM], frozen[FORMAT_ROOM];

    out[0] = '\0';
    if (m->wizard.planning && model_cutover_open(m) == NULL) {
        snprintf(out, size, "trying the gates");
        return ROLE_STEP_RUN;
    }
    if (c == NULL)
        return ROLE_DIM;
    if (c->run[0] == '\0') {
        snprintf(out, size, doubts(c) == 0 ? "nothing speaks against it" : "%zu do not hold",
                 doubts(c));
        return doubts(c) == 0 ? ROLE_OK : ROLE_FAIL;
    }
    snprintf(out, size, "%s", c->run);
    if (c->closed)
        return ROLE_DIM;
    format_took((double)((m->wall_ms - c->opened_ms) / 1000 * 1000), open);
    if (model_frozen_ms(m) < 0 || c->past_return) {
        snprintf(out, size, "%s, for %s", c->run, open);
        return ROLE_DIM;
    }
    snprintf(out, size, "%s, for %s, frozen %s", c->run, open,
             format_took((double)(model_frozen_ms(m) / 1000 * 1000), frozen));
    return ROLE_WARN;
}

static const char *no_steps(const struct model *m)
{
    return m->wizard.run == NULL ? "looking for a run" : "the plan is being made";
}

static const char *meaning(const char *class)
{
    for (size_t i = 0; i < CLASSES; i++)
        if (strcmp(classes[i].class, class) == 0)
            return classes[i].means;
    return "";
}

static void step_times(const struct model *m, size_t row, struct document *d)
{
    const hg_cutover_step *step = step_at(m, row);
    char one[FORMAT_ROOM], two[FORMAT_ROOM];

    if (step->expected_ms >= 0)
        list_field(d, "usually", "%s, as the last time",
                   format_took((double)step->expected_ms, one));
    if (step->began_ms > 0)
        list_field(d, "began", "%s UTC", format_moment(step->began_ms, one));
    if (step->ended_ms > 0)
        list_field(d, "ended", "%s UTC, after %s", format_moment(step->ended_ms, one),
                   format_took(took(m, row), two));
}

/* What the journal has about it. */
static void step_records(const struct model *m, const char *id, struct document *d)
{
    const hg_cutover *c = model_cutover(m);
    bool first = true;

    for (size_t i = 0; i < c->record_count; i++) {
        const hg_cutover_record *r = &c->records[i];
        char line[600], when[FORMAT_ROOM];

        if (strcmp(r->step, id) != 0)
            continue;
        snprintf(line, sizeof line, "%s  %-8s  %s%s%s", format_moment(r->at_ms, when), r->event,
                 r->actor, r->text[0] == '\0' ? "" : ": ", r->text);
        document_field(d, first ? "journal" : "", line);
        first = false;
    }
}

static void step_detail(const struct model *m, size_t row, struct document *d)
{
    const hg_cutover_step *step = step_at(m, row);
    enum role role;
    const char *word = state_word(m, row, &role);
    size_t i = 0;

    while (i < STATES - 1 && strcmp(states[i].state, step->state) != 0)
        i++;
    document_item(d, DOCUMENT_FIELD, role, word, ROLE_VALUE, step->title);
    document_field(d, "does", step->what);
    document_field(d, "state", states[i].plainly);
    document_item(d, DOCUMENT_FIELD, ROLE_DIM, step->error[0] == '\0' ? "" : "found", ROLE_WARN,
                  step->error);
    list_field(d, "class", "%s: %s", step->class_name, meaning(step->class_name));
    document_field(d, "note", step->note);
    if (step->asks)
        document_field(d, "asks", "something has to be typed before it");
    document_field(d, "abort after", step->cost);
    step_times(m, row, d);
    step_records(m, step->id, d);
}

static void step_copy(const struct model *m, size_t row, struct buf *out)
{
    const hg_cutover_step *step = step_at(m, row);

    buf_printf(out, "%s %s: %s", step->id, step->title, step->state);
    if (step->error[0] != '\0')
        buf_printf(out, ": %s", step->error);
}

/* --- journal --- */

static size_t count_records(const struct model *m)
{
    const hg_cutover *c = model_cutover(m);

    return c == NULL ? 0 : c->record_count;
}

static const hg_cutover_record *record_at(const struct model *m, size_t row)
{
    const hg_cutover *c = model_cutover(m);

    return &c->records[c->record_count - 1 - row];
}

static void record_key(const struct model *m, size_t row, char *out, size_t size)
{
    snprintf(out, size, "%lld", (long long)record_at(m, row)->seq);
}

static enum role event_role(const char *event)
{
    static const struct {
        const char *event;
        enum role role;
    } roles[] = {
        {"FAILED", ROLE_FAIL}, {"ABORT", ROLE_WARN},    {"UNDO", ROLE_WARN},   {"DONE", ROLE_OK},
        {"CLOSE", ROLE_OK},    {"DECISION", ROLE_INFO}, {"ATTEST", ROLE_INFO}, {"NOTE", ROLE_INFO},
    };

    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (strcmp(roles[i].event, event) == 0)
            return roles[i].role;
    return ROLE_TEXT;
}

/* What there is nothing to say about is at least called by its step. */
static const char *title_of(const struct model *m, const char *id)
{
    const hg_cutover *c = model_cutover(m);

    for (size_t i = 0; i < c->step_count; i++)
        if (strcmp(c->steps[i].id, id) == 0)
            return c->steps[i].title;
    return "";
}

static void record_cell(const struct model *m, size_t row, size_t column, struct table_cell *out)
{
    const hg_cutover_record *r = record_at(m, row);

    out->text = out->scratch;
    out->role = column == RECORD_TEXT    ? ROLE_TEXT
                : column == RECORD_EVENT ? event_role(r->event)
                                         : ROLE_DIM;
    if (column == RECORD_TEXT && r->text[0] == '\0') {
        out->text = title_of(m, r->step);
        out->role = ROLE_DIM;
        return;
    }
    if (column == RECORD_WHEN)
        format_moment(r->at_ms, out->scratch);
    else
        out->text = column == RECORD_STEP    ? r->step
                    : column == RECORD_EVENT ? r->event
                    : column == RECORD_TEXT  ? r->text
                                             : r->actor;
}

static struct sort_value record_value(const struct model *m, size_t row, size_t column)
{
    const hg_cutover_record *r = record_at(m, row);

    return (struct sort_value){column == RECORD_STEP    ? r->step
                               : column == RECORD_EVENT ? r->event
                                                        : r->actor,
                               0};
}

static enum role journal_note(const struct model *m, char *out, size_t size)
{
    const hg_cutover *c = model_cutover(m);

    out[0] = '\0';
    if (c != NULL && c->record_count > 0)
        snprintf(out, size, "newest first, head %.12s", c->head);
    return ROLE_DIM;
}

static const char *no_records(const struct model *m)
{
    return model_stand(m) == STAND_PLAN ? "a run writes down every step before it acts" : "";
}

static void record_detail(const struct model *m, size_t row, struct document *d)
{
    const hg_cutover_record *r = record_at(m, row);
    char when[FORMAT_ROOM], day[FORMAT_ROOM];

    format_date(r->at_ms, day);
    list_field(d, "when", "%.10s %s UTC", day, format_moment(r->at_ms, when));
    list_field(d, "who", "%s on %s", r->actor, r->host);
    document_field(d, "step", r->step);
    document_item(d, DOCUMENT_FIELD, ROLE_DIM, "event", event_role(r->event), r->event);
    document_field(d, "what", r->text);
}

static void record_copy(const struct model *m, size_t row, struct buf *out)
{
    const hg_cutover_record *r = record_at(m, row);
    char when[FORMAT_ROOM];

    buf_printf(out, "%s %s %s %s %s", format_moment(r->at_ms, when), r->step, r->event, r->actor,
               r->text);
}

const struct list list_steps = {
    .title = "STEPS",
    .one = "STEP",
    .row_says = "step",
    .columns = step_columns,
    .column_count = STEP_COLUMNS,
    .order = LIST_AS_IT_COMES,
    .count = count_steps,
    .key = step_key,
    .cell = step_cell,
    .value = step_value,
    .note = steps_note,
    .empty = no_steps,
    .detail = step_detail,
    .copy = step_copy,
};

const struct list list_journal = {
    .title = "JOURNAL",
    .one = "RECORD",
    .row_says = "record",
    .columns = record_columns,
    .column_count = RECORD_COLUMNS,
    .order = LIST_AS_IT_COMES,
    .count = count_records,
    .key = record_key,
    .cell = record_cell,
    .value = record_value,
    .note = journal_note,
    .empty = no_records,
    .detail = record_detail,
    .copy = record_copy,
};
