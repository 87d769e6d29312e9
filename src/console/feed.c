/*
 * feed.c - what is asked for again and again: how often, and whether the database answers.
 *
 * One small statement a refresh tells that it does, and whether the checks would find something
 * new. What costs more, the checks with the history, comes when they would, at most every fifth
 * time, and twice a minute anyhow; the sessions only while somebody looks at them; either counts as
 * an answer too. The pools come behind each of them: our own connection is back by then, and does
 * not blink on the screen as one in use. Without an answer they are read all the same.
 *
 * Where nothing happens the small statement becomes a pulse, see model.h, and this thread sleeps.
 */
#include "update.h"

enum {
    STATUS_EVERY = 5,
    STATUS_SELDOM = 30,  /* while answers say that there is nothing new */
    POOLS_LATER_MS = 200 /* the pools wait this long for the answer that brings them */
};

static const struct {
    enum job_kind kind;
    int every; /* n-th refresh */
    bool asks_database;
} feeds[FEEDS] = {
    [FEED_POOLS] = {JOB_POOLS, 1, false},  [FEED_STATUS] = {JOB_STATUS, STATUS_EVERY, true},
    [FEED_PING] = {JOB_PING, 1, true},     [FEED_SESSIONS] = {JOB_SESSIONS, 1, true},
    [FEED_HOLDER] = {JOB_HOLDER, 1, true},
};

struct feed *feed_of(struct model *m, enum job_kind kind, enum feed_id *out_id)
{
    for (int i = 0; i < FEEDS; i++)
        if (feeds[i].kind == kind) {
            *out_id = (enum feed_id)i;
            return &m->feeds[i];
        }
    return NULL;
}

/* How many refreshes lie between two askings. Whoever looks at the checks sees them fresh. */
static int every(const struct model *m, enum feed_id feed)
{
    bool seldom = feed == FEED_STATUS && m->mark != 0 && m->screen != SCREEN_CHECKS;

    return seldom ? STATUS_SELDOM : feeds[feed].every;
}

static void start(struct model *m, int feed, struct effects *effects)
{
    if (m->feeds[feed].asked_ms != 0 || !model_wants(m, (enum feed_id)feed))
        return;
    m->feeds[feed].asked_ms = m->now_ms;
    effect_add(effects,
               (struct effect){.kind = EFFECT_START, .request = {.kind = feeds[feed].kind}});
}

/* --- the pulse --- */

static void start_pulse(struct model *m, struct effects *effects)
{
    struct feed *ping = &m->feeds[FEED_PING];
    int64_t rest = ping->due_ms > m->now_ms ? ping->due_ms - m->now_ms : 0;
    const struct job_request request = {
        .kind = JOB_PING, .period_ms = model_refresh_ms(m), .rest_ms = (int)rest};

    ping->asked_ms = m->now_ms + rest;
    m->pulse.period_ms = request.period_ms;
    effect_add(effects, (struct effect){.kind = EFFECT_START, .request = request});
}

/* It is begun where nothing happens, and taken back when something does. */
static void keep_pulse(struct model *m, struct effects *effects)
{
    bool calm = model_calm(m);

    if (m->pulse.period_ms == 0 && calm && m->feeds[FEED_PING].asked_ms == 0) {
        start_pulse(m, effects);
    } else if (m->pulse.job != 0 && (!calm || m->pulse.period_ms != model_refresh_ms(m))) {
        effect_add(effects, (struct effect){.kind = EFFECT_CANCEL, .job = m->pulse.job});
        m->pulse.job = 0;
    }
}

void feed_started(struct model *m, const struct message *message)
{
    enum feed_id id;

    if (message->request.period_ms > 0)
        m->pulse.job = message->job;
    if (message->job == 0 && feed_of(m, message->request.kind, &id) != NULL)
        feed_answered(m, id);
}

