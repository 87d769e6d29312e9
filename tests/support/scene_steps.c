/*
 * scene_steps.c - what tests do to a scene again and again, and what they ask of it.
 */
#include "scene.h"

void scene_tick(struct scene *s, int64_t after_ms)
{
    scene_send(s, (struct message){.kind = MSG_TICK}, after_ms);
}

struct scene *scene_open_busy(bool production)
{
    struct scene *s = scene_new(80, 24, true, production);

    scene_busy(s);
    scene_deliver(s);
    if (production) { /* changes are allowed */
        scene_key(s, 'W');
        scene_tick(s, 400);
        scene_key(s, 'y');
    }
    return s;
}

const struct job_request *scene_started(const struct scene *s)
{
    for (size_t i = 0; i < s->effects.count; i++)
        if (s->effects.items[i].kind == EFFECT_START)
            return &s->effects.items[i].request;
    return NULL;
}

size_t scene_count(const struct scene *s, enum effect_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < s->effects.count; i++)
        n += s->effects.items[i].kind == kind;
    return n;
}

const char *scene_said(const struct scene *s)
{
    const struct note *newest = model_note(&s->model, 0);

    return newest == NULL ? "" : newest->text;
}

void scene_ask(struct scene *s, uint32_t key)
{
    scene_key(s, key);
    scene_plan(s);
    scene_tick(s, 400);
}

void scene_start_run(struct scene *s)
{
    scene_ask(s, 'A');
    scene_key(s, 'y');
}
