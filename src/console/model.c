/*
 * model.c - questions to the model.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "list.h"

enum {
    LATE_MS = 3000,
    UNWATCHED_MS = 10000,
    OVERDUE_MS = 200, /* sooner than the alarm of a pulse rings, see ops/pulse.c */
    STILL_MS = 30000  /* for so long what a quiet screen says of the time may stand */
};

void model_init(struct model *m, const struct facts *facts, int width, int height, bool utf8)
{
    memset(m, 0, sizeof *m);
    m->facts = *facts;
    m->width = width;
    m->height = height;
    m->utf8 = utf8;
    m->refresh_ms = m->resumed_ms = MODEL_REFRESH_MS;
    m->db_answered = true;
    for (int pane = 0; pane < LISTS; pane++)
        m->lists[pane].order = list_of(m, (enum pane)pane)->order;
    for (int screen = 0; screen < SCREEN_COUNT; screen++) {
        enum pane order[PANE_COUNT];
        struct layout layout;

        layout_make(80, 24, (enum screen_id)screen, PANE_POOLS, 0, &layout);
        layout_tab_order((enum screen_id)screen, &layout, order);
        m->focus[screen] = m->subject[screen] = order[0];
    }
    m->focus[SCREEN_OVERVIEW] = m->subject[SCREEN_OVERVIEW] = PANE_MIGRATIONS;
    m->screen = facts->cutover ? SCREEN_CUTOVER : SCREEN_OVERVIEW;
    m->mouse_taken = facts->takes_mouse;
    memcpy(m->wizard.runbook, facts->runbook, sizeof m->wizard.runbook);
    m->wizard.budget_ms = facts->budget_ms;
}

void model_release(struct model *m)
{
    for (int pane = 0; pane < LISTS; pane++)
        alloc_free(m->lists[pane].rows);
    alloc_free(m->copied);
    alloc_free(m->exported);
    alloc_free(m->lanes);
}

struct page_entry *model_page_entry(struct model *m)
{
    return &m->pages[m->screen][m->page_depth[m->screen]];
}

enum page model_page(const struct model *m)
{
    return m->pages[m->screen][m->page_depth[m->screen]].page;
}

enum pane model_focus(const struct model *m)
{
    return m->focus[m->screen];
}

enum pane model_subject(const struct model *m)
{
    return m->subject[m->screen];
}

bool model_reads(const struct model *m)
{
    return model_page(m) != PAGE_NONE || model_focus(m) == PANE_DETAIL;
}

const struct seeking *model_seeking(const struct model *m)
{
    return model_page(m) == PAGE_NONE ? &m->detail_seeking[m->screen]
                                      : &m->pages[m->screen][m->page_depth[m->screen]].seeking;
}

static enum context page_context(const struct model *m)
{
    switch (model_page(m)) {
    case PAGE_PLAN:
        return m->plan == NULL || !m->change.asking ? IN_PAGE
               : m->change.consent == CONSENT_TYPED ? IN_PROMPT
                                                    : IN_PLAN;
    case PAGE_RUN:
        return m->change.running ? IN_RUN : IN_RESULT;
    case PAGE_DETAIL:
    case PAGE_HELP:
    case PAGE_COPY:
    case PAGE_HOLDER:
    case PAGE_DRIFT:
        return IN_PAGE;
    case PAGE_TRANSFER:
        return m->transfer.running ? IN_RUN : IN_PAGE;
    case PAGE_NONE:
        break;
    }
    return m->screen == SCREEN_CUTOVER ? IN_CUTOVER : IN_SCREEN;
}

enum context model_context(const struct model *m)
{
    static const enum context asks[ASKS] = {
        [ASK_STOP] = IN_STOP,     [ASK_QUIT] = IN_STOP,       [ASK_ARM] = IN_ASK,
        [ASK_END] = IN_PROMPT,    [ASK_TRANSFER] = IN_PROMPT, [ASK_WIZARD] = IN_PROMPT,
        [ASK_WIZARD_YES] = IN_ASK};

    if (m->ask != ASK_NOTHING)
        return asks[m->ask];
    return m->entry.use != LINE_NONE ? IN_LINE : page_context(m);
}

