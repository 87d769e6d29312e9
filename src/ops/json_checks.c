/*
 * json_checks.c - readiness and smoke as documents.
 */
#include "json_part.h"

#include "base/buf.h"
#include "base/clock.h"

static json_t *check_object(const hg_check_result *check)
{
    json_t *row = json_object();

    json_object_set_new(row, "id", json_part_text(check->id));
    json_object_set_new(row, "title", json_part_text(check->title));
    json_object_set_new(row, "status", json_part_text(hg_status_name(check->status)));
    json_object_set_new(row, "observed", json_part_text_or_null(check->observed));
    json_object_set_new(row, "duration_ms", json_part_ms(check->duration_ms));
    json_object_set_new(row, "hint", json_part_text_or_null(check->hint));
    json_object_set_new(row, "threshold", json_part_text_or_null(check->threshold));
    json_object_set_new(row, "code", json_part_text_or_null(check->code));
    json_object_set_new(row, "severity", json_part_text(hg_check_severity_name(check->severity)));
    json_object_set_new(row, "muted", json_part_text_or_null(check->mute_reason));
    json_object_set_new(row, "evidence", json_part_texts(check->evidence, check->evidence_count));
    return row;
}

static json_t *check_array(const hg_check_result *checks, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, check_object(&checks[i]));
    return array;
}

/* What anybody may know: words of closed lists, booleans and times. */
static void set_public(json_t *root, const hg_settings *settings, const hg_sample *sample)
{
    const hg_url *url = hg_settings_url(settings);
    json_t *production = json_object();

    json_object_set_new(production, "is_production",
                        json_boolean(hg_settings_production(settings)));
    json_object_set_new(root, "status", json_part_text(hg_status_name(sample->status)));
    json_object_set_new(root, "env", json_part_text(hg_settings_env(settings)));
    json_object_set_new(root, "production", production);
    json_object_set_new(root, "db", json_boolean(sample->db));
    json_object_set_new(root, "db_state", json_part_text(hg_db_state_name(sample->db_state)));
    json_object_set_new(root, "db_driver", json_part_text(hg_driver_name(hg_url_driver(url))));
    json_object_set_new(root, "db_url_kind", json_part_text(hg_url_kind(url)));
    json_object_set_new(root, "migrations_applied",
                        sample->migrations_known ? json_boolean(sample->migrations_applied)
                                                 : json_null());
    json_object_set_new(root, "codes", json_part_texts(sample->codes, sample->code_count));
    json_object_set_new(root, "sampled_at", json_part_utc(sample->sampled_ms));
    json_object_set_new(root, "age_s",
                        sample->sampled_ms == 0 ? json_null()
                                                : json_real((double)(sample->age_ms / 100) / 10));
}

static void set_details(json_t *root, const hg_settings *settings, const hg_readiness *report)
{
    json_object_set_new(root, "db_url", json_part_text(hg_url_redacted(hg_settings_url(settings))));
    json_object_set_new(root, "server_version", json_part_text_or_null(report->server_version));
    json_part_revisions(root, report->history);
    json_object_set_new(root, "pool", json_part_pool_counts(&report->pool));
    json_object_set_new(root, "checks", check_array(report->checks, report->check_count));
}

bool json_ready(struct buf *out, const hg_settings *settings, const hg_readiness *report)
{
    json_t *root = json_part_document();
    hg_sample sample = {.status = report->status,
                        .db_state = report->db_state,
                        .db = report->db,
                        .migrations_known = report->migrations_known,
                        .migrations_applied = report->migrations_applied,
                        .sampled_ms = report->sampled_ms};

    sample.code_count = hg_readiness_codes(report, sample.codes);
    set_public(root, settings, &sample);
    set_details(root, settings, report);
    return json_part_finish(out, root);
}

bool json_sample(struct buf *out, const hg_settings *settings, const hg_sample *sample,
                 const hg_readiness *report)
{
    json_t *root = json_object();

    if (report != NULL)
        json_object_set_new(root, "headgate", json_part_text(hg_version()));
    set_public(root, settings, sample);
    json_object_set_new(root, "ttl_s", json_real((double)sample->interval_ms / 1000));
    if (report != NULL)
        set_details(root, settings, report);
    return json_part_finish(out, root);
}

bool json_smoke(struct buf *out, const hg_smoke *smoke)
{
    json_t *root = json_part_document(), *counts = json_object();

    for (int s = 0; s < HG_STATUS_COUNT; s++)
        json_object_set_new(counts, hg_status_name((hg_status)s),
                            json_integer((json_int_t)smoke->counts[s]));
    json_object_set_new(counts, "muted", json_integer((json_int_t)smoke->muted_count));
    json_object_set_new(root, "status", json_part_text(hg_status_name(smoke->status)));
    json_object_set_new(root, "started_at", json_part_utc(smoke->started_ms));
    json_object_set_new(root, "duration_ms", json_part_ms(smoke->duration_ms));
    json_object_set_new(root, "counts", counts);
    json_object_set_new(root, "checks", check_array(smoke->checks, smoke->check_count));
    return json_part_finish(out, root);
}
