/*
 * list_pools.c - the pools of this host, and the connections of the selected one.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "list.h"
#include "view.h"

enum { SPARK_COLUMNS = 60 };

/* --- pools --- */

enum {
    POOL_OWNER,
    POOL_NAME,
    POOL_USE,
    POOL_IDLE,
    POOL_WAITING,
    POOL_P99,
    POOL_TIMEOUTS,
    POOL_PAST,
    POOL_COLUMNS
};

/* clang-format off */
static const struct column pool_columns[POOL_COLUMNS] = {
    [POOL_OWNER]    = {"PROCESS", 32, .sorts = true},
    [POOL_NAME]     = {"POOL", 8, .drop = 4, .sorts = true},
    [POOL_USE]      = {"IN USE", 6, .right = true, .sorts = true},
    [POOL_IDLE]     = {"IDLE", 4, .right = true, .drop = 5, .sorts = true},
    [POOL_WAITING]  = {"WAIT", 4, .right = true, .sorts = true},
    [POOL_P99]      = {"P99", 6, .right = true, .drop = 6, .sorts = true},
    [POOL_TIMEOUTS] = {"LATE", 4, .right = true, .drop = 7, .sorts = true},
    [POOL_PAST]     = {"PAST", 10, .right = true, .grows = true, .drop = 3},
};
/* clang-format on */

static const hg_pool_snapshot *pool_at(const struct model *m, size_t row)
{
    size_t count;

    return &model_pools(m, &count)[row];
}

/* What has happened to it, behind its name. */
static const char *pool_trouble(const hg_pool_snapshot *p)
{
    return !p->alive                     ? " gone"
           : p->silent_ms >= 0           ? " silent"
           : p->mode == HG_MODE_PAUSED   ? " paused"
           : p->mode == HG_MODE_DRAINING ? " draining"
                                         : "";
}

static size_t count_pools(const struct model *m)
{
    size_t count;

    model_pools(m, &count);
    return count;
}

static void pool_key(const struct model *m, size_t row, char *out, size_t size)
{
    const hg_pool_snapshot *p = pool_at(m, row);

    snprintf(out, size, "%lld %s", (long long)p->pid, p->name);
}

const char *list_spark(const struct model *m, const hg_pool_snapshot *pool, int columns, char *out,
                       size_t size)
{
    const struct pool_past *past = model_past(m, pool);
    int whole = view_capacity(pool);
    size_t used = 0;

    out[0] = '\0';
    for (int64_t at = past == NULL ? 0 : past->newest - columns + 1;
         past != NULL && at <= past->newest; at++) {
        int sample = at < 0 ? 0 : past->in_use[at % SAMPLES];
        int level = sample <= 0 ? 0 : (sample * 8 + whole - 1) / whole;
        const char *text = glyph(m->utf8, (enum glyph)(GLYPH_SPARK_0 + (level > 8 ? 8 : level)));

        if (used + strlen(text) < size)
            used += (size_t)snprintf(out + used, size - used, "%s", text);
    }
    return out;
}

static void pool_cell(const struct model *m, size_t row, size_t column, struct table_cell *out)
{
    const hg_pool_snapshot *p = pool_at(m, row);
    bool waits = p->waiting > 0;

    out->text = out->scratch;
    out->role = p->alive ? ROLE_TEXT : ROLE_DIM;
    switch (column) {
    case POOL_OWNER:
        snprintf(out->scratch, sizeof out->scratch, "%s %lld%s", p->process, (long long)p->pid,
                 pool_trouble(p));
        break;
    case POOL_NAME:
        out->text = p->name;
        break;
    case POOL_USE:
        snprintf(out->scratch, sizeof out->scratch, "%d/%d", p->in_use, view_capacity(p));
        out->role = p->overflow > 0 ? ROLE_POOL_OVERFLOW : out->role;
        break;
    case POOL_IDLE:
        snprintf(out->scratch, sizeof out->scratch, "%d", p->idle);
        break;
    case POOL_WAITING:
        snprintf(out->scratch, sizeof out->scratch, "%d", p->waiting);
        out->role = waits ? ROLE_POOL_WAITING : ROLE_DIM;
        break;
    case POOL_PAST:
        list_spark(m, p, out->width > SPARK_COLUMNS ? SPARK_COLUMNS : out->width, out->scratch,
                   sizeof out->scratch);
        out->role = waits ? ROLE_POOL_WAITING : ROLE_POOL_USED;
        break;
    case POOL_P99:
        format_took(p->wait_p99_ms, out->scratch);
        break;
    default:
        format_count(p->timeouts, out->scratch);
        out->role = p->timeouts > 0 ? ROLE_WARN : ROLE_DIM;
    }
}