void model_layout(const struct model *m, struct layout *out)
{
    enum pane focus = model_focus(m);
    size_t listed;

    model_pools(m, &listed);
    if (m->screen == SCREEN_CUTOVER)
        listed = model_cutover(m) == NULL ? 0 : model_cutover(m)->record_count;
    layout_make(m->width, m->height, m->screen, focus == PANE_DETAIL ? model_subject(m) : focus,
                listed, out);
    if (m->zoomed[m->screen])
        layout_zoom(out, m->screen, focus, listed);
}

const hg_history *model_history(const struct model *m)
{
    return m->known == NULL ? NULL : m->known->readiness->history;
}

const hg_readiness *model_readiness(const struct model *m)
{
    return m->status == NULL ? NULL : m->status->readiness;
}

const hg_sessions *model_sessions(const struct model *m)
{
    return m->sessions == NULL ? NULL : m->sessions->sessions;
}

bool model_smoked(const struct model *m)
{
    return m->smoke != NULL && m->screen == SCREEN_CHECKS;
}

size_t model_check_count(const struct model *m)
{
    const hg_readiness *readiness = model_readiness(m);

    if (model_smoked(m))
        return m->smoke->smoke->check_count;
    return readiness == NULL ? 0 : readiness->check_count;
}

const hg_check_result *model_check(const struct model *m, size_t i)
{
    const hg_check_result *check;

    if (!model_smoked(m))
        return &model_readiness(m)->checks[i];
    check = &m->smoke->smoke->checks[i];
    for (size_t j = 0; m->smoke_again != NULL && j < m->smoke_again->smoke->check_count; j++)
        if (strcmp(m->smoke_again->smoke->checks[j].id, check->id) == 0)
            return &m->smoke_again->smoke->checks[j];
    return check;
}

const hg_pool_snapshot *model_pools(const struct model *m, size_t *out_count)
{
    const hg_readiness *readiness = model_readiness(m);

    *out_count = m->pools == NULL ? 0 : m->pools->pools.count;
    if (*out_count > 0)
        return m->pools->pools.pools;
    *out_count = readiness != NULL && readiness->pool.size > 0 ? 1 : 0;
    return *out_count == 0 ? NULL : &readiness->pool;
}

const hg_pool_snapshot *model_pool(const struct model *m)
{
    size_t row, count;
    const hg_pool_snapshot *pools = model_pools(m, &count);

    return model_selected(m, PANE_POOLS, &row) && row < count ? &pools[row] : NULL;
}

const hg_revision *model_revision(const struct model *m)
{
    size_t row;

    return model_selected(m, PANE_MIGRATIONS, &row) ? &model_history(m)->revisions[row] : NULL;
}

bool model_looks_on(const hg_pool_snapshot *pool)
{
    return strcmp(pool->role, "console") == 0;
}

const struct pool_past *model_past(const struct model *m, const hg_pool_snapshot *pool)
{
    for (size_t i = 0; i < POOLS_REMEMBERED; i++)
        if (m->past[i].pid == pool->pid && strcmp(m->past[i].name, pool->name) == 0)
            return &m->past[i];
    return NULL;
}

const hg_server_session *model_session(const struct model *m)
{
    const hg_sessions *sessions = model_sessions(m);
    size_t row;

    if (sessions == NULL || sessions->driver != HG_POSTGRESQL
        || !model_selected(m, PANE_SESSIONS, &row))
        return NULL;
    return &sessions->sessions[m->sessions->order == NULL ? row : m->sessions->order[row].session];
}

/* One run at a time has the deployers' lock: a session of ours that waits for another one is its.
 */
const hg_server_session *model_run_waits(const struct model *m)
{
    const hg_sessions *sessions = model_sessions(m);

    for (size_t i = 0; sessions != NULL && i < sessions->session_count; i++) {
        const hg_server_session *s = &sessions->sessions[i];

        if (s->blocked_by_count > 0 && s->application != NULL
            && strncmp(s->application, "headgate/", 9) == 0)
            return s;
    }
    return NULL;
}

const hg_server_session *model_in_the_way(const struct model *m)
{
    const hg_server_session *waits = model_run_waits(m), *found = NULL;

    for (size_t i = 0; waits != NULL && found == NULL && i < waits->blocked_by_count; i++)
        found = model_session_of(m, waits->blocked_by[i]);
    return found;
}

