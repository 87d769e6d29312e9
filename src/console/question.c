/*
 * question.c - questions over a screen: what becomes of a run, whether production may be changed,
 * and whether a session of the server is ended.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "update.h"

enum { ARMED_MS = 600000 };

/* --- what becomes of a run --- */

void question_open(struct model *m, enum ask ask)
{
    m->ask = ask;
    m->ask_expires_ms = m->now_ms + QUESTION_MS;
    m->change.ready_ms = m->now_ms + QUESTION_DEAD_MS;
}

static bool too_early(const struct model *m)
{
    return m->now_ms < m->change.ready_ms;
}

void question_stop(struct model *m, enum ask ask)
{
    question_open(m, ask);
}

static void cancel(struct model *m, bool *asked, uint64_t job, const char *what,
                   struct effects *effects)
{
    if (*asked)
        return;
    *asked = true;
    effect_add(effects, (struct effect){.kind = EFFECT_CANCEL, .job = job});
    note_add(m, ROLE_WARN, "%s: asked to stop", what);
}

/* The first time the run is asked to stop; a quit that was answered before means that it does not
 * obey, and then the console goes without it. */
void question_cancel(struct model *m, struct effects *effects)
{
    struct change *c = &m->change;

    if (too_early(m))
        return;
    if (m->ask == ASK_QUIT && c->quit_after)
        effect_add(effects, (struct effect){.kind = EFFECT_QUIT});
    else if (c->running)
        cancel(m, &c->cancel_asked, c->job, change_verb(m), effects);
    else
        cancel(m, &m->transfer.cancel_asked, m->transfer.job, "copy", effects);
    c->quit_after = c->quit_after || m->ask == ASK_QUIT;
    m->ask = ASK_NOTHING;
}

/* It goes on without us; whoever looks at the database sees it from now on as somebody else's. */
void question_detach(struct model *m, struct effects *effects)
{
    bool copies = !m->change.running;

    if (too_early(m))
        return;
    effect_add(effects, (struct effect){.kind = EFFECT_LEAVE,
                                        .job = copies ? m->transfer.job : m->change.job});
    if (m->ask == ASK_QUIT)
        effect_add(effects, (struct effect){.kind = EFFECT_QUIT});
    note_add(m, ROLE_INFO, "%s: goes on by itself; a attaches to it again",
             copies ? "copy" : change_verb(m));
    m->ask = ASK_NOTHING;
    if (copies) {
        m->transfer.running = false;
        m->feeds[FEED_POOLS].due_ms = m->now_ms;
        return;
    }
    m->change.running = false;
    m->feeds[FEED_STATUS].due_ms = m->now_ms;
    page_close(m, PAGE_RUN);
}

/* --- arming --- */

void question_arm(struct model *m)
{
    if (model_armed(m)) {
        m->armed_until_ms = 0;
        note_add(m, ROLE_OK, "production is guarded again");
    } else {
        question_open(m, ASK_ARM);
    }
}

void question_yes(struct model *m)
{
    if (too_early(m))
        return;
    m->armed_until_ms = m->now_ms + ARMED_MS;
    m->ask = ASK_NOTHING;
    note_add(m, ROLE_WARN, "changes of production are allowed for ten minutes");
}

/* --- ending a session --- */

static const char *or_dash(const char *text)
{
    return text == NULL ? "-" : text;
}

/* During a run the one that is in its way, else the selected one. What has to be typed is the
 * name of a production, or elsewhere the number of the process. */
void question_end(struct model *m, bool terminate)
{
    bool in_the_way = model_context(m) == IN_RUN || model_page(m) == PAGE_HOLDER;
    const hg_server_session *s = in_the_way ? model_in_the_way(m) : model_session(m);
    struct victim *v = &m->victim;
    char application[64], user[48], client[48];

    *v = (struct victim){
        .pid = s->pid, .backend_start_ms = s->backend_start_ms, .terminate = terminate};
    snprintf(v->who, sizeof v->who, "%lld, %s (%s from %s)", (long long)s->pid,
             text_visible_copy(application, sizeof application, or_dash(s->application)),
             text_visible_copy(user, sizeof user, or_dash(s->user)),
             text_visible_copy(client, sizeof client, or_dash(s->client)));
    if (m->facts.production)
        text_copy(v->answer, sizeof v->answer, m->facts.database_name);
    else
        snprintf(v->answer, sizeof v->answer, "%lld", (long long)s->pid);
    question_open(m, ASK_END);
}