static struct sort_value pool_value(const struct model *m, size_t row, size_t column)
{
    const hg_pool_snapshot *p = pool_at(m, row);
    const double numbers[POOL_COLUMNS] = {[POOL_USE] = p->in_use,
                                          [POOL_IDLE] = p->idle,
                                          [POOL_WAITING] = p->waiting,
                                          [POOL_P99] = p->wait_p99_ms,
                                          [POOL_TIMEOUTS] = (double)p->timeouts};

    return (struct sort_value){column == POOL_OWNER  ? p->process
                               : column == POOL_NAME ? p->name
                                                     : NULL,
                               numbers[column]};
}

static enum role pools_note(const struct model *m, char *out, size_t size)
{
    snprintf(out, size, "%d in use, %d waiting", m->pools_in_use, m->pools_waiting);
    return m->pools_waiting > 0 ? ROLE_POOL_WAITING : ROLE_DIM;
}

static bool is_gone(const struct model *m, size_t row)
{
    return !pool_at(m, row)->alive;
}

static const char *no_pools(const struct model *m)
{
    return m->pools == NULL ? "reading the pools of this host" : "no pool is open on this host";
}

/* Checkouts, waits and holds of a stretch of time. */
static void window_line(const char *label, const hg_pool_window *w, struct document *d)
{
    char text[5][FORMAT_ROOM];

    if (w->span_ms <= 0)
        return;
    list_field(d, label, "%s checkouts, wait p50 %s p99 %s, held p50 %s p99 %s",
               format_count(w->checkouts, text[0]), format_took(w->wait_p50_ms, text[1]),
               format_took(w->wait_p99_ms, text[2]), format_took(w->hold_p50_ms, text[3]),
               format_took(w->hold_p99_ms, text[4]));
}

static void closes(const hg_pool_snapshot *p, struct document *d)
{
    char text[400] = "";
    size_t used = 0;

    for (int i = 0; i < HG_CLOSE_REASONS && used < sizeof text - 40; i++)
        if (p->closed[i] > 0)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %llu",
                                     used == 0 ? "" : ", ", hg_close_name((hg_close)i),
                                     (unsigned long long)p->closed[i]);
    document_field(d, "closed", text);
}

/* The newest first. */
static void events(const hg_pool_snapshot *p, struct document *d)
{
    if (p->event_count > 0) {
        document_blank(d);
        document_text(d, 0, ROLE_TITLE, "EVENTS");
    }
    for (size_t i = p->event_count; i-- > 0;) {
        const hg_pool_event *e = &p->events[i];
        char when[FORMAT_ROOM], times[24] = "", slot[24] = "";

        if (e->times > 1)
            snprintf(times, sizeof times, " %u times", e->times);
        if (e->slot >= 0)
            snprintf(slot, sizeof slot, ", slot %d", e->slot);
        list_field(d, format_moment(e->at_ms, when), "%s%s%s%s%s", hg_pool_event_name(e->kind),
                   times, slot, e->detail[0] == '\0' ? "" : ": ", e->detail);
    }
}

