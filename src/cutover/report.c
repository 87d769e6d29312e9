/*
 * report.c - the JSON document from a run's journal, and the Markdown from the document: so that
 * both say the same.
 */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "json_put.h"
#include "look.h"
#include "run.h"

enum { REPORT_LIMIT = 64 << 20, SPAN_ROOM = 32, UTC_ROOM = 24 };

/* --- the document --- */

static json_t *utc(int64_t wall_ms)
{
    char text[UTC_ROOM];

    return wall_ms == 0 ? json_null() : json_string(clock_format_utc(wall_ms, text, sizeof text));
}

static json_t *span(int64_t ms)
{
    return ms < 0 ? json_null() : json_integer((json_int_t)ms);
}

static json_t *text_or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

static int count(const struct journal *journal, const char *step, enum journal_event event)
{
    int n = 0;

    for (size_t i = 0; i < journal_count(journal); i++)
        n += journal_at(journal, i)->event == event
             && strcmp(journal_at(journal, i)->step, step) == 0;
    return n;
}

static json_t *step_of(const hg_cutover_step *step, const struct journal *journal)
{
    const struct journal_record *done = journal_last(journal, step->id, JOURNAL_DONE);
    int64_t took_ms = step->ended_ms > 0 ? step->ended_ms - step->began_ms : -1;
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i}", "id", step->id, "title",
                               step->title, "class", step->class_name, "state", step->state,
                               "tries", count(journal, step->id, JOURNAL_INTENT), "failures",
                               count(journal, step->id, JOURNAL_FAILED));

    json_object_set_new(object, "began_at", utc(step->began_ms));
    json_object_set_new(object, "took_ms", span(took_ms));
    json_object_set_new(object, "expected_ms", span(step->expected_ms));
    json_object_set_new(object, "error", text_or_null(step->error));
    json_object_set_new(object, "note", text_or_null(step->note));
    json_object_set_new(object, "facts",
                        done == NULL || done->data == NULL ? json_null()
                                                           : json_deep_copy(done->data));
    return object;
}

static json_t *steps_of(const hg_cutover *run, const struct journal *journal)
{
    json_t *array = json_array();

    for (size_t i = 0; i < run->step_count; i++)
        json_array_append_new(array, step_of(&run->steps[i], journal));
    return array;
}

/* What a person said or did: answers, remarks and orders, who went on and who gave up. */
static bool is_decision(enum journal_event event)
{
    return event == JOURNAL_DECISION || event == JOURNAL_ATTEST || event == JOURNAL_WAIVE
           || event == JOURNAL_NOTE || event == JOURNAL_RESUME || event == JOURNAL_ABORT;
}

static json_t *records_of(const hg_cutover *run, const struct journal *journal, bool decisions)
{
    json_t *array = json_array();

    for (size_t i = 0; i < run->record_count; i++) {
        const hg_cutover_record *r = &run->records[i];
        const struct journal_record *raw = journal_at(journal, i);
        bool wanted = decisions ? is_decision(raw->event) : raw->event == JOURNAL_FAILED;
        json_t *object;

        if (!wanted)
            continue;
        object = json_pack("{s:I, s:o, s:s, s:s, s:s, s:s, s:s}", "seq", (json_int_t)r->seq, "at",
                           utc(r->at_ms), "by", r->actor, "host", r->host, "step", r->step, "event",
                           r->event, "text", r->text);
        if (json_is_false(json_object_get(raw->data, "accepted")))
            json_object_set_new(object, "accepted", json_false());
        json_array_append_new(array, object);
    }
    return array;
}

/* When nobody could write any more, and when somebody could again; 0: not yet. */
static void frozen_between(const hg_cutover *run, const struct journal *journal, int64_t *from,
                           int64_t *until)
{
    const hg_cutover_step *freeze = NULL;

    *from = *until = 0;
    for (size_t i = 0; i < run->step_count; i++)
        if (run->freeze[0] != '\0' && strcmp(run->steps[i].id, run->freeze) == 0)
            freeze = &run->steps[i];
    for (size_t i = 0; freeze != NULL && i < journal_count(journal); i++) {
        const struct journal_record *r = journal_at(journal, i);

        if (*from == 0 && r->event == JOURNAL_INTENT && strcmp(r->step, freeze->id) == 0)
            *from = r->at_ms;
        if (r->event == JOURNAL_UNDONE && strcmp(r->step, freeze->id) == 0)
            *until = r->at_ms;
    }
    for (size_t i = 0; i < run->step_count && *until == 0; i++)
        if (*from > 0 && strcmp(run->steps[i].class_name, "no return") == 0)
            *until = run->steps[i].ended_ms;
}

