/*
 * json_schema.c - documents of the schema commands, built with jansson.
 */
#include "json_schema.h"

#include "json_part.h"

static json_t *changes_array(const hg_schema_change *changes, size_t count)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < count; i++) {
        const hg_schema_change *change = &changes[i];
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

bool json_schema_diff(struct buf *out, const char *from, const char *to, const hg_schema_diff *diff)
{
    json_t *root = json_part_document();

    json_object_set_new(root, "from", json_part_text(from));
    json_object_set_new(root, "to", json_part_text(to));
    json_object_set_new(root, "equal", json_boolean(diff->change_count == 0));
    json_object_set_new(root, "changes", changes_array(diff->changes, diff->change_count));
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

bool json_revision_one_way(const hg_revision *revision)
{
    return revision->state != HG_REVISION_MISSING && !revision->has_down && !revision->irreversible;
}

static json_t *one_way_array(const hg_history *history)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < history->revision_count; i++)
        if (json_revision_one_way(&history->revisions[i]))
            json_array_append_new(rows, json_part_text(history->revisions[i].revision));
    return rows;
}

bool json_schema_check(struct buf *out, const char *file, const hg_schema_diff *diff,
                       const hg_history *history, bool ok)
{
    json_t *root = json_part_document();

    json_object_set_new(root, "ok", json_boolean(ok));
    json_object_set_new(root, "schema_file", json_part_text(file));
    json_object_set_new(root, "compared", json_boolean(diff != NULL));
    json_object_set_new(root, "changes",
                        diff == NULL ? json_array()
                                     : changes_array(diff->changes, diff->change_count));
    json_object_set_new(root, "files", files_array(history));
    json_object_set_new(root, "reformatted", reformatted_array(history));
    json_object_set_new(root, "one_way", one_way_array(history));
    json_object_set_new(root, "heads", json_part_texts(history->heads, history->head_count));
    json_object_set_new(root, "pending", json_integer((json_int_t)history->pending_count));
    return json_part_finish(out, root);
}

/* --- autogenerate --- */

static json_t *parts_array(const hg_autogenerated *made)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < made->part_count; i++) {
        const hg_autogenerated_part *part = &made->parts[i];
        json_t *row = json_object();

        json_object_set_new(row, "driver", json_part_text(hg_driver_name(part->driver)));
        json_object_set_new(row, "changes", changes_array(part->changes, part->change_count));
        json_object_set_new(row, "impossible",
                            json_part_texts(part->impossible, part->impossible_count));
        json_object_set_new(row, "stale", json_part_texts(part->stale, part->stale_count));
        json_object_set_new(row, "losses", json_integer((json_int_t)part->losses));
        json_object_set_new(row, "dangers", json_integer((json_int_t)part->dangers));
        json_array_append_new(rows, row);
    }
    return rows;
}

bool json_autogenerated(struct buf *out, const char *file, const hg_autogenerated *made)
{
    json_t *root = json_part_document();

    json_object_set_new(root, "file",
                        json_part_text_or_null(made->file_count > 0 ? made->files[0] : ""));
    json_object_set_new(root, "files", json_part_texts(made->files, made->file_count));
    json_object_set_new(root, "schema_file", json_part_text(file));
    json_object_set_new(root, "engines", parts_array(made));
    return json_part_finish(out, root);
}
