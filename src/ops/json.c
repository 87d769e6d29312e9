/*
 * json.c - the documents, built with jansson.
 */
#include "json.h"

#include "json_part.h"

bool json_error(struct buf *out, const hg_error *error)
{
    json_t *root = json_part_document();

    json_object_set_new(root, "error", json_part_error(error));
    return json_part_finish(out, root);
}

static json_t *hosts_array(const hg_url *url)
{
    json_t *array = json_array();

    for (size_t i = 0; i < hg_url_host_count(url); i++) {
        json_t *host = json_object();

        json_object_set_new(host, "host", json_part_text(hg_url_host(url, i)));
        json_object_set_new(host, "port", json_integer(hg_url_port(url, i)));
        json_array_append_new(array, host);
    }
    return array;
}

static json_t *database_object(const hg_settings *settings)
{
    const hg_url *url = hg_settings_url(settings);
    json_t *object = json_object(), *parameters = json_object();

    for (size_t i = 0; i < hg_url_parameter_count(url); i++)
        json_object_set_new(parameters, hg_url_parameter_name(url, i),
                            json_part_text(hg_url_parameter_value(url, i)));
    json_object_set_new(object, "driver", json_part_text(hg_driver_name(hg_url_driver(url))));
    json_object_set_new(object, "hosts", hosts_array(url));
    json_object_set_new(object, "path", json_part_text_or_null(hg_url_path(url)));
    json_object_set_new(object, "database", json_part_text_or_null(hg_url_database(url)));
    json_object_set_new(object, "user", json_part_text_or_null(hg_url_user(url)));
    json_object_set_new(object, "password_set", json_boolean(hg_url_password_set(url)));
    json_object_set_new(object, "parameters", parameters);
    return object;
}

bool json_config(struct buf *out, const hg_settings *settings)
{
    json_t *root = json_part_document(), *rows = json_array();

    for (size_t i = 0; i < hg_settings_count(settings); i++) {
        hg_setting setting = hg_settings_at(settings, i);
        json_t *row = json_object();

        json_object_set_new(row, "name", json_part_text(setting.name));
        json_object_set_new(row, "value", json_part_text(setting.value));
        json_object_set_new(row, "source", json_part_text(setting.source));
        json_array_append_new(rows, row);
    }
    json_object_set_new(root, "settings", rows);
    json_object_set_new(root, "database", database_object(settings));
    return json_part_finish(out, root);
}

void json_part_revisions(json_t *root, const hg_history *history)
{
    json_object_set_new(
        root, "current",
        history == NULL ? json_array() : json_part_texts(history->current, history->current_count));
    json_object_set_new(root, "heads",
                        history == NULL ? json_array()
                                        : json_part_texts(history->heads, history->head_count));
    json_object_set_new(root, "pending",
                        history == NULL ? json_null()
                                        : json_integer((json_int_t)history->pending_count));
}

bool json_status(struct buf *out, const hg_settings *settings, const hg_readiness *report,
                 size_t pool_count)
{
    json_t *root = json_part_document();

    json_object_set_new(root, "env", json_part_text(hg_settings_env(settings)));
    json_object_set_new(root, "database", database_object(settings));
    json_part_revisions(root, report->history);
    json_object_set_new(root, "pools", json_integer((json_int_t)pool_count));
    json_object_set_new(root, "ready", json_part_text(hg_status_name(report->status)));
    return json_part_finish(out, root);
}

static json_t *revision_object(const hg_revision *r)
{
    bool applied = r->state != HG_REVISION_PENDING;
    json_t *object = json_object();

    json_object_set_new(object, "revision", json_part_text(r->revision));
    json_object_set_new(object, "revises", json_part_texts(r->revises, r->revises_count));
    json_object_set_new(object, "message", json_part_text(r->message));
    json_object_set_new(object, "file", json_part_text_or_null(r->file));
    json_object_set_new(object, "state", json_part_text(hg_revision_state_name(r->state)));
    json_object_set_new(object, "applied_at", applied ? json_part_utc(r->applied_ms) : json_null());
    json_object_set_new(object, "duration_ms",
                        applied ? json_part_ms(r->duration_ms) : json_null());
    json_object_set_new(object, "applied_by",
                        applied ? json_part_text_or_null(r->applied_by) : json_null());
    json_object_set_new(object, "release",
                        applied ? json_part_text_or_null(r->release) : json_null());
    json_object_set_new(object, "checksum_ok",
                        r->checksum_known ? json_boolean(r->checksum_ok) : json_null());
    json_object_set_new(object, "reformatted",
                        r->checksum_known ? json_boolean(r->reformatted) : json_null());
    json_object_set_new(object, "head", json_boolean(r->head));
    return object;
}

bool json_history(struct buf *out, const hg_history *history)
{
    json_t *root = json_part_document(), *rows = json_array();

    for (size_t i = 0; i < history->revision_count; i++)
        json_array_append_new(rows, revision_object(&history->revisions[i]));
    json_object_set_new(root, "revisions", rows);
    json_object_set_new(root, "current", json_part_texts(history->current, history->current_count));
    json_object_set_new(root, "heads", json_part_texts(history->heads, history->head_count));
    return json_part_finish(out, root);
}

static const char *direction_name(hg_direction direction)
{
    return direction == HG_UP ? "up" : "down";
}

bool json_run(struct buf *out, const hg_run_result *result, const hg_error *error)
{
    json_t *root = json_part_document(), *applied = json_array(), *current = json_array();

    for (size_t i = 0; i < result->applied_count; i++) {
        const hg_applied *a = &result->applied[i];
        json_t *row = json_object();

        json_object_set_new(row, "revision", json_part_text(a->revision));
        json_object_set_new(row, "direction", json_part_text(direction_name(a->direction)));
        json_object_set_new(row, "duration_ms", json_part_ms(a->duration_ms));
        json_object_set_new(row, "statements", json_integer(a->statements));
        json_array_append_new(applied, row);
    }
    for (size_t i = 0; i < result->current_count; i++)
        json_array_append_new(current, json_part_text(result->current[i]));
    json_object_set_new(root, "applied", applied);
    json_object_set_new(root, "current", current);
    json_object_set_new(root, "safety_copy", json_part_text(result->safety_copy));
    json_object_set_new(root, "error", json_part_error(error));
    return json_part_finish(out, root);
}

bool json_new_file(struct buf *out, const char *path)
{
    json_t *root = json_part_document();

    json_object_set_new(root, "file", json_part_text_or_null(path));
    return json_part_finish(out, root);
}