static json_t *frozen_of(const hg_cutover *run, const struct journal *journal)
{
    int64_t from, until;
    json_t *object;

    frozen_between(run, journal, &from, &until);
    if (from == 0)
        return json_null();
    object = json_object();
    json_object_set_new(object, "from", utc(from));
    json_object_set_new(object, "until", utc(until));
    json_object_set_new(object, "ms", span(until == 0 ? run->frozen_ms : until - from));
    json_object_set_new(object, "budget_ms", span(run->budget_ms == 0 ? -1 : run->budget_ms));
    return object;
}

static json_t *document_of(const hg_cutover *run, const struct journal *journal)
{
    const struct journal_record *close = journal_last(journal, "", JOURNAL_CLOSE);
    json_t *root = json_pack("{s:s, s:s, s:b, s:s, s:s, s:s, s:s}", "headgate", hg_version(), "run",
                             run->run, "rehearsal", (int)run->rehearsal, "runbook", run->runbook,
                             "source", run->source, "target", run->target, "dir", run->dir);

    json_object_set_new(root, "outcome", text_or_null(run->outcome));
    json_object_set_new(root, "opened_at", utc(run->opened_ms));
    json_object_set_new(root, "closed_at", utc(close == NULL ? 0 : close->at_ms));
    json_object_set_new(root, "frozen", frozen_of(run, journal));
    json_object_set_new(root, "steps", steps_of(run, journal));
    json_object_set_new(root, "decisions", records_of(run, journal, true));
    json_object_set_new(root, "failures", records_of(run, journal, false));
    json_object_set_new(
        root, "journal",
        json_pack("{s:I, s:s}", "records", (json_int_t)run->record_count, "head", run->head));
    return root;
}

/* --- the same for people --- */

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text == NULL ? "" : text;
}

static const char *span_at(const json_t *object, const char *key, char out[SPAN_ROOM])
{
    const json_t *value = json_object_get(object, key);
    double s = (double)json_integer_value(value) / 1000;

    if (!json_is_integer(value))
        snprintf(out, SPAN_ROOM, "-");
    else if (s < 120)
        snprintf(out, SPAN_ROOM, "%.1f s", s);
    else
        snprintf(out, SPAN_ROOM, "%.0f min %02.0f s", (double)((int64_t)s / 60),
                 (double)((int64_t)s % 60));
    return out;
}

/* A text that anybody may have written, in a cell of a table. */
static void cell(struct buf *out, const char *text)
{
    struct buf clean = BUF_INIT(REPORT_LIMIT);

    text_show(&clean, text);
    buf_text(out, " ");
    for (const char *c = clean.bytes; *c != '\0'; c++) {
        if (strchr("|`<>*_[]", *c) != NULL)
            buf_char(out, '\\');
        buf_char(out, *c);
    }
    buf_text(out, " |");
    buf_release(&clean);
}

static void row(struct buf *out, const char *const cells[], size_t n)
{
    buf_char(out, '|');
    for (size_t i = 0; i < n; i++)
        cell(out, cells[i]);
    buf_char(out, '\n');
}

