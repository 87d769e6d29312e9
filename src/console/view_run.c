/*
 * view_run.c - a run: how far it is, what it waits for, who is in its way, and how it ended.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "list.h"
#include "view.h"
#include "widget.h"

enum { STEP_INDENT = 5, STATEMENT_INDENT = 10, WAY_INDENT = 14, QUEUE_SHOWN = 4 };

static const char *took_since(const struct model *m, int64_t since_ms, char out[FORMAT_ROOM])
{
    return format_took((double)((m->now_ms - since_ms) / 1000 * 1000), out);
}

/* The number of the step that is under way, also when the last one has just ended. */
static size_t step_number(const struct change *c)
{
    return c->step < c->steps || c->steps == 0 ? c->step + 1 : c->step;
}

void view_run_note(const struct model *m, char *out, size_t size)
{
    const struct change *c = &m->change;
    char took[FORMAT_ROOM], of[32] = "";

    if (c->steps > 0)
        snprintf(of, sizeof of, " of %zu", c->steps);
    snprintf(out, size, "step %zu%s, %s", step_number(c), of, took_since(m, c->started_ms, took));
}

/* --- where it is --- */

/* What it waits for, with the time that is left until it tries again counted down. */
static void wait_text(const struct model *m, char *out, size_t size)
{
    const struct change *c = &m->change;
    const char *tail = strstr(c->message, "; attempt ");
    char left[FORMAT_ROOM];

    if (c->retry_ms == 0) {
        snprintf(out, size, "%s", c->message);
        return;
    }
    snprintf(out, size, "%.*s; attempt %lld of %lld %s%s",
             (int)(tail == NULL ? strlen(c->message) : (size_t)(tail - c->message)), c->message,
             (long long)c->attempt, (long long)c->attempts, c->retry_ms > m->now_ms ? "in " : "now",
             c->retry_ms > m->now_ms
                 ? format_took((double)((c->retry_ms - m->now_ms + 999) / 1000 * 1000), left)
                 : "");
}

/* What it does now, and since when. */
static void current_step(const struct model *m, struct document *d)
{
    const struct change *c = &m->change;
    char line[420], took[FORMAT_ROOM], place[64] = "", what[300] = "";

    if (c->total > 0)
        snprintf(place, sizeof place, "%s %lld of %lld, ", c->unit,
                 (long long)(c->done < c->total ? c->done + 1 : c->total), (long long)c->total);
    if (c->waiting)
        wait_text(m, what, sizeof what);
    else
        snprintf(what, sizeof what, "%s", c->message);
    snprintf(line, sizeof line, "%s%s%s%s", place, took_since(m, c->step_started_ms, took),
             what[0] == '\0' ? "" : "  ", what);
    document_item(d, STATEMENT_INDENT, ROLE_STEP_RUN, c->waiting ? "  waits" : "",
                  c->waiting ? ROLE_WARN : ROLE_TEXT, line);
}

static void planned_steps(const struct model *m, struct document *d)
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
}

static const char *message_of(const struct model *m, const char *revision)
{
    const hg_history *history = model_history(m);

    for (size_t i = 0; history != NULL && i < history->revision_count; i++)
        if (strcmp(history->revisions[i].revision, revision) == 0)
            return history->revisions[i].message;
    return "";
}

/* Of a run that was started elsewhere only the events are known. */
static void heard_steps(const struct model *m, struct document *d)
{
    const struct change *c = &m->change;
    char line[256];

    if (c->steps == 0) {
        document_text(d, 0, ROLE_DIM, "Attached: nothing has been heard of it yet.");
        return;
    }
    if (c->step > 0) {
        snprintf(line, sizeof line, "%zu migration%s %s", c->step, view_plural(c->step),
                 view_change_words(c->kind)->done);
        document_item(d, STEP_INDENT, ROLE_OK, "ok", ROLE_TEXT, line);
    }
    if (c->step >= c->steps)
        return;
    snprintf(line, sizeof line, "%s  %s", c->revision, message_of(m, c->revision));
    document_item(d, STEP_INDENT, ROLE_STEP_RUN, "run", ROLE_TEXT, line);
    current_step(m, d);
    if (c->step + 1 < c->steps) {
        snprintf(line, sizeof line, "%zu more", c->steps - c->step - 1);
        document_item(d, STEP_INDENT, ROLE_DIM, " -", ROLE_DIM, line);
    }
}

