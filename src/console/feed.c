/*
 * feed.c - what is asked for again and again: how often, and whether the database answers.
 *
 * One small statement a refresh tells that it does. What costs more, the checks with the history,
 * comes every fifth time, and the sessions only while somebody looks at them; either counts as an
 * answer too. The pools come behind each of them: our own connection is back by then, and does not
 * blink on the screen as one in use. Without an answer they are read all the same.
 */
#include "update.h"

enum {
    STATUS_EVERY = 5,
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

static void start(struct model *m, int feed, struct effects *effects)
{
    if (m->feeds[feed].asked_ms != 0 || !model_wants(m, (enum feed_id)feed))
        return;
    m->feeds[feed].asked_ms = m->now_ms;
    effect_add(effects,
               (struct effect){.kind = EFFECT_START, .request = {.kind = feeds[feed].kind}});
}

void feed_tick(struct model *m, struct effects *effects)
{
    for (int i = 0; i < FEEDS; i++)
        if (m->now_ms >= m->feeds[i].due_ms && !model_paused(m))
            start(m, i, effects);
}

void feed_refresh(struct model *m, struct effects *effects)
{
    for (int i = 0; i < FEEDS; i++)
        start(m, i, effects);
}

static void postpone(struct model *m, enum feed_id feed, int64_t from_ms)
{
    int64_t period = (int64_t)model_refresh_ms(m) * feeds[feed].every;
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
    if (answered)
        m->known_wall_ms = m->wall_ms;
}
