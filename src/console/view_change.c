/*
 * view_change.c - a plan: its steps, statements, locks and hazards.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "view.h"

enum { STEP_INDENT = 5, STATEMENT_INDENT = 10, LOCK_INDENT = 20 };

static size_t statements_of(const hg_plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->step_count; i++)
        n += plan->steps[i].statement_count;
    return n;
}

static void plan_subject(const hg_plan *plan, char *out, size_t size)
{
    size_t statements = statements_of(plan);

    snprintf(out, size, "%zu step%s, %zu statement%s", plan->step_count,
             view_plural(plan->step_count), statements, view_plural(statements));
}

void view_change_title(const struct model *m, struct page_title *out)
{
    const struct change *c = &m->change;

    *out = (struct page_title){.note_role = ROLE_DIM};
    snprintf(out->title, sizeof out->title, "%s", view_change_words(c->kind)->title);
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
        view_run_note(m, out->note, sizeof out->note);
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
        snprintf(out + used, size - (size_t)used, ", expected to take %s",
                 format_took(step->predicted_ms, took));
}

/* "ACCESS EXCLUSIVE on users (1.2M rows, 412 MB): blocks reads and writes". */
static void table_line(const hg_plan_table *t, struct document *d)
{
    char line[400], rows[FORMAT_ROOM], bytes[FORMAT_ROOM], size[80] = "";
    bool reads = hg_lock_blocks_reads(t->lock), writes = hg_lock_blocks_writes(t->lock);

    if (t->rows >= 0)
        snprintf(size, sizeof size, " (%s%s rows, %s)", t->rows_exact ? "" : "about ",
                 format_count((uint64_t)t->rows, rows),
                 t->size_bytes < 0 ? "size not known" : format_bytes(t->size_bytes, bytes));
    snprintf(line, sizeof line, "%s on %s%s%s%s%s%s%s",
             t->lock == HG_LOCK_NONE ? "no lock" : hg_lock_mode_name(t->lock), t->name, size,
             t->created ? ", which this plan makes"
             : reads    ? ", blocks reads and writes"
             : writes   ? ", blocks writes"
                        : "",
             t->rewrite ? ", writes it anew" : "", t->index_build ? ", builds an index" : "",
             t->scan ? ", reads every row" : "", t->loses_rows ? ", LOSES ROWS" : "");
    document_item(d, LOCK_INDENT, ROLE_DIM, "          locks",
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
                  refuses ? "          DANGER" : "          warning", ROLE_TEXT, line);
    if (h->safer[0] != '\0')
        document_item(d, LOCK_INDENT, ROLE_DIM, "          instead", ROLE_DIM, h->safer);
}

static void expected_line(const hg_plan_statement *s, struct document *d)
{
    char line[FORMAT_ROOM + 32], took[FORMAT_ROOM];

    if (s->predicted_ms < 1)
        return;
    snprintf(line, sizeof line, "to take %s", format_took(s->predicted_ms, took));
    document_item(d, LOCK_INDENT, ROLE_DIM, "          expected", ROLE_DIM, line);
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
    expected_line(s, d);
    for (size_t i = 0; i < s->hazard_count; i++)
        hazard_lines(&s->hazards[i], d);
    if (s->unmeasured[0] != '\0') {
        char line[sizeof((hg_error *)0)->message + 80];

        snprintf(line, sizeof line, "not measured: %s", s->unmeasured);
        document_text(d, LOCK_INDENT, ROLE_DIM, line);
    }
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

/* Where it comes from what is said of the statements. */
static void plan_source(const hg_plan *plan, struct document *d)
{
    char line[sizeof((hg_error *)0)->message + 80], took[FORMAT_ROOM];

    if (plan->measured_ms >= 0)
        snprintf(line, sizeof line, "Measured on an empty copy of the schema in %s.%s%s",
                 format_took(plan->measured_ms, took), plan->unmeasured[0] == '\0' ? "" : " But ",
                 plan->unmeasured);
    else if (plan->unmeasured[0] != '\0')
        snprintf(line, sizeof line, "From the table of statement forms, not measured: %s",
                 plan->unmeasured);
    else
        return;
    document_blank(d);
    document_text(d, 0, ROLE_DIM, line);
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
    plan_source(m->plan->plan, d);
}
