/*
 * json_cutover.c - runbook, run and journal as JSON, built with jansson.
 */
#include "json_cutover.h"

#include "json_part.h"

static void put_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, json_part_text(text));
}

/* An empty text says that there is nothing to say: null. */
static void put_text_or_null(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, json_part_text_or_null(text));
}

static void put_ms(json_t *object, const char *name, int64_t ms)
{
    json_object_set_new(object, name, json_part_ms((double)ms));
}

static void put_flag(json_t *object, const char *name, bool flag)
{
    json_object_set_new(object, name, json_boolean(flag));
}

static json_t *step_object(const hg_cutover_step *step)
{
    json_t *object = json_object();

    put_text(object, "id", step->id);
    put_text(object, "title", step->title);
    put_text_or_null(object, "what", step->what);
    put_text_or_null(object, "cost", step->cost);
    put_text(object, "class", step->class);
    put_text(object, "state", step->state);
    put_flag(object, "asks", step->asks);
    json_object_set_new(object, "began_at", json_part_utc(step->began_ms));
    json_object_set_new(object, "ended_at", json_part_utc(step->ended_ms));
    put_ms(object, "expected_ms", step->expected_ms);
    put_text_or_null(object, "error", step->error);
    put_text_or_null(object, "note", step->note);
    return object;
}

static json_t *steps_array(const hg_cutover *cutover)
{
    json_t *array = json_array();

    for (size_t i = 0; i < cutover->step_count; i++)
        json_array_append_new(array, step_object(&cutover->steps[i]));
    return array;
}

static json_t *records_array(const hg_cutover *cutover)
{
    json_t *array = json_array();

    for (size_t i = 0; i < cutover->record_count; i++) {
        const hg_cutover_record *record = &cutover->records[i];
        json_t *object = json_object();

        json_object_set_new(object, "seq", json_integer((json_int_t)record->seq));
        json_object_set_new(object, "at", json_part_utc(record->at_ms));
        put_text(object, "actor", record->actor);
        put_text(object, "host", record->host);
        put_text_or_null(object, "step", record->step);
        put_text(object, "event", record->event);
        put_text_or_null(object, "text", record->text);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *budget(const hg_cutover *cutover)
{
    return cutover->budget_ms == 0 ? json_null() : json_part_ms((double)cutover->budget_ms);
}

bool json_cutover(struct buf *out, const hg_cutover *cutover, const hg_error *error)
{
    const bool has_next = cutover->at < cutover->step_count;
    json_t *root = json_part_document();

    put_text_or_null(root, "run", cutover->run);
    put_text_or_null(root, "dir", cutover->dir);
    put_text(root, "runbook", cutover->runbook);
    put_text(root, "source", cutover->source);
    put_text(root, "target", cutover->target);
    json_object_set_new(root, "opened_at", json_part_utc(cutover->opened_ms));
    put_ms(root, "frozen_ms", cutover->frozen_ms);
    json_object_set_new(root, "budget_ms", budget(cutover));
    put_text_or_null(root, "at", has_next ? cutover->steps[cutover->at].id : NULL);
    put_text_or_null(root, "question", cutover->question);
    put_text_or_null(root, "expected", cutover->expected);
    put_text_or_null(root, "cost", cutover->cost);
    put_flag(root, "working", cutover->working);
    put_flag(root, "stalled", cutover->stalled);
    put_flag(root, "paused", cutover->paused);
    put_flag(root, "postponed", cutover->postponed);
    json_object_set_new(root, "rate", json_integer((json_int_t)cutover->rate));
    put_flag(root, "rehearsal", cutover->rehearsal);
    put_flag(root, "aborting", cutover->aborting);
    put_flag(root, "past_return", cutover->past_return);
    put_flag(root, "closed", cutover->closed);
    put_text_or_null(root, "outcome", cutover->outcome);
    json_object_set_new(root, "steps", steps_array(cutover));
    json_object_set_new(root, "records", records_array(cutover));
    put_text_or_null(root, "head", cutover->head);
    json_object_set_new(root, "error", json_part_error(error));
    return json_part_finish(out, root);
}

bool json_cutover_faults(struct buf *out, const char *file, const hg_error *faults, size_t count)
{
    json_t *root = json_part_document(), *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_part_error(&faults[i]));
    put_text(root, "runbook", file);
    put_flag(root, "ok", count == 0);
    json_object_set_new(root, "faults", array);
    return json_part_finish(out, root);
}

bool json_cutover_order(struct buf *out, const char *order)
{
    json_t *root = json_part_document();

    put_text(root, "order", order);
    return json_part_finish(out, root);
}
