/*
 * json_copy.c - tables, rejects, findings and problems, built with jansson.
 */
#include "json_copy.h"

#include "json_part.h"

static json_t *table_object(const void *row)
{
    const hg_copy_table *table = row;
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
    return object;
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

static json_t *finding_object(const void *row)
{
    const hg_copy_finding *finding = row;
    json_t *object = json_object();

    json_part_set_text(object, "table", finding->table);
    json_part_set_text(object, "column", finding->column);
    json_part_set_text(object, "type", finding->type);
    json_part_set_text(object, "rule", finding->rule);
    json_part_set_text(object, "title", finding->title);
    json_part_set_text_or_null(object, "action", finding->action);
    json_part_set_flag(object, "fits", finding->fits);
    json_part_set_count(object, "count", finding->count);
    return object;
}

static json_t *problem_object(const void *row)
{
    const hg_copy_problem *problem = row;
    json_t *object = json_object();

    json_part_set_text(object, "kind", problem->kind);
    json_part_set_text(object, "table", problem->table);
    json_part_set_text(object, "message", problem->message);
    json_part_set_count(object, "count", problem->count);
    json_part_set_flag(object, "stops", problem->stops);
    return object;
}

static json_t *difference_object(const void *row)
{
    const hg_copy_difference *difference = row;
    json_t *object = json_object();

    json_part_set_text(object, "table", difference->table);
    json_part_set_text(object, "kind", difference->kind);
    json_object_set_new(object, "rowid",
                        difference->name == NULL ? json_integer(difference->key) : json_null());
    json_part_set_text_or_null(object, "key", difference->name);
    json_part_set_text(object, "columns", difference->columns);
    return object;
}

static json_t *statement_object(const void *row)
{
    const hg_copy_statement *statement = row;
    json_t *object = json_object();

    json_part_set_text(object, "table", statement->table);
    json_part_set_flag(object, "after", statement->after);
    json_part_set_flag(object, "source", statement->source);
    json_part_set_text(object, "sql", statement->sql);
    return object;
}

bool json_copy_result(struct buf *out, const hg_copy_result *result, const hg_error *error)
{
    json_t *root = json_part_document();

    json_part_set_flag(root, "dry_run", result->mode == HG_COPY_DRY_RUN);
    json_part_set_flag(root, "verify_only", result->mode == HG_COPY_VERIFY);
    json_part_set_flag(root, "resumed", result->resumed);
    json_part_set_rows(root, "tables", result->tables, result->table_count, table_object);
    json_object_set_new(root, "rejects", rejects_array(result));
    json_part_set_rows(root, "findings", result->findings, result->finding_count, finding_object);
    json_part_set_rows(root, "problems", result->problems, result->problem_count, problem_object);
    json_part_set_rows(root, "differences", result->differences, result->difference_count,
                       difference_object);
    json_part_set_rows(root, "statements", result->statements, result->statement_count,
                       statement_object);
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
