/*
 * list_sessions.c - who uses a PostgreSQL server: its sessions, those that block or wait first,
 * each below the one that it waits for.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "list.h"

enum {
    SESSION_PID,
    SESSION_USER,
    SESSION_APP,
    SESSION_CLIENT,
    SESSION_STATE,
    SESSION_WAIT,
    SESSION_FOR,
    SESSION_QUERY,
    SESSION_COLUMNS
};

enum {
    LONG_MS = 60000 /* a transaction that waits this long for its client is somebody's mistake */
};

/* clang-format off */
static const struct column columns[SESSION_COLUMNS] = {
    [SESSION_PID]    = {"PID", 9, .sorts = true},
    [SESSION_USER]   = {"USER", 8, .drop = 6, .sorts = true},
    [SESSION_APP]    = {"APPLICATION", 12, .drop = 2, .sorts = true},
    [SESSION_CLIENT] = {"CLIENT", 13, .drop = 7, .sorts = true},
    [SESSION_STATE]  = {"STATE", 8, .sorts = true},
    [SESSION_WAIT]   = {"WAITS FOR", 12, .drop = 4, .sorts = true},
    [SESSION_FOR]    = {"FOR", 5, .right = true, .sorts = true},
    [SESSION_QUERY]  = {"STATEMENT", 20, .grows = true, .drop = 3},
};
/* clang-format on */

/* The place of a row in the tree; without memory for trees every session stands by itself. */
static struct blocking_row place_of(const struct model *m, size_t row)
{
    return m->sessions->order == NULL ? (struct blocking_row){.session = row}
                                      : m->sessions->order[row];
}

static const hg_server_session *session_at(const struct model *m, size_t row)
{
    return &model_sessions(m)->sessions[place_of(m, row).session];
}

static size_t count(const struct model *m)
{
    const hg_sessions *sessions = model_sessions(m);

    return sessions == NULL ? 0 : sessions->session_count;
}

static void key(const struct model *m, size_t row, char *out, size_t size)
{
    snprintf(out, size, "%lld", (long long)session_at(m, row)->pid);
}

static const char *known(const char *text)
{
    return text == NULL ? "-" : text;
}

static bool is(const char *text, const char *word)
{
    return text != NULL && strcmp(text, word) == 0;
}

/* How long it has been as it is: one that waits for its client since its transaction began. */
static int64_t lasts_ms(const struct model *m, const hg_server_session *s)
{
    int64_t since = is(s->state, "active") ? s->query_start_ms
                    : s->xact_start_ms > 0 ? s->xact_start_ms
                                           : s->state_change_ms;
    int64_t now = model_sessions(m)->read_ms;

    return since == 0 ? -1 : now > since ? now - since : 0;
}

static bool forgotten(const struct model *m, const hg_server_session *s)
{
    return s->state != NULL && strncmp(s->state, "idle in transaction", 19) == 0
           && lasts_ms(m, s) >= LONG_MS;
}

static const char *state_word(const hg_server_session *s)
{
    if (!s->visible)
        return "hidden";
    if (is(s->state, "idle in transaction"))
        return "idle/txn";
    if (is(s->state, "idle in transaction (aborted)"))
        return "failed";
    return s->state == NULL ? known(s->kind) : s->state;
}

static enum role state_role(const struct model *m, const hg_server_session *s)
{
    if (s->blocked_by_count > 0)
        return ROLE_WARN;
    if (forgotten(m, s))
        return ROLE_FAIL;
    return is(s->state, "active") ? ROLE_CONN_USED : is(s->state, "idle") ? ROLE_DIM : ROLE_TEXT;
}

