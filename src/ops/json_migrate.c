/*
 * json_migrate.c - documents of the migration commands, built with jansson.
 */
#include "json_migrate.h"

#include "json_part.h"

static void put_count(json_t *root, const char *name, size_t count)
{
    json_object_set_new(root, name, json_integer((json_int_t)count));
}

bool json_import(struct buf *out, const char *tool, const hg_import_result *result)
{
    json_t *root = json_part_document();

    json_object_set_new(root, "tool", json_part_text(tool));
    json_object_set_new(root, "from", json_part_text(result->from));
    put_count(root, "found", result->found);
    put_count(root, "written", result->written);
    put_count(root, "left", result->left);
    put_count(root, "applied", result->applied);
    put_count(root, "noted", result->noted);
    return json_part_finish(out, root);
}

bool json_detached(struct buf *out, int64_t pid)
{
    json_t *root = json_part_document();

    json_object_set_new(root, "detached", json_true());
    json_object_set_new(root, "pid", json_integer((json_int_t)pid));
    return json_part_finish(out, root);
}

bool json_rehearsal(struct buf *out, const hg_rehearsal *rehearsal)
{
    json_t *root = json_part_document(), *rows = json_array();

    for (size_t i = 0; i < rehearsal->difference_count; i++) {
        json_t *row = json_object();

        json_object_set_new(row, "revision", json_part_text(rehearsal->differences[i].revision));
        json_object_set_new(
            row, "after",
            json_part_text(rehearsal->differences[i].second_up ? "up again" : "down"));
        json_object_set_new(row, "what", json_part_text(rehearsal->differences[i].what));
        json_array_append_new(rows, row);
    }
    json_object_set_new(root, "place", json_part_text_or_null(rehearsal->place));
    put_count(root, "replayed", rehearsal->replayed);
    put_count(root, "migrations", rehearsal->migrations);
    json_object_set_new(root, "up_ms", json_part_ms(rehearsal->up_ms));
    json_object_set_new(root, "down_ms", json_part_ms(rehearsal->down_ms));
    json_object_set_new(root, "up_again_ms", json_part_ms(rehearsal->up_again_ms));
    json_object_set_new(root, "irreversible", json_part_text_or_null(rehearsal->irreversible));
    json_object_set_new(root, "differences", rows);
    json_object_set_new(root, "ok", json_boolean(rehearsal->difference_count == 0));
    return json_part_finish(out, root);
}

static json_t *spent_array(const hg_migration_event *e)
{
    json_t *array = json_array();

    for (size_t i = 0; i < e->spent_count; i++) {
        const hg_migration_spent *spent = &e->spent[i];
        json_t *row = json_object();

        json_object_set_new(row, "form", json_part_text(spent->form));
        json_object_set_new(row, "table", json_part_text_or_null(spent->table));
        json_object_set_new(row, "rows", spent->rows < 0 ? json_null() : json_integer(spent->rows));
        json_object_set_new(row, "statements", json_integer(spent->statements));
        json_object_set_new(row, "duration_ms", json_part_ms(spent->duration_ms));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *event_object(const hg_migration_event *e)
{
    json_t *row = json_object();

    json_object_set_new(row, "id", json_integer(e->id));
    json_object_set_new(row, "revision", json_part_text(e->revision));
    json_object_set_new(row, "direction", json_part_text(e->direction));
    json_object_set_new(row, "outcome", json_part_text(e->outcome));
    json_object_set_new(row, "file", json_part_text_or_null(e->file));
    json_object_set_new(row, "started_at", json_part_utc(e->started_ms));
    json_object_set_new(row, "finished_at", json_part_utc(e->finished_ms));
    json_object_set_new(row, "duration_ms", json_part_ms(e->duration_ms));
    json_object_set_new(row, "lock_wait_ms", json_integer(e->lock_wait_ms));
    json_object_set_new(row, "retries", json_integer(e->retries));
    json_object_set_new(row, "statements", json_integer(e->statements));
    json_object_set_new(row, "statements_done", json_integer(e->statements_done));
    json_object_set_new(row, "operator", json_part_text_or_null(e->operator_name));
    json_object_set_new(row, "os_user", json_part_text_or_null(e->os_user));
    json_object_set_new(row, "host", json_part_text_or_null(e->host));
    json_object_set_new(row, "headgate_version", json_part_text_or_null(e->headgate_version));
    json_object_set_new(row, "release", json_part_text_or_null(e->release));
    json_object_set_new(row, "backend_pid", json_integer(e->backend_pid));
    json_object_set_new(row, "sqlstate", json_part_text_or_null(e->sqlstate));
    json_object_set_new(row, "error", json_part_text_or_null(e->error));
    json_object_set_new(row, "spent", spent_array(e));
    return row;
}

bool json_events(struct buf *out, const hg_events *events)
{
    json_t *root = json_part_document(), *rows = json_array();

    for (size_t i = 0; i < events->count; i++)
        json_array_append_new(rows, event_object(&events->items[i]));
    json_object_set_new(root, "events", rows);
    return json_part_finish(out, root);
}
