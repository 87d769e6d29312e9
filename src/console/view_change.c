/*
 * view_change.c - a plan and its question, a run and its progress, and how it ended.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "view.h"
#include "widget.h"

enum { STEP_INDENT = 5, STATEMENT_INDENT = 10, LOCK_INDENT = 20 };

static const struct {
    const char *verb, *doing, *done, *title;
} words[] = {
    [HG_MIGRATE_UP] = {"apply", "applying", "applied", "APPLY"},
    [HG_MIGRATE_DOWN] = {"roll back", "rolling back", "rolled back", "ROLL BACK"},
    [HG_MIGRATE_RESET] = {"reset", "resetting", "reset", "RESET"},
};

static size_t statements_of(const hg_plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->step_count; i++)
        n += plan->steps[i].statement_count;
    return n;
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void plan_subject(const hg_plan *plan, char *out, size_t size)
{
    size_t statements = statements_of(plan);

    snprintf(out, size, "%zu step%s, %zu statement%s", plan->step_count, plural(plan->step_count),
             statements, plural(statements));
}

void view_change_title(const struct model *m, struct page_title *out)
{
    const struct change *c = &m->change;
    char took[FORMAT_ROOM];

    *out = (struct page_title){.note_role = ROLE_DIM};
    snprintf(out->title, sizeof out->title, "%s", words[c->kind].title);
    if (m->plan != NULL)
        plan_subject(m->plan->plan, out->subject, sizeof out->subject);
    if (model_page(m) == PAGE_PLAN && m->plan != NULL) {
        size_t dangers = m->plan->plan->danger_count;

        snprintf(out->note, sizeof out->note, "plan %.8s%s", m->plan->plan->id,
                 dangers == 0   ? ""
                 : dangers == 1 ? ", 1 danger"
                                : ", dangers");
        out->note_role = dangers > 0 ? ROLE_FAIL : ROLE_DIM;
    }
    if (c->running)
        snprintf(out->note, sizeof out->note, "step %zu of %zu, %s",
                 c->step < m->plan->plan->step_count ? c->step + 1 : c->step,
                 m->plan->plan->step_count,
                 format_took((double)((m->now_ms - c->started_ms) / 1000 * 1000), took));
}

static void options_of(const hg_plan_step *step, char *out, size_t size)
{
    char took[FORMAT_ROOM];
    int used =
        snprintf(out, size, "%s",
                 step->transaction ? "one transaction" : "NO TRANSACTION: each statement commits");

    if (step->kept && (size_t)used < size)
        used += snprintf(out + used, size - (size_t)used,
                         ", as the history kept it: the file is gone or was edited");
    if (step->lock_timeout_ms >= 0 && (size_t)used < size)
        used += snprintf(out + used, size - (size_t)used, ", lock timeout %s",
                         format_took((double)step->lock_timeout_ms, took));
    if (step->predicted_ms >= 0 && (size_t)used < size)
        snprintf(out + used, size - (size_t)used, ", took %s the last time",
                 format_took(step->predicted_ms, took));
}

/* "412.0 MB": as much of a size as fits a line. */
static const char *format_bytes(int64_t bytes, char *out, size_t size)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double n = (double)bytes;
    size_t unit = 0;

    while (n >= 1000 && unit < 4) {
        n /= 1000;
        unit++;
    }
    snprintf(out, size, unit == 0 || n >= 100 ? "%.0f %s" : "%.1f %s", n, units[unit]);
    return out;
}

/* "ACCESS EXCLUSIVE on users (1.2M rows, 412 MB): blocks reads and writes". */
static void table_line(const hg_plan_table *t, struct document *d)
{
    char line[400], rows[FORMAT_ROOM], bytes[FORMAT_ROOM], size[80] = "";
    bool reads = hg_lock_blocks_reads(t->lock), writes = hg_lock_blocks_writes(t->lock);

    if (t->rows >= 0)
        snprintf(size, sizeof size, " (%s%s rows, %s)", t->rows_exact ? "" : "about ",
                 format_count((uint64_t)t->rows, rows),
                 t->size_bytes < 0 ? "size not known"
                                   : format_bytes(t->size_bytes, bytes, sizeof bytes));
    snprintf(line, sizeof line, "%s on %s%s%s%s%s%s%s",
             t->lock == HG_LOCK_NONE ? "no lock" : hg_lock_mode_name(t->lock), t->name, size,
             t->created ? ", which this plan makes"
             : reads    ? ", blocks reads and writes"
             : writes   ? ", blocks writes"
                        : "",
             t->rewrite ? ", writes it anew" : "", t->index_build ? ", builds an index" : "",
             t->scan ? ", reads every row" : "", t->loses_rows ? ", LOSES ROWS" : "");
    document_item(d, LOCK_INDENT, ROLE_DIM, "    locks",
                  t->created               ? ROLE_DIM
                  : t->loses_rows || reads ? ROLE_WARN
                                           : ROLE_TEXT,
                  line);
}