/* How long nothing is open and connects fail, or how long it has been so. */
static void outage(const struct model *m, const hg_pool_snapshot *p, struct document *d)
{
    char line[96], since[FORMAT_ROOM], lasted[FORMAT_ROOM];

    if (p->down_since_ms > 0 && p->alive) {
        snprintf(line, sizeof line, "down for %s, since %s UTC: no connection can be opened",
                 format_age(m->wall_ms - p->down_since_ms, lasted),
                 format_moment(p->down_since_ms, since));
        document_item(d, DOCUMENT_FIELD, ROLE_DIM, "outage", ROLE_FAIL, line);
    } else if (p->outages > 0) {
        list_field(d, "outages", "%llu, %s in all", (unsigned long long)p->outages,
                   format_age(p->down_ms, lasted));
    }
}

static void troubles(const struct model *m, const hg_pool_snapshot *p, struct document *d)
{
    char text[FORMAT_ROOM];

    outage(m, p, d);
    if (p->mode != HG_MODE_OPEN)
        document_item(d, DOCUMENT_FIELD, ROLE_DIM, "mode", ROLE_WARN, hg_pool_mode_name(p->mode));
    if (p->silent_ms >= 0 && p->alive) {
        char line[80];

        snprintf(line, sizeof line, "no sign of life for %s: stopped, or hung",
                 format_age(p->silent_ms, text));
        document_item(d, DOCUMENT_FIELD, ROLE_DIM, "process", ROLE_FAIL, line);
    }
    if (p->last_error[0] != '\0')
        list_field(d, "last error", "%s at %s UTC", p->last_error,
                   format_moment(p->last_error_ms, text));
    if (p->next_connect_ms > m->wall_ms)
        list_field(d, "next connect", "in %s", format_age(p->next_connect_ms - m->wall_ms, text));
}

static void pool_detail(const struct model *m, size_t row, struct document *d)
{
    const hg_pool_snapshot *p = pool_at(m, row);
    char a[FORMAT_ROOM], b[FORMAT_ROOM], c[FORMAT_ROOM], spark[200];
    hg_pool_advice advice;

    list_field(d, "process", "%s, pid %lld, since %s UTC%s", p->process, (long long)p->pid,
               format_date(p->started_ms, a),
               p->alive ? "" : ": it is gone, these are its last words");
    document_field(d, "database", p->database);
    troubles(m, p, d);
    if (p->max_overflow < 0)
        list_field(d, "size", "%d, overflow without limit", p->size);
    else
        list_field(d, "size", "%d, overflow %d", p->size, p->max_overflow);
    list_field(d, "connections", "%d in use, %d idle, %d opening, %d beyond the size", p->in_use,
               p->idle, p->opening, p->overflow);
    hg_pool_advise(p, &advice);
    document_field(d, "need", advice.needed > 0 ? advice.message : "");
    list_field(d, "past", "%s", list_spark(m, p, 36, spark, sizeof spark));
    if (p->waiting > 0)
        list_field(d, "waiting", "%d, the first for %s", p->waiting,
                   format_age(p->oldest_waiting_ms, a));
    list_field(d, "wait", "p50 %s, p99 %s, max %s", format_took(p->wait_p50_ms, a),
               format_took(p->wait_p99_ms, b), format_took(p->wait_max_ms, c));
    window_line("1 minute", &p->minute, d);
    window_line("15 minutes", &p->quarter, d);
    list_field(d, "checkouts", "%llu, %llu timed out, %llu returned in a transaction, %llu leaked",
               (unsigned long long)p->checkouts, (unsigned long long)p->timeouts,
               (unsigned long long)p->resets_open, (unsigned long long)p->leaks);
    list_field(d, "connects", "%llu, %llu failed", (unsigned long long)p->connects,
               (unsigned long long)p->connect_failures);
    closes(p, d);
    events(p, d);
}

static void copy_pool(const struct model *m, size_t row, struct buf *out)
{
    const hg_pool_snapshot *p = pool_at(m, row);

    buf_printf(out, "%lld:%s", (long long)p->pid, p->name);
}

