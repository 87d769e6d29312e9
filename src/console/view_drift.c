/*
 * view_drift.c - what makes the database another one than the schema file and the migration files
 * say, by object.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "view.h"

enum { OBJECT_INDENT = 10, SQL_INDENT = 2 };

void view_drift_title(const struct model *m, struct page_title *out)
{
    const struct job_result *drift = m->drift;
    char when[FORMAT_ROOM];

    *out = (struct page_title){.title = "DRIFT", .note_role = ROLE_DIM};
    if (drift != NULL && drift->ok && drift->drift != NULL)
        snprintf(out->subject, sizeof out->subject, "%zu object%s", drift->drift->change_count,
                 view_plural(drift->drift->change_count));
    if (m->drift_job != 0)
        snprintf(out->note, sizeof out->note, "comparing, %s",
                 format_took((double)((m->now_ms - m->drift_asked_ms) / 1000 * 1000), when));
    else if (drift != NULL)
        snprintf(out->note, sizeof out->note, "as of %s", format_moment(drift->finished_ms, when));
}

/* Said of the database, not of what would have to be done to it. */
static void object(const hg_schema_change *change, struct document *d)
{
    static const struct {
        const char *word;
        enum role role;
    } words[] = {
        [HG_SCHEMA_ADD] = {"missing", ROLE_FAIL},
        [HG_SCHEMA_DROP] = {"extra", ROLE_WARN},
        [HG_SCHEMA_ALTER] = {"differs", ROLE_WARN},
    };
    char line[512];

    snprintf(line, sizeof line, "%s %s", change->kind, change->object);
    document_item(d, OBJECT_INDENT, words[change->verb].role, words[change->verb].word, ROLE_TEXT,
                  line);
    if (change->what[0] != '\0')
        document_text(d, OBJECT_INDENT + 2, ROLE_DIM, change->what);
}

static void statements(const hg_schema_diff *diff, struct document *d)
{
    document_blank(d);
    document_text(d, 0, ROLE_TITLE, "WHAT MAKES IT SO");
    for (size_t i = 0; i < diff->statement_count; i++) {
        document_sql(d, SQL_INDENT, diff->statements[i].sql);
        if (diff->statements[i].loses[0] != '\0')
            document_item(d, OBJECT_INDENT, ROLE_FAIL, "  LOSES", ROLE_WARN,
                          diff->statements[i].loses);
    }
    for (size_t i = 0; i < diff->impossible_count; i++)
        document_item(d, OBJECT_INDENT, ROLE_WARN, "  by hand", ROLE_TEXT, diff->impossible[i]);
}

static void schema(const struct job_result *result, struct document *d)
{
    const hg_schema_diff *diff = result->drift;
    char line[600];

    snprintf(line, sizeof line,
             diff == NULL              ? "Not compared: there is no schema file %s."
             : diff->change_count == 0 ? "The schema is as in %s."
                                       : "The schema is not as in %s:",
             result->request.file);
    document_text(d, 0,
                  diff == NULL              ? ROLE_DIM
                  : diff->change_count == 0 ? ROLE_OK
                                            : ROLE_TITLE,
                  line);
    for (size_t i = 0; diff != NULL && i < diff->change_count; i++)
        object(&diff->changes[i], d);
}

/* What is not as it was applied. */
static void files(const struct model *m, struct document *d)
{
    const hg_history *history = model_history(m);
    size_t told = 0;

    document_blank(d);
    for (size_t i = 0; history != NULL && i < history->revision_count; i++) {
        const hg_revision *r = &history->revisions[i];
        char line[512];

        if (view_revision_role(r) != ROLE_MIG_BROKEN && !r->reformatted)
            continue;
        if (told++ == 0)
            document_text(d, 0, ROLE_TITLE, "Migration files that are not as they were applied:");
        snprintf(line, sizeof line, "%s  %s", r->revision,
                 r->file[0] == '\0' ? "no file has it" : r->file);
        document_item(d, OBJECT_INDENT, r->reformatted ? ROLE_DIM : view_revision_role(r),
                      r->reformatted ? "layout" : view_revision_word(r), ROLE_TEXT, line);
    }
    if (told == 0 && history != NULL)
        document_text(d, 0, ROLE_OK, "The migration files are as they were applied.");
}

void view_drift(const struct model *m, struct document *d)
{
    const struct job_result *result = m->drift;

    if (result == NULL) {
        document_text(
            d, 0, ROLE_DIM,
            "Comparing the database with the schema file. This goes on in the background; "
            "d shows it again.");
        return;
    }
    if (result->ok) {
        schema(result, d);
    } else {
        document_text(d, 0, ROLE_FAIL, "The schema could not be compared:");
        document_text(d, 0, ROLE_TEXT, result->error.message);
        document_text(d, 0, ROLE_DIM, result->error.hint);
    }
    files(m, d);
    if (result->ok && result->drift != NULL && result->drift->statement_count > 0)
        statements(result->drift, d);
}
