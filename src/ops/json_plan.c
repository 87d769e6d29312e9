/*
 * json_plan.c - up, down and reset --plan: what would run, and what it does to others. Pure.
 */
#include "json_plan.h"

static json_t *count_or_null(int64_t n)
{
    return n < 0 ? json_null() : json_integer(n);
}

static json_t *lock_or_null(hg_lock_mode mode)
{
    return json_part_text_or_null(hg_lock_mode_name(mode));
}

static json_t *table_array(const hg_plan_statement *s)
{
    json_t *array = json_array();

    for (size_t i = 0; i < s->table_count; i++) {
        const hg_plan_table *t = &s->tables[i];
        json_t *row = json_object();

        json_object_set_new(row, "table", json_part_text(t->name));
        json_object_set_new(row, "lock", lock_or_null(t->lock));
        json_object_set_new(row, "scan", json_boolean(t->scan));
        json_object_set_new(row, "rewrite", json_boolean(t->rewrite));
        json_object_set_new(row, "index_build", json_boolean(t->index_build));
        json_object_set_new(row, "loses_rows", json_boolean(t->loses_rows));
        json_object_set_new(row, "created_by_plan", json_boolean(t->created));
        json_object_set_new(row, "rows", count_or_null(t->rows));
        json_object_set_new(row, "rows_exact", json_boolean(t->rows_exact));
        json_object_set_new(row, "size_bytes", count_or_null(t->size_bytes));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *hazard_array(const hg_plan_statement *s)
{
    json_t *array = json_array();

    for (size_t i = 0; i < s->hazard_count; i++) {
        const hg_hazard *h = &s->hazards[i];
        json_t *row = json_object();

        json_object_set_new(row, "id", json_part_text(h->id));
        json_object_set_new(row, "severity", json_part_text(hg_severity_name(h->severity)));
        json_object_set_new(row, "message", json_part_text(h->message));
        json_object_set_new(row, "safer", json_part_text_or_null(h->safer));
        json_object_set_new(row, "accepted", json_part_text(h->accepted));
        json_array_append_new(array, row);
    }
    return array;
}

/* Nothing is said of a statement that nobody understands. */
static json_t *statement_object(const hg_plan_statement *s)
{
    json_t *object = json_object();
    bool known = s->source != HG_PLAN_UNKNOWN;

    json_object_set_new(object, "sql", json_part_text(s->sql));
    json_object_set_new(object, "line", json_integer(s->line));
    json_object_set_new(object, "form", json_part_text_or_null(s->form));
    json_object_set_new(object, "source", json_part_text(hg_plan_source_name(s->source)));
    json_object_set_new(object, "unmeasured", json_part_text_or_null(s->unmeasured));
    json_object_set_new(object, "lock", lock_or_null(s->lock));
    json_object_set_new(object, "table", json_part_text_or_null(s->table));
    json_object_set_new(object, "blocks_reads",
                        known ? json_boolean(hg_lock_blocks_reads(s->lock)) : json_null());
    json_object_set_new(object, "blocks_writes",
                        known ? json_boolean(hg_lock_blocks_writes(s->lock)) : json_null());
    json_object_set_new(object, "rewrite", known ? json_boolean(s->rewrite) : json_null());
    json_object_set_new(object, "scan", known ? json_boolean(s->scan) : json_null());
    json_object_set_new(object, "predicted_ms", json_part_ms(s->predicted_ms));
    json_object_set_new(object, "tables", table_array(s));
    json_object_set_new(object, "hazards", hazard_array(s));
    return object;
}

static json_t *step_object(const hg_plan_step *step)
{
    json_t *object = json_object(), *statements = json_array();

    for (size_t i = 0; i < step->statement_count; i++)
        json_array_append_new(statements, statement_object(&step->statements[i]));
    json_object_set_new(object, "revision", json_part_text(step->revision));
    json_object_set_new(object, "direction",
                        json_part_text(step->direction == HG_UP ? "up" : "down"));
    json_object_set_new(object, "transaction", json_boolean(step->transaction));
    json_object_set_new(object, "file", json_part_text(step->file));
    json_object_set_new(object, "predicted_ms", json_part_ms(step->predicted_ms));
    json_object_set_new(object, "statements", statements);
    return object;
}

json_t *json_plan_steps(const hg_plan_step *steps, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, step_object(&steps[i]));
    return array;
}

bool json_plan(struct buf *out, const hg_plan *plan)
{
    json_t *root = json_part_document();

    json_object_set_new(root, "plan_id", json_part_text(plan->id));
    json_object_set_new(root, "dangers", json_integer((json_int_t)plan->danger_count));
    json_object_set_new(root, "measured_ms", json_part_ms(plan->measured_ms));
    json_object_set_new(root, "unmeasured", json_part_text_or_null(plan->unmeasured));
    json_object_set_new(root, "steps", json_plan_steps(plan->steps, plan->step_count));
    return json_part_finish(out, root);
}
