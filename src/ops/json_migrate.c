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
