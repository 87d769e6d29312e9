/*
 * view_transfer.c - a copy of all data: its sides, how far each table is, what did not fit, and
 * whether both sides are equal.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "view.h"

enum { NAME_ROOM = 20, SIDES_FROM_WIDTH = 50, BAR_COLUMNS = 20, INDENT = 10, SAMPLES_SHOWN = 3 };

void view_transfer_title(const struct model *m, struct page_title *out)
{
    const struct transfer *t = &m->transfer;
    char took[FORMAT_ROOM];

    *out = (struct page_title){.title = "COPY DATA", .note_role = ROLE_DIM};
    snprintf(out->subject, sizeof out->subject, "%s",
             m->facts.copy_to[0] == '\0' ? "" : "SQLite into PostgreSQL");
    if (t->running)
        snprintf(out->note, sizeof out->note, "%s",
                 format_took((double)((m->now_ms - t->started_ms) / 1000 * 1000), took));
    else if (m->copy != NULL)
        snprintf(out->note, sizeof out->note, "as of %s",
                 format_moment(m->copy->finished_ms, took));
}

static void sides(const struct model *m, struct document *d)
{
    document_field(d, "from", m->facts.copy_from);
    document_field(d, "to", m->facts.copy_to);
    document_blank(d);
}

/* --- while it runs --- */

static void moving_table(const struct model *m, const struct transfer_table *t, struct document *d)
{
    char line[256], blocks[BAR_COLUMNS * 4 + 1], done[FORMAT_ROOM], total[FORMAT_ROOM];
    bool whole = t->total > 0 && t->done >= t->total;

    if (d->width < INDENT + NAME_ROOM + BAR_COLUMNS + 16)
        blocks[0] = '\0';
    else
        view_bar(m, t->done, t->total, BAR_COLUMNS, blocks, sizeof blocks);
    snprintf(line, sizeof line, "%-*.*s  %s%s%7s of %s rows", NAME_ROOM, NAME_ROOM, t->name, blocks,
             blocks[0] == '\0' ? "" : "  ", format_count((uint64_t)t->done, done),
             t->total > 0 ? format_count((uint64_t)t->total, total) : "?");
    document_item(d, INDENT, whole ? ROLE_OK : ROLE_STEP_RUN, whole ? "ok" : "run", ROLE_TEXT,
                  line);
}

static void moving(const struct model *m, struct document *d)
{
    const struct transfer *t = &m->transfer;
    char line[256], done[FORMAT_ROOM], total[FORMAT_ROOM];

    format_bytes(t->done, done);
    snprintf(line, sizeof line, "%s%s%s%s%s", t->message[0] == '\0' ? "beginning" : t->message,
             t->done > 0 ? ", " : "", t->done > 0 ? done : "", t->total > 0 ? " of " : "",
             t->total > 0 ? format_bytes(t->total, total) : "");
    document_item(d, INDENT, ROLE_STEP_RUN, "now", ROLE_TEXT, line);
    document_blank(d);
    for (size_t i = 0; i < t->table_count; i++)
        moving_table(m, &t->tables[i], d);
    if (t->cancel_asked) {
        document_blank(d);
        document_text(d, 0, ROLE_WARN,
                      t->mode == HG_COPY_RUN ? "Stopping; the next copy goes on from here."
                                             : "Stopping.");
    }
}

/* --- what came of it --- */

static void ended_table(const hg_copy_table *t, bool looked, struct document *d)
{
    char line[320], rows[FORMAT_ROOM], bytes[FORMAT_ROOM], rejected[48] = "", digest[64] = "";

    if (t->rejected > 0)
        snprintf(rejected, sizeof rejected, "  %lld rejected", (long long)t->rejected);
    if (t->source_digest[0] != '\0')
        snprintf(digest, sizeof digest, "  %.8s%s%.8s", t->source_digest,
                 t->compared && !t->match ? " not " : "",
                 t->compared && !t->match ? t->target_digest : "");
    snprintf(line, sizeof line, "%-*.*s %6s rows %8s%s%s", NAME_ROOM, NAME_ROOM, t->table,
             format_count(
                 (uint64_t)(looked || t->rows_written == 0 ? t->rows_read : t->rows_written), rows),
             format_bytes(t->bytes, bytes), rejected, digest);
    document_item(d, INDENT,
                  !t->compared ? ROLE_DIM
                  : t->match   ? ROLE_OK
                               : ROLE_FAIL,
                  !t->compared ? "-"
                  : t->match   ? "equal"
                               : "DIFFERENT",
                  ROLE_TEXT, line);
}

