/*
 * json_read.c - what a run said of itself, with jansson.
 */
#include "json_read.h"

#include <jansson.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
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

    if (json_is_object(error) && json_object_get(root, "applied") == NULL)
        read_error(error, err);
    else if (error == NULL || !json_is_array(json_object_get(root, "applied")))
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

/* --- copies --- */

static int64_t count_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static double ms_of(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static bool flag_of(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static bool read_table(const json_t *row, struct arena *memory, hg_copy_table *out)
{
    const json_t *match = json_object_get(row, "match");

    *out = (hg_copy_table){.table = arena_text(memory, text_of(row, "table")),
                           .rows_read = count_of(row, "rows_read"),
                           .rows_written = count_of(row, "rows_written"),
                           .bytes = count_of(row, "bytes"),
                           .rejected = count_of(row, "rejected"),
                           .compared = json_is_boolean(match),
                           .match = json_is_true(match),
                           .duration_ms = ms_of(row, "duration_ms")};
    text_copy(out->source_digest, sizeof out->source_digest, text_of(row, "source_digest"));
    text_copy(out->target_digest, sizeof out->target_digest, text_of(row, "target_digest"));
    return out->table != NULL;
}

static bool is_of(const json_t *reject, const hg_copy_finding *finding)
{
    return strcmp(text_of(reject, "table"), finding->table) == 0
           && strcmp(text_of(reject, "column"), finding->column) == 0
           && strcmp(text_of(reject, "rule"), finding->rule) == 0;
}

/* The values that were met of one finding, out of those of all. */
static bool read_samples(const json_t *rejects, struct arena *memory, hg_copy_finding *out)
{
    const json_t *reject;
    size_t i;
    bool ok;

    if (out->fits)
        return true;
    out->samples = arena_alloc(memory, json_array_size(rejects) + 1, sizeof *out->samples);
    ok = out->samples != NULL;
    json_array_foreach(rejects, i, reject)
    {
        const char *key = json_string_value(json_object_get(reject, "key"));
        hg_copy_sample *sample;

        if (!ok || !is_of(reject, out))
            continue;
        sample = &out->samples[out->sample_count++];
        *sample = (hg_copy_sample){.rowid = count_of(reject, "rowid"),
                                   .key = key == NULL ? NULL : arena_text(memory, key),
                                   .value = arena_text(memory, text_of(reject, "value")),
                                   .storage = arena_text(memory, text_of(reject, "storage"))};
        ok = sample->value != NULL && sample->storage != NULL && (key == NULL || sample->key);
    }
    return ok;
}

static bool read_finding(const json_t *row, const json_t *rejects, struct arena *memory,
                         hg_copy_finding *out)
{
    *out = (hg_copy_finding){.table = arena_text(memory, text_of(row, "table")),
                             .column = arena_text(memory, text_of(row, "column")),
                             .rule = arena_text(memory, text_of(row, "rule")),
                             .title = arena_text(memory, text_of(row, "title")),
                             .type = arena_text(memory, text_of(row, "type")),
                             .action = arena_text(memory, text_of(row, "action")),
                             .fits = flag_of(row, "fits"),
                             .count = count_of(row, "count")};
    return out->table != NULL && out->column != NULL && out->rule != NULL && out->title != NULL
           && out->type != NULL && out->action != NULL && read_samples(rejects, memory, out);
}

static bool read_problem(const json_t *row, struct arena *memory, hg_copy_problem *out)
{
    *out = (hg_copy_problem){.kind = arena_text(memory, text_of(row, "kind")),
                             .table = arena_text(memory, text_of(row, "table")),
                             .message = arena_text(memory, text_of(row, "message")),
                             .count = count_of(row, "count"),
                             .stops = flag_of(row, "stops")};
    return out->kind != NULL && out->table != NULL && out->message != NULL;
}

static bool read_difference(const json_t *row, struct arena *memory, hg_copy_difference *out)
{
    const char *name = json_string_value(json_object_get(row, "key"));

    *out = (hg_copy_difference){.table = arena_text(memory, text_of(row, "table")),
                                .kind = arena_text(memory, text_of(row, "kind")),
                                .key = count_of(row, "rowid"),
                                .columns = arena_text(memory, text_of(row, "columns")),
                                .name = name == NULL ? NULL : arena_text(memory, name)};
    return out->table != NULL && out->kind != NULL && out->columns != NULL
           && (name == NULL || out->name != NULL);
}

/* Tables, findings, problems and differences, each as many as there are. */
static bool read_parts(const json_t *root, struct arena *memory, hg_copy_result *out)
{
    const json_t *tables = json_object_get(root, "tables");
    const json_t *findings = json_object_get(root, "findings");
    const json_t *problems = json_object_get(root, "problems");
    const json_t *differences = json_object_get(root, "differences");
    const json_t *rejects = json_object_get(root, "rejects");
    bool ok;

    out->table_count = json_array_size(tables);
    out->finding_count = json_array_size(findings);
    out->problem_count = json_array_size(problems);
    out->difference_count = json_array_size(differences);
    out->tables = arena_alloc(memory, out->table_count + 1, sizeof *out->tables);
    out->findings = arena_alloc(memory, out->finding_count + 1, sizeof *out->findings);
    out->problems = arena_alloc(memory, out->problem_count + 1, sizeof *out->problems);
    out->differences = arena_alloc(memory, out->difference_count + 1, sizeof *out->differences);
    ok = out->tables != NULL && out->findings != NULL && out->problems != NULL
         && out->differences != NULL;
    for (size_t i = 0; ok && i < out->table_count; i++)
        ok = read_table(json_array_get(tables, i), memory, &out->tables[i]);
    for (size_t i = 0; ok && i < out->finding_count; i++)
        ok = read_finding(json_array_get(findings, i), rejects, memory, &out->findings[i]);
    for (size_t i = 0; ok && i < out->problem_count; i++)
        ok = read_problem(json_array_get(problems, i), memory, &out->problems[i]);
    for (size_t i = 0; ok && i < out->difference_count; i++)
        ok = read_difference(json_array_get(differences, i), memory, &out->differences[i]);
    return ok;
}

static hg_copy_result *read_copy(const json_t *root, struct arena *memory)
{
    hg_copy_result *result = arena_alloc(memory, 1, sizeof *result);

    if (result == NULL)
        return NULL;
    result->mode = HG_COPY_RUN;
    result->ok = flag_of(root, "ok");
    result->resumed = flag_of(root, "resumed");
    result->sequences_reset = integer_of(root, "sequences_reset");
    result->rows = count_of(root, "rows");
    result->bytes = count_of(root, "bytes");
    result->check_ms = ms_of(root, "check_ms");
    result->data_ms = ms_of(root, "data_ms");
    result->finish_ms = ms_of(root, "finish_ms");
    result->verify_ms = ms_of(root, "verify_ms");
    text_copy(result->rules_digest, sizeof result->rules_digest, text_of(root, "rules_digest"));
    return read_parts(root, memory, result) ? result : NULL;
}

bool json_read_copy(const char *text, struct arena *memory, hg_copy_result **out_result,
                    hg_error *err)
{
    json_t *root = json_loads(text, 0, NULL);
    const json_t *error = json_object_get(root, "error");
    bool ok = false;

    if (json_is_object(error) && json_object_get(root, "tables") == NULL)
        read_error(error, err);
    else if (error == NULL || !json_is_array(json_object_get(root, "tables")))
        hg_fail(err, HG_FAILED, "what the copy has done cannot be read");
    else if ((*out_result = read_copy(root, memory)) == NULL)
        hg_fail(err, HG_NOMEM, "could not read what the copy has done: out of memory");
    else if (json_is_object(error))
        read_error(error, err);
    else
        ok = (*out_result)->ok
             || hg_fail(err, HG_FAILED, "the copy does not say that both sides are equal");
    json_decref(root);
    return ok;
}
