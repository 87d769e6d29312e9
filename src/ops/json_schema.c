/*
 * json_schema.c - documents of the schema commands, built with jansson.
 */
#include "json_schema.h"

#include "json_part.h"

static json_t *changes_array(const hg_schema_diff *diff)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < diff->change_count; i++) {
        const hg_schema_change *change = &diff->changes[i];
        json_t *row = json_object();

        json_object_set_new(row, "change", json_part_text(hg_schema_verb_name(change->verb)));
        json_object_set_new(row, "kind", json_part_text(change->kind));
        json_object_set_new(row, "object", json_part_text(change->object));
        json_object_set_new(row, "what", json_part_text_or_null(change->what));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *statements_array(const hg_schema_diff *diff)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < diff->statement_count; i++) {
        const hg_schema_statement *statement = &diff->statements[i];
        json_t *row = json_object();

        json_object_set_new(row, "phase", json_part_text(hg_schema_phase_name(statement->phase)));
        json_object_set_new(row, "sql", json_part_text(statement->sql));
        json_object_set_new(row, "loses", json_part_text_or_null(statement->loses));
        json_array_append_new(rows, row);
    }
    return rows;
}

static void put_statements(json_t *root, const hg_schema_diff *diff)
{
    json_object_set_new(root, "statements", statements_array(diff));
    json_object_set_new(root, "impossible",
                        json_part_texts(diff->impossible, diff->impossible_count));
}

bool json_schema_diff(struct buf *out, const char *file, const hg_schema_diff *diff)
{
    json_t *root = json_part_document();

    json_object_set_new(root, "schema_file", json_part_text(file));
    json_object_set_new(root, "equal", json_boolean(diff->change_count == 0));
    json_object_set_new(root, "changes", changes_array(diff));
    json_object_set_new(root, "rebuilds", json_boolean(diff->rebuilds));
    put_statements(root, diff);
    return json_part_finish(out, root);
}

bool json_schema_dump(struct buf *out, const hg_schema_diff *dump)
{
    json_t *root = json_part_document();

    put_statements(root, dump);
    return json_part_finish(out, root);
}

/* --- check --- */

const char *json_revision_fault(const hg_revision *revision)
{
    if (revision->state == HG_REVISION_MISSING)
        return "missing";
    return revision->state == HG_REVISION_APPLIED && revision->checksum_known
                   && !revision->checksum_ok
               ? "edited"
               : NULL;
}

static json_t *files_array(const hg_history *history)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < history->revision_count; i++) {
        const hg_revision *revision = &history->revisions[i];
        const char *fault = json_revision_fault(revision);
        json_t *row;

        if (fault == NULL)
            continue;
        row = json_object();
        json_object_set_new(row, "revision", json_part_text(revision->revision));
        json_object_set_new(row, "file", json_part_text_or_null(revision->file));
        json_object_set_new(row, "fault", json_part_text(fault));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *reformatted_array(const hg_history *history)
{
    json_t *names = json_array();

    for (size_t i = 0; i < history->revision_count; i++)
        if (history->revisions[i].reformatted)
            json_array_append_new(names, json_part_text(history->revisions[i].revision));
    return names;
}

bool json_schema_check(struct buf *out, const char *file, const hg_schema_diff *diff,
                       const hg_history *history, bool ok)
{
    json_t *root = json_part_document();

    json_object_set_new(root, "ok", json_boolean(ok));
    json_object_set_new(root, "schema_file", json_part_text(file));
    json_object_set_new(root, "compared", json_boolean(diff != NULL));
    json_object_set_new(root, "changes", diff == NULL ? json_array() : changes_array(diff));
    json_object_set_new(root, "files", files_array(history));
    json_object_set_new(root, "reformatted", reformatted_array(history));
    json_object_set_new(root, "pending", json_integer((json_int_t)history->pending_count));
    return json_part_finish(out, root);
}
