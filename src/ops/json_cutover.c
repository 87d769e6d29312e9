/*
 * json_cutover.c - runbook, run and journal as JSON, built with jansson.
 */
#include "json_cutover.h"

#include "json_part.h"

static json_t *step_object(const void *row)
{
    const hg_cutover_step *step = row;
    json_t *object = json_object();

    json_part_set_text(object, "id", step->id);
    json_part_set_text(object, "title", step->title);
    json_part_set_text_or_null(object, "what", step->what);
    json_part_set_text_or_null(object, "cost", step->cost);
    json_part_set_text(object, "class", step->class_name);
    json_part_set_text(object, "state", step->state);
    json_part_set_flag(object, "asks", step->asks);
    json_object_set_new(object, "began_at", json_part_utc(step->began_ms));
    json_object_set_new(object, "ended_at", json_part_utc(step->ended_ms));
    json_part_set_ms(object, "expected_ms", (double)step->expected_ms);
    json_part_set_text_or_null(object, "error", step->error);
    json_part_set_text_or_null(object, "note", step->note);
    return object;
}

static json_t *record_object(const void *row)
{
    const hg_cutover_record *record = row;
    json_t *object = json_object();

    json_object_set_new(object, "seq", json_integer((json_int_t)record->seq));
    json_object_set_new(object, "at", json_part_utc(record->at_ms));
    json_part_set_text(object, "actor", record->actor);
    json_part_set_text(object, "host", record->host);
    json_part_set_text_or_null(object, "step", record->step);
    json_part_set_text(object, "event", record->event);
    json_part_set_text_or_null(object, "text", record->text);
    return object;
}

static json_t *budget(const hg_cutover *cutover)
{
    return cutover->budget_ms == 0 ? json_null() : json_part_ms((double)cutover->budget_ms);
}

bool json_cutover(struct buf *out, const hg_cutover *cutover, const hg_error *error)
{
    const bool has_next = cutover->at < cutover->step_count;
    json_t *root = json_part_document();

    json_part_set_text_or_null(root, "run", cutover->run);
    json_part_set_text_or_null(root, "dir", cutover->dir);
    json_part_set_text(root, "runbook", cutover->runbook);
    json_part_set_text(root, "source", cutover->source);
    json_part_set_text(root, "target", cutover->target);
    json_object_set_new(root, "opened_at", json_part_utc(cutover->opened_ms));
    json_part_set_ms(root, "frozen_ms", (double)cutover->frozen_ms);
    json_object_set_new(root, "budget_ms", budget(cutover));
    json_part_set_flag(root, "over_budget", cutover->over_budget);
    json_part_set_text_or_null(root, "at", has_next ? cutover->steps[cutover->at].id : NULL);
    json_part_set_text_or_null(root, "question", cutover->question);
    json_part_set_text_or_null(root, "expected", cutover->expected);
    json_part_set_text_or_null(root, "cost", cutover->cost);
    json_part_set_flag(root, "working", cutover->working);
    json_part_set_flag(root, "stalled", cutover->stalled);
    json_part_set_flag(root, "paused", cutover->paused);
    json_part_set_flag(root, "postponed", cutover->postponed);
    json_object_set_new(root, "rate", json_integer((json_int_t)cutover->rate));
    json_part_set_flag(root, "rehearsal", cutover->rehearsal);
    json_part_set_flag(root, "aborting", cutover->aborting);
    json_part_set_flag(root, "past_return", cutover->past_return);
    json_part_set_flag(root, "closed", cutover->closed);
    json_part_set_text_or_null(root, "outcome", cutover->outcome);
    json_part_set_rows(root, "steps", cutover->steps, cutover->step_count, step_object);
    json_part_set_rows(root, "records", cutover->records, cutover->record_count, record_object);
    json_part_set_text_or_null(root, "head", cutover->head);
    json_object_set_new(root, "error", json_part_error(error));
    return json_part_finish(out, root);
}

bool json_cutover_faults(struct buf *out, const char *file, const hg_error *faults, size_t count)
{
    json_t *root = json_part_document(), *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_part_error(&faults[i]));
    json_part_set_text(root, "runbook", file);
    json_part_set_flag(root, "ok", count == 0);
    json_object_set_new(root, "faults", array);
    return json_part_finish(out, root);
}

bool json_cutover_order(struct buf *out, const char *order)
{
    json_t *root = json_part_document();

    json_part_set_text(root, "order", order);
    return json_part_finish(out, root);
}
