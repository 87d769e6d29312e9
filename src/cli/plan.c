/*
 * plan.c - a plan as people read it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"

enum { INDENT = 9, TABLES_MAX = 12 /* of a statement; the document has them all */ };

static void put_indent(struct buf *out)
{
    buf_printf(out, "%*s", INDENT, "");
}

/* --- a table --- */

/* "512 bytes", "8 kB", "1.2 GB" */
static void put_size(struct buf *out, int64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    double size = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        buf_printf(out, "%" PRId64 " bytes", bytes);
        return;
    }
    for (; size >= 1023.5 && unit < 3; unit++)
        size /= 1024;
    buf_printf(out, size < 9.95 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

/* "40,213 rows", with "about" before what is an estimate. */
static void put_rows(struct buf *out, const hg_plan_table *t)
{
    char digits[24];
    size_t n;

    snprintf(digits, sizeof digits, "%" PRId64, t->rows);
    n = strlen(digits);
    buf_text(out, t->rows_exact ? "" : "about ");
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            buf_char(out, ',');
        buf_char(out, digits[i]);
    }
    buf_text(out, t->rows == 1 ? " row" : " rows");
}

static void put_measures(struct buf *out, const hg_plan_table *t)
{
    if (t->rows < 0 && t->size_bytes < 0)
        return;
    buf_text(out, " (");
    if (t->size_bytes >= 0)
        put_size(out, t->size_bytes);
    if (t->rows >= 0) {
        buf_text(out, t->size_bytes >= 0 ? ", " : "");
        put_rows(out, t);
    }
    buf_char(out, ')');
}

static const char *who_waits(hg_lock_mode lock)
{
    if (hg_lock_blocks_reads(lock))
        return ", readers and writers wait";
    return hg_lock_blocks_writes(lock) ? ", writers wait" : "";
}

static const char *work_of(const hg_plan_table *t)
{
    if (t->rewrite)
        return ", written anew";
    if (t->index_build)
        return ", index built from all rows";
    return t->scan ? ", all rows read" : "";
}

static void put_table(struct buf *out, const hg_plan_table *t)
{
    put_indent(out);
    buf_text(out, t->lock == HG_LOCK_NONE ? "touches" : hg_lock_mode_name(t->lock));
    buf_text(out, t->lock == HG_LOCK_NONE ? " " : " on ");
    text_show(out, t->name);
    if (t->created) {
        buf_text(out, ", new\n");
        return;
    }
    put_measures(out, t);
    buf_text(out, who_waits(t->lock));
    buf_text(out, work_of(t));
    buf_text(out, t->loses_rows ? ", data lost\n" : "\n");
}

/* --- a statement --- */

/* As it stands in its file, its lines below each other. */
static void put_sql(struct buf *out, const hg_plan_statement *statement)
{
    const char *line = statement->sql;
    size_t n = strcspn(line, "\n");

    buf_printf(out, "%7d  ", statement->line);
    for (;;) {
        text_visible(out, line, n);
        buf_char(out, '\n');
        if (line[n] == '\0')
            return;
        line += n + 1;
        n = strcspn(line, "\n");
        put_indent(out);
    }
}

static void put_hazard(struct buf *out, const hg_hazard *h)
{
    put_indent(out);
    buf_printf(out, "%s %s: %s\n", hg_severity_name(h->severity), h->id, h->message);
    if (h->accepted != NULL) {
        buf_printf(out, "%*s  accepted: ", INDENT, "");
        text_show(out, h->accepted);
        buf_char(out, '\n');
    } else if (h->safer[0] != '\0') {
        buf_printf(out, "%*s  instead: %s\n", INDENT, "", h->safer);
    }
}

static void put_expected(struct buf *out, const hg_plan_statement *s)
{
    char took[32];

    if (s->predicted_ms < 1)
        return;
    put_indent(out);
    buf_printf(out, "expected to take %s\n", cli_duration(s->predicted_ms, took, sizeof took));
}

static void put_statement(struct buf *out, const hg_plan_statement *s)
{
    put_sql(out, s);
    for (size_t i = 0; i < s->table_count && i < TABLES_MAX; i++)
        put_table(out, &s->tables[i]);
    if (s->table_count > TABLES_MAX)
        buf_printf(out, "%*sand %zu tables more\n", INDENT, "", s->table_count - TABLES_MAX);
    put_expected(out, s);
    for (size_t i = 0; i < s->hazard_count; i++)
        put_hazard(out, &s->hazards[i]);
    if (s->unmeasured[0] == '\0')
        return;
    put_indent(out);
    buf_text(out, "not measured: ");
    text_show(out, s->unmeasured);
    buf_char(out, '\n');
}

/* --- a step --- */

static void put_step(struct buf *out, const hg_plan_step *step)
{
    char took[32];

    buf_printf(out, "%-5s", step->direction == HG_UP ? "up" : "down");
    text_show(out, step->revision);
    buf_text(out, "  ");
    text_show(out, step->message);
    buf_text(out, "\n     ");
    text_show(out, step->file);
    buf_text(out,
             step->transaction ? ", one transaction" : ", no transaction: statement by statement");
    if (step->predicted_ms >= 0)
        buf_printf(out, ", expected to take %s",
                   cli_duration(step->predicted_ms, took, sizeof took));
    buf_char(out, '\n');
    for (size_t i = 0; i < step->statement_count; i++)
        put_statement(out, &step->statements[i]);
}

void cli_put_steps(struct buf *out, const hg_plan_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_step(out, &steps[i]);
}

/* Where it comes from what is said of the statements. */
static void put_source(struct buf *out, const hg_plan *plan)
{
    char took[32];

    if (plan->measured_ms >= 0)
        buf_printf(out, "measured on an empty copy of the schema in %s\n",
                   cli_duration(plan->measured_ms, took, sizeof took));
    if (plan->unmeasured[0] == '\0')
        return;
    buf_text(out,
             plan->measured_ms >= 0 ? "but " : "from the table of statement forms, not measured: ");
    text_show(out, plan->unmeasured);
    buf_char(out, '\n');
}

void cli_put_plan(struct buf *out, const hg_plan *plan)
{
    if (plan->step_count == 0) {
        buf_text(out, "nothing to do\n");
        return;
    }
    cli_put_steps(out, plan->steps, plan->step_count);
    buf_printf(out, "\nplan %s: %zu step%s", plan->id, plan->step_count,
               plan->step_count == 1 ? "" : "s");
    if (plan->danger_count > 0)
        buf_printf(out, ", %zu danger%s that production refuses", plan->danger_count,
                   plan->danger_count == 1 ? "" : "s");
    buf_char(out, '\n');
    put_source(out, plan);
}