static void finding(const hg_copy_finding *f, struct document *d)
{
    char line[512];
    bool stops = !f->fits && f->action[0] == '\0';

    snprintf(line, sizeof line, "%lld in %s.%s (%s): %s%s%s", (long long)f->count, f->table,
             f->column, f->type, f->title, f->action[0] == '\0' ? "" : "; rule: ", f->action);
    document_item(d, INDENT, stops ? ROLE_FAIL : ROLE_DIM,
                  stops     ? "no fit"
                  : f->fits ? "as"
                            : "rule",
                  stops ? ROLE_TEXT : ROLE_DIM, line);
    for (size_t i = 0; stops && i < f->sample_count && i < SAMPLES_SHOWN; i++) {
        const hg_copy_sample *s = &f->samples[i];

        if (s->key != NULL)
            snprintf(line, sizeof line, "%s  %s  %s", s->key, s->storage, s->value);
        else
            snprintf(line, sizeof line, "rowid %lld  %s  %s", (long long)s->rowid, s->storage,
                     s->value);
        document_text(d, INDENT + 2, ROLE_DIM, line);
    }
}

static void problems(const hg_copy_result *r, struct document *d)
{
    for (size_t i = 0; i < r->problem_count; i++) {
        const hg_copy_problem *p = &r->problems[i];
        char line[400];

        snprintf(line, sizeof line, "%s: %s", p->table, p->message);
        document_item(d, INDENT, p->stops ? ROLE_FAIL : ROLE_WARN, p->stops ? "stops" : "note",
                      ROLE_TEXT, line);
    }
}

/* When, and how much: it may have been long ago. */
static void ended(const struct job_result *result, struct document *d)
{
    char line[160], when[FORMAT_ROOM], bytes[FORMAT_ROOM];

    if (result->request.copy != HG_COPY_RUN || result->copy == NULL)
        return;
    snprintf(line, sizeof line, "Ended %s: %lld rows, %s.",
             format_moment(result->finished_ms, when), (long long)result->copy->rows,
             format_bytes(result->copy->bytes, bytes));
    document_text(d, 0, ROLE_DIM, line);
}

static void verdict(const struct job_result *result, struct document *d)
{
    static const char *const done[] = {[HG_COPY_RUN] = "COPIED, and both sides are equal.",
                                       [HG_COPY_DRY_RUN] = "EVERY VALUE FITS. A copies.",
                                       [HG_COPY_VERIFY] = "BOTH SIDES ARE EQUAL."};

    if (result->ok) {
        document_text(d, 0, ROLE_OK, done[result->request.copy]);
    } else {
        document_text(d, 0, result->error.code == HG_CANCELLED ? ROLE_WARN : ROLE_FAIL,
                      result->error.code != HG_CANCELLED ? "NOT DONE:"
                      : result->request.copy == HG_COPY_RUN
                          ? "STOPPED. The next copy goes on from here."
                          : "STOPPED.");
        if (result->error.code != HG_CANCELLED)
            document_text(d, 0, ROLE_TEXT, result->error.message);
        document_text(d, 0, ROLE_DIM, result->error.hint);
    }
    ended(result, d);
    document_blank(d);
}

static void outcome(const struct job_result *result, struct document *d)
{
    const hg_copy_result *r = result->copy;

    verdict(result, d);
    if (r == NULL)
        return;
    problems(r, d);
    for (size_t i = 0; i < r->finding_count; i++)
        finding(&r->findings[i], d);
    if (r->problem_count + r->finding_count > 0)
        document_blank(d);
    for (size_t i = 0; i < r->table_count; i++)
        ended_table(&r->tables[i], r->mode == HG_COPY_DRY_RUN, d);
    if (r->mode != HG_COPY_DRY_RUN || r->statement_count == 0)
        return;
    document_blank(d);
    document_text(d, 0, ROLE_TITLE, "TABLES THAT WOULD BE MADE");
    for (size_t i = 0; i < r->statement_count; i++)
        document_sql(d, 2, r->statements[i].sql);
}

static void elsewhere(const struct model *m, struct document *d)
{
    char line[256], when[FORMAT_ROOM];

    snprintf(line, sizeof line, "%s since %s, in process %lld. a attaches to it.",
             m->facts.operator_name, format_moment(m->copying.started_ms, when),
             (long long)m->copying.pid);
    document_item(d, INDENT, ROLE_STEP_RUN, "copies", ROLE_TEXT, line);
    document_blank(d);
}

void view_transfer(const struct model *m, struct document *d)
{
    if (m->facts.copy_to[0] == '\0') {
        document_text(d, 0, ROLE_WARN, m->facts.copy_refusal);
        document_text(d, 0, ROLE_TEXT, m->facts.copy_hint);
        return;
    }
    if (!m->transfer.running || d->width >= SIDES_FROM_WIDTH)
        sides(m, d);
    if (m->copying_on && !m->transfer.running)
        elsewhere(m, d);
    if (m->transfer.running)
        moving(m, d);
    else if (m->copy != NULL)
        outcome(m->copy, d);
    else
        document_text(
            d, 0, ROLE_TEXT,
            "p checks every value against its column and changes nothing. A copies, after "
            "a look that found nothing. v compares both sides.");
}