static void head(struct buf *out, const char *title, const char *const cells[], size_t n)
{
    buf_printf(out, "\n## %s\n\n", title);
    row(out, cells, n);
    buf_char(out, '|');
    for (size_t i = 0; i < n; i++)
        buf_text(out, " --- |");
    buf_char(out, '\n');
}
#define HEAD(out, title, ...)                                \
    head((out), (title), (const char *const[]){__VA_ARGS__}, \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
#define ROW(out, ...)                              \
    row((out), (const char *const[]){__VA_ARGS__}, \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void put_summary(struct buf *out, const json_t *root)
{
    static const char *const keys[] = {"runbook",   "source",    "target",
                                       "opened_at", "closed_at", "dir"};
    const json_t *frozen = json_object_get(root, "frozen");
    const char *outcome = text_at(root, "outcome");
    char ms[SPAN_ROOM], budget[SPAN_ROOM];

    buf_printf(out, "# %s ",
               json_is_true(json_object_get(root, "rehearsal")) ? "Rehearsal" : "Cutover");
    text_show(out, text_at(root, "run"));
    buf_printf(out, ": %s\n\n|  |  |\n| --- | --- |\n", outcome[0] == '\0' ? "open" : outcome);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        ROW(out, keys[i], text_at(root, keys[i]));
    ROW(out, "journal's head", text_at(json_object_get(root, "journal"), "head"));
    if (json_is_null(frozen))
        buf_text(out, "\nThe source was never frozen.\n");
    else
        buf_printf(out, "\nNobody could write for %s, from %s until %s; the budget was %s.\n",
                   span_at(frozen, "ms", ms), text_at(frozen, "from"),
                   text_at(frozen, "until")[0] == '\0' ? "now" : text_at(frozen, "until"),
                   span_at(frozen, "budget_ms", budget));
}

static void put_steps(struct buf *out, const json_t *root)
{
    json_t *step;
    size_t i;

    HEAD(out, "Steps", "step", "title", "class", "state", "began (UTC)", "took", "expected",
         "tries", "failures", "note");
    json_array_foreach(json_object_get(root, "steps"), i, step)
    {
        char took[SPAN_ROOM], expected[SPAN_ROOM], tries[16], failures[16];

        snprintf(tries, sizeof tries, "%d",
                 (int)json_integer_value(json_object_get(step, "tries")));
        snprintf(failures, sizeof failures, "%d",
                 (int)json_integer_value(json_object_get(step, "failures")));
        ROW(out, text_at(step, "id"), text_at(step, "title"), text_at(step, "class"),
            text_at(step, "state"), text_at(step, "began_at"), span_at(step, "took_ms", took),
            span_at(step, "expected_ms", expected), tries, failures, text_at(step, "note"));
    }
}

static void put_records(struct buf *out, const json_t *root, const char *key, const char *title)
{
    json_t *record;
    size_t i;

    if (json_array_size(json_object_get(root, key)) == 0)
        return;
    HEAD(out, title, "when", "who", "step", "what", "words");
    json_array_foreach(json_object_get(root, key), i, record)
    {
        bool refused = json_is_false(json_object_get(record, "accepted"));

        ROW(out, text_at(record, "at"), text_at(record, "by"), text_at(record, "step"),
            refused ? "not accepted" : text_at(record, "event"), text_at(record, "text"));
    }
}

/* What the steps have found: rows and digests, checks that did not pass, and single facts. */
static void put_tables(struct buf *out, const json_t *step)
{
    json_t *table;
    size_t i;

    if (json_array_size(json_object_get(json_object_get(step, "facts"), "tables")) == 0)
        return;
    HEAD(out, text_at(step, "title"), "table", "rows", "digest", "both sides");
    json_array_foreach(json_object_get(json_object_get(step, "facts"), "tables"), i, table)
    {
        char rows[32];

        snprintf(rows, sizeof rows, "%lld",
                 (long long)json_integer_value(json_object_get(table, "rows")));
        ROW(out, text_at(table, "table"), rows, text_at(table, "digest"),
            json_is_true(json_object_get(table, "equal")) ? "equal" : "not compared");
    }
}

static void put_facts(struct buf *out, const json_t *root)
{
    json_t *step, *value;
    const char *key;
    size_t i;

    json_array_foreach(json_object_get(root, "steps"), i, step) put_tables(out, step);
    HEAD(out, "Facts", "step", "fact", "value");
    json_array_foreach(json_object_get(root, "steps"), i, step)
        json_object_foreach(json_object_get(step, "facts"), key, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

        if (strcmp(key, "tables") != 0 && text != NULL)
            ROW(out, text_at(step, "id"), key,
                json_is_string(value) ? json_string_value(value) : text);
        free(text);
    }
}

static void put_markdown(struct buf *out, const json_t *root)
{
    put_summary(out, root);
    put_steps(out, root);
    put_records(out, root, "decisions", "Decisions");
    put_records(out, root, "failures", "What failed");
    put_facts(out, root);
}

static bool put_json(struct buf *out, const json_t *root)
{
    bool ok = json_put(root, JSON_INDENT(2), out);

    buf_char(out, '\n');
    return ok;
}

static bool render(const hg_cutover_options *options, const char *dir, hg_cutover_format format,
                   struct buf *out, hg_error *err)
{
    const struct journal *journal = NULL;
    hg_cutover *run = NULL;
    json_t *root;
    bool ok = look_read(options, dir, &run, &journal, err);

    if (!ok)
        return false;
    root = document_of(run, journal);
    if (format == HG_CUTOVER_MARKDOWN)
        put_markdown(out, root);
    else
        ok = put_json(out, root);
    json_decref(root);
    hg_cutover_free(run);
    return (ok && !buf_failed(out))
           || hg_fail(err, HG_NOMEM, "could not write a report: out of memory");
}

bool hg_cutover_report(const hg_cutover_options *options, hg_cutover_format format,
                       void (*put)(void *context, const char *text, size_t size), void *context,
                       hg_error *err)
{
    struct buf text = BUF_INIT(REPORT_LIMIT);
    char dir[RUN_PATH];
    bool ok = run_find(options->source, options->run, dir, err)
              && render(options, dir, format, &text, err);

    if (ok)
        put(context, text.bytes, text.size);
    buf_release(&text);
    return ok;
}

static bool write_one(const hg_cutover_options *options, const char *dir, hg_cutover_format format,
                      const char *name, hg_error *err)
{
    struct buf text = BUF_INIT(REPORT_LIMIT);
    char path[RUN_PATH];
    bool ok = render(options, dir, format, &text, err) && run_path(dir, name, path, err)
              && file_write(path, text.bytes, text.size, 0600, err);

    buf_release(&text);
    return ok;
}

bool report_write(const hg_cutover_options *options, const char *dir, hg_error *err)
{
    return write_one(options, dir, HG_CUTOVER_MARKDOWN, "report.md", err)
           && write_one(options, dir, HG_CUTOVER_JSON, "report.json", err);
}
