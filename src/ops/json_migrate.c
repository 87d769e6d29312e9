/*
 * json_migrate.c - documents of the migration commands, built with jansson.
 */
#include "json_migrate.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/buf.h"

static bool finish(struct buf *out, json_t *root)
{
    char *dump = root == NULL ? NULL : json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(15));

    json_decref(root);
    if (dump == NULL)
        return false;
    buf_text(out, dump);
    buf_char(out, '\n');
    free(dump);
    return !buf_failed(out);
}

bool json_import(struct buf *out, const char *tool, const hg_import_result *result)
{
    return finish(out, json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "headgate",
                                 hg_version(), "tool", tool, "from", result->from, "found",
                                 (json_int_t)result->found, "written", (json_int_t)result->written,
                                 "left", (json_int_t)result->left, "applied",
                                 (json_int_t)result->applied, "noted", (json_int_t)result->noted));
}