/* --- who is in its way --- */

static void queue_behind(const struct model *m, int64_t pid, struct document *d)
{
    const hg_sessions *sessions = model_sessions(m);
    char line[200] = "", one[128];
    size_t used = 0, count = 0;

    for (size_t i = 0; i < sessions->session_count; i++) {
        const hg_server_session *s = &sessions->sessions[i];
        bool behind = false;

        for (size_t j = 0; j < s->blocked_by_count; j++)
            behind = behind || s->blocked_by[j] == pid;
        if (!behind || ++count > QUEUE_SHOWN)
            continue;
        snprintf(one, sizeof one, "%lld %s", (long long)s->pid,
                 s->application == NULL ? "-" : s->application);
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%.40s", used == 0 ? "" : ", ",
                                 one);
    }
    if (count > QUEUE_SHOWN)
        snprintf(line + used, sizeof line - used, " and %zu more", count - QUEUE_SHOWN);
    if (count > 0)
        document_item(d, WAY_INDENT, ROLE_DIM, "behind us", ROLE_WARN, line);
}

static void blockers(const struct model *m, struct document *d)
{
    const hg_server_session *waits = model_run_waits(m), *first = model_in_the_way(m);
    char line[256];

    if (waits == NULL)
        return;
    document_blank(d);
    view_stale(m, m->sessions_wall_ms, line, sizeof line);
    if (line[0] != '\0')
        document_text(d, WAY_INDENT, ROLE_WARN, line);
    for (size_t i = 0; i < waits->blocked_by_count; i++) {
        list_session_says(m, waits->blocked_by[i], line, sizeof line);
        document_item(d, WAY_INDENT, ROLE_DIM, i == 0 ? "in the way" : "", ROLE_WARN, line);
    }
    if (first != NULL && first->query != NULL && first->query[0] != '\0')
        document_sql(d, WAY_INDENT, first->query);
    queue_behind(m, waits->pid, d);
    if (first != NULL)
        snprintf(line, sizeof line, "%s %lld%s%s",
                 model_is_active(first) ? "C cancels what" : "K ends", (long long)first->pid,
                 model_is_active(first) ? " runs, K ends it" : "",
                 m->change.running ? "; Esc stops our run" : "");
    if (first != NULL)
        document_text(d, WAY_INDENT, ROLE_DIM, line);
}

static void under_way(const struct model *m, struct document *d)
{
    const struct change *c = &m->change;

    if (m->plan != NULL)
        planned_steps(m, d);
    else
        heard_steps(m, d);
    if (c->steps > 0 && c->step >= c->steps)
        document_text(d, STEP_INDENT, ROLE_DIM, "writing down what was done");
    if (m->facts.driver == HG_POSTGRESQL)
        blockers(m, d);
    if (c->cancel_asked) {
        document_blank(d);
        document_text(d, 0, ROLE_WARN, "Stopping: what is open is being rolled back.");
    }
}

/* --- a run that is none of ours --- */

void view_holder_title(const struct model *m, struct page_title *out)
{
    *out = (struct page_title){.title = "RUN ELSEWHERE", .note_role = ROLE_DIM};
    if (m->holder[0] == '\0')
        snprintf(out->note, sizeof out->note, "it has ended");
    else
        view_stale(m, m->known_wall_ms, out->note, sizeof out->note);
    out->note_role = model_db_answers(m) ? ROLE_DIM : ROLE_WARN;
}

void view_holder(const struct model *m, struct document *d)
{
    if (m->holder[0] == '\0') {
        document_text(d, 0, ROLE_OK, "Nobody changes the schema any more.");
        return;
    }
    document_text(d, 0, ROLE_TEXT, m->holder);
    if (m->facts.driver == HG_POSTGRESQL)
        blockers(m, d);
    document_blank(d);
    document_text(d, 0, ROLE_DIM,
                  "It was started by another user or on another host, or without --detach: it is "
                  "stopped where it was started.");
}