/* "│ └ 4711": its place in the tree and its process. */
static void pid_cell(const struct model *m, size_t row, struct table_cell *out)
{
    static const struct {
        const char *pass, *last, *more;
    } marks[] = {{"| ", "`-", "|-"}, {"│ ", "└ ", "├ "}};
    struct blocking_row place = place_of(m, row);
    int depth = place.depth > 6 ? 6 : place.depth;
    size_t used = 0;

    for (int at = 1; at <= depth; at++) {
        bool more = (place.more >> at & 1) != 0;
        const char *mark = at < depth && !more ? "  "
                           : at < depth        ? marks[m->utf8].pass
                           : more              ? marks[m->utf8].more
                                               : marks[m->utf8].last;

        used += (size_t)snprintf(out->scratch + used, sizeof out->scratch - used, "%s", mark);
    }
    snprintf(out->scratch + used, sizeof out->scratch - used, "%lld",
             (long long)session_at(m, row)->pid);
}

static void cell(const struct model *m, size_t row, size_t column, struct table_cell *out)
{
    const hg_server_session *s = session_at(m, row);

    out->text = out->scratch;
    out->role = is(s->state, "idle") && s->blocked_by_count == 0 ? ROLE_DIM : ROLE_TEXT;
    switch (column) {
    case SESSION_PID:
        pid_cell(m, row, out);
        break;
    case SESSION_USER:
        out->text = known(s->user);
        break;
    case SESSION_APP:
        out->text = known(s->application);
        break;
    case SESSION_CLIENT:
        out->text = known(s->client);
        break;
    case SESSION_STATE:
        out->text = state_word(s);
        out->role = state_role(m, s);
        break;
    case SESSION_WAIT:
        out->text = is(s->state, "idle") ? "" : s->wait == NULL ? "" : s->wait;
        break;
    case SESSION_FOR:
        format_age(lasts_ms(m, s), out->scratch);
        out->role = forgotten(m, s) ? ROLE_FAIL : out->role;
        break;
    default:
        out->text = s->query == NULL ? "" : s->query;
    }
}

static struct sort_value value(const struct model *m, size_t row, size_t column)
{
    const hg_server_session *s = session_at(m, row);
    const char *const texts[SESSION_COLUMNS] = {[SESSION_USER] = known(s->user),
                                                [SESSION_APP] = known(s->application),
                                                [SESSION_CLIENT] = known(s->client),
                                                [SESSION_STATE] = state_word(s),
                                                [SESSION_WAIT] = known(s->wait)};

    return (struct sort_value){texts[column],
                               column == SESSION_FOR ? (double)lasts_ms(m, s) : (double)s->pid};
}

static enum role note(const struct model *m, char *out, size_t size)
{
    const hg_sessions *sessions = model_sessions(m);
    char since[FORMAT_ROOM];

    out[0] = '\0';
    if (sessions == NULL)
        return ROLE_DIM;
    if (!model_db_answers(m)) {
        snprintf(out, size, "as of %s", format_moment(m->sessions_wall_ms, since));
        return ROLE_WARN;
    }
    if (m->sessions->in_trees > 0)
        snprintf(out, size, "%zu block or wait", m->sessions->in_trees);
    else
        snprintf(out, size, "none blocked");
    return m->sessions->in_trees > 0 ? ROLE_WARN : ROLE_OK;
}

static const char *empty(const struct model *m)
{
    return m->sessions == NULL ? "asking the server" : "no session";
}

/* Those that wait for it. */
static void blocks(const struct model *m, int64_t pid, struct document *d)
{
    const hg_sessions *sessions = model_sessions(m);
    char text[256] = "";
    size_t used = 0;

    for (size_t i = 0; i < sessions->session_count; i++) {
        const hg_server_session *s = &sessions->sessions[i];

        for (size_t j = 0; j < s->blocked_by_count && used < sizeof text - 24; j++)
            if (s->blocked_by[j] == pid)
                used += (size_t)snprintf(text + used, sizeof text - used, "%s%lld",
                                         used == 0 ? "" : ", ", (long long)s->pid);
    }
    if (used > 0)
        document_item(d, DOCUMENT_FIELD, ROLE_DIM, "blocks", ROLE_WARN, text);
}