const struct list list_pools = {
    .title = "POOLS",
    .one = "POOL",
    .row_says = "process and pool",
    .columns = pool_columns,
    .column_count = POOL_COLUMNS,
    .order = LIST_AS_IT_COMES,
    .behind = is_gone,
    .count = count_pools,
    .key = pool_key,
    .cell = pool_cell,
    .value = pool_value,
    .note = pools_note,
    .empty = no_pools,
    .detail = pool_detail,
    .copy = copy_pool,
};

/* --- connections --- */

enum {
    CONN_SLOT,
    CONN_STATE,
    CONN_HELD,
    CONN_OPEN,
    CONN_USES,
    CONN_BACKEND,
    CONN_HOLDER,
    CONN_DOING,
    CONN_COLUMNS
};

/* clang-format off */
static const struct column connection_columns[CONN_COLUMNS] = {
    [CONN_SLOT]    = {"SLOT", 4, .right = true, .sorts = true},
    [CONN_STATE]   = {"STATE", 9, .sorts = true},
    [CONN_HELD]    = {"HELD", 5, .right = true, .sorts = true},
    [CONN_OPEN]    = {"OPEN", 5, .right = true, .drop = 4, .sorts = true},
    [CONN_USES]    = {"USES", 6, .right = true, .drop = 5, .sorts = true},
    [CONN_BACKEND] = {"BACKEND", 8, .right = true, .drop = 3, .sorts = true},
    [CONN_HOLDER]  = {"HOLDER", 10, .drop = 1, .sorts = true},
    [CONN_DOING]   = {"DOING", 6, .grows = true, .drop = 2},
};
/* clang-format on */

static const hg_pool_connection *connection_at(const struct model *m, size_t row)
{
    return &model_pool(m)->connections[row];
}

static size_t count_connections(const struct model *m)
{
    const hg_pool_snapshot *pool = model_pool(m);

    return pool == NULL ? 0 : pool->connection_count;
}

static void connection_key(const struct model *m, size_t row, char *out, size_t size)
{
    snprintf(out, size, "%d", connection_at(m, row)->slot);
}

/* What its backend does, if the server has told. */
static void doing(const struct model *m, const hg_pool_connection *c, struct table_cell *out)
{
    const hg_server_session *s = model_session_of(m, c->backend_pid);

    out->text = "";
    if (s == NULL || c->held_ms < 0)
        return;
    if (s->blocked_by_count > 0) {
        out->role = ROLE_WARN;
        snprintf(out->scratch, sizeof out->scratch, "blocked by %lld", (long long)s->blocked_by[0]);
        out->text = out->scratch;
    } else if (s->query != NULL) {
        out->text = s->query;
    }
}

static void connection_cell(const struct model *m, size_t row, size_t column,
                            struct table_cell *out)
{
    const hg_pool_connection *c = connection_at(m, row);

    out->text = out->scratch;
    out->role = c->state == HG_SLOT_IDLE ? ROLE_DIM : ROLE_TEXT;
    switch (column) {
    case CONN_SLOT:
        snprintf(out->scratch, sizeof out->scratch, "%d", c->slot);
        break;
    case CONN_STATE:
        out->text = view_slot_word(c);
        out->role = view_slot_role(c);
        break;
    case CONN_HELD:
        format_age(c->held_ms, out->scratch);
        break;
    case CONN_OPEN:
        format_ago(c->age_ms, out->scratch);
        break;
    case CONN_USES: /* a console's own would count our own looking */
        if (model_looks_on(model_pool(m)))
            out->text = "-";
        else
            format_count(c->checkouts, out->scratch);
        break;
    case CONN_BACKEND:
        if (c->backend_pid == 0)
            out->text = "-";
        else
            snprintf(out->scratch, sizeof out->scratch, "%lld", (long long)c->backend_pid);
        break;
    case CONN_HOLDER:
        out->text = c->holder[0] == '\0' ? "-" : c->holder;
        break;
    default:
        doing(m, c, out);
    }
}