/* --- how it ended --- */

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
                 view_plural((size_t)a->statements), format_took(a->duration_ms, took));
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
    const char *verb = view_change_words(m->change.kind)->verb;
    char line[160], took[FORMAT_ROOM];

    if (result->ok)
        snprintf(line, sizeof line, "DONE: %s in %s.", view_change_words(m->change.kind)->done,
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
        under_way(m, d);
    else if (m->run != NULL)
        ending(m, d);
}

/* --- on every screen --- */

/* "migrate 2/5 0042 web2": who is at work, as the holder of the lock signs itself. */
static void others(const struct model *m, char *out, size_t size)
{
    const char *who = m->holder;
    size_t n;

    if (strncmp(who, "headgate/", 9) == 0)
        who += 9;
    n = strcspn(who, "(");
    while (n > 0 && who[n - 1] == ' ')
        n--;
    snprintf(out, size, "runs: %.*s", (int)(n > 40 ? 40 : n), who);
}

static void transferring(const struct model *m, char *out, size_t size)
{
    static const char *const verbs[] = {
        [HG_COPY_RUN] = "copy", [HG_COPY_DRY_RUN] = "look", [HG_COPY_VERIFY] = "compare"};
    const struct transfer *t = &m->transfer;
    char took[FORMAT_ROOM], part[24] = "";

    if (t->total > 0)
        snprintf(part, sizeof part, " %d%%", (int)(t->done * 100 / t->total));
    snprintf(out, size, "%s%s, %s, %s", verbs[t->mode], part, took_since(m, t->started_ms, took),
             m->facts.operator_name);
}

/* The folder that tells of it is one user's: whoever started it is the one who looks. */
static void copying_elsewhere(const struct model *m, char *out, size_t size)
{
    char when[FORMAT_ROOM];

    snprintf(out, size, "runs: copy, since %s, %s", format_moment(m->copying.started_ms, when),
             m->facts.operator_name);
}

/* Until its page has been opened. */
static void copy_ended(const struct model *m, char *out, size_t size)
{
    snprintf(out, size, "copy %s: c",
             m->copy->ok                           ? "ended"
             : m->copy->error.code == HG_CANCELLED ? "stopped"
                                                   : "FAILED");
}

void view_running(const struct model *m, char *out, size_t size)
{
    const struct change *c = &m->change;
    char took[FORMAT_ROOM], of[32] = "";

    out[0] = '\0';
    if (c->steps > 0)
        snprintf(of, sizeof of, " of %zu", c->steps);
    if (c->running)
        snprintf(out, size, "%s %zu%s, %s%s, %s", view_change_words(c->kind)->verb, step_number(c),
                 of, took_since(m, c->started_ms, took), c->waiting ? " waiting" : "",
                 m->facts.operator_name);
    else if (m->transfer.running)
        transferring(m, out, size);
    else if (m->copying_on)
        copying_elsewhere(m, out, size);
    else if (model_cutover_open(m) != NULL)
        view_cutover_running(m, out, size);
    else if (m->holder[0] != '\0')
        others(m, out, size);
    else if (m->copy_unseen && m->copy != NULL)
        copy_ended(m, out, size);
}

int view_gauge_rows(const struct model *m)
{
    if (model_page(m) == PAGE_TRANSFER)
        return m->transfer.running && m->transfer.total > 0 ? 2 : 0;
    return model_page(m) == PAGE_RUN && m->change.running && m->change.steps > 0 ? 2 : 0;
}

/* Of a run its steps, each with the part of it that is done; of a copy its bytes. */
void view_gauge(const struct model *m, struct area a)
{
    const struct change *c = &m->change;
    bool copies = model_page(m) == PAGE_TRANSFER;
    int64_t part = c->total > 0 ? c->done * 100 / c->total : 0;
    const struct gauge_part done = {copies ? m->transfer.done : (int64_t)c->step * 100 + part,
                                    GLYPH_DONE, ROLE_GAUGE_DONE};

    widget_gauge(a, 2, 0, a.width - 4, &done, 1,
                 copies ? m->transfer.total : (int64_t)c->steps * 100,
                 (struct gauge_part){0, GLYPH_TODO, ROLE_GAUGE_TODO});
}