void list_session_says(const struct model *m, int64_t pid, char *out, size_t size)
{
    const hg_server_session *s = model_session_of(m, pid);
    char since[FORMAT_ROOM];

    if (pid == 0)
        snprintf(out, size, "a prepared transaction");
    else if (s == NULL)
        snprintf(out, size, "%lld", (long long)pid);
    else
        snprintf(out, size, "%lld %s, %s for %s", (long long)pid, known(s->application),
                 state_word(s), format_age(lasts_ms(m, s), since));
}

static void waits(const struct model *m, const hg_server_session *s, struct document *d)
{
    if (s->wait != NULL)
        document_field(d, "waits for", s->wait);
    for (size_t i = 0; i < s->blocked_by_count; i++) {
        char text[400];

        list_session_says(m, s->blocked_by[i], text, sizeof text);
        document_item(d, DOCUMENT_FIELD, ROLE_DIM, i == 0 ? "blocked by" : "", ROLE_WARN, text);
    }
}

static void moment(struct document *d, const char *label, int64_t wall_ms)
{
    char text[FORMAT_ROOM];

    if (wall_ms > 0)
        list_field(d, label, "%s UTC", format_moment(wall_ms, text));
}

/* The connection of a pool that it is, and who has it. */
static void holder(const struct model *m, const hg_server_session *s, struct document *d)
{
    const struct session_holder *h;
    char text[FORMAT_ROOM];

    if (m->sessions->holders == NULL)
        return;
    h = &m->sessions->holders[s - model_sessions(m)->sessions];
    if (h->connection == NULL)
        return;
    list_field(d, "connection", "slot %d of pool %s, %s %lld", h->connection->slot, h->pool->name,
               h->pool->process, (long long)h->pool->pid);
    if (h->connection->held_ms >= 0)
        list_field(d, "holder", "%s, for %s",
                   h->connection->holder[0] == '\0' ? "not named" : h->connection->holder,
                   format_age(h->connection->held_ms, text));
}

void list_session_detail(const struct model *m, const hg_server_session *s, struct document *d)
{
    char text[FORMAT_ROOM];

    list_field(d, "backend", "%lld, %s%s", (long long)s->pid, known(s->kind),
               s->own ? ", this console" : "");
    list_field(d, "who", "%s on %s, %s", known(s->user), known(s->database), known(s->application));
    if (s->client_port > 0)
        list_field(d, "client", "%s:%d", known(s->client), s->client_port);
    else
        document_field(d, "client", known(s->client));
    list_field(d, "state", "%s for %s", s->visible ? known(s->state) : "hidden from this role",
               format_age(lasts_ms(m, s), text));
    waits(m, s, d);
    blocks(m, s->pid, d);
    if (m->screen == SCREEN_SESSIONS) /* elsewhere it is what one came from */
        holder(m, s, d);
    moment(d, "connected", s->backend_start_ms);
    moment(d, "transaction", s->xact_start_ms);
    if (s->query != NULL && s->query[0] != '\0') {
        document_blank(d);
        document_sql(d, 2, s->query);
    }
}

static void detail(const struct model *m, size_t row, struct document *d)
{
    list_session_detail(m, session_at(m, row), d);
}

static void copy(const struct model *m, size_t row, struct buf *out)
{
    const hg_server_session *s = session_at(m, row);

    buf_text(out, s->query == NULL ? "" : s->query);
}

const struct list list_sessions = {
    .title = "SESSIONS",
    .one = "SESSION",
    .row_says = "statement",
    .columns = columns,
    .column_count = SESSION_COLUMNS,
    .order = LIST_AS_IT_COMES,
    .count = count,
    .key = key,
    .cell = cell,
    .value = value,
    .note = note,
    .empty = empty,
    .detail = detail,
    .copy = copy,
};