static void hazard_lines(const hg_hazard *h, struct document *d)
{
    bool refuses = h->severity == HG_SEVERITY_DANGER && h->accepted == NULL;
    char line[600];

    snprintf(line, sizeof line, "%s: %s%s%s", h->id, h->message,
             h->accepted == NULL ? "" : "; accepted: ", h->accepted == NULL ? "" : h->accepted);
    document_item(d, LOCK_INDENT, refuses ? ROLE_FAIL : ROLE_WARN,
                  refuses ? "   DANGER" : "  warning", ROLE_TEXT, line);
    if (h->safer[0] != '\0')
        document_item(d, LOCK_INDENT, ROLE_DIM, "  instead", ROLE_DIM, h->safer);
}

static void plan_statement(const hg_plan_statement *s, struct document *d)
{
    size_t first = d->lines.count;
    char label[24];

    snprintf(label, sizeof label, "%8d", s->line);
    document_sql(d, STATEMENT_INDENT, s->sql);
    if (d->lines.count > first) {
        d->lines.items[first].label = arena_text(&d->arena, label);
        d->lines.items[first].label_role = ROLE_DIM;
    }
    for (size_t i = 0; i < s->table_count; i++)
        table_line(&s->tables[i], d);
    for (size_t i = 0; i < s->hazard_count; i++)
        hazard_lines(&s->hazards[i], d);
}

static void plan_step(const hg_plan_step *step, size_t number, struct document *d)
{
    char label[24], head[256], options[160];

    options_of(step, options, sizeof options);
    snprintf(label, sizeof label, "%3zu", number);
    snprintf(head, sizeof head, "%-4s  %s  %s", step->direction == HG_UP ? "up" : "down",
             step->revision, step->message);
    document_item(d, STEP_INDENT, ROLE_DIM, label, ROLE_TITLE, head);
    document_text(d, STEP_INDENT, step->transaction ? ROLE_DIM : ROLE_WARN, options);
    for (size_t i = 0; i < step->statement_count; i++)
        plan_statement(&step->statements[i], d);
}

void view_plan(const struct model *m, struct document *d)
{
    char since[FORMAT_ROOM], line[96];
    hg_error refused = {0};

    if (m->plan == NULL) {
        snprintf(line, sizeof line, "Making the plan (%s). Esc leaves.",
                 format_took((double)((m->now_ms - m->change.asked_ms) / 1000 * 1000), since));
        document_text(d, 0, ROLE_DIM, line);
        return;
    }
    if (m->facts.production && !hg_plan_allowed(m->plan->plan, &refused)) {
        document_item(d, STATEMENT_INDENT, ROLE_FAIL, "refused", ROLE_TEXT, refused.message);
        document_text(d, STATEMENT_INDENT, ROLE_DIM, refused.hint);
        document_blank(d);
    }
    for (size_t i = 0; i < m->plan->plan->step_count; i++) {
        if (i > 0)
            document_blank(d);
        plan_step(&m->plan->plan->steps[i], i + 1, d);
    }
}

/* Where the run is: what it does now, and since when. */
static void current_step(const struct model *m, struct document *d)
{
    const struct change *c = &m->change;
    char line[320], took[FORMAT_ROOM], place[64] = "";

    if (c->total > 0)
        snprintf(place, sizeof place, "%s %lld of %lld, ", c->unit,
                 (long long)(c->done < c->total ? c->done + 1 : c->total), (long long)c->total);
    snprintf(line, sizeof line, "%s%s%s%s", place,
             format_took((double)((m->now_ms - c->step_started_ms) / 1000 * 1000), took),
             c->message[0] == '\0' ? "" : "  ", c->message);
    document_item(d, STATEMENT_INDENT, ROLE_STEP_RUN, c->waiting ? "  waits" : "",
                  c->waiting ? ROLE_WARN : ROLE_TEXT, line);
}

static void progress(const struct model *m, struct document *d)
{
    const struct change *c = &m->change;
    const hg_plan *plan = m->plan->plan;

    for (size_t i = 0; i < plan->step_count; i++) {
        const hg_plan_step *step = &plan->steps[i];
        bool now = i == c->step;
        char line[256];

        snprintf(line, sizeof line, "%-4s  %s  %s", step->direction == HG_UP ? "up" : "down",
                 step->revision, step->message);
        document_item(d, STEP_INDENT,
                      i < c->step ? ROLE_OK
                      : now       ? ROLE_STEP_RUN
                                  : ROLE_DIM,
                      i < c->step ? "ok"
                      : now       ? "run"
                                  : " -",
                      i <= c->step ? ROLE_TEXT : ROLE_DIM, line);
        if (now)
            current_step(m, d);
    }
    if (c->step >= plan->step_count)
        document_text(d, STEP_INDENT, ROLE_DIM, "writing down what was done");
    if (c->cancel_asked) {
        document_blank(d);
        document_text(d, 0, ROLE_WARN, "Stopping: what is open is being rolled back.");
    }
}

