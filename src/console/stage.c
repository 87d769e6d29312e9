/*
 * stage.c - messages through update, and effects into the world.
 */
#include "stage.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cast.h"
#include "view.h"

static void note(struct stage *s, enum role role, const char *text)
{
    stage_deliver(s, (struct message){.kind = MSG_NOTE, .role = role, .text = text});
}

static bool load_theme(struct stage *s, const char *name, bool say)
{
    hg_error wrong = {.code = HG_OK};
    struct theme theme;
    char text[1024];
    bool ok = theme_load(name, s->options.theme_folders, &theme, &wrong);

    if (ok) {
        s->theme = theme;
        s->outlet->redraw(s->outlet_context);
        snprintf(text, sizeof text, "theme %s%s", theme.name,
                 s->depth == DEPTH_MONO ? " (without colour here)" : "");
        if (say)
            note(s, ROLE_INFO, text);
    } else {
        if (wrong.line > 0)
            hg_error_context(&wrong, "line %d", wrong.line);
        snprintf(text, sizeof text, "%s%s%s", wrong.message, wrong.hint[0] == '\0' ? "" : ": ",
                 wrong.hint);
        note(s, ROLE_WARN, text);
    }
    return ok;
}

/* The theme of that name, or the one after the present one. */
static void change_theme(struct stage *s, const char *asked)
{
    char name[sizeof s->theme_file];

    text_copy(name, sizeof name, asked);
    if (name[0] == '\0' && !theme_next(s->theme_file, s->options.theme_folders, name))
        return;
    if (load_theme(s, name, true))
        memcpy(s->theme_file, name, sizeof name);
}

static void carry_out(struct stage *s, const struct effect *effect)
{
    const struct job_source *source = s->options.source;
    uint64_t job;

    switch (effect->kind) {
    case EFFECT_START:
        job = source->start(source->context, &effect->request);
        stage_deliver(
            s, (struct message){.kind = MSG_STARTED, .job = job, .request = effect->request});
        break;
    case EFFECT_CANCEL:
        source->cancel(source->context, effect->job);
        break;
    case EFFECT_LEAVE:
        source->leave(source->context, effect->job);
        break;
    case EFFECT_DISCARD:
        source->discard(source->context, effect->result);
        break;
    case EFFECT_THEME:
        change_theme(s, effect->text);
        break;
    case EFFECT_COPY:
        s->outlet->copy(s->outlet_context, effect->text);
        break;
    case EFFECT_REDRAW:
        s->outlet->redraw(s->outlet_context);
        break;
    case EFFECT_SUSPEND:
        s->outlet->suspend(s->outlet_context);
        break;
    case EFFECT_QUIT:
        s->quit = true;
        break;
    }
}

/* What an effect reports comes back through here; it asks for nothing itself but the next refresh,
 * so this ends. */
void stage_deliver(struct stage *s, struct message message)
{
    struct effects effects;

    message.now_ms = clock_now_ns() / 1000000;
    message.wall_ms = clock_wall_ms();
    message.beat_ms = s->options.source->beat(s->options.source->context);
    update(&s->model, &message, &effects);
    for (size_t i = 0; i < effects.count; i++)
        carry_out(s, &effects.items[i]);
}

void stage_take_jobs(struct stage *s)
{
    const struct job_source *source = s->options.source;
    struct job_message m;

    while (source->take(source->context, &m)) {
        if (m.result != NULL)
            stage_deliver(s,
                          (struct message){.kind = MSG_RESULT, .job = m.job, .result = m.result});
        else
            stage_deliver(s,
                          (struct message){.kind = MSG_PROGRESS, .job = m.job, .event = m.event});
    }
}

void stage_resize(struct stage *s, int width, int height)
{
    struct canvas canvas;

    if (!canvas_init(&canvas, width, height, s->canvas.utf8))
        return; /* the old one goes on being drawn, cut */
    canvas_release(&s->canvas);
    s->canvas = canvas;
    stage_deliver(s, (struct message){.kind = MSG_RESIZE, .width = width, .height = height});
}

int stage_timeout_ms(const struct stage *s)
{
    int64_t wake = model_wake_ms(&s->model), now = clock_now_ns() / 1000000;

    if (wake == INT64_MAX)
        return -1;
    return wake <= now ? 0 : wake - now > INT_MAX ? INT_MAX : (int)(wake - now);
}

void stage_draw(struct stage *s)
{
    view(&s->model, &s->canvas);
    if (s->options.cast != NULL)
        cast_frame(s->options.cast, &s->canvas, &s->theme);
}

bool stage_open(struct stage *s, const struct stage_options *options, int width, int height,
                hg_error *err)
{
    s->options = *options;
    text_copy(s->theme_file, sizeof s->theme_file, options->theme);
    if (!canvas_init(&s->canvas, width, height, text_locale_utf8()))
        return hg_fail(err, HG_NOMEM, "could not open the console: out of memory");
    model_init(&s->model, options->facts, width, height, s->canvas.utf8);
    _Static_assert(sizeof s->model.facts.themes == (size_t)THEMES_MAX * THEME_NAME_SIZE,
                   "there is room for every name");
    s->model.facts.theme_count =
        theme_names(options->theme_folders, s->model.facts.themes, THEMES_MAX);
    theme_plain(&s->theme);
    if (!load_theme(s, s->theme_file, false)
        && theme_load("dark", options->theme_folders, &s->theme, NULL))
        text_copy(s->theme_file, sizeof s->theme_file, "dark");
    if (options->facts->own_keys_wrong[0] != '\0')
        note(s, ROLE_WARN, options->facts->own_keys_wrong);
    stage_deliver(s, (struct message){.kind = MSG_TICK});
    return true;
}

/* What the model still borrows goes back. */
static void give_back(struct stage *s)
{
    const struct job_source *source = s->options.source;
    struct model *m = &s->model;
    struct job_result *held[] = {
        m->pools, m->status,      m->known, m->plan, m->run,        m->sessions,   m->source.result,
        m->smoke, m->smoke_again, m->drift, m->copy, m->wizard.run, m->wizard.plan};

    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        if (held[i] != NULL && (i != 2 || m->known != m->status))
            source->discard(source->context, held[i]);
}

void stage_close(struct stage *s)
{
    if (s->canvas.cells == NULL)
        return;
    give_back(s);
    model_release(&s->model);
    canvas_release(&s->canvas);
}