/* A copy fills a whole database: its name is typed wherever it is. */
void question_transfer(struct model *m)
{
    m->victim = (struct victim){.pid = 0};
    text_copy(m->victim.answer, sizeof m->victim.answer, m->facts.copy_name);
    question_open(m, ASK_TRANSFER);
}

static void end_it(struct model *m, struct effects *effects)
{
    const struct victim *v = &m->victim;
    struct effect end = {.kind = EFFECT_START, .request = {.kind = JOB_END}};

    end.request.pid = v->pid;
    end.request.backend_start_ms = v->backend_start_ms;
    end.request.terminate = v->terminate;
    effect_add(effects, end);
    note_add(m, ROLE_WARN, "sessions: asked the server to %s %s",
             v->terminate ? "end" : "cancel what is run by", v->who);
}

static void answered(struct model *m, struct effects *effects)
{
    enum ask ask = m->ask;

    m->ask = ASK_NOTHING;
    if (ask == ASK_END)
        end_it(m, effects);
    else
        transfer_start(m, HG_COPY_RUN, effects);
}

void question_type(struct model *m, uint32_t key, struct effects *effects)
{
    struct victim *v = &m->victim;

    if (too_early(m))
        return;
    v->wrong = false;
    if (key == KEYS_PASTE)
        note_add(m, ROLE_WARN, "what was pasted is dropped: it has to be typed");
    else if (entry_edit(v->typed, sizeof v->typed, key))
        return;
    else if (key == KEYS_ENTER && action_typed_matches(v->typed, v->answer))
        answered(m, effects);
    else if (key == KEYS_ENTER && v->typed[0] != '\0')
        v->wrong = true;
}

void question_ended(struct model *m, const struct job_result *result)
{
    if (result->ok)
        note_add(m, ROLE_OK, "sessions: %lld %s", (long long)result->request.pid,
                 result->request.terminate ? "is ended; what it had open is rolled back"
                                           : "is told to stop what it runs");
    else
        note_add(m, ROLE_FAIL, "sessions: %s", result->error.message);
    m->feeds[FEED_SESSIONS].due_ms = m->now_ms;
}

/* --- all of them --- */

void question_leave(struct model *m)
{
    if (m->ask == ASK_END)
        note_add(m, ROLE_INFO, "sessions: left, nothing was ended");
    if (m->ask == ASK_TRANSFER)
        note_add(m, ROLE_INFO, "copy: left, nothing was copied");
    if (m->ask == ASK_WIZARD || m->ask == ASK_WIZARD_YES)
        wizard_leave(m);
    m->ask = ASK_NOTHING;
}

void question_touched(struct model *m)
{
    if (m->change.asking && m->plan != NULL)
        m->change.expires_ms = m->now_ms + QUESTION_MS;
}

void question_expire(struct model *m)
{
    if (m->ask != ASK_NOTHING && m->now_ms >= m->ask_expires_ms) {
        m->ask = ASK_NOTHING;
        note_add(m, ROLE_INFO, "nobody answered: all goes on as it was");
    }
    if (m->change.asking && m->plan != NULL && m->now_ms >= m->change.expires_ms) {
        m->change.asking = false;
        note_add(m, ROLE_INFO, "nobody answered: the question is closed, nothing was changed");
    }
    if (m->armed_until_ms != 0 && m->now_ms >= m->armed_until_ms) {
        m->armed_until_ms = 0;
        note_add(m, ROLE_OK, "production is guarded again");
    }
}