/* The line of the file with a mark under the fault. */
static void excerpt(const hg_error *error, struct document *d)
{
    char place[256], mark[sizeof error->excerpt + 8];
    int column = error->excerpt_column;

    if (error->file[0] != '\0') {
        snprintf(place, sizeof place, "%s, line %d, column %d", error->file, error->line,
                 error->column);
        document_field(d, "at", place);
    }
    if (error->excerpt[0] == '\0')
        return;
    document_field(d, "line", error->excerpt);
    if (column < 1 || column > (int)sizeof error->excerpt || column + 14 > d->width)
        return;
    snprintf(mark, sizeof mark, "%*s", column, "^");
    document_item(d, 14, ROLE_DIM, "", ROLE_FAIL, mark);
}

static void failure(const hg_error *error, struct document *d)
{
    document_field(d, "why", error->message);
    excerpt(error, d);
    document_field(d, "SQLSTATE", error->sqlstate);
    document_field(d, "hint", error->hint);
    document_blank(d);
}

static void applied_list(const struct job_result *result, struct document *d)
{
    char line[256], took[FORMAT_ROOM];

    for (size_t i = 0; i < result->run.applied_count; i++) {
        const hg_applied *a = &result->run.applied[i];

        snprintf(line, sizeof line, "%s  %s  %d statement%s in %s",
                 a->direction == HG_UP ? "up  " : "down", a->revision, a->statements,
                 plural((size_t)a->statements), format_took(a->duration_ms, took));
        document_item(d, STEP_INDENT, ROLE_OK, "ok", ROLE_TEXT, line);
    }
    if (result->run.applied_count == 0)
        document_text(d, 0, ROLE_TEXT, "Nothing was changed.");
    for (size_t i = 0; i < result->run.current_count; i++) {
        if (i == 0)
            document_blank(d);
        document_field(d, i == 0 ? "current" : "", result->run.current[i]);
    }
}

/* What the step that failed has left in the database. */
static const char *left_behind(const struct model *m)
{
    const hg_plan *plan = m->plan == NULL ? NULL : m->plan->plan;

    if (plan == NULL || !m->change.begun || m->change.step >= plan->step_count)
        return "";
    if (m->run->error.code == HG_LOST)
        return "It is not known whether its end was reached; running it again finds out.";
    return plan->steps[m->change.step].transaction
               ? "The migration that failed left nothing behind."
               : "Its statements before the fault stay; running it again goes on from there.";
}

static void ending(const struct model *m, struct document *d)
{
    const struct job_result *result = m->run;
    const char *verb = words[m->change.kind].verb;
    char line[160], took[FORMAT_ROOM];

    if (result->ok)
        snprintf(line, sizeof line, "DONE: %s in %s.", words[m->change.kind].done,
                 format_took(result->duration_ms, took));
    else if (result->error.code == HG_CANCELLED)
        snprintf(line, sizeof line, "STOPPED. What was open has been rolled back.");
    else if (result->request.kind == JOB_PLAN)
        snprintf(line, sizeof line, "NO PLAN: cannot %s.", verb);
    else
        snprintf(line, sizeof line, "FAILED to %s. %s", verb, left_behind(m));
    document_text(d, 0,
                  result->ok                           ? ROLE_OK
                  : result->error.code == HG_CANCELLED ? ROLE_WARN
                                                       : ROLE_FAIL,
                  line);
    document_blank(d);
    if (!result->ok)
        failure(&result->error, d);
    if (result->request.kind == JOB_RUN)
        applied_list(result, d);
}

void view_run(const struct model *m, struct document *d)
{
    if (m->change.running)
        progress(m, d);
    else if (m->run != NULL)
        ending(m, d);
}

void view_running(const struct model *m, char *out, size_t size)
{
    const struct change *c = &m->change;
    char took[FORMAT_ROOM];

    out[0] = '\0';
    if (c->running && m->plan != NULL)
        snprintf(out, size, "%s %zu of %zu, %s%s, %s", words[c->kind].verb,
                 c->step < m->plan->plan->step_count ? c->step + 1 : c->step,
                 m->plan->plan->step_count,
                 format_took((double)((m->now_ms - c->started_ms) / 1000 * 1000), took),
                 c->waiting ? " waiting" : "", m->facts.operator_name);
}