bool model_busy(const struct model *m)
{
    return m->change.running || (m->transfer.running && m->transfer.mode == HG_COPY_RUN);
}

/* Whether the sessions are asked of the server all the time, and it does not take long. */
static bool sessions_tell(const struct model *m)
{
    int64_t asked = m->feeds[FEED_SESSIONS].asked_ms;

    return m->facts.driver == HG_POSTGRESQL && model_wants(m, FEED_SESSIONS) && m->refresh_ms > 0
           && (asked == 0 || m->now_ms - asked < (int64_t)m->refresh_ms);
}

bool model_wants(const struct model *m, enum feed_id feed)
{
    int64_t checks = m->feeds[FEED_STATUS].asked_ms;
    bool sees_run =
        m->screen == SCREEN_MIGRATIONS
        && ((model_page(m) == PAGE_RUN && m->change.running) || model_page(m) == PAGE_HOLDER);

    if (feed != FEED_POOLS && model_source_frozen(m))
        return false;
    switch (feed) {
    case FEED_PING: /* what else asks the database is question enough, unless it takes long */
        return (checks == 0 || m->now_ms - checks >= (int64_t)m->refresh_ms) && !sessions_tell(m);
    case FEED_SESSIONS: /* on PostgreSQL also beside the connections of a pool, and for a run */
        return m->screen == SCREEN_SESSIONS
               || (m->facts.driver == HG_POSTGRESQL && (m->screen == SCREEN_POOLS || sees_run));
    case FEED_HOLDER:
        return m->holder[0] != '\0' && !m->change.running;
    default:
        return true;
    }
}

const hg_server_session *model_session_of(const struct model *m, int64_t backend_pid)
{
    const hg_sessions *sessions = model_sessions(m);

    for (size_t i = 0; sessions != NULL && i < sessions->session_count; i++)
        if (sessions->sessions[i].pid == backend_pid && backend_pid != 0)
            return &sessions->sessions[i];
    return NULL;
}

/* Since when an answer to the ping is waited for; one of a pulse that still rests: in the future.
 */
static int64_t pinged_ms(const struct model *m)
{
    int64_t asked = m->feeds[FEED_PING].asked_ms, again = m->pulse.beat_ms + m->pulse.period_ms;

    return m->pulse.period_ms > 0 && again > asked ? again : asked;
}

/* The same of whatever asks often and is answered soon: the ping, or the sessions in its place,
 * unless something else has been heard since then. 0: nothing is waited for. */
static int64_t awaited_ms(const struct model *m)
{
    int64_t ping = pinged_ms(m), sessions = m->feeds[FEED_SESSIONS].asked_ms;

    if (m->facts.driver == HG_POSTGRESQL && sessions != 0 && (ping == 0 || sessions < ping))
        return sessions > m->heard_ms ? sessions : m->heard_ms;
    return ping;
}

bool model_db_answers(const struct model *m)
{
    int64_t since = awaited_ms(m);

    return m->db_answered && (since == 0 || m->now_ms - since < LATE_MS);
}

bool model_calm(const struct model *m)
{
    bool still = m->screen == SCREEN_OVERVIEW || m->screen == SCREEN_MIGRATIONS
                 || m->screen == SCREEN_CHECKS || m->screen == SCREEN_LOG;
    bool asks = m->ask != ASK_NOTHING || m->change.asking || m->armed_until_ms != 0;

    return still && !asks && m->mark != 0 && m->db_answered && model_refresh_ms(m) > 0
           && !m->change.running && !m->transfer.running && m->smoke_job == 0 && m->drift_job == 0
           && m->holder[0] == '\0' && !m->copying_on && model_cutover_open(m) == NULL
           && !model_wants(m, FEED_SESSIONS);
}

bool model_pulses(const struct model *m)
{
    return m->pulse.period_ms > 0 && m->now_ms - pinged_ms(m) < OVERDUE_MS;
}

size_t model_rows(const struct model *m, enum pane list)
{
    return m->lists[list].count;
}

size_t model_row(const struct model *m, enum pane list, size_t index)
{
    return m->lists[list].rows == NULL ? index : m->lists[list].rows[index];
}

