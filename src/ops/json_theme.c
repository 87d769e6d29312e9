/*
 * json_theme.c - the themes of the console as a document. Pure.
 */
#include "json.h"
#include "json_part.h"

bool json_themes(struct buf *out, const char *const *names, const char *const *files, size_t count)
{
    json_t *root = json_part_document(), *list = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *theme = json_object();

        json_object_set_new(theme, "name", json_part_text_or_null(names[i]));
        json_object_set_new(theme, "file", json_part_text_or_null(files[i]));
        json_array_append_new(list, theme);
    }
    json_object_set_new(root, "themes", list);
    return json_part_finish(out, root);
}