int view_gauge_rows(const struct model *m)
{
    return model_page(m) == PAGE_RUN && m->change.running ? 2 : 0;
}

/* Steps, each with the part of it that is done. */
void view_gauge(const struct model *m, struct area a)
{
    const struct change *c = &m->change;
    int64_t part = c->total > 0 ? c->done * 100 / c->total : 0;
    const struct gauge_part done = {(int64_t)c->step * 100 + part, GLYPH_DONE, ROLE_GAUGE_DONE};

    widget_gauge(a, 2, 0, a.width - 4, &done, 1, (int64_t)m->plan->plan->step_count * 100,
                 (struct gauge_part){0, GLYPH_TODO, ROLE_GAUGE_TODO});
}

static bool plan_question(const struct model *m)
{
    return model_page(m) == PAGE_PLAN && m->plan != NULL && m->change.asking;
}

int view_question_rows(const struct model *m)
{
    return m->ask != ASK_NOTHING || plan_question(m) ? 3 : 0;
}

static void ask_to_arm(const struct model *m, struct area a)
{
    char line[320];

    snprintf(line, sizeof line, "Allow changes of PRODUCTION, %s, for ten minutes?",
             m->facts.database_name);
    area_put_cut(a, 2, 1, a.width - 3, ROLE_DANGER, line);
    area_put_cut(a, 2, 2, a.width - 3, ROLE_TEXT, "Each change still shows its plan and asks.");
}

static void ask_to_stop(const struct model *m, struct area a)
{
    bool quits = m->ask == ASK_QUIT;

    if (quits && m->change.quit_after) {
        area_put(a, 2, 1, ROLE_WARN,
                 "It does not stop: the database does not answer. Quit without it?");
        area_put(a, 2, 2, ROLE_TEXT, "The database rolls back what is open when it notices.");
        return;
    }
    area_put_cut(a, 2, 1, a.width - 3, ROLE_WARN, quits ? "Stop it and quit?" : "Stop it?");
    area_put_cut(a, 2, 2, a.width - 3, ROLE_TEXT,
                 "The open migration is rolled back; those that are done stay.");
}

static void ask_for_yes(const struct model *m, struct area a)
{
    char line[256], target[sizeof m->facts.database];
    int x = 2;

    snprintf(line, sizeof line, "%s %s (%s)?",
             m->change.kind == HG_MIGRATE_UP ? "Apply this to"
             : m->change.kind == HG_MIGRATE_DOWN
                 ? "Roll this back on"
                 : "Reset: all of this, with every row in these tables, on",
             view_target(m, target, sizeof target), m->facts.env);
    area_put_cut(a, x, 1, a.width - 3, ROLE_DIALOG, line);
    x += area_put(a, x, 2, ROLE_KEY, "y") + 1;
    x += area_put(a, x, 2, ROLE_TEXT, words[m->change.kind].verb) + 3;
    x += area_put(a, x, 2, ROLE_KEY, "Esc") + 1;
    area_put_cut(a, x, 2, a.width - x - 1, ROLE_TEXT, "leave everything as it is");
}

/* Production: the name has to be typed. Until the dead time is over there is no prompt to type at.
 */
static void ask_for_name(const struct model *m, struct area a)
{
    const struct change *c = &m->change;
    char line[320];
    int x = 2;

    snprintf(line, sizeof line,
             a.width < 72 ? "PRODUCTION: type %s, Enter, to %s"
                          : "This is PRODUCTION. To %2$s, type the database's name, %1$s:",
             m->facts.database_name, words[c->kind].verb);
    area_put_cut(a, x, 1, a.width - 3, ROLE_DANGER, line);
    if (m->now_ms < c->ready_ms)
        return;
    x += area_put(a, x, 2, ROLE_KEY, "> ");
    x += area_put(a, x, 2, ROLE_INPUT, c->typed);
    area_cursor(a, x, 2, true);
    if (c->wrong)
        area_put_cut(a, x + 2, 2, a.width - x - 3, ROLE_WARN, "that is not its name");
}

void view_question(const struct model *m, struct area a)
{
    struct rule rule = {.title = m->ask == ASK_ARM       ? "ARM"
                                 : m->ask != ASK_NOTHING ? "STOP"
                                                         : "QUESTION",
                        .subject = "",
                        .note = "",
                        .focused = true,
                        .production = m->facts.production};

    widget_rule(a, 0, &rule);
    if (m->ask == ASK_ARM)
        ask_to_arm(m, a);
    else if (m->ask != ASK_NOTHING)
        ask_to_stop(m, a);
    else if (m->change.consent == CONSENT_TYPED)
        ask_for_name(m, a);
    else
        ask_for_yes(m, a);
}