bool model_selected(const struct model *m, enum pane list, size_t *out_row)
{
    const struct looking *looking = &m->lists[list];

    if (looking->index >= looking->count)
        return false;
    *out_row = model_row(m, list, looking->index);
    return true;
}

const struct note *model_note(const struct model *m, size_t age)
{
    if (age >= m->note_count || age >= NOTES)
        return NULL;
    return &m->notes[(m->note_count - 1 - age) % NOTES];
}

const struct action *model_action(hg_migrate_kind kind)
{
    static const char *const names[] = {
        [HG_MIGRATE_UP] = "up", [HG_MIGRATE_DOWN] = "down", [HG_MIGRATE_RESET] = "reset"};

    return action_find(names[kind]);
}

bool model_armed(const struct model *m)
{
    return !m->facts.read_only && (!m->facts.production || m->now_ms < m->armed_until_ms);
}

bool model_is_active(const hg_server_session *s)
{
    return s->state != NULL && strcmp(s->state, "active") == 0;
}

/* Ending sessions goes beside a run: what is in its way may be one. */
static const char *refuse_to_end(const struct model *m, enum command command)
{
    bool in_the_way = model_context(m) == IN_RUN || model_page(m) == PAGE_HOLDER;
    const hg_server_session *s = in_the_way ? model_in_the_way(m) : model_session(m);

    if (m->facts.driver == HG_SQLITE)
        return "SQLite has no sessions that could be ended";
    if (m->facts.read_only)
        return "this console is read-only: nothing can be changed from here";
    if (!model_armed(m))
        return "production is guarded: W allows changes for ten minutes";
    if (!in_the_way && m->screen != SCREEN_SESSIONS)
        return "only on the screen of the sessions: 3";
    if (s == NULL)
        return in_the_way ? "no session is in the way" : "no session is selected";
    if (command == COMMAND_CANCEL_QUERY && !model_is_active(s))
        return "it runs nothing that could be cancelled: K ends it";
    return NULL;
}

static const char *refuse_to_transfer(const struct model *m, enum command command)
{
    if (m->facts.copy_to[0] == '\0')
        return "there is no PostgreSQL database to copy into";
    if (model_busy(m) || m->transfer.running)
        return "something is under way: wait for it or stop it first";
    if (command != COMMAND_APPLY)
        return NULL;
    if (m->facts.read_only)
        return "this console is read-only: nothing can be changed from here";
    if (!model_armed(m))
        return "production is guarded: W allows changes for ten minutes";
    if (m->copying_on)
        return "a copy goes on by itself: a attaches to it";
    if (m->copy == NULL || (m->copy->request.copy == HG_COPY_DRY_RUN && !m->copy->ok))
        return "look first, with p: every value has to fit";
    return NULL;
}

static const char *refuse_to_attach(const struct model *m)
{
    return m->change.running      ? "it is the run of this console: 4 shows it"
           : m->transfer.running  ? "it is the copy of this console: c shows it"
           : m->holder[0] != '\0' ? NULL
           : m->worker.pid != 0   ? NULL
           : m->copying.pid != 0  ? NULL
                                  : "nobody changes the schema now, and no copy goes on";
}

/* What runs and would end with the console. */
static const char *refuse_to_detach(const struct model *m)
{
    if (!m->change.running && m->transfer.mode != HG_COPY_RUN)
        return "it only looks: it ends with the console, and would begin anew";
    if (m->facts.detaches || (m->change.running ? m->change.attached : m->transfer.attached))
        return NULL;
    return m->change.running ? "this run is a part of the console and ends with it"
                             : "this copy is a part of the console: it ends with it, and the next "
                               "one goes on from there";
}

bool model_takes_mouse(const struct model *m)
{
    return m->facts.mouse && m->mouse_taken && model_page(m) != PAGE_COPY;
}

/* Whether something goes on that is worth hearing of when nobody looks. */
static bool is_under_way(const struct model *m)
{
    return m->change.running || m->transfer.running || m->smoke_job != 0
           || model_cutover_open(m) != NULL;
}

bool model_paused(const struct model *m)
{
    return m->unwatched && m->refresh_ms > 0 && !is_under_way(m);
}

