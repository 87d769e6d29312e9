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