static struct sort_value connection_value(const struct model *m, size_t row, size_t column)
{
    const hg_pool_connection *c = connection_at(m, row);
    /* to the tenth of a second that is shown: those that are held for moments, and those that are
     * not, keep their places */
    const double numbers[CONN_COLUMNS] = {[CONN_SLOT] = -c->slot,
                                          [CONN_HELD] =
                                              (double)(c->held_ms < 0 ? 0 : c->held_ms / 100),
                                          [CONN_OPEN] = (double)c->age_ms,
                                          [CONN_USES] = (double)c->checkouts,
                                          [CONN_BACKEND] = (double)c->backend_pid};

    return (struct sort_value){column == CONN_STATE    ? view_slot_word(c)
                               : column == CONN_HOLDER ? c->holder
                                                       : NULL,
                               numbers[column]};
}

static enum role connections_note(const struct model *m, char *out, size_t size)
{
    (void)m;
    snprintf(out, size, "%s", "");
    return ROLE_DIM;
}

static const char *no_connections(const struct model *m)
{
    (void)m;
    return "none is open";
}

/* "resolve 1ms, tcp 0.4ms, tls 9ms, auth 4ms, setup 1ms": what opening took, or takes so far. */
static void phases(const hg_pool_connection *c, struct document *d)
{
    bool opening = c->state == HG_SLOT_OPENING;
    char line[160] = "", text[FORMAT_ROOM];
    size_t used = 0;

    for (int i = 0; i < HG_CONNECT_PHASES; i++)
        if (c->phase_ms[i] > 0 || (opening && i == (int)c->phase))
            used += (size_t)snprintf(
                line + used, sizeof line - used, "%s%s %s%s", used == 0 ? "" : ", ",
                hg_connect_phase_name((hg_connect_phase)i), format_took(c->phase_ms[i], text),
                opening && i == (int)c->phase ? " so far" : "");
    document_field(d, opening ? "opening" : "opened in", line);
    document_field(d, "address", c->address);
}

static void connection_detail(const struct model *m, size_t row, struct document *d)
{
    const hg_pool_connection *c = connection_at(m, row);
    const hg_server_session *s = model_session_of(m, c->backend_pid);
    char text[FORMAT_ROOM];

    list_field(d, "slot", "%d%s", c->slot, c->overflow ? ", beyond the pool's size" : "");
    document_item(d, DOCUMENT_FIELD, ROLE_DIM, "state", view_slot_role(c), view_slot_word(c));
    list_field(d, "open for", "%s", format_ago(c->age_ms, text));
    if (c->held_ms >= 0)
        list_field(d, "held for", "%s", format_age(c->held_ms, text));
    if (c->holder_tid != 0)
        list_field(d, "holder", "%s, thread %lld", c->holder, (long long)c->holder_tid);
    list_field(d, "checkouts", "%llu", (unsigned long long)c->checkouts);
    if (c->backend_pid != 0)
        list_field(d, "backend", "%lld", (long long)c->backend_pid);
    phases(c, d);
    if (s != NULL) {
        document_blank(d);
        document_text(d, 0, ROLE_TITLE, "AS THE SERVER SEES IT");
        list_session_detail(m, s, d);
    }
}

static void copy_connection(const struct model *m, size_t row, struct buf *out)
{
    buf_printf(out, "%lld", (long long)connection_at(m, row)->backend_pid);
}

const struct list list_connections = {
    .title = "CONNECTIONS",
    .one = "CONNECTION",
    .row_says = "backend",
    .columns = connection_columns,
    .column_count = CONN_COLUMNS,
    .order = CONN_HELD,
    .count = count_connections,
    .key = connection_key,
    .cell = connection_cell,
    .value = connection_value,
    .note = connections_note,
    .empty = no_connections,
    .detail = connection_detail,
    .copy = copy_connection,
};