void feed_beat(struct model *m, int64_t beat_ms)
{
    if (beat_ms <= m->pulse.beat_ms)
        return;
    m->pulse.beat_ms = beat_ms;
    if (m->wall_ms - (m->now_ms - beat_ms) > m->known_wall_ms)
        m->known_wall_ms = m->wall_ms - (m->now_ms - beat_ms);
}

void feed_marked(struct model *m, uint64_t mark)
{
    int64_t soon = m->checked_ms + (int64_t)STATUS_EVERY * model_refresh_ms(m);

    if (m->mark != 0 && mark != m->mark && soon < m->feeds[FEED_STATUS].due_ms)
        m->feeds[FEED_STATUS].due_ms = soon;
    m->mark = mark;
}

/* --- all of them --- */

/* Whoever opens the screen of the checks does not wait for the next that would come elsewhere. */
static void hurry_checks(struct model *m)
{
    struct feed *checks = &m->feeds[FEED_STATUS];
    int64_t most = (int64_t)model_refresh_ms(m) * STATUS_EVERY;

    if (m->screen == SCREEN_CHECKS && m->refresh_ms > 0 && checks->due_ms > m->now_ms + most)
        checks->due_ms = m->now_ms;
}

void feed_tick(struct model *m, struct effects *effects)
{
    hurry_checks(m);
    keep_pulse(m, effects);
    for (int i = 0; i < FEEDS; i++)
        if (m->now_ms >= m->feeds[i].due_ms && !model_paused(m)
            && !(i == FEED_POOLS && model_pulses(m)))
            start(m, i, effects);
}

void feed_refresh(struct model *m, struct effects *effects)
{
    for (int i = 0; i < FEEDS; i++)
        start(m, i, effects);
}

static void postpone(struct model *m, enum feed_id feed, int64_t from_ms)
{
    int64_t period = (int64_t)model_refresh_ms(m) * every(m, feed);
    int64_t due = from_ms + period;

    if (m->refresh_ms == 0)
        due = INT64_MAX;
    else if (due <= m->now_ms)
        due = m->now_ms + period;
    m->feeds[feed].due_ms = due;
}

/* The next time to ask: a period after the last asking, so that a slow answer does not stretch it,
 * but never at once. What was asked before a run of ours ended is of the past: it is asked again.
 */
bool feed_answered(struct model *m, enum feed_id feed)
{
    int64_t asked = m->feeds[feed].asked_ms;
    bool present = asked >= m->change.ended_ms || !feeds[feed].asks_database;

    if (feed == FEED_PING && m->pulse.period_ms != 0) {
        asked = m->now_ms;
        m->pulse.period_ms = 0;
        m->pulse.job = 0;
    }
    if (feed == FEED_STATUS)
        m->checked_ms = asked;
    postpone(m, feed, asked);
    if (!present)
        m->feeds[feed].due_ms = m->now_ms;
    m->feeds[feed].asked_ms = 0;
    if (feed == FEED_POOLS && m->refresh_ms > 0)
        m->feeds[feed].due_ms += POOLS_LATER_MS;
    if (feeds[feed].asks_database && feed != FEED_PING && m->feeds[FEED_PING].asked_ms == 0)
        postpone(m, FEED_PING, asked);
    return present;
}

/* Says once when the database stops answering and when it is back. */
void feed_database_answered(struct model *m, bool answered, const char *why)
{
    if (m->db_answered && !answered)
        note_add(m, ROLE_FAIL, "the database does not answer%s%s", why[0] == '\0' ? "" : ": ", why);
    else if (!m->db_answered && answered)
        note_add(m, ROLE_OK, "the database answers again");
    if (!m->db_answered && answered && m->feeds[FEED_STATUS].asked_ms == 0)
        m->feeds[FEED_STATUS].due_ms = m->now_ms;
    m->db_answered = answered;
    if (answered) {
        m->heard_ms = m->now_ms;
        m->known_wall_ms = m->wall_ms;
    }
}
