/*
 * json_lint.c - the hazards of migration files as a document.
 */
#include "json_lint.h"

#include "json_plan.h"

/* A plan's step says all of its statements; one of a file that has a fault is null. */
static json_t *result_object(const struct lint_result *result)
{
    json_t *object = json_object(), *steps;

    json_object_set_new(object, "file", json_part_text(result->file));
    json_object_set_new(object, "dialect", json_part_text(hg_driver_name(result->driver)));
    json_object_set_new(object, "server_version", json_integer(result->server_version));
    if (result->plan == NULL) {
        json_object_set_new(object, "dangers", json_null());
        json_object_set_new(object, "statements", json_null());
    } else {
        steps = json_plan_steps(result->plan->steps, 1);
        json_object_set_new(object, "dangers",
                            json_integer((json_int_t)result->plan->danger_count));
        json_object_set(object, "statements",
                        json_object_get(json_array_get(steps, 0), "statements"));
        json_decref(steps);
    }
    json_object_set_new(object, "error", json_part_error(result->fault));
    return object;
}

bool json_lint(struct buf *out, const struct lint *lint)
{
    json_t *root = json_part_document(), *array = json_array();

    for (size_t i = 0; i < lint->count; i++)
        json_array_append_new(array, result_object(&lint->results[i]));
    json_object_set_new(root, "files", array);
    json_object_set_new(root, "dangers", json_integer((json_int_t)lint->danger_count));
    json_object_set_new(root, "warnings", json_integer((json_int_t)lint->warning_count));
    json_object_set_new(root, "faults", json_integer((json_int_t)lint->fault_count));
    json_object_set_new(root, "ok", json_boolean(lint->danger_count + lint->fault_count == 0));
    return json_part_finish(out, root);
}
