/*
 * json_copy.c - tables, rejects, findings and problems, built with jansson.
 */
#include "json_copy.h"

#include "json_part.h"

static void put_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, json_part_text(text));
}

static void put_count(json_t *object, const char *name, int64_t count)
{
    json_object_set_new(object, name, json_integer(count));
}

static json_t *tables_array(const hg_copy_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->table_count; i++) {
        const hg_copy_table *table = &result->tables[i];
        json_t *object = json_object();

        put_text(object, "table", table->table);
        put_count(object, "rows_read", table->rows_read);
        put_count(object, "rows_written", table->rows_written);
        put_count(object, "bytes", table->bytes);
        put_count(object, "rejected", table->rejected);
        json_object_set_new(object, "source_digest", json_part_text_or_null(table->source_digest));
        json_object_set_new(object, "target_digest", json_part_text_or_null(table->target_digest));
        json_object_set_new(object, "match",
                            table->compared ? json_boolean(table->match) : json_null());
        json_object_set_new(object, "duration_ms", json_part_ms(table->duration_ms));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *sample_object(const hg_copy_finding *finding, const hg_copy_sample *sample)
{
    json_t *object = json_object();

    put_text(object, "table", finding->table);
    json_object_set_new(object, "rowid",
                        sample->key == NULL ? json_integer(sample->rowid) : json_null());
    put_text(object, "key", sample->key);
    put_text(object, "column", finding->column);
    put_text(object, "value", sample->value);
    put_text(object, "storage", sample->storage);
    put_text(object, "rule", finding->rule);
    return object;
}

/* Of each kind of misfit the first ones; all of them go to the file of --rejects. */
static json_t *rejects_array(const hg_copy_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->finding_count; i++)
        for (size_t j = 0; !result->findings[i].fits && j < result->findings[i].sample_count; j++)
            json_array_append_new(
                array, sample_object(&result->findings[i], &result->findings[i].samples[j]));
    return array;
}

static json_t *findings_array(const hg_copy_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->finding_count; i++) {
        const hg_copy_finding *finding = &result->findings[i];
        json_t *object = json_object();

        put_text(object, "table", finding->table);
        put_text(object, "column", finding->column);
        put_text(object, "type", finding->type);
        put_text(object, "rule", finding->rule);
        put_text(object, "title", finding->title);
        json_object_set_new(object, "action", json_part_text_or_null(finding->action));
        json_object_set_new(object, "fits", json_boolean(finding->fits));
        put_count(object, "count", finding->count);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *problems_array(const hg_copy_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->problem_count; i++) {
        const hg_copy_problem *problem = &result->problems[i];
        json_t *object = json_object();

        put_text(object, "kind", problem->kind);
        put_text(object, "table", problem->table);
        put_text(object, "message", problem->message);
        put_count(object, "count", problem->count);
        json_object_set_new(object, "stops", json_boolean(problem->stops));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *differences_array(const hg_copy_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->difference_count; i++) {
        json_t *object = json_object();

        put_text(object, "table", result->differences[i].table);
        put_text(object, "kind", result->differences[i].kind);
        json_object_set_new(object, "rowid",
                            result->differences[i].name == NULL
                                ? json_integer(result->differences[i].key)
                                : json_null());
        json_object_set_new(object, "key", json_part_text_or_null(result->differences[i].name));
        put_text(object, "columns", result->differences[i].columns);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *statements_array(const hg_copy_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->statement_count; i++) {
        json_t *object = json_object();

        put_text(object, "table", result->statements[i].table);
        json_object_set_new(object, "after", json_boolean(result->statements[i].after));
        put_text(object, "sql", result->statements[i].sql);
        json_array_append_new(array, object);
    }
    return array;
}

bool json_copy_result(struct buf *out, const hg_copy_result *result, const hg_error *error)
{
    json_t *root = json_part_document();

    json_object_set_new(root, "dry_run", json_boolean(result->mode == HG_COPY_DRY_RUN));
    json_object_set_new(root, "verify_only", json_boolean(result->mode == HG_COPY_VERIFY));
    json_object_set_new(root, "resumed", json_boolean(result->resumed));
    json_object_set_new(root, "tables", tables_array(result));
    json_object_set_new(root, "rejects", rejects_array(result));
    json_object_set_new(root, "findings", findings_array(result));
    json_object_set_new(root, "problems", problems_array(result));
    json_object_set_new(root, "differences", differences_array(result));
    json_object_set_new(root, "statements", statements_array(result));
    json_object_set_new(root, "catch_up", json_boolean(result->mode == HG_COPY_CATCH_UP));
    put_count(root, "pages_changed", result->pages_changed);
    put_count(root, "rows_put", result->rows_put);
    put_count(root, "rows_gone", result->rows_gone);
    json_object_set_new(root, "behind_ms", json_part_ms(result->behind_ms));
    put_count(root, "sequences_reset", result->sequences_reset);
    put_count(root, "rows", result->rows);
    put_count(root, "bytes", result->bytes);
    json_object_set_new(root, "rules_digest", json_part_text_or_null(result->rules_digest));
    json_object_set_new(root, "check_ms", json_part_ms(result->check_ms));
    json_object_set_new(root, "data_ms", json_part_ms(result->data_ms));
    json_object_set_new(root, "finish_ms", json_part_ms(result->finish_ms));
    json_object_set_new(root, "verify_ms", json_part_ms(result->verify_ms));
    json_object_set_new(root, "ok", json_boolean(result->ok));
    json_object_set_new(root, "error", json_part_error(error));
    return json_part_finish(out, root);
}