int64_t model_still_wall_ms(const struct model *m)
{
    return m->refresh_ms == 0 ? m->held_wall_ms : model_paused(m) ? m->unwatched_wall_ms : 0;
}

int model_refresh_ms(const struct model *m)
{
    bool seldom = m->unwatched && m->refresh_ms > 0 && m->refresh_ms < UNWATCHED_MS;

    return model_paused(m) ? 0 : seldom ? UNWATCHED_MS : m->refresh_ms;
}

const char *model_refusal(const struct model *m, enum command command)
{
    if (command == COMMAND_CANCEL_QUERY || command == COMMAND_END_SESSION)
        return refuse_to_end(m, command);
    if (model_context(m) == IN_CUTOVER && model_wizard_refusal(m, command) != NULL)
        return model_wizard_refusal(m, command);
    if (command == COMMAND_COMPARE && model_page(m) != PAGE_TRANSFER)
        return "only on the page of the copy: c";
    if (model_page(m) == PAGE_TRANSFER
        && (command == COMMAND_PLAN || command == COMMAND_APPLY || command == COMMAND_COMPARE))
        return refuse_to_transfer(m, command);
    if (command == COMMAND_ATTACH)
        return refuse_to_attach(m);
    if (command == COMMAND_ZOOM && m->screen == SCREEN_LOG)
        return "the log has the whole screen already";
    if (command == COMMAND_DETACH)
        return refuse_to_detach(m);
    if (command == COMMAND_PLAN && m->change.running)
        return "a change is under way: wait for it or stop it first";
    if ((command == COMMAND_CHECK_ONE || command == COMMAND_CHECK_FAILED)
        && m->screen != SCREEN_CHECKS)
        return "only on the screen of the checks: 5";
    if (command == COMMAND_ARM && m->facts.read_only)
        return "this console is read-only: nothing can be changed from here";
    if (command == COMMAND_ARM && !m->facts.production)
        return "only production is guarded: here each change asks by itself";
    if (!keys_row(command)->changes)
        return NULL;
    if (model_cutover_open(m) != NULL && m->wizard.run->moves_ours)
        return "a cutover of this database is open: 6 shows it";
    if (m->facts.read_only)
        return "this console is read-only: nothing can be changed from here";
    if (model_busy(m))
        return "a change is under way: wait for it or stop it first";
    if (m->copying_on)
        return "a copy goes on by itself: a attaches to it";
    if (!model_armed(m))
        return "production is guarded: W allows changes for ten minutes";
    return NULL;
}

static void sooner(const struct model *m, int64_t at, int64_t *wake)
{
    if (at > m->now_ms && at < *wake)
        *wake = at;
}

int64_t model_wake_ms(const struct model *m)
{
    int64_t wake = INT64_MAX;

    for (int i = 0; i < FEEDS; i++) {
        const struct feed *feed = &m->feeds[i];

        if ((i == FEED_PING || i == FEED_POOLS) && model_pulses(m))
            sooner(m, m->now_ms + STILL_MS - m->wall_ms % STILL_MS, &wake);
        else if ((i == FEED_PING || i == FEED_SESSIONS) && feed->asked_ms != 0)
            sooner(m, awaited_ms(m) + LATE_MS, &wake);
        else if (feed->asked_ms == 0 && model_wants(m, (enum feed_id)i) && !model_paused(m))
            sooner(m, feed->due_ms, &wake);
    }
    sooner(m, model_wizard_wake_ms(m), &wake);
    sooner(m, m->change.ready_ms, &wake);
    sooner(m, m->armed_until_ms, &wake);
    if (m->ask != ASK_NOTHING)
        sooner(m, m->ask_expires_ms, &wake);
    if (m->change.asking)
        sooner(m, m->change.expires_ms, &wake);
    if (m->drift_job != 0 && model_page(m) == PAGE_DRIFT)
        sooner(m, m->now_ms + MODEL_REFRESH_MS, &wake);
    if (m->transfer.running && !m->change.running)
        sooner(m, m->now_ms + MODEL_REFRESH_MS, &wake);
    if (m->change.running) /* it says for how long */
        sooner(m,
               m->now_ms + MODEL_REFRESH_MS - (m->now_ms - m->change.started_ms) % MODEL_REFRESH_MS,
               &wake);
    return wake;
}
