/*
 * json_copy.c - tables, rejects, findings and problems, built with jansson.
 */
#include "json_copy.h"

#include "json_part.h"

static json_t *tables_array(const hg_copy_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->table_count; i++) {
        const hg_copy_table *table = &result->tables[i];
        json_t *object = json_object();

        json_part_set_text(object, "table", table->table);
        json_part_set_count(object, "rows_read", table->rows_read);
        json_part_set_count(object, "rows_written", table->rows_written);
        json_part_set_count(object, "bytes", table->bytes);
        json_part_set_count(object, "rejected", table->rejected);
        json_part_set_text_or_null(object, "source_digest", table->source_digest);
        json_part_set_text_or_null(object, "target_digest", table->target_digest);
        json_object_set_new(object, "match",
                            table->compared ? json_boolean(table->match) : json_null());
        json_part_set_ms(object, "duration_ms", table->duration_ms);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *sample_object(const hg_copy_finding *finding, const hg_copy_sample *sample)
{
    json_t *object = json_object();

    json_part_set_text(object, "table", finding->table);
    json_object_set_new(object, "rowid",
                        sample->key == NULL ? json_integer(sample->rowid) : json_null());
    json_part_set_text(object, "key", sample->key);
    json_part_set_text(object, "column", finding->column);
    json_part_set_text(object, "value", sample->value);
    json_part_set_text(object, "storage", sample->storage);
    json_part_set_text(object, "rule", finding->rule);
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

        json_part_set_text(object, "table", finding->table);
        json_part_set_text(object, "column", finding->column);
        json_part_set_text(object, "type", finding->type);
        json_part_set_text(object, "rule", finding->rule);
        json_part_set_text(object, "title", finding->title);
        json_part_set_text_or_null(object, "action", finding->action);
        json_part_set_flag(object, "fits", finding->fits);
        json_part_set_count(object, "count", finding->count);
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

        json_part_set_text(object, "kind", problem->kind);
        json_part_set_text(object, "table", problem->table);
        json_part_set_text(object, "message", problem->message);
        json_part_set_count(object, "count", problem->count);
        json_part_set_flag(object, "stops", problem->stops);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *differences_array(const hg_copy_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->difference_count; i++) {
        json_t *object = json_object();

        json_part_set_text(object, "table", result->differences[i].table);
        json_part_set_text(object, "kind", result->differences[i].kind);
        json_object_set_new(object, "rowid",
                            result->differences[i].name == NULL
                                ? json_integer(result->differences[i].key)
                                : json_null());
        json_part_set_text_or_null(object, "key", result->differences[i].name);
        json_part_set_text(object, "columns", result->differences[i].columns);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *statements_array(const hg_copy_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->statement_count; i++) {
        json_t *object = json_object();

        json_part_set_text(object, "table", result->statements[i].table);
        json_part_set_flag(object, "after", result->statements[i].after);
        json_part_set_flag(object, "source", result->statements[i].source);
        json_part_set_text(object, "sql", result->statements[i].sql);
        json_array_append_new(array, object);
    }
    return array;
}

bool json_copy_result(struct buf *out, const hg_copy_result *result, const hg_error *error)
{
    json_t *root = json_part_document();

    json_part_set_flag(root, "dry_run", result->mode == HG_COPY_DRY_RUN);
    json_part_set_flag(root, "verify_only", result->mode == HG_COPY_VERIFY);
    json_part_set_flag(root, "resumed", result->resumed);
    json_object_set_new(root, "tables", tables_array(result));
    json_object_set_new(root, "rejects", rejects_array(result));
    json_object_set_new(root, "findings", findings_array(result));
    json_object_set_new(root, "problems", problems_array(result));
    json_object_set_new(root, "differences", differences_array(result));
    json_object_set_new(root, "statements", statements_array(result));
    json_part_set_flag(root, "catch_up", result->mode == HG_COPY_CATCH_UP);
    json_part_set_count(root, "pages_changed", result->pages_changed);
    json_part_set_count(root, "rows_put", result->rows_put);
    json_part_set_count(root, "rows_gone", result->rows_gone);
    json_part_set_ms(root, "behind_ms", result->behind_ms);
    json_part_set_count(root, "sequences_reset", result->sequences_reset);
    json_part_set_count(root, "rows", result->rows);
    json_part_set_count(root, "bytes", result->bytes);
    json_part_set_text_or_null(root, "rules_digest", result->rules_digest);
    json_part_set_ms(root, "check_ms", result->check_ms);
    json_part_set_ms(root, "data_ms", result->data_ms);
    json_part_set_ms(root, "finish_ms", result->finish_ms);
    json_part_set_ms(root, "verify_ms", result->verify_ms);
    json_part_set_flag(root, "ok", result->ok);
    json_object_set_new(root, "error", json_part_error(error));
    return json_part_finish(out, root);
}
