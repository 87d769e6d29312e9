/*
 * transfer.c - the copy of all data from SQLite into PostgreSQL: looked at, carried out, compared.
 *
 * What looks runs within the console; what copies has a process of its own, where there may be one,
 * and goes on without us. One that was interrupted goes on when it is asked for again: what was
 * copied and written down is not copied twice.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "update.h"

static const char *const names[] = {
    [HG_COPY_RUN] = "copy", [HG_COPY_DRY_RUN] = "look", [HG_COPY_VERIFY] = "comparison"};

void transfer_start(struct model *m, hg_copy_mode mode, struct effects *effects)
{
    struct effect start = {.kind = EFFECT_START, .request = {.kind = JOB_COPY, .copy = mode}};

    if (m->copy != NULL)
        effect_add(effects, (struct effect){.kind = EFFECT_DISCARD, .result = m->copy});
    m->copy = NULL;
    m->copy_unseen = false;
    m->transfer = (struct transfer){.running = true, .mode = mode, .started_ms = m->now_ms};
    effect_add(effects, start);
    note_add(m, ROLE_INFO, "%s: started", names[mode]);
}

void transfer_attach(struct model *m, struct effects *effects)
{
    struct effect watch = {
        .kind = EFFECT_START,
        .request = {.kind = JOB_COPY_WATCH, .copy = HG_COPY_RUN, .pid = m->copying.pid}};

    text_copy(watch.request.text, sizeof watch.request.text, m->copying.id);
    if (m->copy != NULL)
        effect_add(effects, (struct effect){.kind = EFFECT_DISCARD, .result = m->copy});
    m->copy = NULL;
    m->copy_unseen = false;
    m->transfer = (struct transfer){.running = true,
                                    .attached = true,
                                    .mode = HG_COPY_RUN,
                                    .started_ms = m->now_ms - (m->wall_ms - m->copying.started_ms)};
    effect_add(effects, watch);
    screen_open(m, SCREEN_OVERVIEW);
    page_open(m, PAGE_TRANSFER);
}

static void ask_past(struct model *m, struct effects *effects)
{
    m->copy_past_asked = true;
    effect_add(effects, (struct effect){.kind = EFFECT_START, .request = {.kind = JOB_COPY_PAST}});
}

/* The one that has ended stays known: attaching shows how once more. */
void transfer_others(struct model *m, const struct worker_info *worker, struct effects *effects)
{
    bool before = m->copying_on, ours = m->transfer.running && m->transfer.mode == HG_COPY_RUN;

    if (worker->pid != 0 && m->copying.pid == 0 && strcmp(worker->id, m->copying.id) == 0)
        return; /* it was seen just before we heard how it ended */
    m->copying_on = worker->pid != 0;
    if (m->copying_on)
        m->copying = *worker;
    if (!ours && !before && m->copying_on)
        note_add(m, ROLE_INFO, "a copy goes on by itself, in process %lld; a attaches to it",
                 (long long)worker->pid);
    else if (!ours && !m->copying_on && (!m->copy_past_asked || (before && m->copying.pid != 0)))
        ask_past(m, effects);
}

/* The table that events speak of, added when it is a new one; NULL: there are too many. */
static struct transfer_table *table_of(struct transfer *t, const char *name)
{
    for (size_t i = 0; i < t->table_count; i++)
        if (strcmp(t->tables[i].name, name) == 0)
            return &t->tables[i];
    if (t->table_count == TRANSFER_TABLES)
        return NULL;
    text_copy(t->tables[t->table_count].name, sizeof t->tables->name, name);
    return &t->tables[t->table_count++];
}

void transfer_progress(struct model *m, const struct job_event *event)
{
    struct transfer *t = &m->transfer;
    struct transfer_table *table;

    if (event->kind == HG_EVENT_NOTE || event->kind == HG_EVENT_WAITING) {
        note_add(m, ROLE_INFO, "copy: %s", event->message);
        return;
    }
    if (event->subject[0] == '\0') {
        t->done = event->done;
        t->total = event->total;
        text_copy(t->message, sizeof t->message, event->message);
        return;
    }
    table = table_of(t, event->subject);
    if (table == NULL)
        return;
    table->done = event->done;
    table->total = event->kind == HG_EVENT_STEP_DONE ? event->done : event->total;
}

/* The worker that we have heard the end of. Another one may go on, that ours was refused for. */
static void forget(struct model *m, const char *id)
{
    if (id[0] == '\0' || (m->copying.pid != 0 && strcmp(id, m->copying.id) != 0))
        return;
    text_copy(m->copying.id, sizeof m->copying.id, id);
    m->copying.pid = 0;
    m->copying_on = false;
}

static void note_end(struct model *m, const struct job_result *result, bool watched)
{
    const char *name = names[result->request.copy];
    long long rows = result->copy == NULL ? 0 : (long long)result->copy->rows;

    if (!result->ok)
        note_add(m, result->error.code == HG_CANCELLED ? ROLE_WARN : ROLE_FAIL, "%s: %s", name,
                 result->error.message);
    else if (watched)
        note_add(m, ROLE_OK, "%s: done, %lld rows in %.1f s", name, rows,
                 result->duration_ms / 1000);
    else
        note_add(m, ROLE_OK, "%s: done, %lld rows", name, rows);
}

void transfer_ended(struct model *m, struct job_result *result, struct effects *effects)
{
    m->transfer.running = false;
    forget(m, result->request.text);
    m->copy = result;
    m->copy_unseen = result->request.text[0] != '\0';
    if (m->ask == ASK_STOP || m->ask == ASK_QUIT)
        m->ask = ASK_NOTHING;
    note_end(m, result, !m->transfer.attached);
    if (m->change.quit_after)
        effect_add(effects, (struct effect){.kind = EFFECT_QUIT});
}

void transfer_past(struct model *m, struct job_result *result, struct effects *effects)
{
    bool overtaken = m->transfer.running || m->copying_on;

    if (result->copying.pid == 0 || overtaken) {
        effect_add(effects, (struct effect){.kind = EFFECT_DISCARD, .result = result});
        return;
    }
    if (m->copy != NULL)
        effect_add(effects, (struct effect){.kind = EFFECT_DISCARD, .result = m->copy});
    m->copy = result;
    m->copy_unseen = true;
    m->copying = result->copying;
    note_end(m, result, false);
}

void transfer_tick(struct model *m, struct effects *effects)
{
    struct effect seen = {.kind = EFFECT_START, .request = {.kind = JOB_COPY_SEEN}};

    if (!m->copy_unseen || m->copy == NULL || model_page(m) != PAGE_TRANSFER)
        return;
    m->copy_unseen = false;
    text_copy(seen.request.text, sizeof seen.request.text, m->copy->request.text);
    effect_add(effects, seen);
}
