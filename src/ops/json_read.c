/*
 * json_read.c - what a run said of itself, with jansson.
 */
#include "json_read.h"

#include <jansson.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? "" : text;
}

static int integer_of(const json_t *object, const char *name)
{
    return (int)json_integer_value(json_object_get(object, name));
}

static hg_code code_of(const char *name)
{
    for (int code = 0; code < HG_CODE_COUNT; code++)
        if (strcmp(hg_code_name((hg_code)code), name) == 0)
            return (hg_code)code;
    return HG_FAILED;
}

static void read_error(const json_t *object, hg_error *out)
{
    *out = (hg_error){.code = code_of(text_of(object, "code")),
                      .line = integer_of(object, "line"),
                      .column = integer_of(object, "column"),
                      .excerpt_column = integer_of(object, "excerpt_column")};
    text_copy(out->sqlstate, sizeof out->sqlstate, text_of(object, "sqlstate"));
    text_copy(out->message, sizeof out->message, text_of(object, "message"));
    text_copy(out->hint, sizeof out->hint, text_of(object, "hint"));
    text_copy(out->file, sizeof out->file, text_of(object, "file"));
    text_copy(out->excerpt, sizeof out->excerpt, text_of(object, "excerpt"));
}

static void read_applied(const json_t *row, hg_applied *out)
{
    text_copy(out->revision, sizeof out->revision, text_of(row, "revision"));
    out->direction = strcmp(text_of(row, "direction"), "down") == 0 ? HG_DOWN : HG_UP;
    out->duration_ms = json_number_value(json_object_get(row, "duration_ms"));
    out->statements = integer_of(row, "statements");
}

static bool read_result(const json_t *root, hg_run_result *out)
{
    const json_t *applied = json_object_get(root, "applied");
    const json_t *current = json_object_get(root, "current");
    hg_run_result result = {.applied_count = json_array_size(applied),
                            .current_count = json_array_size(current)};

    result.applied = alloc_zero(result.applied_count + 1, sizeof *result.applied);
    result.current = alloc_zero(result.current_count + 1, sizeof *result.current);
    if (result.applied == NULL || result.current == NULL) {
        hg_run_result_release(&result);
        return false;
    }
    for (size_t i = 0; i < result.applied_count; i++)
        read_applied(json_array_get(applied, i), &result.applied[i]);
    for (size_t i = 0; i < result.current_count; i++) {
        const char *revision = json_string_value(json_array_get(current, i));

        text_copy(result.current[i], sizeof result.current[i], revision == NULL ? "" : revision);
    }
    *out = result;
    return true;
}

bool json_read_run(const char *text, hg_run_result *out_result, hg_error *err)
{
    json_t *root = json_loads(text, 0, NULL);
    const json_t *error = json_object_get(root, "error");
    bool ok = false;

    if (error == NULL || !json_is_array(json_object_get(root, "applied")))
        hg_fail(err, HG_FAILED, "what the run has done cannot be read");
    else if (!read_result(root, out_result))
        hg_fail(err, HG_NOMEM, "could not read what the run has done: out of memory");
    else if (json_is_object(error))
        read_error(error, err);
    else
        ok = true;
    json_decref(root);
    return ok;
}
